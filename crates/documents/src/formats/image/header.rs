//! The headers of image formats: dimensions, colour, number of pictures, and whether the end is there.

use crate::format::Format;

/// The most blocks, chunks or segments that are looked at.
const PARTS_MAX: usize = 200_000;

/// What a header says.
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) color: &'static str,
    /// Bits per channel.
    pub(super) bits: Option<u32>,
    pub(super) frames: Option<u32>,
    /// Whether the frames are pages rather than moments.
    pub(super) is_paged: bool,
    pub(super) is_complete: bool,
}

impl Header {
    /// Read the header of an image of this format, or nothing if it is not complete.
    pub(super) fn read(format: Format, bytes: &[u8]) -> Option<Self> {
        match format {
            Format::Png => png(bytes),
            Format::Jpeg => jpeg(bytes),
            Format::Gif => gif(bytes),
            Format::Webp => webp(bytes),
            Format::Tiff => tiff(bytes),
            _ => bmp(bytes),
        }
    }
}

fn big<const N: usize>(bytes: &[u8], at: usize) -> Option<u32> {
    let part = bytes.get(at..at.checked_add(N)?)?;
    Some(part.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

fn little<const N: usize>(bytes: &[u8], at: usize) -> Option<u32> {
    let part = bytes.get(at..at.checked_add(N)?)?;
    Some(
        part.iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
    )
}

/// PNG (W3C, third edition), 11.2.
fn png(bytes: &[u8]) -> Option<Header> {
    let color = match bytes.get(25)? {
        0 => "gray",
        2 => "RGB",
        3 => "indexed",
        4 => "gray with alpha",
        6 => "RGB with alpha",
        _ => "unknown",
    };
    let mut header = Header {
        width: big::<4>(bytes, 16)?,
        height: big::<4>(bytes, 20)?,
        color,
        bits: big::<1>(bytes, 24),
        frames: None,
        is_paged: false,
        is_complete: false,
    };
    for (kind, content) in png_chunks(bytes) {
        match kind {
            b"acTL" => header.frames = big::<4>(content, 0),
            b"IEND" => header.is_complete = true,
            _ => {}
        }
    }
    Some(header)
}

/// The complete chunks of a PNG.
pub(super) fn png_chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = 8_usize;
    let chunks = std::iter::from_fn(move || {
        let length = big::<4>(bytes, at)? as usize;
        let kind = bytes.get(at + 4..at + 8)?;
        let content = bytes.get(at + 8..(at + 8).checked_add(length)?)?;
        at = at + 12 + length;
        Some((kind, content))
    });
    chunks.take(PARTS_MAX)
}

/// JPEG (ITU-T T.81), B.2.2: the first frame header counts.
fn jpeg(bytes: &[u8]) -> Option<Header> {
    let mut at = 2_usize;
    for _ in 0..PARTS_MAX {
        // Any number of fill bytes may stand before a marker.
        while bytes.get(at) == Some(&0xff) && bytes.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        let marker = *bytes.get(at..at + 2)?.strip_prefix(&[0xff])?.first()?;
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            at += 2;
            continue;
        }
        let length = big::<2>(bytes, at + 2)? as usize;
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let color = match bytes.get(at + 9)? {
                1 => "gray",
                3 => "YCbCr",
                4 => "CMYK",
                _ => "unknown",
            };
            let tail = bytes
                .get(bytes.len().saturating_sub(64 << 10)..)
                .unwrap_or(bytes);
            return Some(Header {
                width: big::<2>(bytes, at + 7)?,
                height: big::<2>(bytes, at + 5)?,
                color,
                bits: big::<1>(bytes, at + 4),
                frames: None,
                is_paged: false,
                // Some cameras add their own data behind the end of the image.
                is_complete: memchr::memmem::rfind(tail, &[0xff, 0xd9]).is_some(),
            });
        }
        at = at.checked_add(2)?.checked_add(length)?;
    }
    None
}

/// GIF (version 89a), sections 18 to 27.
fn gif(bytes: &[u8]) -> Option<Header> {
    let flags = *bytes.get(10)?;
    let mut header = Header {
        width: little::<2>(bytes, 6)?,
        height: little::<2>(bytes, 8)?,
        color: "indexed",
        bits: Some(8),
        frames: None,
        is_paged: false,
        is_complete: false,
    };
    let colors = |flags: u8| {
        if flags & 0x80 == 0 {
            0
        } else {
            3 << ((flags & 7) + 1)
        }
    };
    let mut at = 13 + colors(flags);
    let mut frames = 0;
    for _ in 0..PARTS_MAX {
        match bytes.get(at) {
            Some(0x3b) => {
                header.is_complete = true;
                break;
            }
            Some(0x2c) => {
                frames += 1;
                let Some(flags) = bytes.get(at + 9) else {
                    break;
                };
                at += 11 + colors(*flags);
            }
            Some(0x21) => at += 2,
            _ => break,
        }
        // Sub-blocks, up to an empty one.
        while let Some(length) = bytes.get(at) {
            at += 1 + usize::from(*length);
            if *length == 0 {
                break;
            }
        }
    }
    header.frames = Some(frames);
    Some(header)
}

/// WebP (RFC 9649).
fn webp(bytes: &[u8]) -> Option<Header> {
    let declared = little::<4>(bytes, 4)? as usize;
    let mut header = Header {
        width: 0,
        height: 0,
        color: "RGB",
        bits: Some(8),
        frames: None,
        is_paged: false,
        is_complete: bytes.len() >= declared.saturating_add(8),
    };
    match bytes.get(12..16)? {
        b"VP8 " => {
            header.width = little::<2>(bytes, 26)? & 0x3fff;
            header.height = little::<2>(bytes, 28)? & 0x3fff;
            header.color = "YCbCr";
        }
        b"VP8L" => {
            let packed = little::<4>(bytes, 21)?;
            header.width = (packed & 0x3fff) + 1;
            header.height = (packed >> 14 & 0x3fff) + 1;
            if packed >> 28 & 1 == 1 {
                header.color = "RGB with alpha";
            }
        }
        b"VP8X" => {
            let flags = *bytes.get(20)?;
            header.width = little::<3>(bytes, 24)? + 1;
            header.height = little::<3>(bytes, 27)? + 1;
            if flags & 0x10 != 0 {
                header.color = "RGB with alpha";
            }
            if flags & 0x02 != 0 {
                header.frames =
                    u32::try_from(memchr::memmem::find_iter(bytes, b"ANMF").count()).ok();
            }
        }
        _ => return None,
    }
    Some(header)
}

/// BMP: the old core header of 12 bytes and all later ones.
fn bmp(bytes: &[u8]) -> Option<Header> {
    let size = little::<4>(bytes, 14)?;
    let is_core = size == 12;
    let (width, height, bits) = if is_core {
        (
            little::<2>(bytes, 18)?,
            little::<2>(bytes, 20)?,
            little::<2>(bytes, 24)?,
        )
    } else {
        // A negative height means that the rows stand from top to bottom.
        let height = little::<4>(bytes, 22)?.cast_signed().unsigned_abs();
        (little::<4>(bytes, 18)?, height, little::<2>(bytes, 28)?)
    };
    let declared = little::<4>(bytes, 2)? as usize;
    Some(Header {
        width,
        height,
        color: match bits {
            1..=8 => "indexed",
            32 => "RGB with alpha",
            _ => "RGB",
        },
        bits: Some(if bits >= 24 { 8 } else { bits }),
        frames: None,
        is_paged: false,
        is_complete: bytes.len() >= declared,
    })
}

/// TIFF 6.0, section 2: the first directory counts, and the chain of directories are the pages.
fn tiff(bytes: &[u8]) -> Option<Header> {
    let is_little = bytes.starts_with(b"II");
    let short = |at: usize| {
        if is_little {
            little::<2>(bytes, at)
        } else {
            big::<2>(bytes, at)
        }
    };
    let long = |at: usize| {
        if is_little {
            little::<4>(bytes, at)
        } else {
            big::<4>(bytes, at)
        }
    };
    let mut header = Header {
        width: 0,
        height: 0,
        color: "unknown",
        bits: None,
        frames: None,
        is_paged: true,
        is_complete: true,
    };
    let mut at = long(4)? as usize;
    let mut seen = std::collections::HashSet::new();
    let mut pages = 0;
    // A chain that bites its own tail ends there.
    while at != 0 && pages < 100_000 && seen.insert(at) {
        let Some(count) = short(at) else {
            header.is_complete = false;
            break;
        };
        let count = count as usize;
        pages += 1;
        for entry in (0..count)
            .map(|entry| at + 2 + entry * 12)
            .take_while(|_| pages == 1)
        {
            let (Some(tag), Some(kind), Some(number)) =
                (short(entry), short(entry + 2), long(entry + 4))
            else {
                header.is_complete = false;
                break;
            };
            let value = if kind == 3 {
                short(entry + 8)?
            } else {
                long(entry + 8)?
            };
            match tag {
                256 => header.width = value,
                257 => header.height = value,
                // Three channels of 16 bits do not fit the entry: it holds where they stand.
                258 if number > 2 => header.bits = short(long(entry + 8)? as usize),
                258 => header.bits = Some(value),
                262 => header.color = photometric(value),
                _ => {}
            }
        }
        match long(at + 2 + count * 12) {
            Some(next) => at = next as usize,
            None => {
                header.is_complete = false;
                break;
            }
        }
    }
    header.frames = Some(pages);
    Some(header)
}

const fn photometric(value: u32) -> &'static str {
    match value {
        0 | 1 => "gray",
        2 => "RGB",
        3 => "indexed",
        4 => "mask",
        5 => "CMYK",
        6 => "YCbCr",
        8 => "Lab",
        _ => "unknown",
    }
}
