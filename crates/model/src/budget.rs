//! Budgets: what is spent.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// What something uses, or is expected to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Amount {
    /// Tokens.
    pub tokens: u64,
    /// Money.
    pub cost: Money,
}
