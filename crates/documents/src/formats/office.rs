//! Office documents: OOXML (ECMA-376), `OpenDocument` (ISO/IEC 26300) and the old Excel formats.

mod docx;
mod flow;
mod grid;
mod odf;
mod package;
mod pptx;
mod slide;
mod workbook;
mod xml;

pub(super) use docx::parse as parse_docx;
pub(super) use odf::{parse_odp, parse_ods, parse_odt};
pub(super) use pptx::parse as parse_pptx;
pub(crate) use workbook::CompoundFile;
pub(super) use workbook::{parse_xls, parse_xlsb, parse_xlsx};
