//! The parsers, one file each.

mod bpmn;
mod calendar;
mod delimited;
mod drawio;
mod epub;
mod gzip;
mod html;
mod image;
mod json;
mod jsonl;
mod mail;
mod markdown;
mod mbox;
mod office;
mod pdf;
mod rtf;
mod svg;
mod tar_archive;
mod text;
mod xml;
mod yaml;
mod zip_archive;

use std::io::Read;

use crate::container::Parts;
use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::request::Options;

pub(crate) use office::CompoundFile;

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
    (Format::Rtf, rtf::parse),
    (Format::Epub, epub::parse),
    (Format::Yaml, yaml::parse),
    (Format::Xml, xml::parse),
    (Format::Svg, svg::parse),
    (Format::Png, image::parse),
    (Format::Jpeg, image::parse),
    (Format::Gif, image::parse),
    (Format::Webp, image::parse),
    (Format::Tiff, image::parse),
    (Format::Bmp, image::parse),
    (Format::Bpmn, bpmn::parse),
    (Format::Drawio, drawio::parse),
    (Format::Docx, office::parse_docx),
    (Format::Pptx, office::parse_pptx),
    (Format::Xlsx, office::parse_xlsx),
    (Format::Xlsb, office::parse_xlsb),
    (Format::Xls, office::parse_xls),
    (Format::Odt, office::parse_odt),
    (Format::Ods, office::parse_ods),
    (Format::Odp, office::parse_odp),
    (Format::Calendar, calendar::parse),
];

/// Fills a fresh document from a source that never fails, as a [`Parser`] does from bytes, in the memory of a buffer and
/// what it keeps.
pub(crate) type Streamer = fn(&mut Document, &mut dyn Read, &Options) -> Result<(), Error>;

/// Every format that is read piece by piece, so that a file may have any length.
pub(crate) const STREAMED: &[(Format, Streamer)] = &[
    (Format::Text, text::stream),
    (Format::Csv, delimited::stream),
    (Format::Tsv, delimited::stream),
    (Format::Jsonl, jsonl::stream),
];

/// Fills a fresh document from bytes as a [`Parser`] does, and hands the files within to their reader.
pub(crate) type ContainerParser = fn(&mut Document, &[u8], &mut Parts<'_>) -> Result<(), Error>;

/// Every format that holds other files and can be parsed.
pub(crate) const CONTAINERS: &[(Format, ContainerParser)] = &[
    (Format::Pdf, pdf::parse),
    (Format::Email, mail::parse),
    (Format::Mbox, mbox::parse),
    (Format::Zip, zip_archive::parse),
    (Format::Tar, tar_archive::parse),
    (Format::Gzip, gzip::parse),
];

/// The parser of a format, if it has one.
pub(crate) fn parser(format: Format) -> Option<Parser> {
    PARSERS
        .iter()
        .find(|(known, _)| *known == format)
        .map(|(_, parser)| *parser)
}

/// The parser of a format that holds other files, if it has one.
pub(crate) fn container_parser(format: Format) -> Option<ContainerParser> {
    CONTAINERS
        .iter()
        .find(|(known, _)| *known == format)
        .map(|(_, parser)| *parser)
}

/// What reads a format piece by piece, if it can be read so.
pub(crate) fn streamer(format: Format) -> Option<Streamer> {
    STREAMED
        .iter()
        .find(|(known, _)| *known == format)
        .map(|(_, streamer)| *streamer)
}

/// Whether anything reads a format.
pub(crate) fn is_read(format: Format) -> bool {
    parser(format).is_some() || container_parser(format).is_some()
}
