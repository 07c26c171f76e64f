//! Agents: the registry's rows, and what changes them.
//!
//! A change that others want to hear of puts its event into the outbox in the same changeset (`activity`).

use civitas_model::agent::{AgentBudget, AgentMetadata, Lifecycle, Role, SourceFile};
use civitas_model::{Agent, AgentId, AgentWrite, Id, Money, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement, Val};
use serde_json::json;

use crate::activity;
use crate::budget;
use crate::changeset::{Change, Refusal};
use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/agent/insert.sql"));
const UPDATE: Statement = Statement::new(include_str!("queries/agent/update.sql"));
const DELETE: Statement = Statement::new(include_str!("queries/agent/delete.sql"));
const SEEN: Statement = Statement::new(include_str!("queries/agent/seen.sql"));
const AT_WORK: Statement = Statement::new(include_str!("queries/agent/at_work.sql"));
const FOLLOW_TOKENS: Statement = Statement::new(include_str!("queries/agent/follow_tokens.sql"));
const FOLLOW_COST: Statement = Statement::new(include_str!("queries/agent/follow_cost.sql"));
const FIND: Statement = Statement::new(include_str!("queries/agent/find.sql"));
pub(crate) const FIND_BY_NAME: Statement =
    Statement::new(include_str!("queries/agent/find_by_name.sql"));
const COUNT: Statement = Statement::new(include_str!("queries/agent/count.sql"));
const STATS: Statement = Statement::new(include_str!("queries/agent/stats.sql"));
const SOURCE: Statement = Statement::new(include_str!("queries/agent/source.sql"));
const LIST: &str = include_str!("queries/agent/list.sql");

/// Agents of one tenant, at most.
pub const AGENTS_MAX: u64 = 20_000;

/// A change of agents.
#[derive(Debug)]
pub enum AgentChange {
    /// Registers one; refused when its id or its name is taken, or when there are too many.
    Insert {
        /// The agent.
        agent: Box<Agent>,
        /// The text of the file it was read from.
        source_text: Option<String>,
    },
    /// Changes its definition and counts its revision up; refused unless its revision is still this one, or when its new
    /// name is taken. Usage and performance stay; the source stays when the agent has none.
    Update {
        /// The agent, with the revision that was read.
        agent: Box<Agent>,
        /// The text of the file it was read from.
        source_text: Option<String>,
    },
    /// Takes it out of the registry; what it measured stays.
    Delete {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        agent_id: AgentId,
    },
    /// Notes that it is at work. Refused when it may not be: unless it is at work already, or `from` names its state.
    Activate {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        agent_id: AgentId,
        /// The state in which it was found.
        from: Lifecycle,
    },
    /// Notes that it was seen at work. One that is not there is not seen.
    Seen {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        agent_id: AgentId,
    },
    /// Gives every agent of a role another budget whose own is the role's: those that have it from its definition, and not
    /// those that have another one. A budget that someone set stays.
    FollowRole(RoleChange),
    /// Moves it to another state; refused when its state does not allow it.
    SetLifecycle {
        /// Whose it is.
        tenant_id: TenantId,
        /// Which.
        agent_id: AgentId,
        /// The new state.
        to: Lifecycle,
    },
}

/// What agents of a role may spend, before and from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleLimits {
    /// Tokens in one session.
    pub tokens_per_session: u64,
    /// Money in one day.
    pub cost_per_day: Money,
}

/// Another budget of a role.
#[derive(Debug)]
pub struct RoleChange {
    /// Whose agents.
    pub tenant_id: TenantId,
    /// Of which role.
    pub role: Role,
    /// What it had.
    pub from: RoleLimits,
    /// What it has from now on.
    pub to: RoleLimits,
}

impl From<AgentChange> for Change {
    fn from(change: AgentChange) -> Self {
        Self::Agent(change)
    }
}

const MISSING: Refusal = Refusal::NotFound { what: "agent" };
const CHANGED: Refusal = Refusal::Changed { what: "the agent" };
const NAME_TAKEN: Refusal = Refusal::AlreadyExists {
    what: "an agent with this name",
};
const ID_TAKEN: Refusal = Refusal::AlreadyExists {
    what: "an agent with this id",
};

impl AgentChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Insert { agent, source_text } => insert(tx, agent, source_text.as_deref()).await,
            Self::Update { agent, source_text } => update(tx, agent, source_text.as_deref()).await,
            Self::Delete {
                tenant_id,
                agent_id,
            } => {
                let key = vec![tenant_id.as_str().into(), agent_id.as_str().into()];
                let missing = Meaning::required(MISSING);
                tx.execute_later(&DELETE, key, missing).await?;
                budget::agent_deleted(tx, tenant_id, agent_id).await
            }
            Self::Activate {
                tenant_id,
                agent_id,
                from,
            } => activate(tx, tenant_id, agent_id, *from).await,
            Self::Seen {
                tenant_id,
                agent_id,
            } => {
                let params = vec![
                    tx.now.as_micros().into(),
                    tenant_id.as_str().into(),
                    agent_id.as_str().into(),
                ];
                tx.execute_later(&AT_WORK, params, Meaning::Nothing).await
            }
            Self::FollowRole(change) => follow(tx, change).await,
            Self::SetLifecycle {
                tenant_id,
                agent_id,
                to,
            } => {
                let agent = require(tx, tenant_id, agent_id).await?;
                if !agent.lifecycle.may_become(*to) {
                    return Err(CHANGED.into());
                }
                let last = agent.last_active_at;
                seen(tx, &agent, *to, last).await
            }
        }
    }
}

/// The pools go first: they are found by what the agents have.
async fn follow(tx: &mut Transaction<'_>, change: &RoleChange) -> Result<(), Stop> {
    budget::role_changed(tx, change).await?;
    let (from, to) = (change.from, change.to);
    let tokens = (to.tokens_per_session.into(), from.tokens_per_session.into());
    let cost: (Val, Val) = (
        to.cost_per_day.as_micros().into(),
        from.cost_per_day.as_micros().into(),
    );
    for (statement, (to, from)) in [(&FOLLOW_TOKENS, tokens), (&FOLLOW_COST, cost)] {
        let params = vec![
            to,
            tx.now.as_micros().into(),
            change.tenant_id.as_str().into(),
            change.role.as_str().into(),
            from,
        ];
        tx.execute_later(statement, params, Meaning::Nothing)
            .await?;
    }
    Ok(())
}

/// What a handler writes.
pub(crate) async fn put(tx: &mut Transaction<'_>, write: &AgentWrite) -> Result<(), Stop> {
    let source_text = write.source_text.as_deref();
    if write.is_new {
        insert(tx, &write.agent, source_text).await
    } else {
        update(tx, &write.agent, source_text).await
    }
}

async fn insert(
    tx: &mut Transaction<'_>,
    agent: &Agent,
    source_text: Option<&str>,
) -> Result<(), Stop> {
    let tenant: Val = agent.tenant_id.as_str().into();
    let row = tx.query_one(&COUNT, &[tenant]).await?;
    if row.map_or(Ok(0), |row| row.count("count"))? >= AGENTS_MAX {
        let what = "agents are registered: delete some";
        let max = AGENTS_MAX;
        return Err(Refusal::TooMany { what, max }.into());
    }
    check_name(tx, agent).await?;
    let budget = &agent.budget;
    let mut params = vec![
        agent.tenant_id.as_str().into(),
        agent.agent_id.as_str().into(),
        agent.name.as_str().into(),
        agent.role.as_str().into(),
        agent.role_confidence.into(),
        agent.role_reasoning.as_str().into(),
        json::text(&agent.capabilities)?,
        json::text(&agent.rbac)?,
        budget.max_tokens_per_session.into(),
        budget.max_cost_per_day.as_micros().into(),
        budget.currency.as_str().into(),
        budget.tokens_used_today.into(),
        budget.cost_used_today.as_micros().into(),
        budget.last_reset.as_micros().into(),
        agent.metadata.category.as_str().into(),
        agent.metadata.specialist.into(),
        agent.metadata.version.as_str().into(),
        json::text(&agent.metadata.tags)?,
        json::text(&agent.performance)?,
        agent.lifecycle.as_str().into(),
        agent.owner.as_str().into(),
        agent.revision.into(),
        agent.is_synthesised.into(),
    ];
    params.extend(source(agent));
    params.extend([
        agent.created_at.as_micros().into(),
        agent.updated_at.as_micros().into(),
        agent.last_active_at.map(Timestamp::as_micros).into(),
        source_text.into(),
    ]);
    tx.execute_later(&INSERT, params, Meaning::required(ID_TAKEN))
        .await?;
    budget::agent_inserted(tx, agent).await
}

async fn update(
    tx: &mut Transaction<'_>,
    agent: &Agent,
    source_text: Option<&str>,
) -> Result<(), Stop> {
    let before = require(tx, &agent.tenant_id, &agent.agent_id).await?;
    check_name(tx, agent).await?;
    let mut params = vec![
        agent.name.as_str().into(),
        agent.role.as_str().into(),
        agent.role_confidence.into(),
        agent.role_reasoning.as_str().into(),
        json::text(&agent.capabilities)?,
        json::text(&agent.rbac)?,
        agent.budget.max_tokens_per_session.into(),
        agent.budget.max_cost_per_day.as_micros().into(),
        agent.budget.currency.as_str().into(),
        agent.metadata.category.as_str().into(),
        agent.metadata.specialist.into(),
        agent.metadata.version.as_str().into(),
        json::text(&agent.metadata.tags)?,
        agent.lifecycle.as_str().into(),
        agent.owner.as_str().into(),
        agent.is_synthesised.into(),
        tx.now.as_micros().into(),
    ];
    params.extend(source(agent));
    params.extend([
        source_text.into(),
        agent.tenant_id.as_str().into(),
        agent.agent_id.as_str().into(),
        agent.revision.into(),
    ]);
    tx.execute_later(&UPDATE, params, Meaning::required(CHANGED))
        .await?;
    budget::agent_changed(tx, &before, agent).await
}

fn source(agent: &Agent) -> [Val; 2] {
    let source = agent.source.as_ref();
    [
        source.map(|source| source.path.as_str()).into(),
        source.map(|source| source.fingerprint.as_str()).into(),
    ]
}

/// Names are one of a kind within a tenant.
async fn check_name(tx: &mut Transaction<'_>, agent: &Agent) -> Result<(), Stop> {
    let key = [agent.tenant_id.as_str().into(), agent.name.as_str().into()];
    let Some(row) = tx.query_one(&FIND_BY_NAME, &key).await? else {
        return Ok(());
    };
    if row.text("agent_id")? == agent.agent_id.as_str() {
        return Ok(());
    }
    Err(NAME_TAKEN.into())
}

async fn activate(
    tx: &mut Transaction<'_>,
    tenant_id: &TenantId,
    agent_id: &AgentId,
    from: Lifecycle,
) -> Result<(), Stop> {
    let agent = require(tx, tenant_id, agent_id).await?;
    let is_active = agent.lifecycle == Lifecycle::Active;
    if !is_active && (agent.lifecycle != from || !from.may_become(Lifecycle::Active)) {
        return Err(CHANGED.into());
    }
    let now = tx.now;
    seen(tx, &agent, Lifecycle::Active, Some(now)).await?;
    let event = json!({
        "agent_id": agent.agent_id,
        "agent_name": agent.name,
        "role": agent.role,
        "last_active_at": now,
    });
    activity::publish(tx, tenant_id, "agent_activated", event).await
}

/// Sets the state and when it was last seen at work. Another state is another revision.
async fn seen(
    tx: &mut Transaction<'_>,
    agent: &Agent,
    lifecycle: Lifecycle,
    last_active_at: Option<Timestamp>,
) -> Result<(), Stop> {
    let (revision, updated_at) = if agent.lifecycle == lifecycle {
        (agent.revision, agent.updated_at)
    } else {
        (agent.revision + 1, tx.now)
    };
    let params = vec![
        lifecycle.as_str().into(),
        updated_at.as_micros().into(),
        revision.into(),
        last_active_at.map(Timestamp::as_micros).into(),
        agent.tenant_id.as_str().into(),
        agent.agent_id.as_str().into(),
    ];
    tx.execute_later(&SEEN, params, Meaning::Nothing).await
}

/// An agent as it is now in this transaction, if it is there.
pub(crate) async fn find(
    tx: &mut Transaction<'_>,
    tenant_id: &TenantId,
    agent_id: &AgentId,
) -> Result<Option<Agent>, Stop> {
    let key = [tenant_id.as_str().into(), agent_id.as_str().into()];
    let row = tx.query_one(&FIND, &key).await?;
    Ok(row.as_ref().map(read).transpose()?)
}

/// The agent of a name as it is now in this transaction, if there is one.
pub(crate) async fn find_by_name(
    tx: &mut Transaction<'_>,
    tenant_id: &TenantId,
    name: &str,
) -> Result<Option<Agent>, Stop> {
    let row = tx
        .query_one(&FIND_BY_NAME, &[tenant_id.as_str().into(), name.into()])
        .await?;
    Ok(row.as_ref().map(read).transpose()?)
}

/// The agent as it is now in this transaction.
pub(crate) async fn require(
    tx: &mut Transaction<'_>,
    tenant_id: &TenantId,
    agent_id: &AgentId,
) -> Result<Agent, Stop> {
    let key = [tenant_id.as_str().into(), agent_id.as_str().into()];
    let row = tx.query_one(&FIND, &key).await?;
    let row = row.ok_or(Stop::Refused(MISSING))?;
    Ok(read(&row)?)
}

/// Which agents to list; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct AgentFilter {
    /// Only in this role.
    pub role: Option<Role>,
    /// Only of this category.
    pub category: Option<String>,
    /// Only specialists, or only others.
    pub specialist: Option<bool>,
    /// Only in this state.
    pub lifecycle: Option<Lifecycle>,
}

/// How many agents there are of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCount {
    /// Their role.
    pub role: String,
    /// Their category.
    pub category: String,
    /// Whether they are specialists.
    pub specialist: bool,
    /// How many.
    pub count: u64,
}

/// Readings of agents.
pub struct Agents<'a>(&'a Store);

impl Store {
    /// Readings of agents.
    pub const fn agents(&self) -> Agents<'_> {
        Agents(self)
    }
}

impl Agents<'_> {
    /// One agent of a tenant. What it used is of the day of its `last_reset`.
    pub async fn find(&self, tenant: &TenantId, agent: &AgentId) -> Result<Option<Agent>, Error> {
        let params = vec![tenant.as_str().into(), agent.as_str().into()];
        let row = self.0.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// The agent of this name.
    pub async fn find_by_name(
        &self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<Agent>, Error> {
        let params = vec![tenant.as_str().into(), name.into()];
        let row = self.0.database.query_one(&FIND_BY_NAME, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// A page of a tenant's agents, in the order of their names.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &AgentFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Agent>, Error> {
        let select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter_some("role = ?", filter.role.map(Role::as_str))
            .filter_some("category = ?", filter.category.as_deref())
            .filter_some("specialist = ?", filter.specialist)
            .filter_some("lifecycle = ?", filter.lifecycle.map(Lifecycle::as_str))
            .tail(
                "ORDER BY name LIMIT ? OFFSET ?",
                vec![limit.into(), offset.into()],
            );
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read).collect()
    }

    /// How many agents of each kind a tenant has.
    pub async fn stats(&self, tenant: &TenantId) -> Result<Vec<AgentCount>, Error> {
        let params = vec![tenant.as_str().into()];
        let rows = self.0.database.query(&STATS, params).await?;
        let read = |row: &Row| {
            Ok(AgentCount {
                role: row.text("role")?.to_owned(),
                category: row.text("category")?.to_owned(),
                specialist: row.int("specialist")? != 0,
                count: row.count("count")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The file an agent was read from, with its text as it was then.
    pub async fn source(
        &self,
        tenant: &TenantId,
        agent: &AgentId,
    ) -> Result<Option<(SourceFile, String)>, Error> {
        let params = vec![tenant.as_str().into(), agent.as_str().into()];
        let Some(row) = self.0.database.query_one(&SOURCE, params).await? else {
            return Ok(None);
        };
        let text = row.optional_text("source_text")?;
        let source = read_source(&row)?;
        Ok(source.zip(text.map(str::to_owned)))
    }
}

fn read_source(row: &Row) -> Result<Option<SourceFile>, Error> {
    let path = row.optional_text("source_path")?;
    let fingerprint = row.optional_text("source_fingerprint")?;
    Ok(path.zip(fingerprint).map(|(path, fingerprint)| SourceFile {
        path: path.to_owned(),
        fingerprint: fingerprint.to_owned(),
    }))
}

pub(crate) fn read(row: &Row) -> Result<Agent, Error> {
    let role = row.text("role")?;
    let lifecycle = row.text("lifecycle")?;
    let unknown = |column, value| Error::inconsistent(column, format!("unknown value {value}"));
    Ok(Agent {
        agent_id: Id::trusted(row.text("agent_id")?),
        tenant_id: Id::trusted(row.text("tenant_id")?),
        name: row.text("name")?.to_owned(),
        role: Role::parse(role).ok_or_else(|| unknown("agents.role", role))?,
        role_confidence: row.real("role_confidence")?,
        role_reasoning: row.text("role_reasoning")?.to_owned(),
        capabilities: json::read(row, "capabilities")?,
        rbac: json::read(row, "rbac")?,
        budget: AgentBudget {
            max_tokens_per_session: row.count("max_tokens_per_session")?,
            max_cost_per_day: Money::from_micros(row.count("max_cost_per_day")?),
            currency: row.text("currency")?.to_owned(),
            tokens_used_today: row.count("tokens_used")?,
            cost_used_today: Money::from_micros(row.count("cost_used")?),
            last_reset: Timestamp::from_micros(row.int("last_reset")?),
        },
        metadata: AgentMetadata {
            category: row.text("category")?.to_owned(),
            specialist: row.int("specialist")? != 0,
            version: row.text("version")?.to_owned(),
            tags: json::read(row, "tags")?,
        },
        performance: json::read(row, "performance")?,
        lifecycle: Lifecycle::parse(lifecycle)
            .ok_or_else(|| unknown("agents.lifecycle", lifecycle))?,
        owner: row.text("owner")?.to_owned(),
        revision: row.count("revision")?,
        is_synthesised: row.int("synthesised")? != 0,
        source: read_source(row)?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        updated_at: Timestamp::from_micros(row.int("updated_at")?),
        last_active_at: row
            .optional_int("last_active_at")?
            .map(Timestamp::from_micros),
    })
}
