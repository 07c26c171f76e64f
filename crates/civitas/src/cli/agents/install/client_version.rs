//! Which version of the client is on this machine.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How long the client may take to say its version: it may be a script that starts slowly.
const PATIENCE: Duration = Duration::from_secs(15);

/// A version: three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) [u32; 3]);

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(formatter, "{major}.{minor}.{patch}")
    }
}

impl Version {
    /// The first version that a text names, such as `2.1.329 (Claude Code)`.
    fn named_in(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(|word| {
            let mut numbers = word.trim_start_matches('v').splitn(3, '.');
            let mut next = || {
                let number = numbers.next()?;
                let digits = number.find(|letter: char| !letter.is_ascii_digit());
                number[..digits.unwrap_or(number.len())].parse().ok()
            };
            Some(Self([next()?, next()?, next()?]))
        })
    }
}

/// What is known of the client.
pub(crate) enum Client {
    /// It is not on the path.
    Absent,
    /// It is, but does not say its version.
    Silent,
    /// It is this version.
    Is(Version),
}

impl Client {
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            Self::Is(version) => Some(*version),
            _ => None,
        }
    }
}

/// Asks the client.
pub(crate) async fn ask() -> Client {
    let mut command = Command::new("claude");
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Client::Absent,
        Ok(Ok(output)) if output.status.success() => {
            match Version::named_in(&String::from_utf8_lossy(&output.stdout)) {
                Some(version) => Client::Is(version),
                None => Client::Silent,
            }
        }
        _ => Client::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_the_client_says() {
        let version = |text| Version::named_in(text).map(|version| version.to_string());
        assert_eq!(version("2.1.329 (Claude Code)").as_deref(), Some("2.1.329"));
        assert_eq!(version("claude v2.2.0-beta.1\n").as_deref(), Some("2.2.0"));
        assert_eq!(version("unknown 2.1"), None);
        assert!(Version([2, 1, 295]) > Version([2, 1, 99]));
    }
}
