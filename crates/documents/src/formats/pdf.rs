//! PDF: text a page in reading order, ruled tables, bookmarks, the information dictionary.

mod aligned;
mod attachments;
mod dates;
mod layout;
mod outline;
mod page;
mod page_tree;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_oxide::PdfDocument;
use pdf_oxide::object::Object;
use serde_json::Value;

use crate::container::Parts;
use crate::document::{Document, HeadingStack};
use crate::error::Error;
use crate::format::Format;
use crate::place::Place;
use crate::text::shorten;
use page::Pages;

/// The largest file: the library holds it twice in memory.
const BYTES_MAX: usize = 256 << 20;

/// After so many pages in a row that cannot be read, the rest is left out: a page tree may claim pages that it does not
/// have, and the library scans the whole file for each of them.
const FAILED_IN_A_ROW_MAX: u32 = 32;

/// Read a PDF.
pub(super) fn parse(
    document: &mut Document,
    bytes: &[u8],
    parts: &mut Parts<'_>,
) -> Result<(), Error> {
    let options = &parts.request.options;
    if bytes.len() > BYTES_MAX {
        return Err(Error::TooLarge {
            limit: BYTES_MAX as u64,
            what: "bytes",
        });
    }
    // The library is large and files are hostile: a panic in it is a damaged file, never ours. Its state is dropped.
    let pdf = guard("its structure cannot be read", || {
        PdfDocument::from_bytes(bytes.to_vec())
    })?;
    if guard("its encryption cannot be read", || {
        Ok(pdf.is_encrypted() && !pdf.is_authenticated())
    })? {
        return Err(Error::Encrypted {
            format: Format::Pdf,
        });
    }
    guard("its page tree cannot be read", || {
        Ok(page_tree::check(&pdf))
    })??;
    let count = guard("its page tree cannot be read", || pdf.page_count())?;
    if count == 0 {
        return Err(Error::damaged("it has no pages"));
    }
    let pages = u32::try_from(count).unwrap_or(u32::MAX);
    document.pages = Some(pages);
    information(document, &pdf);
    // Bookmarks are an extra: without them the text is still whole.
    let bookmarks = guard("its bookmarks cannot be read", || Ok(outline::read(&pdf)));
    document.outline = bookmarks.ok().flatten().unwrap_or_default();
    let mut reader = Pages {
        pdf: &pdf,
        options,
        bookmarks: document.outline.clone(),
        headings: HeadingStack::default(),
    };
    let last = read_pages(document, &mut reader, pages.min(options.pages_max))?;
    if last < pages {
        let message = format!("only the first {last} of {pages} pages were read");
        document.warn("pages_left_out", message, Place::page(last));
    }
    attachments::read(document, &pdf, parts);
    document.record_count = u64::from(pages);
    Ok(())
}

/// Reads up to `count` pages, and answers the last one that was tried.
fn read_pages(document: &mut Document, reader: &mut Pages<'_>, count: u32) -> Result<u32, Error> {
    let (mut failed, mut in_a_row, mut tried) = (0, 0, 0);
    while tried < count && in_a_row < FAILED_IN_A_ROW_MAX {
        if reader.read(document, tried) {
            in_a_row = 0;
        } else {
            (failed, in_a_row) = (failed + 1, in_a_row + 1);
        }
        tried += 1;
    }
    if failed == tried {
        return Err(Error::damaged("no page of it can be read"));
    }
    Ok(tried)
}

/// Run a call into the library; its errors and panics become ours.
fn guard<T>(what: &str, call: impl FnOnce() -> pdf_oxide::Result<T>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(pdf_oxide::Error::EncryptedPdf)) => Err(Error::Encrypted {
            format: Format::Pdf,
        }),
        Ok(Err(error)) => Err(Error::damaged(format!(
            "{what}: {}",
            shorten(&error.to_string(), 200)
        ))),
        Err(_) => Err(Error::damaged(what)),
    }
}

/// The information dictionary (ISO 32000-1, 14.3.3).
fn information(document: &mut Document, pdf: &PdfDocument) {
    let (major, minor) = pdf.version();
    document.metadata.insert(
        "pdf_version".to_owned(),
        Value::String(format!("{major}.{minor}")),
    );
    let read = || {
        let Some(info) = pdf
            .trailer()
            .as_dict()
            .and_then(|trailer| trailer.get("Info"))
        else {
            return Ok(Vec::new());
        };
        let info = resolve(pdf, info);
        let mut facts = Vec::new();
        for name in [
            "Title",
            "Author",
            "Subject",
            "Keywords",
            "Creator",
            "Producer",
            "CreationDate",
            "ModDate",
        ] {
            let value = info
                .as_dict()
                .and_then(|info| info.get(name))
                .map(|value| resolve(pdf, value));
            if let Some(text) = value.as_ref().and_then(Object::as_string).map(text_string) {
                facts.push((name, text));
            }
        }
        Ok(facts)
    };
    for (name, text) in guard("its information cannot be read", read).unwrap_or_default() {
        let text = text.trim().to_owned();
        // What generators write when nobody said anything.
        let is_filler = matches!(
            text.trim_matches(['(', ')']),
            "unspecified" | "anonymous" | "untitled" | "Untitled"
        );
        if text.is_empty() || is_filler {
            continue;
        }
        if name == "Title" {
            document.title = Some(text.clone());
        }
        let key = match name {
            "CreationDate" => "created".to_owned(),
            "ModDate" => "modified".to_owned(),
            other => other.to_ascii_lowercase(),
        };
        let is_date = matches!(name, "CreationDate" | "ModDate");
        let value = dates::rfc3339(&text).filter(|_| is_date).unwrap_or(text);
        document.metadata.insert(key, Value::String(value));
    }
}

/// The object itself, where a reference stands for it.
fn resolve(pdf: &PdfDocument, object: &Object) -> Object {
    match object.as_reference() {
        Some(reference) => pdf.load_object(reference).unwrap_or(Object::Null),
        None => object.clone(),
    }
}

/// A text string: UTF-16 with its mark, UTF-8 with its mark, or a superset of Latin-1 (ISO 32000-2, 7.9.2.2).
fn text_string(bytes: &[u8]) -> String {
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0.into_owned(),
        None => encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}
