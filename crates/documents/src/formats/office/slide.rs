//! Slides: shapes in reading order become the blocks of a page.

use super::grid::{Grid, HeaderHint};
use crate::document::{Block, BlockKind, Document, Heading};
use crate::place::Place;

/// Shapes whose upper edges are this close stand in one row, in English Metric Units: a fifth of an inch.
const ROW_HEIGHT: i64 = 182_880;

/// A slide being read.
#[derive(Default)]
pub(super) struct Slide {
    pub(super) shapes: Vec<Shape>,
    pub(super) notes: String,
    pub(super) comments: Vec<String>,
}

/// A shape with its text or table.
#[derive(Default)]
pub(super) struct Shape {
    pub(super) role: Role,
    /// Left and upper edge in English Metric Units, where it is known.
    pub(super) at: Option<(i64, i64)>,
    pub(super) paragraphs: Vec<Line>,
    pub(super) table: Option<(Grid, HeaderHint)>,
}

/// A paragraph of a shape.
#[derive(Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// The depth of a list item, from 1; none for plain text.
    pub(super) depth: Option<u8>,
}

/// What a shape is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    Title,
    #[default]
    Body,
    /// A footer or a date: the same on each slide.
    Margin,
    /// A number that changes on each slide.
    Number,
}

/// Writes slides into a document.
pub(super) struct Deck {
    rows_max: u64,
    margins: Vec<String>,
}

impl Deck {
    /// A deck whose tables keep at most `rows_max` rows.
    pub(super) const fn new(rows_max: u64) -> Self {
        Self {
            rows_max,
            margins: Vec::new(),
        }
    }

    /// Add a slide, which is page `number`.
    pub(super) fn write(&mut self, document: &mut Document, number: u32, slide: Slide) {
        let Slide {
            shapes,
            notes,
            comments,
        } = slide;
        let shapes = in_reading_order(shapes);
        let title = shapes
            .iter()
            .filter(|shape| shape.role == Role::Title)
            .flat_map(|shape| shape.paragraphs.iter())
            .flat_map(|line| line.text.split_whitespace())
            .collect::<Vec<_>>()
            .join(" ");
        let place = Place {
            heading_path: if title.is_empty() {
                Vec::new()
            } else {
                vec![crate::text::shorten(&title, 200)]
            },
            ..Place::page(number)
        };
        if !title.is_empty() {
            document.push_heading(Heading {
                level: 1,
                text: title,
                place: place.clone(),
            });
        }
        for shape in shapes {
            match shape.role {
                Role::Title | Role::Number => {}
                Role::Margin => self.margin(&shape),
                Role::Body => self.body(document, shape, &place),
            }
        }
        if !notes.is_empty() {
            document.push(BlockKind::Note, notes, place.clone());
        }
        for comment in comments {
            document.push(BlockKind::Comment, comment, place.clone());
        }
    }

    /// End of the deck: what stands on all slides, once.
    pub(super) fn finish(self, document: &mut Document) {
        for margin in self.margins {
            document.push(BlockKind::Margin, margin, Place::default());
        }
    }

    fn body(&mut self, document: &mut Document, shape: Shape, place: &Place) {
        for line in shape.paragraphs {
            let text = line.text.trim();
            if text.is_empty() {
                continue;
            }
            document.blocks.push(Block {
                kind: if line.depth.is_some() {
                    BlockKind::ListItem
                } else {
                    BlockKind::Paragraph
                },
                text: text.to_owned(),
                level: line.depth,
                table: None,
                place: place.clone(),
            });
        }
        if let Some((grid, hint)) = shape.table {
            let page = place.page.unwrap_or_default();
            let name = format!("table {} (slide {page})", document.tables.len() + 1);
            match grid.finish(hint, name, place.clone(), self.rows_max) {
                Ok(table) => document.push_table(table),
                Err(text) if text.trim().is_empty() => {}
                Err(text) => document.push(BlockKind::Paragraph, text, place.clone()),
            }
        }
    }

    fn margin(&mut self, shape: &Shape) {
        for line in &shape.paragraphs {
            let text = line.text.trim();
            if !text.is_empty() && !self.margins.iter().any(|margin| margin == text) {
                self.margins.push(text.to_owned());
            }
        }
    }
}

/// From top to bottom and, within a row, from left to right. A shape without a place stays behind the one before it.
fn in_reading_order(shapes: Vec<Shape>) -> Vec<Shape> {
    let mut last = (0, i64::MIN);
    let mut placed: Vec<((i64, i64), Shape)> = Vec::new();
    for shape in shapes {
        last = shape.at.unwrap_or(last);
        placed.push((last, shape));
    }
    placed.sort_by_key(|((_, y), _)| *y);
    // A row begins with its highest shape: comparing neighbours alone would give no order.
    let mut begin: Option<i64> = None;
    let mut row = 0_usize;
    let mut keyed: Vec<((usize, i64), Shape)> = Vec::new();
    for ((x, y), shape) in placed {
        match begin {
            Some(above) if y.saturating_sub(above) <= ROW_HEIGHT => {}
            _ => {
                begin = Some(y);
                row += 1;
            }
        }
        keyed.push(((row, x), shape));
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, shape)| shape).collect()
}
