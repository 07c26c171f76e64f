//! Signed notes (C2SP signed-note): a text, a blank line, and signatures, each on a line of its own.

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer, VerifyingKey};

use crate::hash::Hash;

/// The type of an Ed25519 signature in a note.
const ED25519: u8 = 1;
/// What a signature line starts with: an em dash and a space.
const SIGNATURE: &str = "\u{2014} ";
/// The longest note that is looked at, in bytes.
const NOTE_BYTES_MAX: usize = 64 * 1024;

/// Why a note is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNote {
    /// It is not text, a blank line and signature lines.
    #[error("it is not a signed note")]
    Malformed,
    /// None of its signatures is by this key under this name.
    #[error("it is not signed by this key")]
    OtherKey,
    /// The signature does not fit the text.
    #[error("its signature is wrong")]
    WrongSignature,
}

/// Why a text is not a public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a public key is 32 bytes in hexadecimal or base64, or `name+id+key` as signed notes have it"
)]
pub struct InvalidKey;

/// An Ed25519 key that signs (RFC 8032).
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of 32 secret random bytes.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(secret))
    }

    /// The key that verifies.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The note of a text that ends with a line break, signed under a name.
    pub fn sign(&self, name: &str, text: &str) -> String {
        let mut signature = self.public().id(name).to_vec();
        signature.extend_from_slice(&self.0.sign(text.as_bytes()).to_bytes());
        format!("{text}\n{SIGNATURE}{name} {}\n", BASE64.encode(&signature))
    }
}

/// An Ed25519 key that verifies (RFC 8032).
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Its id under a name: the first four bytes of SHA-256 over the name, a line break, the type and the key.
    pub fn id(&self, name: &str) -> [u8; 4] {
        let [a, b, c, d, ..] = Hash::of(&[name.as_bytes(), b"\n", &[ED25519], self.as_bytes()]).0;
        [a, b, c, d]
    }

    /// As tools for signed notes take it: `name+id+key`.
    pub fn verifier_key(&self, name: &str) -> String {
        let mut typed = vec![ED25519];
        typed.extend_from_slice(self.as_bytes());
        format!(
            "{name}+{}+{}",
            HEXLOWER.encode(&self.id(name)),
            BASE64.encode(&typed)
        )
    }

    /// The text of a note, with the last line break before the blank line, once a signature under this name is verified.
    pub fn open<'n>(&self, name: &str, note: &'n str) -> Result<&'n str, InvalidNote> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(InvalidNote::Malformed);
        }
        let end = note.rfind("\n\n").ok_or(InvalidNote::Malformed)? + 1;
        let (text, signatures) = note.split_at(end);
        let signatures = signatures
            .strip_prefix('\n')
            .ok_or(InvalidNote::Malformed)?;
        if signatures.is_empty() || !signatures.ends_with('\n') {
            return Err(InvalidNote::Malformed);
        }
        let mut outcome = Err(InvalidNote::OtherKey);
        for line in signatures.lines() {
            let line = line.strip_prefix(SIGNATURE).ok_or(InvalidNote::Malformed)?;
            let (signer, encoded) = line.split_once(' ').ok_or(InvalidNote::Malformed)?;
            let bytes = BASE64
                .decode(encoded.as_bytes())
                .map_err(|_| InvalidNote::Malformed)?;
            let Some((id, signature)) = bytes.split_first_chunk::<4>() else {
                return Err(InvalidNote::Malformed);
            };
            if signer != name || *id != self.id(name) {
                continue;
            }
            let signature =
                Signature::from_slice(signature).map_err(|_| InvalidNote::WrongSignature)?;
            self.0
                .verify_strict(text.as_bytes(), &signature)
                .map_err(|_| InvalidNote::WrongSignature)?;
            outcome = Ok(text);
        }
        outcome
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&HEXLOWER.encode(self.as_bytes()))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim();
        let mut parts = text.splitn(3, '+');
        if let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next())
            && id.len() == 8
        {
            let typed = BASE64.decode(encoded.as_bytes()).map_err(|_| InvalidKey)?;
            let key = match typed.split_first() {
                Some((&ED25519, key)) => key_of(key)?,
                _ => return Err(InvalidKey),
            };
            let fits = HEXLOWER.encode(&key.id(name)) == id;
            return fits.then_some(key).ok_or(InvalidKey);
        }
        let bytes = HEXLOWER
            .decode(text.as_bytes())
            .or_else(|_| BASE64.decode(text.as_bytes()))
            .map_err(|_| InvalidKey)?;
        key_of(&bytes)
    }
}

fn key_of(bytes: &[u8]) -> Result<PublicKey, InvalidKey> {
    let bytes = bytes.try_into().map_err(|_| InvalidKey)?;
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| InvalidKey)?;
    Ok(PublicKey(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Go module for signed notes, which C2SP signed-note describes.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_signed_by_another_program_is_verified() {
        let key: PublicKey = KEY.parse().unwrap();
        assert_eq!(key.verifier_key("PeterNeumann"), KEY);
        let text = key.open("PeterNeumann", NOTE).unwrap();
        assert!(text.ends_with("problem is.\n"));
        assert_eq!(key.open("Peter", NOTE), Err(InvalidNote::OtherKey));
        let changed = NOTE.replace("answer", "Answer");
        assert_eq!(
            key.open("PeterNeumann", &changed),
            Err(InvalidNote::WrongSignature)
        );
    }

    /// RFC 8032 section 7.1, test 1.
    #[test]
    fn a_key_is_made_from_its_secret_as_the_standard_says() {
        let secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let secret = HEXLOWER.decode(secret.as_bytes()).unwrap();
        let key = SigningKey::from_secret(&secret.try_into().unwrap());
        assert_eq!(key.public().to_string(), public);
        assert_eq!(public.parse::<PublicKey>().unwrap(), key.public());
    }

    #[test]
    fn what_is_signed_is_verified_beside_other_signatures() {
        let [key, other] = [1, 2].map(|seed| SigningKey::from_secret(&[seed; 32]));
        let note = key.sign("log/a", "text\n\nmore\n");
        assert_eq!(key.public().open("log/a", &note), Ok("text\n\nmore\n"));
        let both = note.clone() + note.lines().last().unwrap() + "\n";
        assert_eq!(key.public().open("log/a", &both), Ok("text\n\nmore\n"));
        assert_eq!(
            other.public().open("log/a", &note),
            Err(InvalidNote::OtherKey)
        );
    }

    #[test]
    fn what_is_no_note_or_key_is_refused() {
        let key = SigningKey::from_secret(&[1; 32]).public();
        for note in [
            "",
            "a\n",
            "a\n\n",
            "a\n\nb\n",
            "a\n\n\u{2014} n !\n",
            "a\n\n\u{2014} n AAAA\n",
        ] {
            assert_eq!(key.open("n", note), Err(InvalidNote::Malformed), "{note:?}");
        }
        for text in ["", "ab", "a+b+c", &KEY.replace("c74f", "c74e")] {
            assert!(text.parse::<PublicKey>().is_err(), "{text}");
        }
    }
}
