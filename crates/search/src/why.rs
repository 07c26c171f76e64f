//! What a hit's score is made of.

use serde::Serialize;
use tantivy::query::EnableScoring;
use tantivy::{DocAddress, DocSet, Searcher, TantivyError};

use crate::collect::Rank;
use crate::document::Fields;
use crate::matching::Wanted;
use crate::plan::parts;
use crate::search::Hit;

/// One summand of a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The word or phrase of the query, as typed.
    pub typed: String,
    /// `title`, `heading`, or `text` for everything together.
    pub field: &'static str,
    /// `found`: the word in any form, or the phrase; `as_typed`: the very form; `whole`: what was typed without spaces;
    /// `begins`: a word that begins so; `spelling`: another spelling; `in_order`: words that follow each other as typed;
    /// `whole_title`: the title is what was typed.
    pub how: &'static str,
    /// What it adds to the score.
    pub weight: f32,
}

/// Gives each hit of a page its reasons, the weightiest first. They are computed for the hits that are shown, by the
/// parts of the very query that ranked them.
pub fn explain(
    fields: &Fields,
    searcher: &Searcher,
    wanted: &Wanted,
    page: &[(Rank, DocAddress)],
    hits: &mut [Hit],
) -> Result<(), TantivyError> {
    let mut reasons: Vec<Vec<Reason>> = vec![Vec::new(); page.len()];
    for part in parts(fields, wanted) {
        let weight = part
            .query
            .weight(EnableScoring::enabled_from_searcher(searcher))?;
        for ((_, address), reasons) in page.iter().zip(&mut reasons) {
            let reader = searcher.segment_reader(address.segment_ord);
            let mut scorer = weight.scorer(reader, 1.0)?;
            if scorer.doc() > address.doc_id
                || (scorer.doc() < address.doc_id && scorer.seek(address.doc_id) != address.doc_id)
            {
                continue;
            }
            reasons.push(Reason {
                typed: part.typed.clone(),
                field: part.field,
                how: part.way.as_str(),
                weight: scorer.score(),
            });
        }
    }
    for (hit, mut reasons) in hits.iter_mut().zip(reasons) {
        reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        hit.why = Some(reasons);
    }
    Ok(())
}
