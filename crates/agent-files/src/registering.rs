//! From a file's definition to an agent, and what of an agent a file decides.

use civitas_model::agent::{AgentBudget, Lifecycle, midnight};
use civitas_model::money::Money;
use civitas_model::{Agent, AgentId, TenantId, Timestamp};
use serde_json::{Value, json};

use crate::Definition;

/// A new agent of this definition. One whose identity was made by rules waits as a draft until somebody has looked at it.
pub fn agent_of(
    definition: &Definition,
    agent_id: AgentId,
    tenant_id: TenantId,
    owner: &str,
    now: Timestamp,
) -> Agent {
    let lifecycle = if definition.is_synthesised {
        Lifecycle::Draft
    } else {
        Lifecycle::Active
    };
    Agent {
        agent_id,
        tenant_id,
        name: definition.name.clone(),
        role: definition.role,
        role_confidence: definition.role_confidence,
        role_reasoning: definition.role_reasoning.clone(),
        capabilities: definition.capabilities.clone(),
        rbac: definition.rbac.clone(),
        budget: AgentBudget {
            max_tokens_per_session: definition.max_tokens_per_session,
            max_cost_per_day: definition.max_cost_per_day,
            currency: definition.currency.clone(),
            tokens_used_today: 0,
            cost_used_today: Money::default(),
            last_reset: midnight(now),
        },
        metadata: definition.metadata.clone(),
        performance: definition.performance.clone(),
        lifecycle: definition.lifecycle.unwrap_or(lifecycle),
        owner: definition.owner.clone().unwrap_or_else(|| owner.to_owned()),
        revision: 1,
        is_synthesised: definition.is_synthesised,
        source: None,
        created_at: now,
        updated_at: now,
        last_active_at: None,
    }
}

/// Puts a definition over an agent that is there. What the registry itself counts and decides stays: usage, performance,
/// lifecycle (an old file does not put a suspended agent to work) and, unless the file says otherwise, the owner.
pub(super) fn redefine(agent: &mut Agent, definition: &Definition) {
    agent.name.clone_from(&definition.name);
    agent.role = definition.role;
    agent.role_confidence = definition.role_confidence;
    agent.role_reasoning.clone_from(&definition.role_reasoning);
    agent.capabilities.clone_from(&definition.capabilities);
    agent.rbac.clone_from(&definition.rbac);
    agent.budget.max_tokens_per_session = definition.max_tokens_per_session;
    agent.budget.max_cost_per_day = definition.max_cost_per_day;
    agent.budget.currency.clone_from(&definition.currency);
    agent.metadata.clone_from(&definition.metadata);
    agent.is_synthesised = definition.is_synthesised;
    if let Some(owner) = &definition.owner {
        agent.owner.clone_from(owner);
    }
}

/// The names of what differs between two definitions of an agent, as answers call it.
pub(super) fn differences(one: &Agent, other: &Agent) -> Vec<&'static str> {
    let sure = (one.role_confidence - other.role_confidence).abs() < 1e-9;
    [
        ("name", one.name == other.name),
        ("role", one.role == other.role),
        ("role_confidence", sure),
        ("capabilities", one.capabilities == other.capabilities),
        ("rbac", one.rbac == other.rbac),
        (
            "budget",
            one.budget.max_tokens_per_session == other.budget.max_tokens_per_session
                && one.budget.max_cost_per_day == other.budget.max_cost_per_day
                && one.budget.currency == other.budget.currency,
        ),
        ("metadata", one.metadata == other.metadata),
        ("owner", one.owner == other.owner),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(name, _)| name)
    .collect()
}

/// What the audit log keeps of an agent: what it is allowed and answered for; not what it has spent or done.
pub fn audited(agent: &Agent) -> Value {
    json!({
        "name": agent.name,
        "role": agent.role,
        "capabilities": agent.capabilities,
        "rbac": agent.rbac,
        "max_tokens_per_session": agent.budget.max_tokens_per_session,
        "max_cost_per_day": agent.budget.max_cost_per_day,
        "currency": agent.budget.currency,
        "metadata": agent.metadata,
        "lifecycle": agent.lifecycle,
        "owner": agent.owner,
        "source": agent.source,
    })
}
