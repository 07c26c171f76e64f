//! What clients read of an agent's operation, and how an entry of the audit log holds it.

use civitas_audit::{Actor, NewEntry, Stored};
use civitas_model::{Caller, Clock, Entropy, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The category of entries about agents, and the kind of their actors.
pub(crate) const AGENT: &str = "agent";

/// What is personal or large about an operation: the entry's body.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(crate) agent_name: Option<String>,
    pub(crate) operation_detail: Option<String>,
    pub(crate) target_resource: Option<String>,
    pub(crate) target_type: Option<String>,
    pub(crate) rbac_reason: Option<String>,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) tokens_used: Option<u64>,
    pub(crate) context: Option<Map<String, Value>>,
    /// Who reported it.
    pub(crate) reported_by: Option<String>,
}

impl Facts {
    /// Those of an entry; empty when its body was dropped.
    pub(crate) fn of(stored: &Stored) -> Self {
        let body = stored.body.as_ref();
        body.and_then(|body| serde_json::from_str(&body.text).ok())
            .unwrap_or_default()
    }

    /// The session it happened in, as the context names it.
    pub(crate) fn session(&self) -> Option<String> {
        let named = self.context.as_ref()?.get("session_id")?.as_str()?;
        let scope = format!("session:{named}");
        civitas_model::budget::Scope::parse(&scope).map(|_| named.to_owned())
    }

    /// The entry that holds them.
    pub(crate) fn into_entry(
        self,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
        caller: &Caller,
        agent: Actor,
        operation: String,
    ) -> NewEntry {
        NewEntry::new(clock, entropy, &caller.tenant_id, agent, AGENT, operation)
            .with_body(&json!(self), entropy)
    }
}

/// The agent that did it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditAgent {
    /// Its id; `unknown` when it was not said.
    agent_id: String,
    /// The same, for clients that read it here.
    id: String,
    name: Option<String>,
    role: Option<String>,
}

/// What it did.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditOperation {
    /// Its type; `unknown` when it was not said.
    r#type: String,
    detail: Option<String>,
}

/// To what.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditTarget {
    resource: Option<String>,
    r#type: Option<String>,
}

/// What was decided about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditDecision {
    /// The decision; `unknown` when it was not said.
    decision: String,
    reason: Option<String>,
}

/// What it cost.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditCost {
    usd: Option<f64>,
    tokens_used: Option<u64>,
    /// The same, for clients that read it here.
    tokens: Option<u64>,
}

/// An operation of an agent. What retention has dropped is null.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditLog {
    /// The id of the entry in the audit log.
    audit_id: String,
    agent: AuditAgent,
    operation: AuditOperation,
    target: AuditTarget,
    rbac: AuditDecision,
    cost: AuditCost,
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
}

impl AuditLog {
    /// An entry as clients read it.
    pub(crate) fn of(stored: &Stored) -> Self {
        let (entry, facts) = (&stored.entry, Facts::of(stored));
        Self {
            audit_id: entry.entry_id.clone(),
            agent: AuditAgent {
                agent_id: entry.actor.id.clone(),
                id: entry.actor.id.clone(),
                name: facts.agent_name,
                role: entry.actor.role.clone(),
            },
            operation: AuditOperation {
                r#type: entry.action.clone(),
                detail: facts.operation_detail,
            },
            target: AuditTarget {
                resource: facts.target_resource,
                r#type: facts.target_type,
            },
            rbac: AuditDecision {
                decision: entry.outcome.clone(),
                reason: facts.rbac_reason,
            },
            cost: AuditCost {
                usd: facts.cost_usd,
                tokens_used: facts.tokens_used,
                tokens: facts.tokens_used,
            },
            context: facts.context,
            timestamp: entry.time,
        }
    }
}
