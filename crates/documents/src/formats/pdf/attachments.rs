//! Files attached to the document as a whole (ISO 32000-1, 7.11.4), such as the data of an electronic invoice.

use std::collections::HashSet;

use pdf_oxide::PdfDocument;
use pdf_oxide::object::Object;

use super::{guard, resolve, text_string};
use crate::container::{Entry, Parts};
use crate::document::Document;
use crate::place::Place;

/// The most files that are looked at, and nodes of the tree of their names.
const FILES_MAX: usize = 500;
const NODES_MAX: usize = 2_000;

/// Hand on every attached file.
pub(super) fn read(document: &mut Document, pdf: &PdfDocument, parts: &mut Parts<'_>) {
    let found = guard("its attached files cannot be read", || {
        Ok(specifications(pdf))
    });
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            return document.warn("attachments_unread", error.to_string(), Place::default());
        }
    };
    for specification in found {
        let Some(specification) = specification.as_dict() else {
            continue;
        };
        let name = specification.get("UF").or_else(|| specification.get("F"));
        let name = name.map(|name| resolve(pdf, name));
        let name = name.as_ref().and_then(Object::as_string).map(text_string);
        let name = name.unwrap_or_else(|| "attachment".to_owned());
        let file = specification.get("EF").map(|file| resolve(pdf, file));
        let file = file.as_ref().and_then(Object::as_dict);
        let Some(stream) = file.and_then(|file| file.get("F").or_else(|| file.get("UF"))) else {
            continue;
        };
        if pdf.is_encrypted() {
            let reason = "the document is encrypted; save the attached file and send it alone";
            parts.skip(document, &Entry::named(name), reason);
            continue;
        }
        match guard("its content cannot be unpacked", || {
            resolve(pdf, stream).decode_stream_data()
        }) {
            Ok(bytes) => parts.read_bytes(document, &name, &bytes),
            Err(error) => parts.fail(document, &Entry::named(name), &error.to_string()),
        }
    }
}

/// The file specifications in the name tree of the catalog.
fn specifications(pdf: &PdfDocument) -> Vec<Object> {
    let mut found = Vec::new();
    let Ok(catalog) = pdf.catalog() else {
        return found;
    };
    let names = catalog.as_dict().and_then(|catalog| catalog.get("Names"));
    let names = names.map(|names| resolve(pdf, names));
    let root = names
        .as_ref()
        .and_then(Object::as_dict)
        .and_then(|names| names.get("EmbeddedFiles"));
    let mut waiting: Vec<Object> = root.cloned().into_iter().collect();
    let mut seen = HashSet::new();
    let mut nodes = 0;
    while let Some(node) = waiting.pop() {
        nodes += 1;
        let is_known = node
            .as_reference()
            .is_some_and(|reference| !seen.insert(reference));
        if is_known || nodes > NODES_MAX || found.len() >= FILES_MAX {
            continue;
        }
        let node = resolve(pdf, &node);
        let Some(node) = node.as_dict() else { continue };
        let list = |name: &str| node.get(name).map(|list| resolve(pdf, list));
        if let Some(kids) = list("Kids").as_ref().and_then(Object::as_array) {
            waiting.extend(kids.iter().rev().cloned());
        }
        if let Some(pairs) = list("Names").as_ref().and_then(Object::as_array) {
            let files = pairs.iter().skip(1).step_by(2).take(FILES_MAX);
            found.extend(files.map(|file| resolve(pdf, file)));
        }
    }
    found
}
