//! Images: dimensions, colour, and what the file says about itself (EXIF, text chunks). Nothing is decoded, so a
//! picture that claims to be huge costs nothing; the text that a picture shows is not extracted.

mod header;
mod metadata;

use serde_json::Value;

use crate::document::{BlockKind, Document};
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use header::Header;

/// More pixels than this for each byte of the file cannot be true: an empty picture of a solid colour has fewer.
const PIXELS_PER_BYTE_MAX: u64 = 20_000;
/// Small files may have this many pixels whatever the ratio.
const PIXELS_FREE: u64 = 100_000_000;

/// Read an image.
pub(super) fn parse(document: &mut Document, bytes: &[u8], _: &Options) -> Result<(), Error> {
    let header = Header::read(document.format, bytes)
        .ok_or_else(|| Error::damaged("the header of the image is not complete"))?;
    if header.width == 0 || header.height == 0 {
        return Err(Error::damaged("the image says that it has no pixels"));
    }
    let page = Place::page(1);
    document.pages = Some(header.frames.filter(|_| header.is_paged).unwrap_or(1));
    check(document, &header, bytes, &page);
    let mut facts: Vec<(&'static str, Value)> = vec![
        ("width", header.width.into()),
        ("height", header.height.into()),
        ("color", header.color.into()),
    ];
    if let Some(bits) = header.bits {
        facts.push(("bits_per_channel", bits.into()));
    }
    if let Some(frames) = header.frames.filter(|frames| *frames > 1) {
        facts.push(("frames", frames.into()));
    }
    metadata::read(document, bytes, &mut facts);
    let mut lines = String::new();
    for (name, value) in facts {
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(name);
        lines.push_str(": ");
        match &value {
            Value::String(text) => lines.push_str(text),
            other => lines.push_str(&other.to_string()),
        }
        document.metadata.insert(name.to_owned(), value);
    }
    document.push(BlockKind::Record, lines, page.clone());
    document.warn(
        "text_in_pictures",
        "text in pictures is not extracted; what is listed is what the file says about itself",
        page,
    );
    Ok(())
}

/// Warn of what cannot be true, and of an end that is missing.
fn check(document: &mut Document, header: &Header, bytes: &[u8], page: &Place) {
    let pixels = u64::from(header.width) * u64::from(header.height);
    let plausible = (bytes.len() as u64)
        .saturating_mul(PIXELS_PER_BYTE_MAX)
        .max(PIXELS_FREE);
    if pixels > plausible {
        let message = format!(
            "the header says {} × {} pixels, which a file of {} bytes cannot hold",
            header.width,
            header.height,
            bytes.len()
        );
        document.warn("implausible_dimensions", message, page.clone());
    }
    if !header.is_complete {
        document.warn(
            "truncated",
            "the file ends before its image does",
            page.clone(),
        );
    }
}
