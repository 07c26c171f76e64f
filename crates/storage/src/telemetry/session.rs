//! What is known of a session, while a report of it is taken in.

use civitas_model::agent::Agent;
use civitas_model::telemetry::{
    EventKind, ModelRequest, SessionCounts, SessionFacts, TelemetryEvent, TelemetrySession,
    TokenCounts,
};
use civitas_model::{AgentId, Id, Money, TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement};

use super::sequence::Runs;
use super::{Known, SESSION_EVENTS_MAX, reading};
use crate::json;
use crate::transaction::{Meaning, Stop, Transaction};

pub(super) const FIND: Statement =
    Statement::new(include_str!("../queries/telemetry/find_session.sql"));
const PUT: Statement = Statement::new(include_str!("../queries/telemetry/put_session.sql"));

/// Models that are named of a session.
const MODELS_MAX: usize = 32;

/// What a report of a request adds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Added {
    /// Whether the request itself is new.
    pub(super) is_request: bool,
    /// Tokens that nobody reported before.
    pub(super) tokens: TokenCounts,
    /// Money that nobody reported before.
    pub(super) cost: Money,
    /// Time that nobody reported before, in milliseconds.
    pub(super) duration_ms: u64,
}

impl Added {
    pub(super) fn is_any(self) -> bool {
        self != Self::default()
    }
}

/// A session's row, and what is not in the reading of it.
pub(super) struct State {
    session: TelemetrySession,
    runs: Runs,
    /// Numbers of events that are not noted yet, with their times, and whether the events are new.
    numbers: Vec<(Timestamp, u64, bool)>,
    is_new: bool,
}

impl State {
    pub(super) async fn load(
        tx: &mut Transaction<'_>,
        tenant: &TenantId,
        session_id: &str,
    ) -> Result<Self, Stop> {
        let key = [tenant.as_str().into(), session_id.into()];
        if let Some(row) = tx.query_one(&FIND, &key).await? {
            return Ok(Self {
                runs: json::read(&row, "runs")?,
                session: read(&row)?,
                numbers: Vec::new(),
                is_new: false,
            });
        }
        let session = TelemetrySession {
            session_id: session_id.to_owned(),
            agent_id: None,
            facts: SessionFacts::default(),
            models: Vec::new(),
            first_seen_at: tx.now,
            last_seen_at: Timestamp::default(),
            received_at: tx.now,
            last_sequence: None,
            missing: 0,
            gaps: Vec::new(),
            counts: SessionCounts::default(),
            tokens: TokenCounts::default(),
            cost: Money::default(),
            duration_ms: 0,
        };
        Ok(Self {
            session,
            runs: Runs::default(),
            numbers: Vec::new(),
            is_new: true,
        })
    }

    pub(super) const fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn agent_name(&self) -> Option<&str> {
        self.session.facts.agent_name.as_deref()
    }

    pub(super) fn set_agent(&mut self, agent: &Agent) {
        self.session.agent_id = Some(agent.agent_id.clone());
        let name = &mut self.session.facts.agent_name;
        name.get_or_insert_with(|| agent.name.clone());
    }

    pub(super) fn set_agent_name(&mut self, name: String) {
        self.session.facts.agent_name.get_or_insert(name);
    }

    pub(super) fn session_id(&self) -> &str {
        &self.session.session_id
    }

    pub(super) const fn agent_id(&self) -> Option<&AgentId> {
        self.session.agent_id.as_ref()
    }

    /// What was said first of who is at work holds, but for the client's version.
    pub(super) fn note(&mut self, said: &SessionFacts) {
        let facts = &mut self.session.facts;
        for (known, said) in [
            (&mut facts.agent_name, &said.agent_name),
            (&mut facts.user_id, &said.user_id),
            (&mut facts.user_email, &said.user_email),
            (&mut facts.organization_id, &said.organization_id),
            (&mut facts.client, &said.client),
        ] {
            if known.is_none() {
                known.clone_from(said);
            }
        }
        if said.client_version.is_some() {
            facts.client_version.clone_from(&said.client_version);
        }
    }

    pub(super) fn is_beyond(&self, at: Timestamp, number: u64) -> bool {
        self.runs.is_beyond(at, number)
    }

    /// Notes that there was an event, whatever it was.
    pub(super) fn seen(&mut self, at: Timestamp, number: Option<u64>, is_new: bool) {
        let session = &mut self.session;
        session.first_seen_at = session.first_seen_at.min(at);
        session.last_seen_at = session.last_seen_at.max(at);
        self.numbers
            .extend(number.map(|number| (at, number, is_new)));
    }

    /// Counts what is new of a request.
    pub(super) fn count_request(
        &mut self,
        request: &ModelRequest,
        before: Option<Known>,
        now: Known,
    ) -> Added {
        let session = &mut self.session;
        if before.is_none()
            && session.models.len() < MODELS_MAX
            && !session.models.contains(&request.model)
        {
            session.models.push(request.model.clone());
        }
        let counts = &mut session.counts;
        let was_priced = before.is_some_and(|known| known.cost.is_some());
        match (before.is_some(), was_priced, now.cost.is_some()) {
            (false, _, false) => counts.unpriced += 1,
            (true, false, true) => counts.unpriced = counts.unpriced.saturating_sub(1),
            _ => {}
        }
        let known = before.unwrap_or(Known {
            tokens: TokenCounts::default(),
            cost: None,
            duration_ms: None,
        });
        let micros = |cost: Option<Money>| cost.unwrap_or_default().as_micros();
        let added = Added {
            is_request: before.is_none(),
            tokens: now.tokens.beyond(known.tokens),
            cost: Money::from_micros(micros(now.cost).saturating_sub(micros(known.cost))),
            duration_ms: now
                .duration_ms
                .unwrap_or_default()
                .saturating_sub(known.duration_ms.unwrap_or_default()),
        };
        counts.requests += u64::from(added.is_request);
        session.tokens = session.tokens.plus(added.tokens);
        session.cost = session.cost.plus(added.cost);
        session.duration_ms = session.duration_ms.saturating_add(added.duration_ms);
        added
    }

    /// Counts a new event, and says whether it is kept.
    pub(super) fn count_event(&mut self, event: &TelemetryEvent) -> bool {
        let counts = &mut self.session.counts;
        match event.kind {
            EventKind::Prompt => counts.prompts += 1,
            EventKind::ToolDecision(true) => counts.tools_accepted += 1,
            EventKind::ToolDecision(false) => counts.tools_rejected += 1,
            EventKind::ToolResult(true) => counts.tools_succeeded += 1,
            EventKind::ToolResult(false) => counts.tools_failed += 1,
            EventKind::Error => counts.errors += 1,
            EventKind::Unknown => counts.unknown += 1,
            EventKind::Other => {}
        }
        if counts.events >= SESSION_EVENTS_MAX {
            counts.dropped += 1;
            return false;
        }
        counts.events += 1;
        true
    }

    pub(super) async fn save(
        mut self,
        tx: &mut Transaction<'_>,
        tenant: &TenantId,
    ) -> Result<(), Stop> {
        // Requests and other events share their numbers: in the order of their times, a client that was started again shows.
        self.numbers.sort_unstable();
        for (at, number, is_new) in self.numbers {
            self.runs.note(at, number, is_new);
        }
        let session = self.session;
        let facts = session.facts;
        // Metrics alone say no time of their own.
        let last_seen_at = match session.last_seen_at {
            seen if seen == Timestamp::default() => tx.now,
            seen => seen,
        };
        let params = vec![
            tenant.as_str().into(),
            session.session_id.into(),
            session.agent_id.map(|id| id.as_str().to_owned()).into(),
            facts.agent_name.into(),
            facts.user_id.into(),
            facts.user_email.into(),
            facts.organization_id.into(),
            facts.client.into(),
            facts.client_version.into(),
            json::text(&session.models)?,
            session.first_seen_at.as_micros().into(),
            last_seen_at.as_micros().into(),
            tx.now.as_micros().into(),
            self.runs.last().into(),
            self.runs.missing().into(),
            json::text(&self.runs)?,
            json::text(&session.counts)?,
            session.counts.requests.into(),
            session.tokens.input.into(),
            session.tokens.output.into(),
            session.tokens.cache_read.into(),
            session.tokens.cache_creation.into(),
            session.cost.as_micros().into(),
            session.duration_ms.into(),
        ];
        tx.execute_later(&PUT, params, Meaning::Nothing).await
    }
}

pub(super) fn read(row: &Row) -> Result<TelemetrySession, Error> {
    let text = |column| Ok::<_, Error>(row.optional_text(column)?.map(str::to_owned));
    let runs: Runs = json::read(row, "runs")?;
    Ok(TelemetrySession {
        session_id: row.text("session_id")?.to_owned(),
        agent_id: row.optional_text("agent_id")?.map(Id::trusted),
        facts: SessionFacts {
            agent_name: text("agent_name")?,
            user_id: text("user_id")?,
            user_email: text("user_email")?,
            organization_id: text("organization_id")?,
            client: text("client")?,
            client_version: text("client_version")?,
        },
        models: json::read(row, "models")?,
        first_seen_at: Timestamp::from_micros(row.int("first_seen_at")?),
        last_seen_at: Timestamp::from_micros(row.int("last_seen_at")?),
        received_at: Timestamp::from_micros(row.int("received_at")?),
        last_sequence: reading::optional_count(row, "last_sequence")?,
        missing: row.count("missing")?,
        gaps: runs.gaps(),
        counts: json::read(row, "counts")?,
        tokens: reading::tokens(row)?,
        cost: Money::from_micros(row.count("cost")?),
        duration_ms: row.count("duration_ms")?,
    })
}
