//! What is recognised as what.

use proptest::prelude::*;

use super::sniff;
use crate::Format;

fn check(bytes: &[u8], name: &str, format: Format) {
    assert_eq!(
        sniff(bytes, name).format,
        format,
        "{name}: {:?}",
        String::from_utf8_lossy(bytes)
    );
}

#[test]
fn content_decides_over_a_lying_name() {
    check(b"%PDF-1.4\n1 0 obj\n", "notes.txt", Format::Pdf);
    check(
        b"Dear all, the meeting is moved.\n",
        "scan.pdf",
        Format::Text,
    );
    check(b"\x89PNG\r\n\x1a\n\0\0", "a.csv", Format::Png);
    check(b"{\"a\": 1}", "a.csv", Format::Json);
    check(b"<!DOCTYPE html><p>x", "a.txt", Format::Html);
}

#[test]
fn the_name_breaks_ties() {
    check(b"a,b\n1,2\n", "a.txt", Format::Text);
    check(b"a,b\n1,2\n", "a.csv", Format::Csv);
    check(b"a\tb\n1\t2\n", "a.csv", Format::Tsv);
    check(b"- one\n- two\n", "a.md", Format::Markdown);
    check(b"- one\n- two\n", "a.txt", Format::Text);
    check(b"{\"a\":1}\n", "a.jsonl", Format::Jsonl);
    check(b"a: 1\n", "a.yaml", Format::Yaml);
}

#[test]
fn content_alone_is_enough_when_it_is_clear() {
    check(
        b"id;name;price\n1;bolt;2\n2;nut;3\n3;pin;4\n",
        "",
        Format::Csv,
    );
    check(b"# Title\n\nSee [this](x).\n", "", Format::Markdown);
    check(b"{\"a\":1}\n{\"a\":2}\n", "export.txt", Format::Jsonl);
    check(b"{\"a\":1}\nbroken\n{\"a\":2}\n", "", Format::Jsonl);
    check(b"<?xml version='1.0'?><a/>", "", Format::Xml);
    check(b"<?xml version='1.0'?><mxfile/>", "", Format::Drawio);
    check(b"BEGIN:VCALENDAR\r\n", "", Format::Calendar);
    check(
        b"Received: x\r\nMessage-ID: <y>\r\nSubject: z\r\n\r\nhello",
        "",
        Format::Email,
    );
}

#[test]
fn markup_is_told_apart_by_its_outermost_element() {
    check(b"<catalog><book id='1'/></catalog>", "", Format::Xml);
    check(b"<catalog><book id='1'></catalog>", "a.xml", Format::Xml);
    check(
        b"<!DOCTYPE note [<!ENTITY a \"b\">]>\n<note/>",
        "",
        Format::Xml,
    );
    check(
        b"<?xml version='1.0'?><!-- <html> --><feed xmlns='x'><p>&lt;html&gt;</p></feed>",
        "a.html",
        Format::Xml,
    );
    check(
        b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>",
        "a.xml",
        Format::Html,
    );
    check(
        b"<!-- drawn by hand -->\n<svg width='1'/>",
        "a.txt",
        Format::Svg,
    );
    check(
        b"<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'a' 'b'><svg/>",
        "",
        Format::Svg,
    );
    check(
        b"<bpmn:definitions xmlns:bpmn='http://www.omg.org/spec/BPMN/20100524/MODEL'/>",
        "a.xml",
        Format::Bpmn,
    );
    check(
        b"<definitions xmlns='http://www.omg.org/spec/DMN/20180521/MODEL/'/>",
        "a.xml",
        Format::Xml,
    );
    check(
        b"<mxGraphModel><root/></mxGraphModel>",
        "a.xml",
        Format::Drawio,
    );
    check(b"<p>one<br>two", "", Format::Html);
    check(b"<john@example.com> wrote:\nhello\n", "", Format::Text);
    check(b"<3 this, and that > the other\n", "", Format::Text);
}

#[test]
fn yaml_without_a_name_opens_as_a_stream() {
    check(
        b"---\nkind: Service\nports:\n- 80\n- 443\n",
        "",
        Format::Yaml,
    );
    check(b"%YAML 1.2\n---\na: 1\n", "a.txt", Format::Yaml);
    check(
        b"---\ntitle: A post\n---\n\n# Heading\n\nSome [words](x).\n",
        "",
        Format::Markdown,
    );
    check(b"Name: Ada\nCity: London\n", "", Format::Text);
    check(
        b"---\nSigned by both parties on the day above.\n",
        "",
        Format::Text,
    );
}

#[test]
fn wide_text_in_other_scripts_is_text() {
    for (text, name) in [
        ("Договор поставки оборудования\n", "a.txt"),
        ("Η σύμβαση υπογράφηκε\n", ""),
    ] {
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        check(&little, name, Format::Text);
        check(&big, name, Format::Text);
    }
}

#[test]
fn prose_is_not_taken_for_data() {
    check(
        b"One, two\nthree, four\nfive, six\nseven, eight\n",
        "",
        Format::Text,
    );
    check(b"[1] A footnote about %PDF-1.7 files.\n", "", Format::Text);
    check(b"[TODO] call back\n", "", Format::Text);
    check(
        b"#!/bin/sh\n# a comment\n# another\nls | wc\n",
        "run.sh",
        Format::Text,
    );
}

#[test]
fn archives_are_told_apart_by_what_they_hold() {
    check(
        b"PK\x03\x04..[Content_Types].xml..word/document.xml",
        "a.zip",
        Format::Docx,
    );
    check(
        b"PK\x03\x04..[Content_Types].xml..xl/workbook.xml",
        "a.zip",
        Format::Xlsx,
    );
    check(b"PK\x03\x04..photo.jpg", "a.docx", Format::Zip);
    check(
        b"PK\x03\x04..META-INF/container.xml..OEBPS/content.opf",
        "a.zip",
        Format::Epub,
    );
    // A document that is stored within an archive does not make the archive one.
    let header = |name: &str, size: u32| {
        let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        bytes.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        bytes.extend([u8::try_from(name.len()).unwrap(), 0, 0, 0]);
        bytes.extend(name.as_bytes());
        bytes
    };
    let inner = [
        header("[Content_Types].xml", 0),
        header("word/document.xml", 0),
    ]
    .concat();
    check(&inner, "a.zip", Format::Docx);
    let outer = [
        header("letter.bin", u32::try_from(inner.len()).unwrap()),
        inner,
    ]
    .concat();
    check(&outer, "a.zip", Format::Zip);
}

#[test]
fn utf16_is_text_and_noise_is_not() {
    let wide: Vec<u8> = "plain words\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    check(&wide, "", Format::Text);
    check(&[0; 512], "a.txt", Format::Binary);
    check(&[1, 2, 3, 4, 0, 0, 7, 8], "a.csv", Format::Binary);
}

proptest! {
    #[test]
    fn no_bytes_and_no_name_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), name in ".{0,20}") {
        let detected = sniff(&bytes, &name);
        prop_assert_eq!(detected.file_type, detected.format.file_type());
    }

    #[test]
    fn no_text_panics(text in "[-<{\\[#|,;:\"a-c0-1 \t\nä!*]{0,400}", name in "x\\.(csv|md|txt|html|json|jsonl|eml|)") {
        sniff(text.as_bytes(), &name);
    }
}
