//! The random source that is passed in wherever something unpredictable is needed.

use rand::Rng;
use uuid::Uuid;

use crate::time::Timestamp;

/// Where randomness comes from. Implementations used outside tests are cryptographically secure.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random data.
    fn fill(&self, bytes: &mut [u8]);

    /// A version 7 UUID (RFC 9562 section 5.7) for the given time.
    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// A version 4 UUID (RFC 9562 section 5.4).
    fn uuid_v4(&self) -> Uuid {
        let mut random = [0; 16];
        self.fill(&mut random);
        uuid::Builder::from_random_bytes(random).into_uuid()
    }

    /// A number drawn evenly from `[0, 1)`, for jitter.
    fn fraction(&self) -> f64 {
        let mut random = [0; 4];
        self.fill(&mut random);
        f64::from(u32::from_le_bytes(random)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The thread's generator, seeded by the operating system (`rand`'s ChaCha-based `ThreadRng`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_7_ids_sort_by_time() {
        let earlier = SystemEntropy.uuid_v7(Timestamp::from_micros(1_000_000));
        let later = SystemEntropy.uuid_v7(Timestamp::from_micros(2_000_000));
        assert!(earlier < later);
        assert_eq!(later.get_version_num(), 7);
    }

    #[test]
    fn fractions_stay_below_one() {
        for _ in 0..1000 {
            let fraction = SystemEntropy.fraction();
            assert!((0.0..1.0).contains(&fraction));
        }
    }
}
