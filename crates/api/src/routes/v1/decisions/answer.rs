//! Recorded decisions as they are answered.

use civitas_model::Timestamp;
use civitas_storage::Decision;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A decision without its request.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionSummary {
    decision_id: String,
    session_id: String,
    tool_use_id: String,
    /// The event that asked, such as `PreToolUse`.
    event: String,
    /// The agent, when it was registered.
    agent_id: Option<String>,
    agent_name: String,
    tool_name: String,
    /// What policy said: `allow`, `ask`, `deny` or `halt`.
    outcome: String,
    reason: String,
    /// Whether the caller is held still.
    pending: bool,
    /// What policies that are only watched would have said.
    shadow: Option<String>,
    /// The policies that decided.
    fingerprint: String,
    approval_id: Option<String>,
    reservation_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
}

/// A decision with what was asked and answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionResponse {
    decision: DecisionSummary,
    /// What was asked. Texts that no policy looks at are shortened.
    #[schema(value_type = Object)]
    request: Value,
    /// What the caller was answered; null while it is held.
    #[schema(value_type = Option<Object>)]
    answer: Value,
}

impl From<Decision> for DecisionResponse {
    fn from(mut decision: Decision) -> Self {
        let request = decision.request.take();
        let answer = decision.answer.clone();
        Self {
            decision: decision.into(),
            request,
            answer,
        }
    }
}

impl From<Decision> for DecisionSummary {
    fn from(decision: Decision) -> Self {
        Self {
            pending: decision.answer.is_null(),
            decision_id: decision.decision_id,
            session_id: decision.session_id,
            tool_use_id: decision.tool_use_id,
            event: decision.event,
            agent_id: decision.agent_id.map(|id| id.to_string()),
            agent_name: decision.agent_name,
            tool_name: decision.tool_name,
            outcome: decision.outcome,
            reason: decision.reason,
            shadow: decision.shadow,
            fingerprint: decision.fingerprint,
            approval_id: decision.approval_id,
            reservation_id: decision.reservation_id,
            decided_at: decision.at,
        }
    }
}
