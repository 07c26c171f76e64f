//! The corpus of markup, data, books and images against its truth, which libraries that share no code with ours made.
//!
//! `corpus/markup/make.py` makes the files; `UPDATE_GOLDEN=1` writes what is understood of them now beside them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::read;
use crate::Document;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/markup")
}

/// The name, bytes and truth of each file.
pub(super) fn files() -> Vec<(String, Vec<u8>, Value)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(corpus()).unwrap() {
        let path = entry.unwrap().path();
        let truth = path.to_str().unwrap().to_owned();
        if let Some(file) = truth.strip_suffix(".truth.json") {
            let name = Path::new(file).file_name().unwrap().to_str().unwrap();
            let truth = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            files.push((name.to_owned(), fs::read(file).unwrap(), truth));
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(files.len() > 40);
    files
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

fn strings(value: &Value) -> Vec<&str> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).collect()
}

/// The share of the truth's words that the document has, each as often as there.
fn recall(truth: &Value, text: &str) -> f64 {
    let mut found: HashMap<&str, u32> = HashMap::new();
    for word in words(text) {
        *found.entry(word).or_default() += 1;
    }
    let (mut hits, mut all) = (0_u32, 0_u32);
    for word in strings(&truth["text"]).into_iter().flat_map(words) {
        all += 1;
        if let Some(left) = found.get_mut(word).filter(|left| **left > 0) {
            *left -= 1;
            hits += 1;
        }
    }
    if all == 0 {
        1.0
    } else {
        f64::from(hits) / f64::from(all)
    }
}

fn check_tables(name: &str, document: &Document, truth: &Value) {
    for table in truth["tables"].as_array().unwrap() {
        let rows: Vec<Vec<&str>> = table["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(strings)
            .collect();
        let columns = strings(&table["columns"]);
        let fits = document.tables.iter().any(|found| {
            let names = found.columns.iter().map(|column| column.name.as_str());
            let names_fit = columns.is_empty()
                || names.len() == columns.len()
                    && names.zip(&columns).all(|(name, wanted)| {
                        name == *wanted || wanted.is_empty() && name.starts_with("column_")
                    });
            // A row ends with its last value: what is missing there is not made up.
            let row_fits = |(found, wanted): (&Vec<String>, &Vec<&str>)| {
                let longest = found.len().max(wanted.len());
                (0..longest).all(|at| {
                    found.get(at).map_or("", String::as_str)
                        == wanted.get(at).copied().unwrap_or_default()
                })
            };
            names_fit
                && found.rows.len() == rows.len()
                && found.rows.iter().zip(&rows).all(row_fits)
        });
        let found: Vec<_> = document
            .tables
            .iter()
            .map(|found| {
                (
                    found.columns.iter().map(|c| &c.name).collect::<Vec<_>>(),
                    &found.rows,
                )
            })
            .collect();
        assert!(
            fits,
            "{name}: no table is {table}
found: {found:?}"
        );
    }
}

#[test]
fn every_file_is_read_as_its_truth_says() {
    let failed: Vec<_> = files()
        .into_iter()
        .filter(|(name, bytes, truth)| {
            std::panic::catch_unwind(|| check(name, bytes, truth)).is_err()
        })
        .map(|(name, ..)| name)
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

fn check(name: &str, bytes: &[u8], truth: &Value) {
    let document = read(name, bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = document.text();
    let share = recall(truth, &text);
    assert!(share >= 0.99, "{name}: recall {share:.3}\n{text}");
    check_tables(name, &document, truth);
    if let Some(format) = truth.get("format") {
        assert_eq!(
            serde_json::to_value(document.format).unwrap(),
            *format,
            "{name}"
        );
    }
    if let Some(title) = truth["title"].as_str() {
        assert_eq!(document.title.as_deref(), Some(title), "{name}");
    }
    if let Some(encoding) = truth["encoding"].as_str() {
        assert_eq!(document.encoding.as_deref(), Some(encoding), "{name}");
    }
    if let Some(pages) = truth["pages"].as_u64() {
        assert_eq!(document.pages.map(u64::from), Some(pages), "{name}");
    }
    if let Some(blocks) = truth["blocks"].as_u64() {
        assert_eq!(document.blocks.len() as u64, blocks, "{name}");
    }
    for (key, value) in truth["metadata"].as_object().into_iter().flatten() {
        assert_eq!(document.metadata.get(key), Some(value), "{name}: {key}");
    }
    for absent in strings(&truth["absent"]) {
        assert!(!text.contains(absent), "{name} holds {absent:?}\n{text}");
    }
    let mut from = 0;
    for piece in strings(&truth["order"]) {
        let at = text[from..].find(piece);
        from += at.unwrap_or_else(|| panic!("{name}: {piece:?} is not in its place\n{text}"))
            + piece.len();
    }
    let found: Vec<_> = document
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect();
    let expected = strings(&truth["warnings"]);
    let unexpected = found.iter().find(|code| {
        !expected.contains(*code)
            && **code != "outside_main_content"
            && **code != "attributes_left_out"
    });
    assert_eq!(unexpected, None, "{name}: {:?}", document.warnings);
    assert!(
        expected.iter().all(|code| found.contains(code)),
        "{name}: {found:?}"
    );
}

#[test]
fn what_is_understood_of_each_file_is_as_committed() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (name, bytes, _) in files() {
        let document = read(&name, &bytes).unwrap();
        let now = serde_json::to_string_pretty(&document).unwrap() + "\n";
        let path = corpus().join(format!("{name}.golden.json"));
        if update {
            fs::write(&path, &now).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            golden == now,
            "{name} is understood differently; look at the change with UPDATE_GOLDEN=1 and git diff"
        );
    }
}
