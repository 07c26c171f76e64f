//! What changes budgets.

use std::time::Duration;

use civitas_model::budget::{Amount, Caps, Period, Reserve, Scope, normalised};
use civitas_model::{Id, TenantId};
use civitas_sql::Statement;

use super::ledger::ReservationState;
use super::{ledger, limit, pool, wait};
use crate::changeset::{Change, Refusal};
use crate::notice::Notice;
use crate::transaction::{Meaning, Stop, Transaction};

const DELETE_ENDED: Statement = Statement::new(include_str!("../queries/budget/delete_ended.sql"));
const DELETE_UNUSED: Statement =
    Statement::new(include_str!("../queries/budget/delete_unused.sql"));
const AWAITED: Statement = Statement::new(include_str!("../queries/budget/awaited.sql"));

/// How long an ended reservation is known, so that a repetition is recognised and a late settlement charged.
const ENDED_LIFETIME: Duration = Duration::from_hours(24);
/// How long the pool of a session, or of an agent that is gone, is kept after something was last paid from it, unless someone
/// set its caps.
const UNUSED_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// Rows that one sweep removes of a kind, so that no commit takes long.
const SWEPT_MAX: u32 = 5_000;

/// A change of budgets.
#[derive(Debug)]
pub enum BudgetChange {
    /// Reserves from every pool named, or is refused with [`Refusal::OverBudget`]. An id that is known changes nothing.
    Reserve(Reserve),
    /// Charges what was used and gives the rest back; refused when there is no such reservation. Once more it changes
    /// nothing. One that has expired, or was released, is charged all the same: what is spent is spent.
    Settle {
        /// Whose.
        tenant_id: TenantId,
        /// The reservation.
        reservation_id: String,
        /// What was used; as much as was reserved, when absent.
        actual: Option<Amount>,
    },
    /// Gives a reservation back; refused when there is none. One that has ended stays as it is.
    Release {
        /// Whose.
        tenant_id: TenantId,
        /// The reservation.
        reservation_id: String,
    },
    /// Refuses the changeset unless a reservation is in one of these states, or, when there are none, unless it is not there: for
    /// what must be written once beside it.
    Check {
        /// Whose.
        tenant_id: TenantId,
        /// The reservation.
        reservation_id: String,
        /// The states.
        states: &'static [ReservationState],
    },
    /// Refuses the changeset when a charge with this id was made: for what must be written once beside it.
    CheckCharge {
        /// Whose.
        tenant_id: TenantId,
        /// The charge.
        spend_id: String,
    },
    /// Charges without a reservation.
    Spend(Spend),
    /// Sets what may be used of a pool.
    SetCap(SetCap),
    /// Takes back what was set of a pool: the registry's caps hold again, or none. Refused when nothing was set.
    Remove {
        /// Whose.
        tenant_id: TenantId,
        /// The pool.
        scope: Scope,
    },
    /// Ends reservations that have outlived their time, of every tenant.
    Expire {
        /// How many at most.
        limit: u32,
        /// Whether a day has begun: whoever waits for room hears of it.
        is_new_day: bool,
    },
}

/// A charge without a reservation: of what is spent already, whether there was room for it or not.
#[derive(Debug, Clone)]
pub struct Spend {
    /// Whose pools.
    pub tenant_id: TenantId,
    /// The charge's id, if it has one. The same again changes nothing; ids of reservations are others.
    pub spend_id: Option<String>,
    /// The pools; the organisation's always counts, too.
    pub pools: Vec<Scope>,
    /// What was spent.
    pub amount: Amount,
    /// Whether it is refused when a pool has no room for it, as it has not been spent yet.
    pub must_fit: bool,
}

/// What may be used of a pool from now on.
#[derive(Debug, Clone)]
pub struct SetCap {
    /// Whose.
    pub tenant_id: TenantId,
    /// The pool.
    pub scope: Scope,
    /// How much.
    pub caps: Caps,
    /// Over which time. What was used is kept between a day and a rolling window; after a change from a whole life it counts
    /// anew.
    pub period: Period,
    /// Whether work waits for room, rather than being refused.
    pub waits: bool,
    /// Who says so.
    pub by: String,
}

impl From<BudgetChange> for Change {
    fn from(change: BudgetChange) -> Self {
        Self::Budget(Box::new(change))
    }
}

impl BudgetChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Reserve(reserve) => ledger::reserve(tx, reserve).await,
            Self::Settle {
                tenant_id,
                reservation_id,
                actual,
            } => ledger::settle(tx, tenant_id, reservation_id, *actual).await,
            Self::Release {
                tenant_id,
                reservation_id,
            } => ledger::release(tx, tenant_id, reservation_id).await,
            Self::Check {
                tenant_id,
                reservation_id,
                states,
            } => ledger::check(tx, tenant_id, reservation_id, states).await,
            Self::CheckCharge {
                tenant_id,
                spend_id,
            } => ledger::check_charge(tx, tenant_id, spend_id).await,
            Self::Spend(spend) => {
                let scopes = normalised(&spend.pools);
                ledger::spend(tx, spend, &scopes).await
            }
            Self::SetCap(set) => limit::set(tx, set).await,
            Self::Remove { tenant_id, scope } => limit::remove(tx, tenant_id, scope).await,
            Self::Expire { limit, is_new_day } => {
                ledger::expire(tx, *limit).await?;
                if *is_new_day {
                    tell_awaiting(tx).await?;
                }
                Ok(())
            }
        }
    }
}

async fn tell_awaiting(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    for row in tx.query(&AWAITED, &[]).await? {
        let tenant_id = Id::trusted(row.text("tenant_id")?);
        tx.notify(Notice::Budget { tenant_id });
    }
    Ok(())
}

/// Removes reservations that ended long ago, and pools of sessions that nobody uses any more.
pub(crate) async fn sweep(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let before = tx.now.minus(ENDED_LIFETIME).as_micros();
    let params = vec![before.into(), SWEPT_MAX.into()];
    tx.execute_later(&DELETE_ENDED, params, Meaning::Nothing)
        .await?;
    let before = tx.now.minus(UNUSED_LIFETIME).as_micros();
    let gone = tx
        .query(&DELETE_UNUSED, &[before.into(), SWEPT_MAX.into()])
        .await?;
    for row in gone {
        if row.text("kind")? == "session" {
            let tenant = Id::trusted(row.text("tenant_id")?);
            pool::add_members(tx, &tenant, -1).await?;
        }
    }
    Ok(())
}

/// Refused when the pools are more than pay for one thing.
pub(super) fn check_count(scopes: &[Scope]) -> Result<(), Refusal> {
    let max = civitas_model::budget::SCOPES_MAX;
    if scopes.len() > max {
        let what = "pools pay for one thing at most: name fewer";
        return Err(Refusal::TooMany {
            what,
            max: max as u64,
        });
    }
    Ok(())
}

/// Room became free in these pools: whoever waits for it tries again.
pub(super) async fn freed(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    pools: &[pool::Row],
) -> Result<(), Stop> {
    for row in pools.iter().filter(|row| row.is_awaited) {
        wait::wake(tx, tenant, &row.pool.scope).await?;
    }
    tx.notify(Notice::Budget {
        tenant_id: tenant.clone(),
    });
    Ok(())
}
