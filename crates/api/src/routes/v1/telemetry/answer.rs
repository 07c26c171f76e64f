//! What the answers about telemetry share.

use civitas_model::telemetry::{Gap, ModelRequest, SessionCounts, TelemetrySession, TokenCounts};
use civitas_model::{AgentId, Money, Timestamp};
use civitas_storage::TelemetrySum;
use serde::Serialize;
use utoipa::ToSchema;

/// Tokens by kind.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenSum {
    input: u64,
    output: u64,
    /// Read from the provider's cache.
    cache_read: u64,
    /// Put into the provider's cache.
    cache_creation: u64,
    /// What budgets of tokens are charged: all but what was read from the cache.
    charged: u64,
}

impl From<TokenCounts> for TokenSum {
    fn from(tokens: TokenCounts) -> Self {
        Self {
            input: tokens.input,
            output: tokens.output,
            cache_read: tokens.cache_read,
            cache_creation: tokens.cache_creation,
            charged: tokens.charged(),
        }
    }
}

/// What requests add up to.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sum {
    requests: u64,
    /// Of these, those whose cost nobody said.
    unpriced: u64,
    tokens: TokenSum,
    #[schema(value_type = f64)]
    cost_usd: Money,
    duration_ms: u64,
}

impl From<TelemetrySum> for Sum {
    fn from(sum: TelemetrySum) -> Self {
        Self {
            requests: sum.requests,
            unpriced: sum.unpriced,
            tokens: sum.tokens.into(),
            cost_usd: sum.cost,
            duration_ms: sum.duration_ms,
        }
    }
}

/// The sum of a model or an agent.
#[derive(Serialize, ToSchema)]
pub(crate) struct NamedSum {
    /// Empty where the client said none.
    name: String,
    #[serde(flatten)]
    sum: Sum,
}

impl From<(String, TelemetrySum)> for NamedSum {
    fn from((name, sum): (String, TelemetrySum)) -> Self {
        Self {
            name,
            sum: sum.into(),
        }
    }
}

/// Numbers of events that did not arrive: the first and the last of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct MissingNumbers {
    first: u64,
    last: u64,
}

impl From<Gap> for MissingNumbers {
    fn from(gap: Gap) -> Self {
        Self {
            first: gap.first,
            last: gap.last,
        }
    }
}

/// What is known of the numbers that a client gives to its events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sequence {
    /// The highest; null while no event had a number.
    last: Option<u64>,
    /// How many are missing.
    missing: u64,
    /// Which, as far as they are kept. A client that was started again counts anew.
    gaps: Vec<MissingNumbers>,
}

/// How often what happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counts {
    requests: u64,
    /// Requests whose cost nobody said.
    unpriced: u64,
    errors: u64,
    prompts: u64,
    tools_accepted: u64,
    tools_rejected: u64,
    tools_succeeded: u64,
    tools_failed: u64,
    events: u64,
    /// Events of a name that is not known.
    unknown: u64,
    /// Events beyond as many as are kept of a session.
    dropped: u64,
}

impl From<SessionCounts> for Counts {
    fn from(counts: SessionCounts) -> Self {
        Self {
            requests: counts.requests,
            unpriced: counts.unpriced,
            errors: counts.errors,
            prompts: counts.prompts,
            tools_accepted: counts.tools_accepted,
            tools_rejected: counts.tools_rejected,
            tools_succeeded: counts.tools_succeeded,
            tools_failed: counts.tools_failed,
            events: counts.events,
            unknown: counts.unknown,
            dropped: counts.dropped,
        }
    }
}

/// What telemetry says of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct TelemetrySessionAnswer {
    session_id: String,
    /// The registered agent; null where none is known.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    agent_name: Option<String>,
    user_id: Option<String>,
    user_email: Option<String>,
    organization_id: Option<String>,
    client: Option<String>,
    client_version: Option<String>,
    models: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// Whether its requests are reported, so that what they cost is charged by telemetry.
    metered: bool,
    tokens: TokenSum,
    #[schema(value_type = f64)]
    cost_usd: Money,
    /// How long its requests took together.
    duration_ms: u64,
    counts: Counts,
    sequence: Sequence,
}

impl From<TelemetrySession> for TelemetrySessionAnswer {
    fn from(session: TelemetrySession) -> Self {
        let facts = session.facts;
        Self {
            session_id: session.session_id,
            agent_id: session.agent_id,
            agent_name: facts.agent_name,
            user_id: facts.user_id,
            user_email: facts.user_email,
            organization_id: facts.organization_id,
            client: facts.client,
            client_version: facts.client_version,
            models: session.models,
            first_seen_at: session.first_seen_at,
            last_seen_at: session.last_seen_at,
            received_at: session.received_at,
            metered: session.counts.requests > 0,
            tokens: session.tokens.into(),
            cost_usd: session.cost,
            duration_ms: session.duration_ms,
            counts: session.counts.into(),
            sequence: Sequence {
                last: session.last_sequence,
                missing: session.missing,
                gaps: session.gaps.into_iter().map(Into::into).collect(),
            },
        }
    }
}

/// A request to a model.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelRequestAnswer {
    session_id: String,
    request_id: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Its number among the session's events.
    sequence: Option<u64>,
    model: String,
    /// What asked: `main`, `subagent`, `auxiliary`.
    query_source: Option<String>,
    /// The agent it is charged to.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    agent_name: Option<String>,
    prompt_id: Option<String>,
    tokens: TokenSum,
    /// Null where the client did not say.
    #[schema(value_type = Option<f64>)]
    cost_usd: Option<Money>,
    duration_ms: Option<u64>,
}

impl From<ModelRequest> for ModelRequestAnswer {
    fn from(request: ModelRequest) -> Self {
        Self {
            session_id: request.session_id,
            request_id: request.request_id,
            at: request.at,
            sequence: request.sequence,
            model: request.model,
            query_source: request.query_source,
            agent_id: request.agent_id,
            agent_name: request.agent_name,
            prompt_id: request.prompt_id,
            tokens: request.tokens.into(),
            cost_usd: request.cost,
            duration_ms: request.duration_ms,
        }
    }
}
