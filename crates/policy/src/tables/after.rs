//! A time after which something happens, as people write it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The longest time: as long as an approval may wait.
const MAX: u64 = 30 * 24 * 60 * 60;
/// The units, the longest first, in seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A time from one second to 30 days: a whole number with `s`, `m`, `h` or `d`, such as `30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct After(u64);

impl After {
    /// As a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl FromStr for After {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = |&(unit, seconds): &(char, u64)| Some((text.strip_suffix(unit)?, seconds));
        UNITS
            .iter()
            .find_map(unit)
            .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|(number, seconds)| number.parse::<u64>().ok()?.checked_mul(seconds))
            .filter(|seconds| (1..=MAX).contains(seconds))
            .map(Self)
            .ok_or_else(|| {
                "must be a time from 1s to 30d: a whole number with s, m, h or d, such as 30m"
                    .to_owned()
            })
    }
}

impl TryFrom<String> for After {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<After> for String {
    fn from(after: After) -> Self {
        after.to_string()
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS
            .iter()
            .find(|(_, seconds)| self.0.is_multiple_of(*seconds));
        let (unit, seconds) = whole.unwrap_or(&('s', 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_and_written_as_people_write_it() {
        for (text, seconds, again) in [
            ("90s", 90, "90s"),
            ("120s", 120, "2m"),
            ("30m", 1_800, "30m"),
            ("24h", 86_400, "1d"),
            ("30d", MAX, "30d"),
        ] {
            let after: After = text.parse().unwrap();
            assert_eq!(after.duration().as_secs(), seconds);
            assert_eq!(after.to_string(), again);
        }
        for wrong in [
            "",
            "m",
            "0m",
            "31d",
            "1.5h",
            "-1h",
            "+1h",
            "1w",
            " 1h",
            "99999999999999999999d",
        ] {
            assert!(wrong.parse::<After>().is_err(), "{wrong}");
        }
    }
}
