//! Halts: the kill switch. Setting one stops agents at their next event; only a person lifts it.

use std::sync::Arc;

use civitas_audit::{Actor, NewEntry};
use civitas_model::{Agent, Caller, CallerKind, Entropy, Halt, HaltScope, Permission, TenantId};
use civitas_storage::{AgentFilter, Changeset, HaltChange, Store};
use serde_json::json;

use crate::cache::Cache;
use crate::error::{Error, Invalid};

/// The category of these entries.
const CATEGORY: &str = "halt";
/// The longest reason and id, in characters.
const TEXT_MAX: usize = 500;
/// Agents read at a time.
const PAGE: u32 = 1_000;
/// What agents' tags say of their teams begins with this.
pub const TEAM_TAG: &str = "team:";

/// The teams of an agent: its tags `team:<name>`.
pub fn teams(agent: &Agent) -> impl Iterator<Item = &str> {
    let tags = agent.metadata.tags.iter();
    tags.filter_map(|tag| tag.strip_prefix(TEAM_TAG))
}

/// What whoever is halted is told.
pub(crate) fn told(halt: &Halt) -> String {
    format!(
        "Halted by {}: {}. Nothing runs until the halt {} is lifted.",
        halt.set_by, halt.reason, halt.halt_id
    )
}

/// The halts of every tenant. Cheap to clone.
#[derive(Clone)]
pub struct Halts {
    store: Store,
    entropy: Arc<dyn Entropy>,
    in_force: Arc<Cache<Vec<Halt>>>,
}

impl Halts {
    /// The halts in a store.
    pub fn new(store: Store, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            entropy,
            in_force: Arc::default(),
        }
    }

    /// Refuses a caller who may not halt.
    pub fn check_may_set(caller: &Caller) -> Result<(), Error> {
        if caller.may(Permission::Approve) || caller.may(Permission::Admin) {
            return Ok(());
        }
        let detail = "halting needs the permission `approve` or `admin`";
        Err(Error::Forbidden(detail.to_owned()))
    }

    /// Sets a halt. Whoever decides approvals may, and whoever administers: also a machine, because stopping is safe.
    pub async fn set(
        &self,
        caller: &Caller,
        scope: HaltScope,
        reason: &str,
    ) -> Result<Halt, Error> {
        Self::check_may_set(caller)?;
        let reason = reason.trim();
        for (pointer, text) in [("/reason", reason), ("/scope/id", scope.id())] {
            if text.chars().count() > TEXT_MAX || text.chars().any(char::is_control) {
                let pointer = pointer.to_owned();
                let detail = format!("must have at most {TEXT_MAX} printable characters");
                return Err(Error::Invalid(vec![Invalid { pointer, detail }]));
            }
        }
        let scope = self.resolve(&caller.tenant_id, scope).await?;
        let now = self.store.clock().now();
        let mut halt = Halt {
            tenant_id: caller.tenant_id.clone(),
            halt_id: self.entropy.uuid_v7(now).to_string(),
            scope,
            reason: if reason.is_empty() {
                "halted by an operator".to_owned()
            } else {
                reason.to_owned()
            },
            set_by: caller.name.clone(),
            set_at: now,
            lifted_by: None,
            lifted_at: None,
        };
        let receipt = self
            .store
            .commit(self.setting(caller.into(), &halt))
            .await?;
        self.in_force.forget(&caller.tenant_id);
        halt.set_at = receipt.committed_at;
        Ok(halt)
    }

    /// How many agents of the registry a halt stops; none is told of a session, which runs as one agent or as nobody.
    pub async fn reached(
        &self,
        tenant: &TenantId,
        scope: &HaltScope,
    ) -> Result<Option<u64>, Error> {
        let agents = self.store.agents();
        Ok(match scope {
            HaltScope::Session(_) => None,
            HaltScope::Agent(_) => Some(1),
            HaltScope::All => {
                let kinds = agents.stats(tenant).await?;
                Some(kinds.iter().map(|kind| kind.count).sum())
            }
            HaltScope::Team(name) => {
                let (filter, mut members, mut read) = (AgentFilter::default(), 0, 0);
                loop {
                    let page = agents.list(tenant, &filter, PAGE, read).await?;
                    let of_team = |agent: &&Agent| teams(agent).any(|team| team == name);
                    members += page.iter().filter(of_team).count() as u64;
                    read += PAGE;
                    if page.len() < PAGE as usize {
                        break Some(members);
                    }
                }
            }
        })
    }

    /// What is meant, as events will say it: an agent may be named by its name, and a team as its tag says it. A session need not
    /// be known yet.
    async fn resolve(&self, tenant: &TenantId, scope: HaltScope) -> Result<HaltScope, Error> {
        match scope {
            HaltScope::Agent(named) => {
                let agents = self.store.agents();
                let found = match agents.find(tenant, &named).await? {
                    Some(found) => Some(found),
                    None => agents.find_by_name(tenant, named.as_str()).await?,
                };
                let agent = found.ok_or_else(|| Error::no_agent(named.as_str()))?;
                Ok(HaltScope::Agent(agent.agent_id))
            }
            HaltScope::Team(name) => {
                let name = name.strip_prefix(TEAM_TAG).unwrap_or(&name);
                if name.trim() != name || name.is_empty() {
                    let pointer = "/scope/id".to_owned();
                    let detail = "must be a team's name, as agents' tags `team:NAME` say it";
                    let detail = detail.to_owned();
                    return Err(Error::Invalid(vec![Invalid { pointer, detail }]));
                }
                Ok(HaltScope::Team(name.to_owned()))
            }
            HaltScope::All | HaltScope::Session(_) => Ok(scope),
        }
    }

    /// A halt with its entry in the audit log, for whoever decides something else in the same commit.
    pub(crate) fn setting(&self, actor: Actor, halt: &Halt) -> Changeset {
        let body =
            json!({ "kind": halt.scope.kind(), "id": halt.scope.id(), "reason": halt.reason });
        let entry = self
            .entry(&halt.tenant_id, actor, "halt", &halt.halt_id)
            .with_body(&body, self.entropy.as_ref());
        let change = HaltChange::Set(Box::new(halt.clone()));
        Changeset::new().with(change).with(entry)
    }

    /// Lifts a halt. Only a person may, who decides approvals or administers.
    pub async fn lift(&self, caller: &Caller, halt_id: &str) -> Result<Halt, Error> {
        let is_person = matches!(caller.kind, CallerKind::User | CallerKind::LocalOperator);
        if !is_person || !(caller.may(Permission::Approve) || caller.may(Permission::Admin)) {
            let detail = "only a person with the permission `approve` or `admin` lifts a halt";
            return Err(Error::Forbidden(detail.to_owned()));
        }
        let change = HaltChange::Lift {
            tenant_id: caller.tenant_id.clone(),
            halt_id: halt_id.to_owned(),
            by: caller.name.clone(),
        };
        let entry = self.entry(&caller.tenant_id, caller.into(), "lift", halt_id);
        let changes = Changeset::new().with(change).with(entry);
        self.store.commit(changes).await?;
        self.in_force.forget(&caller.tenant_id);
        let lifted = self.store.find_halt(&caller.tenant_id, halt_id).await?;
        lifted.ok_or_else(|| Error::NotFound("there is no such halt".to_owned()))
    }

    /// The halts in force, oldest first.
    pub async fn in_force(&self, tenant: &TenantId) -> Result<Arc<Vec<Halt>>, Error> {
        let read = self.store.halts_in_force(tenant);
        Ok(self.in_force.get(tenant, read).await?)
    }

    /// The first halt that stops a session, of these agents of the registry.
    pub async fn stopping(
        &self,
        tenant: &TenantId,
        session_id: &str,
        agents: &[&Agent],
    ) -> Result<Option<Halt>, Error> {
        let halts = self.in_force(tenant).await?;
        let stops = |halt: &&Halt| match &halt.scope {
            HaltScope::All => true,
            HaltScope::Team(name) => agents.iter().any(|agent| teams(agent).any(|t| t == name)),
            HaltScope::Agent(id) => agents.iter().any(|agent| agent.agent_id == *id),
            HaltScope::Session(id) => id == session_id,
        };
        Ok(halts.iter().find(stops).cloned())
    }

    /// Forgets what was read of a tenant, or of all, because it changed.
    pub fn forget(&self, tenant: Option<&TenantId>) {
        match tenant {
            Some(tenant) => self.in_force.forget(tenant),
            None => self.in_force.clear(),
        }
    }

    fn entry(&self, tenant: &TenantId, actor: Actor, action: &str, halt_id: &str) -> NewEntry {
        let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
        NewEntry::new(clock, entropy, tenant, actor, CATEGORY, action).on("halt", halt_id)
    }
}
