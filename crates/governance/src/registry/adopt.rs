//! Taking on agents that were seen at work and that nobody registered.

use civitas_audit::NewEntry;
use civitas_model::agent::{Role, as_name};
use civitas_model::{Agent, Caller};
use civitas_storage::{Changeset, CommitError, Refusal, Sighting};

use super::{NewAgent, Registry};
use crate::error::{Error, Invalid};
use crate::roles;

/// How often a session is looked at anew because it changed meanwhile.
const TRIES_MAX: u32 = 8;
/// The category of agents whose name says nothing of it.
const CATEGORY: &str = "specialists";

impl Registry {
    /// Registers an agent under a name that was seen at work, with what its role allows, and lets a session run as it. One
    /// that is registered already is taken as it is.
    pub async fn adopt(
        &self,
        caller: &Caller,
        seen: &str,
        role: Option<Role>,
        session_id: Option<&str>,
    ) -> Result<Agent, Error> {
        let name = as_name(seen).ok_or_else(|| {
            Error::Invalid(vec![Invalid {
                pointer: "/name".to_owned(),
                detail: "must hold a letter or a digit".to_owned(),
            }])
        })?;
        if let Some(session_id) = session_id {
            self.require_session(caller, session_id).await?;
        }
        let agents = self.store.agents();
        let agent = match agents.find_by_name(&caller.tenant_id, &name).await? {
            Some(agent) => agent,
            None => self.create(caller, seen_agent(name, role)).await?,
        };
        if let Some(session_id) = session_id {
            self.bind(caller, session_id, &agent).await?;
        }
        Ok(agent)
    }

    async fn require_session(&self, caller: &Caller, session_id: &str) -> Result<(), Error> {
        let sessions = self.store.agent_sessions();
        match sessions.find(&caller.tenant_id, session_id).await? {
            Some(_) => Ok(()),
            None => Err(no_session()),
        }
    }

    /// Lets a session run as an agent from now on.
    async fn bind(&self, caller: &Caller, session_id: &str, agent: &Agent) -> Result<(), Error> {
        for _ in 0..TRIES_MAX {
            let sessions = self.store.agent_sessions();
            let found = sessions.find(&caller.tenant_id, session_id).await?;
            let mut session = found.ok_or_else(no_session)?;
            let read = Some(session.revision);
            session.agent_id = Some(agent.agent_id.clone());
            session.agent_name.clone_from(&agent.name);
            session.revision += 1;
            let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
            let tenant = &caller.tenant_id;
            let entry = NewEntry::new(
                clock,
                entropy,
                tenant,
                caller.into(),
                "registry",
                "bind_session",
            )
            .on("agent_session", session_id)
            .with_body(
                &serde_json::json!({ "agent_id": agent.agent_id, "name": agent.name }),
                entropy,
            );
            let sighting = Sighting {
                session,
                read,
                calls: 0,
                denied: 0,
            };
            match self
                .store
                .commit(Changeset::new().with(sighting).with(entry))
                .await
            {
                Err(CommitError::Refused(Refusal::Changed { .. })) => {}
                outcome => return Ok(outcome.map(drop)?),
            }
        }
        let detail = "the session changes too fast: try again";
        Err(Error::Conflict(detail.to_owned()))
    }
}

fn no_session() -> Error {
    Error::NotFound("there is no such agent session".to_owned())
}

/// An agent with what its role allows.
fn seen_agent(name: String, role: Option<Role>) -> NewAgent {
    let assigned = roles::assign(&[], &name, CATEGORY);
    let (role, confidence, reasoning) = match role {
        Some(role) => (role, 1.0, "chosen when it was adopted".to_owned()),
        None => (assigned.role, assigned.confidence, assigned.reasoning),
    };
    let template = roles::template(role);
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    NewAgent {
        name,
        role,
        role_confidence: confidence,
        role_reasoning: Some(reasoning),
        capabilities: Vec::new(),
        allowed_tools: texts(template.tools),
        denied_tools: Vec::new(),
        path_scopes: texts(template.paths),
        api_access: texts(template.apis),
        requires_approval: false,
        approval_threshold: None,
        max_tokens_per_session: None,
        max_cost_per_day: None,
        currency: None,
        category: CATEGORY.to_owned(),
        specialist: false,
        version: None,
        tags: vec!["adopted".to_owned()],
        owner: None,
    }
}
