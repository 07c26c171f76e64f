//! Telemetry: what agents' clients report of their sessions, kept so that a repeated report changes nothing.
//!
//! - A request to a model has an id within its session. What is known of it already counts once; a later report that knows more
//!   of it adds the difference.
//! - Other events have keys. Whether an event was there before is looked up only where its number does not say so.
//! - A series of a metric remembers its last point, so that totals are right for both temporalities.
//!
//! What new requests used is charged to the pools of budgets in the same commit, and moves their agent.

mod charge;
mod reading;
mod retention;
mod sequence;
mod series;
mod session;

use std::collections::{HashMap, HashSet};

use civitas_audit::NewEntry;
use civitas_model::telemetry::{
    MetricPoint, ModelRequest, SessionFacts, TelemetryEvent, TokenCounts,
};
use civitas_model::{MetricId, Money, TenantId};
use civitas_sql::{Row, Statement, Val};

use crate::audit;
use crate::changeset::{Change, Refusal};
use crate::transaction::{Meaning, Stop, Transaction};

use charge::Charges;
pub use reading::{RequestFilter, SessionFilter, Telemetry, TelemetrySum, TelemetryTotal};
pub(crate) use retention::delete_old;
use session::State;

const PUT_REQUEST: Statement = Statement::new(include_str!("queries/telemetry/put_request.sql"));
const PUT_EVENT: Statement = Statement::new(include_str!("queries/telemetry/put_event.sql"));
const KNOWN_REQUESTS: Statement =
    Statement::new(include_str!("queries/telemetry/known_requests.sql"));
const KNOWN_EVENTS: Statement = Statement::new(include_str!("queries/telemetry/known_events.sql"));

/// Sessions that telemetry of a tenant may be kept of.
pub const TELEMETRY_SESSIONS_MAX: u64 = 200_000;
/// Events that are kept of one session; those beyond are counted.
pub const SESSION_EVENTS_MAX: u64 = 100_000;
/// Ids that one statement asks about.
const ASKED: usize = 32;

/// What was reported of one session.
#[derive(Debug)]
pub struct SessionReport {
    /// Which.
    pub session_id: String,
    /// Who is at work.
    pub facts: SessionFacts,
    /// Requests to models, in the order of their times.
    pub requests: Vec<ModelRequest>,
    /// Other events, in the order of their times.
    pub events: Vec<TelemetryEvent>,
    /// Points of metrics, in the order of their times.
    pub points: Vec<MetricPoint>,
    /// Written when the session is new.
    pub begun: NewEntry,
    /// Written with what the report charges, when it charges something.
    pub charged: NewEntry,
    /// Random bytes for its body, which is known only when it is written: storage draws none.
    pub charged_salt: [u8; 32],
    /// The ids of the metrics that requests of these agents become, by the name that the client says.
    pub metric_ids: HashMap<Option<String>, MetricId>,
}

/// Keeps what was reported, each part once, and charges what is new of it.
#[derive(Debug)]
pub struct IngestTelemetry {
    /// Whose.
    pub tenant_id: TenantId,
    /// By session.
    pub sessions: Vec<SessionReport>,
}

impl From<IngestTelemetry> for Change {
    fn from(change: IngestTelemetry) -> Self {
        Self::IngestTelemetry(change)
    }
}

impl IngestTelemetry {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let mut charges = Charges::new(&self.tenant_id);
        for report in &self.sessions {
            let mut state = State::load(tx, &self.tenant_id, &report.session_id).await?;
            if state.is_new() {
                begin(tx, &self.tenant_id, report).await?;
            }
            state.note(&report.facts);
            charges.find_agent(tx, &mut state).await?;
            // A number above all that were seen is a new event's: nothing need be looked up on the usual way.
            let doubtful = doubtful(report, &state);
            requests(tx, &self.tenant_id, report, &mut state, &mut charges).await?;
            events(tx, &self.tenant_id, report, &doubtful, &mut state).await?;
            series::take(tx, &self.tenant_id, report).await?;
            state.save(tx, &self.tenant_id).await?;
        }
        charges.settle(tx).await
    }
}

/// A session that telemetry speaks of for the first time.
async fn begin(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    report: &SessionReport,
) -> Result<(), Stop> {
    const COUNT: Statement = Statement::new(include_str!("queries/telemetry/count_sessions.sql"));
    let row = tx.query_one(&COUNT, &[tenant.as_str().into()]).await?;
    if row.map_or(Ok(0), |row| row.count("count"))? >= TELEMETRY_SESSIONS_MAX {
        let what = "sessions have telemetry: older ones are forgotten by and by";
        let max = TELEMETRY_SESSIONS_MAX;
        return Err(Refusal::TooMany { what, max }.into());
    }
    audit::append(tx, &report.begun).await
}

/// What is known of a request.
#[derive(Clone, Copy)]
struct Known {
    tokens: TokenCounts,
    cost: Option<Money>,
    duration_ms: Option<u64>,
}

async fn requests(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    report: &SessionReport,
    state: &mut State,
    charges: &mut Charges<'_>,
) -> Result<(), Stop> {
    let ids = report.requests.iter().map(|request| &*request.request_id);
    let mut known = HashMap::new();
    for row in known_rows(tx, &KNOWN_REQUESTS, tenant, &report.session_id, ids).await? {
        let facts = Known {
            tokens: reading::tokens(&row)?,
            cost: reading::optional_count(&row, "cost")?.map(Money::from_micros),
            duration_ms: reading::optional_count(&row, "duration_ms")?,
        };
        known.insert(row.text("request_id")?.to_owned(), facts);
    }
    for request in &report.requests {
        let before = known.get(&request.request_id).copied();
        state.seen(request.at, request.sequence, before.is_none());
        let tokens = before.map_or(request.tokens, |known| known.tokens.or_more(request.tokens));
        let now = Known {
            tokens,
            cost: request.cost.max(before.and_then(|known| known.cost)),
            duration_ms: request
                .duration_ms
                .max(before.and_then(|known| known.duration_ms)),
        };
        known.insert(request.request_id.clone(), now);
        let agent = charges.agent_of(tx, state, request).await?;
        let new = state.count_request(request, before, now);
        if before.is_some() && !new.is_any() {
            continue;
        }
        charges.add(report, state, request, agent.as_ref(), new);
        let params = vec![
            tenant.as_str().into(),
            report.session_id.as_str().into(),
            request.request_id.as_str().into(),
            request.at.as_micros().into(),
            tx.now.as_micros().into(),
            request.sequence.into(),
            request.model.as_str().into(),
            request.query_source.as_deref().into(),
            agent
                .as_ref()
                .map(|agent| agent.agent_id.as_str().to_owned())
                .into(),
            request.agent_name.as_deref().or(state.agent_name()).into(),
            request.prompt_id.as_deref().into(),
            now.tokens.input.into(),
            now.tokens.output.into(),
            now.tokens.cache_read.into(),
            now.tokens.cache_creation.into(),
            now.cost.map(Money::as_micros).into(),
            now.duration_ms.into(),
        ];
        tx.execute_later(&PUT_REQUEST, params, Meaning::Nothing)
            .await?;
    }
    Ok(())
}

/// The keys of events of which it is not certain that they are new.
fn doubtful<'a>(report: &'a SessionReport, state: &State) -> Vec<&'a str> {
    let events = report.events.iter().filter(|event| {
        event
            .sequence
            .is_none_or(|number| !state.is_beyond(event.at, number))
    });
    events.map(|event| &*event.event_key).collect()
}

async fn events(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    report: &SessionReport,
    doubtful: &[&str],
    state: &mut State,
) -> Result<(), Stop> {
    let keys = doubtful.iter().copied();
    let rows = known_rows(tx, &KNOWN_EVENTS, tenant, &report.session_id, keys).await?;
    let mut known = HashSet::with_capacity(report.events.len());
    for row in &rows {
        known.insert(row.text("event_key")?);
    }
    for event in &report.events {
        let is_new = known.insert(&event.event_key);
        state.seen(event.at, event.sequence, is_new);
        if !is_new || !state.count_event(event) {
            continue;
        }
        let params = vec![
            tenant.as_str().into(),
            report.session_id.as_str().into(),
            event.event_key.as_str().into(),
            event.name.as_str().into(),
            event.at.as_micros().into(),
            tx.now.as_micros().into(),
            event.sequence.into(),
            event.prompt_id.as_deref().into(),
            event.tool_use_id.as_deref().into(),
            event.agent_name.as_deref().into(),
            event.attributes.as_str().into(),
        ];
        tx.execute_later(&PUT_EVENT, params, Meaning::Nothing)
            .await?;
    }
    Ok(())
}

/// Rows of a session that have one of these ids.
async fn known_rows<'a>(
    tx: &mut Transaction<'_>,
    statement: &Statement,
    tenant: &TenantId,
    session_id: &str,
    mut ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    loop {
        let mut params: Vec<Val> = Vec::with_capacity(ASKED + 2);
        params.push(tenant.as_str().into());
        params.push(session_id.into());
        params.extend(ids.by_ref().take(ASKED).map(Val::from));
        if params.len() == 2 {
            return Ok(rows);
        }
        // The list has one length: the last id fills it up.
        if let Some(last) = params.last().cloned() {
            params.resize(ASKED + 2, last);
        }
        rows.extend(tx.query(statement, &params).await?);
    }
}
