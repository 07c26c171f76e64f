//! Workbooks: XLSX, XLSB, XLS and (from `odf`) ODS, sheet by sheet.
//!
//! XLSX is read by our own walk: its sheets stream, and nothing that a file declares about sizes is believed. The binary
//! formats are read by calamine, after what it would believe was checked.

mod compound_file;
mod region;
mod sheet;
mod value;
mod xls;
mod xlsb;
mod xlsx;

pub(crate) use compound_file::CompoundFile;
pub(super) use sheet::{Book, Sheet, Visibility};
pub(super) use value::{Value, date_and_time, duration, number};
pub(in crate::formats) use xls::parse as parse_xls;
pub(in crate::formats) use xlsb::parse as parse_xlsb;
pub(in crate::formats) use xlsx::parse as parse_xlsx;
