//! How things are shown: data on standard output, everything else on standard error, colours only where they are seen.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

/// Names and headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What may be overlooked.
pub(crate) const DIM: Style = Style::new().dimmed();
/// It worked.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// It worked, but look at it.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// It did not work.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Something to type or to open.
pub(crate) const DO: Style = AnsiColor::Cyan.on_default();
/// What a search matched.
const MATCH: Style = AnsiColor::Yellow.on_default().bold();

/// Writes a line of data. A reader that left, such as `head`, is an error of kind `BrokenPipe`.
pub(crate) fn data(line: &str) -> std::io::Result<()> {
    writeln!(anstream::stdout().lock(), "{line}")
}

/// Writes an API answer for machines.
pub(crate) fn json(value: &Value) -> std::io::Result<()> {
    data(&format!("{value:#}"))
}

/// Tells people something. Nobody there to read it is no reason to stop.
pub(crate) fn note(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// An error with what caused it, each said once: most say their cause in their own words.
pub(crate) fn causes(error: &anyhow::Error) -> String {
    let mut shown = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if shown.is_empty() {
            shown = cause;
        } else if !shown.contains(&cause) {
            // Writing to a string cannot fail.
            let _ = write!(shown, ": {cause}");
        }
    }
    shown
}

/// Text from outside on one line, without the control characters that could move a terminal's cursor.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The same, cut to a number of characters.
pub(crate) fn short(text: &str, characters: usize) -> String {
    let text = clean(text);
    match text.char_indices().nth(characters) {
        None => text,
        Some(_) => text
            .chars()
            .take(characters.saturating_sub(1))
            .chain(['…'])
            .collect(),
    }
}

/// A text member of an answer, or nothing.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// So many of something: `1 file`, `3 files`, `2 policies`.
pub(crate) fn counted(count: impl TryInto<u64>, what: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    match what.strip_suffix('y') {
        _ if count == 1 => format!("1 {what}"),
        Some(stem) => format!("{count} {stem}ies"),
        None => format!("{count} {what}s"),
    }
}

/// A number of bytes for people.
pub(crate) fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// A duration for people.
pub(crate) fn duration(took: Duration) -> String {
    let (seconds, millis) = (took.as_secs(), took.as_millis());
    match seconds {
        0 if millis == 0 => format!("{} µs", took.as_micros()),
        0 => format!("{millis} ms"),
        1..60 => format!("{:.1} s", took.as_secs_f64()),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// A timestamp without its fractions: `2026-09-01 06:29:00`.
pub(crate) fn moment(value: &Value, name: &str) -> String {
    let full: String = text(value, name).chars().take(19).collect();
    clean(&full.replace('T', " "))
}

/// A colour for an execution's status.
pub(crate) fn status_style(status: &str) -> Style {
    match status {
        "completed" => GOOD,
        "failed" | "cancelled" => BAD,
        "waiting" => WARN,
        _ => DO,
    }
}

/// Where in its file a search hit stands: `page 2 · 5. Late delivery penalty`.
pub(crate) fn place(hit: &Value) -> String {
    let facts = hit.get("metadata").unwrap_or(&Value::Null);
    let mut parts = Vec::new();
    if let Some(sheet) = facts.get("sheet").and_then(Value::as_str) {
        parts.push(format!("sheet {sheet}"));
    }
    if let Some(page) = facts.get("page").and_then(Value::as_u64) {
        parts.push(format!("page {page}"));
    }
    for (name, one, many) in [("rows", "row", "rows"), ("lines", "line", "lines")] {
        let range = facts.get(name).and_then(Value::as_array);
        let ends =
            range.and_then(|range| Some((range.first()?.as_u64()?, range.get(1)?.as_u64()?)));
        match ends {
            Some((first, last)) if first == last => parts.push(format!("{one} {first}")),
            Some((first, last)) => parts.push(format!("{many} {first}–{last}")),
            None => {}
        }
    }
    let heading = text(hit, "heading");
    if !heading.is_empty() {
        parts.push(short(heading, 60));
    }
    clean(&parts.join(" · "))
}

/// A hit's snippet with what matched standing out.
pub(crate) fn snippet(hit: &Value) -> String {
    let snippet = hit.get("snippet").unwrap_or(&Value::Null);
    let body = text(snippet, "text");
    let ranges = snippet.get("highlights").and_then(Value::as_array);
    let mut shown = String::new();
    let mut done = 0;
    for range in ranges.into_iter().flatten() {
        let end = |index: usize| usize::try_from(range.get(index)?.as_u64()?).ok();
        let (Some(from), Some(to)) = (end(0), end(1)) else {
            continue;
        };
        if let (Some(before), Some(matched)) = (body.get(done..from), body.get(from..to)) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "{}{MATCH}{}{MATCH:#}", clean(before), clean(matched));
            done = to;
        }
    }
    shown + &clean(body.get(done..).unwrap_or_default())
}

/// Prints rows in columns that line up. Empty columns at the end take no room.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> std::io::Result<()> {
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max();
            widest.unwrap_or_default().max(heading.chars().count())
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    data(&format!(
        "{DIM}{}{DIM:#}",
        line(&mut headings.iter().copied())
    ))?;
    for row in rows {
        data(&line(&mut row.iter().map(String::as_str)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let root = std::io::Error::other("refused");
        let middle = anyhow::Error::new(root).context("cannot connect: refused");
        let error = middle.context("cannot open the database: cannot connect: refused");
        assert_eq!(
            causes(&error),
            "cannot open the database: cannot connect: refused"
        );
        let root = anyhow::anyhow!("no such file");
        assert_eq!(
            causes(&root.context("cannot read")),
            "cannot read: no such file"
        );
    }

    #[test]
    fn a_file_name_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc"), "a [2Jb c");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
    }

    #[test]
    fn a_place_is_read_as_people_say_it() {
        let hit = json!({ "heading": "5. Penalty", "metadata": { "page": 2, "rows": [3, 9], "lines": [4, 4] } });
        assert_eq!(place(&hit), "page 2 · rows 3–9 · line 4 · 5. Penalty");
        assert_eq!(place(&json!({})), "");
    }

    #[test]
    fn highlights_that_do_not_fit_the_text_are_left_out() {
        let hit =
            json!({ "snippet": { "text": "é refund", "highlights": [[1, 2], [3, 9], [50, 60]] } });
        assert_eq!(snippet(&hit), format!("é {MATCH}refund{MATCH:#}"));
    }

    #[test]
    fn one_of_something_is_not_many() {
        for (count, what, said) in [
            (1, "file", "1 file"),
            (0, "halt", "0 halts"),
            (1, "entry", "1 entry"),
            (2, "policy", "2 policies"),
        ] {
            assert_eq!(counted(count, what), said);
        }
    }

    #[test]
    fn durations_fit_their_size() {
        assert_eq!(duration(Duration::from_micros(412)), "412 µs");
        assert_eq!(duration(Duration::from_millis(412)), "412 ms");
        assert_eq!(duration(Duration::from_millis(1_440)), "1.4 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
    }
}
