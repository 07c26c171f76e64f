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

/// How a format is read into a fresh document.
#[derive(Clone, Copy)]
pub(crate) enum Parser {
    /// From all of its bytes, which are not empty.
    Whole(fn(&mut Document, &[u8], &Options) -> Result<(), Error>),
    /// From a source that never fails, in the memory of a buffer and what is kept, so that a file may have any length.
    Stream(fn(&mut Document, &mut dyn Read, &Options) -> Result<(), Error>),
    /// From all of its bytes; the files within are handed to their own reader.
    Container(fn(&mut Document, &[u8], &mut Parts<'_>) -> Result<(), Error>),
}

use Parser::{Container, Stream, Whole};

/// Every format that is read.
pub(crate) const PARSERS: &[(Format, Parser)] = &[
    (Format::Text, Stream(text::stream)),
    (Format::Markdown, Whole(markdown::parse)),
    (Format::Html, Whole(html::parse)),
    (Format::Csv, Stream(delimited::stream)),
    (Format::Tsv, Stream(delimited::stream)),
    (Format::Json, Whole(json::parse)),
    (Format::Jsonl, Stream(jsonl::stream)),
    (Format::Rtf, Whole(rtf::parse)),
    (Format::Epub, Whole(epub::parse)),
    (Format::Yaml, Whole(yaml::parse)),
    (Format::Xml, Whole(xml::parse)),
    (Format::Svg, Whole(svg::parse)),
    (Format::Png, Whole(image::parse)),
    (Format::Jpeg, Whole(image::parse)),
    (Format::Gif, Whole(image::parse)),
    (Format::Webp, Whole(image::parse)),
    (Format::Tiff, Whole(image::parse)),
    (Format::Bmp, Whole(image::parse)),
    (Format::Bpmn, Whole(bpmn::parse)),
    (Format::Drawio, Whole(drawio::parse)),
    (Format::Docx, Whole(office::parse_docx)),
    (Format::Pptx, Whole(office::parse_pptx)),
    (Format::Xlsx, Whole(office::parse_xlsx)),
    (Format::Xlsb, Whole(office::parse_xlsb)),
    (Format::Xls, Whole(office::parse_xls)),
    (Format::Odt, Whole(office::parse_odt)),
    (Format::Ods, Whole(office::parse_ods)),
    (Format::Odp, Whole(office::parse_odp)),
    (Format::Calendar, Whole(calendar::parse)),
    (Format::Pdf, Container(pdf::parse)),
    (Format::Email, Container(mail::parse)),
    (Format::Mbox, Container(mbox::parse)),
    (Format::Zip, Container(zip_archive::parse)),
    (Format::Tar, Container(tar_archive::parse)),
    (Format::Gzip, Container(gzip::parse)),
];

/// The parser of a format, if it has one.
pub(crate) fn parser(format: Format) -> Option<Parser> {
    PARSERS
        .iter()
        .find(|(known, _)| *known == format)
        .map(|(_, parser)| *parser)
}

impl Parser {
    /// Read bytes, which are not empty.
    pub(crate) fn read(
        self,
        document: &mut Document,
        mut bytes: &[u8],
        parts: &mut Parts<'_>,
    ) -> Result<(), Error> {
        match self {
            Whole(parse) => parse(document, bytes, &parts.request.options),
            Stream(parse) => parse(document, &mut bytes, &parts.request.options),
            Container(parse) => {
                parse(document, bytes, parts)?;
                parts.finish(document)
            }
        }
    }
}
