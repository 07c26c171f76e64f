//! Signatures of Standard Webhooks (standardwebhooks.com, version 1): HMAC-SHA256 over id, time and body.

use std::time::Duration;

use civitas_model::{Entropy, Timestamp};
use civitas_storage::SigningSecret;
use data_encoding::{BASE64, BASE64_NOPAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How old, or how far ahead, a message's time may be.
pub const TOLERANCE: Duration = Duration::from_mins(5);
/// What secrets begin with.
const PREFIX: &str = "whsec_";
/// The version of the signature.
const VERSION: &str = "v1";
/// Bytes of a secret: the standard asks for 24 to 64.
const SECRET_BYTES: usize = 32;

/// Why a message is not what it says it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// The secret is none.
    #[error(
        "the secret is not one of Standard Webhooks: it begins with whsec_, followed by base64"
    )]
    Secret,
    /// The time cannot be read.
    #[error("the webhook-timestamp is not a number of seconds")]
    Timestamp,
    /// The message is from another time: it may be a replay.
    #[error("the message is {0} s old, and may be a replay: up to {max} s are accepted", max = TOLERANCE.as_secs())]
    Old(i64),
    /// The message's time is still to come.
    #[error("the message is from {0} s ahead of this clock: up to {max} s are accepted", max = TOLERANCE.as_secs())]
    Early(i64),
    /// No signature fits.
    #[error("no signature fits: another secret, or the id, time or body was changed")]
    Signature,
}

/// A new secret.
pub fn new_secret(entropy: &dyn Entropy) -> SigningSecret {
    let mut random = [0; SECRET_BYTES];
    entropy.fill(&mut random);
    SigningSecret::new(format!("{PREFIX}{}", BASE64.encode(&random)))
}

fn key(secret: &SigningSecret) -> Result<Hmac<Sha256>, Forged> {
    let text = secret.reveal().trim();
    let text = text.strip_prefix(PREFIX).ok_or(Forged::Secret)?;
    let key = BASE64_NOPAD.decode(text.trim_end_matches('=').as_bytes());
    let key = key.map_err(|_| Forged::Secret)?;
    Hmac::new_from_slice(&key).map_err(|_| Forged::Secret)
}

fn mac(
    secret: &SigningSecret,
    id: &str,
    seconds: i64,
    body: &[u8],
) -> Result<Hmac<Sha256>, Forged> {
    let mut mac = key(secret)?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    Ok(mac)
}

/// The `webhook-signature` of a message: one signature for each secret.
pub fn sign<'a>(
    secrets: impl IntoIterator<Item = &'a SigningSecret>,
    id: &str,
    seconds: i64,
    body: &[u8],
) -> Result<String, Forged> {
    let mut signatures = Vec::new();
    for secret in secrets {
        let mac = mac(secret, id, seconds, body)?.finalize().into_bytes();
        signatures.push(format!("{VERSION},{}", BASE64.encode(&mac)));
    }
    Ok(signatures.join(" "))
}

/// Checks a message that was received: its `webhook-id`, `webhook-timestamp` and `webhook-signature`, and the body to the
/// byte.
pub fn verify(
    secret: &SigningSecret,
    [id, timestamp, signatures]: [&str; 3],
    body: &[u8],
    now: Timestamp,
) -> Result<(), Forged> {
    let seconds: i64 = timestamp.trim().parse().map_err(|_| Forged::Timestamp)?;
    let expected = mac(secret, id.trim(), seconds, body)?;
    let tolerance = i64::try_from(TOLERANCE.as_secs()).unwrap_or(i64::MAX);
    let age = (now.as_micros() / 1_000_000).saturating_sub(seconds);
    if age > tolerance {
        return Err(Forged::Old(age));
    }
    if age < -tolerance {
        return Err(Forged::Early(age.saturating_neg()));
    }
    let fits = |signature: &str| {
        let (version, signature) = signature.split_once(',')?;
        let signature = BASE64.decode(signature.as_bytes()).ok()?;
        // Compared in constant time.
        let is_right = expected.clone().verify_slice(&signature).is_ok();
        (version == VERSION && is_right).then_some(())
    };
    signatures
        .split_ascii_whitespace()
        .find_map(fits)
        .ok_or(Forged::Signature)
}

#[cfg(test)]
mod tests {
    use civitas_model::SystemEntropy;

    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SECONDS: i64 = 1_614_265_330;
    const NOW: Timestamp = Timestamp::from_micros(SECONDS * 1_000_000);

    fn published() -> SigningSecret {
        SigningSecret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros((SECONDS + seconds) * 1_000_000)
    }

    /// The example that the standard's own libraries are tested with.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let signed = sign([&published()], ID, SECONDS, BODY).unwrap();
        assert_eq!(signed, expected);
        let headers = [ID, "1614265330", expected];
        assert_eq!(verify(&published(), headers, BODY, NOW), Ok(()));
    }

    #[test]
    fn what_was_changed_replayed_or_forged_is_refused() {
        let secret = new_secret(&SystemEntropy);
        let signed = sign([&secret], ID, SECONDS, BODY).unwrap();
        let time = SECONDS.to_string();
        let check =
            |secret: &SigningSecret, headers, body: &[u8], now| verify(secret, headers, body, now);
        let headers = [ID, &time, &signed];
        assert_eq!(check(&secret, headers, BODY, NOW), Ok(()));
        assert_eq!(check(&secret, headers, BODY, at(300)), Ok(()));
        assert_eq!(
            check(&secret, headers, BODY, at(301)),
            Err(Forged::Old(301))
        );
        assert_eq!(
            check(&secret, headers, BODY, at(-301)),
            Err(Forged::Early(301))
        );
        let forged = Err(Forged::Signature);
        let other = new_secret(&SystemEntropy);
        assert_eq!(check(&other, headers, BODY, NOW), forged);
        assert_eq!(check(&secret, headers, b"{}", NOW), forged);
        assert_eq!(check(&secret, ["msg_2", &time, &signed], BODY, NOW), forged);
        let later = (SECONDS + 1).to_string();
        assert_eq!(check(&secret, [ID, &later, &signed], BODY, NOW), forged);
        let unknown = signed.replace("v1,", "v2,");
        for signatures in ["", "v1", "v1,", "v1,AAAA", &unknown, "v1,ü"] {
            assert_eq!(check(&secret, [ID, &time, signatures], BODY, NOW), forged);
        }
        assert_eq!(
            check(&secret, [ID, "soon", &signed], BODY, NOW),
            Err(Forged::Timestamp)
        );
        let extreme = i64::MIN.to_string();
        assert!(check(&secret, [ID, &extreme, &signed], BODY, NOW).is_err());
        for none in ["", "secret", "whsec_!!"] {
            let none = SigningSecret::new(none);
            assert_eq!(check(&none, headers, BODY, NOW), Err(Forged::Secret));
        }
    }

    #[test]
    fn while_secrets_are_rotated_both_are_good() {
        let (old, new) = (new_secret(&SystemEntropy), new_secret(&SystemEntropy));
        let signed = sign([&new, &old], ID, SECONDS, BODY).unwrap();
        let time = SECONDS.to_string();
        for secret in [&old, &new] {
            assert_eq!(verify(secret, [ID, &time, &signed], BODY, NOW), Ok(()));
        }
    }
}
