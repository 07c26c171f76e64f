//! The sheets of a spreadsheet. What is repeated is counted before it is laid out.

use std::io::BufRead;

use super::super::workbook::{Book, Sheet, Value, Visibility, date_and_time, duration, number};
use super::super::xml::{Node, Tag, Xml};
use super::styles::Styles;
use super::text::paragraphs;
use crate::error::Error;

/// Rows and columns of a sheet, as office programs have them.
const ROWS_MAX: u32 = 1 << 20;
const COLUMNS_MAX: u32 = 1 << 14;
/// The most filled cells that repetition may make of a file.
const REPEATED_MAX: u64 = 1_000_000;

/// A row being read: its cells with the column each begins in and how many columns it fills.
type Cells = Vec<(u32, u32, Value)>;

/// Read all sheets; returns how many references to own entities there were.
pub(super) fn read<R: BufRead>(
    book: &mut Book<'_>,
    styles: &Styles,
    mut xml: Xml<R>,
) -> Result<u64, Error> {
    let mut left = REPEATED_MAX;
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "tracked-changes" => xml.skip()?,
            Node::Open(tag) if tag.name() == "table" => {
                let name = tag.get("name").unwrap_or_default();
                let is_hidden = styles.hides_sheet(tag.get("style-name").as_deref());
                let visibility = if is_hidden {
                    Visibility::Hidden
                } else {
                    Visibility::Visible
                };
                let mut sheet = book.sheet(&name, visibility)?;
                table(&mut sheet, &mut xml, &mut left)?;
                sheet.finish()?;
            }
            Node::End => return Ok(xml.entities()),
            _ => {}
        }
    }
}

fn table<R: BufRead>(
    sheet: &mut Sheet<'_, '_>,
    xml: &mut Xml<R>,
    left: &mut u64,
) -> Result<(), Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut row = 0_u32;
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "table-row" => {
                let times: u32 = tag.number("number-rows-repeated").unwrap_or(1).max(1);
                let cells = cells(sheet, xml, row)?;
                let rows = times.min(ROWS_MAX.saturating_sub(row));
                let filled: u64 = cells.iter().map(|(_, count, _)| u64::from(*count)).sum();
                let repeated = filled * u64::from(rows);
                if repeated > filled.min(cells.len() as u64) {
                    *left = left.checked_sub(repeated).ok_or(Error::TooLarge {
                        limit: REPEATED_MAX,
                        what: "cells that it only repeats",
                    })?;
                }
                for index in 0..if filled == 0 { 0 } else { rows } {
                    for (column, count, value) in &cells {
                        for more in 0..*count {
                            sheet.cell(row + index, column + more, value.clone())?;
                        }
                    }
                }
                row = row.saturating_add(rows);
            }
            // Drawings and the sheet's own metadata hold tables and texts that are no cells.
            Node::Open(tag)
                if matches!(
                    tag.name(),
                    "shapes" | "forms" | "named-expressions" | "table-source"
                ) =>
            {
                xml.skip()?;
            }
            Node::End => break,
            _ => {}
        }
    }
    Ok(())
}

fn cells<R: BufRead>(
    sheet: &mut Sheet<'_, '_>,
    xml: &mut Xml<R>,
    row: u32,
) -> Result<Cells, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut cells = Cells::new();
    let mut column = 0_u32;
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) if matches!(tag.name(), "table-cell" | "covered-table-cell") => {
                let times: u32 = tag.number("number-columns-repeated").unwrap_or(1).max(1);
                let times = times.min(COLUMNS_MAX.saturating_sub(column));
                let spans = |name| tag.number::<u32>(name).unwrap_or(1) > 1;
                if spans("number-columns-spanned") || spans("number-rows-spanned") {
                    sheet.merged();
                }
                let value = value(sheet, xml, &tag, row, column)?;
                if value != Value::Empty && times > 0 {
                    cells.push((column, times, value));
                }
                column = column.saturating_add(times);
            }
            Node::End => break,
            _ => {}
        }
    }
    Ok(cells)
}

/// The value of the cell whose tag was opened last (ISO/IEC 26300-1, 19.385).
fn value<R: BufRead>(
    sheet: &mut Sheet<'_, '_>,
    xml: &mut Xml<R>,
    tag: &Tag,
    row: u32,
    column: u32,
) -> Result<Value, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut lines: Vec<String> = Vec::new();
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(inner) if inner.name() == "p" => lines.push(line(xml)?),
            Node::Open(inner) if inner.name() == "annotation" => {
                let text = paragraphs(xml)?;
                sheet.remark(row, column, &text);
            }
            Node::Open(_) => xml.skip()?,
            Node::End => break,
            _ => {}
        }
    }
    let shown = lines.join("\n");
    // Some programs say in a namespace of its own that a text is an error.
    if tag
        .get_full("calcext:value-type")
        .is_some_and(|kind| kind == "error")
    {
        return Ok(Value::Error(shown));
    }
    let stated = |name| tag.get(name);
    let text = match tag
        .get_full("office:value-type")
        .or_else(|| tag.get("value-type"))
        .as_deref()
    {
        Some("float" | "currency" | "percentage") => {
            stated("value").map(|value| match value.trim().parse::<f64>() {
                Ok(parsed) if parsed.is_finite() => number(parsed),
                _ => value,
            })
        }
        Some("date") => stated("date-value").map(|value| date_and_time(&value)),
        Some("time") => stated("time-value").map(|value| clock(&value)),
        Some("boolean") => stated("boolean-value").map(|value| value.to_ascii_lowercase()),
        _ => stated("string-value").filter(|value| !value.is_empty()),
    };
    let text = text.unwrap_or(shown);
    if text.is_empty() {
        if tag.get("formula").is_some() && tag.get("value-type").is_none() {
            sheet.formula_without_value();
        }
        return Ok(Value::Empty);
    }
    Ok(Value::Text(text))
}

/// A paragraph of a cell with its spaces, tabs and breaks.
fn line<R: BufRead>(xml: &mut Xml<R>) -> Result<String, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut text = String::new();
    while xml.depth() > outside {
        match xml.next()? {
            Node::Text(more) => text.push_str(&more),
            Node::Open(tag) => match tag.name() {
                "s" => {
                    let count: usize = tag.number("c").unwrap_or(1);
                    text.push_str(&" ".repeat(count.min(1_000)));
                }
                "tab" => text.push('\t'),
                "line-break" => text.push('\n'),
                "annotation" => xml.skip()?,
                _ => {}
            },
            Node::End => break,
            Node::Close(_) => {}
        }
    }
    Ok(text)
}

/// `PT10H15M30S` as `10:15:30`; anything else as it is.
fn clock(value: &str) -> String {
    let parse = || {
        let mut rest = value.trim().strip_prefix("PT")?;
        let mut seconds = 0.0;
        for (unit, factor) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
            if let Some((amount, after)) = rest.split_once(unit) {
                seconds += amount.replace(',', ".").parse::<f64>().ok()? * factor;
                rest = after;
            }
        }
        rest.is_empty().then(|| duration(seconds))
    };
    parse().unwrap_or_else(|| value.to_owned())
}
