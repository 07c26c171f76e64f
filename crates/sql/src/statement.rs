//! SQL text, written once.

/// A statement with `?` placeholders.
///
/// Almost every statement is the same text for both databases; the few that must differ carry a second text, which
/// lies in a `<verb>.postgres.sql` beside the first and says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Statement {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Statement {
    /// One text for both databases.
    pub const fn new(text: &'static str) -> Self {
        Self {
            sqlite: text,
            postgres: text,
        }
    }

    /// A text for each database.
    pub const fn differing(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// The text for SQLite, which takes `?` as it is.
    pub const fn sqlite(&self) -> &'static str {
        self.sqlite
    }

    /// The text for PostgreSQL, before its placeholders are numbered.
    pub const fn postgres(&self) -> &'static str {
        self.postgres
    }
}

/// Numbers the `?` placeholders: `$1`, `$2`, … Quoted text and comments are left alone.
pub(crate) fn number_placeholders(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 16);
    let mut number = 0;
    let mut characters = text.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some('\n'), '\n') => quote = None,
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '-') if characters.peek() == Some(&'-') => quote = Some('\n'),
            (None, '?') => {
                number += 1;
                numbered.push('$');
                numbered.push_str(&number.to_string());
                continue;
            }
            _ => {}
        }
        numbered.push(character);
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_in_order() {
        assert_eq!(number_placeholders("a = ? AND b = ?"), "a = $1 AND b = $2");
    }

    #[test]
    fn question_marks_in_quotes_and_comments_stay() {
        assert_eq!(
            number_placeholders("SELECT '?', \"?\" -- why?\nWHERE a = ?"),
            "SELECT '?', \"?\" -- why?\nWHERE a = $1"
        );
    }
}
