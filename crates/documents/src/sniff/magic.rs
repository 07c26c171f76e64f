//! Formats that open with a signature of their own.

use super::zip_names;
use crate::format::Format;

/// Signatures at the very beginning.
const SIGNATURES: &[(&[u8], Format)] = &[
    (b"{\\rtf", Format::Rtf),
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"\xff\xd8\xff", Format::Jpeg),
    (b"GIF87a", Format::Gif),
    (b"GIF89a", Format::Gif),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    (b"\x1f\x8b", Format::Gzip),
    (b"7z\xbc\xaf\x27\x1c", Format::SevenZip),
    (b"PAR1", Format::Parquet),
    (b"SQLite format 3\0", Format::Sqlite),
];

/// The format of a signature.
pub(super) fn recognise(head: &[u8]) -> Option<Format> {
    if is_pdf(head) {
        return Some(Format::Pdf);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(archive(head));
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(compound(head));
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some(Format::Webp);
    }
    // Two letters are not enough: the reserved fields of a bitmap's header are zero.
    if head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4]) {
        return Some(Format::Bmp);
    }
    if head.get(257..262) == Some(b"ustar") || is_old_tar(head) {
        return Some(Format::Tar);
    }
    let found = SIGNATURES
        .iter()
        .find(|(signature, _)| head.starts_with(signature));
    found.map(|(_, format)| *format)
}

/// A PDF may have up to 1,024 bytes of other content before its header (ISO 32000-1, annex H.3.4.1), but text that
/// merely speaks of `%PDF-1.7` is not one: behind such a lead an object must follow.
fn is_pdf(head: &[u8]) -> bool {
    let lead = head.get(..1029).unwrap_or(head);
    let Some(at) = memchr::memmem::find(lead, b"%PDF-") else {
        return false;
    };
    let lead_is_blank = head
        .iter()
        .take(at)
        .all(|byte| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf | 0));
    lead_is_blank || memchr::memmem::find(head, b" obj").is_some()
}

/// What a ZIP archive holds, by the names in it.
fn archive(head: &[u8]) -> Format {
    let entries = zip_names::entries(head);
    // Without one whole header there are no names to go by, only bytes that look like them.
    let holds = |name: &[u8]| match entries.as_slice() {
        [] => memchr::memmem::find(head, name).is_some(),
        entries => entries.iter().any(|(known, _)| known.starts_with(name)),
    };
    let media_type = entries.iter().find(|(name, _)| *name == b"mimetype");
    let states = |known: &[u8]| match media_type {
        Some((_, content)) => content.starts_with(known),
        None => {
            memchr::memmem::find(head, &[&b"mimetype"[..], known].concat()).is_some()
                && entries.is_empty()
        }
    };
    let known = [
        (&b"application/epub+zip"[..], Format::Epub),
        (b"application/vnd.oasis.opendocument.text", Format::Odt),
        (
            b"application/vnd.oasis.opendocument.spreadsheet",
            Format::Ods,
        ),
        (
            b"mimetypeapplication/vnd.oasis.opendocument.presentation",
            Format::Odp,
        ),
    ];
    if let Some((_, format)) = known.iter().find(|(name, _)| states(name)) {
        return *format;
    }
    // The first entry should say so; books that were packed again with an ordinary tool do not.
    if holds(b"META-INF/container.xml") && holds(b".opf") {
        return Format::Epub;
    }
    if holds(b"[Content_Types].xml") || holds(b"_rels/.rels") {
        let parts = [
            (&b"word/"[..], Format::Docx),
            (b"xl/workbook.bin", Format::Xlsb),
            (b"xl/", Format::Xlsx),
            (b"ppt/", Format::Pptx),
        ];
        if let Some((_, format)) = parts.iter().find(|(name, _)| holds(name)) {
            return *format;
        }
    }
    Format::Zip
}

/// A header of the old form has no signature, but a checksum of its own (POSIX.1-1988, `ustar`'s parent).
fn is_old_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else {
        return false;
    };
    let stated = header.get(148..156).unwrap_or_default();
    let digits = stated.iter().filter(|byte| (b'0'..=b'7').contains(byte));
    let stated = digits.fold(0_u64, |sum, digit| sum * 8 + u64::from(digit - b'0'));
    let sum = header.iter().enumerate().map(|(at, byte)| match at {
        148..156 => u64::from(b' '),
        _ => u64::from(*byte),
    });
    header.first() != Some(&0) && stated > 0 && sum.sum::<u64>() == stated
}

/// What an OLE compound file holds, by the UTF-16 names in its directory.
fn compound(head: &[u8]) -> Format {
    let holds = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    if holds(b"W\0o\0r\0k\0b\0o\0o\0k\0") {
        Format::Xls
    } else if holds(b"W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0") {
        Format::Doc
    } else if holds(b"P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0 \0D\0o\0c\0u\0m\0e\0n\0t\0") {
        Format::Ppt
    } else {
        Format::Binary
    }
}
