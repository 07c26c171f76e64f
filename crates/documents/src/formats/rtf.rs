//! RTF 1.9.1: paragraphs, headings by style or outline level, list items, tables, links, and the info group.
//!
//! Built on a tokenizer of our own: a reader of content needs the destinations and the code pages right, and nothing of
//! the layout.

mod content;
mod token;

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::document::Document;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::text::check_size;
use content::Content;
use token::{Token, Tokens};

/// The most levels of groups.
const DEPTH_MAX: usize = 1_000;
/// The most fonts and styles that are remembered.
const STYLES_MAX: usize = 10_000;

/// Read RTF.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    check_size(bytes)?;
    let mut reader = Reader::new(options.rows_max);
    let mut tokens = Tokens::new(bytes);
    while let Some(token) = tokens.next(reader.skip) {
        reader.content.line = tokens.line;
        reader.take(&token, &mut tokens)?;
    }
    reader.flush_bytes();
    if !reader.stack.is_empty() {
        document.warn(
            "truncated",
            "the file ends within a group; what stands before its end was read",
            Place::default(),
        );
    }
    document.encoding = Some(reader.code_page.name().to_owned());
    reader.content.finish(document);
    Ok(())
}

/// Where the text of a group goes.
#[derive(Clone, Copy, PartialEq)]
enum Destination {
    Body,
    /// Nowhere.
    Ignored,
    /// To a note, which follows the paragraph that it hangs on.
    Note,
    Fonts,
    Styles,
    /// The group around the facts; has no text of its own.
    Info,
    /// To the metadata, by this name.
    Fact(&'static str),
    /// To what a field is, such as `HYPERLINK "…"`.
    Field,
}

/// What a group inherits and restores.
#[derive(Clone, Copy)]
struct State {
    destination: Destination,
    /// How many characters follow `\u` for readers that do not know it.
    fallback: usize,
    font: i32,
    is_hidden: bool,
}

struct Reader {
    content: Content,
    state: State,
    stack: Vec<State>,
    /// The group began with `\*`: ignore it unless its destination is known.
    is_optional: bool,
    /// How many characters of a fallback are still to be skipped.
    skip: usize,
    code_page: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    default_font: i32,
    /// Bytes that wait for their neighbours: a character may have two.
    bytes: Vec<u8>,
    high_surrogate: Option<u32>,
    /// The style or font that is being described, and the levels of heading styles.
    number: i32,
    style_name: String,
    headings: HashMap<i32, u8>,
}

impl Reader {
    fn new(rows_max: u64) -> Self {
        Self {
            content: Content::new(rows_max),
            state: State {
                destination: Destination::Body,
                fallback: 1,
                font: -1,
                is_hidden: false,
            },
            stack: Vec::new(),
            is_optional: false,
            skip: 0,
            code_page: WINDOWS_1252,
            fonts: HashMap::new(),
            default_font: -1,
            bytes: Vec::new(),
            high_surrogate: None,
            number: 0,
            style_name: String::new(),
            headings: HashMap::new(),
        }
    }

    fn take(&mut self, token: &Token, tokens: &mut Tokens) -> Result<(), Error> {
        if self.skip > 0 {
            match token {
                Token::Byte(_) | Token::Text(_) => {
                    // The tokenizer gives single characters while a fallback is skipped.
                    self.skip -= 1;
                    return Ok(());
                }
                // The end of the group ends the fallback as well.
                Token::Open | Token::Close => self.skip = 0,
                Token::Symbol(_) | Token::Word(..) => {
                    self.skip -= 1;
                    if !matches!(token, Token::Word("u", Some(_))) {
                        return Ok(());
                    }
                    self.skip = 0;
                }
            }
        }
        match token {
            Token::Byte(byte) => self.bytes.push(*byte),
            Token::Text(text) => {
                if text.is_ascii() {
                    self.flush_bytes();
                    self.put(&String::from_utf8_lossy(text));
                } else {
                    self.bytes.extend_from_slice(text);
                }
            }
            Token::Open => {
                self.flush_bytes();
                if self.stack.len() >= DEPTH_MAX {
                    return Err(Error::TooLarge {
                        limit: DEPTH_MAX as u64,
                        what: "levels of groups",
                    });
                }
                self.stack.push(self.state);
            }
            Token::Close => {
                self.flush_bytes();
                self.close();
            }
            Token::Symbol(symbol) => {
                self.flush_bytes();
                self.symbol(*symbol);
            }
            Token::Word(word, number) => {
                if !(*word == "u" && number.is_some()) {
                    self.high_surrogate = None;
                }
                self.flush_bytes();
                self.word(word, *number, tokens);
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        let Some(outer) = self.stack.pop() else {
            return;
        };
        let inner = std::mem::replace(&mut self.state, outer);
        self.is_optional = false;
        if inner.destination == outer.destination {
            if inner.destination == Destination::Styles {
                self.end_style();
            }
            return;
        }
        match inner.destination {
            Destination::Note => self.content.end_note(),
            Destination::Fact(name) => self.content.end_fact(name),
            Destination::Field => self.content.end_field(),
            _ => {}
        }
    }

    fn end_style(&mut self) {
        let name = std::mem::take(&mut self.style_name);
        let name = name
            .trim()
            .trim_end_matches(';')
            .trim()
            .to_ascii_lowercase();
        let level = match name.strip_prefix("heading ") {
            Some(digits) => digits.parse().ok(),
            None if name == "title" => Some(1),
            None => None,
        };
        if let Some(level) = level.filter(|level| (1..=9).contains(level))
            && self.headings.len() < STYLES_MAX
        {
            self.headings.insert(self.number, level);
        }
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'\\' | b'{' | b'}' => self.put(char::from(symbol).encode_utf8(&mut [0; 4])),
            b'~' => self.put("\u{a0}"),
            b'_' => self.put("\u{2011}"),
            b'*' => self.is_optional = true,
            b'\n' | b'\r' => self.word_in_text("par", None),
            b'\t' => self.put("\t"),
            // An optional hyphen, an index entry.
            _ => {}
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>, tokens: &mut Tokens) {
        if std::mem::take(&mut self.is_optional) && !token::is_kept_destination(word) {
            self.state.destination = Destination::Ignored;
        }
        match (word, number) {
            ("bin", Some(length)) => tokens.skip(usize::try_from(length).unwrap_or(0)),
            ("u", Some(code)) => self.unicode(code),
            ("uc", Some(count)) => {
                self.state.fallback = usize::try_from(count).unwrap_or(1).min(16);
            }
            ("ansicpg", Some(page)) => {
                self.code_page = token::code_page(page).unwrap_or(self.code_page);
            }
            ("mac", None) => self.code_page = encoding_rs::MACINTOSH,
            ("pc" | "pca", None) => self.code_page = encoding_rs::IBM866,
            ("deff", Some(font)) => self.default_font = font,
            ("f", Some(font)) => {
                self.state.font = font;
                self.number = font;
            }
            ("fcharset", Some(charset)) if self.state.destination == Destination::Fonts => {
                if let Some(encoding) = token::charset(charset)
                    && self.fonts.len() < STYLES_MAX
                {
                    self.fonts.insert(self.number, encoding);
                }
            }
            ("plain", _) => {
                self.state.font = self.default_font;
                self.state.is_hidden = false;
            }
            ("v" | "deleted", on) => {
                self.state.is_hidden = on != Some(0);
            }
            ("s", Some(style)) if self.state.destination == Destination::Styles => {
                self.number = style;
            }
            _ => {
                if let Some(destination) = destination(word, self.state.destination) {
                    self.enter(destination);
                } else if word == "pict" || word == "object" {
                    if self.state.destination == Destination::Body {
                        self.content.pictures += u64::from(word == "pict");
                        self.content.objects += u64::from(word == "object");
                    }
                    if word == "pict" {
                        self.state.destination = Destination::Ignored;
                    }
                } else {
                    self.word_in_text(word, number);
                }
            }
        }
    }

    fn enter(&mut self, destination: Destination) {
        // What is ignored stays ignored, whatever it contains.
        if self.state.destination != Destination::Ignored {
            self.state.destination = destination;
            if destination == Destination::Note {
                self.content.begin_note();
            }
        }
    }

    fn word_in_text(&mut self, word: &str, number: Option<i32>) {
        if !matches!(
            self.state.destination,
            Destination::Body | Destination::Note
        ) {
            if let (Destination::Fact(_), Some(number)) = (self.state.destination, number) {
                self.content.date_part(word, number);
            }
            return;
        }
        if let Some(text) = token::special(word) {
            self.put(text);
        } else if word == "s" {
            let level = number.and_then(|style| self.headings.get(&style));
            self.content.heading = level.copied();
        } else {
            self.content.control(word, number);
        }
    }

    /// A character by its number in UTF-16, perhaps negative, perhaps half of a pair.
    fn unicode(&mut self, code: i32) {
        self.flush_bytes();
        self.skip = self.state.fallback;
        let Ok(unit) = u32::try_from(if code < 0 { code + 0x1_0000 } else { code }) else {
            return;
        };
        let character = match (self.high_surrogate.take(), unit) {
            (_, 0xd800..=0xdbff) => {
                self.high_surrogate = Some(unit);
                return;
            }
            (Some(high), 0xdc00..=0xdfff) => {
                char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00))
            }
            // Symbol fonts live in the private area; their shape is unknown, that there is one is not.
            _ => char::from_u32(unit),
        };
        let character = character
            .filter(|character| !character.is_control())
            .unwrap_or('\u{fffd}');
        self.put(character.encode_utf8(&mut [0; 4]));
    }

    fn flush_bytes(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let by_font = self
            .fonts
            .get(&self.state.font)
            .or_else(|| self.fonts.get(&self.default_font));
        let encoding = match by_font {
            // The plain Western character set means the code page of the file.
            Some(encoding) if *encoding != WINDOWS_1252 => encoding,
            _ => self.code_page,
        };
        let text = encoding.decode_without_bom_handling(&bytes).0;
        let text: String = text
            .chars()
            .filter(|character| !character.is_control() || *character == '\t')
            .collect();
        self.put(&text);
    }

    fn put(&mut self, text: &str) {
        match self.state.destination {
            Destination::Body | Destination::Note if self.state.is_hidden => {
                self.content.hidden += u64::from(!text.trim().is_empty());
            }
            Destination::Body | Destination::Note => self.content.text(text),
            Destination::Fact(_) | Destination::Field => self.content.aside(text),
            Destination::Styles => self.style_name.push_str(text),
            Destination::Ignored | Destination::Info | Destination::Fonts => {}
        }
    }
}

/// The destination that a control word opens.
fn destination(word: &str, outer: Destination) -> Option<Destination> {
    Some(match word {
        "fonttbl" => Destination::Fonts,
        "stylesheet" => Destination::Styles,
        "title" => Destination::Fact("title"),
        "author" => Destination::Fact("author"),
        "subject" => Destination::Fact("subject"),
        "keywords" => Destination::Fact("keywords"),
        "doccomm" => Destination::Fact("comment"),
        "company" => Destination::Fact("company"),
        "creatim" => Destination::Fact("created"),
        "revtim" => Destination::Fact("modified"),
        "header" | "headerl" | "headerr" | "headerf" => Destination::Fact("header"),
        "footer" | "footerl" | "footerr" | "footerf" => Destination::Fact("footer"),
        "footnote" | "annotation" => Destination::Note,
        "fldinst" => Destination::Field,
        "info" if outer == Destination::Body => Destination::Info,
        _ if token::is_ignored_destination(word) => Destination::Ignored,
        _ => return None,
    })
}
