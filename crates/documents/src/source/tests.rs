//! A text is the same however its bytes come, and a stream gives what the whole bytes give.

use std::io::{self, Read};

use proptest::prelude::*;

use super::{Line, Text};
use crate::{Error, Options, Request, parse, parse_stream};

/// Hands out no more than the next of these counts at a time, over and over.
struct Dripping<'a> {
    rest: &'a [u8],
    counts: Vec<usize>,
    turn: usize,
}

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.counts[self.turn % self.counts.len()].max(1);
        self.turn += 1;
        let count = count.min(buffer.len());
        self.rest.read(&mut buffer[..count])
    }
}

fn dripping(bytes: &[u8], counts: Vec<usize>) -> Dripping<'_> {
    Dripping {
        rest: bytes,
        counts,
        turn: 0,
    }
}

fn decoded(bytes: &[u8], counts: Vec<usize>) -> (String, crate::Document) {
    let mut input = dripping(bytes, counts);
    let mut text = Text::open(&mut input, &Options::default()).unwrap();
    let mut whole = Vec::new();
    text.read_to_end(&mut whole).unwrap();
    let mut document = crate::parse(&Request::new("a.txt"), b"x").unwrap();
    text.report(&mut document);
    (String::from_utf8(whole).unwrap(), document)
}

#[test]
fn the_encoding_is_found_wherever_the_first_odd_byte_stands() {
    for lead in [0, 1, 100_000, 700_000] {
        let ascii = "a word and more\n".repeat(lead / 16 + 1);
        let mut latin = ascii.clone().into_bytes();
        latin.extend_from_slice(b"Stra\xdfe und Gr\xfc\xdfe, sch\xf6n\n");
        let (text, document) = decoded(&latin, vec![1000]);
        assert!(text.ends_with("Straße und Grüße, schön\n"), "{lead}");
        assert_eq!(document.encoding.as_deref(), Some("windows-1252"));
        let utf8 = format!("{ascii}Straße und Grüße, schön\n");
        let (text, document) = decoded(utf8.as_bytes(), vec![1000]);
        assert_eq!(text, utf8);
        assert_eq!(document.encoding.as_deref(), Some("UTF-8"));
        let wide: Vec<u8> = utf8.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (text, document) = decoded(&wide, vec![1000]);
        assert_eq!(text, utf8);
        assert_eq!(document.encoding.as_deref(), Some("UTF-16LE"));
    }
}

#[test]
fn a_character_cut_off_at_the_end_is_damage() {
    let bytes = "schön und grün, größer für Öl, ganz groß".as_bytes();
    let (text, document) = decoded(&bytes[..bytes.len() - 1], vec![7]);
    assert_eq!(text, "schön und grün, größer für Öl, ganz gro\u{fffd}");
    assert_eq!(document.warnings[0].code, "undecodable_bytes");
}

#[test]
fn a_line_beyond_the_limit_is_cut_between_characters() {
    let bytes = "ab\nöööö\nc".as_bytes();
    let mut input = bytes;
    let mut text = Text::open(&mut input, &Options::default()).unwrap();
    let mut line = Vec::new();
    assert_eq!(text.line(&mut line, 5), Line::Whole);
    assert_eq!(line, b"ab\n");
    assert_eq!(text.line(&mut line, 5), Line::Cut);
    assert_eq!(line, "öö".as_bytes());
    assert_eq!(text.count_lines(), 1);
    assert_eq!(text.line(&mut line, 5), Line::None);
}

#[test]
fn an_input_that_fails_is_no_document() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
    for name in ["a.csv", "a.pdf"] {
        let mut input = b"a,b\n1,2\n".chain(Failing);
        let failure = parse_stream(&Request::new(name), &mut input, None).unwrap_err();
        assert_eq!(failure.kind(), io::ErrorKind::UnexpectedEof);
    }
}

#[test]
fn what_nothing_reads_is_refused_from_its_beginning() {
    let mut zeros = io::repeat(0).take(2 << 30);
    let refused = parse_stream(&Request::new("a.csv"), &mut zeros, Some(2 << 30)).unwrap();
    assert!(matches!(refused, Err(Error::UnsupportedFormat { .. })));
    assert!(zeros.limit() > (2 << 30) - (1 << 20), "{}", zeros.limit());
}

#[test]
fn a_format_read_as_a_whole_has_a_limit_that_is_told_before_it_is_read() {
    let size = crate::WHOLE_BYTES_MAX + 1;
    let mut input = b"%PDF-1.7\n".chain(io::repeat(b'x')).take(size);
    let refused = parse_stream(&Request::new("a.pdf"), &mut input, Some(size)).unwrap();
    assert!(
        matches!(refused, Err(Error::TooLarge { limit, .. }) if limit == crate::WHOLE_BYTES_MAX)
    );
}

#[test]
fn a_text_longer_than_what_is_kept_is_counted_to_its_end() {
    let line = "a line of a log that goes on and on, as logs do\n";
    let count = 3 * crate::document::KEPT_BYTES_MAX / line.len();
    let mut input = io::Cursor::new(line.repeat(count));
    let document = parse_stream(&Request::new("a.log"), &mut input, None)
        .unwrap()
        .unwrap();
    assert_eq!(document.metadata["lines"], count);
    assert_eq!(document.warnings[0].code, "text_left_out");
    let size = serde_json::to_vec(&document).unwrap().len() as u64;
    assert!(size < crate::DOCUMENT_BYTES_MAX, "{size}");
}

#[test]
fn rows_beyond_what_is_kept_are_counted_and_typed() {
    let row = format!("{},1\n", "x".repeat(4000));
    let count = 2 * crate::document::KEPT_BYTES_MAX / row.len();
    let bytes = format!("name,number\n{}{},no number\n", row.repeat(count), "y");
    let document = parse(&Request::new("a.csv"), bytes.as_bytes()).unwrap();
    let table = &document.tables[0];
    assert_eq!(table.row_count, count as u64 + 1);
    assert!(table.rows.len() > 1000 && table.rows.len() < count);
    assert_eq!(table.columns[1].kind, crate::ColumnKind::Text);
    assert_eq!(document.warnings[0].code, "rows_left_out");
}

#[test]
fn a_quote_that_is_never_closed_is_refused_in_bounded_memory() {
    let mut input = b"a,b\n1,\"".chain(io::repeat(b'x').take(1 << 30));
    let refused = parse_stream(&Request::new("a.csv"), &mut input, None).unwrap();
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("a quote is not closed")
    );
}

fn same_either_way(name: &str, bytes: &[u8], counts: Vec<usize>, options: Options) {
    let request = Request {
        options,
        ..Request::new(name)
    };
    let whole = parse(&request, bytes);
    let streamed = parse_stream(&request, &mut dripping(bytes, counts), None).unwrap();
    assert_eq!(streamed, whole, "{name}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_stream_gives_what_the_whole_bytes_give(
        name in prop::sample::select(vec!["a.csv", "a.tsv", "a.jsonl", "a.txt", "a", "a.md", "a.json"]),
        lines in prop::collection::vec("[a-zäß1-9,;\t\"{}:\\[\\]\r\u{1}=-]{0,40}", 0..40),
        latin: bool,
        counts in prop::collection::vec(1_usize..200, 1..5),
        rows_max in 0_u64..20,
    ) {
        let text = lines.join("\n");
        let bytes = if latin {
            encoding_rs::WINDOWS_1252.encode(&text).0.into_owned()
        } else {
            text.into_bytes()
        };
        let options = Options { rows_max, ..Options::default() };
        same_either_way(name, &bytes, counts, options);
    }

    #[test]
    fn any_bytes_give_the_same_either_way(
        name in prop::sample::select(vec!["a.csv", "a.jsonl", "a.txt", "a"]),
        head in prop::sample::select(vec![&b""[..], b"PK", b"PK\x03\x04", b"\xff\xfe", b"{\"a\":1}\n", b"a,b\n"]),
        bytes: Vec<u8>,
        repeat in 1_usize..2000,
        counts in prop::collection::vec(1_usize..70_000, 1..5),
    ) {
        let mut all = head.to_vec();
        all.extend(bytes.repeat(repeat));
        same_either_way(name, &all, counts, Options::default());
    }
}
