//! PDF: text a page in reading order, ruled tables, bookmarks, the information dictionary.

mod outline;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_oxide::PdfDocument;
use pdf_oxide::object::Object;
use pdf_oxide::structure::spatial_table_detector::TableDetectionConfig;
use serde_json::Value;

use crate::document::{BlockKind, Document};
use crate::error::Error;
use crate::format::Format;
use crate::place::Place;
use crate::request::Options;
use crate::table::Builder;
use crate::text::shorten;

/// The largest file: the library holds it twice in memory.
const BYTES_MAX: usize = 256 << 20;

/// Read a PDF.
pub(super) fn parse(document: &mut Document, bytes: &[u8], options: &Options) -> Result<(), Error> {
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
    let count = guard("its page tree cannot be read", || pdf.page_count())?;
    if count == 0 {
        return Err(Error::damaged("it has no pages"));
    }
    let pages = u32::try_from(count).unwrap_or(u32::MAX);
    document.pages = Some(pages);
    information(document, &pdf);
    let mut failed = 0;
    for index in 0..pages.min(options.pages_max) {
        failed += u32::from(!page(document, &pdf, index, options));
    }
    if failed == pages.min(options.pages_max) {
        return Err(Error::damaged("no page of it can be read"));
    }
    if pages > options.pages_max {
        let message = format!(
            "only the first {} of {pages} pages were read",
            options.pages_max
        );
        document.warn("pages_left_out", message, Place::page(options.pages_max));
    }
    // Bookmarks are an extra: without them the text is still whole.
    if let Ok(Some(outline)) = guard("its bookmarks cannot be read", || Ok(outline::read(&pdf))) {
        document.outline = outline;
    }
    document.record_count = u64::from(pages);
    Ok(())
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

/// Read one page; says whether it could be read.
fn page(document: &mut Document, pdf: &PdfDocument, index: u32, options: &Options) -> bool {
    let number = index + 1;
    let place = Place::page(number);
    let position = index as usize;
    let text = match guard("its text cannot be read", || pdf.extract_text(position)) {
        Ok(text) => text,
        Err(error) => {
            document.warn("unreadable_page", format!("page {number}: {error}"), place);
            return false;
        }
    };
    let mut is_blank = true;
    for paragraph in text.split("\n\n") {
        let paragraph = paragraph.trim();
        if !paragraph.is_empty() {
            is_blank = false;
            let clean: String = paragraph
                .chars()
                .filter(|character| !character.is_control() || matches!(character, '\n' | '\t'))
                .collect();
            document.push(BlockKind::Paragraph, clean, place.clone());
        }
    }
    if is_blank {
        let message =
            format!("page {number} has no text; if it is a picture of text, that was not read");
        document.warn("page_without_text", message, place);
        return true;
    }
    // Only where lines are drawn: guessing tables from gaps makes them out of prose.
    let config = TableDetectionConfig {
        text_fallback: false,
        ..TableDetectionConfig::default()
    };
    if let Ok(tables) = guard("its tables cannot be read", || {
        pdf.extract_tables_with_config(position, config)
    }) {
        for table in tables {
            push_table(document, table, number, options);
        }
    }
    true
}

fn push_table(
    document: &mut Document,
    table: pdf_oxide::structure::table_extractor::Table,
    page: u32,
    options: &Options,
) {
    let mut rows = table.rows.into_iter().map(|row| {
        let cells = row
            .cells
            .into_iter()
            .map(|cell| cell.text.split_whitespace().collect::<Vec<_>>().join(" "));
        cells.collect::<Vec<String>>()
    });
    let headers = rows.next().unwrap_or_default();
    let mut builder = Builder::new(headers, options.rows_max);
    for row in rows {
        builder.push(row.iter().map(String::as_str));
    }
    let count = builder.row_count();
    let place = Place {
        rows: (count > 0).then_some((1, count)),
        ..Place::page(page)
    };
    let name = format!("table {} (page {page})", document.tables.len() + 1);
    document.push_table(builder.finish(name, place));
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
        if text.is_empty() {
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
        document.metadata.insert(key, Value::String(text));
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
