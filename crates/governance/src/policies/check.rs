//! What the gate would say to a call, with everything that explains it. Nothing is recorded or reserved, and nobody is asked.

use std::sync::Arc;

use civitas_model::agent::as_name;
use civitas_model::budget::{Amount, Pool, Scope, scopes_of};
use civitas_model::{Agent, AgentId, AgentSession, Halt, Money, TenantId};
use civitas_policy::{Agent as Principal, Budget, Decision, Outcome, Request};

use super::{Policies, principal};
use crate::error::Error;
use crate::halts::{Halts, told};
use crate::registry::set_aside;

/// Who calls.
#[derive(Debug, Clone)]
pub enum Who {
    /// An agent, by its id or its name. One that nobody registered is judged as such.
    Agent(String),
    /// Any agent of a role.
    Role(String),
    /// Whoever the session runs as; without one nobody: a system operation.
    Nobody,
}

/// A call to judge.
#[derive(Debug)]
pub struct Question {
    /// Who calls.
    pub who: Who,
    /// The call; its agent is filled in.
    pub request: Request,
    /// A session, whose facts and budget count.
    pub session_id: Option<String>,
    /// Another version than the active one.
    pub version: Option<u64>,
}

/// What policy would say.
#[derive(Debug)]
pub struct Answer {
    /// The version that was asked.
    pub version: u64,
    /// The registered agent.
    pub agent: Option<Agent>,
    /// The halt in force that stops the call, whatever policy says.
    pub halt: Option<Halt>,
    /// The request as it was judged.
    pub request: Request,
    /// The decision.
    pub decision: Decision,
    /// What would be paid from, as it is now.
    pub pools: Vec<Pool>,
}

impl Policies {
    /// Decides a request as the gate would, for an agent that is looked up here. A ledger without room for what the call is
    /// expected to use counts, unless the request brings another judgement.
    ///
    /// # Errors
    ///
    /// There is no such session or version.
    pub async fn check(&self, tenant: &TenantId, question: Question) -> Result<Answer, Error> {
        let Question {
            who,
            mut request,
            session_id,
            version,
        } = question;
        let session = match &session_id {
            Some(id) => Some(self.session(tenant, id).await?),
            None => None,
        };
        let agent = match &who {
            Who::Agent(named) => self.agent(tenant, named).await?,
            Who::Nobody => self.running(tenant, session.as_ref()).await?,
            Who::Role(_) => None,
        };
        match (&agent, who) {
            (Some(agent), _) => request.agent = Some(principal(agent)),
            (None, Who::Agent(named)) => request.unregistered = Some(named),
            (None, Who::Role(role)) => {
                request.agent = Some(Principal {
                    name: format!("any {role}"),
                    ..Principal::new(format!("any-{role}"), role)
                });
            }
            (None, Who::Nobody) => {
                let named = session.as_ref().map(|session| &session.agent_name);
                request.unregistered = named.filter(|name| !name.is_empty()).cloned();
            }
        }
        for fact in session.iter().flat_map(|session| &session.facts) {
            request.facts.learn(fact);
        }
        let active = match version {
            None => self.active(tenant).await?,
            Some(number) => Arc::new(self.version_set(tenant, number).await?),
        };
        let halted_session = session_id.clone();
        let (pools, cost) = self.state(tenant, agent.as_ref(), session_id).await?;
        request.session_micro_usd = request.session_micro_usd.saturating_add(cost);
        let (mut request, mut decision) = self.decide(&active.set, request).await?;
        if request.budget.is_none() && decision.outcome != Outcome::Deny {
            request.budget = shortage(&pools, &decision);
            if request.budget.is_some() {
                (request, decision) = self.decide(&active.set, request).await?;
            }
        }
        if let Some(reason) = agent.as_ref().and_then(set_aside) {
            decision.outcome = Outcome::Deny;
            decision.reason = reason;
        }
        let halt = self.halt(tenant, halted_session, agent.as_ref()).await?;
        if let Some(halt) = &halt {
            decision.outcome = Outcome::Deny;
            decision.reason = told(halt);
        }
        Ok(Answer {
            version: active.number,
            agent,
            halt,
            request,
            decision,
            pools,
        })
    }

    /// The halt that stops the call.
    async fn halt(
        &self,
        tenant: &TenantId,
        session_id: Option<String>,
        agent: Option<&Agent>,
    ) -> Result<Option<Halt>, Error> {
        let halts = Halts::new(self.inner.store.clone(), Arc::clone(&self.inner.entropy));
        let agents: Vec<&Agent> = agent.into_iter().collect();
        let session_id = session_id.unwrap_or_default();
        halts.stopping(tenant, &session_id, &agents).await
    }

    /// The pools that a call would be paid from, and what its session has cost, in micro-dollars.
    async fn state(
        &self,
        tenant: &TenantId,
        agent: Option<&Agent>,
        session_id: Option<String>,
    ) -> Result<(Vec<Pool>, u64), Error> {
        let session = session_id.map(Scope::Session);
        let mut scopes = match agent {
            Some(agent) => scopes_of(agent, None),
            None => vec![Scope::Organisation],
        };
        scopes.extend(session.clone());
        let pools = self.inner.store.budgets().state(tenant, &scopes).await?;
        let of_session = pools
            .iter()
            .find(|pool| Some(&pool.scope) == session.as_ref());
        let cost = of_session.map(|pool| pool.used.plus(pool.reserved).cost.as_micros());
        Ok((pools, cost.unwrap_or(0)))
    }

    async fn session(&self, tenant: &TenantId, id: &str) -> Result<AgentSession, Error> {
        let found = self.inner.store.agent_sessions().find(tenant, id).await?;
        found.ok_or_else(|| Error::NotFound(format!("there is no session `{id}`")))
    }

    /// The agent that a session runs as.
    async fn running(
        &self,
        tenant: &TenantId,
        session: Option<&AgentSession>,
    ) -> Result<Option<Agent>, Error> {
        let Some(session) = session else {
            return Ok(None);
        };
        if let Some(id) = &session.agent_id
            && let Some(agent) = self.inner.store.agents().find(tenant, id).await?
        {
            return Ok(Some(agent));
        }
        self.agent(tenant, &session.agent_name).await
    }

    /// The agent of an id, or else of a name as clients say it.
    async fn agent(&self, tenant: &TenantId, named: &str) -> Result<Option<Agent>, Error> {
        let agents = self.inner.store.agents();
        if let Ok(id) = AgentId::new(named)
            && let Some(agent) = agents.find(tenant, &id).await?
        {
            return Ok(Some(agent));
        }
        match as_name(named) {
            Some(name) => Ok(agents.find_by_name(tenant, &name).await?),
            None => Ok(None),
        }
    }
}

/// The judgement of the first pool that has no room.
fn shortage(pools: &[Pool], decision: &Decision) -> Option<Budget> {
    let expected = decision.expected;
    let amount = Amount::new(expected.tokens, Money::from_micros(expected.micro_usd));
    pools.iter().find_map(|pool| {
        let short = pool.refuses(amount)?;
        let number = |value: u64| match short.what {
            "tokens" => value.to_string(),
            _ => format!("{} USD", Money::from_micros(value).as_units()),
        };
        let waits = if pool.waits {
            ", and the call waits until there is"
        } else {
            ""
        };
        let reason = format!(
            "the budget {} has no room{waits}: {} of {} are used and {} reserved, and {} are expected",
            pool.scope,
            number(short.used),
            number(short.cap),
            number(short.reserved),
            number(short.asked)
        );
        Some(Budget {
            outcome: Outcome::Deny,
            reason,
        })
    })
}
