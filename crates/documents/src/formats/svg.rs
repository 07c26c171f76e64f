//! SVG: the title, the description and the texts of a drawing.

use super::xml::{Element, Tree, source};
use crate::document::{BlockKind, Document};
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;

/// Read SVG.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
    let text = source(document, bytes, options)?;
    let tree = Tree::read(document, &text)?;
    let root = tree.root();
    for name in ["width", "height", "viewBox"] {
        let value = root.value(name);
        if !value.is_empty() {
            document.metadata.insert(name.to_owned(), value.into());
        }
    }
    document.title = root
        .child("title")
        .map(Element::text)
        .filter(|title| !title.is_empty());
    let mut pictures = 0;
    for element in tree.elements() {
        match element.local() {
            "title" | "desc" | "text" => {
                let text = text_of(element);
                if !text.is_empty() {
                    let (first, last) = element.lines();
                    document.push(BlockKind::Paragraph, text, Place::lines(first, last));
                }
            }
            "image" => pictures += 1,
            _ => {}
        }
    }
    if pictures > 0 {
        let message = format!("text in {pictures} embedded pictures is not extracted");
        document.warn("text_in_pictures", message, Place::default());
    }
    Ok(())
}

/// Text whose lines are `tspan` elements with a position of their own has a line each.
fn text_of(element: Element) -> String {
    let parts: Vec<_> = element
        .children()
        .filter(|child| {
            child.local() == "tspan"
                && (child.attribute("y").is_some() || child.attribute("dy").is_some())
        })
        .map(Element::text)
        .filter(|line| !line.is_empty())
        .collect();
    let whole = element.text();
    let solid = |text: &str| -> String { text.split_whitespace().collect() };
    if parts.len() > 1 && solid(&parts.concat()) == solid(&whole) {
        parts.join("\n")
    } else {
        whole
    }
}
