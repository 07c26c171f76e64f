//! Who acts: the session, the agent that it runs as, and what is known of both.

use civitas_model::agent::{Lifecycle, as_name, is_name};
use civitas_model::{Agent, AgentSession, Caller, Money};
use civitas_storage::Sighting;
use tokio::try_join;

use super::Gate;
use crate::error::Error;

/// What an event says of who acts and where.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub session_id: String,
    pub client: &'static str,
    /// The name under which the actor runs, when the client says one.
    pub agent_type: Option<String>,
    pub is_sub_agent: bool,
    pub cwd: Option<String>,
    /// The user's home folder, as far as it can be told.
    pub home: Option<String>,
    pub permission_mode: Option<String>,
    pub model: Option<String>,
}

/// Who acts, as it was read just now.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    /// The session as it is with this event.
    pub session: AgentSession,
    /// The revision that was read; none of a session that is new.
    read: Option<u64>,
    /// The agent whose rights hold: its own, or for a sub-agent that nobody registered those of its session.
    pub agent: Option<Agent>,
    pub is_sub_agent: bool,
    /// The name that nobody registered, when the client said one.
    pub unregistered: Option<String>,
    /// What the session has cost, with what is reserved for its calls.
    pub session_cost: Money,
}

impl Gate {
    /// Reads who acts.
    pub(super) async fn actor(&self, caller: &Caller, seen: &Seen) -> Result<Actor, Error> {
        // None needs another's answer, and each is a way to another thread and back.
        let (found, own, session_cost) = try_join!(
            self.session(caller, seen),
            self.named(caller, seen),
            self.session_cost(&caller.tenant_id, &seen.session_id),
        )?;
        let read = found.as_ref().map(|session| session.revision);
        let mut session = found.unwrap_or_else(|| self.new_session(caller, seen));
        if let Some(mode) = &seen.permission_mode {
            session.permission_mode.clone_from(mode);
        }
        if let Some(model) = &seen.model {
            session.model.clone_from(model);
        }
        let unregistered = match (&own, named(seen)) {
            (None, Some(name)) => Some(name.to_owned()),
            _ => None,
        };
        let agent = match own {
            Some(agent) => {
                if !seen.is_sub_agent {
                    bind(&mut session, &agent);
                }
                Some(agent)
            }
            None => self.agent_of(caller, &mut session).await?,
        };
        if !seen.is_sub_agent
            && session.agent_name.is_empty()
            && let Some(name) = &unregistered
        {
            session.agent_name.clone_from(name);
        }
        Ok(Actor {
            session,
            read,
            agent,
            is_sub_agent: seen.is_sub_agent,
            unregistered,
            session_cost,
        })
    }

    async fn session(&self, caller: &Caller, seen: &Seen) -> Result<Option<AgentSession>, Error> {
        let sessions = self.0.store.agent_sessions();
        Ok(sessions.find(&caller.tenant_id, &seen.session_id).await?)
    }

    /// The registered agent of the name that the client says.
    async fn named(&self, caller: &Caller, seen: &Seen) -> Result<Option<Agent>, Error> {
        let Some(name) = named(seen).and_then(as_name) else {
            return Ok(None);
        };
        let agents = self.0.store.agents();
        Ok(agents.find_by_name(&caller.tenant_id, &name).await?)
    }

    /// The agent that a session runs as: the one it was bound to, else the one whose name its credential has.
    async fn agent_of(
        &self,
        caller: &Caller,
        session: &mut AgentSession,
    ) -> Result<Option<Agent>, Error> {
        let agents = self.0.store.agents();
        if let Some(id) = &session.agent_id
            && let Some(agent) = agents.find(&caller.tenant_id, id).await?
        {
            return Ok(Some(agent));
        }
        if !is_name(&caller.name) {
            return Ok(None);
        }
        let agent = agents.find_by_name(&caller.tenant_id, &caller.name).await?;
        if let Some(agent) = &agent {
            bind(session, agent);
        }
        Ok(agent)
    }

    fn new_session(&self, caller: &Caller, seen: &Seen) -> AgentSession {
        let now = self.0.store.clock().now();
        AgentSession {
            tenant_id: caller.tenant_id.clone(),
            session_id: seen.session_id.clone(),
            agent_id: None,
            agent_name: String::new(),
            client: seen.client.to_owned(),
            model: String::new(),
            root: seen.cwd.clone().unwrap_or_default(),
            permission_mode: String::new(),
            reported_by: caller.name.clone(),
            facts: Vec::new(),
            revision: 1,
            calls: 0,
            denied: 0,
            first_seen_at: now,
            last_seen_at: now,
            ended_at: None,
        }
    }
}

/// The name that the client says.
fn named(seen: &Seen) -> Option<&str> {
    seen.agent_type.as_deref().filter(|name| !name.is_empty())
}

/// Lets a session run as an agent.
fn bind(session: &mut AgentSession, agent: &Agent) {
    if session.agent_id.as_ref() != Some(&agent.agent_id) {
        session.agent_id = Some(agent.agent_id.clone());
        session.agent_name.clone_from(&agent.name);
        session.revision += 1;
    }
}

impl Actor {
    /// The name shown for who acts.
    pub(super) fn name(&self) -> &str {
        match (&self.unregistered, &self.agent) {
            (Some(name), _) => name,
            (None, Some(agent)) => &agent.name,
            (None, None) => &self.session.agent_name,
        }
    }

    /// Why the agent may do nothing at all, if so.
    pub(super) fn barred(&self) -> Option<String> {
        let agent = self.agent.as_ref()?;
        (agent.lifecycle != Lifecycle::Active).then(|| {
            let (name, state) = (&agent.name, agent.lifecycle.as_str());
            format!("Denied: the agent {name} is {state}: an administrator puts it to work.")
        })
    }

    /// Learns what a call that runs adds to its session.
    pub(super) fn learn(&mut self, facts: &[String]) {
        let before = self.session.facts.len();
        for fact in facts {
            if !self.session.facts.contains(fact) {
                self.session.facts.push(fact.clone());
            }
        }
        if self.session.facts.len() > before {
            self.session.facts.sort();
            self.session.revision += 1;
        }
    }

    /// What the store is told: so many calls were decided, so many of them not let through.
    pub(super) fn sighting(&self, calls: u64, denied: u64) -> Sighting {
        Sighting {
            session: self.session.clone(),
            read: self.read,
            calls,
            denied,
        }
    }
}
