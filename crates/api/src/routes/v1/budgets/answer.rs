//! What clients read of a budget.

use civitas_governance::Budget;
use civitas_model::budget::Period;
use civitas_model::{Money, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A budget: a pool of tokens and money, what may be used of it, and what is. Money is in units of the budget's currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetResponse {
    /// Whose: `organisation`, `team:NAME`, `agent:ID` or `session:ID`.
    scope: String,
    /// `organisation`, `team`, `agent` or `session`.
    kind: &'static str,
    /// The agent's name.
    name: Option<String>,
    /// The tokens that may be used; null when they are not limited.
    max_tokens: Option<u64>,
    /// The money that may be used; null when it is not limited.
    max_cost_usd: Option<f64>,
    /// `day` (from midnight UTC), `rolling` (the last `window_hours`) or `life` (all of it).
    period: &'static str,
    window_hours: Option<u32>,
    /// Whether work waits for room, rather than being refused.
    waits: bool,
    /// Where the caps come from: `set` by someone, the `registry` of agents, or `none`.
    source: &'static str,
    tokens_used: u64,
    cost_used_usd: f64,
    tokens_reserved: u64,
    cost_reserved_usd: f64,
    /// How many reservations that is.
    reservations: u64,
    /// The share of the caps that is used, in per cent, the larger of the two; null without caps.
    share_used: Option<u64>,
    /// The highest share that was warned of in this period: 0, 75 or 95.
    warned: u8,
    /// When some of what is used is forgotten; null when it never is.
    #[schema(value_type = Option<String>, format = DateTime)]
    resets_at: Option<Timestamp>,
    /// Who set the caps.
    changed_by: Option<String>,
}

impl From<Budget> for BudgetResponse {
    fn from(budget: Budget) -> Self {
        let pool = budget.pool;
        let (period, window_hours) = match pool.period {
            Period::Day => ("day", None),
            Period::Rolling { hours } => ("rolling", Some(hours)),
            Period::Life => ("life", None),
        };
        Self {
            scope: pool.scope.to_string(),
            kind: pool.scope.kind(),
            name: budget.name,
            max_tokens: pool.caps.tokens,
            max_cost_usd: pool.caps.cost.map(Money::as_units),
            period,
            window_hours,
            waits: pool.waits,
            source: pool.source.as_str(),
            tokens_used: pool.used.tokens,
            cost_used_usd: pool.used.cost.as_units(),
            tokens_reserved: pool.reserved.tokens,
            cost_reserved_usd: pool.reserved.cost.as_units(),
            reservations: pool.reservations,
            share_used: pool.share_used(),
            warned: pool.warned,
            resets_at: budget.resets_at,
            changed_by: pool.changed_by,
        }
    }
}
