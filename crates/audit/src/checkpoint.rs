//! Checkpoints (C2SP tlog-checkpoint): signed statements of how long a log is and what its root is.

use std::fmt::Write;

use civitas_model::TenantId;
use data_encoding::BASE64;

use crate::hash::Hash;
use crate::note::{InvalidNote, PublicKey, SigningKey};

/// The name of a tenant's log, and of the key that signs for it: `civitas/<installation>/<tenant>`, where what is not a
/// letter, digit or one of `-._~` is percent-encoded.
pub fn log_origin(installation: &str, tenant: &TenantId) -> String {
    let mut origin = String::from("civitas");
    for part in [installation, tenant.as_str()] {
        origin.push('/');
        for byte in part.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                origin.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(origin, "%{byte:02X}");
            }
        }
    }
    origin
}

/// That a log had `size` entries, with this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log, see [`log_origin`].
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

/// Why a text is no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckpoint {
    /// The note around it is not accepted.
    #[error(transparent)]
    Note(#[from] InvalidNote),
    /// Its lines are not origin, size and root.
    #[error("it is not a checkpoint")]
    Malformed,
    /// It is about another log.
    #[error("it is about another log")]
    OtherLog,
}

impl Checkpoint {
    /// The signed note, with the origin as the name of the key.
    pub fn sign(&self, key: &SigningKey) -> String {
        let root = BASE64.encode(&self.root.0);
        let text = format!("{}\n{}\n{root}\n", self.origin, self.size);
        key.sign(&self.origin, &text)
    }

    /// The checkpoint in a note that this key signed. Further lines are allowed, as the form says, and mean nothing here.
    pub fn open(note: &str, key: &PublicKey) -> Result<Self, InvalidCheckpoint> {
        let claimed = Self::read(note)?;
        let text = key.open(&claimed.origin, note)?;
        Self::read(text)
    }

    /// The checkpoint as it stands there, signed or not.
    pub fn read(text: &str) -> Result<Self, InvalidCheckpoint> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(digits), Some(encoded)) =
            (lines.next(), lines.next(), lines.next())
        else {
            return Err(InvalidCheckpoint::Malformed);
        };
        let size: u64 = digits.parse().map_err(|_| InvalidCheckpoint::Malformed)?;
        let root = BASE64.decode(encoded.as_bytes()).ok();
        let root = root.as_deref().and_then(Hash::from_slice);
        match root {
            Some(root) if !origin.is_empty() && size.to_string() == digits => Ok(Self {
                origin: origin.to_owned(),
                size,
                root,
            }),
            _ => Err(InvalidCheckpoint::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use civitas_model::Id;

    use super::*;

    #[test]
    fn a_checkpoint_has_the_documented_form() {
        let key = SigningKey::from_secret(&[7; 32]);
        let checkpoint = Checkpoint {
            origin: log_origin("node", &Id::trusted("a b+ü")),
            size: 20_852_163,
            root: Hash::of(&[b"x"]),
        };
        let note = checkpoint.sign(&key);
        let lines: Vec<&str> = note.split('\n').collect();
        assert_eq!(lines[..2], ["civitas/node/a%20b%2B%C3%BC", "20852163"]);
        assert_eq!(lines[3], "");
        assert!(lines[4].starts_with("\u{2014} civitas/node/a%20b%2B%C3%BC "));
        assert_eq!(Checkpoint::open(&note, &key.public()), Ok(checkpoint));
        let other = SigningKey::from_secret(&[8; 32]).public();
        let refused = Checkpoint::open(&note, &other);
        assert_eq!(refused, Err(InvalidCheckpoint::Note(InvalidNote::OtherKey)));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let root = BASE64.encode(&[0; 32]);
        for text in [
            "",
            "o",
            "o\n1",
            "o\n1\nAAAA\n",
            &format!("o\n01\n{root}\n"),
            &format!("\n1\n{root}\n"),
            &format!("o\n-1\n{root}\n"),
        ] {
            assert_eq!(
                Checkpoint::read(text),
                Err(InvalidCheckpoint::Malformed),
                "{text:?}"
            );
        }
    }
}
