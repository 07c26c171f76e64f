//! Cleaning a text: encoding, line ends, white space.

use civitas_documents::Document;
use civitas_intent::prelude::*;
use encoding_rs::{Encoding, UTF_8};

use super::table;
use super::{LineEnds, PreprocessingOptions};

/// One kind of change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Change {
    /// What was done, as a short stable word, such as `line_ends`.
    pub(crate) change: String,
    /// What was done, for a person.
    pub(crate) message: String,
    /// In how many places.
    pub(crate) count: u64,
    /// The first of them: the line, or the row of a table, from 1; null where it is the whole file.
    pub(crate) first_at: Option<u64>,
}

/// What was changed so far.
#[derive(Default)]
pub(super) struct Changes(Vec<Change>);

impl Changes {
    /// Notes a change, if it was made anywhere.
    pub(super) fn note(
        &mut self,
        change: &str,
        message: impl Into<String>,
        count: u64,
        first_at: Option<u64>,
    ) {
        if count > 0 {
            self.0.push(Change {
                change: change.to_owned(),
                message: message.into(),
                count,
                first_at,
            });
        }
    }
}

impl Changes {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn append(&mut self, mut more: Self) {
        self.0.append(&mut more.0);
    }
}

/// The cleaned bytes of a file, and what was changed.
pub(super) fn clean(
    file_type: &str,
    document: &Document,
    options: &PreprocessingOptions,
    bytes: &[u8],
) -> Result<(Vec<u8>, Vec<Change>)> {
    let mut changes = Changes::default();
    if !options.encoding {
        return Ok((bytes.to_vec(), changes.0));
    }
    let mut text = decode(document, bytes, &mut changes);
    let is_table = matches!(file_type, "csv" | "tsv");
    let is_plain = file_type == "txt";
    if options.whitespace {
        text = without_control_characters(&text, &mut changes);
    }
    if options.whitespace && is_plain {
        text = without_white_space(&text, &mut changes);
    }
    if options.line_ends != LineEnds::Keep {
        text = with_line_ends(&text, options.line_ends, &mut changes);
    }
    if options.tables && is_table {
        text = table::clean(document, &text, options, &mut changes)?;
    }
    Ok((text.into_bytes(), changes.0))
}

fn decode(document: &Document, bytes: &[u8], changes: &mut Changes) -> String {
    let said = document.encoding.as_deref().unwrap_or("utf-8");
    let encoding = Encoding::for_label(said.as_bytes()).unwrap_or(UTF_8);
    let has_mark = Encoding::for_bom(bytes).is_some();
    let (text, used, damaged) = encoding.decode(bytes);
    if used != UTF_8 {
        let message = format!("the encoding was {}, now it is UTF-8", used.name());
        changes.note("encoding", message, 1, None);
    }
    if has_mark {
        changes.note(
            "byte_order_mark",
            "the byte order mark was taken away",
            1,
            None,
        );
    }
    if damaged {
        let count = text.matches('\u{fffd}').count() as u64;
        let first = text.lines().position(|line| line.contains('\u{fffd}'));
        let message = format!("bytes that are not valid {} became U+FFFD", used.name());
        changes.note(
            "undecodable_bytes",
            message,
            count,
            first.map(|line| line as u64 + 1),
        );
    }
    text.into_owned()
}

/// Without control characters, tabs and line ends excepted.
fn without_control_characters(text: &str, changes: &mut Changes) -> String {
    let is_bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let count = text.chars().filter(|c| is_bad(*c)).count() as u64;
    if count == 0 {
        return text.to_owned();
    }
    let first = text.lines().position(|line| line.chars().any(is_bad));
    changes.note(
        "control_characters",
        "control characters were taken away",
        count,
        first.map(|line| line as u64 + 1),
    );
    text.chars().filter(|c| !is_bad(*c)).collect()
}

/// Without white space at the ends of lines, and with at most two blank lines in a row, none at the end.
fn without_white_space(text: &str, changes: &mut Changes) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut trailing, mut blank) = ((0, None), (0, None));
    let mut blanks = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let body = line.trim_end_matches(['\n', '\r']);
        let end = line.get(body.len()..).unwrap_or_default();
        let trimmed = body.trim_end();
        if trimmed.len() < body.len() {
            count(&mut trailing, number);
        }
        blanks = if trimmed.is_empty() { blanks + 1 } else { 0 };
        if blanks > 2 {
            count(&mut blank, number);
            continue;
        }
        kept.push_str(trimmed);
        kept.push_str(end);
    }
    changes.note(
        "trailing_white_space",
        "white space at the ends of lines was taken away",
        trailing.0,
        trailing.1,
    );
    changes.note(
        "blank_lines",
        "blank lines beyond two in a row were taken away",
        blank.0,
        blank.1,
    );
    kept
}

fn count(found: &mut (u64, Option<u64>), line: usize) {
    found.0 += 1;
    found.1.get_or_insert(line as u64 + 1);
}

fn with_line_ends(text: &str, wanted: LineEnds, changes: &mut Changes) -> String {
    let (end, name) = match wanted {
        LineEnds::Crlf => ("\r\n", "CRLF"),
        LineEnds::Lf | LineEnds::Keep => ("\n", "LF"),
    };
    let mut made = String::with_capacity(text.len());
    let mut replaced = (0, None);
    let mut rest = text;
    let mut line = 0;
    while let Some(at) = rest.find(['\n', '\r']) {
        let (body, tail) = rest.split_at(at);
        let found = if tail.starts_with("\r\n") {
            "\r\n"
        } else {
            tail.get(..1).unwrap_or_default()
        };
        if found != end {
            count(&mut replaced, line);
        }
        made.push_str(body);
        made.push_str(end);
        rest = tail.get(found.len()..).unwrap_or_default();
        line += 1;
    }
    made.push_str(rest);
    changes.note(
        "line_ends",
        format!("line ends became {name}"),
        replaced.0,
        replaced.1,
    );
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(
        clean: impl FnOnce(&mut Changes) -> String,
    ) -> (String, Vec<(String, u64, Option<u64>)>) {
        let mut changes = Changes::default();
        let text = clean(&mut changes);
        let changes = changes
            .0
            .into_iter()
            .map(|one| (one.change, one.count, one.first_at));
        (text, changes.collect())
    }

    #[test]
    fn every_kind_of_line_end_becomes_the_one_that_is_wanted() {
        let text = "a\r\nb\nc\rd\r\n\r\ne";
        let (made, changes) = changed(|changes| with_line_ends(text, LineEnds::Lf, changes));
        assert_eq!(made, "a\nb\nc\nd\n\ne");
        assert_eq!(changes, [("line_ends".to_owned(), 4, Some(1))]);
        let (made, changes) = changed(|changes| with_line_ends(text, LineEnds::Crlf, changes));
        assert_eq!(made, "a\r\nb\r\nc\r\nd\r\n\r\ne");
        assert_eq!(changes, [("line_ends".to_owned(), 2, Some(2))]);
    }

    #[test]
    fn white_space_and_control_characters_go_and_words_stay() {
        let text = "one  \n\n\n\n\ntwo\u{0} \t\n  three";
        let (made, changes) = changed(|changes| {
            let text = without_control_characters(text, changes);
            without_white_space(&text, changes)
        });
        assert_eq!(made, "one\n\n\ntwo\n  three");
        let expected = [
            ("control_characters".to_owned(), 1, Some(6)),
            ("trailing_white_space".to_owned(), 2, Some(1)),
            ("blank_lines".to_owned(), 2, Some(4)),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn what_is_clean_stays_as_it_is() {
        let text = "one\n\n  two\n";
        let (made, changes) = changed(|changes| {
            let text = without_control_characters(text, changes);
            let text = without_white_space(&text, changes);
            with_line_ends(&text, LineEnds::Lf, changes)
        });
        assert_eq!(made, text);
        assert!(changes.is_empty());
    }
}
