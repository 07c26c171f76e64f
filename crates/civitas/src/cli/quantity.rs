//! Durations and sizes as people type them: `30d`, `10s`, `5GiB`.

use std::time::Duration;

/// Reads a duration: a whole number and `s`, `m`, `h` or `d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60)];
    quantity(text, &units)
        .map(Duration::from_secs)
        .ok_or_else(|| "write a whole number above 0 and s, m, h or d, such as 30d".to_owned())
}

/// Reads a number of bytes: a whole number and `B`, `KiB`, `MiB` or `GiB`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let units = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("B", 1),
    ];
    quantity(text, &units).ok_or_else(|| {
        "write a whole number above 0 and B, KiB, MiB or GiB, such as 20MiB".to_owned()
    })
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let number: u64 = number.trim_end().parse().ok()?;
    number.checked_mul(*unit).filter(|total| *total > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_a_unit_and_counts_something() {
        assert_eq!(duration("30d"), Ok(Duration::from_hours(720)));
        assert_eq!(duration("90 s"), Ok(Duration::from_secs(90)));
        assert_eq!(size("5GiB"), Ok(5 << 30));
        assert_eq!(size("512B"), Ok(512));
        for wrong in [
            "",
            "30",
            "d",
            "-1d",
            "0s",
            "1.5h",
            "30 days",
            "99999999999999999999d",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for wrong in ["5", "5G", "5gib", "0B", "18446744073709551615KiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
