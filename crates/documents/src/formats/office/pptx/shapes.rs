//! The shapes of a slide, tag by tag.

use std::collections::HashMap;
use std::io::BufRead;

use super::super::grid::{Grid, HeaderHint};
use super::super::slide::{Line, Role, Shape};
use super::super::xml::{Node, Tag, Xml, is_off};
use super::is_hidden;
use crate::error::Error;

/// Where placeholders stand, by kind and by index.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(HashMap<String, (i64, i64)>);

/// What a part with shapes holds.
#[derive(Default)]
pub(super) struct Found {
    pub(super) shapes: Vec<Shape>,
    pub(super) places: Places,
    pub(super) is_hidden: bool,
    /// Pictures, charts and diagrams.
    pub(super) left_out: [u64; 3],
    pub(super) entities: u64,
}

/// A placeholder's kind and index.
struct Placeholder {
    kind: String,
    index: String,
}

/// A group: its place in its parent less its own origin.
type Offset = (i64, i64);

struct Reader<'p> {
    found: Found,
    places: &'p Places,
    shape: Option<Shape>,
    placeholder: Option<Placeholder>,
    groups: Vec<Offset>,
    /// The first place of the group that is being opened.
    group_at: Option<(i64, i64)>,
    grid: Option<(Grid, HeaderHint)>,
    line: Option<Line>,
    in_text: bool,
    is_number_field: bool,
}

/// Read all shapes of a slide, a layout, a master or a page of notes.
pub(super) fn read_shapes<R: BufRead>(mut xml: Xml<R>, places: &Places) -> Result<Found, Error> {
    let mut reader = Reader {
        found: Found {
            places: places.clone(),
            ..Found::default()
        },
        places,
        shape: None,
        placeholder: None,
        groups: Vec::new(),
        group_at: None,
        grid: None,
        line: None,
        in_text: false,
        is_number_field: false,
    };
    loop {
        match xml.next()? {
            // A fallback says again what stands before it.
            Node::Open(tag)
                if matches!(tag.name(), "Fallback" | "extLst" | "timing" | "transition") =>
            {
                xml.skip()?;
            }
            Node::Open(tag) => reader.open(&tag),
            Node::Close(name) => reader.close(&name),
            Node::Text(text) if reader.in_text && !reader.is_number_field => {
                if let Some(line) = reader.line.as_mut() {
                    line.text.push_str(&text);
                }
            }
            Node::Text(_) => {}
            Node::End => break,
        }
    }
    reader.found.entities = xml.entities();
    Ok(reader.found)
}

impl Reader<'_> {
    fn open(&mut self, tag: &Tag) {
        match tag.name() {
            "sld" => self.found.is_hidden = is_hidden(tag.get("show")),
            "sp" | "graphicFrame" | "pic" | "cxnSp" => {
                self.shape = Some(Shape::default());
                self.placeholder = None;
            }
            "grpSp" => self.groups.push((0, 0)),
            "ph" => self.placeholder(tag),
            "off" | "chOff" => self.offset(tag),
            "cNvPr" => {
                // What a picture shows, in words.
                let text = tag.get("descr").filter(|text| !text.trim().is_empty());
                if let (Some(shape), Some(text)) = (self.shape.as_mut(), text) {
                    shape.paragraphs.push(Line { text, depth: None });
                }
            }
            "blip" => self.found.left_out[0] += 1,
            "chart" => self.found.left_out[1] += 1,
            "relIds" => self.found.left_out[2] += 1,
            "p" => self.open_line(),
            "pPr" => {
                if let Some(line) = self.line.as_mut() {
                    let level: u8 = tag.number("lvl").unwrap_or(0);
                    line.depth = line.depth.map(|_| level.saturating_add(1));
                }
            }
            "buNone" => {
                if let Some(line) = self.line.as_mut() {
                    line.depth = None;
                }
            }
            "buChar" | "buAutoNum" | "buBlip" => {
                if let Some(line) = self.line.as_mut() {
                    line.depth = Some(line.depth.unwrap_or(1));
                }
            }
            "t" => self.in_text = true,
            "br" => self.put("\n"),
            "tab" => {}
            "fld" => self.is_number_field = tag.get("type").is_some_and(|kind| kind == "slidenum"),
            _ => self.open_table(tag),
        }
    }

    fn open_table(&mut self, tag: &Tag) {
        match tag.name() {
            "tbl" => self.grid = Some((Grid::default(), HeaderHint::No)),
            "tblPr" => {
                if let Some((_, hint)) = self.grid.as_mut()
                    && tag.get("firstRow").is_some_and(|value| !is_off(&value))
                {
                    *hint = HeaderHint::Perhaps;
                }
            }
            "tc" => {
                // What a merged cell covers is written too: as cells that are merged to the left or upwards.
                let is_on = |name| tag.get(name).is_some_and(|value| !is_off(&value));
                if let Some((grid, _)) = self.grid.as_mut() {
                    grid.open_cell(1, 1);
                    if is_on("vMerge") && !is_on("hMerge") {
                        grid.continue_above();
                    }
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "sp" | "graphicFrame" | "pic" | "cxnSp" => self.close_shape(),
            "grpSp" => drop(self.groups.pop()),
            "p" => self.close_line(),
            "t" => self.in_text = false,
            "fld" => self.is_number_field = false,
            "tc" => {
                if let Some((grid, _)) = self.grid.as_mut() {
                    grid.close_cell();
                }
            }
            "tr" => {
                if let Some((grid, _)) = self.grid.as_mut() {
                    grid.close_row(false);
                }
            }
            "tbl" => {
                if let Some(shape) = self.shape.as_mut() {
                    shape.table = self.grid.take();
                }
            }
            _ => {}
        }
    }

    fn placeholder(&mut self, tag: &Tag) {
        let kind = tag.get("type").unwrap_or_else(|| "obj".to_owned());
        let Some(shape) = self.shape.as_mut() else {
            return;
        };
        shape.role = match kind.as_str() {
            "title" | "ctrTitle" => Role::Title,
            "ftr" | "dt" | "hdr" => Role::Margin,
            "sldNum" => Role::Number,
            _ => Role::Body,
        };
        let index = tag.get("idx").unwrap_or_default();
        // A shape says where it is only if that differs from its layout.
        let by_index = self
            .places
            .0
            .get(&format!("#{index}"))
            .filter(|_| !index.is_empty());
        shape.at = by_index
            .or_else(|| self.places.0.get(general(&kind)))
            .copied();
        self.placeholder = Some(Placeholder { kind, index });
    }

    fn offset(&mut self, tag: &Tag) {
        let at = (
            tag.number("x").unwrap_or(0_i64),
            tag.number("y").unwrap_or(0_i64),
        );
        if tag.name() == "chOff" {
            // Inside of a group places count from the group's own origin.
            if let (Some(group), Some(outer)) = (self.groups.last_mut(), self.group_at.take()) {
                *group = (outer.0.saturating_sub(at.0), outer.1.saturating_sub(at.1));
            }
            return;
        }
        let outside = |groups: &[Offset]| {
            groups.iter().fold(at, |at, group| {
                (at.0.saturating_add(group.0), at.1.saturating_add(group.1))
            })
        };
        match self.shape.as_mut() {
            Some(shape) => shape.at = Some(outside(&self.groups)),
            None => self.group_at = Some(at),
        }
    }

    /// Body placeholders are lists unless they say otherwise; other shapes are plain text.
    fn open_line(&mut self) {
        let is_list = self.grid.is_none()
            && self
                .placeholder
                .as_ref()
                .is_some_and(|placeholder| matches!(placeholder.kind.as_str(), "body" | "obj"));
        self.line = Some(Line {
            text: String::new(),
            depth: is_list.then_some(1),
        });
    }

    fn close_line(&mut self) {
        let Some(line) = self.line.take() else { return };
        if line.text.trim().is_empty() {
            return;
        }
        if let Some((grid, _)) = self.grid.as_mut() {
            grid.write(line.text.trim());
        } else if let Some(shape) = self.shape.as_mut() {
            shape.paragraphs.push(line);
        }
    }

    fn close_shape(&mut self) {
        let Some(shape) = self.shape.take() else {
            return;
        };
        if let (Some(placeholder), Some(at)) = (self.placeholder.take(), shape.at) {
            let Placeholder { kind, index } = placeholder;
            self.found.places.0.insert(general(&kind).to_owned(), at);
            if !index.is_empty() {
                self.found.places.0.insert(format!("#{index}"), at);
            }
        }
        if !shape.paragraphs.is_empty() || shape.table.is_some() {
            self.found.shapes.push(shape);
        }
    }

    fn put(&mut self, text: &str) {
        if let Some(line) = self.line.as_mut() {
            line.text.push_str(text);
        }
    }
}

/// The kind under which a master knows a placeholder.
fn general(kind: &str) -> &str {
    match kind {
        "ctrTitle" => "title",
        "obj" | "subTitle" => "body",
        kind => kind,
    }
}
