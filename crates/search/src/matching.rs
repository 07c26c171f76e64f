//! What a query looks for, in terms: shared by the engine's query and by the excerpts shown to people.

use civitas_model::Timestamp;

use crate::analysis::{Group, groups, is_stop_word};
use crate::date::instant;
use crate::syntax::{Clause, Field, ParsedQuery, Text};

/// One thing to find.
#[derive(Debug, Clone)]
pub struct Unit {
    /// As typed.
    pub typed: String,
    /// Everywhere, or in the title only.
    pub title_only: bool,
    /// Whether records that have it are left out.
    pub exclude: bool,
    /// How it matches.
    pub form: Form,
    /// Words that begin like this one, when it may be unfinished or asks for them.
    pub completions: Vec<String>,
    /// Words that are spelled nearly like this one, when it does not occur.
    pub corrections: Vec<String>,
}

/// How a unit matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A bare word, which may be a group such as `INV-2041`.
    Word(Group),
    /// Words that follow each other: their positions and texts.
    Phrase(Vec<(usize, String)>),
    /// Words that begin with the folded text.
    Prefix(String),
}

/// A query as terms.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The things to find, each once.
    pub units: Vec<Unit>,
    /// Values of the kind: any of them.
    pub kinds: Vec<String>,
    /// Values of the kind that are left out.
    pub not_kinds: Vec<String>,
    /// Values of the source: any of them.
    pub sources: Vec<String>,
    /// Values of the source that are left out.
    pub not_sources: Vec<String>,
    /// Tags: all of them.
    pub tags: Vec<String>,
    /// Tags that are left out.
    pub not_tags: Vec<String>,
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Whether the text held something, yet nothing that could ever be found, such as `?!`.
    pub hopeless: bool,
}

impl Wanted {
    /// Turns clauses into terms.
    pub fn new(parsed: &ParsedQuery) -> Self {
        let mut wanted = Self::default();
        let last = parsed.clauses.len().saturating_sub(1);
        for (at, clause) in parsed.clauses.iter().enumerate() {
            wanted.take(clause, parsed.open_ended && at == last);
        }
        wanted.hopeless = !parsed.clauses.is_empty() && wanted.is_empty();
        wanted
    }

    fn is_empty(&self) -> bool {
        self.units.is_empty()
            && [
                &self.kinds,
                &self.not_kinds,
                &self.sources,
                &self.not_sources,
                &self.tags,
                &self.not_tags,
            ]
            .iter()
            .all(|values| values.is_empty())
            && self.from.is_none()
            && self.until.is_none()
    }

    fn take(&mut self, clause: &Clause, open_ended: bool) {
        let (Text::Word(typed) | Text::Phrase(typed) | Text::Prefix(typed)) = &clause.text;
        let values = match (clause.field, clause.exclude) {
            (Field::Kind, false) => &mut self.kinds,
            (Field::Kind, true) => &mut self.not_kinds,
            (Field::Source, false) => &mut self.sources,
            (Field::Source, true) => &mut self.not_sources,
            (Field::Tag, false) => &mut self.tags,
            (Field::Tag, true) => &mut self.not_tags,
            // What is not after a date is before it.
            (Field::After, false) | (Field::Before, true) => {
                let from = self.from.into_iter().chain(instant(typed));
                self.from = from.max();
                return;
            }
            (Field::Before, false) | (Field::After, true) => {
                let until = self.until.into_iter().chain(instant(typed));
                self.until = until.min();
                return;
            }
            (Field::Any | Field::Title, _) => return self.take_text(clause, typed, open_ended),
        };
        values.push(typed.clone());
    }

    fn take_text(&mut self, clause: &Clause, typed: &str, open_ended: bool) {
        let found: Vec<Group> = groups(typed).collect();
        let forms = match &clause.text {
            Text::Phrase(_) => phrase(&found).into_iter().collect(),
            Text::Prefix(_) => prefix(&found),
            Text::Word(_) => word(found),
        };
        let last = forms.len().saturating_sub(1);
        for (at, form) in forms.into_iter().enumerate() {
            let unit = Unit {
                typed: typed.trim_end_matches('*').to_owned(),
                title_only: clause.field == Field::Title,
                exclude: clause.exclude,
                completions: Vec::new(),
                corrections: Vec::new(),
                form,
            };
            let known = self.units.iter().any(|other| {
                other.form == unit.form
                    && other.exclude == unit.exclude
                    && other.title_only == unit.title_only
            });
            if !known || (open_ended && at == last) {
                self.units.push(unit);
            }
        }
    }
}

/// A phrase's words; a character that begins pairs is left to the pair before it.
fn phrase(found: &[Group]) -> Option<Form> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let mut lone: Option<(usize, String)> = None;
    for word in found.iter().flat_map(|group| &group.words) {
        if word.lone {
            lone.get_or_insert((word.position, word.text.clone()));
        } else {
            words.push((word.position, word.text.clone()));
        }
    }
    match (words.is_empty(), lone) {
        (true, Some((_, text))) => Some(Form::Prefix(text)),
        (true, None) => None,
        (false, _) => Some(Form::Phrase(words)),
    }
}

/// `inv-20*`: the words before the last must be there, the last begins so.
fn prefix(found: &[Group]) -> Vec<Form> {
    let mut words: Vec<&str> = found
        .iter()
        .flat_map(|group| &group.words)
        .map(|word| word.text.as_str())
        .collect();
    let last = words.pop();
    words
        .into_iter()
        .enumerate()
        .map(|(at, word)| Form::Phrase(vec![(at, word.to_owned())]))
        .chain(last.map(|last| Form::Prefix(last.to_owned())))
        .collect()
}

/// What was typed without a space: pairs of one run belong together, as do the words around a `/`.
fn word(found: Vec<Group>) -> Vec<Form> {
    match <[Group; 1]>::try_from(found) {
        Ok([group]) if group.words.iter().any(|word| word.lone) => {
            phrase(&[group]).into_iter().collect()
        }
        Ok([group]) => vec![Form::Word(group)],
        Err(found) => phrase(&found).into_iter().collect(),
    }
}

impl Unit {
    /// The only word of a bare word, when it is one.
    pub fn single_word(&self) -> Option<&str> {
        match &self.form {
            Form::Word(group) => match group.words.as_slice() {
                [word] if group.whole.is_none() => Some(&word.text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether this is a bare word, which may be missing from a record when nothing has them all.
    pub fn is_bare(&self) -> bool {
        matches!(self.form, Form::Word(_)) && !self.title_only && !self.exclude
    }

    /// Whether this is a bare stop word.
    pub fn is_stop_word(&self) -> bool {
        self.is_bare() && self.single_word().is_some_and(is_stop_word)
    }
}
