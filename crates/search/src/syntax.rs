//! The query language: what people type into a search box, read without ever failing.

use crate::date::instant;

/// The longest text that is read, in characters; what follows is ignored and [`ParsedQuery::truncated`] says so.
pub const TEXT_LENGTH_MAX: usize = 1000;
/// The most clauses that are read; what follows is ignored and [`ParsedQuery::truncated`] says so.
pub const CLAUSES_MAX: usize = 32;

/// Where a clause looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Everywhere in a record's text.
    Any,
    /// `title:`
    Title,
    /// `type:` or `kind:`, the whole kind.
    Kind,
    /// `source:`, the whole source, or how a file came in.
    Source,
    /// `tag:`, the whole tag.
    Tag,
    /// `after:`, at the beginning of a date or later.
    After,
    /// `before:`, before the beginning of a date.
    Before,
}

/// What a clause looks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Text {
    /// A bare word, as typed.
    Word(String),
    /// What stood between quotes; its words follow each other.
    Phrase(String),
    /// A word that ended in `*`: words that begin so.
    Prefix(String),
}

/// One condition of a query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Clause {
    /// Where to look.
    pub field: Field,
    /// What for.
    pub text: Text,
    /// Whether a record that has it is left out.
    pub exclude: bool,
}

/// A query as understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParsedQuery {
    /// The conditions in the order they were typed.
    pub clauses: Vec<Clause>,
    /// Whether the last clause is a bare word that the person may still be typing.
    pub open_ended: bool,
    /// Whether something was ignored because of a limit.
    pub truncated: bool,
}

/// Reads what a person typed. Total: every text has a meaning.
///
/// - `word`: records should have it, in any form (`report` finds `reports`); the last one may be unfinished.
/// - `"two words"`: exactly these words, in this order; an unclosed quote reaches to the end.
/// - `word*`: any word that begins so.
/// - `-word`, `-"two words"`: records that have it are left out.
/// - `title:word`, `type:pdf` (or `kind:`), `source:upload`: only there; several kinds or sources mean any of them.
/// - `tag:contract`, `tag:"two words"`: only what has the tag; several tags mean all of them.
/// - `after:2026-03-01`, `before:2026-04`: from the beginning of that day, month or year on, or before it; see
///   [`instant`].
///
/// Everything else is literal: `foo:bar`, `AND`, `(`, a lone `-`.
pub fn parse(text: &str) -> ParsedQuery {
    let mut parsed = ParsedQuery::default();
    let end = text
        .char_indices()
        .nth(TEXT_LENGTH_MAX)
        .map_or(text.len(), |(at, _)| at);
    let (mut rest, ignored) = text.split_at(end);
    parsed.truncated = !ignored.trim().is_empty();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        if parsed.clauses.len() == CLAUSES_MAX {
            parsed.truncated = true;
            parsed.open_ended = false;
            break;
        }
        let (clause, remaining) = clause(rest);
        parsed.open_ended = remaining.is_empty()
            && !clause.exclude
            && clause.field == Field::Any
            && matches!(clause.text, Text::Word(_));
        parsed.clauses.push(clause);
        rest = remaining;
    }
    parsed
}

/// The first clause of `text`, which begins with something other than a space, and what follows it.
fn clause(text: &str) -> (Clause, &str) {
    let (exclude, text) = match text.strip_prefix('-') {
        Some(rest) if rest.starts_with(|c: char| c.is_alphanumeric() || is_quote(c)) => {
            (true, rest)
        }
        _ => (false, text),
    };
    let (field, text) = field(text);
    if text.starts_with(is_quote) {
        let inner = text.trim_start_matches(is_quote);
        let (phrase, rest) = match inner.char_indices().find(|&(_, c)| is_quote(c)) {
            Some((at, quote)) => {
                let (phrase, rest) = inner.split_at(at);
                (phrase, rest.get(quote.len_utf8()..).unwrap_or_default())
            }
            None => (inner, ""),
        };
        let text = Text::Phrase(phrase.to_owned());
        return (
            Clause {
                field,
                text,
                exclude,
            },
            rest,
        );
    }
    let end = text
        .char_indices()
        .find(|&(_, c)| c.is_whitespace() || is_quote(c))
        .map_or(text.len(), |(at, _)| at);
    let (word, rest) = text.split_at(end);
    let text = match word.strip_suffix('*') {
        Some(prefix) if prefix.ends_with(char::is_alphanumeric) => Text::Prefix(prefix.to_owned()),
        _ => Text::Word(word.to_owned()),
    };
    (
        Clause {
            field,
            text,
            exclude,
        },
        rest,
    )
}

/// The field that `text` names, when something follows the colon, and what follows.
fn field(text: &str) -> (Field, &str) {
    if let Some((name, rest)) = text.split_once(':')
        && !rest.is_empty()
        && !rest.starts_with(char::is_whitespace)
    {
        let field = match name.to_ascii_lowercase().as_str() {
            "title" => Some(Field::Title),
            "type" | "kind" => Some(Field::Kind),
            "source" => Some(Field::Source),
            "tag" => Some(Field::Tag),
            "after" if names_a_date(rest) => Some(Field::After),
            "before" if names_a_date(rest) => Some(Field::Before),
            _ => None,
        };
        if let Some(field) = field {
            return (field, rest);
        }
    }
    (Field::Any, text)
}

/// Whether the next word is a date; `after:lunch` is two words like any others.
fn names_a_date(text: &str) -> bool {
    text.split(char::is_whitespace)
        .next()
        .is_some_and(|word| instant(word).is_some())
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Clause {
        let mut parsed = parse(text);
        assert_eq!(parsed.clauses.len(), 1, "{parsed:?}");
        parsed.clauses.remove(0)
    }

    #[test]
    fn each_form_is_understood() {
        assert_eq!(one("word").text, Text::Word("word".into()));
        assert_eq!(one("\"a b\"").text, Text::Phrase("a b".into()));
        assert_eq!(one("“a b").text, Text::Phrase("a b".into()));
        assert_eq!(one("inv*").text, Text::Prefix("inv".into()));
        assert!(one("-draft").exclude && one("-\"a b\"").exclude && one("-type:pdf").exclude);
        assert_eq!(one("TYPE:pdf").field, Field::Kind);
        assert_eq!(one("title:\"a b\"").text, Text::Phrase("a b".into()));
        assert_eq!(one("tag:\"a b\"").field, Field::Tag);
        assert_eq!(one("after:2026").field, Field::After);
        assert_eq!(one("Before:2026-03-01").field, Field::Before);
    }

    #[test]
    fn everything_else_is_literal() {
        for text in [
            "foo:bar",
            "after:lunch",
            "before:2026-13",
            "tag:",
            "-",
            "--x",
            "*",
            "title:",
            "(a",
            "AND",
            "a-b",
            "^2",
            "[a",
        ] {
            assert_eq!(
                one(text),
                Clause {
                    field: Field::Any,
                    text: Text::Word(text.into()),
                    exclude: false
                }
            );
        }
    }

    #[test]
    fn only_a_bare_word_at_the_very_end_may_be_unfinished() {
        assert!(parse("annual rep").open_ended);
        for text in ["annual ", "\"annual\"", "rep*", "-rep", "title:rep", ""] {
            assert!(!parse(text).open_ended, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_within_the_limits(text in ".{0,1200}") {
            let parsed = parse(&text);
            prop_assert!(parsed.clauses.len() <= CLAUSES_MAX);
        }

        #[test]
        fn any_arrangement_of_the_signs_is_read(text in "[-a1\"“:* +(title:after)]{0,300}") {
            let parsed = parse(&text);
            prop_assert!(parsed.clauses.len() <= CLAUSES_MAX);
            prop_assert_eq!(parsed.clauses.is_empty(), text.trim().is_empty());
        }

        #[test]
        fn no_more_than_the_longest_text_is_read(words in proptest::collection::vec("[a-z]{1,60}", 0..60)) {
            let text = words.join(" ");
            let parsed = parse(&text);
            let read: usize = parsed.clauses.iter().map(|clause| match &clause.text {
                Text::Word(word) | Text::Prefix(word) | Text::Phrase(word) => word.len(),
            }).sum();
            prop_assert!(read <= TEXT_LENGTH_MAX);
            prop_assert_eq!(parsed.truncated, text.len() > TEXT_LENGTH_MAX || words.len() > CLAUSES_MAX);
        }
    }
}
