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
mod parser;
mod pdf;
mod rtf;
mod svg;
mod tar_archive;
mod text;
mod xml;
mod yaml;
mod zip_archive;

use crate::format::Format;
use parser::Parser::{Container, Stream, Whole};

pub(crate) use office::CompoundFile;
pub(crate) use parser::{Parser, parser};

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
