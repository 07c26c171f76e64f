//! Searching: a question in, ranked hits out.

use std::time::{Duration, Instant};

use civitas_model::{RecordId, TenantId, Timestamp};
use serde_json::{Value, json};
use tantivy::collector::{Count, TopDocs};
use tantivy::{DocAddress, Order, Searcher, TantivyDocument, TantivyError};

use crate::document::DATE;
use crate::error::Error;
use crate::excerpt::{Highlighter, Matched, Snippet};
use crate::index::Index;
use crate::matching::{Form, Wanted};
use crate::plan::{Reach, build};
use crate::spelling::{completions, corrections, count};
use crate::syntax::parse;

/// The most hits of one answer.
pub const LIMIT_MAX: usize = 100;
/// The hits of an answer when nothing else is asked.
pub const LIMIT_DEFAULT: usize = 20;
/// The most hits that can be skipped.
pub const OFFSET_MAX: usize = 10_000;
/// The most values of one filter.
pub const FILTER_VALUES_MAX: usize = 1000;

/// The most words that an unfinished word stands for.
const UNFINISHED_MAX: usize = 64;
/// The most words that `word*` stands for, the most frequent ones first.
const PREFIX_MAX: usize = 1024;
/// With fewer hits than this, the spelling is looked at.
const FEW: u64 = 3;
/// A correction of a word that does occur must occur so many times as often.
const MUCH_MORE: usize = 10;
/// The most suggestions of one answer.
const SUGGESTIONS_MAX: usize = 5;

/// The order of hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The best first; without words to find, the newest first.
    #[default]
    Relevance,
    /// The newest first.
    Newest,
}

/// A question. Filters narrow it; an empty list does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Whose records are searched.
    pub tenant_id: TenantId,
    /// What the person typed; see [`parse`]. Empty text finds everything that passes the filters.
    pub text: String,
    /// Any of these sources, without regard to case.
    pub sources: Vec<String>,
    /// Any of these kinds, without regard to case.
    pub kinds: Vec<String>,
    /// Any of these parents.
    pub parent_ids: Vec<String>,
    /// The title holds all of these words, in any form.
    pub title: Option<String>,
    /// Not before this date.
    pub date_from: Option<Timestamp>,
    /// Not after this date.
    pub date_to: Option<Timestamp>,
    /// The most hits to answer, 1 to [`LIMIT_MAX`].
    pub limit: usize,
    /// How many hits to skip, at most [`OFFSET_MAX`].
    pub offset: usize,
    /// Their order.
    pub sort: Sort,
}

impl Query {
    /// A question without filters for the first [`LIMIT_DEFAULT`] hits.
    pub fn new(tenant_id: TenantId, text: impl Into<String>) -> Self {
        Self {
            tenant_id,
            text: text.into(),
            sources: Vec::new(),
            kinds: Vec::new(),
            parent_ids: Vec::new(),
            title: None,
            date_from: None,
            date_to: None,
            limit: LIMIT_DEFAULT,
            offset: 0,
            sort: Sort::default(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        if !(1..=LIMIT_MAX).contains(&self.limit) {
            return Err(Error::Limit(self.limit));
        }
        if self.offset > OFFSET_MAX {
            return Err(Error::Offset(self.offset));
        }
        let longest = self
            .sources
            .len()
            .max(self.kinds.len())
            .max(self.parent_ids.len());
        if longest > FILTER_VALUES_MAX {
            return Err(Error::FilterValues(longest));
        }
        Ok(())
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The hits of this page, best first.
    pub hits: Vec<Hit>,
    /// How many records match in all.
    pub total: u64,
    /// The position up to which changes are reflected, at least.
    pub position: u64,
    /// How long it took.
    pub took: Duration,
    /// Words of this tenant's records that were perhaps meant, best first. Those for words that do not occur at all
    /// were searched too.
    pub suggestions: Vec<String>,
}

/// One record that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The record.
    pub record_id: RecordId,
    /// The thing it is a part of.
    pub parent_id: String,
    /// The kind of source.
    pub source: String,
    /// The type within the source.
    pub kind: String,
    /// The title.
    pub title: String,
    /// The headings above the text.
    pub heading: String,
    /// When the text is from.
    pub date: Timestamp,
    /// Where in the parent it stands, and other facts.
    pub metadata: Value,
    /// How good it is, comparable within one answer; 0 when sorted by date.
    pub score: f32,
    /// The best part of the body.
    pub snippet: Snippet,
    /// Why it was found.
    pub matched: Vec<Matched>,
}

impl Hit {
    /// The hit as clients read it.
    pub fn to_json(&self) -> Value {
        let matched: Vec<Value> = self
            .matched
            .iter()
            .map(|matched| {
                json!({ "field": matched.field.as_str(), "typed": matched.typed, "found": matched.found })
            })
            .collect();
        json!({
            "record_id": self.record_id,
            "parent_id": self.parent_id,
            "source": self.source,
            "kind": self.kind,
            "title": self.title,
            "heading": self.heading,
            "date": self.date,
            "metadata": self.metadata,
            "score": self.score,
            "snippet": { "text": self.snippet.text, "highlights": self.snippet.highlights },
            "matched": matched,
        })
    }
}

struct Page {
    total: u64,
    hits: Vec<(f32, DocAddress)>,
}

impl Index {
    /// Answers a question. Text is never an error; a limit or offset out of range is.
    pub fn search(&self, query: &Query) -> Result<Answer, Error> {
        let started = Instant::now();
        query.check()?;
        // Read before the searcher is taken, so that it is never ahead of what the answer shows.
        let position = self.applied_position();
        let searcher = self.reader.searcher();
        let mut wanted = Wanted::new(&parse(&query.text));
        self.complete(&searcher, query, &mut wanted)?;
        let mut page = self.page(&searcher, query, &wanted, Reach::Most)?;
        let mut suggestions = Vec::new();
        if page.total < FEW {
            suggestions = self.correct(&searcher, query, &mut wanted, page.total)?;
            if wanted.units.iter().any(|unit| !unit.corrections.is_empty()) {
                page = self.page(&searcher, query, &wanted, Reach::Most)?;
            }
        }
        if page.total == 0 && wanted.units.iter().filter(|unit| unit.is_bare()).count() > 1 {
            page = self.page(&searcher, query, &wanted, Reach::Any)?;
        }
        let highlighter = Highlighter::new(&wanted);
        let mut hits = Vec::with_capacity(page.hits.len());
        for (score, address) in page.hits {
            hits.push(self.hit(&searcher, &highlighter, score, address)?);
        }
        Ok(Answer {
            hits,
            total: page.total,
            position,
            took: started.elapsed(),
            suggestions,
        })
    }

    /// Finds the words that prefixes and the unfinished word stand for.
    fn complete(
        &self,
        searcher: &Searcher,
        query: &Query,
        wanted: &mut Wanted,
    ) -> Result<(), TantivyError> {
        let open_ended = parse(&query.text).open_ended;
        let last = wanted.units.len().saturating_sub(1);
        for (at, unit) in wanted.units.iter_mut().enumerate() {
            let (prefix, max) = match (&unit.form, unit.single_word()) {
                (Form::Prefix(prefix), _) => (prefix.as_str(), PREFIX_MAX),
                (Form::Word(_), Some(word)) if open_ended && at == last && word.len() > 1 => {
                    (word, UNFINISHED_MAX)
                }
                _ => continue,
            };
            unit.completions = completions(searcher, &self.fields, prefix, max)?;
        }
        Ok(())
    }

    /// Looks for better spellings of rare words; those of words that do not occur become part of the query.
    fn correct(
        &self,
        searcher: &Searcher,
        query: &Query,
        wanted: &mut Wanted,
        total: u64,
    ) -> Result<Vec<String>, TantivyError> {
        let mut suggestions: Vec<String> = Vec::new();
        for unit in wanted.units.iter_mut().filter(|unit| unit.is_bare()) {
            let Some(word) = unit.single_word() else {
                continue;
            };
            // What is still being typed is not misspelt while something completes it.
            if total > 0 && !unit.completions.is_empty() {
                continue;
            }
            let own = count(searcher, &self.fields, query, word)?;
            if own as u64 >= FEW {
                continue;
            }
            let found = corrections(searcher, &self.fields, query, word, own * MUCH_MORE)?;
            for word in &found {
                if !suggestions.contains(word) && suggestions.len() < SUGGESTIONS_MAX {
                    suggestions.push(word.clone());
                }
            }
            if own == 0 {
                unit.corrections = found;
            }
        }
        Ok(suggestions)
    }

    fn page(
        &self,
        searcher: &Searcher,
        query: &Query,
        wanted: &Wanted,
        reach: Reach,
    ) -> Result<Page, TantivyError> {
        let engine_query = build(&self.fields, query, wanted, reach);
        let top = TopDocs::with_limit(query.limit).and_offset(query.offset);
        let ranked = wanted.units.iter().any(|unit| !unit.exclude);
        if query.sort == Sort::Relevance && ranked {
            let (hits, total) = searcher.search(&engine_query, &(top.order_by_score(), Count))?;
            return Ok(Page {
                total: total as u64,
                hits,
            });
        }
        let newest = top.order_by_fast_field::<i64>(DATE, Order::Desc);
        let (hits, total) = searcher.search(&engine_query, &(newest, Count))?;
        Ok(Page {
            total: total as u64,
            hits: hits
                .into_iter()
                .map(|(_, address)| (0.0, address))
                .collect(),
        })
    }

    fn hit(
        &self,
        searcher: &Searcher,
        highlighter: &Highlighter<'_>,
        score: f32,
        address: DocAddress,
    ) -> Result<Hit, TantivyError> {
        let document: TantivyDocument = searcher.doc(address)?;
        let shown = self.fields.shown(&document);
        let (snippet, matched) = highlighter.explain(&shown);
        Ok(Hit {
            record_id: RecordId::trusted(shown.record_id),
            parent_id: shown.parent_id,
            source: shown.source,
            kind: shown.kind,
            title: shown.title,
            heading: shown.heading,
            date: shown.date,
            metadata: shown.metadata,
            score,
            snippet,
            matched,
        })
    }
}

#[cfg(test)]
mod tests;
