//! Files that are made to hurt, each in a few lines: nothing of them is kept in the repository.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What must become of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// The execution fails, and this is part of the reason.
    Fails(&'static str),
    /// It completes, with a warning of what was left out.
    Warns,
    /// Either: a parser may save what it can.
    FailsOrReads,
}

pub(super) struct Sample {
    /// What is sent as its file name.
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) outcome: Outcome,
}

/// All of them; the largest is a few megabytes.
pub(super) fn all() -> Vec<Sample> {
    use Outcome::{Fails, FailsOrReads, Warns};

    let flat = zip(&[("zeros.txt", &vec![b'0'; 200 << 20])]);
    let mut nested = flat.clone();
    for _ in 0..12 {
        nested = zip(&[("inner.zip", &nested)]);
    }
    let many = zip(&[("inner.zip", &flat[..]); 40]);
    let sample = |name, bytes: Vec<u8>, outcome| Sample {
        name,
        bytes,
        outcome,
    };
    vec![
        sample("flat.zip", flat, Fails("no file in the archive")),
        sample("nested.zip", nested, Fails("no file in the archive")),
        sample("many.zip", many, Fails("no file in the archive")),
        sample("liar.zip", lying_zip(), Fails("no file in the archive")),
        sample("paths.zip", odd_names(), Warns),
        sample("bomb.docx", bomb_in_docx(), Fails("archive bomb")),
        sample("lol.xml", entities().into_bytes(), Warns),
        sample(
            "deep.xml",
            b"<?xml version=\"1.0\"?>"
                .iter()
                .copied()
                .chain(b"<a>".repeat(500_000))
                .collect(),
            Fails("limit"),
        ),
        sample("deep.json", b"[".repeat(2_000_000), Fails("limit")),
        sample(
            "wide.csv",
            b"1,".repeat(1_000_000),
            Fails("columns in a row"),
        ),
        sample(
            "open.csv",
            [&b"a,b\n1,\""[..], &b"x".repeat(20 << 20)].concat(),
            Fails("quote is not closed"),
        ),
        sample(
            "loop.pdf",
            looping_pdf().into_bytes(),
            Fails("its pages hold each other"),
        ),
        sample(
            "cut.pdf",
            looping_pdf().into_bytes()[..120].to_vec(),
            Fails("its pages hold each other"),
        ),
        sample(
            "both.pdf",
            [
                looping_pdf().into_bytes(),
                zip(&[("a.txt", b"in the archive")]),
            ]
            .concat(),
            FailsOrReads,
        ),
        sample(
            "both.gif",
            [
                b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(),
                zip(&[("a.txt", b"in the archive")]),
            ]
            .concat(),
            FailsOrReads,
        ),
        sample("zeros.csv", vec![0; 4 << 20], Fails("cannot be parsed")),
    ]
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (number, (name, bytes)) in entries.iter().enumerate() {
        let name = if entries.len() > 1 {
            format!("{number}-{name}")
        } else {
            (*name).to_owned()
        };
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An archive whose lists say that ten million bytes are a thousand.
fn lying_zip() -> Vec<u8> {
    let length = 10_000_000_u32;
    let mut bytes = zip(&[("small.txt", &vec![b'a'; length as usize])]);
    let truth = length.to_le_bytes();
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == truth {
            bytes[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
        }
    }
    bytes
}

/// Entries that would stand outside of the folder they are unpacked to.
fn odd_names() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in [
        "../../../../etc/cron.d/evil",
        "/etc/passwd",
        "C:\\Windows\\evil.txt",
        "a\u{0}b\u{1b}[31m\u{202e}txt.exe",
    ] {
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(b"some words").unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn bomb_in_docx() -> Vec<u8> {
    let types = br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#;
    let mut text = br#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>"#.to_vec();
    text.extend(b" ".repeat(300 << 20));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [
        ("[Content_Types].xml", &types[..]),
        ("word/document.xml", &text[..]),
    ] {
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Ten entities, each ten times the one before.
fn entities() -> String {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY l0 \"lol\">".to_owned();
    for level in 1..10 {
        let above = format!("&l{};", level - 1).repeat(10);
        write!(text, "<!ENTITY l{level} \"{above}\">").unwrap();
    }
    text + "]><l>&l9;</l>"
}

/// A tree of pages that holds itself, below a table of contents that follows itself.
fn looping_pdf() -> String {
    let mut text = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for object in [
        "1 0 obj\n<< /Type /Catalog /Pages 2 0 R /Outlines 3 0 R >>\nendobj\n",
        "2 0 obj\n<< /Type /Pages /Kids [2 0 R 2 0 R 2 0 R] /Count 1000000 /Parent 2 0 R >>\nendobj\n",
        "3 0 obj\n<< /First 3 0 R /Next 3 0 R /Title (loop) >>\nendobj\n",
    ] {
        places.push(text.len());
        text.push_str(object);
    }
    let start = text.len();
    text.push_str("xref\n0 4\n0000000000 65535 f \n");
    for place in places {
        writeln!(text, "{place:010} 00000 n ").unwrap();
    }
    let prev = format!("/Size 4 /Root 1 0 R /Prev {start}");
    writeln!(text, "trailer\n<< {prev} >>\nstartxref\n{start}\n%%EOF").unwrap();
    text
}
