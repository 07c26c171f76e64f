//! Halts: the kill switch. What is halted is told to stop at its next event, and starts nothing until the halt is lifted.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, TenantId};
use crate::time::Timestamp;

/// What a halt stops.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum HaltScope {
    /// Every agent of the tenant.
    All,
    /// Every agent of a team.
    Team(String),
    /// One agent.
    Agent(AgentId),
    /// One session.
    Session(String),
}

impl HaltScope {
    /// The kind, as in tables and answers: `all`, `team`, `agent`, `session`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Team(_) => "team",
            Self::Agent(_) => "agent",
            Self::Session(_) => "session",
        }
    }

    /// Which one; empty for all.
    pub fn id(&self) -> &str {
        match self {
            Self::All => "",
            Self::Team(id) | Self::Session(id) => id,
            Self::Agent(id) => id.as_str(),
        }
    }

    /// The scope of a kind and an id.
    pub fn parse(kind: &str, id: &str) -> Option<Self> {
        match (kind, id) {
            ("all", "") => Some(Self::All),
            (_, "") => None,
            ("team", id) => Some(Self::Team(id.to_owned())),
            ("agent", id) => Some(Self::Agent(AgentId::trusted(id))),
            ("session", id) => Some(Self::Session(id.to_owned())),
            _ => None,
        }
    }
}

/// A halt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub halt_id: String,
    /// What it stops.
    pub scope: HaltScope,
    /// Why, in the words of whoever set it: agents are told.
    pub reason: String,
    /// Who set it.
    pub set_by: String,
    /// When.
    pub set_at: Timestamp,
    /// Who lifted it.
    pub lifted_by: Option<String>,
    /// When.
    pub lifted_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_what_its_kind_and_id_say() {
        let all = [
            HaltScope::All,
            HaltScope::Team("payments".into()),
            HaltScope::Agent(AgentId::trusted("a")),
            HaltScope::Session("s".into()),
        ];
        for scope in all {
            assert_eq!(
                HaltScope::parse(scope.kind(), scope.id()),
                Some(scope.clone())
            );
        }
        assert_eq!(HaltScope::parse("team", ""), None);
        assert_eq!(HaltScope::parse("all", "somebody"), None);
        assert_eq!(HaltScope::parse("galaxy", "x"), None);
    }
}
