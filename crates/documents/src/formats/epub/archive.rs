//! The files in a ZIP archive, read under limits.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::Error;
use crate::format::Format;

/// The most entries.
const ENTRIES_MAX: usize = 20_000;
/// The most bytes that one entry, and all that are read together, may inflate to.
const ENTRY_BYTES_MAX: u64 = 64 << 20;
const TOTAL_BYTES_MAX: u64 = 256 << 20;
/// How much an entry may inflate to for each of its bytes, once it is larger than what is free of this rule.
const RATIO_MAX: u64 = 200;
const RATIO_BYTES_FREE: u64 = 1 << 20;

/// A ZIP archive.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    format: Format,
    left: u64,
}

impl<'a> Archive<'a> {
    /// Read the directory of an archive.
    pub(super) fn open(bytes: &'a [u8], format: Format) -> Result<Self, Error> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        if zip.len() > ENTRIES_MAX {
            return Err(Error::TooLarge {
                limit: ENTRIES_MAX as u64,
                what: "entries",
            });
        }
        Ok(Self {
            zip,
            format,
            left: TOTAL_BYTES_MAX,
        })
    }

    /// The content of an entry, or nothing where there is no entry of that name.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let entry = match self.zip.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                return Err(Error::Encrypted {
                    format: self.format,
                });
            }
            Err(error) => return Err(damaged(&error)),
        };
        // The directory may lie about the inflated size, not about how many bytes there are to inflate.
        let by_ratio = entry
            .compressed_size()
            .saturating_mul(RATIO_MAX)
            .max(RATIO_BYTES_FREE);
        let limit = ENTRY_BYTES_MAX.min(self.left).min(by_ratio);
        let mut content = Vec::new();
        entry
            .take(limit + 1)
            .read_to_end(&mut content)
            .map_err(|error| Error::damaged(format!("`{name}` in it cannot be read: {error}")))?;
        let length = content.len() as u64;
        if length > limit {
            return Err(Error::TooLarge {
                limit,
                what: "bytes when unpacked",
            });
        }
        self.left -= length;
        Ok(Some(content))
    }
}

fn damaged(error: &ZipError) -> Error {
    Error::damaged(format!("its ZIP archive cannot be read: {error}"))
}
