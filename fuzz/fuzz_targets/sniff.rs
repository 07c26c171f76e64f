//! The sniffers, by content alone and with names that choose between formats.

#![no_main]

use civitas_documents::sniff;
use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &[
    "", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.md", "a.yaml", "a.html", "a.eml", "a.mbox",
    "a.ics", "a.txt", "a.xml", "../../\u{202e}a.pdf",
];

fuzz_target!(|bytes: &[u8]| {
    for name in NAMES {
        let _ = sniff(bytes, name);
    }
});
