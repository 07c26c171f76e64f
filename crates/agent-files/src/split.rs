//! Front matter and body.

use crate::repairs::Repairs;

/// A file's parts, with line feeds at its line ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// The lines between the two `---`.
    pub(super) front: Option<&'a str>,
    /// The number of the first of them.
    pub(super) first_line: usize,
    /// Everything after.
    pub(super) body: &'a str,
    /// Whether the front matter has an end.
    pub(super) is_closed: bool,
}

/// Splits a text. Front matter that is never closed ends where Markdown seems to begin.
pub(super) fn split<'a>(text: &'a str, repairs: &mut Repairs) -> Parts<'a> {
    let without = Parts {
        front: None,
        first_line: 1,
        body: text,
        is_closed: true,
    };
    let content = text.trim_start();
    let skipped = text.len() - content.len();
    let blank = &text[..skipped];
    // What stands before it on its own line would make it a text.
    let indented = !blank.is_empty() && !blank.ends_with('\n');
    let mut lines = content.split_inclusive('\n');
    let opening = lines.next().unwrap_or_default();
    if opening.trim_end() != "---" {
        return without;
    }
    if skipped > 0 {
        let how = if indented { "spaces" } else { "blank lines" };
        repairs.note(format!("{how} before the front matter were passed by"));
    }
    let first_line = blank.matches('\n').count() + 2;
    let start = skipped + opening.len();
    let mut at = start;
    for line in lines {
        let end = at + line.len();
        if matches!(line.trim_end(), "---" | "...") {
            return Parts {
                front: Some(&text[start..at]),
                first_line,
                body: &text[end..],
                is_closed: true,
            };
        }
        at = end;
    }
    repairs.note("the front matter is never closed: taken to end where the text begins");
    let end = start + where_markdown_begins(&text[start..]);
    Parts {
        front: Some(&text[start..end]),
        first_line,
        body: &text[end..],
        is_closed: false,
    }
}

/// The first heading, fence or, after a blank line, sentence.
fn where_markdown_begins(text: &str) -> usize {
    let mut at = 0;
    let mut after_blank = false;
    for line in text.split_inclusive('\n') {
        let is_heading = line.starts_with('#') && line.trim_start_matches('#').starts_with(' ');
        let is_sentence = after_blank
            && line.starts_with(|c: char| c.is_alphabetic())
            && !line.split(' ').next().unwrap_or_default().contains(':');
        if is_heading || line.starts_with("```") || is_sentence {
            return at;
        }
        after_blank = line.trim().is_empty();
        at += line.len();
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<&str>, &str, usize) {
        let mut repairs = Repairs::default();
        let parts = split(text, &mut repairs);
        (parts.front, parts.body, repairs.len())
    }

    #[test]
    fn front_matter_lies_between_two_lines_of_hyphens() {
        assert_eq!(
            parts("---\na: 1\n---\nBody\n"),
            (Some("a: 1\n"), "Body\n", 0)
        );
        assert_eq!(parts("---  \n---"), (Some(""), "", 0));
        assert_eq!(parts("# Title\n---\n"), (None, "# Title\n---\n", 0));
        assert_eq!(parts("\n\n---\na: 1\n---\n"), (Some("a: 1\n"), "", 1));
    }

    #[test]
    fn front_matter_without_an_end_ends_at_a_heading() {
        assert_eq!(
            parts("---\na: 1\n\n# Title\nBody"),
            (Some("a: 1\n\n"), "# Title\nBody", 1)
        );
        assert_eq!(
            parts("---\na: 1\n\nYou are a coder.\n"),
            (Some("a: 1\n\n"), "You are a coder.\n", 1)
        );
        assert_eq!(parts("---\na: 1\nb: 2"), (Some("a: 1\nb: 2"), "", 1));
    }
}
