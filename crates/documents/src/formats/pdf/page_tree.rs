//! The page tree, walked before the library does: it would follow a tree that holds itself fifty levels deep, each time
//! for every child.

use std::collections::HashSet;

use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};

use crate::error::Error;

/// The most inner nodes and pages; the largest documents there are have some ten thousand.
const NODES_MAX: usize = 1_000_000;

/// Refuse a tree in which an inner node is reached twice (ISO 32000-2, 7.7.3.2: each node has one parent).
///
/// # Errors
/// The file is damaged, or has more nodes than are read. A tree that cannot be found is the library's to find.
pub(super) fn check(pdf: &PdfDocument) -> Result<(), Error> {
    let root = pdf.catalog().ok().and_then(|catalog| {
        let pages = catalog.as_dict()?.get("Pages")?;
        pages.as_reference()
    });
    let mut waiting: Vec<ObjectRef> = root.into_iter().collect();
    let mut inner = HashSet::new();
    let mut nodes = waiting.len();
    while let Some(reference) = waiting.pop() {
        let Some(kids) = kids(pdf, reference) else {
            continue;
        };
        if !inner.insert(reference) {
            return Err(Error::damaged("its pages hold each other"));
        }
        nodes += kids.len();
        if nodes > NODES_MAX {
            return Err(Error::TooLarge {
                limit: NODES_MAX as u64,
                what: "pages",
            });
        }
        waiting.extend(kids);
    }
    Ok(())
}

/// What an inner node holds; nothing for a page.
fn kids(pdf: &PdfDocument, node: ObjectRef) -> Option<Vec<ObjectRef>> {
    let node = pdf.load_object(node).ok()?;
    let kids = super::resolve(pdf, node.as_dict()?.get("Kids")?);
    let kids = kids.as_array()?.iter().filter_map(Object::as_reference);
    Some(kids.collect())
}
