//! What an image says about itself: EXIF 2.32 fields and the text chunks of PNG.

use std::io::Cursor;

use exif::{Context, Exif, In, Reader, Tag, Value as Field};
use serde_json::Value;

use super::header::png_chunks;
use crate::document::Document;
use crate::format::Format;
use crate::place::Place;
use crate::text::shorten;

/// The most characters of a fact.
const FACT_CHARACTERS_MAX: usize = 2_000;

/// The fields that say something to a reader, and their names here.
const FIELDS: &[(Tag, &str)] = &[
    (Tag::ImageDescription, "description"),
    (Tag::Artist, "author"),
    (Tag::Copyright, "copyright"),
    (Tag::Make, "camera_make"),
    (Tag::Model, "camera_model"),
    (Tag::Software, "software"),
    (Tag::DateTimeOriginal, "taken"),
    (Tag::DateTime, "modified"),
    (Tag::OffsetTimeOriginal, "taken_offset"),
    (Tag::Orientation, "orientation"),
    (Tag::ExposureTime, "exposure_time"),
    (Tag::FNumber, "f_number"),
    (Tag::PhotographicSensitivity, "iso"),
    (Tag::FocalLength, "focal_length"),
    (Tag::LensModel, "lens"),
];

/// Add what is found to the facts.
pub(super) fn read(document: &mut Document, bytes: &[u8], facts: &mut Vec<(&'static str, Value)>) {
    if document.format == Format::Png {
        for (name, text) in png_texts(bytes) {
            add(facts, name, &text);
        }
    }
    if matches!(
        document.format,
        Format::Jpeg | Format::Png | Format::Webp | Format::Tiff
    ) {
        exif(document, bytes, facts);
    }
    let title = facts
        .iter()
        .find(|(name, _)| matches!(*name, "title" | "description"));
    document.title = title
        .and_then(|(_, value)| value.as_str())
        .filter(|title| title.chars().count() <= 200 && !title.contains('\n'))
        .map(str::to_owned);
}

fn add(facts: &mut Vec<(&'static str, Value)>, name: &'static str, text: &str) {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let known = facts.iter().any(|(known, _)| *known == name);
    if !text.is_empty() && !known {
        let clean: String = text
            .chars()
            .filter(|c| !c.is_control() || *c == '\n')
            .collect();
        facts.push((name, shorten(&clean, FACT_CHARACTERS_MAX).into()));
    }
}

fn exif(document: &mut Document, bytes: &[u8], facts: &mut Vec<(&'static str, Value)>) {
    let read = Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(bytes));
    let found = match read {
        Ok(found) => found,
        Err(exif::Error::PartialResult(partial)) => {
            let (found, errors) = partial.into_inner();
            let message = format!("{} parts of its EXIF data cannot be read", errors.len());
            document.warn("bad_exif", message, Place::page(1));
            found
        }
        Err(exif::Error::NotFound(_)) => return,
        Err(error) => {
            let message = format!("its EXIF data cannot be read: {error}");
            document.warn("bad_exif", message, Place::page(1));
            return;
        }
    };
    for (tag, name) in FIELDS {
        if let Some(text) = shown(&found, *tag) {
            add(facts, name, &text);
        }
    }
    // Where a picture was taken is personal: that the file says so is noted, what it says is not.
    let has_position = found
        .fields()
        .any(|field| field.tag.context() == Context::Gps);
    if has_position {
        facts.push(("has_position", true.into()));
    }
}

fn shown(found: &Exif, tag: Tag) -> Option<String> {
    let field = found.get_field(tag, In::PRIMARY)?;
    Some(match &field.value {
        Field::Ascii(parts) => {
            let parts = parts.iter().map(|part| String::from_utf8_lossy(part));
            let text = parts
                .filter(|part| !part.trim().is_empty())
                .collect::<Vec<_>>()
                .join("; ");
            match tag {
                Tag::DateTime | Tag::DateTimeOriginal => date(&text),
                _ => text,
            }
        }
        _ => field.display_value().with_unit(found).to_string(),
    })
}

/// `2026:09:30 10:15:00` as `2026-09-30T10:15:00`.
fn date(text: &str) -> String {
    match text.split_once(' ') {
        Some((day, time)) if day.len() == 10 && time.len() == 8 => {
            format!("{}T{time}", day.replace(':', "-"))
        }
        _ => text.to_owned(),
    }
}

/// The plain text chunks with known keywords (PNG, 11.3.3).
fn png_texts(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let known = [
        ("Title", "title"),
        ("Author", "author"),
        ("Description", "description"),
        ("Copyright", "copyright"),
        ("Creation Time", "taken"),
        ("Software", "software"),
        ("Comment", "comment"),
    ];
    let mut texts = Vec::new();
    for (kind, content) in png_chunks(bytes) {
        let Some((keyword, rest)) = split_zero(content) else {
            continue;
        };
        let Some((_, name)) = known.iter().find(|(known, _)| known.as_bytes() == keyword) else {
            continue;
        };
        let text = match kind {
            // Latin-1, and UTF-8 after flags, language and translated keyword if it is not compressed.
            b"tEXt" => rest.iter().map(|byte| char::from(*byte)).collect(),
            b"iTXt" if rest.first() == Some(&0) => {
                let after_language = rest.get(2..).and_then(split_zero).map(|(_, rest)| rest);
                let text = after_language
                    .and_then(split_zero)
                    .map_or(&[][..], |(_, text)| text);
                String::from_utf8_lossy(text).into_owned()
            }
            _ => continue,
        };
        texts.push((*name, text));
    }
    texts
}

fn split_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}
