//! Caps: set by people, or taken from the registry.

use civitas_model::budget::{Amount, Caps, Period, Pool, Scope, Source};
use civitas_model::{Agent, AgentId, Money, TenantId};
use civitas_sql::{Statement, Val};

use super::change::{SetCap, freed};
use super::{pool, rolling, tell};
use crate::agent::RoleChange;
use crate::changeset::Refusal;
use crate::transaction::{Meaning, Stop, Transaction};

const SET_CAPS: Statement = Statement::new(include_str!("../queries/budget/set_caps.sql"));
const UNLIMIT: Statement = Statement::new(include_str!("../queries/budget/unlimit.sql"));
const SYNC_AGENT: Statement = Statement::new(include_str!("../queries/budget/sync_agent.sql"));
const FOLLOW_TOKENS: Statement =
    Statement::new(include_str!("../queries/budget/follow_tokens.sql"));
const FOLLOW_COST: Statement = Statement::new(include_str!("../queries/budget/follow_cost.sql"));
const SYNC_SESSIONS: Statement =
    Statement::new(include_str!("../queries/budget/sync_sessions.sql"));

pub(super) async fn set(tx: &mut Transaction<'_>, set: &SetCap) -> Result<(), Stop> {
    let row = pool::open_one(tx, &set.tenant_id, &set.scope).await?;
    let limits = Limits {
        caps: set.caps,
        period: set.period,
        source: Source::Set,
        waits: set.waits,
        by: Some(&set.by),
    };
    put(tx, &set.tenant_id, row, limits).await
}

pub(super) async fn remove(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
) -> Result<(), Stop> {
    let row = pool::open_one(tx, tenant, scope).await?;
    if row.pool.source != Source::Set {
        let what = "budget that someone set";
        return Err(Refusal::NotFound { what }.into());
    }
    let agent = match scope {
        Scope::Agent(id) => Some(id.clone()),
        _ => row.agent_id.clone(),
    };
    let registered = match &agent {
        Some(id) => pool::registered(tx, tenant, id).await?,
        None => None,
    };
    let caps = registered.map(|(tokens, of_agent)| match scope {
        Scope::Agent(_) => of_agent.caps,
        _ => Caps {
            tokens: Some(tokens),
            cost: None,
        },
    });
    let limits = Limits {
        source: caps.map_or(Source::None, |_| Source::Registry),
        caps: caps.unwrap_or_default(),
        period: Period::usual(scope),
        waits: false,
        by: None,
    };
    put(tx, tenant, row, limits).await
}

/// What is to hold of a pool.
struct Limits<'a> {
    caps: Caps,
    period: Period,
    source: Source,
    waits: bool,
    by: Option<&'a str>,
}

async fn put(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    mut row: pool::Row,
    limits: Limits<'_>,
) -> Result<(), Stop> {
    let (period, hours) = pool::period_columns(limits.period);
    let params = vec![
        limits.caps.tokens.into(),
        limits.caps.cost.map(Money::as_micros).into(),
        period.into(),
        hours.into(),
        limits.source.as_str().into(),
        limits.waits.into(),
        limits.by.into(),
        tx.now.as_micros().into(),
        tenant.as_str().into(),
        row.pool.scope.to_string().into(),
    ];
    tx.execute_later(&SET_CAPS, params, Meaning::Nothing)
        .await?;
    let pool = &mut row.pool;
    let before = pool.period;
    if before != limits.period {
        if before == Period::Life {
            pool.used = Amount::ZERO;
        }
        pool.period_start = civitas_model::agent::midnight(tx.now);
        let periods = (before, limits.period);
        rolling::change(tx, tenant, &pool.scope, periods, pool.used).await?;
    }
    pool.caps = limits.caps;
    pool.period = limits.period;
    // A raised cap is warned of again, a lowered one at the next charge.
    pool.warned = pool.warned.min(pool.level());
    pool::set_used(tx, tenant, pool).await?;
    tell::limited(tx, tenant, pool).await?;
    freed(tx, tenant, std::slice::from_ref(&row)).await
}

/// Gives an agent that was registered its pool. It may have been at work before, when nothing limited it.
pub(crate) async fn agent_inserted(tx: &mut Transaction<'_>, agent: &Agent) -> Result<(), Stop> {
    let budget = agent.budget.clone().as_of(tx.now);
    let mut pool = Pool::unlimited(Scope::Agent(agent.agent_id.clone()), tx.now);
    pool.caps.cost = Some(budget.max_cost_per_day);
    pool.source = Source::Registry;
    pool.used = Amount::new(budget.tokens_used_today, budget.cost_used_today);
    pool.period_start = budget.last_reset;
    pool::insert(tx, &agent.tenant_id, &pool).await?;
    sync_agent(tx, agent).await?;
    sync_sessions(tx, agent).await
}

/// Has an agent's pools follow its definition, unless someone set their caps.
pub(crate) async fn agent_changed(
    tx: &mut Transaction<'_>,
    before: &Agent,
    agent: &Agent,
) -> Result<(), Stop> {
    let (old, new) = (&before.budget, &agent.budget);
    if new.max_tokens_per_session != old.max_tokens_per_session {
        sync_sessions(tx, agent).await?;
    }
    if new.max_cost_per_day == old.max_cost_per_day {
        return Ok(());
    }
    sync_agent(tx, agent).await?;
    let scope = Scope::Agent(agent.agent_id.clone());
    let row = pool::open_one(tx, &agent.tenant_id, &scope).await?;
    freed(tx, &agent.tenant_id, &[row]).await
}

/// Has the pools of a role's agents follow the role, where theirs are the role's and nobody set their caps.
pub(crate) async fn role_changed(
    tx: &mut Transaction<'_>,
    change: &RoleChange,
) -> Result<(), Stop> {
    let (from, to) = (change.from, change.to);
    let tokens = (to.tokens_per_session.into(), from.tokens_per_session.into());
    let cost: (Val, Val) = (
        to.cost_per_day.as_micros().into(),
        from.cost_per_day.as_micros().into(),
    );
    let tenant = change.tenant_id.as_str();
    for (statement, (to, from)) in [(&FOLLOW_TOKENS, tokens), (&FOLLOW_COST, cost)] {
        let role = change.role.as_str();
        let params = vec![to, tenant.into(), tenant.into(), role.into(), from];
        tx.execute_later(statement, params, Meaning::Nothing)
            .await?;
    }
    freed(tx, &change.tenant_id, &[]).await
}

async fn sync_agent(tx: &mut Transaction<'_>, agent: &Agent) -> Result<(), Stop> {
    let params = vec![
        agent.budget.max_cost_per_day.as_micros().into(),
        agent.tenant_id.as_str().into(),
        Scope::Agent(agent.agent_id.clone()).to_string().into(),
    ];
    tx.execute_later(&SYNC_AGENT, params, Meaning::Nothing)
        .await
}

async fn sync_sessions(tx: &mut Transaction<'_>, agent: &Agent) -> Result<(), Stop> {
    let params = vec![
        agent.budget.max_tokens_per_session.into(),
        agent.tenant_id.as_str().into(),
        agent.agent_id.as_str().into(),
    ];
    tx.execute_later(&SYNC_SESSIONS, params, Meaning::Nothing)
        .await
}

/// Nothing limits an agent that is gone, unless someone set its caps. What it used stays counted, and so do its reservations.
pub(crate) async fn agent_deleted(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    agent: &AgentId,
) -> Result<(), Stop> {
    let scope = Scope::Agent(agent.clone()).to_string();
    let params = vec![tenant.as_str().into(), scope.into()];
    tx.execute_later(&UNLIMIT, params, Meaning::Nothing).await
}
