//! A second look at containers, once all of their bytes are there: what they hold, not what their beginning looks like.

use std::io::BufRead;

use super::{Detected, extension};
use crate::archive::Archive;
use crate::format::Format;
use crate::formats::CompoundFile;

/// The most bytes of the part that says what an archive holds.
const TYPES_BYTES_MAX: u64 = 1 << 20;

/// The beginning of a compound file (MS-CFB, 2.2).
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Whether these are the first bytes of what [`look_inside`] may correct.
pub(crate) fn needs_all(head: &[u8]) -> bool {
    head.starts_with(b"PK") || head.starts_with(COMPOUND)
}

/// Correct what was recognised from the beginning of a ZIP archive or a compound file.
pub(crate) fn look_inside(detected: Detected, bytes: &[u8], name: &str) -> Detected {
    let found = if bytes.starts_with(b"PK") {
        archive(bytes)
    } else if bytes.starts_with(COMPOUND) {
        compound(bytes, name)
    } else {
        None
    };
    found.map_or(detected, Detected::from)
}

/// The format that an archive states in its `mimetype` (`OpenDocument`, EPUB) or its content types (OOXML). An archive
/// that cannot be read stays what it looks like, so that its parser says what is wrong.
fn archive(bytes: &[u8]) -> Option<Format> {
    let mut archive = Archive::open(bytes, Format::Zip).ok()?;
    if let Some(stated) = beginning(&mut archive, "mimetype") {
        let stated = stated.trim();
        let stated = stated.strip_suffix("-template").unwrap_or(stated);
        let known = [Format::Odt, Format::Ods, Format::Odp, Format::Epub];
        if let Some(format) = known
            .into_iter()
            .find(|format| format.mime_type() == stated)
        {
            return Some(format);
        }
    }
    if let Some(types) = beginning(&mut archive, "[Content_Types].xml") {
        let known = [
            ("ms-excel.sheet.binary.macroEnabled.main", Format::Xlsb),
            ("wordprocessingml.document.main+xml", Format::Docx),
            ("wordprocessingml.template.main+xml", Format::Docx),
            ("ms-word.document.macroEnabled.main+xml", Format::Docx),
            (
                "ms-word.template.macroEnabledTemplate.main+xml",
                Format::Docx,
            ),
            ("spreadsheetml.sheet.main+xml", Format::Xlsx),
            ("spreadsheetml.template.main+xml", Format::Xlsx),
            ("ms-excel.sheet.macroEnabled.main+xml", Format::Xlsx),
            ("ms-excel.template.macroEnabled.main+xml", Format::Xlsx),
            ("presentationml.presentation.main+xml", Format::Pptx),
            ("presentationml.slideshow.main+xml", Format::Pptx),
            ("presentationml.template.main+xml", Format::Pptx),
            (
                "ms-powerpoint.presentation.macroEnabled.main+xml",
                Format::Pptx,
            ),
            (
                "ms-powerpoint.slideshow.macroEnabled.main+xml",
                Format::Pptx,
            ),
        ];
        if let Some((_, format)) = known.iter().find(|(stated, _)| types.contains(stated)) {
            return Some(*format);
        }
    }
    Some(Format::Zip)
}

/// The first bytes of an entry, as text.
fn beginning(archive: &mut Archive<'_>, name: &str) -> Option<String> {
    use std::io::Read as _;

    let mut stream = archive.stream(name).ok()??;
    let mut bytes = Vec::new();
    stream.fill_buf().ok()?;
    stream.take(TYPES_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The format of a compound file, by the streams in it. An encrypted new document says nothing else: its name decides.
fn compound(bytes: &[u8], name: &str) -> Option<Format> {
    let file = CompoundFile::open(bytes).ok()?;
    if file.contains("EncryptedPackage") {
        return Some(match extension(name).as_str() {
            "xlsx" | "xlsm" | "xltx" | "xls" => Format::Xlsx,
            "xlsb" => Format::Xlsb,
            "pptx" | "pptm" | "ppsx" | "potx" | "ppt" => Format::Pptx,
            _ => Format::Docx,
        });
    }
    let known = [
        ("Workbook", Format::Xls),
        ("Book", Format::Xls),
        ("WordDocument", Format::Doc),
        ("PowerPoint Document", Format::Ppt),
    ];
    let found = known.iter().find(|(stream, _)| file.contains(stream));
    found.map(|(_, format)| *format)
}
