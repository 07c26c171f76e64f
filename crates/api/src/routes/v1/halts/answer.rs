//! A halt as it is answered.

use civitas_model::{Halt, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a halt stops.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HaltScope {
    /// `all`, `team`, `agent` or `session`.
    pub(crate) kind: String,
    /// The team's name, the agent's id or name, the session's id; left out for `all`.
    #[serde(default)]
    pub(crate) id: String,
}

/// A halt that was just set.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewHaltResponse {
    #[serde(flatten)]
    pub(crate) halt: HaltResponse,
    /// How many agents of the registry it stops; 0 of a team that nobody is in; null of a session.
    pub(crate) agents: Option<u64>,
}

/// A halt.
#[derive(Serialize, ToSchema)]
pub(crate) struct HaltResponse {
    halt_id: String,
    scope: HaltScope,
    /// Why; agents are told.
    reason: String,
    set_by: String,
    #[schema(value_type = String, format = DateTime)]
    set_at: Timestamp,
    /// Who lifted it; null while it is in force.
    lifted_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    lifted_at: Option<Timestamp>,
}

impl From<&Halt> for HaltResponse {
    fn from(halt: &Halt) -> Self {
        Self {
            halt_id: halt.halt_id.clone(),
            scope: HaltScope {
                kind: halt.scope.kind().to_owned(),
                id: halt.scope.id().to_owned(),
            },
            reason: halt.reason.clone(),
            set_by: halt.set_by.clone(),
            set_at: halt.set_at,
            lifted_by: halt.lifted_by.clone(),
            lifted_at: halt.lifted_at,
        }
    }
}
