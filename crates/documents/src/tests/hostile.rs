//! Files that are made to hurt: each is refused or read with a reason, in bounded time, and none panics.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{markup, read};
use crate::{Document, Error, Format, chunks};

/// Long enough for a slow machine and an unoptimised build, short enough to catch what is not linear.
const TIME_MAX: Duration = Duration::from_secs(20);

fn timed(name: &str, bytes: &[u8]) -> Result<Document, Error> {
    let started = Instant::now();
    let result = read(name, bytes);
    assert!(
        started.elapsed() < TIME_MAX,
        "{name} took {:?}",
        started.elapsed()
    );
    result
}

fn assert_too_large(name: &str, bytes: &[u8]) {
    let result = timed(name, bytes).map(|document| document.summary());
    assert!(
        matches!(result, Err(Error::TooLarge { .. })),
        "{name}: {result:?}"
    );
}

fn codes(document: &Document) -> Vec<&str> {
    document
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect()
}

#[test]
fn entities_are_never_expanded() {
    let mut bomb = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">".to_owned();
    let mut last = "lol".to_owned();
    for level in 1..10 {
        let name = format!("lol{level}");
        write!(
            bomb,
            "<!ENTITY {name} \"{}\">",
            format!("&{last};").repeat(10)
        )
        .unwrap();
        last = name;
    }
    write!(bomb, "]><lolz>&{last};</lolz>").unwrap();
    let document = timed("a.xml", bomb.as_bytes()).unwrap();
    assert_eq!(document.text(), "&lol9;");
    assert_eq!(
        codes(&document),
        ["entities_not_expanded", "unknown_entity"]
    );
    let flood = format!(
        "<?xml version=\"1.0\"?><a>{}</a>",
        "&amp;".repeat(1_000_000)
    );
    assert_eq!(
        timed("a.xml", flood.as_bytes()).unwrap().text().len(),
        1_000_000
    );
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = 1_000_000;
    assert_too_large(
        "a.xml",
        format!("<?xml version=\"1.0\"?>{}", "<a>".repeat(deep)).as_bytes(),
    );
    assert_too_large("a.svg", format!("<svg>{}", "<g>".repeat(deep)).as_bytes());
    assert_too_large("a.json", "[".repeat(deep).as_bytes());
    assert_too_large("a.yaml", "[".repeat(deep).as_bytes());
    assert_too_large("a.yaml", "- ".repeat(deep).as_bytes());
    assert_too_large("a.yaml", "{a: ".repeat(deep).as_bytes());
    assert_too_large("a.rtf", format!("{{\\rtf1 {}", "{".repeat(deep)).as_bytes());
}

#[test]
fn width_without_end_is_read_in_linear_time() {
    let attributes: String =
        (0..100_000).fold(String::new(), |all, nth| all + &format!(" a{nth}=\"x\""));
    assert!(
        timed(
            "a.xml",
            format!("<?xml version=\"1.0\"?><a{attributes}/>").as_bytes()
        )
        .is_ok()
    );
    let children: String = (0..50_000).fold(String::new(), |all, nth| {
        all + &format!("<c{nth}><d/></c{nth}>")
    });
    assert!(
        timed(
            "a.xml",
            format!("<?xml version=\"1.0\"?><a>{children}</a>").as_bytes()
        )
        .is_ok()
    );
    // Each level is a table within a table, and each row could be one again.
    let mut nested = "<r x=\"1\"/><r x=\"2\"/>".to_owned();
    for _ in 0..12 {
        nested = format!("<r>{nested}</r><r>{nested}</r>");
    }
    assert!(
        timed(
            "a.xml",
            format!("<?xml version=\"1.0\"?><a>{nested}</a>").as_bytes()
        )
        .is_ok()
    );
    let links = format!(
        "<?xml version=\"1.0\"?><p>x{}{}{}</p>",
        "<a href='y'>".repeat(150),
        "long ".repeat(50_000),
        "</a>".repeat(150)
    );
    let size = serde_json::to_string(&timed("a.xml", links.as_bytes()).unwrap())
        .unwrap()
        .len();
    assert!(size < 1_000_000, "{size}");
}

#[test]
fn aliases_are_expanded_up_to_a_limit() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = format!("*a{}, ", level - 1).repeat(10);
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    assert_too_large("a.yaml", bomb.as_bytes());
    let mut merges = "m0: &m0 {k: v}\n".to_owned();
    for level in 1..40 {
        let above = level - 1;
        writeln!(merges, "m{level}: &m{level} {{<<: [*m{above}, *m{above}]}}").unwrap();
    }
    assert_too_large("a.yaml", merges.as_bytes());
    let key = format!(
        "k: &k {}\nm:\n{}",
        "y".repeat(100_000),
        "  ? *k\n  : 1\n".repeat(2_000)
    );
    assert_too_large("a.yaml", key.as_bytes());
    let itself = timed("a.yaml", b"a: &a [1, *a]\n").unwrap_err();
    assert!(itself.to_string().contains("part of"), "{itself}");
}

fn packed_page(bytes: u64) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(b'a'), bytes),
        &mut encoder,
    )
    .unwrap();
    BASE64.encode(&encoder.finish().unwrap())
}

#[test]
fn compressed_pages_of_a_diagram_have_a_limit() {
    let bomb = format!(
        "<mxfile><diagram>{}</diagram></mxfile>",
        packed_page(70 << 20)
    );
    assert_too_large("a.drawio", bomb.as_bytes());
    for broken in ["!!!", "AAAA"] {
        let file = format!("<mxfile><diagram>{broken}</diagram></mxfile>");
        assert!(matches!(
            timed("a.drawio", file.as_bytes()),
            Err(Error::Damaged { .. })
        ));
    }
}

fn book(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive
        .start_file(
            "mimetype",
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
        )
        .unwrap();
    archive.write_all(b"application/epub+zip").unwrap();
    for (name, content) in files {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const CONTAINER: &[u8] =
    b"<container><rootfiles><rootfile full-path='b/p.opf'/></rootfiles></container>";
const PACKAGE: &[u8] =
    b"<package><manifest><item id='a' href='../../c.xhtml' media-type='x'/></manifest>\
    <spine><itemref idref='a'/></spine></package>";

#[test]
fn books_that_lie_are_refused() {
    let good = book(&[
        ("META-INF/container.xml", CONTAINER),
        ("b/p.opf", PACKAGE),
        ("c.xhtml", b"<p>Hello</p>"),
    ]);
    let document = timed("a.epub", &good).unwrap();
    assert_eq!(
        (document.format, document.text()),
        (Format::Epub, "Hello".to_owned())
    );
    let zeros = vec![b' '; 40 << 20];
    let bomb = book(&[
        ("META-INF/container.xml", CONTAINER),
        ("b/p.opf", PACKAGE),
        ("c.xhtml", &zeros),
    ]);
    assert!(bomb.len() < 100_000);
    let refusal = timed("a.epub", &bomb).unwrap_err().to_string();
    assert!(refusal.contains("archive bomb"), "{refusal}");
    let error = timed("a.epub", &book(&[])).unwrap_err();
    assert!(
        error.to_string().contains("META-INF/container.xml"),
        "{error}"
    );
    let missing = book(&[("META-INF/container.xml", CONTAINER), ("b/p.opf", PACKAGE)]);
    assert_eq!(
        codes(&timed("a.epub", &missing).unwrap()),
        ["missing_chapter"]
    );
    let locked =
        br#"<encryption><CipherData><CipherReference URI="c.xhtml"/></CipherData></encryption>"#;
    let locked = book(&[
        ("META-INF/container.xml", CONTAINER),
        ("META-INF/encryption.xml", locked),
    ]);
    assert!(matches!(
        timed("a.epub", &locked),
        Err(Error::Encrypted { .. })
    ));
}

#[test]
fn a_rich_text_that_lies_about_lengths_ends() {
    for tail in [
        "\\bin2147483647 x",
        "\\bin-5 x",
        "\\uc65535\\u-1",
        "\\u",
        "\\'",
        "\\'z",
        "\\",
        "\\uc16\\u99999999999 abc}",
        "\\cell\\row\\par",
    ] {
        let file = format!("{{\\rtf1 before {tail}");
        let document = timed("a.rtf", file.as_bytes()).unwrap();
        assert!(
            document.text().contains("before"),
            "{tail}: {}",
            document.text()
        );
        assert!(
            tail.ends_with('}') || codes(&document).contains(&"truncated"),
            "{tail}"
        );
    }
    let cells = format!(
        "{{\\rtf1\\trowd {}\\row\\pard x\\par}}",
        "y\\cell ".repeat(300_000)
    );
    assert!(timed("a.rtf", cells.as_bytes()).is_ok());
}

#[test]
fn images_that_lie_about_their_size_cost_nothing() {
    let mut png =
        b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0...."
            .to_vec();
    let document = timed("a.png", &png).unwrap();
    assert_eq!(
        codes(&document),
        ["implausible_dimensions", "truncated", "text_in_pictures"]
    );
    png.extend_from_slice(b"\xff\xff\xff\xffIDAT");
    assert!(timed("a.png", &png).is_ok());
    png[16..24].fill(0);
    assert!(matches!(timed("a.png", &png), Err(Error::Damaged { .. })));
    // A directory that follows itself, and one that claims 65,535 entries.
    assert!(
        timed(
            "a.tiff",
            b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x05\0\0\0\x08\0\0\0"
        )
        .is_err()
    );
    assert!(timed("a.tiff", b"MM\0*\0\0\0\x08\xff\xff").is_err());
    let gif = [&b"GIF89a\xff\xff\xff\xff\0\0\0"[..], &[0x2c; 3]].concat();
    assert!(codes(&timed("a.gif", &gif).unwrap()).contains(&"truncated"));
}

#[test]
fn what_is_long_is_not_repeated_for_all_that_belongs_to_it() {
    let long = "n".repeat(100_000);
    let leaves = "<c><d>x</d></c><e/>".repeat(1_000);
    let edges = "<mxCell id='e' edge='1' source='a' target='a'/>".repeat(1_000);
    let tasks = "<task id='t' name='x'/><sequenceFlow sourceRef='t' targetRef='l'/>".repeat(1_000);
    let rows = format!("- &a {long}\n{}", "- {k: 1}\n- [2]\n".repeat(1_000));
    for (name, file) in [
        (
            "a.xml",
            format!("<?xml version='1.0'?><a><{long}><b>{leaves}</b></{long}></a>"),
        ),
        (
            "a.drawio",
            format!(
                "<mxGraphModel><root><mxCell id='a' vertex='1' value='{long}'/>{edges}</root></mxGraphModel>"
            ),
        ),
        (
            "b.drawio",
            format!(
                "<mxfile><diagram name='{long}'><mxGraphModel>{}</mxGraphModel></diagram></mxfile>",
                "<mxCell id='a' vertex='1' value='v'/>".repeat(1_000)
            ),
        ),
        (
            "a.bpmn",
            format!(
                "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'><process name='{long}'>\
            <lane name='{long}'><flowNodeRef>t</flowNodeRef></lane><task id='l' name='{long}'/>{tasks}</process></definitions>"
            ),
        ),
        ("a.yaml", rows),
    ] {
        let document = timed(name, file.as_bytes()).unwrap();
        let size = serde_json::to_string(&(chunks(&document), &document))
            .unwrap()
            .len();
        assert!(
            size < 40 * file.len(),
            "{name}: {} bytes became {size}",
            file.len()
        );
    }
}

#[test]
fn broken_markup_says_where() {
    for (name, bytes, place) in [
        ("a.xml", "<?xml version=\"1.0\"?>\n<a>\n<b></a>", "line 3"),
        (
            "a.xml",
            "<?xml version=\"1.0\"?>\n<a>\n<b>",
            "`b` of line 3",
        ),
        ("a.xml", "<?xml version=\"1.0\"?>\n<a/>\n<b/>", "line 3"),
        ("a.yaml", "a: 1\nb: [1, 2\nc: 3\n", "line"),
        ("a.yaml", "a: *nothing\n", "line 1"),
    ] {
        let error = timed(name, bytes.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(place), "{bytes:?}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_damage_to_the_corpus_panics(file in any::<prop::sample::Index>(), end in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8), cut in any::<bool>()) {
        let files = markup::files();
        let (name, bytes, _) = file.get(&files);
        let mut bytes = bytes.clone();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(document) = timed(name, &bytes) {
            chunks(&document);
        }
    }

    #[test]
    fn no_text_that_looks_like_yaml_or_rich_text_panics(yaml in "[-?:,\\[\\]{}&*!|>'\"%#a-c0-1 \t\n<]{0,200}",
        rtf in "(\\\\(par|u|uc|cell|row|trowd|intbl|pard|s1|'e4|\\*|~|bin|footnote|info|title)[0-9]{0,2} ?|[{}a é\n]){0,60}") {
        let _ = read("a.yaml", yaml.as_bytes());
        let _ = read("a.rtf", format!("{{\\rtf1{rtf}").as_bytes());
    }
}

/// Fuzzing found it: the library that reads old workbooks panics on it.
#[test]
fn a_workbook_whose_record_is_cut_is_refused() {
    let bytes = include_bytes!("samples/cut-record.xls");
    let refusal = timed("cut-record.xls", bytes).unwrap_err().to_string();
    assert!(refusal.contains("damaged"), "{refusal}");
}
