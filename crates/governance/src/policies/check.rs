//! What policy would say to a call, with everything that explains it. Nothing is recorded or reserved.

use civitas_model::agent::Lifecycle;
use civitas_model::{Agent, AgentId, TenantId};
use civitas_policy::{Agent as Principal, Decision, Request};

use super::{Active, Policies, principal};
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

/// What policy would say.
#[derive(Debug)]
pub struct Answer {
    /// The version that was asked; nothing for a draft.
    pub version: u64,
    /// The registered agent.
    pub agent: Option<Agent>,
    /// The request as it was judged.
    pub request: Request,
    /// The decision.
    pub decision: Decision,
}

impl Policies {
    /// Decides a request as the gate would, for an agent that is looked up here.
    ///
    /// # Errors
    ///
    /// There is no such agent or version.
    pub async fn check(
        &self,
        tenant: &TenantId,
        who: Who,
        mut request: Request,
        version: Option<u64>,
    ) -> Result<Answer, Error> {
        let agent = match &who {
            Who::Registered(named) => Some(self.agent(tenant, named).await?),
            Who::Role(_) | Who::Nobody => None,
        };
        request.agent = match (&agent, who) {
            (Some(agent), _) => Some(principal(agent)),
            (None, Who::Role(role)) => Some(Principal {
                id: format!("any-{role}"),
                name: format!("any {role}"),
                ..Principal::new("", role)
            }),
            _ => None,
        };
        let (version, set) = match version {
            None => {
                let active = self.active(tenant).await?;
                (active.number, active.set.clone())
            }
            Some(number) => {
                let Active { number, set } = self.version_set(tenant, number).await?;
                (number, set)
            }
        };
        let (request, mut decision) = self.decide(&set, request).await?;
        if let Some(agent) = agent
            .as_ref()
            .filter(|agent| agent.lifecycle != Lifecycle::Active)
        {
            let (name, state) = (&agent.name, agent.lifecycle.as_str());
            decision.warnings.push(format!(
                "the agent {name} is {state}, and only active agents work"
            ));
        }
        Ok(Answer {
            version,
            agent,
            request,
            decision,
        })
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
