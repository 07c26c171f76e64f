//! What the values of a column can be read as.

use super::ColumnKind;

/// The narrowest kind that fits all values seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Inference {
    kind: Option<ColumnKind>,
    nulls: u64,
}

impl Inference {
    /// A column that begins with rows that lack it.
    pub(super) const fn with_nulls(nulls: u64) -> Self {
        Self { kind: None, nulls }
    }

    /// Take a value into account. Blank is no value.
    pub(super) fn observe(&mut self, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            self.nulls += 1;
            return;
        }
        if self.kind == Some(ColumnKind::Text) {
            return;
        }
        let seen = classify(value);
        self.kind = Some(match self.kind {
            None => seen,
            Some(kind) => widen(kind, seen),
        });
    }

    /// The kind of the column.
    pub(super) fn kind(&self) -> ColumnKind {
        self.kind.unwrap_or(ColumnKind::Empty)
    }

    /// How many values were blank.
    pub(super) const fn nulls(&self) -> u64 {
        self.nulls
    }
}

fn widen(one: ColumnKind, other: ColumnKind) -> ColumnKind {
    use ColumnKind::{Date, Decimal, Integer, Text, Timestamp};
    match (one, other) {
        (one, other) if one == other => one,
        (Integer, Decimal) | (Decimal, Integer) => Decimal,
        (Date, Timestamp) | (Timestamp, Date) => Timestamp,
        _ => Text,
    }
}

/// What one value, trimmed and not empty, can be read as.
pub(crate) fn classify(value: &str) -> ColumnKind {
    let bytes = value.as_bytes();
    // Nothing but text is longer than a number of a few dozen digits.
    if bytes.len() > 64 {
        return ColumnKind::Text;
    }
    match bytes[0] {
        b'0'..=b'9' => date(bytes).or_else(|| number(bytes)),
        b'+' | b'-' | b'.' => number(bytes),
        b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'n' | b'N' => {
            let known = ["true", "false", "yes", "no"];
            let is_boolean = known.iter().any(|word| value.eq_ignore_ascii_case(word));
            is_boolean.then_some(ColumnKind::Boolean)
        }
        _ => None,
    }
    .unwrap_or(ColumnKind::Text)
}

fn number(bytes: &[u8]) -> Option<ColumnKind> {
    let digits = match bytes {
        [b'+' | b'-', rest @ ..] => rest,
        _ => bytes,
    };
    let is_whole = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    // A leading zero is kept by a code (a postcode, an account), never by a number.
    if let [b'0', b'0'..=b'9', ..] = digits {
        return None;
    }
    if is_whole {
        return Some(ColumnKind::Integer);
    }
    let mantissa = match digits.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => {
            let exponent = &digits[at + 1..];
            let exponent = exponent
                .strip_prefix(b"+")
                .or(exponent.strip_prefix(b"-"))
                .unwrap_or(exponent);
            if exponent.is_empty() || !exponent.iter().all(u8::is_ascii_digit) {
                return None;
            }
            &digits[..at]
        }
        None => digits,
    };
    let mut parts = mantissa.rsplitn(2, |byte| matches!(byte, b'.' | b','));
    let last = parts.next()?;
    let before = parts.next().unwrap_or_default();
    let last_is_digits = last.iter().all(u8::is_ascii_digit);
    let fits = last_is_digits
        && !(last.is_empty() && before.is_empty())
        && (before.iter().all(u8::is_ascii_digit)
            || is_grouped(before, mantissa.len() - last.len(), mantissa));
    fits.then_some(ColumnKind::Decimal)
}

/// Whether the digits before the last separator come in groups of three, as in `1.234.567,89` or `1,234,567`.
fn is_grouped(before: &[u8], end: usize, whole: &[u8]) -> bool {
    let Some(separator) = before.iter().copied().find(|byte| !byte.is_ascii_digit()) else {
        return false;
    };
    if !matches!(separator, b'.' | b',' | b'\'' | b' ') {
        return false;
    }
    let mut groups = before.split(|byte| *byte == separator);
    let first_fits = groups.next().is_some_and(|first| {
        (1..=3).contains(&first.len()) && first.iter().all(u8::is_ascii_digit)
    });
    let rest_fits = groups.all(|group| group.len() == 3 && group.iter().all(u8::is_ascii_digit));
    // The same separator again means that the last part is a group as well.
    let last_fits = whole[end - 1] != separator || whole.len() - end == 3;
    first_fits && rest_fits && last_fits
}

/// ISO 8601 dates, and day, month and year with dots, slashes or dashes, with or without a time.
fn date(bytes: &[u8]) -> Option<ColumnKind> {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let digits = bytes.get(range)?;
        digits.iter().try_fold(0, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + u32::from(digit - b'0'))
        })
    };
    let separators = |first: usize, second: usize| {
        let separator = *bytes.get(first)?;
        (matches!(separator, b'-' | b'/' | b'.') && bytes.get(second) == Some(&separator))
            .then_some(separator)
    };
    let (month, day, end) = if separators(4, 7).is_some() {
        number(0..4)?;
        (number(5..7)?, number(8..10)?, 10)
    } else if separators(2, 5).is_some() {
        number(6..10)?;
        let (one, other) = (number(0..2)?, number(3..5)?);
        // Month first or day first: either reading is a date.
        (one.min(other), one.max(other), 10)
    } else {
        return None;
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    match &bytes[end..] {
        [] => Some(ColumnKind::Date),
        [b'T' | b't' | b' ', time @ ..] => is_time(time).then_some(ColumnKind::Timestamp),
        _ => None,
    }
}

/// `hh:mm`, with seconds, fraction and offset as they may follow.
fn is_time(time: &[u8]) -> bool {
    let [h1, h2, b':', m1, m2, rest @ ..] = time else {
        return false;
    };
    if ![h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit) {
        return false;
    }
    let rest = match rest {
        [b':', s1, s2, rest @ ..] if s1.is_ascii_digit() && s2.is_ascii_digit() => rest,
        rest => rest,
    };
    let rest = match rest {
        [b'.' | b',', fraction @ ..] => {
            let end = fraction.iter().position(|byte| !byte.is_ascii_digit());
            &fraction[end.unwrap_or(fraction.len())..]
        }
        rest => rest,
    };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    match rest {
        [] | b"Z" | b"z" | b"UTC" => true,
        [b'+' | b'-', offset @ ..] => {
            matches!(offset.len(), 2 | 4 | 5)
                && offset
                    .iter()
                    .all(|byte| byte.is_ascii_digit() || *byte == b':')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ColumnKind, Inference, classify};

    #[test]
    fn values_are_classified_as_a_person_would() {
        let cases = [
            ("42", ColumnKind::Integer),
            ("-7", ColumnKind::Integer),
            ("0", ColumnKind::Integer),
            ("007", ColumnKind::Text),
            ("1.5", ColumnKind::Decimal),
            ("1,50", ColumnKind::Decimal),
            ("1.234,56", ColumnKind::Decimal),
            ("1,234,567", ColumnKind::Decimal),
            ("1,23,4", ColumnKind::Text),
            ("6.02e23", ColumnKind::Decimal),
            (".5", ColumnKind::Decimal),
            ("-", ColumnKind::Text),
            (".", ColumnKind::Text),
            ("1.2.3", ColumnKind::Text),
            ("Yes", ColumnKind::Boolean),
            ("nope", ColumnKind::Text),
            ("2026-09-30", ColumnKind::Date),
            ("30.09.2026", ColumnKind::Date),
            ("09/30/2026", ColumnKind::Date),
            ("2026-13-30", ColumnKind::Text),
            ("2026-09-30T10:15:00Z", ColumnKind::Timestamp),
            ("2026-09-30 10:15", ColumnKind::Timestamp),
            ("2026-09-30T10:15:00.123+02:00", ColumnKind::Timestamp),
            ("2026-09-30x", ColumnKind::Text),
        ];
        for (value, kind) in cases {
            assert_eq!(classify(value), kind, "{value}");
        }
    }

    #[test]
    fn a_column_widens_to_what_fits_all_values() {
        let kind = |values: &[&str]| {
            let mut column = Inference::default();
            for value in values {
                column.observe(value);
            }
            (column.kind(), column.nulls())
        };
        assert_eq!(kind(&["1", "2.5", ""]), (ColumnKind::Decimal, 1));
        assert_eq!(
            kind(&["2026-01-01", "2026-01-01 10:00"]),
            (ColumnKind::Timestamp, 0)
        );
        assert_eq!(kind(&["1", "x"]), (ColumnKind::Text, 0));
        assert_eq!(kind(&["", " "]), (ColumnKind::Empty, 2));
    }
}
