//! What styles say about structure: page breaks, hidden sheets, headings by name.

use std::collections::HashMap;

use super::super::xml::{Node, Xml};
use crate::archive::Archive;
use crate::error::Error;

/// How far a chain of styles is followed; a loop must end.
const CHAIN_MAX: usize = 32;

/// The styles of a document by their name.
#[derive(Default)]
pub(super) struct Styles(HashMap<String, Style>);

#[derive(Default)]
struct Style {
    parent: Option<String>,
    breaks_page: bool,
    hides_sheet: bool,
}

impl Styles {
    /// Read the styles of both parts that have some.
    pub(super) fn read(archive: &mut Archive<'_>) -> Result<Self, Error> {
        let mut styles = HashMap::new();
        for part in ["styles.xml", super::CONTENT] {
            let Some(mut xml) = Xml::open(archive, part)? else {
                continue;
            };
            let mut open: Option<(String, Style)> = None;
            loop {
                match xml.next()? {
                    // Styles stand before the content.
                    Node::Open(tag) if tag.name() == "body" => break,
                    Node::Open(tag) if tag.name() == "style" => {
                        let style = Style {
                            parent: tag.get("parent-style-name"),
                            ..Style::default()
                        };
                        open = tag.get("name").map(|name| (name, style));
                    }
                    Node::Open(tag) => {
                        if let Some((_, style)) = open.as_mut() {
                            let is_page = |value: String| value == "page";
                            style.breaks_page |= tag.get("break-before").is_some_and(is_page);
                            style.hides_sheet |= tag.name() == "table-properties"
                                && tag.get("display").is_some_and(|value| value == "false");
                        }
                    }
                    Node::Close(name) if name == "style" => styles.extend(open.take()),
                    Node::End => break,
                    _ => {}
                }
            }
        }
        Ok(Self(styles))
    }

    /// Whether a paragraph of this style begins a page.
    pub(super) fn breaks_page(&self, name: Option<&str>) -> bool {
        self.chain(name).any(|(_, style)| style.breaks_page)
    }

    /// Whether a sheet of this style is hidden.
    pub(super) fn hides_sheet(&self, name: Option<&str>) -> bool {
        self.chain(name).any(|(_, style)| style.hides_sheet)
    }

    /// Whether a style is, or is made from, the one of this name.
    pub(super) fn is(&self, name: Option<&str>, wanted: &str) -> bool {
        name == Some(wanted)
            || self
                .chain(name)
                .any(|(found, style)| found == wanted || style.parent.as_deref() == Some(wanted))
    }

    fn chain<'s>(&'s self, name: Option<&'s str>) -> impl Iterator<Item = (&'s str, &'s Style)> {
        let mut next = name;
        std::iter::from_fn(move || {
            let name = next?;
            let style = self.0.get(name)?;
            next = style.parent.as_deref();
            Some((name, style))
        })
        .take(CHAIN_MAX)
    }
}
