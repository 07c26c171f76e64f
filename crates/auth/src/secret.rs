//! Secrets: text that must not be shown.

use std::fmt::{self, Write};

use civitas_model::Entropy;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// A password or token. Shown as `[redacted]` by `Debug` and `Display`; cannot be serialised by accident.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps text that must not be shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever it belongs to.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A new token: `prefix`, then 256 random bits in hexadecimal.
    pub(crate) fn generate(prefix: &str, entropy: &dyn Entropy) -> Self {
        let mut random = [0; 32];
        entropy.fill(&mut random);
        Self(format!("{prefix}{}", hexadecimal(&random)))
    }

    /// What is stored of it: SHA-256 in hexadecimal. Sound for tokens only, since a password could be guessed from it.
    pub(crate) fn digest(&self) -> String {
        hexadecimal(&Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use civitas_model::SystemEntropy;

    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret}"), "[redacted] [redacted]");
    }

    #[test]
    fn tokens_differ_and_carry_256_bits() {
        let first = Secret::generate("t_", &SystemEntropy);
        let second = Secret::generate("t_", &SystemEntropy);
        assert_ne!(first.reveal(), second.reveal());
        assert_eq!(first.reveal().len(), 2 + 64);
    }

    #[test]
    fn the_digest_is_sha_256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Secret::new("abc").digest(), expected);
    }
}
