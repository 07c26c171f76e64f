//! Searching: a question in, ranked hits out.

use std::time::{Duration, Instant};

use civitas_model::{RecordId, TenantId, Timestamp};
use serde_json::Value;
use tantivy::{DocAddress, Searcher, TantivyDocument, TantivyError};

use crate::collect::{Pass, Rank, Seen};
use crate::cursor::{Cursor, question, state};
use crate::error::Error;
use crate::excerpt::{Highlighter, Matched, Snippet};
use crate::facets::Facets;
use crate::index::Index;
use crate::matching::{Form, Wanted};
use crate::plan::{Reach, build};
use crate::spelling::{completions, corrections, count};
use crate::syntax::parse;
use crate::why::{Reason, explain};

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
    /// All of these tags, without regard to case.
    pub tags: Vec<String>,
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
    /// Where the page before ended, instead of an offset; empty text asks for the first page, and for a cursor to the
    /// next one.
    pub cursor: Option<String>,
    /// Whether all pages are to be answered from the state of the index that the first was answered from, by date too:
    /// for whoever reads from the beginning again, by [`Answer::first_cursor`].
    pub hold: bool,
    /// Whether to count what all hits are like.
    pub facets: bool,
    /// Whether to say what each hit's score is made of.
    pub why: bool,
}

impl Query {
    /// A question without filters for the first [`LIMIT_DEFAULT`] hits.
    pub fn new(tenant_id: TenantId, text: impl Into<String>) -> Self {
        Self {
            tenant_id,
            text: text.into(),
            sources: Vec::new(),
            kinds: Vec::new(),
            tags: Vec::new(),
            parent_ids: Vec::new(),
            title: None,
            date_from: None,
            date_to: None,
            limit: LIMIT_DEFAULT,
            offset: 0,
            sort: Sort::default(),
            cursor: None,
            hold: false,
            facets: false,
            why: false,
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
            .max(self.tags.len())
            .max(self.parent_ids.len());
        if longest > FILTER_VALUES_MAX {
            return Err(Error::FilterValues(longest));
        }
        if self.cursor.is_some() && self.offset > 0 {
            return Err(Error::CursorAndOffset);
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
    /// Where this page ends, when a cursor was asked for and there is more.
    pub next_cursor: Option<String>,
    /// What asks for this page again, when it is the first of those that hold their state, and not empty.
    pub first_cursor: Option<String>,
    /// What all hits are like, when that was asked for.
    pub facets: Option<Facets>,
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
    /// What its score is made of, the most first, when that was asked for.
    pub why: Option<Vec<Reason>>,
}

impl Index {
    /// Answers a question. Text is never an error; a limit or offset out of range is, and a cursor that is none.
    pub fn search(&self, query: &Query) -> Result<Answer, Error> {
        let started = Instant::now();
        query.check()?;
        let cursor = cursor(query)?;
        // Read before the searcher is taken, so that it is never ahead of what the answer shows.
        let position = self.applied_position();
        let mut wanted = Wanted::new(&parse(&query.text));
        let is_ranked =
            query.sort == Sort::Relevance && wanted.units.iter().any(|unit| !unit.exclude);
        let searcher = self.searcher(cursor, is_ranked || query.hold)?;
        let pass = Pass {
            // One more tells whether there is another page.
            keep: query.offset + query.limit + 1,
            after: cursor.map(|cursor| cursor.rank),
            scored: is_ranked,
            facets: query.facets,
        };
        self.complete(&searcher, query, &mut wanted)?;
        let mut seen = self.pass(&searcher, query, &wanted, Reach::Most, &pass)?;
        let mut suggestions = Vec::new();
        if seen.total < FEW {
            suggestions = self.correct(&searcher, query, &mut wanted, seen.total)?;
            if wanted.units.iter().any(|unit| !unit.corrections.is_empty()) {
                seen = self.pass(&searcher, query, &wanted, Reach::Most, &pass)?;
            }
        }
        if seen.total == 0 && wanted.units.iter().filter(|unit| unit.is_bare()).count() > 1 {
            seen = self.pass(&searcher, query, &wanted, Reach::Any, &pass)?;
        }
        let there_is_more = seen.best.len() == pass.keep;
        seen.best.truncate(query.offset + query.limit);
        let page = seen.best.get(query.offset..).unwrap_or_default();
        let next_cursor = page
            .last()
            .filter(|_| there_is_more && query.cursor.is_some());
        let next_cursor = next_cursor.map(|(rank, _)| self.end(query, &searcher, *rank));
        let first = page
            .first()
            .filter(|_| query.hold && query.cursor.as_deref() == Some(""));
        let first_cursor = first.map(|(rank, _)| self.end(query, &searcher, rank.above()));
        let mut hits = self.hits(&searcher, &wanted, page)?;
        if query.why && is_ranked {
            explain(&self.fields, &searcher, &wanted, page, &mut hits)?;
        }
        Ok(Answer {
            hits,
            total: seen.total,
            position,
            took: started.elapsed(),
            suggestions,
            next_cursor,
            first_cursor,
            facets: query.facets.then(|| seen.counts.facets()),
        })
    }

    /// The state of the index that a page is read from.
    fn searcher(&self, cursor: Option<Cursor>, is_held: bool) -> Result<Searcher, Error> {
        let now = self.reader.searcher();
        match cursor.filter(|_| is_held) {
            Some(cursor) if cursor.state != state(&now) => {
                self.kept.find(cursor.state).ok_or(Error::CursorExpired)
            }
            _ => Ok(now),
        }
    }

    /// The cursor that goes on after a page. By relevance, the state it was read from is kept for it.
    fn end(&self, query: &Query, searcher: &Searcher, rank: Rank) -> String {
        let state = state(searcher);
        if rank.score > 0 || query.hold {
            self.kept.keep(state, searcher.clone());
        }
        let question = question(query);
        let cursor = Cursor {
            question,
            state,
            rank,
        };
        cursor.encode()
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

    fn pass(
        &self,
        searcher: &Searcher,
        query: &Query,
        wanted: &Wanted,
        reach: Reach,
        pass: &Pass,
    ) -> Result<Seen, TantivyError> {
        searcher.search(&build(&self.fields, query, wanted, reach), pass)
    }

    fn hits(
        &self,
        searcher: &Searcher,
        wanted: &Wanted,
        page: &[(Rank, DocAddress)],
    ) -> Result<Vec<Hit>, TantivyError> {
        let highlighter = Highlighter::new(wanted);
        let mut hits = Vec::with_capacity(page.len());
        for (rank, address) in page {
            let document: TantivyDocument = searcher.doc(*address)?;
            let shown = self.fields.shown(&document);
            let (snippet, matched) = highlighter.explain(&shown);
            hits.push(Hit {
                record_id: RecordId::trusted(shown.record_id),
                parent_id: shown.parent_id,
                source: shown.source,
                kind: shown.kind,
                title: shown.title,
                heading: shown.heading,
                date: shown.date,
                metadata: shown.metadata,
                score: rank.score(),
                snippet,
                matched,
                why: None,
            });
        }
        Ok(hits)
    }
}

/// Where the page before ended.
fn cursor(query: &Query) -> Result<Option<Cursor>, Error> {
    match query.cursor.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => {
            let cursor = Cursor::decode(text).ok_or(Error::Cursor)?;
            let is_ours = cursor.question == question(query);
            is_ours.then_some(Some(cursor)).ok_or(Error::Cursor)
        }
    }
}

#[cfg(test)]
mod tests;
