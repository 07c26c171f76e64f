//! The registry of agents: what is asked of it, and what is committed for it.
//!
//! Every change is one changeset, built in one place, so that whatever else must be written with it can join it there.

mod adopt;
mod audited;
mod check;
mod import;
mod measuring;

use std::sync::Arc;

use civitas_model::agent::{
    APPROVAL_THRESHOLD, AgentBudget, AgentMetadata, Lifecycle, Performance, Rbac, Role, midnight,
};
use civitas_model::{Agent, AgentId, Caller, Entropy, Id, Money, Permission};
use civitas_storage::{AgentChange, AgentCount, AgentFilter, CommitError, Refusal, Store};

pub use civitas_agent_files::agent_of;
pub use import::{Action, ImportFile, Imported};
pub use measuring::{NewMetric, PERIOD_DAYS_MAX};

use crate::agent_file;
use crate::error::Error;
use crate::limits::CURRENCIES;
use crate::roles::RoleBudgets;
use crate::speaking;

/// Agents of a page, at most.
pub const PAGE_MAX: u32 = 500;

/// The registry of every tenant. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    store: Store,
    entropy: Arc<dyn Entropy>,
}

/// An agent to register.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// How sure that is, 0 to 1.
    pub role_confidence: f64,
    /// Why it has this role.
    pub role_reasoning: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Tools it may use.
    pub allowed_tools: Vec<String>,
    /// Tools it may not use.
    pub denied_tools: Vec<String>,
    /// Paths it may read and write.
    pub path_scopes: Vec<String>,
    /// Outside services it may call.
    pub api_access: Vec<String>,
    /// Whether people decide what it does.
    pub requires_approval: bool,
    /// From which cost on people decide.
    pub approval_threshold: Option<f64>,
    /// Tokens in one session, above 0; what its role has, when absent.
    pub max_tokens_per_session: Option<i64>,
    /// Money in one day, above 0; what its role has, when absent.
    pub max_cost_per_day: Option<f64>,
    /// The currency of both.
    pub currency: Option<String>,
    /// The part of the house it belongs to.
    pub category: String,
    /// Whether it does one thing only.
    pub specialist: bool,
    /// The version of its definition.
    pub version: Option<String>,
    /// Words people put on it.
    pub tags: Vec<String>,
    /// Who answers for it; whoever registers it, when absent.
    pub owner: Option<String>,
}

/// What to change of an agent; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct AgentPatch {
    /// What it is for.
    pub role: Option<Role>,
    /// What it can do.
    pub capabilities: Option<Vec<String>>,
    /// Tools it may use.
    pub allowed_tools: Option<Vec<String>>,
    /// Tools it may not use.
    pub denied_tools: Option<Vec<String>>,
    /// Paths it may read and write.
    pub path_scopes: Option<Vec<String>>,
    /// Outside services it may call.
    pub api_access: Option<Vec<String>>,
    /// Whether what it does waits for people.
    pub requires_approval: Option<bool>,
    /// From which cost on it waits for people.
    pub approval_threshold: Option<f64>,
    /// Tokens in one session, above 0.
    pub max_tokens_per_session: Option<i64>,
    /// Money in one day, above 0.
    pub max_cost_per_day: Option<f64>,
    /// The part of the house it belongs to.
    pub category: Option<String>,
    /// Words people put on it.
    pub tags: Option<Vec<String>>,
    /// Who answers for it.
    pub owner: Option<String>,
}

/// What a call of an agent is told that is not at work, if it is not.
pub(crate) fn set_aside(agent: &Agent) -> Option<String> {
    let (name, state) = (&agent.name, agent.lifecycle.as_str());
    (agent.lifecycle != Lifecycle::Active)
        .then(|| format!("Denied: the agent {name} is {state}: an administrator puts it to work."))
}

impl Registry {
    /// The registry in a store.
    pub fn new(store: Store, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, entropy }
    }

    /// What agents of each role may spend, as the tenant's active tables say.
    async fn role_budgets(&self, caller: &Caller) -> Result<RoleBudgets, Error> {
        let stated = self
            .store
            .find_tenant_setting(&caller.tenant_id, RoleBudgets::SETTING)
            .await?;
        Ok(RoleBudgets::stated(stated.map(|stated| stated.value)))
    }

    fn new_id(&self) -> AgentId {
        Id::trusted(self.entropy.uuid_v4().to_string())
    }

    /// Registers an agent, at work from now on.
    pub async fn create(&self, caller: &Caller, new: NewAgent) -> Result<Agent, Error> {
        let mut errors = check::Errors::default();
        errors.name("/name", &new.name);
        errors.share("/role_confidence", new.role_confidence);
        let of_role = self.role_budgets(caller).await?.of(new.role);
        let tokens = new.max_tokens_per_session;
        let tokens = tokens.map_or(of_role.tokens_per_session, |tokens| {
            errors.tokens("/budget_max_tokens_per_session", tokens)
        });
        let cost = new.max_cost_per_day;
        let cost = cost.map_or(of_role.usd_per_day, |cost| {
            errors.cost("/budget_max_cost_per_day", cost)
        });
        let threshold = new
            .approval_threshold
            .map(|threshold| errors.money("/rbac_approval_threshold", threshold));
        let now = self.store.clock().now();
        let agent = Agent {
            agent_id: self.new_id(),
            tenant_id: caller.tenant_id.clone(),
            name: new.name,
            role: new.role,
            role_confidence: new.role_confidence,
            role_reasoning: new.role_reasoning.unwrap_or_default(),
            capabilities: new.capabilities,
            rbac: Rbac {
                allowed_tools: new.allowed_tools,
                denied_tools: new.denied_tools,
                path_scopes: new.path_scopes,
                api_access: new.api_access,
                requires_approval: new.requires_approval,
                approval_threshold: threshold.unwrap_or(APPROVAL_THRESHOLD),
            },
            budget: AgentBudget {
                max_tokens_per_session: tokens,
                max_cost_per_day: cost,
                currency: new.currency.unwrap_or_else(|| CURRENCIES[0].to_owned()),
                tokens_used_today: 0,
                cost_used_today: Money::default(),
                last_reset: midnight(now),
            },
            metadata: AgentMetadata {
                category: new.category,
                specialist: new.specialist,
                version: new.version.unwrap_or_else(|| "1.0.0".to_owned()),
                tags: new.tags,
            },
            performance: Performance::default(),
            lifecycle: Lifecycle::Active,
            owner: new.owner.unwrap_or_else(|| caller.name.clone()),
            revision: 1,
            is_synthesised: false,
            source: None,
            created_at: now,
            updated_at: now,
            last_active_at: None,
        };
        errors.texts(&agent);
        errors.scopes(&agent.rbac.path_scopes);
        errors.end()?;
        let change = AgentChange::Insert {
            agent: Box::new(agent.clone()),
            source_text: None,
        };
        self.commit(caller, change, &agent.name).await?;
        Ok(agent)
    }

    /// One agent.
    pub async fn find(&self, caller: &Caller, id: &AgentId) -> Result<Agent, Error> {
        let found = self.store.agents().find(&caller.tenant_id, id).await?;
        found
            .map(|agent| self.today(agent))
            .ok_or_else(|| Error::no_agent(id.as_str()))
    }

    /// Refuses what a credential that was made for an agent says of another one, or of another one's session.
    pub async fn check_speaks_for(
        &self,
        caller: &Caller,
        agent: Option<&AgentId>,
        session_id: Option<&str>,
    ) -> Result<(), Error> {
        speaking::check(&self.store, caller, agent, session_id).await
    }

    /// The agent of a name.
    pub async fn find_by_name(&self, caller: &Caller, name: &str) -> Result<Agent, Error> {
        let agents = self.store.agents();
        let found = agents.find_by_name(&caller.tenant_id, name).await?;
        found
            .map(|agent| self.today(agent))
            .ok_or_else(|| Error::no_agent_called(name))
    }

    /// A page of agents, in the order of their names.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &AgentFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Agent>, Error> {
        let agents = self.store.agents();
        let limit = limit.min(PAGE_MAX);
        let found = agents
            .list(&caller.tenant_id, filter, limit, offset)
            .await?;
        Ok(found.into_iter().map(|agent| self.today(agent)).collect())
    }

    /// How many agents of each kind there are.
    pub async fn stats(&self, caller: &Caller) -> Result<Vec<AgentCount>, Error> {
        Ok(self.store.agents().stats(&caller.tenant_id).await?)
    }

    /// Changes what a patch says, as a new revision.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &AgentId,
        patch: AgentPatch,
    ) -> Result<Agent, Error> {
        let mut agent = self.find(caller, id).await?;
        let mut errors = check::Errors::default();
        if let Some(tokens) = patch.max_tokens_per_session {
            let tokens = errors.tokens("/budget_max_tokens_per_session", tokens);
            agent.budget.max_tokens_per_session = tokens;
        }
        if let Some(requires_approval) = patch.requires_approval {
            agent.rbac.requires_approval = requires_approval;
        }
        if let Some(threshold) = patch.approval_threshold {
            agent.rbac.approval_threshold = errors.money("/rbac_approval_threshold", threshold);
        }
        if let Some(cost) = patch.max_cost_per_day {
            agent.budget.max_cost_per_day = errors.cost("/budget_max_cost_per_day", cost);
        }
        if let Some(role) = patch.role.filter(|role| *role != agent.role) {
            agent.role = role;
            agent.role_confidence = 1.0;
            agent.role_reasoning = format!("set by {}", caller.name);
        }
        errors.scopes(patch.path_scopes.as_deref().unwrap_or_default());
        let rbac = &mut agent.rbac;
        for (field, new) in [
            (&mut agent.capabilities, patch.capabilities),
            (&mut rbac.allowed_tools, patch.allowed_tools),
            (&mut rbac.denied_tools, patch.denied_tools),
            (&mut rbac.path_scopes, patch.path_scopes),
            (&mut rbac.api_access, patch.api_access),
            (&mut agent.metadata.tags, patch.tags),
        ] {
            if let Some(new) = new {
                *field = new;
            }
        }
        if let Some(category) = patch.category {
            agent.metadata.category = category;
        }
        if let Some(owner) = patch.owner {
            agent.owner = owner;
        }
        errors.texts(&agent);
        errors.end()?;
        let name = agent.name.clone();
        let change = AgentChange::Update {
            agent: Box::new(agent),
            source_text: None,
        };
        self.commit(caller, change, &name).await?;
        self.find(caller, id).await
    }

    /// Takes an agent out of the registry; what it measured stays.
    pub async fn delete(&self, caller: &Caller, id: &AgentId) -> Result<(), Error> {
        let change = AgentChange::Delete {
            tenant_id: caller.tenant_id.clone(),
            agent_id: id.clone(),
        };
        self.commit_of(caller, change, id).await
    }

    /// Notes that an agent is at work. One that is a draft or suspended is put to work by who administers; a retired one
    /// never is again.
    pub async fn activate(&self, caller: &Caller, id: &AgentId) -> Result<Agent, Error> {
        let agent = self.find(caller, id).await?;
        let from = agent.lifecycle;
        if from == Lifecycle::Retired {
            let name = &agent.name;
            let detail = format!("the agent {name} is retired: register another");
            return Err(Error::Conflict(detail));
        }
        if from != Lifecycle::Active && !caller.may(Permission::Admin) {
            let (name, state) = (&agent.name, from.as_str());
            let detail =
                format!("the agent {name} is {state}: only an administrator puts it to work");
            return Err(Error::Forbidden(detail));
        }
        let change = AgentChange::Activate {
            tenant_id: caller.tenant_id.clone(),
            agent_id: id.clone(),
            from,
        };
        self.commit_of(caller, change, id).await?;
        self.find(caller, id).await
    }

    /// Sets an agent aside, or retires it.
    pub async fn set_lifecycle(
        &self,
        caller: &Caller,
        id: &AgentId,
        to: Lifecycle,
    ) -> Result<Agent, Error> {
        let agent = self.find(caller, id).await?;
        if agent.lifecycle == to {
            return Ok(agent);
        }
        if !agent.lifecycle.may_become(to) {
            let (name, from, to) = (&agent.name, agent.lifecycle.as_str(), to.as_str());
            let detail = format!("the agent {name} is {from}, and cannot become {to}");
            return Err(Error::Conflict(detail));
        }
        let change = AgentChange::SetLifecycle {
            tenant_id: caller.tenant_id.clone(),
            agent_id: id.clone(),
            to,
        };
        self.commit_of(caller, change, id).await?;
        self.find(caller, id).await
    }

    /// An agent as a file: its path below a folder, and its text.
    pub async fn export(&self, caller: &Caller, id: &AgentId) -> Result<(String, String), Error> {
        let agent = self.find(caller, id).await?;
        let source = self.store.agents().source(&caller.tenant_id, id).await?;
        let (path, original) = match source {
            Some((source, text)) => (source.path, Some(text)),
            None => (format!("{}.md", agent.name), None),
        };
        Ok((path, agent_file::export(&agent, original.as_deref())))
    }

    /// With usage as of now.
    fn today(&self, mut agent: Agent) -> Agent {
        agent.budget = agent.budget.as_of(self.store.clock().now());
        agent
    }

    /// Commits a change that may find an agent's name taken.
    async fn commit(&self, caller: &Caller, change: AgentChange, name: &str) -> Result<(), Error> {
        let changeset = self.audited(caller, change);
        match self.store.commit(changeset).await {
            Err(CommitError::Refused(Refusal::AlreadyExists { .. })) => {
                Err(Error::NameTaken(name.to_owned()))
            }
            outcome => Ok(outcome.map(drop)?),
        }
    }

    /// Commits a change of an agent that may be gone.
    async fn commit_of(
        &self,
        caller: &Caller,
        change: AgentChange,
        id: &AgentId,
    ) -> Result<(), Error> {
        let changeset = self.audited(caller, change);
        match self.store.commit(changeset).await {
            Err(CommitError::Refused(Refusal::NotFound { .. })) => {
                Err(Error::no_agent(id.as_str()))
            }
            outcome => Ok(outcome.map(drop)?),
        }
    }
}
