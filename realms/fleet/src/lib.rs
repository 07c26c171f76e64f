//! The fleet realm: who the agents are.
//!
//! What holds:
//! - `import_agents` and `POST /api/v1/registry/import` ask the same planner what a file does, so the same files have the same
//!   effect by either way.
//! - An agent, the entry of the audit log and the journal's entry are one commit.

mod import_agents;

use civitas_intent::Realm;

/// The realm with its intents.
pub fn realm() -> Realm {
    Realm::new("fleet", "Agents: brought in from their files.")
        .intent::<import_agents::ImportAgents>()
}
