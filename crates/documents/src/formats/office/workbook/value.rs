//! Cell values as text: numbers as they are stored, dates in ISO 8601.

use calamine::{CellErrorType, Data, DataRef, ExcelDateTime, ExcelDateTimeType};

/// What a cell's number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum NumberFormat {
    #[default]
    Number,
    Date,
    Duration,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Value {
    Empty,
    Text(String),
    /// An error such as `#DIV/0!`.
    Error(String),
}

/// A number in the shortest form that reads back as the same number.
pub(in super::super) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-7..1e21).contains(&size) {
        return format!("{value:e}");
    }
    // Display never uses an exponent and drops `.0`; a negative zero is a zero.
    format!("{}", if value == 0.0 { 0.0 } else { value })
}

/// A number by its format.
pub(super) fn formatted(value: f64, format: NumberFormat, is_1904: bool) -> String {
    let kind = match format {
        NumberFormat::Number => return number(value),
        NumberFormat::Date => ExcelDateTimeType::DateTime,
        NumberFormat::Duration => ExcelDateTimeType::TimeDelta,
    };
    // Outside of the calendar a number is only a number (18.17.4.1).
    if !(0.0..2_958_466.0).contains(&value) {
        return number(value);
    }
    serial(&ExcelDateTime::new(value, kind, is_1904))
}

fn serial(value: &ExcelDateTime) -> String {
    if value.is_duration() {
        return duration(value.as_f64() * 86_400.0);
    }
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    let time = (hour, minute, second, milli);
    if value.as_f64() < 1.0 {
        return clock(time);
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time == (0, 0, 0, 0) {
        return date;
    }
    format!("{date}T{}", clock(time))
}

fn clock((hour, minute, second, milli): (u8, u8, u8, u16)) -> String {
    let seconds = format!("{hour:02}:{minute:02}:{second:02}");
    match milli {
        0 => seconds,
        milli => format!("{seconds}.{milli:03}"),
    }
}

/// Hours, minutes and seconds of a span of seconds; there may be more than 24 hours.
pub(in super::super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds.abs() > 1e15 {
        return number(seconds);
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, positive and below 10^15"
    )]
    let whole = seconds.abs().round() as u64;
    format!(
        "{sign}{:02}:{:02}:{:02}",
        whole / 3600,
        whole / 60 % 60,
        whole % 60
    )
}

/// An ISO 8601 date and time without an empty time of day.
pub(in super::super) fn date_and_time(value: &str) -> String {
    let value = value.trim();
    let midnight = ["T00:00:00", "T00:00:00Z", "T00:00:00.000", "T00:00:00.000Z"];
    let found = midnight.iter().find_map(|time| value.strip_suffix(time));
    found.unwrap_or(value).to_owned()
}

/// A cell as calamine has read it.
pub(super) fn from_data(value: &DataRef<'_>) -> Value {
    match value {
        DataRef::Empty => Value::Empty,
        DataRef::Int(value) => Value::Text(value.to_string()),
        DataRef::Float(value) => Value::Text(number(*value)),
        DataRef::String(value) | DataRef::DurationIso(value) => Value::Text(value.clone()),
        DataRef::SharedString(value) => Value::Text((*value).to_owned()),
        DataRef::Bool(value) => Value::Text(value.to_string()),
        DataRef::DateTime(value) if !(0.0..2_958_466.0).contains(&value.as_f64()) => {
            Value::Text(number(value.as_f64()))
        }
        DataRef::DateTime(value) => Value::Text(serial(value)),
        DataRef::DateTimeIso(value) => Value::Text(date_and_time(value)),
        DataRef::Error(error) => Value::Error(error_name(error).to_owned()),
    }
}

/// The same for a cell that owns its text.
pub(super) fn from_owned(value: &Data) -> Value {
    match value {
        Data::Empty => Value::Empty,
        Data::Int(value) => from_data(&DataRef::Int(*value)),
        Data::Float(value) => from_data(&DataRef::Float(*value)),
        Data::String(value) => from_data(&DataRef::SharedString(value)),
        Data::Bool(value) => from_data(&DataRef::Bool(*value)),
        Data::DateTime(value) => from_data(&DataRef::DateTime(*value)),
        Data::DateTimeIso(value) => Value::Text(date_and_time(value)),
        Data::DurationIso(value) => Value::Text(value.clone()),
        Data::Error(error) => Value::Error(error_name(error).to_owned()),
    }
}

const fn error_name(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#GETTING_DATA",
    }
}

/// What a built-in format shows (ECMA-376, part 1, 18.8.30).
pub(super) const fn built_in(id: u32) -> NumberFormat {
    match id {
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => NumberFormat::Date,
        46 => NumberFormat::Duration,
        _ => NumberFormat::Number,
    }
}

/// What a format code shows: dates have letters of the calendar or the clock outside of quotes and brackets.
pub(super) fn custom(code: &str) -> NumberFormat {
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => drop(letters.by_ref().find(|next| *next == '"')),
            '\\' | '_' | '*' => drop(letters.next()),
            '[' => {
                let inside: String = letters.by_ref().take_while(|next| *next != ']').collect();
                let inside = inside.to_ascii_lowercase();
                // `[h]` counts on over the day; `[Red]` and `[$-409]` are no part of the value.
                let is_elapsed = !inside.is_empty()
                    && ["h", "m", "s"].iter().any(|unit| {
                        inside
                            .trim_matches(unit.chars().next().unwrap_or('h'))
                            .is_empty()
                    });
                if is_elapsed {
                    return NumberFormat::Duration;
                }
            }
            'G' | 'g' if letters.as_str().to_ascii_lowercase().starts_with("eneral") => {
                return NumberFormat::Number;
            }
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return NumberFormat::Date,
            // Only the first section is for positive numbers.
            ';' => break,
            _ => {}
        }
    }
    NumberFormat::Number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_codes_are_told_apart() {
        for (code, format) in [
            ("yyyy-mm-dd", NumberFormat::Date),
            ("[$-409]d/m/yy h:mm AM/PM;@", NumberFormat::Date),
            ("[h]:mm:ss", NumberFormat::Duration),
            ("[mm]:ss", NumberFormat::Duration),
            ("General", NumberFormat::Number),
            ("0.00E+00", NumberFormat::Number),
            ("#,##0.00 \"days\"", NumberFormat::Number),
            ("[Red]-0.00", NumberFormat::Number),
            ("0\\d", NumberFormat::Number),
            ("_-* #,##0_-", NumberFormat::Number),
        ] {
            assert_eq!(custom(code), format, "{code}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_are_stored() {
        assert_eq!(number(42.0), "42");
        assert_eq!(number(0.1), "0.1");
        assert_eq!(number(-0.0), "0");
        assert_eq!(number(1e300), "1e300");
        assert_eq!(number(12_345_678_901_234_568.0), "12345678901234568");
    }

    #[test]
    fn serial_numbers_are_dates_in_both_calendars() {
        let date = |value| formatted(value, NumberFormat::Date, false);
        assert_eq!(date(46_082.0), "2026-03-01");
        assert_eq!(date(46_082.427_083_333_336), "2026-03-01T10:15:00");
        assert_eq!(date(0.75), "18:00:00");
        assert_eq!(date(1.0), "1900-01-01");
        assert_eq!(date(-1.0), "-1");
        assert_eq!(formatted(44_620.0, NumberFormat::Date, true), "2026-03-01");
        assert_eq!(formatted(1.5, NumberFormat::Duration, false), "36:00:00");
    }
}
