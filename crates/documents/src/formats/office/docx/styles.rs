//! Paragraph styles: what a paragraph is, through the styles that its style is based on.

use std::collections::HashMap;

use super::super::xml::{Node, Xml};
use crate::archive::Archive;
use crate::error::Error;

/// How far a chain of styles is followed. Word allows 11; a loop must end.
const CHAIN_MAX: usize = 32;

/// All paragraph styles of a document.
#[derive(Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Style>,
    usual: Option<String>,
}

#[derive(Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    number: Option<String>,
    depth: Option<usize>,
}

/// What the styles say about a paragraph.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Role {
    /// The level of a heading, from 1.
    pub(super) heading: Option<u8>,
    pub(super) is_title: bool,
    pub(super) is_quote: bool,
    /// The numbering, and the level in it from 0.
    pub(super) number: Option<String>,
    pub(super) depth: Option<usize>,
    /// How deep the built-in list styles go that are lists of their own, from 0.
    pub(super) list_depth: usize,
}

impl Styles {
    /// Read the part that holds the styles.
    pub(super) fn read(archive: &mut Archive<'_>, part: &str) -> Result<Self, Error> {
        let mut styles = Self::default();
        let Some(mut xml) = Xml::open(archive, part)? else {
            return Ok(styles);
        };
        let mut id = String::new();
        let mut open: Option<Style> = None;
        loop {
            match xml.next()? {
                Node::Open(tag) => match (tag.name(), open.as_mut()) {
                    ("style", _) if tag.get("type").is_none_or(|kind| kind == "paragraph") => {
                        id = tag.get("styleId").unwrap_or_default();
                        if tag
                            .get("default")
                            .is_some_and(|value| matches!(&*value, "1" | "true" | "on"))
                        {
                            styles.usual = Some(id.clone());
                        }
                        open = Some(Style::default());
                    }
                    ("pPrChange", _) => xml.skip()?,
                    ("name", Some(style)) => {
                        style.name = tag.get("val").unwrap_or_default().to_lowercase();
                    }
                    ("basedOn", Some(style)) => style.based_on = tag.get("val"),
                    ("outlineLvl", Some(style)) => style.outline = tag.number("val"),
                    ("numId", Some(style)) => style.number = tag.get("val"),
                    ("ilvl", Some(style)) => style.depth = tag.number("val"),
                    _ => {}
                },
                Node::Close(name) if name == "style" => {
                    if let Some(style) = open.take() {
                        styles.by_id.insert(id.clone(), style);
                    }
                }
                Node::End => return Ok(styles),
                _ => {}
            }
        }
    }

    /// What a style makes of a paragraph; the usual one where it names none.
    pub(super) fn role(&self, id: Option<&str>) -> Role {
        let mut role = Role::default();
        let mut outline = None;
        let mut next = id.or(self.usual.as_deref());
        for _ in 0..CHAIN_MAX {
            let Some(style) = next.and_then(|id| self.by_id.get(id)) else {
                break;
            };
            // The nearest style that says something decides. A name says it for those that write no levels.
            outline = outline
                .or(style.outline)
                .or_else(|| named_level(&style.name));
            role.is_title |= style.name == "title";
            role.is_quote |= matches!(
                &*style.name,
                "quote" | "intense quote" | "quotations" | "block text"
            );
            if role.number.is_none() {
                role.number.clone_from(&style.number);
            }
            role.depth = role.depth.or(style.depth);
            role.list_depth = role.list_depth.max(list_depth(&style.name));
            next = style.based_on.as_deref();
        }
        role.heading = heading_level(outline);
        role
    }
}

/// `list bullet 3` looks nested, though it is the outermost level of another list.
fn list_depth(name: &str) -> usize {
    let after = ["list bullet ", "list number "]
        .iter()
        .find_map(|list| name.strip_prefix(list));
    let depth: Option<usize> = after.and_then(|depth| depth.parse().ok());
    depth
        .filter(|depth| (2..=5).contains(depth))
        .map_or(0, |depth| depth - 1)
}

/// A heading's level from an outline level: 0 to 8, 9 for text.
pub(super) fn heading_level(outline: Option<u8>) -> Option<u8> {
    outline.filter(|level| *level < 9).map(|level| level + 1)
}

/// The outline level that a built-in name stands for. Word stores these names in English in all languages.
fn named_level(name: &str) -> Option<u8> {
    let digit: u8 = name.strip_prefix("heading ")?.trim().parse().ok()?;
    (1..=9).contains(&digit).then(|| digit - 1)
}
