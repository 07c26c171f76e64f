//! What policy would say to a call, with everything that explains it. Nothing is recorded or reserved.

use std::sync::Arc;

use civitas_model::agent::Lifecycle;
use civitas_model::budget::{Amount, Pool, Scope, scopes_of};
use civitas_model::{Agent, AgentId, Money, TenantId};
use civitas_policy::{Agent as Principal, Budget, Decision, Outcome, Request};

use super::{Policies, principal};
use crate::error::Error;

/// Who calls.
#[derive(Debug, Clone)]
pub enum Who {
    /// A registered agent, by its id or its name.
    Registered(String),
    /// Any agent of a role.
    Role(String),
    /// Nobody: a system operation.
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
    /// The request as it was judged.
    pub request: Request,
    /// The decision.
    pub decision: Decision,
    /// What would be paid from, as it is now; nothing where neither an agent is registered nor a session named.
    pub pools: Vec<Pool>,
}

impl Policies {
    /// Decides a request as the gate would, for an agent that is looked up here. A ledger without room for what the call is
    /// expected to use counts, unless the request brings another judgement.
    ///
    /// # Errors
    ///
    /// There is no such agent, session or version.
    pub async fn check(&self, tenant: &TenantId, question: Question) -> Result<Answer, Error> {
        let Question {
            who,
            mut request,
            session_id,
            version,
        } = question;
        let store = &self.inner.store;
        let agent = match &who {
            Who::Registered(named) => Some(self.agent(tenant, named).await?),
            Who::Role(_) | Who::Nobody => None,
        };
        request.agent = match (&agent, who) {
            (Some(agent), _) => Some(principal(agent)),
            (None, Who::Role(role)) => Some(Principal {
                name: format!("any {role}"),
                ..Principal::new(format!("any-{role}"), role)
            }),
            _ => None,
        };
        if let Some(session_id) = &session_id {
            let session = store.agent_sessions().find(tenant, session_id).await?;
            let missing = || Error::NotFound(format!("there is no session `{session_id}`"));
            for fact in &session.ok_or_else(missing)?.facts {
                request.facts.learn(fact);
            }
        }
        let active = match version {
            None => self.active(tenant).await?,
            Some(number) => Arc::new(self.version_set(tenant, number).await?),
        };
        let (pools, cost) = self.state(tenant, agent.as_ref(), session_id).await?;
        request.session_micro_usd = request.session_micro_usd.saturating_add(cost);
        let (mut request, mut decision) = self.decide(&active.set, request).await?;
        if request.budget.is_none() && decision.outcome != Outcome::Deny {
            request.budget = shortage(&pools, &decision);
            if request.budget.is_some() {
                (request, decision) = self.decide(&active.set, request).await?;
            }
        }
        if let Some(agent) = &agent
            && agent.lifecycle != Lifecycle::Active
        {
            let (name, state) = (&agent.name, agent.lifecycle.as_str());
            decision.warnings.push(format!(
                "the agent {name} is {state}, and only active agents work"
            ));
        }
        Ok(Answer {
            version: active.number,
            agent,
            request,
            decision,
            pools,
        })
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
            None => Vec::new(),
        };
        scopes.extend(session.clone());
        if scopes.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let pools = self.inner.store.budgets().state(tenant, &scopes).await?;
        let of_session = pools
            .iter()
            .find(|pool| Some(&pool.scope) == session.as_ref());
        let cost = of_session.map(|pool| pool.used.plus(pool.reserved).cost.as_micros());
        Ok((pools, cost.unwrap_or(0)))
    }

    /// The agent of an id, or else of a name.
    async fn agent(&self, tenant: &TenantId, named: &str) -> Result<Agent, Error> {
        let agents = self.inner.store.agents();
        let missing =
            || Error::NotFound(format!("there is no agent with the id or name `{named}`"));
        let id = AgentId::new(named).map_err(|_| missing())?;
        if let Some(agent) = agents.find(tenant, &id).await? {
            return Ok(agent);
        }
        agents
            .find_by_name(tenant, named)
            .await?
            .ok_or_else(missing)
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
        let reason = format!(
            "the budget {} has no room: {} of {} are used and {} reserved, and {} are expected",
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
