//! Bookmarks. Walked here and not by the library, which follows a cycle of them for ever.

use std::collections::{HashMap, HashSet};

use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};

use super::{resolve, text_string};
use crate::document::{Heading, HeadingStack};
use crate::place::Place;

/// The most bookmarks that are read.
const BOOKMARKS_MAX: usize = 5_000;
/// The most pages whose object is looked up to resolve a bookmark.
const PAGES_MAX: u32 = 5_000;

/// The bookmarks in reading order, if there are any (ISO 32000-1, 12.3.3).
pub(super) fn read(pdf: &PdfDocument) -> Option<Vec<Heading>> {
    let catalog = pdf.catalog().ok()?;
    let root = resolve(pdf, catalog.as_dict()?.get("Outlines")?);
    let first = root.as_dict()?.get("First")?.as_reference()?;
    let pages = pages(&catalog, pdf);
    let mut seen = HashSet::new();
    let mut waiting = vec![(first, 1_u8)];
    let mut headings = Vec::new();
    let mut stack = HeadingStack::default();
    while let Some((reference, level)) = waiting.pop() {
        if !seen.insert(reference) || seen.len() > BOOKMARKS_MAX {
            continue;
        }
        let Ok(item) = pdf.load_object(reference) else {
            continue;
        };
        let Some(item) = item.as_dict() else { continue };
        let next = |name: &str| item.get(name).and_then(Object::as_reference);
        // Last in, first out: the children come before the next sibling.
        waiting.extend(next("Next").map(|reference| (reference, level)));
        waiting.extend(next("First").map(|reference| (reference, level.saturating_add(1))));
        let title = item.get("Title").map(|title| resolve(pdf, title));
        let Some(title) = title.as_ref().and_then(Object::as_string).map(text_string) else {
            continue;
        };
        let text = title.trim().to_owned();
        stack.enter(level, &text);
        let place = Place {
            page: destination(pdf, item).and_then(|page| pages.get(&page).copied()),
            heading_path: stack.path(),
            ..Place::default()
        };
        headings.push(Heading { level, text, place });
    }
    (!headings.is_empty()).then_some(headings)
}

/// The page object an explicit destination or a go-to action names. Named destinations are left unresolved.
fn destination(pdf: &PdfDocument, item: &HashMap<String, Object>) -> Option<ObjectRef> {
    let target = if let Some(target) = item.get("Dest") {
        resolve(pdf, target)
    } else {
        let action = resolve(pdf, item.get("A")?);
        resolve(pdf, action.as_dict()?.get("D")?)
    };
    target.as_array()?.first()?.as_reference()
}

/// Page objects to page numbers, from the page tree.
fn pages(catalog: &Object, pdf: &PdfDocument) -> HashMap<ObjectRef, u32> {
    let mut pages = HashMap::new();
    let root = catalog
        .as_dict()
        .and_then(|catalog| catalog.get("Pages"))
        .and_then(Object::as_reference);
    let mut seen = HashSet::new();
    let mut waiting: Vec<ObjectRef> = root.into_iter().collect();
    let mut number = 0;
    while let Some(reference) = waiting.pop() {
        if !seen.insert(reference) || number >= PAGES_MAX {
            continue;
        }
        let Ok(node) = pdf.load_object(reference) else {
            continue;
        };
        let kids = node
            .as_dict()
            .and_then(|node| node.get("Kids"))
            .map(|kids| resolve(pdf, kids));
        if let Some(kids) = kids.as_ref().and_then(Object::as_array) {
            waiting.extend(kids.iter().rev().filter_map(Object::as_reference));
        } else {
            number += 1;
            pages.insert(reference, number);
        }
    }
    pages
}
