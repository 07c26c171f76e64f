//! Budgets: a ledger of what is used and reserved, pool by pool.
//!
//! Everything that is paid goes through one function (`ledger::charge`), which moves the pools, the agent's own usage of the
//! day, and what others are told of it. Whether a pool has room is judged in the transaction that reserves, and whoever
//! reserves from several pools gets from all of them or from none.

mod change;
mod ledger;
mod limit;
mod pool;
mod read;
mod rolling;
mod tell;
mod wait;

pub use change::{BudgetChange, SetCap, Spend};
pub use ledger::{RESERVATIONS_MAX, Reservation, ReservationState};
pub use pool::POOLS_MAX;
pub use read::{Budgets, PoolFilter};

pub(crate) use change::sweep;
pub(crate) use ledger::{charge, release_known, reserve, settle_known};
pub(crate) use limit::{agent_changed, agent_deleted, agent_inserted, role_changed};
pub(crate) use read::pool_query;
pub(crate) use wait::{wait_for, wait_key};
