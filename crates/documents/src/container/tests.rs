//! Bombs, lies and loops: each costs no more than the limits, and the rest of the file is read.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(name: &str, bytes: &[u8]) -> Document {
    crate::parse(&Request::new(name), bytes).unwrap()
}

fn refusal(name: &str, bytes: &[u8]) -> String {
    let error = crate::parse(&Request::new(name), bytes).unwrap_err();
    assert_eq!(error.code(), "nothing_read");
    error.to_string()
}

/// Read with limits that a test can reach.
fn read_within(limits: Limits, name: &str, bytes: &[u8]) -> Document {
    let request = Request::new(name);
    let mut budget = Budget {
        limits,
        ..Budget::default()
    };
    crate::read(bytes, &mut Parts::new(&request, &mut budget)).unwrap()
}

fn reasons(document: &Document) -> Vec<(String, PartStatus, String)> {
    let parts = document.parts.iter();
    parts
        .map(|part| {
            (
                part.path.join(" > "),
                part.status,
                part.reason.clone().unwrap_or_default(),
            )
        })
        .collect()
}

#[test]
fn a_flat_bomb_is_named_and_its_neighbours_are_read() {
    let zeros = vec![0; 40 << 20];
    let started = Instant::now();
    let document = read(
        "a.zip",
        &zipped(&[
            ("before.txt", b"one"),
            ("bomb.txt", &zeros),
            ("after.txt", b"two"),
        ]),
    );
    let reasons = reasons(&document);
    assert_eq!(reasons[1].2, "it unpacks to more than 250 times its size");
    assert_eq!(document.text(), "before.txt\n\none\n\nafter.txt\n\ntwo");
    let refusal = refusal("zeros.gz", &gzipped(&zeros));
    assert!(refusal.contains("binary files"), "{refusal}");
    assert!(
        started.elapsed() < Duration::from_mins(1),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn nested_bombs_share_one_budget() {
    let limits = Limits {
        total_bytes: 3 << 20,
        ..Limits::default()
    };
    let text = "some text that is repeated and packs well\n".repeat(12_000);
    let inner = zipped(&[("a.txt", text.as_bytes()), ("b.txt", text.as_bytes())]);
    let entries: Vec<(String, &[u8])> = (0..20)
        .map(|n| (format!("{n}.zip"), inner.as_slice()))
        .collect();
    let entries: Vec<(&str, &[u8])> = entries
        .iter()
        .map(|(name, bytes)| (name.as_str(), *bytes))
        .collect();
    let document = read_within(limits, "outer.zip", &zipped(&entries));
    let parsed = document
        .parts
        .iter()
        .filter(|part| part.path.len() == 2 && part.status == PartStatus::Parsed);
    assert!(
        (4..=6).contains(&parsed.count()),
        "{:?}",
        reasons(&document)
    );
    assert_eq!(
        document.parts.last().unwrap().reason.as_deref(),
        Some("the limit of 3 MiB of unpacked content was reached")
    );
}

#[test]
fn what_is_nested_too_deep_is_named() {
    let mut bytes = b"the heart".to_vec();
    let mut name = "heart.txt".to_owned();
    for level in 0..12 {
        bytes = zipped(&[(&name, &bytes)]);
        name = format!("{level}.zip");
    }
    let beside = zipped(&[("beside.txt", b"found"), (&name, &bytes)]);
    let document = read("onion.zip", &beside);
    assert_eq!(document.parts.len(), 8);
    let last = document.parts.last().unwrap();
    assert_eq!((last.path.len(), last.status), (7, PartStatus::Skipped));
    let reason = "it stands deeper than 6 files within each other";
    assert_eq!(last.reason.as_deref(), Some(reason));
    // With nothing beside it, nothing is read.
    let refusal = refusal("onion.zip", &bytes);
    assert!(refusal.contains("`10.zip/9.zip/"), "{refusal}");
    assert!(refusal.contains(reason), "{refusal}");
}

#[test]
fn an_archive_that_holds_itself_comes_to_an_end() {
    // A gzip that unpacks to a zip that holds the gzip, and so on: as good as a quine to the reader.
    let mut bytes = b"x".to_vec();
    for _ in 0..30 {
        bytes = gzipped(&zipped(&[("same.gz", &bytes), ("same.gz.", &bytes)]));
    }
    let beside = zipped(&[("beside.txt", b"found"), ("same.gz", &bytes)]);
    let document = read("same.zip", &beside);
    assert!(document.parts.iter().all(|part| part.path.len() <= 7));
    assert!(document.parts.len() < 100);
    assert!(refusal("same.gz", &bytes).contains("deeper than 6 files"));
}

#[test]
fn a_size_that_lies_is_found_out() {
    let text = "line of text\n".repeat(2_000);
    let mut bytes = zipped(&[("lie.txt", text.as_bytes())]);
    let directory = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    // Too small, in the directory and in the header: more comes out than is declared.
    bytes[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
    bytes[22..26].copy_from_slice(&10_u32.to_le_bytes());
    let refused = refusal("a.zip", &bytes);
    assert!(refused.contains("`lie.txt`: it is damaged"), "{refused}");
    // Too large: nothing is reserved for it.
    bytes[directory + 24..directory + 28].copy_from_slice(&0xf000_0000_u32.to_le_bytes());
    let refused = refusal("a.zip", &bytes);
    assert!(refused.contains("more than 64 MiB; send it alone"));
}

#[test]
fn more_parts_than_are_listed_are_counted() {
    let limits = Limits {
        parts: 5,
        ..Limits::default()
    };
    let names: Vec<String> = (0..12).map(|n| format!("{n}.txt")).collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &b"text"[..]))
        .collect();
    let document = read_within(limits, "a.zip", &zipped(&entries));
    assert_eq!(document.parts.len(), 5);
    let warning = document.warnings.last().unwrap();
    assert_eq!(warning.code, "parts_left_out");
    assert!(
        warning.message.starts_with("7 more files"),
        "{}",
        warning.message
    );
}

#[test]
fn more_text_than_can_be_kept_is_left_out_part_by_part() {
    let limits = Limits {
        kept_bytes: 100_000,
        ..Limits::default()
    };
    let text = "a paragraph of plain text\n\n".repeat(200);
    let names: Vec<String> = (0..12).map(|n| format!("{n}.txt")).collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), text.as_bytes()))
        .collect();
    let document = read_within(limits, "a.zip", &zipped(&entries));
    let parsed = document
        .parts
        .iter()
        .filter(|part| part.status == PartStatus::Parsed)
        .count();
    assert!((1..4).contains(&parsed), "{parsed}");
    assert_eq!(document.parts.len(), 12);
    assert!(serde_json::to_string(&document).unwrap().len() < 200_000);
}

#[test]
fn a_damaged_part_fails_alone_and_says_why() {
    let document = read(
        "a.zip",
        &zipped(&[("broken.json", b"{\"a\": }"), ("fine.json", b"{\"a\": 1}")]),
    );
    let reasons = reasons(&document);
    assert_eq!(
        (reasons[0].1, reasons[1].1),
        (PartStatus::Failed, PartStatus::Parsed)
    );
    assert!(reasons[0].2.contains("expected value"), "{}", reasons[0].2);
    let warning = &document.warnings[0];
    assert_eq!(
        (warning.code.as_str(), &warning.place.part),
        ("part_failed", &vec!["broken.json".to_owned()])
    );
}

#[test]
fn chunks_know_the_part_and_never_reach_across_two() {
    let document = read(
        "a.zip",
        &zipped(&[
            ("a.txt", b"one"),
            ("b.csv", b"x,y\n1,2\n"),
            ("c.txt", b"three"),
        ]),
    );
    let chunks = crate::chunks(&document);
    let places: Vec<_> = chunks
        .iter()
        .map(|chunk| chunk.place.part.join("/"))
        .collect();
    assert_eq!(places, ["a.txt", "b.csv", "c.txt"]);
    assert_eq!(chunks[1].place.rows, Some((1, 1)));
    assert_eq!(chunks[1].heading, "b.csv");
}

#[test]
fn a_message_in_a_message_in_a_message_without_end_is_refused() {
    let mail = "Content-Type: message/rfc822\n\n".repeat(100_000);
    let error = crate::parse(&Request::new("a.eml"), mail.as_bytes()).unwrap_err();
    assert_eq!(error.code(), "too_large");
    let mail = format!(
        "From: a@b.example\nMIME-Version: 1.0\n{}",
        "Content-Type: message/rfc822\n\n".repeat(400)
    );
    assert!(crate::parse(&Request::new("a.eml"), mail.as_bytes()).is_ok());
    let parts: Vec<String> = (0..20_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
        .collect();
    let multipart = parts.concat();
    let started = Instant::now();
    let _ = crate::parse(&Request::new("a.eml"), multipart.as_bytes());
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn endless_names_and_headers_of_tar_are_bounded() {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(40 << 20);
    header.set_cksum();
    builder
        .append(&header, std::io::repeat(b'n').take(40 << 20))
        .unwrap();
    let bytes = builder.into_inner().unwrap().finish().unwrap();
    assert!(bytes.len() < 4 << 20);
    let limits = Limits {
        total_bytes: 1 << 20,
        ..Limits::default()
    };
    let request = Request::new("a.tar.gz");
    let mut budget = Budget {
        limits,
        ..Budget::default()
    };
    let outcome = crate::read(&bytes, &mut Parts::new(&request, &mut budget));
    assert!(outcome.is_err() || outcome.unwrap().parts.is_empty());
}
