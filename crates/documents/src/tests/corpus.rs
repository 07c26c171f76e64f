//! The corpus of files that hold files, and of PDF: each against its maker's truth and against its golden reading.
//!
//! `UPDATE_GOLDEN=1 cargo nextest run -p civitas-documents corpus` writes the readings again: read the difference.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{assert_covered, read};
use crate::{Document, Part, PartStatus, Place};

/// What the maker of a file knows of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Truth {
    /// The code of the error, for a file that cannot be read.
    error: Option<String>,
    title: Option<String>,
    /// Texts whose words are all in it.
    #[serde(default)]
    text: Vec<String>,
    /// Texts that must stand in this order.
    #[serde(default)]
    ordered: Vec<String>,
    /// Texts that are quotations.
    #[serde(default)]
    quotes: Vec<String>,
    tables: Option<Vec<TruthTable>>,
    #[serde(default)]
    metadata: HashMap<String, Value>,
    /// Path and status of each part.
    parts: Option<Vec<(Vec<String>, String)>>,
    /// The beginning of the name, and the status, of each part.
    part_starts: Option<Vec<(String, Option<String>)>>,
    #[serde(default)]
    warnings: Vec<String>,
    pages: Option<u32>,
    outline: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TruthTable {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

pub(super) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(name)
}

/// The files of a folder of the corpus.
pub(super) fn files(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder(name)).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_ours = [".json", ".golden", ".py", "requirements.txt"]
            .iter()
            .any(|end| file.ends_with(end));
        if !is_ours {
            files.push((file, std::fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

/// The least share of the truth's words that must be found.
fn check(name: &str, recall_percent_min: usize) {
    let all = files(name);
    assert!(all.len() >= 5, "the corpus of {name} is gone");
    let (mut found, mut expected) = (0, 0);
    let mut wrong = String::new();
    for (file, bytes) in all {
        let truth = folder(name).join(format!("{file}.truth.json"));
        let truth: Truth = serde_json::from_str(&std::fs::read_to_string(truth).unwrap()).unwrap();
        let outcome = read(&file, &bytes);
        golden(
            name,
            &file,
            &outcome.as_ref().map_or_else(ToString::to_string, shown),
            &mut wrong,
        );
        match (outcome, &truth.error) {
            (Ok(document), None) => {
                let (some, all) = recall(&document, &truth);
                if some * 100 < all * recall_percent_min {
                    let _ = writeln!(wrong, "{file}: {some} of {all} words");
                }
                found += some;
                expected += all;
                compare(&file, &document, &truth, &mut wrong);
                assert_covered(&document);
                assert_eq!(document, read(&file, &bytes).unwrap());
            }
            (Err(error), Some(code)) if error.code() == code => {}
            (outcome, _) => {
                let _ = writeln!(
                    wrong,
                    "{file}: {:?}",
                    outcome.map(|document| document.summary())
                );
            }
        }
    }
    println!("{name}: {found} of {expected} words");
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn golden(folder_name: &str, file: &str, reading: &str, wrong: &mut String) {
    let path = folder(folder_name).join(format!("{file}.golden"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, reading).unwrap();
    } else if std::fs::read_to_string(path).ok().as_deref() != Some(reading) {
        let _ = writeln!(wrong, "{file}: not as its golden reading, but:\n{reading}");
    }
}

/// A document as a person would read it.
fn shown(document: &Document) -> String {
    let mut text = format!("{}: {}\n", document.file_type, document.summary());
    for (name, value) in &document.metadata {
        let _ = writeln!(text, "  {name}: {value}");
    }
    for Part {
        path,
        format,
        size,
        status,
        reason,
        ..
    } in &document.parts
    {
        let _ = write!(text, "  part {path:?} {format:?} {size:?} {status:?}");
        let _ = writeln!(text, " {}", reason.as_deref().unwrap_or_default());
    }
    for heading in &document.outline {
        let _ = writeln!(text, "  outline {} {}", heading.level, heading.text);
    }
    for warning in &document.warnings {
        let _ = writeln!(text, "  warning {}: {}", warning.code, warning.message);
    }
    for block in &document.blocks {
        let _ = writeln!(text, "\n[{:?} {}]", block.kind, place(&block.place));
        match block
            .table
            .and_then(|index| document.tables.get(index as usize))
        {
            Some(table) => {
                let columns = table
                    .columns
                    .iter()
                    .map(|column| format!("{} ({:?})", column.name, column.kind));
                let _ = writeln!(
                    text,
                    "{}: {}",
                    table.name,
                    columns.collect::<Vec<_>>().join(" | ")
                );
                for row in &table.rows {
                    let _ = writeln!(text, "{}", row.join(" | "));
                }
            }
            None => {
                let _ = writeln!(text, "{}", block.text);
            }
        }
    }
    text
}

fn place(place: &Place) -> String {
    let mut text = place.part.join(" > ");
    if let Some(page) = place.page {
        let _ = write!(text, " page {page}");
    }
    if let Some((first, last)) = place.lines {
        let _ = write!(text, " lines {first}-{last}");
    }
    if !place.heading_path.is_empty() {
        let _ = write!(text, " in {}", place.heading_path.join(" › "));
    }
    text.trim().to_owned()
}

/// How many of the words of the truth are found, each as often as it occurs.
fn recall(document: &Document, truth: &Truth) -> (usize, usize) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for word in words(&document.text()) {
        *counts.entry(word).or_default() += 1;
    }
    let (mut found, mut all) = (0, 0);
    for word in truth
        .text
        .iter()
        .chain(&truth.ordered)
        .flat_map(|text| words(text))
    {
        all += 1;
        if let Some(count) = counts.get_mut(&word).filter(|count| **count > 0) {
            *count -= 1;
            found += 1;
        }
    }
    (found, all)
}

/// Words; in scripts that do not part words every character is one.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut open = String::new();
    for character in text.chars() {
        let is_wide = ('\u{2e80}'..='\u{9fff}').contains(&character)
            || ('\u{ac00}'..='\u{d7a3}').contains(&character);
        if !character.is_alphanumeric() || is_wide {
            words.extend((!open.is_empty()).then(|| std::mem::take(&mut open)));
        }
        if is_wide {
            words.push(character.to_string());
        } else if character.is_alphanumeric() {
            open.push(character);
        }
    }
    words.extend((!open.is_empty()).then_some(open));
    words
}

fn compare(file: &str, document: &Document, truth: &Truth, wrong: &mut String) {
    let mut expect = |is_right: bool, what: &dyn Fn() -> String| {
        if !is_right {
            let _ = writeln!(wrong, "{file}: {}", what());
        }
    };
    compare_facts(document, truth, &mut expect);
    compare_text(document, truth, &mut expect);
    compare_parts(document, truth, &mut expect);
}

type Expect<'a> = &'a mut dyn FnMut(bool, &dyn Fn() -> String);

fn compare_facts(document: &Document, truth: &Truth, expect: Expect<'_>) {
    if truth.title.is_some() {
        expect(document.title == truth.title, &|| {
            format!("title {:?}", document.title)
        });
    }
    for (name, value) in &truth.metadata {
        expect(document.metadata.get(name) == Some(value), &|| {
            format!("{name} {:?}", document.metadata.get(name))
        });
    }
    if let Some(pages) = truth.pages {
        expect(document.pages == Some(pages), &|| {
            format!("{:?} pages", document.pages)
        });
    }
    for quote in &truth.quotes {
        let mut quotes = document
            .blocks
            .iter()
            .filter(|block| block.kind == crate::BlockKind::Quote);
        expect(quotes.any(|block| block.text.contains(quote)), &|| {
            format!("no quotation {quote:?}")
        });
    }
    for code in &truth.warnings {
        expect(
            document
                .warnings
                .iter()
                .any(|warning| warning.code == *code),
            &|| format!("no warning {code}"),
        );
    }
    if let Some(outline) = &truth.outline {
        let texts: Vec<_> = document
            .outline
            .iter()
            .map(|heading| heading.text.as_str())
            .collect();
        expect(texts == *outline, &|| format!("outline {texts:?}"));
    }
}

fn compare_text(document: &Document, truth: &Truth, expect: Expect<'_>) {
    let solid = super::solid(&document.text());
    let mut from = 0;
    for text in &truth.ordered {
        let at = solid
            .get(from..)
            .and_then(|rest| rest.find(&super::solid(text)));
        expect(at.is_some(), &|| {
            format!("{text:?} is not where it should be")
        });
        from += at.unwrap_or(0);
    }
    if let Some(tables) = &truth.tables {
        let tables: Vec<_> = tables
            .iter()
            .map(|table| (table.columns.clone(), table.rows.clone()))
            .collect();
        let found: Vec<_> = document
            .tables
            .iter()
            .map(|table| {
                (
                    table
                        .columns
                        .iter()
                        .map(|column| column.name.clone())
                        .collect::<Vec<_>>(),
                    table.rows.clone(),
                )
            })
            .collect();
        expect(found == tables, &|| format!("tables {found:#?}"));
    }
}

fn compare_parts(document: &Document, truth: &Truth, expect: Expect<'_>) {
    let status = |status: PartStatus| match status {
        PartStatus::Parsed => "parsed",
        PartStatus::Skipped => "skipped",
        PartStatus::Failed => "failed",
    };
    let found: Vec<_> = document
        .parts
        .iter()
        .map(|part| (part.path.clone(), status(part.status).to_owned()))
        .collect();
    if let Some(parts) = &truth.parts {
        expect(found == *parts, &|| format!("parts {found:?}"));
    }
    if let Some(starts) = &truth.part_starts {
        let top: Vec<_> = found.iter().filter(|(path, _)| path.len() == 1).collect();
        let fits = top.len() == starts.len()
            && top
                .iter()
                .zip(starts)
                .all(|((path, status), (start, wanted))| {
                    path[0].starts_with(start)
                        && wanted.as_ref().is_none_or(|wanted| wanted == status)
                });
        expect(fits, &|| format!("parts {found:?}"));
    }
}

#[test]
fn mail_mailboxes_and_calendars_are_read_as_they_were_made() {
    check("mail", 99);
}

#[test]
fn archives_are_read_as_they_were_made() {
    check("archives", 99);
}

#[test]
fn pdf_files_are_read_as_they_were_made() {
    check("pdf", 95);
}
