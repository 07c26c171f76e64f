//! Agent sessions: what a coding agent's client does from its start to its end, its sub-agents' work included.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, TenantId};
use crate::time::Timestamp;

/// A session of an agent's client, as its hooks report it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSession {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id, which the client chose.
    pub session_id: String,
    /// The registered agent that it runs as, when that is known.
    pub agent_id: Option<AgentId>,
    /// The name under which it runs; empty when the client said none.
    pub agent_name: String,
    /// The client, such as `claude-code`.
    pub client: String,
    /// The model, as far as it was said.
    pub model: String,
    /// The folder in which it began: the project's root, to which relative scopes are relative.
    pub root: String,
    /// The client's permission mode, such as `bypassPermissions`.
    pub permission_mode: String,
    /// The credential that reported it first: a token's name, an e-mail address.
    pub reported_by: String,
    /// What is known of it for policies, such as `read_secret`. A fact is never forgotten.
    pub facts: Vec<String>,
    /// Counts the changes of its facts and of its agent, from 1: whoever decides on them says which it saw.
    pub revision: u64,
    /// Tool calls that were decided.
    pub calls: u64,
    /// Those of them that were not let through.
    pub denied: u64,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// When it ended; a session that is resumed has not ended.
    pub ended_at: Option<Timestamp>,
}

/// A name under which agents were seen at work that nobody registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnregisteredAgent {
    /// The name, as the client says it.
    pub name: String,
    /// The session it was last seen in.
    pub session_id: String,
    /// How often it was seen.
    pub sightings: u64,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
}
