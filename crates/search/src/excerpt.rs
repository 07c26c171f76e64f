//! What of a hit is shown: the part of the body around the best matches, and why the record matched.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::groups;
use crate::document::Shown;
use crate::matching::{Form, Wanted};

/// About how much of a body a snippet shows, in characters.
const SNIPPET_LENGTH: usize = 200;
/// How much of it stands before the first match, in characters.
const LEAD_LENGTH: usize = 40;
/// The most matches of one text that are looked at.
const FINDS_MAX: usize = 10_000;

/// A part of the body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snippet {
    /// The text on one line; `…` stands where the body goes on.
    pub text: String,
    /// What matched: byte ranges of `text`, in order, apart from each other.
    pub highlights: Vec<(usize, usize)>,
}

/// Where a word of the query was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchedField {
    /// In the title.
    Title,
    /// In the headings.
    Heading,
    /// In the body.
    Body,
}

impl MatchedField {
    /// The name used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Heading => "heading",
            Self::Body => "body",
        }
    }
}

/// One reason why a record matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matched {
    /// Where.
    pub field: MatchedField,
    /// The word or phrase of the query, as typed.
    pub typed: String,
    /// What stands there, as written.
    pub found: String,
}

#[derive(Debug, Clone, Copy)]
struct Find {
    range: (usize, usize),
    unit: usize,
}

/// Knows the terms of a query.
#[derive(Debug)]
pub struct Highlighter<'a> {
    wanted: &'a Wanted,
    /// Terms that are a match by themselves.
    terms: HashMap<&'a str, usize>,
    /// Beginnings of words that are a match.
    prefixes: Vec<(&'a str, usize)>,
    /// Words that are a match when they follow each other, with their distances from the first.
    sequences: Vec<(Vec<(usize, &'a str)>, usize)>,
}

impl<'a> Highlighter<'a> {
    /// Takes the terms of what is wanted.
    pub fn new(wanted: &'a Wanted) -> Self {
        let mut highlighter = Self {
            wanted,
            terms: HashMap::new(),
            prefixes: Vec::new(),
            sequences: Vec::new(),
        };
        for (at, unit) in wanted
            .units
            .iter()
            .enumerate()
            .filter(|(_, unit)| !unit.exclude)
        {
            match &unit.form {
                Form::Word(group) => {
                    if let [word] = group.words.as_slice() {
                        highlighter.terms.insert(&word.text, at);
                        let forms = word.stem.iter().chain(&word.spelled_out);
                        highlighter
                            .terms
                            .extend(forms.map(|form| (form.as_str(), at)));
                    } else {
                        let words = group
                            .words
                            .iter()
                            .map(|word| (word.position, word.text.as_str()));
                        highlighter.sequences.push((words.collect(), at));
                    }
                    group
                        .whole
                        .as_ref()
                        .map(|whole| highlighter.terms.insert(whole, at));
                }
                Form::Phrase(words) => {
                    let words = words
                        .iter()
                        .map(|(position, word)| (*position, word.as_str()));
                    highlighter.sequences.push((words.collect(), at));
                }
                Form::Prefix(prefix) => highlighter.prefixes.push((prefix, at)),
            }
            for word in unit.completions.iter().chain(&unit.corrections) {
                highlighter.terms.entry(word).or_insert(at);
            }
        }
        highlighter
    }

    fn finds(&self, text: &str) -> Vec<Find> {
        let mut finds = Vec::new();
        let mut words: HashMap<(usize, &str), (usize, usize)> = HashMap::new();
        for group in groups(text) {
            if finds.len() >= FINDS_MAX || words.len() >= FINDS_MAX {
                break;
            }
            if let Some(&unit) = group
                .whole
                .as_deref()
                .and_then(|whole| self.terms.get(whole))
            {
                finds.push(Find {
                    range: group.range,
                    unit,
                });
            }
            for word in &group.words {
                let mut forms = word.stem.iter().chain(&word.spelled_out);
                let form = forms.find_map(|form| self.terms.get(form.as_str()));
                let prefixed = || {
                    let begun = |(prefix, _): &&(&str, usize)| word.text.starts_with(prefix);
                    self.prefixes.iter().find(begun).map(|(_, unit)| unit)
                };
                if let Some(&unit) = self
                    .terms
                    .get(word.text.as_str())
                    .or(form)
                    .or_else(prefixed)
                {
                    finds.push(Find {
                        range: word.range,
                        unit,
                    });
                }
                for (_, term) in self.sequences.iter().flat_map(|(sequence, _)| sequence) {
                    if *term == word.text {
                        words.insert((word.position, *term), word.range);
                    }
                }
            }
        }
        self.find_sequences(&words, &mut finds);
        finds.sort_unstable_by_key(|find| find.range);
        finds
    }

    fn find_sequences(
        &self,
        words: &HashMap<(usize, &str), (usize, usize)>,
        finds: &mut Vec<Find>,
    ) {
        for (sequence, unit) in &self.sequences {
            let Some(&(first, term)) = sequence.first() else {
                continue;
            };
            for &(start, _) in words.keys().filter(|(_, word)| *word == term) {
                let ranges: Option<Vec<_>> = sequence
                    .iter()
                    .map(|(at, word)| words.get(&(start + at - first, *word)).copied())
                    .collect();
                let ranges = ranges.unwrap_or_default().into_iter();
                finds.extend(ranges.map(|range| Find { range, unit: *unit }));
            }
        }
    }

    /// The snippet of a hit, and why it matched.
    pub fn explain(&self, shown: &Shown) -> (Snippet, Vec<Matched>) {
        let mut matched = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let body = self.finds(&shown.body);
        for (field, text, finds) in [
            (MatchedField::Title, &shown.title, &self.finds(&shown.title)),
            (
                MatchedField::Heading,
                &shown.heading,
                &self.finds(&shown.heading),
            ),
            (MatchedField::Body, &shown.body, &body),
        ] {
            for find in finds {
                let Some(unit) = self.wanted.units.get(find.unit) else {
                    continue;
                };
                if (unit.title_only && field != MatchedField::Title)
                    || !seen.insert((field, find.unit))
                {
                    continue;
                }
                matched.insert(Matched {
                    field,
                    typed: unit.typed.clone(),
                    found: text
                        .get(find.range.0..find.range.1)
                        .unwrap_or_default()
                        .to_owned(),
                });
            }
        }
        let body: Vec<Find> = body
            .into_iter()
            .filter(|find| {
                self.wanted
                    .units
                    .get(find.unit)
                    .is_some_and(|unit| !unit.title_only)
            })
            .collect();
        (snippet(&shown.body, &body), matched.into_iter().collect())
    }
}

/// The window with the most different matches, then the most matches, then the first.
fn snippet(body: &str, finds: &[Find]) -> Snippet {
    let mut best = (0, 0);
    let mut start = 0;
    for (at, find) in finds.iter().enumerate() {
        let reach = find.range.0 + SNIPPET_LENGTH - LEAD_LENGTH;
        let inside = finds.get(at..).unwrap_or_default().iter().take(64);
        let inside: Vec<&Find> = inside.take_while(|find| find.range.1 <= reach).collect();
        let units: BTreeSet<usize> = inside.iter().map(|find| find.unit).collect();
        if (units.len(), inside.len()) > best {
            best = (units.len(), inside.len());
            start = find.range.0;
        }
    }
    let start = back(body, start, LEAD_LENGTH);
    let end = forward(body, start, SNIPPET_LENGTH);
    let mut text = String::new();
    if start > 0 {
        text.push('…');
    }
    let offset = text.len();
    let slice = body.get(start..end).unwrap_or_default();
    // Where each byte of the slice went, once white space and control characters have become single spaces.
    let mut places = Vec::with_capacity(slice.len() + 1);
    for c in slice.chars() {
        let blank = c.is_whitespace() || c.is_control();
        if blank && (text.len() == offset || text.ends_with(' ')) {
            places.extend(std::iter::repeat_n(text.len(), c.len_utf8()));
            continue;
        }
        places.extend(std::iter::repeat_n(text.len(), c.len_utf8()));
        text.push(if blank { ' ' } else { c });
    }
    places.push(text.len());
    let length = text.trim_end().len();
    text.truncate(length);
    let mut highlights: Vec<(usize, usize)> = Vec::new();
    for find in finds
        .iter()
        .filter(|find| find.range.0 >= start && find.range.1 <= end)
    {
        let place = |at: usize| places.get(at - start).copied().unwrap_or(length);
        let (from, to) = (place(find.range.0), place(find.range.1).min(length));
        match highlights.last_mut() {
            Some(last) if from < last.1 => last.1 = last.1.max(to),
            _ if from < to => highlights.push((from, to)),
            _ => {}
        }
    }
    if end < body.len() {
        text.push('…');
    }
    Snippet { text, highlights }
}

/// At most `count` characters before `at`, at the beginning of a word when one is near.
fn back(text: &str, at: usize, count: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    let start = before
        .char_indices()
        .rev()
        .take(count)
        .last()
        .map_or(at, |(start, _)| start);
    if start == 0 {
        return 0;
    }
    let lead = text.get(start..at).unwrap_or_default();
    lead.char_indices()
        .find(|(_, c)| c.is_whitespace())
        .map_or(start, |(space, c)| start + space + c.len_utf8())
}

/// At most `count` characters after `at`, at the end of a word when one is near.
fn forward(text: &str, at: usize, count: usize) -> usize {
    let after = text.get(at..).unwrap_or_default();
    let Some((end, _)) = after.char_indices().nth(count) else {
        return text.len();
    };
    let inside = after.get(..end).unwrap_or_default();
    let space = inside
        .rfind(char::is_whitespace)
        .filter(|space| space * 4 > end * 3);
    at + space.unwrap_or(end)
}
