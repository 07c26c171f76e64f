//! Where in a TOML text a field stands: checks name fields, people look for lines.

use civitas_policy::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Finding;

/// A TOML text with its name.
pub(super) struct Located<'a> {
    file: &'a str,
    text: &'a str,
    /// Nothing when it is no TOML.
    root: Option<Spanned<DeTable<'a>>>,
}

impl<'a> Located<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            root: DeTable::parse(text).ok(),
        }
    }

    /// The problems of tables: their places are fields, or `line 3, column 5`.
    pub(super) fn findings(&self, error: &Error) -> Vec<Finding> {
        let problems = error.problems.iter();
        let finding = |problem: &civitas_policy::Problem| {
            let numbers: Vec<usize> = problem
                .place
                .split(|letter: char| !letter.is_ascii_digit())
                .filter_map(|number| number.parse().ok())
                .collect();
            match numbers[..] {
                [line, column] if problem.place.starts_with("line ") => Finding {
                    file: self.file.to_owned(),
                    line: Some(line),
                    column: Some(column),
                    message: problem.message.clone(),
                },
                _ => self.finding(&problem.place, problem.message.clone()),
            }
        };
        problems.map(finding).collect()
    }

    /// Something about a field, such as `roles.developer.paths[2]`. Without the field's place the field is named.
    pub(super) fn finding(&self, field: &str, message: String) -> Finding {
        let aliases = field.strip_prefix("aliases.");
        let offset = match aliases {
            Some(alias) => self
                .offset(&format!("tool_aliases.{alias}"))
                .or_else(|| self.offset(&format!("api_aliases.{alias}"))),
            None => self.offset(field),
        };
        let place = offset.map(|offset| line_and_column(self.text, offset));
        Finding {
            file: self.file.to_owned(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            message: match place {
                Some(_) => message,
                None => format!("{field}: {message}"),
            },
        }
    }

    fn offset(&self, field: &str) -> Option<usize> {
        let (value, rest) = step_into_table(self.root.as_ref()?.get_ref(), field)?;
        step(value, rest)
    }
}

fn step(value: &Spanned<DeValue<'_>>, rest: &str) -> Option<usize> {
    if let Some(rest) = rest.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        let DeValue::Array(array) = value.get_ref() else {
            return Some(value.span().start);
        };
        let entry = array.get(index.parse::<usize>().ok()?)?;
        return step(entry, rest);
    }
    if let Some(rest) = rest.strip_prefix('.')
        && let DeValue::Table(table) = value.get_ref()
        && let Some((value, rest)) = step_into_table(table, rest)
    {
        return step(value, rest);
    }
    // The nearest there is: a field that is absent has no place of its own.
    Some(value.span().start)
}

/// The value of the longest key that the field begins with, since keys may hold dots.
fn step_into_table<'t, 'i, 'f>(
    table: &'t DeTable<'i>,
    field: &'f str,
) -> Option<(&'t Spanned<DeValue<'i>>, &'f str)> {
    let fits = |key: &str| {
        let rest = field.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
    };
    table
        .iter()
        .filter_map(|(key, value)| Some((key.get_ref().len(), value, fits(key.get_ref())?)))
        .max_by_key(|(length, _, _)| *length)
        .map(|(_, value, rest)| (value, rest))
}

/// Line and column, from 1, of a byte.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count();
    let start = before.iter().rposition(|byte| *byte == b'\n');
    (line, before.len() - start.map_or(0, |at| at + 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_in_any_form_of_toml() {
        let text = "a = 1\n[b.\"c.d\"]\ne = [\n  \"x\",\n  \"y\",\n]\n[[f]]\ng = 1\n[[f]]\ng = 2\n";
        let located = Located::new("t", text);
        for (field, expected) in [
            ("a", "t:1:5: m"),
            ("b.c.d.e[1]", "t:5:3: m"),
            ("f[1].g", "t:10:5: m"),
            ("b.c.d.none", "t:2:1: m"),
            ("none", "t: none: m"),
            ("f[7]", "t: f[7]: m"),
        ] {
            let finding = located.finding(field, "m".to_owned());
            assert_eq!(finding.to_string(), expected, "{field}");
        }
        let broken = Located::new("t", "= =");
        assert_eq!(broken.finding("a", "m".to_owned()).to_string(), "t: a: m");
    }
}
