//! The office files of the corpus, held against what their generator knows and against goldens.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{assert_covered, read};
use crate::{BlockKind, ColumnKind, Document, Error, Format, Options, Request, chunks, parse};

const FILES: [&str; 8] = [
    "handbook.docx",
    "figures.pptx",
    "orders.xlsx",
    "formulas.xlsx",
    "ledger.xls",
    "minutes.odt",
    "inventory.ods",
    "rides.odp",
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus/office")
        .join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn document(name: &str) -> Document {
    read(name, &bytes(name)).unwrap()
}

fn truth(name: &str) -> Value {
    serde_json::from_slice(&bytes(&format!("{name}.truth.json"))).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

fn words(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in text
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        *counts.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn the_words_of_the_truth_are_in_the_text() {
    for name in FILES {
        let truth = truth(name);
        let text = document(name).text();
        let found = words(&text);
        let mut expected = texts(&truth["lines"]);
        let cells = truth["tables"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|table| table.as_array().unwrap());
        expected.extend(cells.flat_map(texts));
        let expected = words(&expected.join(" "));
        let total: usize = expected.values().sum();
        let hits: usize = expected
            .iter()
            .map(|(word, count)| found.get(word).copied().unwrap_or(0).min(*count))
            .sum();
        assert!(
            hits * 100 >= total * 99,
            "{name}: {hits} of {total} words in\n{text}"
        );
        for absent in texts(&truth["absent"]) {
            assert!(!text.contains(&absent), "{name} shows `{absent}`");
        }
        let mut from = 0;
        for piece in texts(&truth["order"]) {
            let at = text[from..].find(&piece);
            from += at.unwrap_or_else(|| panic!("{name}: `{piece}` is not in order in\n{text}"));
        }
    }
}

#[test]
fn table_cells_are_exact() {
    for name in FILES {
        let truth = truth(name);
        let document = document(name);
        let tables: Vec<Vec<Vec<String>>> = truth["tables"]
            .as_array()
            .unwrap()
            .iter()
            .map(|table| table.as_array().unwrap().iter().map(texts).collect())
            .collect();
        assert_eq!(document.tables.len(), tables.len(), "{name}");
        for (table, expected) in document.tables.iter().zip(tables) {
            let width = expected.iter().map(Vec::len).max().unwrap();
            let header = table
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect();
            let mut rows = vec![header];
            rows.extend(table.rows.iter().cloned());
            for row in &mut rows {
                row.resize(width, String::new());
            }
            assert_eq!(rows, expected, "{name}: {}", table.name);
        }
    }
}

#[test]
fn pages_headings_and_ranges_are_those_of_the_truth() {
    for name in FILES {
        let truth = truth(name);
        let document = document(name);
        assert_eq!(
            document.pages.map(u64::from),
            truth["pages"].as_u64(),
            "{name}"
        );
        if truth.get("outline").is_some() {
            let outline: Vec<_> = document
                .outline
                .iter()
                .map(|heading| heading.text.clone())
                .collect();
            assert_eq!(outline, texts(&truth["outline"]), "{name}");
        }
        if truth.get("ranges").is_some() {
            let names: Vec<_> = document
                .tables
                .iter()
                .map(|table| table.name.clone())
                .collect();
            assert_eq!(names, texts(&truth["ranges"]), "{name}");
        }
    }
}

/// With `UPDATE_GOLDEN=1` the goldens are written again; read the difference as your users will.
#[test]
fn documents_are_as_the_goldens_have_them() {
    for name in FILES {
        let document = document(name);
        let golden = path(&format!("{name}.golden.json"));
        let mut found = serde_json::to_string_pretty(&document).unwrap();
        found.push('\n');
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn chunks_of_office_files_cover_their_text() {
    for name in FILES {
        let document = document(name);
        assert_covered(&document);
        for chunk in chunks(&document) {
            assert!(chunk.text.len() <= 1_500, "{name}: {}", chunk.index);
        }
    }
}

#[test]
fn a_word_file_has_its_notes_comments_lists_and_margins() {
    let document = document("handbook.docx");
    let mut shown = String::new();
    for block in &document.blocks {
        let _ = writeln!(
            shown,
            "{:?} {:?} {}",
            block.kind,
            block.level,
            block.text.replace('\t', " ")
        );
    }
    for line in [
        "Comment None Lena Ruiz: Drum brakes as well?",
        "Note None [1] Measured without the carrier plate.",
        "Heading Some(2) Tools needed",
        "ListItem Some(1) Torx key T25",
        "ListItem Some(2) of brass",
        "ListItem Some(1) 2. Take out the pads",
        "Margin None Halden Cycle Works, service",
    ] {
        assert!(shown.contains(line), "{line} is not in\n{shown}");
    }
    assert_eq!(document.text().matches("Keep for ten years").count(), 1);
    assert_eq!(document.metadata["creator"], "Mira Holt");
    assert_eq!(document.metadata["created"], "2026-09-14T08:30:00Z");
    assert_eq!(
        document.metadata["links"][0]["href"],
        "https://example.org/forms"
    );
    assert_eq!(document.warnings[0].code, "tracked_changes");
}

#[test]
fn a_workbook_has_types_hidden_sheets_and_warnings() {
    let document = document("orders.xlsx");
    let kinds: Vec<_> = document.tables[0]
        .columns
        .iter()
        .map(|column| column.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            ColumnKind::Text,
            ColumnKind::Date,
            ColumnKind::Integer,
            ColumnKind::Decimal,
            ColumnKind::Boolean,
            ColumnKind::Timestamp,
            ColumnKind::Text,
            ColumnKind::Decimal,
        ]
    );
    assert_eq!(document.metadata["sheets"][2]["visibility"], "hidden");
    assert_eq!(document.metadata["sheets"][3]["rows"], 0);
    let codes: Vec<_> = document
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect();
    assert_eq!(codes, ["error_values", "merged_cells"]);
    assert!(document.warnings[0].message.contains("#DIV/0! in E8"));
    assert_eq!(document.tables[1].place.sheet.as_deref(), Some("Plan"));
    assert_eq!(document.tables[1].place.rows, Some((1, 3)));
    let unsaved = read("formulas.xlsx", &bytes("formulas.xlsx")).unwrap();
    assert_eq!(unsaved.warnings[0].code, "formula_without_value");
}

#[test]
fn rows_beyond_the_limit_are_counted_and_typed() {
    let request = Request {
        options: Options {
            rows_max: 2,
            ..Options::default()
        },
        ..Request::new("orders.xlsx")
    };
    let document = parse(&request, &bytes("orders.xlsx")).unwrap();
    assert_eq!(
        (document.tables[0].rows.len(), document.tables[0].row_count),
        (2, 6)
    );
    assert_eq!(document.record_count, 13);
    assert!(
        document
            .warnings
            .iter()
            .any(|warning| warning.code == "rows_left_out")
    );
}

#[test]
fn a_format_is_known_by_its_content_whatever_its_name() {
    for (name, format) in [
        ("handbook.docx", Format::Docx),
        ("figures.pptx", Format::Pptx),
        ("orders.xlsx", Format::Xlsx),
        ("ledger.xls", Format::Xls),
        ("minutes.odt", Format::Odt),
        ("inventory.ods", Format::Ods),
        ("rides.odp", Format::Odp),
    ] {
        assert_eq!(
            read("file.txt", &bytes(name)).unwrap().format,
            format,
            "{name}"
        );
    }
}

/// An XLS whose stream is renamed stands for other kinds of compound files.
fn compound(stream: &str) -> Vec<u8> {
    let mut file = bytes("ledger.xls");
    let old: Vec<u8> = "Workbook"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let at = memchr::memmem::find(&file, &old).unwrap();
    let new: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
    file[at..at + new.len()].copy_from_slice(&new);
    file
}

#[test]
fn encrypted_and_old_files_are_refused_with_what_to_do() {
    for (name, format) in [
        ("a.docx", Format::Docx),
        ("a.xlsx", Format::Xlsx),
        ("a.pptx", Format::Pptx),
    ] {
        let error = read(name, &compound("EncryptedPackage")).unwrap_err();
        assert_eq!(error, Error::Encrypted { format }, "{name}");
    }
    let error = read("letter.doc", &compound("WordDocument")).unwrap_err();
    assert_eq!(
        error,
        Error::UnsupportedFormat {
            format: Format::Doc
        }
    );
    assert!(
        error
            .to_string()
            .starts_with("old Word files cannot be parsed; convert it to one of: ")
    );
    let error = read("talk.ppt", &compound("PowerPoint Document")).unwrap_err();
    assert_eq!(
        error,
        Error::UnsupportedFormat {
            format: Format::Ppt
        }
    );
}

#[test]
fn a_small_file_declares_a_huge_sheet_in_vain() {
    let mut file = bytes("ledger.xls");
    // The record that declares the used area of the first sheet: up to 4 billion rows of 65,535 columns.
    let at = memchr::memmem::find(&file, &[0x00, 0x02, 0x0e, 0x00]).unwrap();
    file[at + 4..at + 12].copy_from_slice(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    file[at + 14..at + 16].copy_from_slice(&[0xff, 0xff]);
    assert_eq!(read("ledger.xls", &file).unwrap().tables[0].row_count, 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn damaged_office_files_give_a_document_or_an_error(
        name in select(&FILES[..]),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..8),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut bytes = bytes(name);
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(document) = read(name, &bytes) {
            assert_covered(&document);
        }
    }
}

/// The parts of a package, each stored again, one of them changed: what a checksum would have refused goes deeper.
fn changed_inside(
    bytes: &[u8],
    part: Index,
    changes: &[(Index, u8)],
    cut: Option<Index>,
) -> Vec<u8> {
    let mut old = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let part = part.index(old.len());
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if index == part && !content.is_empty() {
            for (at, byte) in changes {
                let at = at.index(content.len());
                content[at] = *byte;
            }
            if let Some(cut) = cut {
                content.truncate(cut.index(content.len()));
            }
        }
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        new.start_file(entry.name().unwrap(), options).unwrap();
        new.write_all(&content).unwrap();
    }
    new.finish().unwrap().into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn damaged_parts_give_a_document_or_an_error(
        name in select(&["handbook.docx", "figures.pptx", "orders.xlsx", "minutes.odt", "inventory.ods", "rides.odp"][..]),
        part in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), select(&b"<>/&\"' 09aZ\xff\0"[..])), 1..6),
        cut in prop::option::weighted(0.2, any::<Index>()),
    ) {
        if let Ok(document) = read(name, &changed_inside(&bytes(name), part, &changes, cut)) {
            assert_covered(&document);
        }
    }

    #[test]
    fn a_damaged_old_workbook_gives_a_document_or_an_error(
        changes in prop::collection::vec((0..5_632_usize, any::<u8>()), 1..4),
    ) {
        let mut bytes = bytes("ledger.xls");
        for (at, byte) in &changes {
            bytes[*at] = *byte;
        }
        if let Ok(document) = read("ledger.xls", &bytes) {
            assert_covered(&document);
        }
    }
}

#[test]
fn a_list_item_is_one_block_with_its_depth() {
    let document = document("minutes.odt");
    let items: Vec<_> = document
        .blocks
        .iter()
        .filter(|block| block.kind == BlockKind::ListItem)
        .map(|block| (block.level, block.text.as_str()))
        .collect();
    assert_eq!(
        items,
        [
            (Some(1), "Order cables"),
            (Some(1), "Test the lamps"),
            (Some(2), "front"),
            (Some(2), "rear")
        ]
    );
}
