//! Dates of PDF (ISO 32000-1, 7.9.4).

/// `D:20260302091500+01'00'` as `2026-03-02T09:15:00+01:00`; none for anything else. Missing parts below the day are
/// zero, a missing zone is left out, as the standard has it unknown.
pub(super) fn rfc3339(date: &str) -> Option<String> {
    let date = date.trim().strip_prefix("D:").unwrap_or(date);
    let digits = date.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = date.split_at(digits);
    let pair = |at: usize, least: u8, most: u8| -> Option<&str> {
        let text = digits.get(at..at + 2)?;
        let value: u8 = text.parse().ok()?;
        (least..=most).contains(&value).then_some(text)
    };
    let (year, month, day) = (digits.get(..4)?, pair(4, 1, 12)?, pair(6, 1, 31)?);
    if digits.len() == 8 {
        return Some(format!("{year}-{month}-{day}"));
    }
    let (hour, minute) = (pair(8, 0, 23)?, pair(10, 0, 59).unwrap_or("00"));
    let second = pair(12, 0, 59).unwrap_or("00");
    let zone: String = zone
        .chars()
        .filter(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | 'Z'))
        .collect();
    let zone = match (zone.get(..1), zone.get(1..3), zone.get(3..5)) {
        (Some("Z"), _, _) => "Z".to_owned(),
        (Some(sign), Some(hours), minutes) => format!("{sign}{hours}:{}", minutes.unwrap_or("00")),
        _ => String::new(),
    };
    Some(format!(
        "{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"
    ))
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn dates_are_written_as_others_read_them() {
        let cases = [
            ("D:20260302091500+01'00'", Some("2026-03-02T09:15:00+01:00")),
            ("D:20260302091500Z", Some("2026-03-02T09:15:00Z")),
            ("D:20260302091500Z00'00'", Some("2026-03-02T09:15:00Z")),
            ("20260302", Some("2026-03-02")),
            ("D:202603020915", Some("2026-03-02T09:15:00")),
            ("D:20261302", None),
            ("2. March 2026", None),
            ("", None),
        ];
        for (date, expected) in cases {
            assert_eq!(rfc3339(date).as_deref(), expected, "{date}");
        }
    }
}
