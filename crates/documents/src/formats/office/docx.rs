//! DOCX: `WordprocessingML` (ECMA-376, part 1, 17).

mod numbering;
mod reader;
mod styles;

use std::collections::HashMap;

use super::package::{main_part, part_of, properties, relationships, warn_entities};
use super::xml::{Node, Xml};
use crate::archive::Archive;
use crate::document::{BlockKind, Document};
use crate::error::Error;
use crate::format::Format;
use crate::place::Place;
use crate::request::Options;
use numbering::Numbering;
use reader::{Parts, Reader};
use styles::Styles;

/// Read a DOCX.
pub(in crate::formats) fn parse(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
) -> Result<(), Error> {
    let mut archive = Archive::open(bytes, Format::Docx)?;
    let main = main_part(&mut archive, "word/document.xml")?;
    let package = relationships(&mut archive, "")?;
    let core = part_of(&package, "core-properties").unwrap_or("docProps/core.xml");
    let stated = properties(document, &mut archive, core)?;
    let related = relationships(&mut archive, &main)?;
    let parts = Parts {
        styles: match part_of(&related, "styles") {
            Some(part) => Styles::read(&mut archive, part)?,
            None => Styles::default(),
        },
        numbering: match part_of(&related, "numbering") {
            Some(part) => Numbering::read(&mut archive, part)?,
            None => Numbering::default(),
        },
        footnotes: notes(&mut archive, part_of(&related, "footnotes"), "footnote")?,
        endnotes: notes(&mut archive, part_of(&related, "endnotes"), "endnote")?,
        comments: notes(&mut archive, part_of(&related, "comments"), "comment")?,
        links: related
            .iter()
            .filter(|found| found.kind == "hyperlink")
            .map(|found| (found.id.clone(), found.target.clone()))
            .collect(),
    };
    let Some(xml) = Xml::open(&mut archive, &main)? else {
        return Err(Error::damaged("its main part is missing"));
    };
    let read = Reader::new(document, parts, options.rows_max).read(xml)?;
    warn_entities(document, read.entities);
    if read.deletions > 0 {
        let message = format!(
            "{} tracked deletions are not shown; {} tracked insertions are",
            read.deletions, read.insertions
        );
        document.warn("tracked_changes", message, Place::default());
    }
    margins(document, &mut archive, &related)?;
    document.title = read.title.or(stated);
    if package
        .iter()
        .chain(&related)
        .any(|found| found.kind == "vbaProject")
    {
        document.metadata.insert("macros".to_owned(), true.into());
    }
    Ok(())
}

/// Headers and footers, each text once.
fn margins(
    document: &mut Document,
    archive: &mut Archive<'_>,
    related: &[super::package::Relationship],
) -> Result<(), Error> {
    let mut seen: Vec<String> = Vec::new();
    for kind in ["header", "footer"] {
        for part in related.iter().filter(|found| found.kind == kind) {
            let Some(mut xml) = Xml::open(archive, &part.target)? else {
                continue;
            };
            let text = plain_text(&mut xml)?;
            if !text.is_empty() && !seen.contains(&text) {
                document.push(BlockKind::Margin, text.clone(), Place::default());
                seen.push(text);
            }
        }
    }
    Ok(())
}

/// The notes of a part by their id. Comments begin with who wrote them.
fn notes(
    archive: &mut Archive<'_>,
    part: Option<&str>,
    element: &str,
) -> Result<HashMap<String, String>, Error> {
    let mut notes = HashMap::new();
    let Some(part) = part else { return Ok(notes) };
    let Some(mut xml) = Xml::open(archive, part)? else {
        return Ok(notes);
    };
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == element => {
                let author = tag.get("author").filter(|author| !author.is_empty());
                // Separators are lines, not notes.
                let is_line = tag.get("type").is_some_and(|kind| kind != "normal");
                let id = tag.get("id").unwrap_or_default();
                let text = plain_text(&mut xml)?;
                if !is_line && !text.is_empty() {
                    let text = match author {
                        Some(author) => format!("{author}: {text}"),
                        None => text,
                    };
                    notes.insert(id, text);
                }
            }
            Node::End => return Ok(notes),
            _ => {}
        }
    }
}

/// The text up to the end of the tag that was opened last, a line for each paragraph.
fn plain_text<R: std::io::BufRead>(xml: &mut Xml<R>) -> Result<String, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = String::new();
    let mut in_text = false;
    loop {
        match xml.next()? {
            Node::Open(tag) => match tag.name() {
                "t" => in_text = true,
                "tab" | "ptab" => text.push('\t'),
                "br" | "cr" => text.push('\n'),
                "del" | "moveFrom" | "Fallback" | "pPr" => xml.skip()?,
                _ => {}
            },
            Node::Close(name) => {
                match name.as_str() {
                    "t" => in_text = false,
                    "p" => text.push('\n'),
                    _ => {}
                }
                if xml.depth() <= outside {
                    break;
                }
            }
            Node::Text(more) if in_text => text.push_str(&more),
            Node::Text(_) => {}
            Node::End => break,
        }
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
