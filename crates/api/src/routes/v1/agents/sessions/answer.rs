//! An agent session as it is answered.

use civitas_model::{AgentId, AgentSession, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A session of an agent's client.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgentSessionResponse {
    session_id: String,
    /// The registered agent that it runs as; null when there is none.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// The name under which it runs; empty when the client said none.
    agent_name: String,
    /// Whether it runs as a registered agent.
    is_registered: bool,
    client: String,
    model: String,
    /// The folder in which it began.
    root: String,
    permission_mode: String,
    reported_by: String,
    /// What is known of it for policies, such as `read_secret`.
    facts: Vec<String>,
    /// Tool calls that were decided.
    calls: u64,
    /// Those that were not let through.
    denied: u64,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

impl From<AgentSession> for AgentSessionResponse {
    fn from(session: AgentSession) -> Self {
        Self {
            session_id: session.session_id,
            is_registered: session.agent_id.is_some(),
            agent_id: session.agent_id,
            agent_name: session.agent_name,
            client: session.client,
            model: session.model,
            root: session.root,
            permission_mode: session.permission_mode,
            reported_by: session.reported_by,
            facts: session.facts,
            calls: session.calls,
            denied: session.denied,
            first_seen_at: session.first_seen_at,
            last_seen_at: session.last_seen_at,
            ended_at: session.ended_at,
        }
    }
}
