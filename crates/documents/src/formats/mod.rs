//! The parsers, one file each.

mod bpmn;
mod delimited;
mod drawio;
mod epub;
mod html;
mod image;
mod json;
mod jsonl;
mod markdown;
mod office;
mod pdf;
mod rtf;
mod svg;
mod text;
mod xml;
mod yaml;

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
    (Format::Pdf, pdf::parse),
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
];

/// The parser of a format, if it has one.
pub(crate) fn parser(format: Format) -> Option<Parser> {
    PARSERS
        .iter()
        .find(|(known, _)| *known == format)
        .map(|(_, parser)| *parser)
}
