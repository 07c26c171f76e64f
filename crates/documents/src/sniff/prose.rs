//! Text formats without a signature: what the name says, as far as the content allows it.

use super::dialect;
use crate::format::Format;

/// CSV, Markdown, e-mail, YAML or plain text.
pub(super) fn recognise(text: &str, extension: &str, is_whole: bool) -> Format {
    match extension {
        "md" | "markdown" => return Format::Markdown,
        "yaml" | "yml" => return Format::Yaml,
        "ics" if text.contains("BEGIN:V") => return Format::Calendar,
        "mbox" | "mbx" if text.starts_with("From ") => return Format::Mbox,
        "eml" if opens_with_field(text) => return Format::Email,
        "html" | "htm" if text.contains("</") => return Format::Html,
        _ => {}
    }
    let dialect = dialect(text.as_bytes(), is_whole);
    let is_tabbed = dialect.is_some_and(|dialect| dialect.delimiter == b'\t');
    let table = if is_tabbed { Format::Tsv } else { Format::Csv };
    match extension {
        "csv" => return table,
        "tsv" | "tab" => {
            return if dialect.is_none() {
                Format::Tsv
            } else {
                table
            };
        }
        // Source code and configuration look like many things and are none of them.
        "" | "txt" | "text" | "log" | "dat" | "export" | "pdf" | "doc" | "docx" | "xls"
        | "xlsx" | "html" | "json" | "jsonl" | "bin" | "xml" => {}
        _ => return Format::Text,
    }
    if is_mailbox(text) {
        return Format::Mbox;
    }
    if is_email(text) {
        return Format::Email;
    }
    if is_yaml(text) {
        return Format::Yaml;
    }
    if is_markdown(text) {
        return Format::Markdown;
    }
    if dialect.is_some_and(|dialect| dialect.is_certain) {
        return table;
    }
    Format::Text
}

/// Header fields of RFC 5322 from the first line on, among them two that no other text opens with.
fn is_email(text: &str) -> bool {
    let mut known = 0;
    for line in text.lines().take(60) {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else {
            return false;
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            return false;
        }
        let names = [
            "received",
            "return-path",
            "message-id",
            "mime-version",
            "dkim-signature",
            "delivered-to",
        ];
        known += usize::from(names.iter().any(|known| name.eq_ignore_ascii_case(known)));
    }
    known >= 2
}

/// Whether this opens as a YAML stream does and hardly a line of it is anything else. Without the opening `---` it is
/// taken for text, which may well consist of `name: value` lines.
fn is_yaml(text: &str) -> bool {
    if text.starts_with("%YAML ") {
        return true;
    }
    let Some(rest) = text.strip_prefix("---") else {
        return false;
    };
    let (mut known, mut all) = (0, 0);
    for line in rest.lines().take(200) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        all += 1;
        let is_entry = line.split_once(':').is_some_and(|(name, value)| {
            let is_name = !name.is_empty() && name.len() < 80 && !name.contains([' ', '<', '(']);
            is_name && (value.is_empty() || value.starts_with(' '))
        });
        known += usize::from(is_entry || line.starts_with("- ") || line == "---" || line == "...");
    }
    known >= 2 && known * 10 >= all * 9
}

/// Whether the first line is a header field: enough where the name says it is an e-mail.
fn opens_with_field(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '-';
    name.len() < text.len() && (1..70).contains(&name.len()) && name.chars().all(is_name)
}

/// The line that parts the messages of a mailbox, and an e-mail below it.
fn is_mailbox(text: &str) -> bool {
    let Some((first, rest)) = text.split_once('\n') else {
        return false;
    };
    first.starts_with("From ") && first.contains(':') && is_email(rest)
}

/// Whether several different marks of Markdown show: one alone may be chance.
fn is_markdown(text: &str) -> bool {
    let mut marks = [false; 6];
    for line in text.lines().take(400) {
        let line = line.trim_end();
        let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
        marks[0] |= (1..=6).contains(&hashes) && line.as_bytes().get(hashes) == Some(&b' ');
        marks[1] |= line.starts_with("```");
        marks[2] |= line.starts_with('|') && line.contains("---") && line.ends_with('|');
        marks[3] |= line.starts_with("- ") || line.starts_with("* ") || line.starts_with("> ");
        marks[4] |= line.contains("](");
        marks[5] |= line.matches("**").take(2).count() == 2;
    }
    marks.iter().filter(|mark| **mark).count() >= 3
        || (marks[0] && (marks[1] || marks[2] || marks[4]))
}
