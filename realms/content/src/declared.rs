//! What a sender says a file is, against what its content says.

use civitas_documents::Format;
use serde_json::json;

/// Short names that are not the name of the format itself.
const SHORT_NAMES: [(&str, &str); 16] = [
    ("7z", "seven_zip"),
    ("bin", "binary"),
    ("eml", "email"),
    ("gz", "gzip"),
    ("htm", "html"),
    ("ics", "calendar"),
    ("jpg", "jpeg"),
    ("log", "text"),
    ("md", "markdown"),
    ("ndjson", "jsonl"),
    ("tgz", "gzip"),
    ("tif", "tiff"),
    ("txt", "text"),
    ("xhtml", "html"),
    ("xml", "xml"),
    ("yml", "yaml"),
];

/// Media types that senders use for a format beside its registered one.
const OTHER_MIME_TYPES: [(&str, &str); 11] = [
    ("application/csv", "text/csv"),
    ("application/vnd.ms-excel", "text/csv"),
    ("application/x-gzip", "application/gzip"),
    ("application/x-tgz", "application/gzip"),
    ("application/x-zip-compressed", "application/zip"),
    ("application/x-ndjson", "application/jsonl"),
    ("application/x-pdf", "application/pdf"),
    ("application/x-yaml", "application/yaml"),
    ("image/jpg", "image/jpeg"),
    ("text/json", "application/json"),
    ("text/x-markdown", "text/markdown"),
];

/// The format of a short name, such as `pdf` or `.PDF`; none for a word that names no format.
pub(crate) fn format(name: &str) -> Option<Format> {
    let name = name.trim().trim_start_matches('.').to_ascii_lowercase();
    let known = SHORT_NAMES.iter().find(|(short, _)| *short == name);
    let name = known.map_or(name.as_str(), |(_, name)| *name);
    serde_json::from_value(json!(name)).ok()
}

/// What is said in words when the declared type is not what the content is.
///
/// A general declaration (`unstructured`, `application/octet-stream`, `text/plain` for any kind of text) contradicts
/// nothing.
pub(crate) fn contradiction(
    declared_type: Option<&str>,
    declared_mime: Option<&str>,
    found_type: &str,
    found_mime: &str,
) -> Option<String> {
    let by_type = declared_type.filter(|name| {
        format(name).is_some_and(|declared| {
            declared.file_type() != found_type && !includes(declared.mime_type(), found_mime)
        })
    });
    let by_mime = declared_mime.filter(|declared| {
        let essence = declared.split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        let usual = OTHER_MIME_TYPES
            .iter()
            .any(|(other, mime)| *other == essence && *mime == found_mime);
        !(essence.is_empty() || essence == found_mime || usual || includes(&essence, found_mime))
    });
    by_type.or(by_mime).map(|declared| {
        format!("declared as {declared}, but by its content it is {found_type} ({found_mime})")
    })
}

/// Whether everything of one media type may also be called by the wider one.
fn includes(wide: &str, found: &str) -> bool {
    match wide {
        "application/octet-stream" => true,
        "text/plain" => is_text(found),
        "application/zip" => {
            found.starts_with("application/vnd.openxmlformats")
                || found.starts_with("application/vnd.oasis")
                || found == "application/epub+zip"
        }
        "application/xml" | "text/xml" => {
            matches!(found, "application/xml" | "image/svg+xml" | "text/html")
        }
        _ => false,
    }
}

/// Whether content of this media type is text that people can read.
pub(crate) fn is_text(mime_type: &str) -> bool {
    mime_type.starts_with("text/")
        || matches!(
            mime_type,
            "application/json"
                | "application/jsonl"
                | "application/xml"
                | "application/yaml"
                | "application/rtf"
                | "image/svg+xml"
                | "message/rfc822"
                | "application/mbox"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lie_is_reported_in_words() {
        let said = contradiction(Some("pdf"), None, "html", "text/html").unwrap();
        assert_eq!(
            said,
            "declared as pdf, but by its content it is html (text/html)"
        );
        assert!(contradiction(None, Some("application/pdf"), "html", "text/html").is_some());
        assert!(contradiction(Some("exe"), Some("image/png"), "txt", "text/plain").is_some());
    }

    #[test]
    fn general_and_equal_declarations_contradict_nothing() {
        for declared in ["unstructured", "md", ".MD", "markdown", "text", "bin"] {
            let said = contradiction(Some(declared), None, "md", "text/markdown");
            assert_eq!(said, None, "{declared}");
        }
        for declared in [
            "application/octet-stream",
            "text/markdown; charset=utf-8",
            "text/plain",
            "text/x-markdown",
            "",
        ] {
            let said = contradiction(None, Some(declared), "md", "text/markdown");
            assert_eq!(said, None, "{declared}");
        }
        assert_eq!(
            contradiction(None, Some("application/vnd.ms-excel"), "csv", "text/csv"),
            None
        );
    }

    #[test]
    fn every_short_name_names_a_format() {
        for (short, _) in SHORT_NAMES {
            assert!(format(short).is_some(), "{short}");
        }
        assert_eq!(format("unstructured"), None);
    }
}
