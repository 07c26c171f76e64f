//! ZIP archives (APPNOTE 6.3): every entry of the central directory, each with what became of it.

use std::io::Cursor;

use zip::ZipReadOptions;
use zip::read::{Config, ZipFileEntry};
use zip::result::ZipError;
// The stable reader keeps one entry of each name and would lose the others; the version is pinned by the lock file.
use zip::unstable::read::ZipIterable;

use crate::container::{Entry, Parts, decoded};
use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::place::Place;
use crate::text::shorten;

/// Read a ZIP archive.
pub(super) fn parse(
    document: &mut Document,
    bytes: &[u8],
    parts: &mut Parts<'_>,
) -> Result<(), Error> {
    let damaged = |error: &ZipError| {
        let what = shorten(&error.to_string(), 200);
        Error::damaged(format!(
            "the directory of the archive cannot be read: {what}"
        ))
    };
    let mut archive = ZipIterable::try_new(Cursor::new(bytes), Config::default())
        .map_err(|error| damaged(&error))?;
    let count = archive.len() as u64;
    document.metadata.insert("entries".to_owned(), count.into());
    let (mut files, mut encrypted) = (0_u64, 0_u64);
    for entry in archive.files().map_err(|error| damaged(&error))? {
        let entry = match entry {
            Ok(entry) => entry,
            // Without one entry's header there is no way to the next.
            Err(error) if files == 0 => return Err(damaged(&error)),
            Err(error) => {
                let what = shorten(&error.to_string(), 200);
                let message =
                    format!("the entries after the {files}th file cannot be read: {what}");
                document.warn("damaged_archive", message, Place::default());
                break;
            }
        };
        if entry.is_dir() {
            continue;
        }
        files += 1;
        encrypted += u64::from(entry.encrypted());
        read(document, bytes, parts, entry);
    }
    if files > 0 && files == encrypted {
        return Err(Error::Encrypted {
            format: Format::Zip,
        });
    }
    Ok(())
}

fn read(document: &mut Document, bytes: &[u8], parts: &mut Parts<'_>, entry: ZipFileEntry<'_>) {
    let known = Entry {
        name: match entry.name() {
            Ok(name) => name.into_owned(),
            Err(_) => decoded(entry.name_raw()),
        },
        packed: Some(entry.compressed_size()),
        declared: Some(entry.size()),
    };
    if entry.encrypted() {
        return parts.skip(document, &known, "it is encrypted");
    }
    if entry.is_symlink() {
        return parts.skip(document, &known, "it is a link");
    }
    let mut source = Cursor::new(bytes);
    match entry.with_reader(&mut source, ZipReadOptions::new()) {
        Ok(mut file) => parts.read(document, &known, &mut file),
        Err(ZipError::CompressionMethodNotSupported(method)) => {
            let reason = format!(
                "it is packed by method {method}; only stored and deflated files are unpacked"
            );
            parts.skip(document, &known, &reason);
        }
        Err(error) => {
            let what = shorten(&error.to_string(), 200);
            parts.fail(document, &known, &what);
        }
    }
}
