//! Reserving, settling, giving back, charging.

use std::time::Duration;

use civitas_model::agent::midnight;
use civitas_model::budget::{
    Amount, LIFETIME_MAX, Pool, Reserve, SCOPES_MAX, Scope, Shortage, normalised,
};
use civitas_model::{AgentId, Id, Money, TenantId, Timestamp};
use civitas_sql::{Error, Statement, Val};
use serde_json::json;

use super::change::{Spend, check_count, freed};
use super::{pool, rolling, tell, wait};
use crate::changeset::Refusal;
use crate::transaction::{Meaning, Stop, Transaction};
use crate::{activity, json};

const MOVE: Statement = Statement::new(include_str!("../queries/budget/move.sql"));
const SPENT: Statement = Statement::new(include_str!("../queries/budget/spent.sql"));
const INSERT: Statement = Statement::new(include_str!("../queries/budget/insert_reservation.sql"));
pub(super) const FIND: Statement =
    Statement::new(include_str!("../queries/budget/find_reservation.sql"));
const END: Statement = Statement::new(include_str!("../queries/budget/end_reservation.sql"));
const DUE: Statement = Statement::new(include_str!("../queries/budget/due_reservations.sql"));

/// Reservations that one tenant holds, at most.
pub const RESERVATIONS_MAX: u64 = 100_000;
/// Reserved of one pool in all, at most: sums stay numbers.
const RESERVED_MAX: u64 = 4_000_000_000_000_000_000;
/// Due reservations that are ended before someone is refused.
const DUE_MAX: u32 = 500;

/// What the id of a charge begins with in the table that it shares with reservations, whose ids hold no control characters.
const CHARGE: char = '\u{1f}';

const MISSING: Refusal = Refusal::NotFound {
    what: "reservation",
};

/// Where a reservation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    /// It counts.
    Held,
    /// It was charged.
    Settled,
    /// It was given back.
    Released,
    /// It ended by itself, and was given back.
    Expired,
    /// It is a charge without a reservation.
    Spent,
}

impl ReservationState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Held,
        Self::Settled,
        Self::Released,
        Self::Expired,
        Self::Spent,
    ];

    /// The name used in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Settled => "settled",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Spent => "spent",
        }
    }
}

/// A reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Its id.
    pub reservation_id: String,
    /// The pools.
    pub pools: Vec<Scope>,
    /// How much was reserved.
    pub amount: Amount,
    /// Where it stands.
    pub state: ReservationState,
    /// What was used, once charged.
    pub actual: Option<Amount>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

pub(super) fn read(row: &civitas_sql::Row) -> Result<Reservation, Error> {
    let status = row.text("status")?;
    let state = ReservationState::ALL
        .into_iter()
        .find(|state| state.as_str() == status);
    let actual = match row.optional_int("actual_tokens")? {
        None => None,
        Some(_) => Some(Amount::new(
            row.count("actual_tokens")?,
            Money::from_micros(row.count("actual_cost")?),
        )),
    };
    Ok(Reservation {
        reservation_id: row.text("reservation_id")?.to_owned(),
        pools: json::read(row, "scopes")?,
        amount: amount(row)?,
        state: state
            .ok_or_else(|| Error::inconsistent("budget_reservations.status", "unknown status"))?,
        actual,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        expires_at: Timestamp::from_micros(row.int("expires_at")?),
    })
}

fn amount(row: &civitas_sql::Row) -> Result<Amount, Error> {
    let cost = Money::from_micros(row.count("cost")?);
    Ok(Amount::new(row.count("tokens")?, cost))
}

pub(crate) async fn reserve(tx: &mut Transaction<'_>, new: &Reserve) -> Result<(), Stop> {
    let scopes = normalised(&new.pools);
    check_count(&scopes)?;
    let amount = new.amount.bounded();
    let lifetime = new.lifetime.min(LIFETIME_MAX);
    let record = Record {
        id: &new.reservation_id,
        amount,
        state: ReservationState::Held,
        lifetime,
    };
    if !record.insert(tx, &new.tenant_id, &scopes).await? {
        return Ok(());
    }
    let rows = pool::open(tx, &new.tenant_id, &scopes).await?;
    admit(tx, &new.tenant_id, &scopes, rows, amount).await?;
    let change = Moved {
        reserved: amount,
        reservations: 1,
        ..Moved::default()
    };
    change.apply(tx, &new.tenant_id, &scopes).await
}

/// Refuses what a pool has no room for, once what has outlived its time was given back.
async fn admit(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scopes: &[Scope],
    mut rows: Vec<pool::Row>,
    amount: Amount,
) -> Result<(), Stop> {
    if shortage(&rows, amount).is_some() && expire(tx, DUE_MAX).await? > 0 {
        rows = pool::open(tx, tenant, scopes).await?;
    }
    if let Some((pool, short)) = shortage(&rows, amount) {
        let retry_at = wait::resets_at(tx, tenant, pool).await?;
        return Err(Refusal::OverBudget {
            scope: pool.scope.clone(),
            what: short.what,
            cap: short.cap,
            used: short.used,
            reserved: short.reserved,
            asked: short.asked,
            waits: pool.waits,
            retry_at,
        }
        .into());
    }
    let is_full = |row: &pool::Row| {
        let reserved = row.pool.reserved;
        row.pool.reservations >= RESERVATIONS_MAX
            || reserved.tokens.max(reserved.cost.as_micros()) >= RESERVED_MAX
    };
    if rows.iter().any(is_full) {
        let what = "reservations are held, or as much as can be counted: settle or release some";
        let max = RESERVATIONS_MAX;
        return Err(Refusal::TooMany { what, max }.into());
    }
    Ok(())
}

/// The pool that refuses; one that nobody may wait for first.
fn shortage(rows: &[pool::Row], amount: Amount) -> Option<(&Pool, Shortage)> {
    let refuses = |row: &'_ &pool::Row| row.pool.refuses(amount).is_some();
    let refusing = rows.iter().filter(refuses).map(|row| &row.pool);
    let first = refusing.min_by_key(|pool| pool.waits)?;
    Some((first, first.refuses(amount)?))
}

pub(super) async fn spend(
    tx: &mut Transaction<'_>,
    spend: &Spend,
    scopes: &[Scope],
) -> Result<(), Stop> {
    check_count(scopes)?;
    let amount = spend.amount.bounded();
    if let Some(id) = &spend.spend_id {
        let record = Record {
            id: &charge_id(id),
            amount,
            state: ReservationState::Spent,
            lifetime: Duration::ZERO,
        };
        if !record.insert(tx, &spend.tenant_id, scopes).await? {
            return Ok(());
        }
    }
    if spend.must_fit {
        let rows = pool::open(tx, &spend.tenant_id, scopes).await?;
        admit(tx, &spend.tenant_id, scopes, rows, amount).await?;
    }
    charge(tx, &spend.tenant_id, scopes, amount, None).await
}

/// Charges what a reservation was used for.
pub(super) async fn settle(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    id: &str,
    actual: Option<Amount>,
) -> Result<(), Stop> {
    let found = find(tx, tenant, id).await?;
    settle_found(tx, tenant, found.ok_or(MISSING)?, actual).await
}

/// The same from an execution's journal, which must go on although its reservation stayed behind in another tenant.
pub(crate) async fn settle_known(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    id: &str,
    actual: Option<Amount>,
) -> Result<(), Stop> {
    if let Some(found) = find(tx, tenant, id).await? {
        return settle_found(tx, tenant, found, actual).await;
    }
    let change = Spend {
        tenant_id: tenant.clone(),
        spend_id: Some(id.to_owned()),
        pools: Vec::new(),
        amount: actual.unwrap_or_default(),
        must_fit: false,
    };
    spend(tx, &change, &[Scope::Organisation]).await
}

/// Refuses unless a reservation is in one of these states, or unless there is none when these are none.
pub(super) async fn check(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    id: &str,
    states: &[ReservationState],
) -> Result<(), Stop> {
    match find(tx, tenant, id).await? {
        None if states.is_empty() => Ok(()),
        None => Err(MISSING.into()),
        Some(found) if states.contains(&found.state) => Ok(()),
        Some(_) => Err(Refusal::Changed {
            what: "the reservation",
        }
        .into()),
    }
}

/// Refuses when a charge with this id was made.
pub(super) async fn check_charge(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    id: &str,
) -> Result<(), Stop> {
    match find(tx, tenant, &charge_id(id)).await? {
        None => Ok(()),
        Some(_) => Err(Refusal::Changed { what: "the charge" }.into()),
    }
}

/// The id of a charge as it is kept.
pub(super) fn charge_id(id: &str) -> String {
    format!("{CHARGE}{id}")
}

async fn find(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    id: &str,
) -> Result<Option<Reservation>, Stop> {
    let row = tx
        .query_one(&FIND, &[tenant.as_str().into(), id.into()])
        .await?;
    Ok(row.as_ref().map(read).transpose()?)
}

async fn settle_found(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    found: Reservation,
    actual: Option<Amount>,
) -> Result<(), Stop> {
    let held = match (found.state, actual) {
        (ReservationState::Held, _) => Some(found.amount),
        (ReservationState::Expired, _) | (ReservationState::Released, Some(_)) => None,
        (ReservationState::Settled | ReservationState::Spent, _)
        | (ReservationState::Released, None) => return Ok(()),
    };
    let actual = actual.unwrap_or(found.amount).bounded();
    let id = &found.reservation_id;
    end(tx, tenant, id, ReservationState::Settled, Some(actual)).await?;
    charge(tx, tenant, &found.pools, actual, held).await
}

/// Gives a reservation back.
pub(super) async fn release(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    id: &str,
) -> Result<(), Stop> {
    let found = find(tx, tenant, id).await?.ok_or(MISSING)?;
    release_found(tx, tenant, &found).await
}

/// The same from an execution's journal: what is not known is not held.
pub(crate) async fn release_known(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    id: &str,
) -> Result<(), Stop> {
    match find(tx, tenant, id).await? {
        Some(found) => release_found(tx, tenant, &found).await,
        None => Ok(()),
    }
}

async fn release_found(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    found: &Reservation,
) -> Result<(), Stop> {
    if found.state != ReservationState::Held {
        return Ok(());
    }
    let id = &found.reservation_id;
    end(tx, tenant, id, ReservationState::Released, None).await?;
    give_back(tx, tenant, &found.pools, found.amount).await
}

/// Ends what has outlived its time, of every tenant; says how many that were.
pub(super) async fn expire(tx: &mut Transaction<'_>, limit: u32) -> Result<u64, Stop> {
    let due = [tx.now.as_micros().into(), limit.into()];
    let due = tx.query(&DUE, &due).await?;
    for row in &due {
        let tenant: TenantId = Id::trusted(row.text("tenant_id")?);
        let scopes: Vec<Scope> = json::read(row, "scopes")?;
        let id = row.text("reservation_id")?;
        end(tx, &tenant, id, ReservationState::Expired, None).await?;
        give_back(tx, &tenant, &scopes, amount(row)?).await?;
    }
    Ok(due.len() as u64)
}

async fn give_back(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scopes: &[Scope],
    amount: Amount,
) -> Result<(), Stop> {
    let rows = pool::open(tx, tenant, scopes).await?;
    let change = Moved {
        returned: amount,
        reservations: -1,
        ..Moved::default()
    };
    change.apply(tx, tenant, scopes).await?;
    freed(tx, tenant, &rows).await
}

async fn end(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    id: &str,
    state: ReservationState,
    actual: Option<Amount>,
) -> Result<(), Stop> {
    let params = vec![
        state.as_str().into(),
        actual.map(|actual| actual.tokens).into(),
        actual.map(|actual| actual.cost.as_micros()).into(),
        tx.now.as_micros().into(),
        tenant.as_str().into(),
        id.into(),
    ];
    tx.execute_later(&END, params, Meaning::Nothing).await
}

/// What every one of some pools gains and loses.
#[derive(Default)]
struct Moved {
    used: Amount,
    reserved: Amount,
    returned: Amount,
    reservations: i64,
}

impl Moved {
    async fn apply(
        &self,
        tx: &mut Transaction<'_>,
        tenant: &TenantId,
        scopes: &[Scope],
    ) -> Result<(), Stop> {
        let signed = |more: u64, less: u64| -> Val {
            let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
            number(more).saturating_sub(number(less)).into()
        };
        let micros = Money::as_micros;
        let mut params = Vec::with_capacity(7 + SCOPES_MAX);
        params.extend([
            self.used.tokens.into(),
            micros(self.used.cost).into(),
            signed(self.reserved.tokens, self.returned.tokens),
            signed(micros(self.reserved.cost), micros(self.returned.cost)),
            self.reservations.into(),
            tx.now.as_micros().into(),
        ]);
        params.extend(pool::key(tenant, scopes));
        tx.execute_later(&MOVE, params, Meaning::Nothing).await
    }
}

/// Charges pools for what was spent, and takes back what was `held` for it. The one function by which anything is spent: the
/// agent's own usage of the day moves with it.
pub(crate) async fn charge(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scopes: &[Scope],
    actual: Amount,
    held: Option<Amount>,
) -> Result<(), Stop> {
    let rows = pool::open(tx, tenant, scopes).await?;
    let change = Moved {
        used: actual,
        returned: held.unwrap_or_default(),
        reservations: -i64::from(held.is_some()),
        ..Moved::default()
    };
    change.apply(tx, tenant, scopes).await?;
    if held.is_some_and(|held| !held.minus(actual).is_zero()) {
        freed(tx, tenant, &rows).await?;
    }
    if actual.is_zero() {
        return Ok(());
    }
    for row in rows {
        let mut pool = row.pool;
        rolling::add(tx, tenant, &pool.scope, pool.period, actual).await?;
        pool.used = pool.used.plus(actual);
        pool.reserved = pool.reserved.minus(change.returned);
        tell::warn(tx, tenant, &pool).await?;
    }
    for scope in scopes {
        if let Scope::Agent(agent) = scope {
            spent_by(tx, tenant, agent, actual).await?;
        }
    }
    Ok(())
}

/// Moves what the registry says an agent used today, and tells of it. One that is not registered has no such thing.
async fn spent_by(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    agent: &AgentId,
    amount: Amount,
) -> Result<(), Stop> {
    let today: Val = midnight(tx.now).as_micros().into();
    let (tokens, cost): (Val, Val) = (amount.tokens.into(), amount.cost.as_micros().into());
    let params = [
        today.clone(),
        tokens.clone(),
        tokens,
        today.clone(),
        cost.clone(),
        cost,
        today.clone(),
        today,
        tx.now.as_micros().into(),
        tenant.as_str().into(),
        agent.as_str().into(),
    ];
    let Some(row) = tx.query_one(&SPENT, &params).await? else {
        return Ok(());
    };
    let money = |column| Ok::<_, Error>(Money::from_micros(row.count(column)?));
    let event = json!({
        "agent_id": agent,
        "tokens_used_today": row.count("tokens_used")?,
        "cost_used_today": money("cost_used")?,
        "max_cost_per_day": money("max_cost_per_day")?,
    });
    activity::publish(tx, tenant, "budget_updated", event).await
}

/// A reservation or charge to note.
struct Record<'a> {
    id: &'a str,
    amount: Amount,
    state: ReservationState,
    lifetime: Duration,
}

impl Record<'_> {
    /// Notes it; says no when the id is known.
    async fn insert(
        &self,
        tx: &mut Transaction<'_>,
        tenant: &TenantId,
        scopes: &[Scope],
    ) -> Result<bool, Stop> {
        let spent = (self.state == ReservationState::Spent).then_some(self.amount);
        let now = tx.now.as_micros();
        let params = vec![
            tenant.as_str().into(),
            self.id.into(),
            json::text(&scopes)?,
            self.amount.tokens.into(),
            self.amount.cost.as_micros().into(),
            self.state.as_str().into(),
            spent.map(|spent| spent.tokens).into(),
            spent.map(|spent| spent.cost.as_micros()).into(),
            now.into(),
            tx.now.plus(self.lifetime).as_micros().into(),
            spent.map(|_| now).into(),
        ];
        Ok(tx.execute(&INSERT, params).await? == 1)
    }
}
