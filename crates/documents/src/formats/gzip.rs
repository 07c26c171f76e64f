//! Gzip (RFC 1952) of one file, or of a tar archive, whose entries are then the parts.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::tar_archive;
use crate::container::{Entry, Parts, decoded};
use crate::document::Document;
use crate::error::Error;
use crate::format::Format;

/// The length of a tar header, which is enough to tell a tar archive.
const HEAD_BYTES: u64 = 512;

/// Read a gzip file.
pub(super) fn parse(
    document: &mut Document,
    bytes: &[u8],
    parts: &mut Parts<'_>,
) -> Result<(), Error> {
    let packed = bytes.len() as u64;
    let mut unpacked = MultiGzDecoder::new(bytes);
    let mut head = Vec::new();
    let start = (&mut unpacked).take(HEAD_BYTES).read_to_end(&mut head);
    if head.is_empty() {
        return match start {
            Ok(_) => Err(Error::Empty),
            Err(error) => Err(Error::damaged(format!("nothing can be unpacked: {error}"))),
        };
    }
    let stated = unpacked.header().and_then(|header| header.filename());
    let name = stated.map_or_else(|| stem(&parts.request.name), decoded);
    let mut content = Cursor::new(&head).chain(unpacked);
    if crate::sniff(&head, "").format == Format::Tar {
        document
            .metadata
            .insert("contains".to_owned(), "tar".into());
        return tar_archive::stream(document, &mut content, packed, parts);
    }
    let entry = Entry {
        packed: Some(packed),
        ..Entry::named(name)
    };
    parts.read(document, &entry, &mut content);
    Ok(())
}

/// What a gzip file that does not state its content's name would unpack to.
fn stem(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match base.rsplit_once('.') {
        Some((stem, extension)) if extension.eq_ignore_ascii_case("gz") && !stem.is_empty() => {
            stem.to_owned()
        }
        Some((stem, extension)) if extension.eq_ignore_ascii_case("tgz") => format!("{stem}.tar"),
        _ => "content".to_owned(),
    }
}
