//! How a delimited text is written.

use csv::{ByteRecord, ReaderBuilder};

/// The most records that are looked at.
const RECORDS_MAX: usize = 200;

/// How a delimited text is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Dialect {
    /// The byte between two cells.
    pub(crate) delimiter: u8,
    /// How many cells most records have.
    pub(crate) columns: usize,
    /// Whether it is hardly anything but a table.
    pub(crate) is_certain: bool,
}

/// The delimiter that gives the most regular table, if any gives one with two columns.
///
/// `text` is the beginning of the file; `is_whole` says that it is all of it, so that its last record counts.
pub(crate) fn dialect(text: &[u8], is_whole: bool) -> Option<Dialect> {
    let mut best: Option<(f64, Dialect)> = None;
    for delimiter in [b',', b';', b'\t', b'|'] {
        if memchr::memchr(delimiter, text).is_none() {
            continue;
        }
        let (score, dialect) = score(text, delimiter, is_whole);
        if dialect.columns >= 2 && best.as_ref().is_none_or(|(other, _)| score > *other) {
            best = Some((score, dialect));
        }
    }
    best.map(|(_, dialect)| dialect)
}

fn score(text: &[u8], delimiter: u8, is_whole: bool) -> (f64, Dialect) {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let mut record = ByteRecord::new();
    let mut widths = Vec::with_capacity(RECORDS_MAX);
    let (mut cells, mut prosaic) = (0_usize, 0_usize);
    while widths.len() < RECORDS_MAX && reader.read_byte_record(&mut record).unwrap_or(false) {
        widths.push(record.len());
        for cell in &record {
            cells += 1;
            // Running text: a cell that goes on after a space, or a very long one.
            prosaic += usize::from(cell.starts_with(b" ") || cell.len() > 200);
        }
    }
    if !is_whole && widths.len() < RECORDS_MAX && widths.len() > 1 {
        widths.pop();
    }
    let mut sorted = widths.clone();
    sorted.sort_unstable();
    let columns = mode(&sorted);
    let regular = widths.iter().filter(|width| **width == columns).count();
    let share = ratio(regular, widths.len());
    let score = share * (1.0 + ratio(columns.min(100), 100));
    let is_prosaic = prosaic * 5 > cells;
    let dialect = Dialect {
        delimiter,
        columns,
        is_certain: widths.len() >= 3 && share >= 0.8 && columns >= 2 && !is_prosaic,
    };
    (score, dialect)
}

fn ratio(part: usize, whole: usize) -> f64 {
    let exact = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 {
        0.0
    } else {
        exact(part) / exact(whole)
    }
}

/// The most frequent of sorted numbers; the larger one of two that are as frequent.
fn mode(sorted: &[usize]) -> usize {
    let groups = sorted.chunk_by(|one, other| one == other);
    groups
        .max_by_key(|group| group.len())
        .and_then(|group| group.first().copied())
        .unwrap_or(0)
}
