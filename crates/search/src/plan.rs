//! The engine's query for what is wanted.
//!
//! A record must hold every bare word (three quarters of them when there are more than four; stop words are excused
//! while another word remains), every phrase and every filter. When no record does, any of the bare words is
//! enough. The score adds: BM25 of the stems over the whole text, half as much for exact forms, more for the
//! title and for headings, for words that follow each other as typed, and most for being the title.

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, PhraseQuery,
    Query as EngineQuery, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use crate::analysis::{Word, groups, normalize};
use crate::document::{Fields, exact};
use crate::matching::{Form, Unit, Wanted};
use crate::search::Query;

type Boxed = Box<dyn EngineQuery>;
type Clauses = Vec<(Occur, Boxed)>;

/// Up to so many words, all are required.
const ALL_REQUIRED_MAX: usize = 4;
/// The longest run of words whose order counts.
const RUN_LENGTH_MAX: usize = 8;

const EXACT: f32 = 0.5;
const WHOLE_GROUP: f32 = 1.5;
const TITLE: f32 = 2.5;
const HEADING: f32 = 1.2;
const IN_ORDER: f32 = 1.5;
const WHOLE_TITLE: f32 = 12.0;
const COMPLETION: f32 = 0.4;
const TITLE_COMPLETION: f32 = 1.0;
const CORRECTION: f32 = 0.3;

/// How much of the bare words a record must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All, or most of many.
    Most,
    /// At least one.
    Any,
}

/// Limits `clauses` to one tenant's records. Every lookup is made here, so that none can do without.
pub fn within_tenant(fields: &Fields, query: &Query, mut clauses: Clauses) -> BooleanQuery {
    let tenant = Term::from_field_text(fields.tenant, query.tenant_id.as_str());
    clauses.push((Occur::Must, silent(one(tenant))));
    BooleanQuery::new(clauses)
}

fn one(term: Term) -> Boxed {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// The whole query: filters, conditions, scores.
pub fn build(fields: &Fields, query: &Query, wanted: &Wanted, reach: Reach) -> BooleanQuery {
    let mut clauses = filters(fields, query, wanted);
    if wanted.hopeless {
        clauses.push((Occur::Must, Box::new(EmptyQuery)));
    }
    let (bare, others): (Vec<&Unit>, Vec<&Unit>) =
        wanted.units.iter().partition(|unit| unit.is_bare());
    for unit in others {
        let occur = if unit.exclude {
            Occur::MustNot
        } else {
            Occur::Must
        };
        clauses.push((occur, condition(fields, unit)));
    }
    let telling: Vec<&Unit> = bare
        .iter()
        .copied()
        .filter(|unit| !unit.is_stop_word())
        .collect();
    let excused = !telling.is_empty() && telling.len() < bare.len();
    let required = if excused { &telling } else { &bare };
    let conditions: Vec<Boxed> = required
        .iter()
        .map(|unit| condition(fields, unit))
        .collect();
    let count = conditions.len();
    if reach == Reach::Any && count > 0 {
        clauses.push((Occur::Must, Box::new(BooleanQuery::union(conditions))));
    } else if count > ALL_REQUIRED_MAX {
        let most = count - count / 4;
        let most = BooleanQuery::union_with_minimum_required_clauses(conditions, most);
        clauses.push((Occur::Must, Box::new(most)));
    } else {
        clauses.extend(
            conditions
                .into_iter()
                .map(|condition| (Occur::Must, condition)),
        );
    }
    for unit in wanted.units.iter().filter(|unit| !unit.exclude) {
        score(fields, unit, &mut clauses);
    }
    score_order(fields, &bare, &mut clauses);
    if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
        clauses.push((Occur::Must, silent(Box::new(AllQuery))));
    }
    within_tenant(fields, query, clauses)
}

/// The records that hold the folded word in any form.
pub fn having(fields: &Fields, query: &Query, word: &str) -> BooleanQuery {
    let word = groups(word)
        .next()
        .and_then(|group| group.words.into_iter().next());
    let condition: Boxed = match word {
        Some(word) => Box::new(plain(fields.text, stem(&word))),
        None => Box::new(EmptyQuery),
    };
    within_tenant(fields, query, vec![(Occur::Must, condition)])
}

fn filters(fields: &Fields, query: &Query, wanted: &Wanted) -> Clauses {
    let mut clauses = Clauses::new();
    let mut any_of = |occur, field, values: Vec<String>| {
        if !values.is_empty() {
            let terms = values
                .iter()
                .map(|value| Term::from_field_text(field, value));
            clauses.push((occur, silent(Box::new(TermSetQuery::new(terms)))));
        }
    };
    let folded = |values: &[String]| values.iter().map(|value| exact(value)).collect();
    any_of(Occur::Must, fields.kind, folded(&query.kinds));
    any_of(Occur::Must, fields.kind, folded(&wanted.kinds));
    any_of(Occur::MustNot, fields.kind, folded(&wanted.not_kinds));
    any_of(Occur::Must, fields.source, folded(&query.sources));
    any_of(Occur::Must, fields.source, folded(&wanted.sources));
    any_of(Occur::MustNot, fields.source, folded(&wanted.not_sources));
    if !query.parent_ids.is_empty() {
        let terms = query
            .parent_ids
            .iter()
            .map(|parent| fields.parent_term(&query.tenant_id, parent));
        clauses.push((Occur::Must, silent(Box::new(TermSetQuery::new(terms)))));
    }
    if let Some(title) = &query.title {
        for word in groups(title)
            .flat_map(|group| group.words)
            .filter(|word| !word.lone)
        {
            clauses.push((
                Occur::Must,
                silent(Box::new(plain(fields.title, stem(&word)))),
            ));
        }
    }
    if query.date_from.is_some() || query.date_to.is_some() {
        let bound = |date: Option<civitas_model::Timestamp>| {
            date.map_or(Bound::Unbounded, |date| {
                Bound::Included(Term::from_field_i64(fields.date, date.as_micros()))
            })
        };
        let range = RangeQuery::new(bound(query.date_from), bound(query.date_to));
        clauses.push((Occur::Must, silent(Box::new(range))));
    }
    clauses
}

/// What makes a record have the unit.
fn condition(fields: &Fields, unit: &Unit) -> Boxed {
    let field = if unit.title_only {
        fields.title
    } else {
        fields.text
    };
    let mut ways: Vec<Boxed> = match &unit.form {
        Form::Word(group) => match group.words.as_slice() {
            [word] => vec![Box::new(plain(field, stem(word)))],
            words => {
                let words = words.iter().map(|word| (word.position, word.text.as_str()));
                let mut ways = vec![sequence(field, words)];
                if let Some(whole) = &group.whole {
                    ways.push(Box::new(plain(field, whole)));
                }
                ways
            }
        },
        Form::Phrase(words) => {
            vec![sequence(
                field,
                words.iter().map(|(at, word)| (*at, word.as_str())),
            )]
        }
        Form::Prefix(_) => Vec::new(),
    };
    if !unit.completions.is_empty() {
        ways.push(constant(any_term(field, &unit.completions), COMPLETION));
    }
    for word in &unit.corrections {
        ways.push(boosted(Box::new(plain(field, word)), CORRECTION));
    }
    match ways.len() {
        0 => Box::new(EmptyQuery),
        1 => ways.remove(0),
        _ => Box::new(BooleanQuery::union(ways)),
    }
}

/// What makes a record that has the unit better.
fn score(fields: &Fields, unit: &Unit, clauses: &mut Clauses) {
    let mut add = |query: Boxed, boost| clauses.push((Occur::Should, boosted(query, boost)));
    match &unit.form {
        Form::Word(group) => {
            if let [word] = group.words.as_slice() {
                if word.stem.is_some() {
                    add(Box::new(plain(fields.text, &word.text)), EXACT);
                    add(Box::new(plain(fields.title, &word.text)), EXACT);
                }
                add(Box::new(plain(fields.title, stem(word))), TITLE);
                add(Box::new(plain(fields.heading, stem(word))), HEADING);
            } else {
                let words = group
                    .words
                    .iter()
                    .map(|word| (word.position, word.text.as_str()));
                add(sequence(fields.title, words), TITLE);
            }
            if let Some(whole) = &group.whole {
                add(Box::new(plain(fields.text, whole)), WHOLE_GROUP);
                add(Box::new(plain(fields.title, whole)), TITLE);
            }
        }
        Form::Phrase(words) => {
            let words = words.iter().map(|(at, word)| (*at, word.as_str()));
            add(sequence(fields.title, words), TITLE);
        }
        Form::Prefix(_) => {}
    }
    if !unit.completions.is_empty() {
        let titles = any_term(fields.title, &unit.completions);
        clauses.push((Occur::Should, constant(titles, TITLE_COMPLETION)));
    }
}

/// Rewards words that follow each other as typed, and the title that is exactly what was typed.
fn score_order(fields: &Fields, bare: &[&Unit], clauses: &mut Clauses) {
    let typed: Vec<&str> = bare.iter().map(|unit| unit.typed.as_str()).collect();
    let typed = typed.join(" ");
    if typed.is_empty() {
        return;
    }
    let whole = Term::from_field_text(fields.whole_title, &exact(&normalize(&typed)));
    clauses.push((Occur::Should, constant(one(whole), WHOLE_TITLE)));
    let words: Vec<Word> = groups(&typed)
        .flat_map(|group| group.words)
        .filter(|word| !word.lone)
        .collect();
    if bare.len() < 2 || words.len() > RUN_LENGTH_MAX {
        return;
    }
    for (field, boost) in [(fields.text, IN_ORDER), (fields.title, TITLE)] {
        let run = sequence(field, words.iter().map(|word| (word.position, stem(word))));
        clauses.push((Occur::Should, boosted(run, boost)));
    }
}

fn stem(word: &Word) -> &str {
    word.stem.as_ref().unwrap_or(&word.text)
}

fn plain(field: Field, text: &str) -> TermQuery {
    TermQuery::new(
        Term::from_field_text(field, text),
        IndexRecordOption::WithFreqs,
    )
}

/// The words at these distances from each other.
fn sequence<'a>(field: Field, words: impl Iterator<Item = (usize, &'a str)>) -> Boxed {
    let mut terms: Vec<(usize, Term)> = words
        .map(|(at, word)| (at, Term::from_field_text(field, word)))
        .collect();
    match terms.len() {
        0 => Box::new(EmptyQuery),
        1 => Box::new(TermQuery::new(
            terms.remove(0).1,
            IndexRecordOption::WithFreqs,
        )),
        _ => Box::new(PhraseQuery::new_with_offset(terms)),
    }
}

fn any_term(field: Field, words: &[String]) -> Boxed {
    let terms = words.iter().map(|word| Term::from_field_text(field, word));
    Box::new(TermSetQuery::new(terms))
}

fn boosted(query: Boxed, boost: f32) -> Boxed {
    Box::new(BoostQuery::new(query, boost))
}

fn constant(query: Boxed, score: f32) -> Boxed {
    Box::new(ConstScoreQuery::new(query, score))
}

/// A condition that says nothing about how good a record is.
fn silent(query: Boxed) -> Boxed {
    constant(query, 0.0)
}
