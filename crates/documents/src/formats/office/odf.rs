//! `OpenDocument` (ISO/IEC 26300): texts, spreadsheets and presentations.

mod sheets;
mod slides;
mod styles;
mod text;

use super::package::{properties, warn_entities};
use super::workbook::Book;
use super::xml::{Node, Xml};
use crate::archive::{Archive, Stream};
use crate::document::{BlockKind, Document};
use crate::error::Error;
use crate::format::Format;
use crate::place::Place;
use crate::request::Options;
use styles::Styles;
use text::Reader;

const CONTENT: &str = "content.xml";

/// Read an ODT.
pub(in crate::formats) fn parse_odt(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
) -> Result<(), Error> {
    let mut archive = open(document, bytes, Format::Odt)?;
    let styles = Styles::read(&mut archive)?;
    let stated = document.title.take();
    let margins = text::margins(&mut archive)?;
    let read = Reader::new(document, &styles, options.rows_max).read(content(&mut archive)?)?;
    warn_entities(document, read.entities);
    if read.deletions > 0 {
        let message = format!("{} tracked deletions are not shown", read.deletions);
        document.warn("tracked_changes", message, Place::default());
    }
    for margin in margins {
        document.push(BlockKind::Margin, margin, Place::default());
    }
    document.title = read.title.or(stated);
    Ok(())
}

/// Read an ODS.
pub(in crate::formats) fn parse_ods(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
) -> Result<(), Error> {
    let mut archive = open(document, bytes, Format::Ods)?;
    let styles = Styles::read(&mut archive)?;
    let mut book = Book::new(document, options);
    let xml = Xml::open_large(&mut archive, CONTENT)?.ok_or_else(missing)?;
    let entities = sheets::read(&mut book, &styles, xml)?;
    book.finish();
    warn_entities(document, entities);
    Ok(())
}

/// Read an ODP.
pub(in crate::formats) fn parse_odp(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
) -> Result<(), Error> {
    let mut archive = open(document, bytes, Format::Odp)?;
    let stated = document.title.take();
    let entities = slides::read(document, content(&mut archive)?, options)?;
    warn_entities(document, entities);
    document.title = document
        .outline
        .first()
        .map(|heading| heading.text.clone())
        .or(stated);
    Ok(())
}

/// Open the package, and refuse one whose parts are encrypted.
fn open<'a>(
    document: &mut Document,
    bytes: &'a [u8],
    format: Format,
) -> Result<Archive<'a>, Error> {
    let mut archive = Archive::open(bytes, format)?;
    if let Some(mut xml) = Xml::open(&mut archive, "META-INF/manifest.xml")? {
        loop {
            match xml.next()? {
                Node::Open(tag) if tag.name() == "encryption-data" => {
                    return Err(Error::Encrypted { format });
                }
                Node::End => break,
                _ => {}
            }
        }
    }
    document.title = properties(document, &mut archive, "meta.xml")?;
    Ok(archive)
}

fn content<'z, 'a>(archive: &'z mut Archive<'a>) -> Result<Xml<Stream<'z, 'a>>, Error> {
    Xml::open(archive, CONTENT)?.ok_or_else(missing)
}

fn missing() -> Error {
    Error::damaged("its `content.xml` is missing")
}
