//! What an import does to the registry, file by file.

use std::collections::HashSet;

use civitas_model::agent::SourceFile;
use civitas_model::{Agent, AgentId, TenantId, Timestamp};
use sha2::{Digest, Sha256};

use crate::registering::{agent_of, differences, redefine};
use crate::{Definition, Reading};

/// What was done, or in a dry run would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The agent is new.
    Created,
    /// The file was changed since it was read, and its agent with it.
    Updated,
    /// File and agent say the same.
    Unchanged,
    /// The file is as it was read, and the agent was changed in the registry; or the agent was not registered from a file, and this
    /// one has its name only: it stays so.
    Kept,
    /// The file is no agent's.
    Skipped,
    /// It could not be done, for the reason.
    Failed,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::Updated,
        Self::Unchanged,
        Self::Kept,
        Self::Skipped,
        Self::Failed,
    ];

    /// The name used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Kept => "kept",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// What is known of an agent that a file may be about.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The agent with the id that the file says.
    pub by_id: Option<Agent>,
    /// The agent with the name that the file's agent gets.
    pub by_name: Option<Agent>,
    /// The fingerprint of the agent's export: a file that was written back says nothing new.
    pub exported: Option<String>,
}

/// What is to be done for a file.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What.
    pub action: Action,
    /// The agent as it is after that; none of a file that is no agent's.
    pub agent: Option<Agent>,
    /// What of the agent the file changes, or says otherwise.
    pub changes: Vec<&'static str>,
    /// Why it cannot be done, or the agent is kept though no file of it was read before.
    pub reason: Option<String>,
}

impl Plan {
    /// Whether something is to be written: the agent is new, or another than before.
    pub const fn writes(&self) -> bool {
        matches!(self.action, Action::Created | Action::Updated)
    }

    const fn of(action: Action, agent: Option<Agent>) -> Self {
        Self {
            action,
            agent,
            changes: Vec::new(),
            reason: None,
        }
    }
}

/// Plans one import after the other file, and remembers what it planned.
#[derive(Debug)]
pub struct Planner {
    tenant_id: TenantId,
    /// Who answers for agents whose files do not say so.
    owner: String,
    now: Timestamp,
    /// Agents that files of this import change.
    touched: HashSet<AgentId>,
}

impl Planner {
    /// For an import into a tenant.
    pub fn new(tenant_id: TenantId, owner: String, now: Timestamp) -> Self {
        Self {
            tenant_id,
            owner,
            now,
            touched: HashSet::new(),
        }
    }

    /// What is to be done for a file; `new_id` is the id of an agent that is new and whose file says none.
    pub fn plan(&mut self, reading: &Reading, known: Known, new_id: AgentId) -> Plan {
        let Some(definition) = reading.outcome.definition() else {
            return Plan::of(Action::Skipped, None);
        };
        let plan = self.of_definition(reading, definition, known, new_id);
        let agent = plan.agent.as_ref().filter(|_| plan.writes());
        if let Some(agent) = agent
            && !self.touched.insert(agent.agent_id.clone())
        {
            let reason = "the agent changed in the meantime: import the file again".to_owned();
            return Plan {
                action: Action::Failed,
                reason: Some(reason),
                ..plan
            };
        }
        plan
    }

    fn of_definition(
        &self,
        reading: &Reading,
        definition: &Definition,
        known: Known,
        new_id: AgentId,
    ) -> Plan {
        let source = SourceFile {
            path: reading.path.clone(),
            fingerprint: reading.fingerprint.clone(),
        };
        let taken = match (&known.by_id, &known.by_name) {
            (Some(one), Some(other)) => one.agent_id != other.agent_id,
            _ => false,
        };
        let exported = known.exported;
        let Some(known) = known.by_id.or(known.by_name) else {
            let id = definition.agent_id.clone().unwrap_or(new_id);
            let tenant = self.tenant_id.clone();
            let mut agent = agent_of(definition, id, tenant, &self.owner, self.now);
            agent.source = Some(source);
            return Plan::of(Action::Created, Some(agent));
        };
        let is_named_only =
            known.source.is_none() && definition.agent_id.as_ref() != Some(&known.agent_id);
        let known = Agent {
            budget: known.budget.clone().as_of(self.now),
            ..known
        };
        let mut agent = known.clone();
        redefine(&mut agent, definition);
        let changes = differences(&known, &agent);
        let is_same_file = known
            .source
            .as_ref()
            .is_some_and(|known| known.fingerprint == source.fingerprint)
            || exported.is_some_and(|exported| exported == source.fingerprint);
        if is_named_only && !changes.is_empty() && !taken {
            let reason = Some(registered_otherwise(&known));
            return Plan {
                changes,
                reason,
                ..Plan::of(Action::Kept, Some(known))
            };
        }
        if is_same_file || is_named_only && !taken {
            let action = if changes.is_empty() {
                Action::Unchanged
            } else {
                Action::Kept
            };
            return Plan {
                changes,
                ..Plan::of(action, Some(known))
            };
        }
        agent.source = Some(source);
        let plan = Plan {
            changes,
            ..Plan::of(Action::Updated, Some(agent))
        };
        if taken {
            return Plan {
                action: Action::Failed,
                reason: Some(name_taken(&definition.name)),
                ..plan
            };
        }
        plan
    }
}

/// Why an agent that no file was read for is not changed by one that only has its name.
fn registered_otherwise(agent: &Agent) -> String {
    let Agent { name, agent_id, .. } = agent;
    format!(
        "the agent `{name}` was not registered from a file: say `agent_id: {agent_id}` in this one to change it by it, or take another name"
    )
}

/// Why a file whose agent's name, or id, is another's was not taken.
pub fn name_taken(name: &str) -> String {
    format!("another agent has the name `{name}`, or its id: rename one of them")
}

/// An id made of something that is one of a kind: a version 4 UUID (RFC 9562) in its form, the same each time.
pub fn id_from(seed: &str) -> AgentId {
    let digest = Sha256::digest(seed.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let id = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    AgentId::trusted(id.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Input, read};

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn one(text: &str) -> Reading {
        let input = Input {
            path: "a/coder.md",
            text,
            name: None,
            ignores_id: false,
        };
        read(&[input], &crate::roles::RoleBudgets::default()).remove(0)
    }

    fn file(description: &str) -> String {
        format!("---\nname: coder\ndescription: {description}\ntools: Read\n---\nYou code.\n")
    }

    fn planner() -> Planner {
        Planner::new(TenantId::trusted("t"), "someone".into(), NOW)
    }

    #[test]
    fn a_file_creates_then_is_unchanged_then_updates() {
        let reading = one(&file("codes"));
        let made = planner().plan(&reading, Known::default(), id_from("1"));
        assert_eq!(made.action, Action::Created);
        let agent = made.agent.unwrap();
        assert_eq!(
            (agent.name.as_str(), agent.owner.as_str()),
            ("coder", "someone")
        );
        let known = |agent: &Agent| Known {
            by_id: None,
            by_name: Some(agent.clone()),
            ..Known::default()
        };
        let again = planner().plan(&reading, known(&agent), id_from("2"));
        assert_eq!(again.action, Action::Unchanged);
        let mut changed = agent.clone();
        changed.rbac.allowed_tools = vec!["Bash".into()];
        let kept = planner().plan(&reading, known(&changed), id_from("2"));
        assert_eq!((kept.action, kept.changes), (Action::Kept, vec!["rbac"]));
        let text = crate::export(&agent, Some(&file("codes")));
        let written = Known {
            exported: Some(crate::fingerprint(&text)),
            ..known(&agent)
        };
        let back = planner().plan(&one(&text), written, id_from("2"));
        assert_eq!(back.action, Action::Unchanged, "what was written back");
        let other = one(&file("codes better"));
        let updated = planner().plan(&other, known(&agent), id_from("2"));
        assert_eq!(updated.action, Action::Updated);
        assert_eq!(updated.agent.unwrap().agent_id, agent.agent_id);
    }

    #[test]
    fn an_agent_that_was_registered_without_a_file_is_changed_by_none_that_has_its_name_only() {
        let known = |source: bool| {
            let plan = planner().plan(&one(&file("codes")), Known::default(), id_from("1"));
            let mut agent = plan.agent.unwrap();
            agent.source = agent.source.filter(|_| source);
            Known {
                by_id: None,
                by_name: Some(agent),
                ..Known::default()
            }
        };
        let other = file("codes").replace("tools: Read", "tools: Bash");
        let plan = planner().plan(&one(&other), known(false), id_from("2"));
        assert_eq!((plan.action, plan.changes), (Action::Kept, vec!["rbac"]));
        let id = id_from("1");
        let reason = plan.reason.unwrap();
        assert!(reason.contains(&format!("agent_id: {id}")), "{reason}");
        let same = planner().plan(&one(&file("codes")), known(false), id_from("2"));
        assert_eq!((same.action, same.reason), (Action::Unchanged, None));
        // One that was, is; and so is one whose id the file says.
        let plan = planner().plan(&one(&other), known(true), id_from("2"));
        assert_eq!(plan.action, Action::Updated);
        let named = other.replace("tools:", &format!("x-civitas:\n  agent_id: {id}\ntools:"));
        let by_id = Known {
            by_id: known(false).by_name,
            by_name: known(false).by_name,
            ..Known::default()
        };
        let plan = planner().plan(&one(&named), by_id, id_from("2"));
        assert_eq!(plan.action, Action::Updated);
    }

    #[test]
    fn an_agent_is_changed_by_one_file_of_an_import() {
        let agent = planner()
            .plan(&one(&file("codes")), Known::default(), id_from("1"))
            .agent
            .unwrap();
        let known = || Known {
            by_id: None,
            by_name: Some(agent.clone()),
            ..Known::default()
        };
        let mut planner = planner();
        let first = planner.plan(&one(&file("one")), known(), id_from("2"));
        assert_eq!(first.action, Action::Updated);
        let second = planner.plan(&one(&file("two")), known(), id_from("2"));
        assert_eq!(second.action, Action::Failed);
        assert!(second.reason.unwrap().contains("import the file again"));
    }

    #[test]
    fn a_name_that_is_another_agents_is_not_taken() {
        let reading = one(&file("codes"));
        let make = |id: &str| {
            let plan = planner().plan(&reading, Known::default(), id_from(id));
            plan.agent.unwrap()
        };
        let known = Known {
            by_id: Some(make("1")),
            by_name: Some(make("2")),
            ..Known::default()
        };
        let plan = planner().plan(&one(&file("other")), known, id_from("3"));
        assert_eq!(plan.action, Action::Failed);
        assert!(plan.reason.unwrap().contains("another agent has the name"));
    }

    #[test]
    fn an_id_is_a_uuid_of_version_4_and_the_same_each_time() {
        let id = id_from("seed");
        assert_eq!(id, id_from("seed"));
        assert_ne!(id, id_from("other"));
        assert_eq!((id.as_str().len(), id.as_str().as_bytes()[14]), (36, b'4'));
    }
}
