//! OLE compound files ([MS-CFB]), as far as a stream by its name: what old Office files and encrypted new ones are in.

use crate::error::Error;

/// From here on a number stands for no sector.
const RESERVED: u32 = 0xffff_fffa;
/// Streams shorter than this are in the stream of small sectors.
const SMALL_BYTES: usize = 4_096;
const SMALL_SECTOR: usize = 64;
const ENTRY_BYTES: usize = 128;

/// An open compound file.
pub(crate) struct CompoundFile<'a> {
    bytes: &'a [u8],
    sector: usize,
    table: Vec<u32>,
    entries: Vec<Entry>,
    small: Vec<u8>,
    small_table: Vec<u32>,
}

struct Entry {
    name: String,
    is_stream: bool,
    start: u32,
    length: usize,
}

impl<'a> CompoundFile<'a> {
    /// Read the tables of a compound file. A chain that loops is damage, never a wait.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Error> {
        let broken = || Error::damaged("its compound file has a broken header");
        let shift = short(bytes, 30)
            .filter(|shift| matches!(shift, 9 | 12))
            .ok_or_else(broken)?;
        let mut file = Self {
            bytes,
            sector: 1 << shift,
            table: Vec::new(),
            entries: Vec::new(),
            small: Vec::new(),
            small_table: Vec::new(),
        };
        let mut sectors: Vec<u32> = (0..109)
            .filter_map(|index| long(bytes, 76 + index * 4))
            .collect();
        let mut next = long(bytes, 68).ok_or_else(broken)?;
        let mut left = bytes.len() / file.sector + 1;
        while next < RESERVED {
            left = left.checked_sub(1).ok_or_else(looping)?;
            let more = file.longs(next).ok_or_else(broken)?;
            next = more.last().copied().unwrap_or(u32::MAX);
            sectors.extend(more.iter().take(more.len().saturating_sub(1)));
        }
        let known: Vec<u32> = sectors
            .into_iter()
            .filter(|sector| *sector < RESERVED)
            .collect();
        if known.len() > bytes.len() / file.sector + 1 {
            return Err(looping());
        }
        for sector in known {
            let more = file.longs(sector).ok_or_else(broken)?;
            file.table.extend(more);
        }
        let directory = file.chain(long(bytes, 48).ok_or_else(broken)?, usize::MAX)?;
        file.entries = directory
            .chunks_exact(ENTRY_BYTES)
            .filter_map(entry)
            .collect();
        let Some(root) = file.entries.first() else {
            return Err(Error::damaged("its compound file has no directory"));
        };
        let (root_start, root_length) = (root.start, root.length);
        if let (Some(start), Some(1..)) = (long(bytes, 60), long(bytes, 64)) {
            let table = file.chain(start, usize::MAX)?;
            file.small_table = table
                .chunks_exact(4)
                .filter_map(|four| long(four, 0))
                .collect();
            file.small = file.chain(root_start, root_length)?;
        }
        Ok(file)
    }

    /// Whether there is an entry of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// A stream by its name, wherever it is in the tree.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let found = self
            .entries
            .iter()
            .find(|entry| entry.is_stream && entry.name.eq_ignore_ascii_case(name));
        let Some(entry) = found else { return Ok(None) };
        if entry.length >= SMALL_BYTES {
            return self.chain(entry.start, entry.length).map(Some);
        }
        let mut bytes = Vec::new();
        let mut next = entry.start;
        while bytes.len() < entry.length && next < RESERVED {
            let start = next as usize * SMALL_SECTOR;
            let part = self
                .small
                .get(start..start + SMALL_SECTOR)
                .unwrap_or_default();
            if part.is_empty() {
                return Err(Error::damaged("its compound file ends too early"));
            }
            bytes.extend_from_slice(part);
            next = self
                .small_table
                .get(next as usize)
                .copied()
                .unwrap_or(u32::MAX);
        }
        bytes.truncate(entry.length);
        Ok(Some(bytes))
    }

    fn chain(&self, mut next: u32, length: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut left = self.bytes.len() / self.sector + 1;
        while next < RESERVED && bytes.len() < length {
            left = left.checked_sub(1).ok_or_else(looping)?;
            let part = self.sector(next);
            if part.is_empty() {
                return Err(Error::damaged("its compound file ends too early"));
            }
            bytes.extend_from_slice(part);
            next = self.table.get(next as usize).copied().unwrap_or(u32::MAX);
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    fn sector(&self, number: u32) -> &'a [u8] {
        let start = (number as usize + 1) * self.sector;
        let end = (start + self.sector).min(self.bytes.len());
        self.bytes.get(start..end).unwrap_or_default()
    }

    fn longs(&self, number: u32) -> Option<Vec<u32>> {
        let part = self.sector(number);
        (part.len() == self.sector).then(|| {
            part.chunks_exact(4)
                .filter_map(|four| long(four, 0))
                .collect()
        })
    }
}

/// A compound file that holds nothing but this stream: what is known to be sound, for a reader that trusts its tables.
pub(super) fn wrap(stream: &[u8]) -> Result<Vec<u8>, Error> {
    const SECTOR: usize = 4_096;
    const PER_SECTOR: usize = SECTOR / 4;
    let data = stream.len().max(SMALL_BYTES).div_ceil(SECTOR);
    // The tables, the directory, the data.
    let tables = (data + 1).div_ceil(PER_SECTOR - 1);
    if tables > 109 {
        return Err(Error::TooLarge {
            limit: (109 * PER_SECTOR * SECTOR) as u64,
            what: "bytes in its workbook",
        });
    }
    let mut file = vec![0; SECTOR * (1 + tables + 1 + data)];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(target) = file.get_mut(at..at + bytes.len()) {
            target.copy_from_slice(bytes);
        }
    };
    put(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    // Minor and major version, byte order, the sizes of sectors and small sectors.
    put(24, &[0x3e, 0, 3, 0, 0xfe, 0xff, 12, 0, 6, 0]);
    put(44, &number(tables));
    put(48, &number(tables));
    put(56, &number(SMALL_BYTES));
    put(
        60,
        &[
            0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0,
        ],
    );
    for index in 0..109 {
        put(
            76 + index * 4,
            &if index < tables {
                number(index)
            } else {
                [0xff; 4]
            },
        );
    }
    let first = tables + 1;
    for sector in 0..tables * PER_SECTOR {
        put(SECTOR + sector * 4, &follower(sector, tables, first + data));
    }
    let directory = SECTOR * (1 + tables);
    for (index, (name, kind)) in [("Root Entry", 5_u8), ("Workbook", 2)]
        .into_iter()
        .enumerate()
    {
        let at = directory + index * ENTRY_BYTES;
        for (position, letter) in name.bytes().enumerate() {
            put(at + position * 2, &[letter]);
        }
        put(
            at + 64,
            &[u8::try_from(name.len() * 2 + 2).unwrap_or(64), 0, kind, 1],
        );
        put(at + 68, &[0xff; 12]);
    }
    put(directory + 76, &1_u32.to_le_bytes());
    put(directory + ENTRY_BYTES + 116, &number(first));
    put(
        directory + ENTRY_BYTES + 120,
        &(data * SECTOR).to_le_bytes(),
    );
    put(SECTOR * (1 + first), stream);
    Ok(file)
}

/// What follows a sector: first there are the tables, then one of directory, then the data up to `end`.
fn follower(sector: usize, tables: usize, end: usize) -> [u8; 4] {
    if sector < tables {
        [0xfd, 0xff, 0xff, 0xff]
    } else if sector == tables || sector + 1 == end {
        [0xfe, 0xff, 0xff, 0xff]
    } else if sector < end {
        number(sector + 1)
    } else {
        [0xff; 4]
    }
}

fn number(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let kind = *bytes.get(66)?;
    let units: Vec<u16> = bytes
        .get(..64)?
        .chunks_exact(2)
        .map(|two| u16::from_le_bytes([two[0], two[1]]))
        .take_while(|unit| *unit != 0)
        .collect();
    Some(Entry {
        name: String::from_utf16_lossy(&units),
        is_stream: kind == 2,
        start: long(bytes, 116)?,
        // Files of the first version leave rubbish in the upper half.
        length: long(bytes, 120)? as usize,
    })
}

fn looping() -> Error {
    Error::damaged("the sectors of its compound file follow each other in a circle")
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes(two.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}
