//! A small tree over the source text: elements in document order, each knowing where its descendants end.
//!
//! The predefined entities and numeric references are replaced, and no others: what a DOCTYPE declares is never
//! expanded, and nothing outside the file is ever fetched.

use std::borrow::Cow;
use std::collections::BTreeSet;

use encoding_rs::Encoding;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::document::Document;
use crate::encoding::decode;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::text::{check_size, clean};

/// The most levels of nesting.
const DEPTH_MAX: usize = 200;
/// The most elements and pieces of text together.
const NODES_MAX: usize = 4_000_000;
/// How far into the file an encoding may be declared.
const DECLARATION_BYTES: usize = 1_024;
/// How many names of unknown entities a warning lists.
const ENTITIES_LISTED_MAX: usize = 10;

/// The source as text, in the encoding that its declaration names or that its bytes show.
pub(in crate::formats) fn source<'a>(
    document: &mut Document,
    bytes: &'a [u8],
    options: &Options,
) -> Result<Cow<'a, str>, Error> {
    check_size(bytes)?;
    let text = decode(document, bytes, options, declared(bytes))?;
    Ok(clean(document, text))
}

/// The encoding in an XML declaration.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..DECLARATION_BYTES).unwrap_or(bytes);
    let head = head.get(..memchr::memmem::find(head, b"?>")?)?;
    let at = memchr::memmem::find(head, b"encoding")?;
    let label = head.get(at + b"encoding".len()..)?.trim_ascii_start();
    let label = label.strip_prefix(b"=")?.trim_ascii_start();
    let (mark, label) = label.split_first()?;
    Encoding::for_label(label.get(..memchr::memchr(*mark, label)?)?)
}

/// An XML document.
pub(in crate::formats) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    root: usize,
}

struct Node<'a> {
    kind: Kind,
    /// The name as it is written; empty for text.
    name: &'a str,
    /// The attributes of an element, or the text, as they are written.
    raw: &'a str,
    /// One past the last descendant.
    end: u32,
    first_line: u32,
    last_line: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Element,
    Text,
    Verbatim,
}

/// An element of a [`Tree`].
#[derive(Clone, Copy)]
pub(in crate::formats) struct Element<'t> {
    tree: &'t Tree<'t>,
    index: usize,
}

impl<'a> Tree<'a> {
    /// Read `text`. What is odd is noted in the document, what is broken is an error.
    pub(in crate::formats) fn read(document: &mut Document, text: &'a str) -> Result<Self, Error> {
        let mut builder = Builder {
            text,
            nodes: Vec::new(),
            open: Vec::new(),
            root: None,
            unknown: BTreeSet::new(),
            line: 1,
            counted: 0,
        };
        let mut declares = false;
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.check_comments = false;
        loop {
            let start = at(reader.buffer_position());
            let event = reader.read_event().map_err(|error| {
                let line = builder.line_at(at(reader.error_position()));
                Error::damaged(format!("it is not valid XML at line {line}: {error}"))
            })?;
            let end = at(reader.buffer_position());
            match event {
                Event::Start(tag) => builder.open(start, end, tag.name().0.len(), false)?,
                Event::Empty(tag) => builder.open(start, end, tag.name().0.len(), true)?,
                Event::End(_) => builder.close(end),
                Event::Text(_) => builder.text(start, end, Kind::Text)?,
                Event::GeneralRef(_) => {
                    builder.note_unknown(start, end);
                    builder.text(start, end, Kind::Text)?;
                }
                Event::CData(_) => {
                    builder.text(start + 9, end.saturating_sub(3), Kind::Verbatim)?;
                }
                Event::DocType(content) => declares |= content.contains("<!ENTITY"),
                Event::Eof => break,
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            }
        }
        builder.finish(document, declares)
    }

    /// The outermost element.
    pub(in crate::formats) fn root(&self) -> Element<'_> {
        Element {
            tree: self,
            index: self.root,
        }
    }

    /// All elements in document order.
    pub(in crate::formats) fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        self.root().descendants()
    }
}

fn at(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

struct Builder<'a> {
    text: &'a str,
    nodes: Vec<Node<'a>>,
    open: Vec<usize>,
    root: Option<usize>,
    unknown: BTreeSet<&'a str>,
    line: u32,
    counted: usize,
}

impl<'a> Builder<'a> {
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The line of a position; positions never go back.
    fn line_at(&mut self, position: usize) -> u32 {
        if position > self.counted {
            let passed = self.slice(self.counted, position).as_bytes();
            let breaks = memchr::memchr_iter(b'\n', passed).count();
            self.line = self
                .line
                .saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
            self.counted = position;
        }
        self.line
    }

    fn push(
        &mut self,
        kind: Kind,
        name: &'a str,
        raw: &'a str,
        start: usize,
    ) -> Result<usize, Error> {
        if self.nodes.len() >= NODES_MAX {
            return Err(Error::TooLarge {
                limit: NODES_MAX as u64,
                what: "elements and pieces of text",
            });
        }
        let line = self.line_at(start);
        let index = self.nodes.len();
        self.nodes.push(Node {
            kind,
            name,
            raw,
            end: u32::try_from(index + 1).unwrap_or(u32::MAX),
            first_line: line,
            last_line: line,
        });
        Ok(index)
    }

    fn open(&mut self, start: usize, end: usize, name: usize, is_empty: bool) -> Result<(), Error> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Error::TooLarge {
                limit: DEPTH_MAX as u64,
                what: "levels of nesting",
            });
        }
        if self.open.is_empty() && self.root.is_some() {
            let line = self.line_at(start);
            return Err(Error::damaged(format!(
                "it has a second outermost element at line {line}, which XML does not allow"
            )));
        }
        let after_name = start + 1 + name;
        let tail = if is_empty { 2 } else { 1 };
        let raw = self.slice(after_name, end.saturating_sub(tail));
        if raw.contains('&') {
            self.note_unknown(after_name, end);
        }
        let index = self.push(Kind::Element, self.slice(start + 1, after_name), raw, start)?;
        self.root.get_or_insert(index);
        if is_empty {
            let line = self.line_at(end);
            if let Some(node) = self.nodes.get_mut(index) {
                node.last_line = line;
            }
        } else {
            self.open.push(index);
        }
        Ok(())
    }

    fn close(&mut self, end: usize) {
        let line = self.line_at(end);
        let count = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if let Some(node) = self.open.pop().and_then(|index| self.nodes.get_mut(index)) {
            node.end = count;
            node.last_line = line;
        }
    }

    fn text(&mut self, start: usize, end: usize, kind: Kind) -> Result<(), Error> {
        let Some(parent) = self.open.last().copied() else {
            return Ok(());
        };
        let raw = self.slice(start, end);
        let is_blank = raw.bytes().all(|byte| byte.is_ascii_whitespace());
        // A reference parts a text into several events; in the source they are one.
        if let Some(last) = self.nodes.last_mut()
            && last.kind == Kind::Text
            && kind == Kind::Text
            && last.raw.as_ptr() as usize + last.raw.len() == raw.as_ptr() as usize
        {
            let from = start.saturating_sub(last.raw.len());
            last.raw = self.text.get(from..end).unwrap_or_default();
            return Ok(());
        }
        // Indentation is not content; a space between two inline elements is, and costs a node.
        if is_blank && (raw.contains('\n') || self.nodes.len() == parent + 1) {
            return Ok(());
        }
        self.push(kind, "", raw, start).map(|_| ())
    }

    fn note_unknown(&mut self, start: usize, end: usize) {
        for piece in self.slice(start, end).split('&').skip(1) {
            if let Some((name, _)) = piece.split_once(';')
                && self.unknown.len() <= ENTITIES_LISTED_MAX
                && name.len() <= 64
                && !name.is_empty()
                && resolve(name).is_none()
                && !name.contains(|c: char| c.is_whitespace() || c == '<')
            {
                self.unknown.insert(name);
            }
        }
    }

    fn finish(self, document: &mut Document, declares: bool) -> Result<Tree<'a>, Error> {
        if let Some(open) = self.open.last().and_then(|index| self.nodes.get(*index)) {
            return Err(Error::damaged(format!(
                "it ends before the element `{}` of line {} is closed",
                open.name, open.first_line
            )));
        }
        let Some(root) = self.root else {
            return Err(Error::damaged("it has no element"));
        };
        if declares {
            document.warn(
                "entities_not_expanded",
                "the file declares entities of its own; they are never expanded",
                Place::default(),
            );
        }
        if !self.unknown.is_empty() {
            let names: Vec<_> = self.unknown.iter().take(ENTITIES_LISTED_MAX).collect();
            let mut list = String::new();
            for name in names {
                list.push_str(if list.is_empty() { "`&" } else { ", `&" });
                list.push_str(name);
                list.push_str(";`");
            }
            document.warn(
                "unknown_entity",
                format!("references to entities that are not predefined stand as they are written: {list}"),
                Place::default(),
            );
        }
        Ok(Tree {
            nodes: self.nodes,
            root,
        })
    }
}

impl<'t> Element<'t> {
    fn node(self) -> &'t Node<'t> {
        // An element is only made for an index of its tree.
        &self.tree.nodes[self.index]
    }

    /// The name with its prefix, as it is written.
    pub(in crate::formats) fn name(self) -> &'t str {
        self.node().name
    }

    /// The name without its prefix.
    pub(in crate::formats) fn local(self) -> &'t str {
        local(self.node().name)
    }

    /// What tells it from all others of the tree; rises in document order.
    pub(in crate::formats) const fn position(self) -> usize {
        self.index
    }

    /// The first and last line of the source.
    pub(in crate::formats) fn lines(self) -> (u64, u64) {
        let node = self.node();
        (node.first_line.into(), node.last_line.into())
    }

    /// The attributes as they are written, in their order, with values unescaped.
    pub(in crate::formats) fn attributes(self) -> impl Iterator<Item = (&'t str, Cow<'t, str>)> {
        let mut rest = self.node().raw;
        std::iter::from_fn(move || {
            let (name, after) = rest.split_once('=')?;
            let after = after.trim_start();
            let mark = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = after.get(1..)?.split_once(mark)?;
            rest = after;
            Some((name.trim(), unescape(value)))
        })
    }

    /// The value of the attribute with this name, whatever its prefix.
    pub(in crate::formats) fn attribute(self, name: &str) -> Option<Cow<'t, str>> {
        self.attributes()
            .find(|(known, _)| local(known) == name)
            .map(|(_, value)| value)
    }

    /// The same, as an owned text that is empty where there is none.
    pub(in crate::formats) fn value(self, name: &str) -> String {
        self.attribute(name)
            .map(Cow::into_owned)
            .unwrap_or_default()
    }

    /// The elements directly below.
    pub(in crate::formats) fn children(self) -> impl Iterator<Item = Element<'t>> {
        self.below()
            .filter(|index| self.tree.nodes[*index].kind == Kind::Element)
            .map(move |index| Element {
                tree: self.tree,
                index,
            })
    }

    /// The first element directly below with this local name.
    pub(in crate::formats) fn child(self, name: &str) -> Option<Element<'t>> {
        self.children().find(|child| child.local() == name)
    }

    /// This element and all below it, in document order.
    pub(in crate::formats) fn descendants(self) -> impl Iterator<Item = Element<'t>> {
        (self.index..self.node().end as usize)
            .filter(|index| self.tree.nodes[*index].kind == Kind::Element)
            .map(move |index| Element {
                tree: self.tree,
                index,
            })
    }

    /// Whether there is no element below.
    pub(in crate::formats) fn is_leaf(self) -> bool {
        self.children().next().is_none()
    }

    /// Whether text other than white space stands directly below.
    pub(in crate::formats) fn has_own_text(self) -> bool {
        self.below().any(|index| {
            let node = &self.tree.nodes[index];
            node.kind != Kind::Element && !node.raw.trim().is_empty()
        })
    }

    /// All text below, with white space as it is.
    pub(in crate::formats) fn verbatim(self) -> String {
        let mut text = String::new();
        for node in &self.tree.nodes[self.index..self.node().end as usize] {
            match node.kind {
                Kind::Element => {}
                Kind::Text => text.push_str(&unescape(node.raw)),
                Kind::Verbatim => text.push_str(node.raw),
            }
        }
        text
    }

    /// All text below, every run of white space as one space.
    pub(in crate::formats) fn text(self) -> String {
        collapse(&self.verbatim())
    }

    fn below(self) -> impl Iterator<Item = usize> {
        let end = self.node().end as usize;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let index = next;
            let node = self.tree.nodes.get(index).filter(|_| index < end)?;
            next = node.end as usize;
            Some(index)
        })
    }
}

/// A name without its prefix.
pub(in crate::formats) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Every run of white space as one space, and none at the ends.
pub(in crate::formats) fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_ascii_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// Replace predefined entities and numeric references; all others stay as they are written.
pub(in crate::formats) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let near = after.get(..after.floor_char_boundary(12)).unwrap_or(after);
        let found = near
            .split_once(';')
            .and_then(|(name, _)| Some((resolve(name)?, name.len())));
        match found {
            Some((character, length)) => {
                text.push(character);
                rest = after.get(length + 1..).unwrap_or_default();
            }
            None => {
                text.push('&');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// What a reference stands for (XML 1.0, 4.1 and 4.6).
fn resolve(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|character| {
                !character.is_control() || matches!(character, '\n' | '\t' | '\r')
            })
        }
    }
}
