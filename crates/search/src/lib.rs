//! Full-text search: a projection over [`Record`](civitas_model::Record)s that can be thrown away and refilled.
//!
//! Whoever owns the records feeds [`Change`]s in the order of their positions, then calls [`Index::commit`] with the
//! last position. After a restart, [`Index::applied_position`] says from where to feed again.
//!
//! ```no_run
//! # fn main() -> Result<(), civitas_search::Error> {
//! # let (record, tenant_id): (civitas_model::Record, civitas_model::TenantId) = unimplemented!();
//! use civitas_search::{Change, Index, Options, Query};
//!
//! let index = Index::open("search".as_ref(), Options::default())?;
//! index.apply(&[Change::Put(record)])?;
//! index.commit(1)?;
//! let answer = index.search(&Query::new(tenant_id, "annual report -draft type:pdf"))?;
//! # Ok(()) }
//! ```
//!
//! Invariants:
//! - **The index is never the truth.** A folder of another version is emptied, a damaged one is set aside, and
//!   the owner fills the new one from position 0. What was not committed is fed again.
//! - **A search sees one tenant.** Its term filter is added in one place that every lookup passes through, including
//!   those that choose suggestions. The statistics behind the scores (how rare a word is) are the whole index's.
//! - **What a person types is never an error.** [`parse`] is total and bounded; the language is described there.
//! - **Every call blocks** (files, locks, arithmetic): from async code, call it on a blocking thread, or use
//!   [`search_current`], which also leaves out what was deleted a moment ago.

mod analysis;
mod collect;
mod current;
mod cursor;
mod date;
mod document;
mod error;
mod excerpt;
mod facets;
mod index;
mod matching;
mod place;
mod plan;
mod projection;
mod request;
mod search;
mod spelling;
mod syntax;
mod why;

pub use current::search_current;
pub use date::instant;
pub use document::BODY_LENGTH_MAX;
pub use error::Error;
pub use excerpt::{Matched, MatchedField, Snippet};
pub use facets::{FACET_VALUES_MAX, FacetValue, Facets};
pub use index::{Change, Index, Options};
pub use projection::project;
pub use request::Request;
pub use search::{
    Answer, FILTER_VALUES_MAX, Hit, LIMIT_DEFAULT, LIMIT_MAX, OFFSET_MAX, Query, Sort,
};
pub use syntax::{CLAUSES_MAX, Clause, Field, ParsedQuery, TEXT_LENGTH_MAX, Text, parse};
pub use why::Reason;
