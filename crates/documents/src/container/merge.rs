//! A document within a document.

use crate::document::{BlockKind, Document, Heading};
use crate::format::Format;
use crate::part::{Part, PartStatus};
use crate::place::Place;
use crate::text::shorten;

/// The most characters of a title in a heading.
const TITLE_CHARACTERS_MAX: usize = 200;

/// About how many bytes a document takes when it is stored, without what was counted with its own parts.
pub(super) fn weight(document: &Document) -> u64 {
    let mut bytes = 0;
    for block in document
        .blocks
        .iter()
        .filter(|block| block.place.part.is_empty())
    {
        bytes += block.text.len() + place(&block.place);
    }
    for heading in document
        .outline
        .iter()
        .filter(|heading| heading.place.part.is_empty())
    {
        bytes += heading.text.len() + place(&heading.place);
    }
    for table in document
        .tables
        .iter()
        .filter(|table| table.place.part.is_empty())
    {
        let cells = table.rows.iter().flatten();
        bytes += cells.map(|cell| cell.len() + 3).sum::<usize>();
        bytes += table
            .columns
            .iter()
            .map(|column| column.name.len() + 50)
            .sum::<usize>();
        bytes += table.rows.len() * 3 + place(&table.place);
    }
    bytes += document
        .metadata
        .values()
        .map(|value| value.to_string().len() + 20)
        .sum::<usize>();
    bytes as u64
}

fn place(place: &Place) -> usize {
    // What the part's own heading and path will add, and the names of the fields.
    let path = place.heading_path.iter();
    200 + path.map(|heading| heading.len() + 3).sum::<usize>()
}

/// Append what was read of a part, below a heading of its own, and list it.
pub(super) fn append(document: &mut Document, label: &str, size: u64, child: Document) {
    let heading = match &child.title {
        Some(title) if child.format == Format::Email => {
            format!("{label}: {}", shorten(title, TITLE_CHARACTERS_MAX))
        }
        _ => label.to_owned(),
    };
    let frame = Frame {
        label,
        heading: &heading,
    };
    let mut own = Place::default();
    frame.put_around(&mut own);
    document.push_heading(Heading {
        level: 1,
        text: heading.clone(),
        place: own,
    });
    let mut metadata = child.metadata;
    if let Some(encoding) = child.encoding {
        metadata
            .entry("encoding".to_owned())
            .or_insert(encoding.into());
    }
    if let Some(pages) = child.pages {
        metadata.entry("pages".to_owned()).or_insert(pages.into());
    }
    document.parts.push(Part {
        path: vec![label.to_owned()],
        format: Some(child.format),
        size: Some(size),
        status: PartStatus::Parsed,
        reason: None,
        title: child.title,
        metadata,
    });
    document
        .parts
        .extend(child.parts.into_iter().map(|mut part| {
            part.path.insert(0, label.to_owned());
            part
        }));
    document
        .outline
        .extend(child.outline.into_iter().map(|mut heading| {
            heading.level = heading.level.saturating_add(1);
            frame.put_around(&mut heading.place);
            heading
        }));
    let tables_before = u32::try_from(document.tables.len()).unwrap_or(u32::MAX);
    document
        .blocks
        .extend(child.blocks.into_iter().map(|mut block| {
            frame.put_around(&mut block.place);
            block.table = block.table.map(|index| index.saturating_add(tables_before));
            if block.kind == BlockKind::Heading {
                block.level = block.level.map(|level| level.saturating_add(1));
            }
            block
        }));
    document
        .tables
        .extend(child.tables.into_iter().map(|mut table| {
            frame.put_around(&mut table.place);
            table
        }));
    for mut warning in child.warnings {
        frame.put_around(&mut warning.place);
        document.warn(&warning.code, warning.message, warning.place);
    }
}

/// What stands around everything of a part.
struct Frame<'a> {
    label: &'a str,
    heading: &'a str,
}

impl Frame<'_> {
    fn put_around(&self, place: &mut Place) {
        place.part.insert(0, self.label.to_owned());
        place.heading_path.insert(0, self.heading.to_owned());
    }
}
