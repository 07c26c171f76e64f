//! Who acts: the session, the agent that it runs as, and what is known of both.

use civitas_model::agent::{as_name, is_name};
use civitas_model::{Agent, AgentSession, Caller, Money};
use civitas_policy::PolicySet;
use civitas_storage::{Acting, Sighting};

use super::Gate;
use crate::error::Error;
use crate::registry::set_aside;

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
    /// Another registered agent that the client says this is, or that the session runs as. Its limits hold, too: a name that is said
    /// never gives more than the session has.
    pub also: Option<Agent>,
    /// Of a registered sub-agent, the agent that its session runs as, which started it: what stops that one stops this one, too.
    pub parent: Option<Agent>,
    pub is_sub_agent: bool,
    /// The name that nobody registered, when the client said one.
    pub unregistered: Option<String>,
    /// What the session has cost, with what is reserved for its calls.
    pub session_cost: Money,
    /// Whether the call is one of an agent that is named and not known: by itself, or by its session.
    pub is_unknown: bool,
}

/// As whom a session runs.
enum Running {
    /// This agent of the registry.
    Registered(Box<Agent>),
    /// A name that the registry does not know, or does not know any more.
    Unknown(String),
    /// Nobody was named.
    Nobody,
}

impl Gate {
    /// Reads who acts.
    ///
    /// A session is bound to the first agent that is named in it, before any of its calls was decided; after that people bind it. A
    /// credential with an agent's name acts as that agent, whatever an event says.
    pub(super) async fn actor(&self, caller: &Caller, seen: &Seen) -> Result<Actor, Error> {
        let said = named(seen).and_then(as_name);
        // A credential is made for the agent whose name it has.
        let credential = Some(caller.name.as_str()).filter(|name| is_name(name));
        let names = [said.as_deref(), credential];
        let sessions = self.0.store.agent_sessions();
        let known = sessions
            .acting(&caller.tenant_id, &seen.session_id, names)
            .await?;
        let Acting {
            session: found,
            pool,
            agents: [own, of_credential],
        } = known;
        let spent = pool.map(|pool| pool.used.plus(pool.reserved).cost);
        let read = found.as_ref().map(|session| session.revision);
        let mut session = found.unwrap_or_else(|| self.new_session(caller, seen));
        if let Some(mode) = &seen.permission_mode {
            session.permission_mode.clone_from(mode);
        }
        if let Some(model) = &seen.model {
            session.model.clone_from(model);
        }
        if session.root.is_empty()
            && let Some(cwd) = &seen.cwd
        {
            session.root.clone_from(cwd);
        }
        let unregistered = match (&own, named(seen)) {
            (None, Some(name)) => Some(name.to_owned()),
            _ => None,
        };
        if !seen.is_sub_agent
            && session.agent_name.is_empty()
            && let Some(name) = &unregistered
        {
            session.agent_name.clone_from(name);
        }
        let mut actor = Actor {
            session,
            read,
            agent: None,
            also: None,
            parent: None,
            is_sub_agent: seen.is_sub_agent,
            unregistered,
            session_cost: spent.unwrap_or_default(),
            is_unknown: false,
        };
        let running = self.running(caller, &actor.session, own.as_ref()).await?;
        if seen.is_sub_agent
            && let Some(own) = own
        {
            actor.parent = match (of_credential, running) {
                (Some(agent), _) => other(&own, Some(agent)),
                (None, Running::Registered(agent)) => other(&own, Some(*agent)),
                (None, _) => None,
            };
            actor.agent = Some(own);
            return Ok(actor);
        }
        actor.run_as(of_credential, running, own);
        Ok(actor)
    }

    /// As whom a session runs: as the agent it was bound to, else under the name that was said first, which somebody may have
    /// registered since.
    async fn running(
        &self,
        caller: &Caller,
        session: &AgentSession,
        own: Option<&Agent>,
    ) -> Result<Running, Error> {
        if let Some(id) = &session.agent_id {
            let read = own.filter(|own| own.agent_id == *id).cloned();
            let found = match read {
                Some(agent) => Some(agent),
                None => self.0.store.agents().find(&caller.tenant_id, id).await?,
            };
            if let Some(agent) = found {
                return Ok(Running::Registered(Box::new(agent)));
            }
        }
        if session.agent_name.is_empty() {
            return Ok(Running::Nobody);
        }
        let found = match as_name(&session.agent_name) {
            Some(name) => {
                let agents = self.0.store.agents();
                agents.find_by_name(&caller.tenant_id, &name).await?
            }
            None => None,
        };
        Ok(found.map_or_else(
            || Running::Unknown(session.agent_name.clone()),
            |agent| Running::Registered(Box::new(agent)),
        ))
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

/// An agent, unless it is this one.
fn other(agent: &Agent, other: Option<Agent>) -> Option<Agent> {
    other.filter(|other| other.agent_id != agent.agent_id)
}

impl Actor {
    /// Settles whose rights hold: those of the credential's agent, of the session's, or of the first one that is named.
    fn run_as(&mut self, of_credential: Option<Agent>, running: Running, own: Option<Agent>) {
        let session = &mut self.session;
        let is_new = session.calls == 0 && session.agent_id.is_none();
        self.is_unknown = self.unregistered.is_some() && !self.is_sub_agent;
        let (agent, bound) = match (of_credential, running) {
            (Some(agent), Running::Registered(bound)) => {
                let bound = other(&agent, Some(*bound));
                (Some(agent), bound)
            }
            (Some(agent), _) => {
                if is_new {
                    bind(session, &agent);
                }
                (Some(agent), None)
            }
            (None, Running::Registered(bound)) => {
                bind(session, &bound);
                (Some(*bound), None)
            }
            (None, Running::Unknown(name)) => {
                self.is_unknown = true;
                if !self.is_sub_agent && self.unregistered.is_none() {
                    self.unregistered = Some(name);
                }
                (None, None)
            }
            (None, Running::Nobody) => match &own {
                Some(first) if is_new => {
                    bind(session, first);
                    (own.clone(), None)
                }
                // It began without a name, and what it had then is a limit from now on, too.
                _ => (None, None),
            },
        };
        self.also = bound.or_else(|| match &agent {
            Some(agent) => other(agent, own),
            None => own,
        });
        self.agent = agent;
    }

    /// The name shown for who acts.
    pub(super) fn name(&self) -> &str {
        match (&self.unregistered, &self.agent) {
            (Some(name), _) => name,
            (None, Some(agent)) => &agent.name,
            (None, None) => &self.session.agent_name,
        }
    }

    /// The other agent that was named, which an entry says: a session runs as one.
    pub(super) fn also_named(&self) -> Option<&str> {
        self.also.as_ref().map(|agent| agent.name.as_str())
    }

    /// The agents whose state counts: one that is stopped or not at work stops the call.
    pub(super) fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agent.iter().chain(&self.also).chain(&self.parent)
    }

    /// Another agent whose limits hold beside the agent's own: one that was named besides, or the one that started it when that
    /// one's role has a lower level, so that nobody gets more by starting somebody else.
    pub(super) fn limited_by(&self, policies: &PolicySet) -> Option<&Agent> {
        let level = |agent: &Agent| {
            let role = policies.tables().roles.get(agent.role.as_str());
            role.map_or(0, |role| role.level)
        };
        let own = self.agent.as_ref().map_or(0, level);
        let parent = self.parent.as_ref().filter(|parent| level(parent) < own);
        self.also.as_ref().or(parent)
    }

    /// Why the agent may do nothing at all, if so.
    pub(super) fn barred(&self) -> Option<String> {
        self.agents().find_map(set_aside)
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
