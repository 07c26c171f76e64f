//! What mail gives that the corpus does not show.

use crate::{BlockKind, Request, parse};

#[test]
fn a_note_to_open_the_html_gives_way_to_the_html() {
    let words = "real words that matter ".repeat(20);
    let mail = format!(
        "From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n\nOpen in a browser.\n--x\nContent-Type: text/html\n\n<p>{words}</p>\n--x--\n"
    );
    let document = parse(&Request::new("a.eml"), mail.as_bytes()).unwrap();
    assert!(document.text().contains("real words that matter real"));
    assert!(!document.text().contains("Open in a browser"));
    assert!(document.parts.is_empty());
}

#[test]
fn encrypted_messages_are_named_as_such() {
    let mail = b"From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/encrypted; boundary=x; protocol=\"application/pgp-encrypted\"\n\n--x\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--x\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\nabc\n-----END PGP MESSAGE-----\n--x--\n";
    let document = parse(&Request::new("a.eml"), mail).unwrap();
    assert_eq!(document.parts.len(), 2);
    assert!(
        document
            .parts
            .iter()
            .all(|part| part.reason.as_deref() == Some("it is encrypted"))
    );
}

#[test]
fn an_address_list_in_groups_and_odd_addresses_are_listed() {
    let mail = b"From: \"M\xc3\xbcller, Anna\" <anna@b.example>\nTo: Team: one@b.example, Two <two@b.example>;, three@b.example\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\n =?utf-8?q?_zwei?=\n\nText\n";
    let document = parse(&Request::new("a.eml"), mail).unwrap();
    assert_eq!(
        document.metadata["from"],
        "M\u{fc}ller, Anna <anna@b.example>"
    );
    assert_eq!(
        document.metadata["to"],
        serde_json::json!(["one@b.example", "Two <two@b.example>", "three@b.example"])
    );
    assert_eq!(document.title.as_deref(), Some("Gr\u{f6}\u{df}e zwei"));
    assert_eq!(document.blocks.last().unwrap().kind, BlockKind::Paragraph);
}
