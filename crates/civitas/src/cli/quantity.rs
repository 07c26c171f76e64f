//! Durations and sizes as people type them: `30d`, `10s`, `5GiB`.

use std::time::Duration;

use civitas_model::TenantId;
use civitas_storage::Quota;

/// Reads a duration: a whole number and `s`, `m`, `h` or `d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60)];
    quantity(text, &units)
        .map(Duration::from_secs)
        .ok_or_else(|| "write a whole number above 0 and s, m, h or d, such as 30d".to_owned())
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
