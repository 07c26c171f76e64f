//! `query_files`: the files that certain facts are true of.

use civitas_intent::host::Read;
use civitas_intent::prelude::*;
use civitas_model::file::Status;
use civitas_model::{SessionId, Timestamp};

use crate::facts::{FileFacts, page_limit};
use crate::list_files::canonical_type;

/// Files of a page when no limit is asked for, and the most there can be.
const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 500;
/// Tags and digests that may be asked for at once.
const TAGS_MAX: usize = 50;
const HASHES_MAX: usize = 100;

/// Find files by their facts, newest first: type, status, name, size, dates, tags, session, source, content.
///
/// All filters that are sent must hold. Archived and purged files are found only when `status` says so.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct QueryFiles {
    /// What must be true of the files.
    filters: QueryFilters,
    /// The most files to answer, 1 to 500; 100 when absent.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
    /// How many files to skip.
    #[serde(default)]
    offset: u32,
}

/// What must be true of the files; all of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct QueryFilters {
    /// Of this type, such as `pdf`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    file_type: Option<String>,
    /// In this status; `ingested` and `active` files when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<WantedStatus>,
    /// With this in their name, in upper or lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    ui_name: Option<String>,
    /// Of this media type, such as `text/csv`, or of all that begin like it: `image/*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    mime_type: Option<String>,
    /// Of at least so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    size_min: Option<u64>,
    /// Of at most so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    size_max: Option<u64>,
    /// Taken in at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    date_from: Option<Timestamp>,
    /// Taken in at this time or earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    date_to: Option<Timestamp>,
    /// Last changed at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_from: Option<Timestamp>,
    /// Last changed at this time or earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_to: Option<Timestamp>,
    /// With all of these tags, in upper or lower case; up to 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    tags: Vec<String>,
    /// Brought in by this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<SessionId>,
    /// That came this way: the file's `ingestion_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    /// With exactly this content: one of these SHA-256 digests in hexadecimal, up to 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    file_hash: Vec<String>,
}

/// Where the files must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum WantedStatus {
    /// Taken in, not saved yet.
    Ingested,
    /// Saved.
    Active,
    /// Set aside.
    Archived,
    /// Gone; what is left is the record.
    Purged,
    /// Anywhere.
    Any,
}

impl WantedStatus {
    fn statuses(self) -> Vec<Status> {
        match self {
            Self::Ingested => vec![Status::Ingested],
            Self::Active => vec![Status::Active],
            Self::Archived => vec![Status::Archived],
            Self::Purged => vec![Status::Purged],
            Self::Any => Status::ALL.to_vec(),
        }
    }
}

/// How a file came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// A person or program sent it.
    Upload,
    /// A trading partner sent it.
    Edi,
    /// Another system's interface answered it.
    Api,
}

/// The files that were found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct QueryResults {
    /// The filters that were applied.
    filters: QueryFilters,
    /// The files, newest first.
    files: Vec<FileFacts>,
    /// How many files are on this page.
    count: u64,
    /// Whether there are more: ask again with `offset` + `count`.
    has_more: bool,
    /// The limit that was applied.
    limit: u32,
    /// How many files were skipped.
    offset: u32,
}

impl Intent for QueryFiles {
    const NAME: &'static str = "query_files";
    const ARTIFACT: &'static str = "query_results";
    const ALIASES: &'static [&'static str] = &["file_list"];
    const POLICY: Policy = Policy::READING;
    type Output = QueryResults;

    async fn handle(self, cx: &mut Context) -> Result<Answer<QueryResults>> {
        let limit = page_limit(self.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        let filters = self.filters.checked()?;
        // One more than asked for tells whether there are more.
        let read = Read::Files {
            filter: filters.for_storage(),
            limit: limit + 1,
            offset: self.offset,
        };
        let mut files: Vec<File> = cx.read(read).await?;
        let has_more = files.len() > limit as usize;
        files.truncate(limit as usize);
        let payload = QueryResults {
            filters,
            count: files.len() as u64,
            files: files.into_iter().map(FileFacts::brief).collect(),
            has_more,
            limit,
            offset: self.offset,
        };
        Ok(payload.into())
    }
}

impl QueryFilters {
    /// The filters in the form in which facts are stored, when they can be true of something.
    fn checked(mut self) -> Result<Self> {
        let ranges = [
            (
                "size",
                self.size_min > self.size_max && self.size_max.is_some(),
            ),
            (
                "date",
                self.date_to.is_some() && self.date_from > self.date_to,
            ),
            (
                "updated",
                self.updated_to.is_some() && self.updated_from > self.updated_to,
            ),
        ];
        if let Some((name, _)) = ranges.iter().find(|(_, is_empty)| *is_empty) {
            return Err(reject(format!(
                "the range of filters.{name} ends before it begins: swap its two ends"
            )));
        }
        if self.tags.len() > TAGS_MAX || self.file_hash.len() > HASHES_MAX {
            return Err(reject(format!(
                "filters.tags takes at most {TAGS_MAX} tags and filters.file_hash at most {HASHES_MAX} digests: send fewer"
            )));
        }
        for hash in &mut self.file_hash {
            if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(reject(
                    "filters.file_hash takes SHA-256 digests of 64 hexadecimal digits, as file_hash of a file has it",
                ));
            }
            hash.make_ascii_lowercase();
        }
        self.file_type = self.file_type.as_deref().map(canonical_type);
        Ok(self)
    }

    fn for_storage(&self) -> Value {
        json!({
            "file_type": self.file_type,
            "mime_type": self.mime_type,
            "ingestion_type": self.source,
            "session_id": self.session_id,
            "statuses": self.status.map(WantedStatus::statuses).unwrap_or_default(),
            "name_contains": self.ui_name,
            "size_min": self.size_min,
            "size_max": self.size_max,
            "created_from": self.date_from,
            "created_to": self.date_to,
            "updated_from": self.updated_from,
            "updated_to": self.updated_to,
            "tags": self.tags,
            "digests": self.file_hash,
        })
    }
}
