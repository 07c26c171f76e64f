//! For fuzz targets alone: a parser by its name, whatever the sniffers think of the bytes.

use crate::container::{Budget, Parts};
use crate::{Document, Error, Request, formats};

/// Read bytes with the parser of the format of this short name; nothing where there is none.
pub fn parse_as(name: &str, bytes: &[u8]) -> Option<Result<Document, Error>> {
    let mut known = formats::PARSERS.iter().map(|(format, _)| *format);
    let format = known.find(|format| format.file_type() == name)?;
    let request = Request::new(format!("a.{name}"));
    let mut budget = Budget::default();
    let mut parts = Parts::new(&request, &mut budget);
    // A parser gets no empty input.
    if bytes.is_empty() {
        return Some(Err(Error::Empty));
    }
    let outcome = crate::read_as(format.into(), bytes, &mut parts);
    Some(outcome.map(|mut document| {
        document.finish();
        document
    }))
}
