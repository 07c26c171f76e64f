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
const HEADING_COMPLETION: f32 = 0.6;
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
    clauses.extend(
        better(fields, wanted)
            .into_iter()
            .map(|part| (Occur::Should, part.query)),
    );
    if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
        clauses.push((Occur::Must, silent(Box::new(AllQuery))));
    }
    within_tenant(fields, query, clauses)
}

/// Everything that adds to scores beyond the conditions.
fn better(fields: &Fields, wanted: &Wanted) -> Vec<Part> {
    let scored = wanted.units.iter().filter(|unit| !unit.exclude);
    let mut parts: Vec<Part> = scored.flat_map(|unit| score(fields, unit)).collect();
    let bare: Vec<&Unit> = wanted.units.iter().filter(|unit| unit.is_bare()).collect();
    parts.extend(score_order(fields, &bare));
    parts
}

/// Every summand of a score. Their sum is the score, because a condition's ways add up as well. Where some of the words
/// are enough, or stop words are excused, those that are not required add nothing for being in the text.
pub fn parts(fields: &Fields, wanted: &Wanted) -> Vec<Part> {
    let telling = wanted
        .units
        .iter()
        .any(|unit| unit.is_bare() && !unit.is_stop_word());
    let mut parts = Vec::new();
    for unit in &wanted.units {
        if unit.exclude || (telling && unit.is_stop_word()) {
            continue;
        }
        let field = if unit.title_only { "title" } else { "text" };
        parts.extend(ways(fields, unit).into_iter().map(|(way, query)| Part {
            typed: unit.typed.clone(),
            field,
            way,
            query,
        }));
    }
    parts.extend(better(fields, wanted));
    parts
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
    any_of(Occur::MustNot, fields.tag, folded(&wanted.not_tags));
    for tag in query.tags.iter().chain(&wanted.tags) {
        any_of(Occur::Must, fields.tag, vec![exact(tag)]);
    }
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
    let from = query.date_from.into_iter().chain(wanted.from).max();
    let from =
        from.map(|from| Bound::Included(Term::from_field_i64(fields.date, from.as_micros())));
    let to = query.date_to.map(civitas_model::Timestamp::as_micros);
    // What is before a moment is up to the microsecond before it.
    let until = wanted
        .until
        .map(|until| until.as_micros().saturating_sub(1));
    let to = to.into_iter().chain(until).min();
    let to = to.map(|to| Bound::Included(Term::from_field_i64(fields.date, to)));
    if from.is_some() || to.is_some() {
        let unbounded = || Bound::Unbounded;
        let range = RangeQuery::new(from.unwrap_or_else(unbounded), to.unwrap_or_else(unbounded));
        clauses.push((Occur::Must, silent(Box::new(range))));
    }
    clauses
}

/// Why a part of the query adds to a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The word in any form, or the phrase as it stands.
    Found,
    /// The very form that was typed.
    AsTyped,
    /// What was typed without spaces, as a whole.
    Whole,
    /// A word that begins so.
    Begins,
    /// Another spelling.
    Spelling,
    /// The words follow each other as typed.
    InOrder,
    /// The title is what was typed.
    WholeTitle,
}

impl Way {
    /// The name used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::AsTyped => "as_typed",
            Self::Whole => "whole",
            Self::Begins => "begins",
            Self::Spelling => "spelling",
            Self::InOrder => "in_order",
            Self::WholeTitle => "whole_title",
        }
    }
}

/// One summand of a score.
pub struct Part {
    /// What of the query, as typed.
    pub typed: String,
    /// `text` is everything: title, headings and body.
    pub field: &'static str,
    /// Why it counts.
    pub way: Way,
    /// What scores it.
    pub query: Boxed,
}

/// What makes a record have the unit.
fn condition(fields: &Fields, unit: &Unit) -> Boxed {
    let mut ways: Vec<Boxed> = ways(fields, unit).into_iter().map(|(_, way)| way).collect();
    match ways.len() {
        0 => Box::new(EmptyQuery),
        1 => ways.remove(0),
        _ => Box::new(BooleanQuery::union(ways)),
    }
}

/// The ways in which a record has the unit.
fn ways(fields: &Fields, unit: &Unit) -> Vec<(Way, Boxed)> {
    let field = if unit.title_only {
        fields.title
    } else {
        fields.text
    };
    let mut ways: Vec<(Way, Boxed)> = match &unit.form {
        Form::Word(group) => match group.words.as_slice() {
            [word] => {
                let forms = [Some(stem(word)), word.spelled_out.as_deref()];
                let found = |form| (Way::Found, Box::new(plain(field, form)) as Boxed);
                forms.into_iter().flatten().map(found).collect()
            }
            words => {
                let words = words.iter().map(|word| (word.position, word.text.as_str()));
                let mut ways = vec![(Way::Found, sequence(field, words))];
                if let Some(whole) = &group.whole {
                    ways.push((Way::Whole, Box::new(plain(field, whole))));
                }
                ways
            }
        },
        Form::Phrase(words) => {
            let words = words.iter().map(|(at, word)| (*at, word.as_str()));
            vec![(Way::Found, sequence(field, words))]
        }
        Form::Prefix(_) => Vec::new(),
    };
    if !unit.completions.is_empty() {
        let begun = constant(any_term(field, &unit.completions), COMPLETION);
        ways.push((Way::Begins, begun));
    }
    for word in &unit.corrections {
        let corrected = boosted(Box::new(plain(field, word)), CORRECTION);
        ways.push((Way::Spelling, corrected));
    }
    ways
}

/// What makes a record that has the unit better.
fn score(fields: &Fields, unit: &Unit) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |field: Field, way, query: Boxed, boost| {
        parts.push(Part {
            typed: unit.typed.clone(),
            field: fields.name(field),
            way,
            query: boosted(query, boost),
        });
    };
    let (text, title) = (fields.text, fields.title);
    match &unit.form {
        Form::Word(group) => {
            if let [word] = group.words.as_slice() {
                if word.stem.is_some() {
                    add(text, Way::AsTyped, Box::new(plain(text, &word.text)), EXACT);
                    add(
                        title,
                        Way::AsTyped,
                        Box::new(plain(title, &word.text)),
                        EXACT,
                    );
                }
                add(title, Way::Found, Box::new(plain(title, stem(word))), TITLE);
                let heading = Box::new(plain(fields.heading, stem(word)));
                add(fields.heading, Way::Found, heading, HEADING);
            } else {
                let words = group
                    .words
                    .iter()
                    .map(|word| (word.position, word.text.as_str()));
                add(title, Way::Found, sequence(title, words), TITLE);
            }
            if let Some(whole) = &group.whole {
                add(text, Way::Whole, Box::new(plain(text, whole)), WHOLE_GROUP);
                add(title, Way::Whole, Box::new(plain(title, whole)), TITLE);
            }
        }
        Form::Phrase(words) => {
            let words = words.iter().map(|(at, word)| (*at, word.as_str()));
            add(title, Way::Found, sequence(title, words), TITLE);
        }
        Form::Prefix(_) => {}
    }
    if !unit.completions.is_empty() {
        let titles = constant(any_term(title, &unit.completions), TITLE_COMPLETION);
        add(title, Way::Begins, titles, 1.0);
        let headings = any_term(fields.heading, &unit.completions);
        let headings = constant(headings, HEADING_COMPLETION);
        add(fields.heading, Way::Begins, headings, 1.0);
    }
    parts
}

/// Rewards words that follow each other as typed, and the title that is exactly what was typed.
fn score_order(fields: &Fields, bare: &[&Unit]) -> Vec<Part> {
    let typed: Vec<&str> = bare.iter().map(|unit| unit.typed.as_str()).collect();
    let typed = typed.join(" ");
    if typed.is_empty() {
        return Vec::new();
    }
    let whole = Term::from_field_text(fields.whole_title, &exact(&normalize(&typed)));
    let part = |field: Field, way, query| Part {
        typed: typed.clone(),
        field: fields.name(field),
        way,
        query,
    };
    let whole = constant(one(whole), WHOLE_TITLE);
    let mut parts = vec![part(fields.title, Way::WholeTitle, whole)];
    let words: Vec<Word> = groups(&typed)
        .flat_map(|group| group.words)
        .filter(|word| !word.lone)
        .collect();
    if bare.len() < 2 || words.len() > RUN_LENGTH_MAX {
        return parts;
    }
    for (field, boost) in [(fields.text, IN_ORDER), (fields.title, TITLE)] {
        let run = sequence(field, words.iter().map(|word| (word.position, stem(word))));
        parts.push(part(field, Way::InOrder, boosted(run, boost)));
    }
    parts
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
