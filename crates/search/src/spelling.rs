//! The index's own words: those that begin like an unfinished word, and those spelled nearly like a wrong one.

use std::collections::HashMap;

use tantivy::collector::Count;
use tantivy::query::FuzzyTermQuery;
use tantivy::{Searcher, TantivyError, Term};

use crate::analysis::{STEM_MARK, is_spaceless};
use crate::document::Fields;
use crate::plan::having;
use crate::search::Query;

/// The most corrections that one word gets.
pub const CORRECTIONS_MAX: usize = 3;
/// The most words of the dictionary that are looked at for one correction.
const CANDIDATES_MAX: usize = 10_000;
/// The most words that are looked up among the tenant's records for one correction.
const VERIFIED_MAX: usize = 12;

/// The most frequent words of the index that begin with `prefix`, at most `max`.
pub fn completions(
    searcher: &Searcher,
    fields: &Fields,
    prefix: &str,
    max: usize,
) -> Result<Vec<String>, TantivyError> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(fields.text)?;
        let mut stream = inverted.terms().range().ge(prefix).into_stream()?;
        while stream.advance() {
            if !stream.key().starts_with(prefix.as_bytes()) {
                break;
            }
            if let Ok(word) = std::str::from_utf8(stream.key()) {
                let count = u64::from(stream.value().doc_freq);
                match counts.get_mut(word) {
                    Some(known) => *known += count,
                    None => drop(counts.insert(word.to_owned(), count)),
                }
            }
        }
    }
    let mut words: Vec<(String, u64)> = counts.into_iter().collect();
    words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.truncate(max);
    Ok(words.into_iter().map(|(word, _)| word).collect())
}

/// How many of the tenant's records hold the word in any form.
pub fn count(
    searcher: &Searcher,
    fields: &Fields,
    query: &Query,
    word: &str,
) -> Result<usize, TantivyError> {
    searcher.search(&having(fields, query, word), &Count)
}

/// Words spelled nearly like `word` that more than `above` of the tenant's records hold, best first: the
/// fewest differences (one for words of four to seven letters, two for longer ones), then the most records. Only
/// words made of letters are corrected: a code with one other digit is another code.
pub fn corrections(
    searcher: &Searcher,
    fields: &Fields,
    query: &Query,
    word: &str,
    above: usize,
) -> Result<Vec<String>, TantivyError> {
    let length = word.chars().count();
    if !(4..=40).contains(&length) || !word.chars().all(|c| c.is_alphabetic() && !is_spaceless(c)) {
        return Ok(Vec::new());
    }
    let distance = if length < 8 { 1 } else { 2 };
    let near = FuzzyTermQuery::new(Term::from_field_text(fields.text, word), distance, true);
    let mut candidates: HashMap<String, u64> = HashMap::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(fields.text)?;
        let mut stream = inverted.terms().search(near.automaton()?).into_stream()?;
        while stream.advance() && candidates.len() < CANDIDATES_MAX {
            if let Ok(term) = std::str::from_utf8(stream.key())
                && term != word
                && !term.starts_with(STEM_MARK)
                && term.chars().all(char::is_alphabetic)
            {
                *candidates.entry(term.to_owned()).or_default() +=
                    u64::from(stream.value().doc_freq);
            }
        }
    }
    let mut ranked: Vec<(usize, u64, String)> = candidates
        .into_iter()
        .map(|(term, count)| (differences(word, &term), count, term))
        .collect();
    ranked.sort_unstable_by(|a, b| (a.0, b.1, &a.2).cmp(&(b.0, a.1, &b.2)));
    ranked.truncate(VERIFIED_MAX);
    // The dictionary is all tenants'; only what this tenant has may be told.
    let mut verified = Vec::new();
    for (differences, _, term) in ranked {
        let own = count(searcher, fields, query, &term)?;
        if own > above {
            verified.push((differences, own, term));
        }
    }
    verified.sort_unstable_by(|a, b| (a.0, b.1, &a.2).cmp(&(b.0, a.1, &b.2)));
    verified.truncate(CORRECTIONS_MAX);
    Ok(verified.into_iter().map(|(_, _, term)| term).collect())
}

/// The optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
fn differences(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let mut best = (get(&previous, j) + usize::from(x != y))
                .min(get(&previous, j + 1) + 1)
                .min(get(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(get(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_count_letters_and_swaps() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("same", "same", 0),
            ("recieve", "receive", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(differences(a, b), expected, "{a} {b}");
        }
    }
}
