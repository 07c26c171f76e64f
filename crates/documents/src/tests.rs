//! What holds for all formats, on the documents of the demo and on what chance makes of them.

mod corpus;
mod formats;
mod hostile;
mod markup;
mod office;
mod office_parts;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{BlockKind, Document, Error, Format, Options, ParsingType, Request, chunks, parse};

/// Small realistic files, one of each kind.
const FILES: &[(&str, &[u8])] = &[
    ("supplier-contract.pdf", include_bytes!("../../civitas/demo/supplier-contract.pdf")),
    ("incident-post-mortem.md", include_bytes!("../../civitas/demo/incident-post-mortem.md")),
    ("orders-export.csv", include_bytes!("../../civitas/demo/orders-export.csv")),
    ("telemetry.jsonl", include_bytes!("../../civitas/demo/telemetry.jsonl")),
    ("product-page.html", include_bytes!("../../civitas/demo/product-page.html")),
    ("meeting-notes.txt", include_bytes!("../../civitas/demo/meeting-notes.txt")),
    ("order.json", br#"{"title": "Order", "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2.50}], "tags": ["x", 3]}"#),
];

fn read(name: &str, bytes: &[u8]) -> Result<Document, Error> {
    parse(&Request::new(name), bytes)
}

fn demo(name: &str) -> Document {
    let (_, bytes) = FILES.iter().find(|(known, _)| *known == name).unwrap();
    read(name, bytes).unwrap()
}

/// Everything that is not white space.
fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Every word of the document is in its chunks, in order, with nothing lost between.
fn assert_covered(document: &Document) {
    let pieces: Vec<_> = chunks(document)
        .into_iter()
        .map(|chunk| chunk.text)
        .collect();
    let all = solid(&pieces.concat());
    let mut from = 0;
    let mut expect = |text: &str| {
        let text = solid(text);
        let at = all[from..]
            .find(&text)
            .unwrap_or_else(|| panic!("{text:?} is missing after {:?}", &all[..from]));
        // Between two cells stand only the names of columns; between blocks nothing.
        from += at + text.len();
    };
    for block in &document.blocks {
        match block.table {
            Some(index) => {
                let table = &document.tables[index as usize];
                table.rows.iter().flatten().for_each(|cell| expect(cell));
            }
            None => expect(&block.text),
        }
    }
}

#[test]
fn every_demo_document_is_read_without_a_warning() {
    for (name, bytes) in FILES {
        let document = read(name, bytes).unwrap();
        let warnings: Vec<_> = document
            .warnings
            .iter()
            .filter(|w| w.code != "outside_main_content")
            .collect();
        assert!(warnings.is_empty(), "{name}: {warnings:?}");
        assert!(!document.text().is_empty(), "{name}");
    }
}

#[test]
fn chunks_cover_the_text_in_order_and_are_of_bounded_size() {
    for (name, bytes) in FILES {
        let document = read(name, bytes).unwrap();
        assert_covered(&document);
        for (index, chunk) in chunks(&document).into_iter().enumerate() {
            assert_eq!(chunk.index as usize, index);
            assert!(
                chunk.text.len() <= 1_500,
                "{name} chunk {index} has {} bytes",
                chunk.text.len()
            );
            assert_ne!(
                chunk.place,
                crate::Place::default(),
                "{name} chunk {index} knows its place"
            );
        }
    }
}

#[test]
fn the_same_bytes_give_the_same_fingerprint_and_other_bytes_another() {
    for (name, bytes) in FILES {
        let document = read(name, bytes).unwrap();
        assert_eq!(document.fingerprint.len(), 64);
        assert_eq!(document, read(name, bytes).unwrap(), "{name}");
    }
    let one = read("a.txt", b"one").unwrap().fingerprint;
    assert_ne!(one, read("a.txt", b"two").unwrap().fingerprint);
    // Pinned: a change here breaks what is stored; change it knowingly.
    assert_eq!(
        one,
        "29daf1a0fb1db9e8f9137b367930cac7754dac108ae75cf795948474eeb4aaf9"
    );
}

#[test]
fn documents_survive_json() {
    for (name, bytes) in FILES {
        let document = read(name, bytes).unwrap();
        let json = serde_json::to_string(&document).unwrap();
        assert_eq!(
            serde_json::from_str::<Document>(&json).unwrap(),
            document,
            "{name}"
        );
    }
}

#[test]
fn refusals_name_the_format_and_what_to_do() {
    let error = read("backup.txt", b"7z\xbc\xaf\x27\x1c....").unwrap_err();
    assert_eq!(
        error,
        Error::UnsupportedFormat {
            format: Format::SevenZip
        }
    );
    assert!(
        error.to_string().starts_with(
            "7-Zip files cannot be parsed; convert it to one of: plain text, Markdown"
        )
    );
    assert_eq!(read("a.txt", b"").unwrap_err(), Error::Empty);
}

#[test]
fn the_parsing_type_is_chosen_by_wish_then_flag_then_format() {
    let flags = Options {
        is_sop: true,
        ..Options::default()
    };
    assert_eq!(
        ParsingType::choose(Some(ParsingType::Hybrid), Format::Csv, &flags),
        ParsingType::Hybrid
    );
    assert_eq!(
        ParsingType::choose(None, Format::Csv, &flags),
        ParsingType::Sop
    );
    assert_eq!(
        ParsingType::choose(None, Format::Csv, &Options::default()),
        ParsingType::Structured
    );
    assert_eq!(
        ParsingType::choose(None, Format::Markdown, &Options::default()),
        ParsingType::Sop
    );
    assert_eq!(
        ParsingType::choose(None, Format::Json, &Options::default()),
        ParsingType::Unstructured
    );
}

#[test]
fn every_format_that_is_listed_has_one_parser() {
    for (format, _) in crate::formats::PARSERS {
        assert!(format.is_parsable());
        let same = crate::formats::PARSERS
            .iter()
            .filter(|(other, _)| other == format);
        assert_eq!(same.count(), 1, "{format:?}");
    }
    assert!(!Format::Binary.is_parsable());
}

#[test]
fn a_long_paragraph_is_cut_with_its_lines() {
    let text: Vec<String> = (1..=100)
        .map(|n| format!("line number {n} of a log that goes on\n"))
        .collect();
    let text = text.concat();
    let document = read("a.txt", text.as_bytes()).unwrap();
    assert_eq!(document.blocks.len(), 1);
    let chunks = chunks(&document);
    assert_eq!(chunks[0].place.lines.unwrap().0, 1);
    for pair in chunks.windows(2) {
        assert_eq!(
            pair[0].place.lines.unwrap().1 + 1,
            pair[1].place.lines.unwrap().0
        );
    }
    assert_eq!(chunks.last().unwrap().place.lines.unwrap().1, 100);
    assert_covered(&document);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_files_give_a_document_or_an_error(
        (name, bytes) in select(FILES),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut bytes = bytes.to_vec();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(document) = read(name, &bytes) {
            assert_covered(&document);
            prop_assert!(!document.summary().is_empty());
        }
    }

    #[test]
    fn mutated_files_of_the_corpus_give_a_document_or_an_error(
        (folder, at) in (select(&["mail", "archives", "pdf"][..]), any::<Index>()),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..8),
        cut in prop::option::of(any::<Index>()),
    ) {
        let files = corpus::files(folder);
        let (name, mut bytes) = files[at.index(files.len())].clone();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let started = std::time::Instant::now();
        if let Ok(document) = read(&name, &bytes) {
            assert_covered(&document);
            for part in &document.parts {
                prop_assert_eq!(part.status == crate::PartStatus::Parsed, part.reason.is_none());
            }
        }
        prop_assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
    }

    #[test]
    fn no_parser_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 1..600)) {
        for (format, _) in crate::formats::PARSERS {
            if let Ok(document) = read_as(*format, &bytes) {
                chunks(&document);
            }
        }
    }

    #[test]
    fn no_parser_panics_on_any_markup(text in "(<[/!]?(table|td colspan=9|tr|th rowspan=9|p|ul|li|h1|pre|title|script|a href=x|main)>|[-#|>`*\\[\\]{}:,\"; \n\r\0äx1]){0,120}") {
        for (format, _) in crate::formats::PARSERS {
            if let Ok(document) = read_as(*format, text.as_bytes()) {
                assert_covered(&document);
            }
        }
    }

    #[test]
    fn cells_written_by_a_csv_writer_come_back_exactly(
        rows in (2..6_usize).prop_flat_map(|width| prop::collection::vec(prop::collection::vec("[a-z ,;\"\n\r\t|äé€0-9]{0,12}", width), 1..20)),
        delimiter in select(&[',', ';', '\t', '|'][..]),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter as u8).quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let request = Request {
            options: Options { delimiter: Some(delimiter), has_header: Some(false), encoding: Some("utf-8".to_owned()), ..Options::default() },
            ..Request::new("a.csv")
        };
        let document = parse(&request, &bytes).unwrap();
        prop_assert!(matches!(document.format, Format::Csv | Format::Tsv));
        prop_assert_eq!(&document.tables[0].rows, &rows);
        prop_assert!(document.blocks.iter().all(|block| block.kind == BlockKind::Table));
    }
}

fn read_as(format: Format, bytes: &[u8]) -> Result<Document, Error> {
    crate::fuzzing::parse_as(format.file_type(), bytes).unwrap()
}

#[test]
fn the_list_of_parsers_to_fuzz_is_complete() {
    let listed: Vec<_> = include_str!("../../../fuzz/formats.txt").lines().collect();
    let known = crate::formats::PARSERS.iter();
    let known: Vec<_> = known.map(|(format, _)| format.file_type()).collect();
    assert_eq!(listed, known);
}
