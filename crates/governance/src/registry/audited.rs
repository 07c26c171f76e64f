//! What the audit log says about changes of the registry: who made them, and what an agent is from then on.

use civitas_agent_files::audited;
use civitas_audit::NewEntry;
use civitas_model::agent::Lifecycle;
use civitas_model::{AgentId, Caller};
use civitas_storage::{AgentChange, Changeset};
use serde_json::Value;

use super::Registry;

/// The category of these entries.
const CATEGORY: &str = "registry";

impl Registry {
    /// The change, together with its entry.
    pub(super) fn audited(&self, caller: &Caller, change: AgentChange) -> Changeset {
        let entry = about(&change).map(|(action, id, body)| {
            let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
            let tenant = &caller.tenant_id;
            let entry = NewEntry::new(clock, entropy, tenant, caller.into(), CATEGORY, action);
            let entry = entry.on("agent", id.as_str());
            match body {
                Some(body) => entry.with_body(&body, entropy),
                None => entry,
            }
        });
        let changeset = Changeset::new().with(change);
        match entry {
            Some(entry) => changeset.with(entry),
            None => changeset,
        }
    }
}

/// What was done to which agent, and what it is then. That an agent is still at work is no change of the registry.
fn about(change: &AgentChange) -> Option<(&'static str, &AgentId, Option<Value>)> {
    Some(match change {
        AgentChange::Insert { agent, .. } => {
            ("register_agent", &agent.agent_id, Some(audited(agent)))
        }
        AgentChange::Update { agent, .. } => {
            ("change_agent", &agent.agent_id, Some(audited(agent)))
        }
        AgentChange::Delete { agent_id, .. } => ("remove_agent", agent_id, None),
        AgentChange::Activate {
            from: Lifecycle::Active,
            ..
        }
        | AgentChange::Seen { .. }
        // Its entries come with the activation that it is part of.
        | AgentChange::FollowRole(_) => return None,
        AgentChange::Activate { agent_id, .. } => (step(Lifecycle::Active), agent_id, None),
        AgentChange::SetLifecycle { agent_id, to, .. } => (step(*to), agent_id, None),
    })
}

const fn step(to: Lifecycle) -> &'static str {
    match to {
        Lifecycle::Draft => "draft_agent",
        Lifecycle::Active => "activate_agent",
        Lifecycle::Suspended => "suspend_agent",
        Lifecycle::Retired => "retire_agent",
    }
}
