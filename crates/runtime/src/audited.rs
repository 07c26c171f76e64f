//! What the audit log is told of what handlers write.

use civitas_audit::{Actor, NewEntry};
use civitas_model::execution::Intent;
use civitas_model::{Id, Write};

use crate::runtime::Engine;

/// The category of changes of agents, whoever makes them.
const REGISTRY: &str = "registry";

/// The entries that belong to writes: they are committed together.
pub(crate) fn entries(engine: &Engine, intent: &Intent, writes: &[Write]) -> Vec<NewEntry> {
    let agents = writes.iter().filter_map(|write| match write {
        Write::Agent(write) => Some(write),
        _ => None,
    });
    let (clock, entropy) = (engine.clock.as_ref(), engine.entropy.as_ref());
    agents
        .map(|write| {
            let action = if write.is_new {
                "register_agent"
            } else {
                "change_agent"
            };
            let actor = intent.user_id.as_ref().map_or_else(
                || Actor::system(&intent.intent_type),
                |user| Actor::new("user", Id::as_str(user)),
            );
            let tenant = &intent.tenant_id;
            NewEntry::new(clock, entropy, tenant, actor, REGISTRY, action)
                .on("agent", write.agent.agent_id.as_str())
                .with_body(&write.audited, entropy)
        })
        .collect()
}
