//! The pages of a presentation.

use std::io::BufRead;

use super::super::grid::{Grid, HeaderHint};
use super::super::slide::{Deck, Line, Role, Shape, Slide};
use super::super::xml::{Node, Tag, Xml};
use super::text::{annotation, line_text, paragraphs};
use crate::document::Document;
use crate::error::Error;
use crate::request::Options;

/// Read all pages; returns how many references to own entities there were.
pub(super) fn read<R: BufRead>(
    document: &mut Document,
    mut xml: Xml<R>,
    options: &Options,
) -> Result<u64, Error> {
    let mut deck = Deck::new(options.rows_max);
    let mut number = 0_u32;
    let mut added = 0;
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "page" => {
                number += 1;
                let slide = page(&mut xml, &mut added)?;
                if number <= options.pages_max {
                    deck.write(document, number, slide);
                }
            }
            Node::End => break,
            _ => {}
        }
    }
    deck.finish(document);
    document.pages = Some(number);
    document.record_count = u64::from(number);
    if number > options.pages_max {
        let message = format!(
            "only the first {} of {number} slides were read",
            options.pages_max
        );
        document.warn(
            "pages_left_out",
            message,
            crate::place::Place::page(options.pages_max),
        );
    }
    Ok(xml.entities())
}

fn page<R: BufRead>(xml: &mut Xml<R>, added: &mut usize) -> Result<Slide, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut slide = Slide::default();
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "notes" => slide.notes = notes(xml)?,
            Node::Open(tag) if tag.name() == "annotation" => slide.comments.push(annotation(xml)?),
            Node::Open(tag)
                if matches!(
                    tag.name(),
                    "frame"
                        | "custom-shape"
                        | "rect"
                        | "ellipse"
                        | "line"
                        | "connector"
                        | "path"
                        | "polygon"
                ) =>
            {
                let shape = shape(xml, &tag, added)?;
                slide.shapes.push(shape);
            }
            Node::End => break,
            _ => {}
        }
    }
    Ok(slide)
}

fn shape<R: BufRead>(xml: &mut Xml<R>, tag: &Tag, added: &mut usize) -> Result<Shape, Error> {
    let class = tag.get_full("presentation:class").unwrap_or_default();
    let mut shape = Shape {
        role: match class.as_str() {
            "title" => Role::Title,
            "header" | "footer" | "date-time" => Role::Margin,
            "page-number" => Role::Number,
            _ => Role::Body,
        },
        at: Some((length(tag.get("x")), length(tag.get("y")))),
        ..Shape::default()
    };
    let outside = xml.depth().saturating_sub(1);
    let mut lists = 0_u8;
    let mut grid: Option<Grid> = None;
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) => match tag.name() {
                "list" => lists = lists.saturating_add(1),
                "table" => grid = Some(Grid::new(*added)),
                "table-cell" => {
                    if let Some(grid) = grid.as_mut() {
                        let span = |name| tag.number::<usize>(name).unwrap_or(1).min(1_000);
                        grid.open_cell(span("number-columns-spanned"), span("number-rows-spanned"));
                    }
                }
                "covered-table-cell" | "event-listeners" => xml.skip()?,
                "p" | "h" => {
                    let text = line_text(xml)?;
                    match grid.as_mut() {
                        Some(grid) if !text.is_empty() => grid.write(&text),
                        Some(_) => {}
                        None => shape.paragraphs.push(Line {
                            text,
                            depth: (lists > 0).then_some(lists),
                        }),
                    }
                }
                "desc" => {
                    let text = xml.text()?;
                    shape.paragraphs.push(Line { text, depth: None });
                }
                _ => {}
            },
            Node::Close(name) => match (name.as_str(), grid.as_mut()) {
                ("list", _) => lists = lists.saturating_sub(1),
                ("table-cell", Some(grid)) => grid.close_cell(),
                ("table-row", Some(grid)) => grid.close_row(false),
                ("table", _) => {
                    if let Some(grid) = grid.take() {
                        *added = grid.added();
                        shape.table = Some((grid, HeaderHint::Perhaps));
                    }
                }
                _ => {}
            },
            Node::End => break,
            Node::Text(_) => {}
        }
    }
    Ok(shape)
}

/// What the speaker notes: the text of the frame that is made for it.
fn notes<R: BufRead>(xml: &mut Xml<R>) -> Result<String, Error> {
    let outside = xml.depth().saturating_sub(1);
    let mut lines = Vec::new();
    while xml.depth() > outside {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "frame" => {
                let class = tag.get_full("presentation:class");
                let text = paragraphs(xml)?;
                if class.is_none_or(|class| class == "notes") && !text.is_empty() {
                    lines.push(text);
                }
            }
            Node::End => break,
            _ => {}
        }
    }
    Ok(lines.join("\n"))
}

/// A length such as `2.54cm` in English Metric Units.
fn length(value: Option<String>) -> i64 {
    let value = value.unwrap_or_default();
    let digits = value
        .find(|sign: char| sign.is_ascii_alphabetic())
        .unwrap_or(value.len());
    let (amount, unit) = value.split_at(digits);
    let factor = match unit {
        "cm" => 360_000.0,
        "mm" => 36_000.0,
        "in" => 914_400.0,
        "pt" => 12_700.0,
        _ => 9_525.0,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast saturates, and a place beyond is as good as any"
    )]
    let length = (amount.parse::<f64>().unwrap_or(0.0) * factor) as i64;
    length
}
