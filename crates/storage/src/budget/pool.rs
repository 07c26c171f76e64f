//! Pools as rows: found together, made when something is first paid from them, and brought to the day that it is.

use civitas_model::agent::midnight;
use civitas_model::budget::{Amount, Caps, Period, Pool, SCOPES_MAX, Scope, Source, normalised};
use civitas_model::{AgentId, Id, Money, TenantId, Timestamp};
use civitas_sql::{Error, Statement, Val};

use super::rolling;
use crate::changeset::Refusal;
use crate::transaction::{Meaning, Stop, Transaction};

/// In the transaction that changes them.
const POOLS: Statement = Statement::differing(
    include_str!("../queries/budget/pools.sql"),
    include_str!("../queries/budget/pools.postgres.sql"),
);
const CREATE: Statement = Statement::new(include_str!("../queries/budget/create.sql"));
const ADD_MEMBERS: Statement = Statement::new(include_str!("../queries/budget/add_members.sql"));
const TAKE_ON: Statement = Statement::new(include_str!("../queries/budget/take_on.sql"));
const AGENT_CAPS: Statement = Statement::new(include_str!("../queries/budget/agent_caps.sql"));
const SET_USED: Statement = Statement::new(include_str!("../queries/budget/set_used.sql"));

/// Teams and sessions of one tenant that have a pool, at most. Sessions' pools go a month after their last use.
pub const POOLS_MAX: u64 = 100_000;

/// A pool, and what only the ledger needs of it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(super) pool: Pool,
    /// The agent whose definition limits a session.
    pub(super) agent_id: Option<AgentId>,
    /// In the organisation's: how many teams and sessions have one.
    pub(super) members: u64,
    /// Whether executions may wait for room in it.
    pub(super) is_awaited: bool,
}

/// The tenant and the scopes as parameters; the last scope fills up the list.
pub(super) fn key(tenant: &TenantId, scopes: &[Scope]) -> Vec<Val> {
    let mut params = Vec::with_capacity(SCOPES_MAX + 1);
    params.push(tenant.as_str().into());
    params.extend(
        scopes
            .iter()
            .take(SCOPES_MAX)
            .map(|scope| Val::Text(scope.to_string())),
    );
    let last = params.last().cloned().unwrap_or(Val::Null);
    params.resize(SCOPES_MAX + 1, last);
    params
}

/// The pools of these scopes in their order, as of now. Those that are not there yet are made.
pub(super) async fn open(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scopes: &[Scope],
) -> Result<Vec<Row>, Stop> {
    let params = key(tenant, scopes);
    let mut found = read_all(&tx.query(&POOLS, &params).await?)?;
    if found.len() < scopes.len() {
        create_missing(tx, tenant, scopes, &found).await?;
        found = read_all(&tx.query(&POOLS, &params).await?)?;
    }
    let place = |row: &Row| scopes.iter().position(|scope| *scope == row.pool.scope);
    found.sort_by_key(place);
    let agent = scopes.iter().find_map(|scope| match scope {
        Scope::Agent(id) => Some(id),
        _ => None,
    });
    for row in &mut found {
        bring_up(tx, tenant, row).await?;
        if let (Scope::Session(_), None, Some(agent)) = (&row.pool.scope, &row.agent_id, agent) {
            take_on(tx, tenant, row, agent).await?;
        }
    }
    Ok(found)
}

/// One pool, as of now.
pub(super) async fn open_one(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
) -> Result<Row, Stop> {
    let rows = open(tx, tenant, &normalised(std::slice::from_ref(scope))).await?;
    let found = rows.into_iter().find(|row| row.pool.scope == *scope);
    let missing = || Error::inconsistent("budget_pools.scope", "a pool that was made is not there");
    Ok(found.ok_or_else(missing)?)
}

fn read_all(rows: &[civitas_sql::Row]) -> Result<Vec<Row>, Error> {
    rows.iter().map(read).collect()
}

/// Forgets what is not of this period any more.
async fn bring_up(tx: &mut Transaction<'_>, tenant: &TenantId, row: &mut Row) -> Result<(), Stop> {
    let pool = &mut row.pool;
    if let Period::Rolling { .. } = pool.period {
        let gone = rolling::end_buckets(tx, tenant, &pool.scope).await?;
        if gone.is_zero() {
            return Ok(());
        }
        pool.used = pool.used.minus(gone);
        pool.warned = pool.warned.min(pool.level());
    } else if pool.is_past(tx.now) {
        *pool = pool.clone().as_of(tx.now);
    } else {
        return Ok(());
    }
    set_used(tx, tenant, pool).await
}

/// Writes what was used, of which period, and what was warned of.
pub(super) async fn set_used(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    pool: &Pool,
) -> Result<(), Stop> {
    let params = vec![
        pool.used.tokens.into(),
        pool.used.cost.as_micros().into(),
        pool.period_start.as_micros().into(),
        u64::from(pool.warned).into(),
        tenant.as_str().into(),
        pool.scope.to_string().into(),
    ];
    tx.execute_later(&SET_USED, params, Meaning::Nothing).await
}

async fn create_missing(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scopes: &[Scope],
    found: &[Row],
) -> Result<(), Stop> {
    let mut made = 0;
    for scope in scopes {
        if found.iter().any(|row| row.pool.scope == *scope) {
            continue;
        }
        let mut pool = Pool::unlimited(scope.clone(), tx.now);
        if let Scope::Agent(id) = scope
            && let Some((_, agent)) = registered(tx, tenant, id).await?
        {
            pool = agent;
        }
        insert(tx, tenant, &pool).await?;
        made += i64::from(is_member(scope));
    }
    if made == 0 {
        return Ok(());
    }
    let members = found
        .iter()
        .find(|row| row.pool.scope == Scope::Organisation)
        .map_or(0, |row| row.members);
    if members >= POOLS_MAX {
        let what = "teams and sessions have a budget: end some";
        let max = POOLS_MAX;
        return Err(Refusal::TooMany { what, max }.into());
    }
    add_members(tx, tenant, made).await
}

/// Whether it counts towards [`POOLS_MAX`]; agents have a limit of their own.
pub(super) const fn is_member(scope: &Scope) -> bool {
    matches!(scope, Scope::Team(_) | Scope::Session(_))
}

pub(super) async fn add_members(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    count: i64,
) -> Result<(), Stop> {
    let params = vec![count.into(), tenant.as_str().into()];
    tx.execute_later(&ADD_MEMBERS, params, Meaning::Nothing)
        .await
}

/// Makes a pool, unless it is there.
pub(super) async fn insert(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    pool: &Pool,
) -> Result<(), Stop> {
    let (period, _) = period_columns(pool.period);
    let params = vec![
        tenant.as_str().into(),
        pool.scope.to_string().into(),
        pool.scope.kind().into(),
        Val::Null,
        pool.caps.tokens.into(),
        pool.caps.cost.map(Money::as_micros).into(),
        period.into(),
        pool.source.as_str().into(),
        pool.period_start.as_micros().into(),
        pool.used.tokens.into(),
        pool.used.cost.as_micros().into(),
        tx.now.as_micros().into(),
    ];
    tx.execute_later(&CREATE, params, Meaning::Nothing).await
}

/// What the registry says of an agent: its tokens in one session, and its pool.
pub(super) async fn registered(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    agent: &AgentId,
) -> Result<Option<(u64, Pool)>, Stop> {
    let params = [tenant.as_str().into(), agent.as_str().into()];
    let Some(row) = tx.query_one(&AGENT_CAPS, &params).await? else {
        return Ok(None);
    };
    let mut pool = Pool::unlimited(Scope::Agent(agent.clone()), tx.now);
    pool.caps.cost = Some(Money::from_micros(row.count("max_cost_per_day")?));
    pool.source = Source::Registry;
    let last_reset = Timestamp::from_micros(row.int("last_reset")?);
    if last_reset >= midnight(tx.now) {
        let cost = Money::from_micros(row.count("cost_used")?);
        pool.used = Amount::new(row.count("tokens_used")?, cost);
        pool.period_start = last_reset;
    }
    Ok(Some((row.count("max_tokens_per_session")?, pool)))
}

/// Notes whose session it is: the first agent's that is seen with it, whose definition limits it unless someone set its caps.
async fn take_on(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    row: &mut Row,
    agent: &AgentId,
) -> Result<(), Stop> {
    row.agent_id = Some(agent.clone());
    if row.pool.source == Source::None
        && let Some((tokens, _)) = registered(tx, tenant, agent).await?
    {
        row.pool.caps.tokens = Some(tokens);
        row.pool.source = Source::Registry;
    }
    let params = vec![
        agent.as_str().into(),
        row.pool.caps.tokens.into(),
        row.pool.source.as_str().into(),
        tenant.as_str().into(),
        row.pool.scope.to_string().into(),
    ];
    tx.execute_later(&TAKE_ON, params, Meaning::Nothing).await
}

/// A period as its two columns.
pub(super) const fn period_columns(period: Period) -> (&'static str, u32) {
    match period {
        Period::Day => ("day", 0),
        Period::Rolling { hours } => ("rolling", hours),
        Period::Life => ("life", 0),
    }
}

/// A row as it is written; what is past is still in it.
pub(super) fn read(row: &civitas_sql::Row) -> Result<Row, Error> {
    let unknown = |column, value: &str| Error::inconsistent(column, format!("unknown {value}"));
    let scope = row.text("scope")?;
    let source = row.text("source")?;
    let optional = |column| {
        let value = row.optional_int(column)?;
        value
            .map(u64::try_from)
            .transpose()
            .map_err(|_| Error::inconsistent(column, "a count is negative"))
    };
    let amount = |tokens, cost| {
        let cost = Money::from_micros(row.count(cost)?);
        Ok::<_, Error>(Amount::new(row.count(tokens)?, cost))
    };
    let period = match row.text("period")? {
        "day" => Period::Day,
        "life" => Period::Life,
        "rolling" => Period::Rolling {
            hours: u32::try_from(row.count("window_hours")?)
                .map_err(|_| unknown("budget_pools.window_hours", "window"))?,
        },
        other => return Err(unknown("budget_pools.period", other)),
    };
    let pool = Pool {
        scope: Scope::parse(scope).ok_or_else(|| unknown("budget_pools.scope", scope))?,
        caps: Caps {
            tokens: optional("cap_tokens")?,
            cost: optional("cap_cost")?.map(Money::from_micros),
        },
        period,
        source: Source::parse(source).ok_or_else(|| unknown("budget_pools.source", source))?,
        waits: row.int("waits")? != 0,
        used: amount("used_tokens", "used_cost")?,
        reserved: amount("reserved_tokens", "reserved_cost")?,
        reservations: row.count("reservations")?,
        period_start: Timestamp::from_micros(row.int("period_start")?),
        warned: u8::try_from(row.count("warned")?).unwrap_or(u8::MAX),
        changed_by: row.optional_text("changed_by")?.map(str::to_owned),
        touched_at: Timestamp::from_micros(row.int("touched_at")?),
    };
    Ok(Row {
        pool,
        agent_id: row.optional_text("agent_id")?.map(Id::trusted),
        members: row.count("members")?,
        is_awaited: row.int("awaited")? != 0,
    })
}
