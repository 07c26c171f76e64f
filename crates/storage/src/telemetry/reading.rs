//! Readings of telemetry.

use civitas_model::telemetry::{
    EventKind, ModelRequest, TelemetryEvent, TelemetrySession, TokenCounts,
};
use civitas_model::{AgentId, Id, Money, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement};

use super::session;
use crate::store::Store;

const IS_METERED: Statement = Statement::new(include_str!("../queries/telemetry/is_metered.sql"));
const METRICS: Statement = Statement::new(include_str!("../queries/telemetry/metrics.sql"));
const SESSIONS: &str = include_str!("../queries/telemetry/list_sessions.sql");
const REQUESTS: &str = include_str!("../queries/telemetry/list_requests.sql");
const EVENTS: &str = include_str!("../queries/telemetry/list_events.sql");
const BY_MODEL: &str = include_str!("../queries/telemetry/by_model.sql");
const BY_AGENT: &str = include_str!("../queries/telemetry/by_agent.sql");
const BY_DAY: &str = include_str!("../queries/telemetry/by_day.sql");

/// Groups of a sum, at most.
const GROUPS_MAX: u32 = 1000;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Which sessions to list; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Only of this registered agent.
    pub agent_id: Option<AgentId>,
    /// Only of the agent with this name.
    pub agent_name: Option<String>,
    /// Only of the user with this id or address.
    pub user: Option<String>,
    /// Only those of which something is missing, or of which nothing is.
    pub has_gaps: Option<bool>,
    /// Only those with an event at this time or later.
    pub since: Option<Timestamp>,
    /// Only those whose last event was before this time.
    pub until: Option<Timestamp>,
    /// Only those after this one of the page before: its last event's time, and its id.
    pub after: Option<(Timestamp, String)>,
}

/// Which requests to list or add up; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Only of this session.
    pub session_id: Option<String>,
    /// Only charged to this agent.
    pub agent_id: Option<AgentId>,
    /// Only of this model.
    pub model: Option<String>,
    /// Only at this time or later.
    pub since: Option<Timestamp>,
    /// Only before this time.
    pub until: Option<Timestamp>,
    /// Only those after this one of the page before: its time, its session and its id.
    pub after: Option<(Timestamp, String, String)>,
}

/// What requests add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TelemetrySum {
    /// How many.
    pub requests: u64,
    /// Of these, those whose cost nobody said.
    pub unpriced: u64,
    /// What they used.
    pub tokens: TokenCounts,
    /// What they cost.
    pub cost: Money,
    /// How long they took, in milliseconds.
    pub duration_ms: u64,
}

/// What a metric of a session adds up to.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryTotal {
    /// Which metric.
    pub metric: String,
    /// Of which model; empty where it says none.
    pub model: String,
    /// Of which type; empty where it says none.
    pub kind: String,
    /// The total.
    pub total: f64,
}

/// Readings of telemetry.
pub struct Telemetry<'a>(&'a Store);

impl Store {
    /// Readings of telemetry.
    pub const fn telemetry(&self) -> Telemetry<'_> {
        Telemetry(self)
    }
}

impl Telemetry<'_> {
    /// Whether telemetry has reported requests of a session since a time, so that what they cost is charged by it. Requests that
    /// used nothing do not count.
    pub async fn is_metered(
        &self,
        tenant: &TenantId,
        session_id: &str,
        since: Timestamp,
    ) -> Result<bool, Error> {
        let params = vec![
            tenant.as_str().into(),
            session_id.into(),
            since.as_micros().into(),
        ];
        let row = self.0.database.query_one(&IS_METERED, params).await?;
        Ok(row.is_some())
    }

    /// One session of a tenant.
    pub async fn session(
        &self,
        tenant: &TenantId,
        session_id: &str,
    ) -> Result<Option<TelemetrySession>, Error> {
        let params = vec![tenant.as_str().into(), session_id.into()];
        let row = self.0.database.query_one(&session::FIND, params).await?;
        row.as_ref().map(session::read).transpose()
    }

    /// A page of a tenant's sessions, those with the newest events first.
    pub async fn sessions(
        &self,
        tenant: &TenantId,
        filter: &SessionFilter,
        limit: u32,
    ) -> Result<Vec<TelemetrySession>, Error> {
        let mut select = Select::new(SESSIONS)
            .filter("tenant_id = ?", tenant.as_str())
            .filter_some("agent_id = ?", filter.agent_id.as_ref().map(Id::as_str))
            .filter_some("agent_name = ?", filter.agent_name.as_deref())
            .filter_some("last_seen_at >= ?", micros(filter.since))
            .filter_some("last_seen_at < ?", micros(filter.until));
        if let Some(user) = &filter.user {
            let values = vec![user.as_str().into(), user.as_str().into()];
            select = select.filter_all("user_id = ? OR user_email = ?", values);
        }
        select = match filter.has_gaps {
            Some(true) => select.filter_all("missing > 0", Vec::new()),
            Some(false) => select.filter_all("missing = 0", Vec::new()),
            None => select,
        };
        if let Some((at, session_id)) = &filter.after {
            let values = vec![at.as_micros().into(), session_id.as_str().into()];
            select = select.filter_all("(last_seen_at, session_id) < (?, ?)", values);
        }
        let order = "ORDER BY last_seen_at DESC, session_id DESC LIMIT ?";
        let rows = self
            .0
            .database
            .select(&select.tail(order, vec![limit.into()]))
            .await?;
        rows.iter().map(session::read).collect()
    }

    /// A page of a tenant's requests to models, newest first.
    pub async fn model_requests(
        &self,
        tenant: &TenantId,
        filter: &RequestFilter,
        limit: u32,
    ) -> Result<Vec<ModelRequest>, Error> {
        let mut select = filtered(REQUESTS, tenant, filter);
        if let Some((at, session_id, request_id)) = &filter.after {
            let values = vec![
                at.as_micros().into(),
                session_id.as_str().into(),
                request_id.as_str().into(),
            ];
            select = select.filter_all("(at, session_id, request_id) < (?, ?, ?)", values);
        }
        let order = "ORDER BY at DESC, session_id DESC, request_id DESC LIMIT ?";
        let rows = self
            .0
            .database
            .select(&select.tail(order, vec![limit.into()]))
            .await?;
        rows.iter().map(read_request).collect()
    }

    /// Events of a session before a time, newest first.
    pub async fn session_events(
        &self,
        tenant: &TenantId,
        session_id: &str,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<TelemetryEvent>, Error> {
        let select = Select::new(EVENTS)
            .filter("tenant_id = ?", tenant.as_str())
            .filter("session_id = ?", session_id)
            // Keys begin with the time: the index finds the place, and the column decides.
            .filter_some("event_key < ?", before.map(key_at))
            .filter_some("at < ?", micros(before))
            .tail("ORDER BY event_key DESC LIMIT ?", vec![limit.into()]);
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read_event).collect()
    }

    /// What the metrics of a session add up to.
    pub async fn totals(
        &self,
        tenant: &TenantId,
        session_id: &str,
    ) -> Result<Vec<TelemetryTotal>, Error> {
        let params = vec![tenant.as_str().into(), session_id.into()];
        let rows = self.0.database.query(&METRICS, params).await?;
        let read = |row: &Row| {
            Ok(TelemetryTotal {
                metric: row.text("metric")?.to_owned(),
                model: row.text("model")?.to_owned(),
                kind: row.text("kind")?.to_owned(),
                total: row.real("total")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// What requests add up to by model, those that cost most first.
    pub async fn by_model(
        &self,
        tenant: &TenantId,
        filter: &RequestFilter,
    ) -> Result<Vec<(String, TelemetrySum)>, Error> {
        let order = "GROUP BY model ORDER BY cost DESC, model LIMIT ?";
        self.sum_by_name(BY_MODEL, tenant, filter, order).await
    }

    /// What requests add up to by the agent's name, those that cost most first; the empty name is of those without one.
    pub async fn by_agent(
        &self,
        tenant: &TenantId,
        filter: &RequestFilter,
    ) -> Result<Vec<(String, TelemetrySum)>, Error> {
        let order = "GROUP BY COALESCE(agent_name, '') ORDER BY cost DESC, name LIMIT ?";
        self.sum_by_name(BY_AGENT, tenant, filter, order).await
    }

    async fn sum_by_name(
        &self,
        head: &'static str,
        tenant: &TenantId,
        filter: &RequestFilter,
        order: &'static str,
    ) -> Result<Vec<(String, TelemetrySum)>, Error> {
        let select = filtered(head, tenant, filter).tail(order, vec![GROUPS_MAX.into()]);
        let rows = self.0.database.select(&select).await?;
        let read = |row: &Row| Ok((row.text("name")?.to_owned(), read_sum(row)?));
        rows.iter().map(read).collect()
    }

    /// What requests add up to by day (UTC), the newest first; each with its midnight.
    pub async fn by_day(
        &self,
        tenant: &TenantId,
        filter: &RequestFilter,
    ) -> Result<Vec<(Timestamp, TelemetrySum)>, Error> {
        let order = "GROUP BY CAST(at / 86400000000 AS BIGINT) ORDER BY name DESC LIMIT ?";
        let select = filtered(BY_DAY, tenant, filter).tail(order, vec![GROUPS_MAX.into()]);
        let rows = self.0.database.select(&select).await?;
        let read = |row: &Row| {
            let midnight = Timestamp::from_micros(row.int("name")?.saturating_mul(DAY));
            Ok((midnight, read_sum(row)?))
        };
        rows.iter().map(read).collect()
    }
}

fn filtered(head: &'static str, tenant: &TenantId, filter: &RequestFilter) -> Select {
    Select::new(head)
        .filter("tenant_id = ?", tenant.as_str())
        .filter_some("session_id = ?", filter.session_id.as_deref())
        .filter_some("agent_id = ?", filter.agent_id.as_ref().map(Id::as_str))
        .filter_some("model = ?", filter.model.as_deref())
        .filter_some("at >= ?", micros(filter.since))
        .filter_some("at < ?", micros(filter.until))
}

/// What the keys of events at a time begin with: nanoseconds in hexadecimal.
fn key_at(time: Timestamp) -> String {
    format!("{:016x}", time.as_micros().saturating_mul(1000).max(0))
}

fn micros(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_micros)
}

fn read_sum(row: &Row) -> Result<TelemetrySum, Error> {
    let requests = row.count("requests")?;
    Ok(TelemetrySum {
        requests,
        unpriced: requests.saturating_sub(row.count("priced")?),
        tokens: tokens(row)?,
        cost: Money::from_micros(row.count("cost")?),
        duration_ms: row.count("duration_ms")?,
    })
}

fn read_request(row: &Row) -> Result<ModelRequest, Error> {
    let text = |column| Ok::<_, Error>(row.optional_text(column)?.map(str::to_owned));
    Ok(ModelRequest {
        session_id: row.text("session_id")?.to_owned(),
        request_id: row.text("request_id")?.to_owned(),
        at: Timestamp::from_micros(row.int("at")?),
        sequence: optional_count(row, "sequence")?,
        model: row.text("model")?.to_owned(),
        query_source: text("query_source")?,
        agent_name: text("agent_name")?,
        agent_id: row.optional_text("agent_id")?.map(Id::trusted),
        prompt_id: text("prompt_id")?,
        tokens: tokens(row)?,
        cost: optional_count(row, "cost")?.map(Money::from_micros),
        duration_ms: optional_count(row, "duration_ms")?,
    })
}

fn read_event(row: &Row) -> Result<TelemetryEvent, Error> {
    let text = |column| Ok::<_, Error>(row.optional_text(column)?.map(str::to_owned));
    Ok(TelemetryEvent {
        session_id: row.text("session_id")?.to_owned(),
        event_key: row.text("event_key")?.to_owned(),
        name: row.text("name")?.to_owned(),
        kind: EventKind::Other,
        at: Timestamp::from_micros(row.int("at")?),
        sequence: optional_count(row, "sequence")?,
        prompt_id: text("prompt_id")?,
        tool_use_id: text("tool_use_id")?,
        agent_name: text("agent_name")?,
        attributes: row.text("attributes")?.to_owned(),
    })
}

pub(super) fn tokens(row: &Row) -> Result<TokenCounts, Error> {
    Ok(TokenCounts {
        input: row.count("input_tokens")?,
        output: row.count("output_tokens")?,
        cache_read: row.count("cache_read_tokens")?,
        cache_creation: row.count("cache_creation_tokens")?,
    })
}

pub(super) fn optional_count(row: &Row, column: &str) -> Result<Option<u64>, Error> {
    row.optional_int(column)?
        .map(u64::try_from)
        .transpose()
        .map_err(|_| Error::inconsistent(column, "a count is negative"))
}
