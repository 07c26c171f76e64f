//! Money: whole millionths of a currency's unit, so that sums are exact.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Millionths in one unit.
const MICROS: f64 = 1_000_000.0;

/// An amount, in millionths of its currency's unit (micro-dollars for dollars). Shown as a number of units: `0.25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(u64);

impl Money {
    /// The most that is taken in: a thousand million units, which a number of units still shows exactly.
    pub const MAX: Self = Self(1_000_000_000_000_000);

    /// From millionths of a unit.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Millionths of a unit.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// From a number of units, rounded to the nearest millionth; nothing for what is below 0, over [`Money::MAX`] or no
    /// number.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "the range is checked, and the largest amount is below 2^53"
    )]
    pub fn from_units(units: f64) -> Option<Self> {
        let micros = (units * MICROS).round();
        (micros >= 0.0 && micros <= Self::MAX.0 as f64).then_some(Self(micros as u64))
    }

    /// As a number of units.
    #[expect(
        clippy::cast_precision_loss,
        reason = "an amount that is taken in is below 2^53; of a larger sum the last millionth may be lost"
    )]
    pub fn as_units(self) -> f64 {
        self.0 as f64 / MICROS
    }

    /// The sum, at most the largest number there is.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_units())
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let units = f64::deserialize(deserializer)?;
        Self::from_units(units).ok_or_else(|| {
            serde::de::Error::custom("must be an amount of money from 0 to 1000000000")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_add_up_exactly() {
        let cent = Money::from_units(0.1).unwrap();
        let sum = (0..10).fold(Money::default(), |sum, _| sum.plus(cent));
        assert_eq!(sum, Money::from_units(1.0).unwrap());
        assert_eq!(serde_json::to_string(&sum).unwrap(), "1.0");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for units in [-0.01, f64::NAN, f64::INFINITY, 1e10] {
            assert_eq!(Money::from_units(units), None, "{units}");
        }
        assert!(serde_json::from_str::<Money>("-1").is_err());
        assert_eq!(
            serde_json::from_str::<Money>("30").unwrap().as_micros(),
            30_000_000
        );
    }
}
