//! Agent sessions, and the names of agents that nobody registered.

use std::time::Duration;

use civitas_model::budget::{Pool, Scope};
use civitas_model::{Agent, AgentId, AgentSession, Id, TenantId, Timestamp, UnregisteredAgent};
use civitas_sql::{Error, Row, Select, Statement};

use crate::agent;
use crate::budget;
use crate::changeset::{Change, Refusal};
use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/agent_session/insert.sql"));
const UPDATE: Statement = Statement::new(include_str!("queries/agent_session/update.sql"));
const FIND: Statement = Statement::new(include_str!("queries/agent_session/find.sql"));
const LIST: &str = include_str!("queries/agent_session/list.sql");
const DELETE_OLD: Statement = Statement::new(include_str!("queries/agent_session/delete_old.sql"));
const SEE_AGAIN: Statement = Statement::new(include_str!("queries/seen_agent/update.sql"));
const SEE_FIRST: Statement = Statement::new(include_str!("queries/seen_agent/insert.sql"));
const LIST_SEEN: Statement = Statement::new(include_str!("queries/seen_agent/list.sql"));
const DELETE_SEEN: Statement = Statement::new(include_str!("queries/seen_agent/delete_old.sql"));

/// How long a session that is not seen any more is remembered.
const LIFETIME: Duration = Duration::from_hours(90 * 24);
/// Sessions that one sweep removes, so that no commit takes long.
const SWEPT_MAX: u32 = 5_000;
/// Names of unregistered agents that a tenant has, at most; further ones are not noted.
const SEEN_MAX: u64 = 5_000;

/// A change of agent sessions.
#[derive(Debug)]
pub enum AgentSessionChange {
    /// Notes that a session is at work, with what is known of it from now on.
    See(Box<Sighting>),
    /// Notes that a name is at work that nobody registered.
    SeeUnregistered {
        /// Whose it is.
        tenant_id: TenantId,
        /// The name.
        name: String,
        /// The session it was seen in.
        session_id: String,
    },
}

/// A session that was seen.
#[derive(Debug)]
pub struct Sighting {
    /// As it is from now on. Its counts and times are not written: they grow by what is said here. The root is where it began,
    /// and written as long as none was known.
    pub session: AgentSession,
    /// The revision that was read, none when the session was not known. Refused with [`Refusal::Changed`] when another
    /// holds by now, so that no decision is taken on facts that are out of date.
    pub read: Option<u64>,
    /// Tool calls decided with it.
    pub calls: u64,
    /// Those that were not let through.
    pub denied: u64,
}

impl From<AgentSessionChange> for Change {
    fn from(change: AgentSessionChange) -> Self {
        Self::AgentSession(change)
    }
}

impl From<Sighting> for Change {
    fn from(sighting: Sighting) -> Self {
        Self::AgentSession(AgentSessionChange::See(Box::new(sighting)))
    }
}

impl AgentSessionChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::See(sighting) => sighting.apply(tx).await,
            Self::SeeUnregistered {
                tenant_id,
                name,
                session_id,
            } => see_unregistered(tx, tenant_id, name, session_id).await,
        }
    }
}

impl Sighting {
    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let session = &self.session;
        let now = tx.now.as_micros();
        let agent_id = session.agent_id.as_ref().map(AgentId::as_str);
        let changed = Meaning::required(Refusal::Changed {
            what: "the agent session",
        });
        let Some(read) = self.read else {
            let params = vec![
                session.tenant_id.as_str().into(),
                session.session_id.as_str().into(),
                agent_id.into(),
                session.agent_name.as_str().into(),
                session.client.as_str().into(),
                session.model.as_str().into(),
                session.root.as_str().into(),
                session.permission_mode.as_str().into(),
                session.reported_by.as_str().into(),
                json::text(&session.facts)?,
                session.revision.into(),
                self.calls.into(),
                self.denied.into(),
                now.into(),
                now.into(),
                session.ended_at.map(Timestamp::as_micros).into(),
            ];
            return tx.execute_later(&INSERT, params, changed).await;
        };
        let params = vec![
            session.root.as_str().into(),
            agent_id.into(),
            session.agent_name.as_str().into(),
            session.model.as_str().into(),
            session.permission_mode.as_str().into(),
            json::text(&session.facts)?,
            session.revision.into(),
            self.calls.into(),
            self.denied.into(),
            now.into(),
            session.ended_at.map(Timestamp::as_micros).into(),
            session.tenant_id.as_str().into(),
            session.session_id.as_str().into(),
            read.into(),
        ];
        tx.execute_later(&UPDATE, params, changed).await
    }
}

async fn see_unregistered(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    name: &str,
    session_id: &str,
) -> Result<(), Stop> {
    let now = tx.now.as_micros();
    let again = vec![
        session_id.into(),
        now.into(),
        tenant.as_str().into(),
        name.into(),
    ];
    if tx.execute(&SEE_AGAIN, again).await? > 0 {
        return Ok(());
    }
    let first = vec![
        tenant.as_str().into(),
        name.into(),
        session_id.into(),
        now.into(),
        now.into(),
        tenant.as_str().into(),
        SEEN_MAX.into(),
    ];
    tx.execute_later(&SEE_FIRST, first, Meaning::Nothing).await
}

/// The agent of a session as it is now in this transaction, and its name.
pub(crate) async fn agent_of(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    session: &str,
) -> Result<Option<(Option<AgentId>, String)>, Stop> {
    let row = tx
        .query_one(&FIND, &[tenant.as_str().into(), session.into()])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let agent_id = row.optional_text("agent_id")?.map(Id::trusted);
    Ok(Some((agent_id, row.text("agent_name")?.to_owned())))
}

pub(crate) async fn delete_old(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let before = tx.now.minus(LIFETIME).as_micros();
    let params = vec![before.into(), before.into(), SWEPT_MAX.into()];
    tx.execute_later(&DELETE_OLD, params, Meaning::Nothing)
        .await?;
    tx.execute_later(&DELETE_SEEN, vec![before.into()], Meaning::Nothing)
        .await
}

/// Which sessions to read; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct AgentSessionFilter {
    /// Only of this agent.
    pub agent_id: Option<AgentId>,
    /// Only those that have no registered agent.
    pub is_unregistered: bool,
    /// Only those that have not ended.
    pub is_open: bool,
    /// Only those that come after this one in the list: its first sighting and its id.
    pub after: Option<(Timestamp, String)>,
}

/// What is known of a session and of agents that may act in it.
#[derive(Debug)]
pub struct Acting<const N: usize> {
    /// The session, if it was seen before.
    pub session: Option<AgentSession>,
    /// What was spent in it, as of now, if anything was.
    pub pool: Option<Pool>,
    /// The agents of the names that were asked for, in their order.
    pub agents: [Option<Agent>; N],
}

/// Readings of agent sessions.
pub struct AgentSessions<'a>(&'a Store);

impl Store {
    /// Readings of agent sessions.
    pub const fn agent_sessions(&self) -> AgentSessions<'_> {
        AgentSessions(self)
    }
}

impl AgentSessions<'_> {
    /// One session.
    pub async fn find(
        &self,
        tenant: &TenantId,
        session_id: &str,
    ) -> Result<Option<AgentSession>, Error> {
        let params = vec![tenant.as_str().into(), session_id.into()];
        let row = self.0.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// A session, what was spent in it, and the agents of these names: in one go, because every tool call waits for it.
    pub async fn acting<const N: usize>(
        &self,
        tenant: &TenantId,
        session_id: &str,
        names: [Option<&str>; N],
    ) -> Result<Acting<N>, Error> {
        let key = |value: &str| vec![tenant.as_str().into(), value.into()];
        let session = (FIND, key(session_id));
        let pool = budget::pool_query(tenant, &Scope::Session(session_id.to_owned()));
        let by_name = names
            .iter()
            .flatten()
            .map(|name| (agent::FIND_BY_NAME, key(name)));
        let queries = [session, pool].into_iter().chain(by_name);
        let mut answers = self.0.database.query_all(queries).await?.into_iter();
        let mut next = || answers.next().unwrap_or_default().into_iter().next();
        let session = next().as_ref().map(read).transpose()?;
        let pool = next();
        let mut agents = [const { None }; N];
        for (agent, name) in agents.iter_mut().zip(names) {
            if name.is_some() {
                *agent = next().as_ref().map(agent::read).transpose()?;
            }
        }
        let pool = match pool {
            Some(row) => Some(self.0.budgets().as_of_now(tenant, &row).await?),
            None => None,
        };
        Ok(Acting {
            session,
            pool,
            agents,
        })
    }

    /// A page of sessions, the newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &AgentSessionFilter,
        limit: u32,
    ) -> Result<Vec<AgentSession>, Error> {
        let agent = filter.agent_id.as_ref().map(|id| id.as_str().to_owned());
        let mut select = Select::new(LIST)
            .filter("tenant_id = ?", tenant.as_str())
            .filter_some("agent_id = ?", agent);
        if filter.is_unregistered {
            select = select.filter_all("agent_id IS NULL", Vec::new());
        }
        if filter.is_open {
            select = select.filter_all("ended_at IS NULL", Vec::new());
        }
        if let Some((at, id)) = &filter.after {
            let place = vec![at.as_micros().into(), id.as_str().into()];
            select = select.filter_all("(first_seen_at, session_id) < (?, ?)", place);
        }
        let order = "ORDER BY first_seen_at DESC, session_id DESC LIMIT ?";
        let select = select.tail(order, vec![limit.into()]);
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read).collect()
    }

    /// Names at work that nobody registered, in their order, those after one.
    pub async fn unregistered(
        &self,
        tenant: &TenantId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<UnregisteredAgent>, Error> {
        let params = vec![tenant.as_str().into(), after.into(), limit.into()];
        let rows = self.0.database.query(&LIST_SEEN, params).await?;
        let read = |row: &Row| {
            Ok(UnregisteredAgent {
                name: row.text("name")?.to_owned(),
                session_id: row.text("session_id")?.to_owned(),
                sightings: row.count("sightings")?,
                first_seen_at: Timestamp::from_micros(row.int("first_seen_at")?),
                last_seen_at: Timestamp::from_micros(row.int("last_seen_at")?),
            })
        };
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<AgentSession, Error> {
    Ok(AgentSession {
        tenant_id: Id::trusted(row.text("tenant_id")?),
        session_id: row.text("session_id")?.to_owned(),
        agent_id: row.optional_text("agent_id")?.map(Id::trusted),
        agent_name: row.text("agent_name")?.to_owned(),
        client: row.text("client")?.to_owned(),
        model: row.text("model")?.to_owned(),
        root: row.text("root")?.to_owned(),
        permission_mode: row.text("permission_mode")?.to_owned(),
        reported_by: row.text("reported_by")?.to_owned(),
        facts: json::read(row, "facts")?,
        revision: row.count("revision")?,
        calls: row.count("calls")?,
        denied: row.count("denied")?,
        first_seen_at: Timestamp::from_micros(row.int("first_seen_at")?),
        last_seen_at: Timestamp::from_micros(row.int("last_seen_at")?),
        ended_at: row.optional_int("ended_at")?.map(Timestamp::from_micros),
    })
}
