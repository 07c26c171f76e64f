//! Documents among agent files: a README, a summary. They are left out, and it is said why.

use serde_json::{Map, Value};

use crate::fields::Homes;
use crate::headers::Headers;

/// Names of documents, in lower case.
const NAMES: &[&str] = &[
    "agents",
    "changelog",
    "claude",
    "contributing",
    "index",
    "license",
    "readme",
    "summary",
];

/// Why a file is a document and no agent, if it is one.
pub(super) fn reason(
    path: &str,
    has_front_matter: bool,
    front: &Map<String, Value>,
    headers: &Headers,
) -> Option<String> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    if !["md", "markdown"].contains(&ending.to_lowercase().as_str()) {
        return Some("it is not a Markdown file".to_owned());
    }
    if Homes::of(front).say_identity() {
        return None;
    }
    let words = stem.to_lowercase();
    if NAMES.contains(&words.as_str()) || words.starts_with("readme") {
        return Some(format!("`{file}` is a document, and says no identity"));
    }
    let names_itself = has_front_matter && front.contains_key("name");
    let is_summary = words.split(['-', '_', ' ']).any(|word| word == "summary");
    if is_summary && !names_itself && !headers.contains_key("agent id") {
        return Some(format!("`{file}` is a summary, and says no identity"));
    }
    None
}
