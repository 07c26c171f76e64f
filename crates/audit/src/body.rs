//! Bodies: the part of an entry that may be dropped.

use civitas_model::Entropy;
use serde_json::{Value, json};

use crate::canonical::canonical;
use crate::hash::Hash;

/// The longest body, in bytes of canonical JSON. Of what is longer, the entry keeps the size and the digest.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// What is personal or large about an entry, with the salt that keeps its hash from being guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// 128 random bits, dropped together with the text.
    pub salt: [u8; 16],
    /// Canonical JSON.
    pub text: String,
}

impl Body {
    /// The body for a value. A value over [`BODY_BYTES_MAX`] is not refused, because what happened must be recorded:
    /// `{"omitted":{"bytes":n,"sha256":"…"}}` of its canonical form stands in for it.
    pub fn new(value: &Value, entropy: &dyn Entropy) -> Self {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let mut text = canonical(value);
        if text.len() > BODY_BYTES_MAX {
            let digest = Hash::of(&[text.as_bytes()]);
            text = canonical(&json!({ "omitted": { "bytes": text.len(), "sha256": digest } }));
        }
        Self { salt, text }
    }

    /// What the entry holds of it: SHA-256 over the salt and the text.
    pub fn hash(&self) -> Hash {
        Hash::of(&[&self.salt, self.text.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use civitas_model::SystemEntropy;

    use super::*;

    #[test]
    fn equal_bodies_have_different_hashes() {
        let [one, other] = [0, 1].map(|_| Body::new(&json!({ "a": 1 }), &SystemEntropy));
        assert_eq!(one.text, other.text);
        assert_ne!(one.hash(), other.hash());
    }

    #[test]
    fn a_body_that_is_too_long_is_named_by_its_digest() {
        let body = Body::new(&json!("x".repeat(BODY_BYTES_MAX)), &SystemEntropy);
        assert!(
            body.text
                .starts_with(r#"{"omitted":{"bytes":262146,"sha256":""#)
        );
    }
}
