//! HTML: headings, paragraphs, lists, tables and links of the main content.
//!
//! Built on html5ever's tokenizer alone (WHATWG HTML, 13.2.5). Its tree would look through all open elements at every
//! tag, which is quadratic on deep nesting; a reader of content needs no tree.

pub(super) mod grid;
mod reader;

use std::cell::RefCell;

use encoding_rs::Encoding;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use serde_json::{Value, json};

use crate::document::Document;
use crate::encoding::decode;
use crate::error::Error;
use crate::format::Format;
use crate::parsing_type::ParsingType;
use crate::place::Place;
use crate::request::Options;
use crate::text::{check_size, clean};
use reader::Reader;

/// How far into the file a charset may be declared.
const DECLARATION_BYTES: usize = 2_048;
/// The most attributes of a tag: the tokenizer compares each with all before it.
const ATTRIBUTES_MAX: usize = 4_000;
/// How much the tokenizer is fed at once; one piece is at most 4 GiB, and small pieces keep it in the cache.
const PIECE_BYTES: usize = 1 << 20;

/// The namespace of XHTML.
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// Read HTML.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    check_size(bytes)?;
    let text = decode(document, bytes, options, declared(bytes))?;
    let text = clean(document, text);
    read(document, &text, options.rows_max)
}

/// Read HTML that is text already.
pub(super) fn read(document: &mut Document, text: &str, rows_max: u64) -> Result<(), Error> {
    check_tags(text)?;
    let sink = Sink {
        reader: RefCell::new(Reader::new(rows_max)),
        is_xhtml: text.trim_start().starts_with("<?xml") || text.contains(XHTML),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        queue.push_back(StrTendril::from_slice(piece));
        // A script ends a feed before its piece is used up.
        while !queue.is_empty() {
            let _ = tokenizer.feed(&queue);
        }
        rest = after;
    }
    tokenizer.end();
    tokenizer.sink.reader.into_inner().finish(document);
    Ok(())
}

/// The text of a snippet of HTML, blocks on lines of their own. What is not readable stays as it is written.
pub(super) fn plain(markup: &str) -> String {
    let mut document = Document::new(Format::Html.into(), ParsingType::Unstructured);
    match read(&mut document, markup, 0) {
        Ok(()) => document.text(),
        Err(_) => markup.to_owned(),
    }
}

/// The encoding that the document declares for itself.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes
        .get(..DECLARATION_BYTES)
        .unwrap_or(bytes)
        .to_ascii_lowercase();
    let at = memchr::memmem::find(&head, b"charset=")?;
    let label = head.get(at + 8..)?;
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\'');
    let label = label
        .strip_prefix(b"\"")
        .or(label.strip_prefix(b"'"))
        .unwrap_or(label);
    let end = label
        .iter()
        .position(|byte| is_mark(byte) || matches!(byte, b'>' | b';' | b'/' | b' '))?;
    Encoding::for_label(label.get(..end)?)
}

/// Refuse a tag with too many attributes. Tags end where the tokenizer ends them: at `>` outside of a quoted value.
fn check_tags(text: &str) -> Result<(), Error> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'<', rest)) {
        at += found + 1;
        let opens = bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/');
        if opens {
            at = check_tag(bytes, at)?;
        }
    }
    Ok(())
}

/// Check the tag whose name begins at `start`; returns where to go on.
fn check_tag(bytes: &[u8], start: usize) -> Result<usize, Error> {
    let mut parts = 0;
    let mut before = b' ';
    let mut at = start;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'>' => break,
            b'"' | b'\'' if before == b'=' => {
                let rest = bytes.get(at + 1..).unwrap_or_default();
                at += memchr::memchr(byte, rest).unwrap_or(rest.len()) + 1;
                parts += 1;
            }
            b'/' | b'"' | b'\'' => parts += 1,
            _ if byte.is_ascii_whitespace() => parts += usize::from(!before.is_ascii_whitespace()),
            _ => {}
        }
        if parts > ATTRIBUTES_MAX {
            return Err(Error::TooLarge {
                limit: ATTRIBUTES_MAX as u64,
                what: "attributes in a tag",
            });
        }
        if !byte.is_ascii_whitespace() || before != b'=' {
            before = byte;
        }
        at += 1;
    }
    // What a script holds is no markup, whatever it looks like.
    for (name, end) in [(&b"script"[..], &b"</script"[..]), (b"style", b"</style")] {
        let begins = bytes.get(start..start + name.len());
        if begins.is_some_and(|begins| begins.eq_ignore_ascii_case(name)) {
            let rest = bytes.get(at..).unwrap_or_default();
            return Ok(at + memchr::memmem::find(rest, end).unwrap_or(0));
        }
    }
    Ok(at)
}

struct Sink {
    reader: RefCell<Reader>,
    /// In XML any element may be empty by its start tag alone.
    is_xhtml: bool,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let mut reader = self.reader.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                reader.open(&tag, line);
                if tag.self_closing && self.is_xhtml {
                    reader.close(&tag.name, line);
                    return TokenSinkResult::Continue;
                }
                // Without a tree the sink says where markup is not markup.
                return match &*tag.name {
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                        TokenSinkResult::RawData(RawKind::Rawtext)
                    }
                    "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
                    "plaintext" => TokenSinkResult::Plaintext,
                    _ => TokenSinkResult::Continue,
                };
            }
            Token::TagToken(tag) => reader.close(&tag.name, line),
            Token::CharacterTokens(text) => reader.text(&text, line),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Note the facts that were found beside the content.
fn note(document: &mut Document, facts: Vec<(String, String)>, links: Vec<(String, String)>) {
    for (name, content) in facts {
        document
            .metadata
            .entry(name)
            .or_insert(Value::String(content));
    }
    if !links.is_empty() {
        let links: Vec<Value> = links
            .into_iter()
            .map(|(href, text)| json!({ "href": href, "text": text }))
            .collect();
        document
            .metadata
            .insert("links".to_owned(), Value::Array(links));
    }
}

/// Warn of what was left out.
fn warn_outside(document: &mut Document, left_out: usize) {
    if left_out > 0 {
        let message = match left_out {
            1 => "1 block outside the main content was left out".to_owned(),
            _ => format!("{left_out} blocks outside the main content were left out"),
        };
        document.warn("outside_main_content", message, Place::default());
    }
}
