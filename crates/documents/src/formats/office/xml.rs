//! XML parts as a stream of tags and text, with limits and without namespaces.
//!
//! Names are local: producers choose prefixes freely, and within one part the local names are enough.

use std::io::{self, BufRead};

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use crate::archive::{Archive, Stream, unreadable};
use crate::error::Error;
use crate::text::shorten;

/// The deepest nesting of tags. Text boxes in tables in text boxes reach 60.
const DEPTH_MAX: usize = 256;

/// A part being read.
pub(super) struct Xml<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    part: String,
    depth: usize,
    entities: u64,
}

/// One step through a part. An empty tag is opened and closed.
pub(super) enum Node {
    /// A start tag.
    Open(Tag),
    /// The local name of an end tag.
    Close(String),
    /// Text with references resolved.
    Text(String),
    /// The end of the part.
    End,
}

/// A start tag.
pub(super) struct Tag(BytesStart<'static>);

impl<'z, 'a> Xml<Stream<'z, 'a>> {
    /// Read a part of an archive; none if it has no such part.
    pub(super) fn open(archive: &'z mut Archive<'a>, part: &str) -> Result<Option<Self>, Error> {
        let stream = archive.part(part)?;
        Ok(stream.map(|stream| Xml::new(stream, part)))
    }

    /// The same for a part of any length, whose text is not kept.
    pub(super) fn open_large(
        archive: &'z mut Archive<'a>,
        part: &str,
    ) -> Result<Option<Self>, Error> {
        let stream = archive.stream(part)?;
        Ok(stream.map(|stream| Xml::new(stream, part)))
    }
}

impl<R: BufRead> Xml<R> {
    /// Read XML from a stream; `part` names it in errors.
    pub(super) fn new(stream: R, part: &str) -> Self {
        let mut reader = Reader::from_reader(stream);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self {
            reader,
            buffer: Vec::new(),
            part: part.to_owned(),
            depth: 0,
            entities: 0,
        }
    }

    /// The next tag or text.
    pub(super) fn next(&mut self) -> Result<Node, Error> {
        // Comments, declarations and instructions are passed over.
        loop {
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => return Err(unreadable(&error, &self.part)),
                Err(error) => {
                    return Err(Error::damaged(format!(
                        "`{}` in it is no valid XML near byte {}: {}",
                        shorten(&self.part, 100),
                        self.reader.error_position(),
                        shorten(&error.to_string(), 200)
                    )));
                }
            };
            match event {
                Event::Start(tag) => {
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(Error::TooLarge {
                            limit: DEPTH_MAX as u64,
                            what: "tags within each other",
                        });
                    }
                    return Ok(Node::Open(Tag(tag.into_owned())));
                }
                Event::End(tag) => {
                    self.depth = self.depth.saturating_sub(1);
                    let name = tag.local_name().into_inner().to_owned();
                    return Ok(Node::Close(name));
                }
                Event::Text(text) => {
                    return Ok(Node::Text(text.xml10_content().into_owned()));
                }
                Event::CData(text) => {
                    return Ok(Node::Text(text.xml10_content().into_owned()));
                }
                Event::GeneralRef(reference) => {
                    let resolved = reference
                        .resolve_char_ref()
                        .ok()
                        .flatten()
                        .map(String::from)
                        .or_else(|| resolve_xml_entity(&reference).map(str::to_owned));
                    let text = resolved.unwrap_or_else(|| {
                        self.entities += 1;
                        format!("&{};", &*reference)
                    });
                    return Ok(Node::Text(text));
                }
                Event::Eof if self.depth > 0 => {
                    return Err(unreadable(&io::ErrorKind::UnexpectedEof.into(), &self.part));
                }
                Event::Eof => return Ok(Node::End),
                _ => {}
            }
        }
    }

    /// Pass over everything up to the end of the tag that was opened last.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if matches!(self.next()?, Node::End) {
                break;
            }
        }
        Ok(())
    }

    /// All text up to the end of the tag that was opened last.
    pub(super) fn text(&mut self) -> Result<String, Error> {
        let outside = self.depth.saturating_sub(1);
        let mut all = String::new();
        while self.depth > outside {
            match self.next()? {
                Node::Text(text) => all.push_str(&text),
                Node::End => break,
                _ => {}
            }
        }
        Ok(all)
    }

    /// How many tags are open.
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    /// How many references to entities of its own the part makes. They are shown as they are, never expanded.
    pub(super) const fn entities(&self) -> u64 {
        self.entities
    }
}

impl Tag {
    /// The local name.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of the first attribute of this local name.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.find(|key| key.rsplit(':').next() == Some(name))
    }

    /// The value of the attribute of this name with its prefix: `r:id` where `id` stands beside it.
    pub(super) fn get_full(&self, name: &str) -> Option<String> {
        self.find(|key| key == name)
    }

    /// An attribute as a number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.trim().parse().ok()
    }

    /// Whether a switch such as `<w:b/>` or `<w:b w:val="0"/>` is on.
    pub(super) fn is_on(&self) -> bool {
        !self.get("val").is_some_and(|value| is_off(&value))
    }

    fn find(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        // Comparing each attribute with all before it is quadratic.
        let mut attributes = self.0.attributes();
        attributes.with_checks(false);
        let found = attributes.flatten().find(|found| wanted(found.key.0))?;
        let value = found.normalized_value(XmlVersion::Implicit1_0);
        Some(match value {
            Ok(value) => value.into_owned(),
            Err(_) => found.value.into_owned(),
        })
    }
}

/// Whether a value of a switch means off.
pub(super) fn is_off(value: &str) -> bool {
    matches!(value, "0" | "false" | "off" | "none")
}
