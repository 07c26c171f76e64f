//! PPTX: `PresentationML` (ECMA-376, part 1, 19). Each slide is a page.

mod shapes;

use std::collections::HashMap;

use serde_json::json;

use super::package::{main_part, part_of, properties, relationships, target, warn_entities};
use super::slide::{Deck, Role, Slide};
use super::xml::{Node, Xml, is_off};
use crate::archive::Archive;
use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::place::Place;
use crate::request::Options;
use crate::text::shorten;
use shapes::{Found, Places, read_shapes};

/// Read a PPTX.
pub(in crate::formats) fn parse(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
) -> Result<(), Error> {
    let mut archive = Archive::open(bytes, Format::Pptx)?;
    let main = main_part(&mut archive, "ppt/presentation.xml")?;
    let package = relationships(&mut archive, "")?;
    let core = part_of(&package, "core-properties").unwrap_or("docProps/core.xml");
    let stated = properties(document, &mut archive, core)?;
    let related = relationships(&mut archive, &main)?;
    let ids = slide_ids(&mut archive, &main)?;
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    document.pages = Some(count);
    let mut deck = Deck::new(options.rows_max);
    let mut reader = SlideReader {
        authors: match part_of(&related, "commentAuthors").or(part_of(&related, "authors")) {
            Some(part) => authors(&mut archive, part)?,
            None => HashMap::new(),
        },
        layouts: HashMap::new(),
        hidden: Vec::new(),
        left_out: [0; 3],
        entities: 0,
    };
    for (index, id) in (1..=count.min(options.pages_max)).zip(&ids) {
        let Some(part) = target(&related, id) else {
            return Err(Error::damaged(format!("slide {index} is missing")));
        };
        let slide = reader.slide(&mut archive, part, index)?;
        deck.write(document, index, slide);
    }
    deck.finish(document);
    if count > options.pages_max {
        let message = format!(
            "only the first {} of {count} slides were read",
            options.pages_max
        );
        document.warn("pages_left_out", message, Place::page(options.pages_max));
    }
    reader.note(document);
    let first = document.outline.first().map(|heading| heading.text.clone());
    document.title = first.or(stated);
    document.record_count = u64::from(count);
    if related.iter().any(|found| found.kind == "vbaProject") {
        document.metadata.insert("macros".to_owned(), true.into());
    }
    Ok(())
}

/// The relationships of the slides, in the order in which they are shown.
fn slide_ids(archive: &mut Archive<'_>, part: &str) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    let Some(mut xml) = Xml::open(archive, part)? else {
        return Ok(ids);
    };
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "sldId" => ids.extend(tag.get_full("r:id")),
            Node::End => return Ok(ids),
            _ => {}
        }
    }
}

/// Who writes comments, by number or, in the newer form, by a GUID.
fn authors(archive: &mut Archive<'_>, part: &str) -> Result<HashMap<String, String>, Error> {
    let mut authors = HashMap::new();
    let Some(mut xml) = Xml::open(archive, part)? else {
        return Ok(authors);
    };
    loop {
        match xml.next()? {
            Node::Open(tag) if matches!(tag.name(), "cmAuthor" | "author") => {
                let name = tag.get("name").map(|name| shorten(&name, 200));
                authors.extend(tag.get("id").zip(name));
            }
            Node::End => return Ok(authors),
            _ => {}
        }
    }
}

/// Reads slides with what they share.
struct SlideReader {
    authors: HashMap<String, String>,
    /// Where the placeholders of a layout stand, by the layout's part.
    layouts: HashMap<String, Places>,
    hidden: Vec<u32>,
    left_out: [u64; 3],
    entities: u64,
}

impl SlideReader {
    fn slide(
        &mut self,
        archive: &mut Archive<'_>,
        part: &str,
        number: u32,
    ) -> Result<Slide, Error> {
        let related = relationships(archive, part)?;
        let layout = part_of(&related, "slideLayout").map(str::to_owned);
        let places = match &layout {
            Some(layout) => self.layout(archive, layout)?,
            None => Places::default(),
        };
        let Some(xml) = Xml::open(archive, part)? else {
            return Err(Error::damaged(format!("slide {number} is missing")));
        };
        let found = read_shapes(xml, &places)?;
        if found.is_hidden {
            self.hidden.push(number);
        }
        self.count(&found);
        let mut slide = Slide {
            shapes: found.shapes,
            ..Slide::default()
        };
        if let Some(notes) = part_of(&related, "notesSlide")
            && let Some(xml) = Xml::open(archive, notes)?
        {
            slide.notes = notes_text(read_shapes(xml, &Places::default())?);
        }
        for comments in related.iter().filter(|found| found.kind == "comments") {
            self.comments(archive, &comments.target, &mut slide)?;
        }
        Ok(slide)
    }

    /// Where the placeholders of a layout stand, and of its master where it does not say.
    fn layout(&mut self, archive: &mut Archive<'_>, part: &str) -> Result<Places, Error> {
        if let Some(places) = self.layouts.get(part) {
            return Ok(places.clone());
        }
        let mut places = Places::default();
        let related = relationships(archive, part)?;
        for part in [part_of(&related, "slideMaster"), Some(part)]
            .into_iter()
            .flatten()
        {
            if let Some(xml) = Xml::open(archive, part)? {
                places = read_shapes(xml, &places)?.places;
            }
        }
        self.layouts.insert(part.to_owned(), places.clone());
        Ok(places)
    }

    fn count(&mut self, found: &Found) {
        self.entities += found.entities;
        for (sum, count) in self.left_out.iter_mut().zip(found.left_out) {
            *sum += count;
        }
    }

    fn comments(
        &self,
        archive: &mut Archive<'_>,
        part: &str,
        slide: &mut Slide,
    ) -> Result<(), Error> {
        let Some(mut xml) = Xml::open(archive, part)? else {
            return Ok(());
        };
        let mut author = String::new();
        let mut text = String::new();
        let mut in_text = false;
        loop {
            match xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "cm" | "reply" => {
                        let id = tag.get("authorId").unwrap_or_default();
                        author = self.authors.get(&id).cloned().unwrap_or_default();
                    }
                    // The older form has one text, the newer one paragraphs of runs.
                    "text" | "t" => in_text = true,
                    _ => {}
                },
                Node::Text(more) if in_text => text.push_str(&more),
                Node::Close(name) => match name.as_str() {
                    "t" => in_text = false,
                    "text" | "txBody" => {
                        in_text = false;
                        let said = std::mem::take(&mut text);
                        let said = said.trim();
                        if !said.is_empty() {
                            slide.comments.push(if author.is_empty() {
                                said.to_owned()
                            } else {
                                format!("{author}: {said}")
                            });
                        }
                    }
                    "p" => text.push('\n'),
                    _ => {}
                },
                Node::End => return Ok(()),
                Node::Text(_) => {}
            }
        }
    }

    fn note(&self, document: &mut Document) {
        if !self.hidden.is_empty() {
            document
                .metadata
                .insert("hidden_slides".to_owned(), json!(self.hidden));
        }
        let names = ["pictures", "charts", "diagrams"];
        let counts: Vec<String> = self
            .left_out
            .iter()
            .zip(names)
            .filter(|(count, _)| **count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        if !counts.is_empty() {
            let message = format!("the text in {} was not read", counts.join(" and "));
            document.warn("pictures_not_read", message, Place::default());
        }
        warn_entities(document, self.entities);
    }
}

/// What the speaker notes: the body of the notes page, not its picture of the slide and its footers.
fn notes_text(found: Found) -> String {
    let bodies = found
        .shapes
        .into_iter()
        .filter(|shape| shape.role == Role::Body);
    let lines = bodies
        .flat_map(|shape| shape.paragraphs)
        .map(|line| line.text.trim().to_owned());
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// Whether a slide is left out when it is shown.
fn is_hidden(show: Option<String>) -> bool {
    show.is_some_and(|value| is_off(&value))
}
