//! The formats that are recognised.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::formats;

/// What some bytes are. Being listed here means being recognised; see [`Format::is_parsable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each variant is the format it names; `label` spells it out"
)]
pub enum Format {
    Text,
    Markdown,
    Html,
    Csv,
    Tsv,
    Json,
    Jsonl,
    Pdf,
    Docx,
    Xlsx,
    Xlsb,
    Pptx,
    Doc,
    Xls,
    Ppt,
    Odt,
    Ods,
    Odp,
    Epub,
    Rtf,
    Xml,
    Yaml,
    Bpmn,
    Drawio,
    Email,
    Mbox,
    Calendar,
    Zip,
    Gzip,
    Tar,
    SevenZip,
    Png,
    Jpeg,
    Gif,
    Webp,
    Tiff,
    Bmp,
    Svg,
    Parquet,
    Sqlite,
    Binary,
}

impl Format {
    /// Whether there is a parser for it.
    pub fn is_parsable(self) -> bool {
        formats::parser(self).is_some()
    }

    /// The short name used for files of this format: its usual extension.
    pub const fn file_type(self) -> &'static str {
        self.facts().0
    }

    /// The media type, as registered with IANA where it is.
    pub const fn mime_type(self) -> &'static str {
        self.facts().1
    }

    /// The name people know it by.
    pub const fn label(self) -> &'static str {
        self.facts().2
    }

    /// The names of the parsable formats, for messages.
    pub(crate) fn parsable_labels() -> String {
        let labels = formats::PARSERS.iter().map(|(format, _)| format.label());
        let labels: Vec<_> = labels.collect();
        labels.join(", ")
    }

    const fn facts(self) -> (&'static str, &'static str, &'static str) {
        const OOXML_WORD: &str =
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        const OOXML_SHEET: &str =
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        const OOXML_SLIDES: &str =
            "application/vnd.openxmlformats-officedocument.presentationml.presentation";
        match self {
            Self::Text => ("txt", "text/plain", "plain text"),
            Self::Markdown => ("md", "text/markdown", "Markdown"),
            Self::Html => ("html", "text/html", "HTML"),
            Self::Csv => ("csv", "text/csv", "CSV"),
            Self::Tsv => ("tsv", "text/tab-separated-values", "TSV"),
            Self::Json => ("json", "application/json", "JSON"),
            Self::Jsonl => ("jsonl", "application/jsonl", "JSON Lines"),
            Self::Pdf => ("pdf", "application/pdf", "PDF"),
            Self::Docx => ("docx", OOXML_WORD, "Word"),
            Self::Xlsx => ("xlsx", OOXML_SHEET, "Excel"),
            Self::Xlsb => (
                "xlsb",
                "application/vnd.ms-excel.sheet.binary.macroenabled.12",
                "binary Excel",
            ),
            Self::Pptx => ("pptx", OOXML_SLIDES, "PowerPoint"),
            Self::Doc => ("doc", "application/msword", "old Word"),
            Self::Xls => ("xls", "application/vnd.ms-excel", "old Excel"),
            Self::Ppt => ("ppt", "application/vnd.ms-powerpoint", "old PowerPoint"),
            Self::Odt => (
                "odt",
                "application/vnd.oasis.opendocument.text",
                "OpenDocument text",
            ),
            Self::Ods => (
                "ods",
                "application/vnd.oasis.opendocument.spreadsheet",
                "OpenDocument spreadsheet",
            ),
            Self::Odp => (
                "odp",
                "application/vnd.oasis.opendocument.presentation",
                "OpenDocument presentation",
            ),
            Self::Epub => ("epub", "application/epub+zip", "EPUB"),
            Self::Rtf => ("rtf", "application/rtf", "RTF"),
            Self::Xml => ("xml", "application/xml", "XML"),
            Self::Yaml => ("yaml", "application/yaml", "YAML"),
            Self::Bpmn => ("bpmn", "application/xml", "BPMN"),
            Self::Drawio => ("drawio", "application/xml", "draw.io"),
            Self::Email => ("eml", "message/rfc822", "e-mail"),
            Self::Mbox => ("mbox", "application/mbox", "mailbox"),
            Self::Calendar => ("ics", "text/calendar", "iCalendar"),
            Self::Zip => ("zip", "application/zip", "ZIP"),
            Self::Gzip => ("gz", "application/gzip", "gzip"),
            Self::Tar => ("tar", "application/x-tar", "tar"),
            Self::SevenZip => ("7z", "application/x-7z-compressed", "7-Zip"),
            Self::Png => ("png", "image/png", "PNG image"),
            Self::Jpeg => ("jpg", "image/jpeg", "JPEG image"),
            Self::Gif => ("gif", "image/gif", "GIF image"),
            Self::Webp => ("webp", "image/webp", "WebP image"),
            Self::Tiff => ("tiff", "image/tiff", "TIFF image"),
            Self::Bmp => ("bmp", "image/bmp", "BMP image"),
            Self::Svg => ("svg", "image/svg+xml", "SVG image"),
            Self::Parquet => ("parquet", "application/vnd.apache.parquet", "Parquet"),
            Self::Sqlite => ("sqlite", "application/vnd.sqlite3", "SQLite"),
            Self::Binary => ("bin", "application/octet-stream", "unrecognised binary"),
        }
    }
}
