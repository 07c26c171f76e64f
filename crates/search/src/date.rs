//! Dates as people type them, and the months and years that hits are counted by.

use civitas_model::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The beginning, in UTC, of what is typed as `2026`, `2026-03` or `2026-03-15`; or the point in time of RFC 3339.
///
/// `after:2026 before:2027` is therefore the year 2026, and neither leaves a gap nor counts a moment twice.
pub fn instant(text: &str) -> Option<Timestamp> {
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next(), parts.next());
    let is_date = digits(year, 4)
        && month.is_none_or(|month| digits(month, 2))
        && day.is_none_or(|day| digits(day, 2));
    if !is_date {
        return text.parse().ok();
    }
    let year = year.parse().ok()?;
    let month = month.map_or(Some(1), |month| month.parse().ok())?;
    let day = day.map_or(Some(1), |day| day.parse().ok())?;
    let date = Date::new(year, month, day).ok()?;
    let zoned = date.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

/// Days since the epoch of a date in microseconds.
pub const fn day_of(micros: i64) -> i64 {
    micros.div_euclid(86_400_000_000)
}

/// Year and month of a day since the epoch, when the calendar reaches that far.
pub fn month_of(day: i64) -> Option<(i16, i8)> {
    let second = day.checked_mul(86_400)?;
    let date = jiff::Timestamp::from_second(second).ok()?;
    let date = date.to_zoned(TimeZone::UTC).date();
    Some((date.year(), date.month()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_date_is_its_beginning() {
        for (typed, full) in [
            ("2026", "2026-01-01T00:00:00Z"),
            ("2026-03", "2026-03-01T00:00:00Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z"),
            ("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00Z"),
        ] {
            assert_eq!(instant(typed), full.parse().ok(), "{typed}");
        }
        for typed in [
            "",
            "lunch",
            "26",
            "2026-3",
            "2026-13",
            "2025-02-29",
            "2026-",
            "20260301",
            "-2026",
        ] {
            assert_eq!(instant(typed), None, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_day_belongs_to_the_month_it_is_typed_in(year in 1000_i16..9999, month in 1_i8..=12, day in 1_i8..=28) {
            let typed = instant(&format!("{year:04}-{month:02}-{day:02}")).unwrap();
            prop_assert_eq!(month_of(day_of(typed.as_micros())), Some((year, month)));
            prop_assert_eq!(month_of(day_of(typed.as_micros() + 86_399_999_999)), Some((year, month)));
        }

        #[test]
        fn any_text_is_read_or_not(text in ".{0,40}", micros in any::<i64>()) {
            let _ = instant(&text);
            let _ = month_of(day_of(micros));
        }
    }
}
