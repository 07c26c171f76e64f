//! The budget a tested handler pays from: one pool, in memory.

use std::collections::BTreeMap;

use civitas_model::budget::{Amount, Caps, Pool, Reserve, Scope, Shortage};
use civitas_model::execution::Wait;
use civitas_model::{ErrorCode, Timestamp, Write};

use crate::error::Error;

/// The budget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What may be used.
    pub caps: Caps,
    /// Whether a run waits for room, rather than being refused.
    pub waits: bool,
    /// What the caps become while a run waits, as if someone raised them.
    pub raised: Option<Caps>,
    /// What was used.
    pub used: Amount,
    /// What is reserved, by id.
    pub reserved: BTreeMap<String, Amount>,
}

impl Ledger {
    fn shortage(&self, amount: Amount) -> Option<Shortage> {
        let reserved = self.reserved.values();
        let pool = Pool {
            caps: self.caps,
            used: self.used,
            reserved: reserved.fold(Amount::ZERO, |sum, one| sum.plus(*one)),
            ..Pool::unlimited(Scope::Organisation, Timestamp::from_micros(0))
        };
        pool.refuses(amount)
    }

    /// Refuses a batch whose reservation there is no room for.
    pub(super) fn check(&self, writes: &[Write]) -> Result<(), Error> {
        let reserve = writes.iter().find_map(|write| match write {
            Write::Reserve(reserve) => Some(reserve),
            _ => None,
        });
        let known = |reserve: &Reserve| self.reserved.contains_key(&reserve.reservation_id);
        let Some(reserve) = reserve.filter(|reserve| !known(reserve)) else {
            return Ok(());
        };
        match self.shortage(reserve.amount) {
            None => Ok(()),
            Some(short) if self.waits => Err(Error::suspended(Wait::Budget {
                scope: Scope::Organisation.to_string(),
                what: short.what.to_owned(),
                tokens: reserve.amount.tokens,
                cost: reserve.amount.cost,
                until: None,
            })),
            Some(_) => Err(Error::rejected(
                ErrorCode::BudgetExceeded,
                "the budget of organisation has no room for it",
            )),
        }
    }

    pub(super) fn reserve(&mut self, reserve: Reserve) {
        self.reserved.insert(reserve.reservation_id, reserve.amount);
    }

    pub(super) fn settle(&mut self, id: &str, actual: Option<Amount>) {
        if let Some(reserved) = self.reserved.remove(id) {
            self.used = self.used.plus(actual.unwrap_or(reserved));
        }
    }

    pub(super) fn release(&mut self, id: &str) {
        self.reserved.remove(id);
    }

    /// Someone raises the caps, while a run waits.
    pub(super) fn raise(&mut self) {
        self.caps = self.raised.take().unwrap_or(self.caps);
    }
}
