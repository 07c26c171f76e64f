//! `search_files`: find files by what they say and by their names.

mod page;

use std::collections::HashMap;

use civitas_intent::host::Read;
use civitas_intent::prelude::*;
use civitas_model::Timestamp;
use civitas_model::file::Status;

use crate::facts::{FileFacts, page_limit};
use crate::list_files::canonical_type;
use page::{Cursor, question};

/// Files of a page when no limit is asked for, and the most there can be.
const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 100;
/// The furthest a search can be paged.
const OFFSET_MAX: u32 = 1_000;
/// Pieces of text that are asked for at once, and how often.
const HITS_PER_READ: usize = 100;
const READS_MAX: usize = 20;
/// The places that are shown of a file.
const PLACES_MAX: usize = 3;
/// The characters of a query.
const QUERY_LENGTH_MAX: usize = 1_000;
/// The tags a file must have.
const TAGS_MAX: usize = 50;
/// Files whose names are looked at.
const NAMES_MAX: u32 = 1_101;

/// Find files: by what they say, best first, each with the places that match; then by a part of their name.
///
/// Words are found in any form and spelling close to it, `"words in quotes"` as they stand, `-word` excludes, `title:word`
/// looks into names only; `type:pdf`, `tag:contract`, `source:upload`, `after:2026-03` and `before:2026-04-15` narrow
/// what is found by content, as `filters` do for names too. No query is a syntax error. Content is found once `parse_content` has read it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SearchFiles {
    /// What to look for.
    #[schemars(length(min = 1, max = 1000))]
    query: String,
    /// Where to look.
    #[serde(default)]
    search_type: SearchType,
    /// The most files to answer, 1 to 100; 20 when absent.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    /// How many files to skip, at most 1,000.
    #[serde(default)]
    #[schemars(range(max = 1000))]
    offset: u32,
    /// Pages by cursor, instead of `offset`: empty on the first page, then the `next_cursor` of the page before, with the same query,
    /// search type and filters. What is added or taken away meanwhile makes no file come twice and none be passed over. A cursor
    /// holds for five minutes after the page before, or less while much is being added.
    #[schemars(length(max = 1000))]
    cursor: Option<String>,
    /// What the files must be.
    #[serde(default)]
    filters: Filters,
    /// Whether to count what everything that is found by content is like: by type, tag, source, year and month.
    #[serde(default)]
    facets: bool,
    /// Whether to say of each place what its score is made of.
    #[serde(default)]
    why: bool,
}

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SearchType {
    /// Names that hold the query as it stands, in upper or lower case.
    Name,
    /// What the files say, their names included.
    Content,
    /// Content first, then names.
    #[default]
    Both,
}

/// What the files must be; all of it.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Filters {
    /// Of this type, such as `pdf`.
    #[schemars(length(min = 1, max = 64))]
    file_type: Option<String>,
    /// One of these files, up to 100.
    #[schemars(length(max = 100))]
    file_ids: Vec<FileId>,
    /// Taken in at this time or later.
    date_from: Option<Timestamp>,
    /// Taken in at this time or earlier.
    date_to: Option<Timestamp>,
    /// With all of these tags, in upper or lower case, up to 50.
    #[schemars(length(max = 50))]
    tags: Vec<String>,
    /// Taken in this way: `upload`, `edi` or `api`.
    #[schemars(length(min = 1, max = 64))]
    source: Option<String>,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchResults {
    /// The query.
    query: String,
    /// Where it was looked for.
    search_type: SearchType,
    /// The files, best first.
    files: Vec<FoundFile>,
    /// How many files are on this page.
    count: u64,
    /// Whether there are more: ask again with `next_cursor`, or with `offset` + `limit`.
    has_more: bool,
    /// The `cursor` of the next page, when one was asked for and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// How many pieces of text match, over all files.
    matching_pieces: u64,
    /// Words that were perhaps meant.
    suggestions: Vec<String>,
    /// The limit that was applied.
    limit: u32,
    /// How many files were skipped.
    offset: u32,
    /// How many pieces of text match by `type`, `tag`, `source`, `year` and `month`, at most 20 values each, when that
    /// was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<Value>,
}

/// A file that was found, and why.
#[derive(Serialize, JsonSchema)]
struct FoundFile {
    #[serde(flatten)]
    facts: FileFacts,
    /// How well its best place matches; 0 when only the name was looked at. Comparable within one answer.
    score: f64,
    /// The best places, up to 3.
    places: Vec<FoundPlace>,
}

/// A place in a file that matches.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct FoundPlace {
    /// The headings above it, outermost first.
    heading: String,
    /// Where it stands: `page`, `rows` or `lines` (first and last), `chunk`.
    place: Value,
    /// Its text around what matches.
    text: String,
    /// What matches, as pairs of byte offsets into `text`.
    highlights: Vec<(u64, u64)>,
    /// How well it matches.
    score: f64,
    /// The fragment that opens the file there, such as `page=3` or `row=5-9`; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    fragment: Option<String>,
    /// What the score is made of, as `typed`, `field`, `how` and `weight`, the weightiest first, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Value>,
}

/// A search's answer, as the platform gives it.
#[derive(Deserialize)]
struct Found {
    total: u64,
    hits: Vec<Hit>,
    #[serde(default)]
    suggestions: Vec<String>,
    #[serde(default)]
    facets: Option<Value>,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    first_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Hit {
    parent_id: String,
    #[serde(default)]
    heading: String,
    #[serde(default)]
    metadata: Value,
    score: f64,
    snippet: Snippet,
    #[serde(default)]
    fragment: Option<String>,
    #[serde(default)]
    why: Option<Value>,
}

#[derive(Deserialize)]
struct Snippet {
    text: String,
    #[serde(default)]
    highlights: Vec<(u64, u64)>,
}

/// Hits by file, the file with the best hit first.
#[derive(Default)]
struct Grouped {
    order: Vec<FileId>,
    places: HashMap<FileId, Vec<FoundPlace>>,
    total: u64,
    suggestions: Vec<String>,
    facets: Option<Value>,
    /// What asks for the first of these again.
    first: Option<String>,
}

impl Intent for SearchFiles {
    const NAME: &'static str = "search_files";
    const ARTIFACT: &'static str = "search_results";
    const POLICY: Policy = Policy::READING;
    type Output = SearchResults;

    fn check(&self) -> std::result::Result<(), Invalid> {
        let length = self.query.chars().count();
        if self.query.trim().is_empty() {
            let detail =
                "query is blank: say what to look for, or use list_files to see every file";
            return Err(Invalid::new("/query", detail));
        }
        if length > QUERY_LENGTH_MAX {
            let detail =
                format!("query has {length} characters, more than {QUERY_LENGTH_MAX}: shorten it");
            return Err(Invalid::new("/query", detail));
        }
        if self.offset > OFFSET_MAX {
            let detail = format!(
                "offset must be at most {OFFSET_MAX}, not {}: narrow the query instead",
                self.offset
            );
            return Err(Invalid::new("/offset", detail));
        }
        if self.filters.tags.len() > TAGS_MAX {
            let detail = format!("filters.tags takes at most {TAGS_MAX} tags: send fewer");
            return Err(Invalid::new("/filters/tags", detail));
        }
        if self.filters.file_ids.len() > 100 {
            let detail = "filters.file_ids takes at most 100 ids: send fewer";
            return Err(Invalid::new("/filters/file_ids", detail));
        }
        if self.cursor.is_some() && self.offset > 0 {
            let detail = "cursor goes without an offset: it says where the page begins";
            return Err(Invalid::new("/cursor", detail));
        }
        self.page().map(drop)
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<SearchResults>> {
        let limit = page_limit(self.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        self.check()?;
        let after = self.page()?;
        let skip = after
            .as_ref()
            .map_or(self.offset as usize, |after| after.skip);
        // One more than asked for tells whether there are more.
        let end = skip + limit as usize;
        let wanted = end + 1;
        let mut grouped = match self.search_type {
            SearchType::Name => Grouped::default(),
            SearchType::Content | SearchType::Both => {
                self.by_content(cx, wanted, after.as_ref()).await?
            }
        };
        let by_content = grouped.order.len();
        let mut known = HashMap::new();
        if self.search_type != SearchType::Content && grouped.order.len() < wanted {
            for file in self.by_name(cx, after.as_ref()).await? {
                if !grouped.places.contains_key(&file.file_id) {
                    grouped.order.push(file.file_id.clone());
                    known.insert(file.file_id.clone(), file);
                }
            }
        }
        let has_more = grouped.order.len() >= wanted;
        let next = after.filter(|_| has_more).map(|after| {
            let last = grouped.order.get(end.saturating_sub(1));
            let last = last.and_then(|last| known.get(last));
            Cursor {
                first: grouped.first.take().or(after.first),
                skip: end.min(by_content),
                name: last.map(|last: &File| (last.created_at, last.file_id.clone())),
                ..after
            }
        });
        let page = grouped.order.iter().skip(skip).take(limit as usize);
        let mut files = Vec::new();
        for file_id in page {
            let file = match known.remove(file_id) {
                Some(file) => Some(file),
                None => cx.file(file_id).await?,
            };
            // The index may know a file for a moment longer than it is there to be found.
            let is_listed = |file: &File| matches!(file.status, Status::Ingested | Status::Active);
            let Some(file) = file.filter(is_listed) else {
                continue;
            };
            let places = grouped.places.remove(file_id).unwrap_or_default();
            files.push(FoundFile {
                facts: FileFacts::brief(file),
                score: places.first().map_or(0.0, |place| place.score),
                places,
            });
        }
        let payload = SearchResults {
            query: self.query,
            search_type: self.search_type,
            count: files.len() as u64,
            files,
            has_more,
            next_cursor: next.map(|next| next.encode()),
            matching_pieces: grouped.total,
            suggestions: grouped.suggestions,
            limit,
            offset: self.offset,
            facets: grouped.facets,
        };
        Ok(payload.into())
    }
}

impl SearchFiles {
    /// Where the page begins, when it is asked for by a cursor.
    fn page(&self) -> std::result::Result<Option<Cursor>, Invalid> {
        let Some(text) = self.cursor.as_deref() else {
            return Ok(None);
        };
        let question = question(&json!([self.query, self.search_type, self.filters]));
        if text.is_empty() {
            return Ok(Some(Cursor {
                question,
                ..Cursor::default()
            }));
        }
        let cursor = Cursor::decode(text, &question).map(Some);
        cursor.ok_or_else(|| {
            let detail = "cursor is none of this question: send the next_cursor of the page before, with the same query, search_type and filters";
            Invalid::new("/cursor", detail)
        })
    }

    /// Files by what they say, until `wanted` of them are found.
    async fn by_content(
        &self,
        cx: &mut Context,
        wanted: usize,
        after: Option<&Cursor>,
    ) -> Result<Grouped> {
        let mut grouped = Grouped::default();
        let mut cursor = match (&self.cursor, after) {
            (Some(text), Some(after)) if !text.is_empty() => match &after.first {
                Some(first) => Some(first.clone()),
                // Nothing was found by content when the paging began.
                None => return Ok(grouped),
            },
            (cursor, _) => cursor.clone(),
        };
        let kinds: Vec<String> = self
            .filters
            .file_type
            .iter()
            .map(|name| canonical_type(name))
            .collect();
        for read in 0..READS_MAX {
            let query = json!({
                "text": self.query,
                "sources": [self.filters.source.as_deref().unwrap_or("file")],
                "kinds": kinds,
                "tags": self.filters.tags,
                "parent_ids": self.filters.file_ids,
                "date_from": self.filters.date_from,
                "date_to": self.filters.date_to,
                "limit": HITS_PER_READ,
                "offset": if cursor.is_some() { 0 } else { read * HITS_PER_READ },
                "cursor": cursor,
                "hold": cursor.is_some(),
                "facets": self.facets && read == 0,
                "why": self.why,
            });
            let found: Found = cx.read(Read::Search { query }).await?;
            grouped.total = found.total;
            if read == 0 {
                grouped.suggestions = found.suggestions;
                grouped.facets = found.facets;
                grouped.first = found.first_cursor;
            }
            let is_last = match cursor {
                Some(_) => found.next_cursor.is_none(),
                None => found.hits.len() < HITS_PER_READ,
            };
            cursor = cursor.and(found.next_cursor);
            for hit in found.hits {
                grouped.add(hit);
            }
            if is_last || grouped.order.len() >= wanted {
                break;
            }
        }
        Ok(grouped)
    }

    /// Files whose name holds the query, newest first.
    async fn by_name(&self, cx: &mut Context, after: Option<&Cursor>) -> Result<Vec<File>> {
        let file_type = self.filters.file_type.as_deref().map(canonical_type);
        let last = after.and_then(|after| after.name.as_ref());
        let filter = json!({
            "name_contains": self.query.trim(), "file_type": file_type, "tags": self.filters.tags,
            "created_to": last.map(|(at, _)| at),
        });
        let read = Read::Files {
            filter,
            limit: NAMES_MAX,
            offset: 0,
        };
        let mut files: Vec<File> = cx.read(read).await?;
        files.retain(|file| {
            let is_after = after.is_none_or(|after| after.is_before(file));
            is_after && self.filters.take(file)
        });
        Ok(files)
    }
}

impl Filters {
    /// Whether a file is one of those wanted; its type is looked at elsewhere.
    fn take(&self, file: &File) -> bool {
        let tags: Vec<String> = file.tags().into_iter().map(str::to_lowercase).collect();
        let source = self.source.as_deref().map(str::to_lowercase);
        (self.file_ids.is_empty() || self.file_ids.contains(&file.file_id))
            && self.date_from.is_none_or(|from| file.created_at >= from)
            && self.date_to.is_none_or(|to| file.created_at <= to)
            && self
                .tags
                .iter()
                .all(|tag| tags.contains(&tag.to_lowercase()))
            && source.is_none_or(|source| source == "file" || source == file.ingestion_type)
    }
}

impl Grouped {
    fn add(&mut self, hit: Hit) {
        let Ok(file_id) = FileId::new(hit.parent_id) else {
            return;
        };
        let places = self.places.entry(file_id.clone()).or_insert_with(|| {
            self.order.push(file_id);
            Vec::new()
        });
        if places.len() < PLACES_MAX {
            places.push(FoundPlace {
                heading: hit.heading,
                place: hit.metadata,
                text: hit.snippet.text,
                highlights: hit.snippet.highlights,
                score: hit.score,
                fragment: hit.fragment,
                why: hit.why,
            });
        }
    }
}
