//! XLSX: `SpreadsheetML` (ECMA-376, part 1, 18). Sheets stream; they are never in memory as a whole.

use std::io::BufRead;

use super::super::package::{
    Relationship, main_part, part_of, properties, relationships, warn_entities,
};
use super::super::xml::{Node, Tag, Xml, is_off};
use super::sheet::{Book, Sheet, Visibility};
use super::value::{NumberFormat, Value, built_in, custom, date_and_time, formatted};
use crate::archive::Archive;
use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::request::Options;
use crate::text::shorten;

/// The last row and column that a reference may name; the limits of Excel and a little more.
const ROW_MAX: u32 = 1 << 21;

/// The most characters of a name that is repeated with each remark.
const NAME_CHARACTERS_MAX: usize = 200;

/// What the cells refer to.
struct Shared {
    strings: Vec<String>,
    formats: Vec<NumberFormat>,
    is_1904: bool,
}

/// A sheet's entry in the workbook.
struct Entry {
    name: String,
    visibility: Visibility,
    id: String,
}

/// Read an XLSX.
pub(in crate::formats) fn parse(
    document: &mut Document,
    bytes: &[u8],
    options: &Options,
) -> Result<(), Error> {
    let mut archive = Archive::open(bytes, Format::Xlsx)?;
    let main = main_part(&mut archive, "xl/workbook.xml")?;
    let package = relationships(&mut archive, "")?;
    let core = part_of(&package, "core-properties").unwrap_or("docProps/core.xml");
    document.title = properties(document, &mut archive, core)?;
    let related = relationships(&mut archive, &main)?;
    let (sheets, is_1904) = workbook(&mut archive, &main)?;
    let shared = Shared {
        strings: match part_of(&related, "sharedStrings") {
            Some(part) => strings(&mut archive, part)?,
            None => Vec::new(),
        },
        formats: match part_of(&related, "styles") {
            Some(part) => formats(&mut archive, part)?,
            None => Vec::new(),
        },
        is_1904,
    };
    if related.iter().any(|found| found.kind == "vbaProject") {
        document.metadata.insert("macros".to_owned(), true.into());
    }
    let mut book = Book::new(document, options);
    for entry in sheets {
        let found = related.iter().find(|found| found.id == entry.id);
        match found {
            Some(found) if found.kind == "worksheet" => {
                worksheet(&mut book, &mut archive, &shared, &entry, &found.target)?;
            }
            Some(Relationship { kind, .. }) if kind == "chartsheet" => {
                book.other_sheet(&entry.name, "chart", entry.visibility);
            }
            _ => book.other_sheet(&entry.name, "dialog or macro sheet", entry.visibility),
        }
    }
    book.finish();
    Ok(())
}

fn workbook(archive: &mut Archive<'_>, part: &str) -> Result<(Vec<Entry>, bool), Error> {
    let mut sheets = Vec::new();
    let mut is_1904 = false;
    let Some(mut xml) = Xml::open(archive, part)? else {
        return Ok((sheets, is_1904));
    };
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "sheet" => sheets.push(Entry {
                name: tag.get("name").unwrap_or_default(),
                visibility: match tag.get("state").as_deref() {
                    Some("hidden") => Visibility::Hidden,
                    Some("veryHidden") => Visibility::VeryHidden,
                    _ => Visibility::Visible,
                },
                id: tag
                    .get_full("r:id")
                    .or_else(|| tag.get("id"))
                    .unwrap_or_default(),
            }),
            Node::Open(tag) if tag.name() == "workbookPr" => {
                is_1904 = tag.get("date1904").is_some_and(|value| !is_off(&value));
            }
            Node::End => return Ok((sheets, is_1904)),
            _ => {}
        }
    }
}

/// The texts that cells share; without the readings of East Asian words.
fn strings(archive: &mut Archive<'_>, part: &str) -> Result<Vec<String>, Error> {
    let mut strings = Vec::new();
    let Some(mut xml) = Xml::open(archive, part)? else {
        return Ok(strings);
    };
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "si" => strings.push(rich_text(&mut xml)?),
            Node::End => return Ok(strings),
            _ => {}
        }
    }
}

/// All runs up to the end of the tag that was opened last.
fn rich_text<R: BufRead>(xml: &mut Xml<R>) -> Result<String, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = String::new();
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "rPh" => xml.skip()?,
            Node::Open(tag) if tag.name() == "t" => text.push_str(&xml.text()?),
            Node::End => break,
            _ => {}
        }
    }
    Ok(unescape(text))
}

/// Excel writes a character that XML cannot hold as `_x000D_`.
fn unescape(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let code = from
            .get(2..6)
            .filter(|_| from.as_bytes().get(6) == Some(&b'_'));
        let sign = code
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        match sign {
            Some(sign) => {
                if !sign.is_control() || matches!(sign, '\n' | '\t') {
                    plain.push(sign);
                }
                rest = from.get(7..).unwrap_or_default();
            }
            None => {
                plain.push_str("_x");
                rest = from.get(2..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// What each cell format shows.
fn formats(archive: &mut Archive<'_>, part: &str) -> Result<Vec<NumberFormat>, Error> {
    let mut formats = Vec::new();
    let mut customs: Vec<(u32, NumberFormat)> = Vec::new();
    let mut in_cells = false;
    let Some(mut xml) = Xml::open(archive, part)? else {
        return Ok(formats);
    };
    loop {
        match xml.next()? {
            Node::Open(tag) => match tag.name() {
                "numFmt" if !in_cells => {
                    let code = tag.get("formatCode").unwrap_or_default();
                    customs.push((tag.number("numFmtId").unwrap_or(0), custom(&code)));
                }
                "cellXfs" => {
                    in_cells = true;
                    customs.sort_by_key(|(id, _)| *id);
                }
                "xf" if in_cells => {
                    let id = tag.number("numFmtId").unwrap_or(0);
                    let own = customs.binary_search_by_key(&id, |(id, _)| *id).ok();
                    let own = own
                        .and_then(|at| customs.get(at))
                        .map(|(_, format)| *format);
                    formats.push(own.unwrap_or_else(|| built_in(id)));
                }
                _ => {}
            },
            Node::Close(name) if name == "cellXfs" => in_cells = false,
            Node::End => return Ok(formats),
            _ => {}
        }
    }
}

fn worksheet(
    book: &mut Book<'_>,
    archive: &mut Archive<'_>,
    shared: &Shared,
    entry: &Entry,
    part: &str,
) -> Result<(), Error> {
    let related = relationships(archive, part)?;
    let mut sheet = book.sheet(&entry.name, entry.visibility)?;
    let Some(mut xml) = Xml::open_large(archive, part)? else {
        return Err(Error::damaged(format!(
            "the part `{part}` of a sheet is missing"
        )));
    };
    let (mut row, mut column) = (0_u32, 0_u32);
    loop {
        match xml.next()? {
            Node::Open(tag) => match tag.name() {
                "row" => {
                    row = tag
                        .number("r")
                        .map_or(row, |number: u32| number.saturating_sub(1));
                    column = 0;
                }
                "c" => {
                    let place = tag.get("r").and_then(|text| position(&text));
                    (row, column) = place.unwrap_or((row, column));
                    check_row(row)?;
                    let value = cell(&mut xml, &tag, shared, &mut sheet)?;
                    sheet.cell(row, column, value)?;
                    column = column.saturating_add(1);
                }
                "mergeCell" => sheet.merged(),
                _ => {}
            },
            Node::Close(name) if name == "row" => row = row.saturating_add(1),
            Node::End => break,
            _ => {}
        }
    }
    let entities = xml.entities();
    drop(xml);
    if let Some(part) = part_of(&related, "comments") {
        comments(&mut sheet, archive, part)?;
    }
    sheet.finish()?;
    warn_entities(book.document, entities);
    Ok(())
}

/// The value of the cell whose tag was opened last.
fn cell<R: BufRead>(
    xml: &mut Xml<R>,
    tag: &Tag,
    shared: &Shared,
    sheet: &mut Sheet<'_, '_>,
) -> Result<Value, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut raw: Option<String> = None;
    let mut has_formula = false;
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(inner) => match inner.name() {
                "v" => raw = Some(xml.text()?),
                "is" => raw = Some(rich_text(xml)?),
                "f" => {
                    has_formula = true;
                    xml.skip()?;
                }
                _ => xml.skip()?,
            },
            Node::End => break,
            _ => {}
        }
    }
    let Some(raw) = raw.filter(|raw| !raw.is_empty()) else {
        // An empty text is a result too; it is stored as `<v></v>` with the type of a text.
        if has_formula && tag.get("t").as_deref() != Some("str") {
            sheet.formula_without_value();
        }
        return Ok(Value::Empty);
    };
    let kind = tag.get("t");
    Ok(match kind.as_deref() {
        Some("s") => {
            let index: Option<usize> = raw.trim().parse().ok();
            match index.and_then(|index| shared.strings.get(index)) {
                Some(text) => Value::Text(text.clone()),
                None => {
                    return Err(Error::damaged(
                        "a cell refers to a text that does not exist",
                    ));
                }
            }
        }
        Some("b") => Value::Text((raw.trim() == "1" || raw.trim() == "true").to_string()),
        Some("e") => Value::Error(raw),
        Some("d") => Value::Text(date_and_time(&raw)),
        Some("str") => Value::Text(unescape(raw)),
        Some("inlineStr") => Value::Text(raw),
        _ => {
            let format = tag
                .number::<usize>("s")
                .and_then(|style| shared.formats.get(style));
            match raw.trim().parse::<f64>() {
                Ok(value) if value.is_finite() => Value::Text(formatted(
                    value,
                    format.copied().unwrap_or_default(),
                    shared.is_1904,
                )),
                _ => Value::Text(raw),
            }
        }
    })
}

/// The remarks on cells: who, where and what.
fn comments(sheet: &mut Sheet<'_, '_>, archive: &mut Archive<'_>, part: &str) -> Result<(), Error> {
    let mut authors: Vec<String> = Vec::new();
    let Some(mut xml) = Xml::open(archive, part)? else {
        return Ok(());
    };
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "author" => {
                authors.push(shorten(&xml.text()?, NAME_CHARACTERS_MAX));
            }
            Node::Open(tag) if tag.name() == "comment" => {
                let cell = tag.get("ref").unwrap_or_default();
                let author = tag
                    .number::<usize>("authorId")
                    .and_then(|index| authors.get(index));
                let author = author.map(String::as_str).unwrap_or_default();
                let text = rich_text(&mut xml)?;
                // Excel itself begins the text with the author, if it is told to.
                let is_named = author.is_empty() || text.starts_with(author);
                let text = if is_named {
                    text
                } else {
                    format!("{author}: {text}")
                };
                sheet.remark_at(&cell, &text);
            }
            Node::End => return Ok(()),
            _ => {}
        }
    }
}

fn check_row(row: u32) -> Result<(), Error> {
    if row >= ROW_MAX {
        return Err(Error::TooLarge {
            limit: ROW_MAX.into(),
            what: "rows in a sheet",
        });
    }
    Ok(())
}

/// Row and column of a reference such as `C5`, from 0.
fn position(reference: &str) -> Option<(u32, u32)> {
    let digits = reference.find(|sign: char| sign.is_ascii_digit())?;
    let (letters, row) = reference.split_at(digits);
    let column = letters.bytes().try_fold(0_u32, |sum, letter| {
        let digit = letter
            .to_ascii_uppercase()
            .checked_sub(b'A')
            .filter(|digit| *digit < 26)?;
        sum.checked_mul(26)?.checked_add(u32::from(digit) + 1)
    })?;
    let row: u32 = row.parse().ok()?;
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}
