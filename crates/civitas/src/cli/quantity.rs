//! Durations and sizes as people type them: `30d`, `10s`, `5GiB`.

use std::time::Duration;

use civitas_model::TenantId;
use civitas_policy::NAME_LENGTH_MAX;
use civitas_storage::{APPROVAL_LIFETIME_MAX, Quota};

/// The longest hold: what is left of the time that `civitas hook` waits covers the way there and back.
const HOLD_MAX: Duration = Duration::from_secs(550);

/// Reads a duration: a whole number and `s`, `m`, `h` or `d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60)];
    quantity(text, &units)
        .map(Duration::from_secs)
        .ok_or_else(|| "write a whole number above 0 and s, m, h or d, such as 30d".to_owned())
}

/// Reads how long a held call waits: less than `civitas hook` does, which ends before the client lets the tool run.
pub(crate) fn hold(text: &str) -> Result<Duration, String> {
    let hold = duration(text)?;
    if hold > HOLD_MAX {
        let max = HOLD_MAX.as_secs();
        return Err(format!(
            "at most {max}s: clients wait 560 s for an answer, and then decide without one"
        ));
    }
    Ok(hold)
}

/// Reads an amount of money, in dollars.
pub(crate) fn money(text: &str) -> Result<f64, String> {
    let amount = text.strip_prefix('$').unwrap_or(text).parse::<f64>().ok();
    amount
        .filter(|amount| amount.is_finite() && *amount >= 0.0)
        .ok_or_else(|| "write an amount of dollars, 0 or more, such as 12.50".to_owned())
}

/// Reads a number of things.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    text.parse::<u64>()
        .map_err(|_| "write a whole number, 0 or more, such as 500000".to_owned())
}

/// Reads how long an approval lasts.
pub(crate) fn approval(text: &str) -> Result<Duration, String> {
    let lifetime = duration(text)?;
    if lifetime > APPROVAL_LIFETIME_MAX {
        return Err("approvals last at most 30d".to_owned());
    }
    Ok(lifetime)
}

/// Reads the name of an environment.
pub(crate) fn environment(text: &str) -> Result<String, String> {
    if text.len() > NAME_LENGTH_MAX || text.chars().any(char::is_control) {
        return Err(format!(
            "a name has at most {NAME_LENGTH_MAX} bytes, no control characters"
        ));
    }
    Ok(text.to_owned())
}

/// Reads a number of bytes: a whole number and `B`, `KiB`, `MiB`, `GiB` or `TiB`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let units = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("B", 1),
    ];
    quantity(text, &units).ok_or_else(|| {
        "write a whole number above 0 and B, KiB, MiB, GiB or TiB, such as 20MiB".to_owned()
    })
}

/// Reads a tenant and what it may keep: `acme=2TiB,5000000`.
pub(crate) fn quota(text: &str) -> Result<(TenantId, Quota), String> {
    let wrong =
        || "write a tenant, a size and a number of files, such as acme=2TiB,5000000".to_owned();
    let (tenant, quota) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (bytes, files) = quota.split_once(',').ok_or_else(wrong)?;
    let tenant = TenantId::new(tenant).map_err(|error| error.to_string())?;
    let files = files.trim().parse().map_err(|_| wrong())?;
    let bytes = size(bytes.trim())?;
    Ok((tenant, Quota { bytes, files }))
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
    fn a_quota_names_its_tenant() {
        let (tenant, read) = quota("acme=2TiB,50").unwrap();
        assert_eq!(tenant.as_str(), "acme");
        let expected = Quota {
            bytes: 2 << 40,
            files: 50,
        };
        assert_eq!(read, expected);
        for wrong in ["acme", "acme=2TiB", "=2TiB,1", "acme=2,1", "acme=2TiB,x"] {
            assert!(quota(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_call_is_held_for_less_than_clients_wait() {
        assert_eq!(hold("550s"), Ok(Duration::from_secs(550)));
        assert_eq!(
            hold("10m").unwrap_err().split(':').next(),
            Some("at most 550s")
        );
        assert_eq!(approval("30d"), Ok(APPROVAL_LIFETIME_MAX));
        assert!(approval("31d").is_err());
        assert_eq!(environment("dev"), Ok("dev".to_owned()));
        assert!(environment("a\nb").is_err() && environment(&"x".repeat(300)).is_err());
    }

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
