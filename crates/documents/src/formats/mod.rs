//! The parsers, one file each.

mod delimited;
mod html;
mod json;
mod jsonl;
mod markdown;
mod pdf;
mod text;

use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::request::Options;

/// Fills a fresh document from bytes that were recognised as the parser's format and are not empty.
pub(crate) type Parser = fn(&mut Document, &[u8], &Options) -> Result<(), Error>;

/// Every format that can be parsed.
pub(crate) const PARSERS: &[(Format, Parser)] = &[
    (Format::Text, text::parse),
    (Format::Markdown, markdown::parse),
    (Format::Html, html::parse),
    (Format::Csv, delimited::parse),
    (Format::Tsv, delimited::parse),
    (Format::Json, json::parse),
    (Format::Jsonl, jsonl::parse),
    (Format::Pdf, pdf::parse),
];

/// The parser of a format, if it has one.
pub(crate) fn parser(format: Format) -> Option<Parser> {
    PARSERS
        .iter()
        .find(|(known, _)| *known == format)
        .map(|(_, parser)| *parser)
}
