//! Bytes to text: byte order marks, UTF-8, UTF-16, and the code pages of the WHATWG Encoding Standard.

use std::borrow::Cow;

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::document::Document;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;

/// How much is looked at to tell one code page from another.
const DETECT_BYTES: usize = 1 << 20;

/// Decode as the options wish, or as `declared` by the file itself, or as detected. Notes the encoding, and warns of
/// bytes that stand for nothing.
pub(crate) fn decode<'a>(
    document: &mut Document,
    bytes: &'a [u8],
    options: &Options,
    declared: Option<&'static Encoding>,
) -> Result<Cow<'a, str>, Error> {
    let encoding = wished(options)?.unwrap_or_else(|| detect(bytes, declared));
    // `decode` honours a byte order mark over the encoding it is called on.
    let (text, used, damaged) = encoding.decode(bytes);
    document.encoding = Some(used.name().to_owned());
    if damaged {
        warn_of_damage(document, used);
    }
    Ok(text)
}

/// The encoding that the options ask for.
pub(crate) fn wished(options: &Options) -> Result<Option<&'static Encoding>, Error> {
    let Some(label) = &options.encoding else {
        return Ok(None);
    };
    let known = Encoding::for_label(label.as_bytes());
    known.map(Some).ok_or_else(|| Error::Option {
        option: "encoding",
        why: format!("`{label}` is not a known encoding label"),
    })
}

/// Warn, before all else, of bytes that stand for nothing.
pub(crate) fn warn_of_damage(document: &mut Document, used: &'static Encoding) {
    let message = format!(
        "some bytes are not valid {}; each was replaced by U+FFFD",
        used.name()
    );
    document.warn_first("undecodable_bytes", message, Place::default());
}

/// The most plausible encoding of a text without a byte order mark, from a sample that is not all ASCII.
pub(crate) fn guess(sample: &[u8], is_end: bool) -> &'static Encoding {
    match std::str::from_utf8(sample) {
        Ok(_) => UTF_8,
        // The sample may end within a character.
        Err(error) if error.error_len().is_none() && !is_end => UTF_8,
        Err(error) if mostly_utf8(sample, error.valid_up_to()) => UTF_8,
        Err(_) => code_page(sample, is_end),
    }
}

fn code_page(sample: &[u8], is_end: bool) -> &'static Encoding {
    let mut detector = EncodingDetector::new();
    detector.feed(sample, is_end);
    let guess = detector.guess(None, false);
    // Stateful encodings are guessed from escape sequences alone; without letters to show for it take the Western one.
    if guess == UTF_8 { WINDOWS_1252 } else { guess }
}

/// The most plausible encoding.
pub(crate) fn detect(bytes: &[u8], declared: Option<&'static Encoding>) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return encoding;
    }
    let Err(error) = std::str::from_utf8(bytes) else {
        // Valid UTF-8 beyond ASCII is no accident, whatever the file declares.
        return UTF_8;
    };
    if let Some(encoding) = declared.filter(|encoding| *encoding != UTF_8) {
        return encoding;
    }
    if mostly_utf8(bytes, error.valid_up_to()) {
        return UTF_8;
    }
    // A long ASCII lead says nothing about the code page: look around the first odd byte.
    let start = error.valid_up_to().saturating_sub(DETECT_BYTES / 2);
    let end = bytes.len().min(start + DETECT_BYTES);
    code_page(bytes.get(start..end).unwrap_or(bytes), end == bytes.len())
}

/// UTF-16 has the same byte in every other place: zero for Western scripts, the number of a block for most others.
pub(crate) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..4096).unwrap_or(bytes);
    if sample.len() < 4 || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let pairs = sample.len() / 2;
    let (mut even, mut odd) = ([0_usize; 256], [0_usize; 256]);
    for pair in sample.chunks_exact(2) {
        even[usize::from(pair[0])] += usize::from(pair[1] != 0);
        odd[usize::from(pair[1])] += usize::from(pair[0] != 0);
    }
    if odd[0] * 10 >= pairs * 7 && even[0] * 20 <= pairs {
        return Some(UTF_16LE);
    }
    if even[0] * 10 >= pairs * 7 && odd[0] * 20 <= pairs {
        return Some(UTF_16BE);
    }
    // Greek, Cyrillic, Hebrew, Arabic and Thai share a block; their spaces and line ends are in the first.
    let blocks = [0x03, 0x04, 0x05, 0x06, 0x0e];
    let fits = |high: &[usize; 256], low: &[usize; 256]| {
        let in_blocks: usize = blocks.iter().map(|block| high[*block]).max().unwrap_or(0);
        pairs >= 8 && high[0] > 0 && (in_blocks + high[0]) * 10 >= pairs * 9 && low[0] * 20 <= pairs
    };
    if std::str::from_utf8(bytes.get(..64).unwrap_or(bytes)).is_ok_and(|text| !text.contains('\0'))
    {
        return None;
    }
    if fits(&odd, &even) {
        Some(UTF_16LE)
    } else if fits(&even, &odd) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Whether this is UTF-8 with a few broken places rather than a code page: reading it as one would spoil every
/// accented letter for the sake of one bad byte.
fn mostly_utf8(bytes: &[u8], valid_up_to: usize) -> bool {
    let start = valid_up_to.saturating_sub(DETECT_BYTES / 2);
    let sample = bytes
        .get(start..bytes.len().min(start + DETECT_BYTES))
        .unwrap_or(bytes);
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad.saturating_mul(4)
}
