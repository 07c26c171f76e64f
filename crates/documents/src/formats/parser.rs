//! What a parser is, and how one is found.

use std::io::Read;

use super::PARSERS;
use crate::container::Parts;
use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::request::Options;

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

impl Parser {
    /// Read bytes, which are not empty.
    pub(crate) fn read(
        self,
        document: &mut Document,
        mut bytes: &[u8],
        parts: &mut Parts<'_>,
    ) -> Result<(), Error> {
        match self {
            Self::Whole(parse) => parse(document, bytes, &parts.request.options),
            Self::Stream(parse) => parse(document, &mut bytes, &parts.request.options),
            Self::Container(parse) => {
                parse(document, bytes, parts)?;
                parts.finish(document)
            }
        }
    }
}

/// The parser of a format, if it has one.
pub(crate) fn parser(format: Format) -> Option<Parser> {
    PARSERS
        .iter()
        .find(|(known, _)| *known == format)
        .map(|(_, parser)| *parser)
}
