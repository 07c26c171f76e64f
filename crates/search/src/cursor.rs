//! Where a page ended, so that the next one goes on exactly there.
//!
//! By date, the order of two records never changes, so a cursor is the last hit's place in it. By relevance, every new
//! record changes how rare words are, and with that all scores: a cursor also names the state of the index that the first
//! page was answered from, and that state is kept while someone pages through it. Either way no hit comes twice and none
//! is passed over that was there when the paging began and still is.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tantivy::Searcher;

use crate::collect::Rank;
use crate::document::VERSION;
use crate::search::{Query, Sort};

/// The states of the index that are kept for those who page by relevance.
const KEPT_MAX: usize = 16;
/// How long a state is kept after the last page that was read from it.
const KEPT_FOR: Duration = Duration::from_mins(5);
/// The characters of a cursor: four numbers of 8 bytes and one of 4, in hexadecimal.
const LENGTH: usize = 2 * (4 * 8 + 4);

/// The end of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The question it belongs to.
    pub question: u64,
    /// The state of the index, 0 when any will do.
    pub state: u64,
    /// The last hit's.
    pub rank: Rank,
}

impl Cursor {
    /// As clients pass it on.
    pub fn encode(&self) -> String {
        let Self {
            question,
            state,
            rank,
        } = self;
        let mut text = String::with_capacity(LENGTH);
        // Writing to a string cannot fail.
        let _ = write!(text, "{question:016x}{state:016x}{:08x}", rank.score);
        let _ = write!(text, "{:016x}{:016x}", rank.date, rank.order);
        text
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub fn decode(text: &str) -> Option<Self> {
        let is_hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != LENGTH || !is_hex {
            return None;
        }
        let number = |from: usize, to: usize| u64::from_str_radix(text.get(from..to)?, 16).ok();
        Some(Self {
            question: number(0, 16)?,
            state: number(16, 32)?,
            rank: Rank {
                score: u32::try_from(number(32, 40)?).ok()?,
                date: number(40, 56)?.cast_signed(),
                order: number(56, 72)?,
            },
        })
    }
}

/// A number for everything that chooses and orders hits: a cursor of one question means nothing to another.
pub fn question(query: &Query) -> u64 {
    let Query {
        tenant_id,
        text,
        sources,
        kinds,
        tags,
        parent_ids,
        title,
        date_from,
        date_to,
        sort,
        ..
    } = query;
    let is_newest = *sort == Sort::Newest;
    let lists = (sources, kinds, tags, parent_ids);
    hash(format!("{VERSION} {tenant_id:?} {text:?} {lists:?} {title:?} {date_from:?} {date_to:?} {is_newest}").as_bytes())
}

/// A number for what the index holds: two searchers of the same state answer alike.
pub fn state(searcher: &Searcher) -> u64 {
    let mut text = String::new();
    for segment in searcher.segment_readers() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{:?} {};", segment.segment_id(), segment.num_docs());
    }
    // 0 stands for any state.
    hash(text.as_bytes()).max(1)
}

fn hash(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    let first = digest.iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// States of the index that are kept for those who page through them, the least recently read first.
#[derive(Default)]
pub struct Kept(Mutex<VecDeque<(u64, Instant, Searcher)>>);

impl Kept {
    /// Keeps a state, or keeps it longer.
    pub fn keep(&self, state: u64, searcher: Searcher) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, read, _)| *known != state && read.elapsed() < KEPT_FOR);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((state, Instant::now(), searcher));
    }

    /// A state that is kept.
    pub fn find(&self, state: u64) -> Option<Searcher> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, read, _)| read.elapsed() < KEPT_FOR);
        let (_, _, searcher) = kept.iter().find(|(known, ..)| *known == state)?;
        Some(searcher.clone())
    }

    /// Lets go of what nobody reads any more.
    pub fn tidy(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(_, read, _)| read.elapsed() < KEPT_FOR);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(
            question in any::<u64>(), state in any::<u64>(),
            score in any::<u32>(), date in any::<i64>(), order in any::<u64>(),
        ) {
            let cursor = Cursor { question, state, rank: Rank { score, date, order } };
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn any_other_text_is_no_cursor(text in ".{0,100}") {
            if let Some(cursor) = Cursor::decode(&text) {
                prop_assert_eq!(cursor.encode(), text);
            }
        }
    }
}
