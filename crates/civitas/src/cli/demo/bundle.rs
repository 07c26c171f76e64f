//! The documents of the demo: the reader's own, or a small set of one company's papers that is part of this program.

use std::path::PathBuf;

use crate::cli::failure::Failure;
use crate::cli::intake::Document;
use crate::client::Source;

/// What is asked about the bundled set: each question is answered by several of its documents.
pub(super) const QUESTIONS: [&str; 4] = [
    "late delivery penalty",
    "refund",
    "\"BD-400\" drive units",
    "motor temperature",
];

const BUNDLE: [(&str, &[u8]); 6] = [
    (
        "supplier-contract.pdf",
        include_bytes!("../../../demo/supplier-contract.pdf"),
    ),
    (
        "incident-post-mortem.md",
        include_bytes!("../../../demo/incident-post-mortem.md"),
    ),
    (
        "meeting-notes.txt",
        include_bytes!("../../../demo/meeting-notes.txt"),
    ),
    (
        "orders-export.csv",
        include_bytes!("../../../demo/orders-export.csv"),
    ),
    (
        "product-page.html",
        include_bytes!("../../../demo/product-page.html"),
    ),
    (
        "telemetry.jsonl",
        include_bytes!("../../../demo/telemetry.jsonl"),
    ),
];

/// The files that were named, or the bundled set.
pub(super) fn documents(files: &[PathBuf]) -> Result<Vec<Document>, Failure> {
    if files.is_empty() {
        let bundled = BUNDLE.into_iter().map(|(name, bytes)| Document {
            name: name.to_owned(),
            size: bytes.len() as u64,
            source: Source::Bundled(bytes),
            known: None,
        });
        return Ok(bundled.collect());
    }
    files.iter().map(|path| Document::at(path)).collect()
}
