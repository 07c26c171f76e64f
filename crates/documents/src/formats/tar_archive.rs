//! Tar archives (POSIX.1-2017, `pax`, and the GNU and old forms): files are read, links and devices are named.

use std::io::Read;

use tar::{Archive, EntryType};

use crate::container::{Entry, Parts, decoded};
use crate::document::Document;
use crate::error::Error;
use crate::place::Place;
use crate::text::shorten;

/// Read a tar archive.
pub(super) fn parse(
    document: &mut Document,
    bytes: &[u8],
    parts: &mut Parts<'_>,
) -> Result<(), Error> {
    let size = bytes.len() as u64;
    stream(document, &mut &*bytes, size, parts)
}

/// Read a tar archive that comes as a stream; `packed` is how many bytes all of it takes where it comes from.
pub(super) fn stream(
    document: &mut Document,
    source: &mut dyn Read,
    packed: u64,
    parts: &mut Parts<'_>,
) -> Result<(), Error> {
    // What is skipped is unpacked too, and the library holds long names in memory.
    let mut limited = source.take(parts.limits().total_bytes + (8 << 20));
    let mut archive = Archive::new(&mut limited);
    let entries = archive
        .entries()
        .map_err(|error| Error::damaged(error.to_string()))?;
    let mut count = 0_u64;
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) if count == 0 => {
                let what = shorten(&error.to_string(), 200);
                return Err(Error::damaged(format!(
                    "its first entry cannot be read: {what}"
                )));
            }
            Err(error) => {
                let what = shorten(&error.to_string(), 200);
                let message = format!("the archive ends after {count} entries: {what}");
                document.warn("damaged_archive", message, Place::default());
                break;
            }
        };
        count += 1;
        let known = Entry {
            name: decoded(&entry.path_bytes()),
            packed: Some(packed),
            declared: Some(entry.size()),
        };
        let unread = Entry {
            declared: None,
            ..Entry::named(known.name.clone())
        };
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                parts.read(document, &known, &mut entry);
            }
            EntryType::Directory | EntryType::XGlobalHeader => {}
            EntryType::Symlink | EntryType::Link => {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = shorten(&decoded(&target).escape_debug().to_string(), 200);
                parts.skip(document, &unread, &format!("it is a link to `{target}`"));
            }
            _ => parts.skip(
                document,
                &unread,
                "it is a device or a kind of entry without content",
            ),
        }
    }
    document.metadata.insert("entries".to_owned(), count.into());
    if limited.limit() == 0 {
        let message =
            "the archive is longer than the limit of unpacked content; its end was not read";
        document.warn("damaged_archive", message, Place::default());
    }
    Ok(())
}
