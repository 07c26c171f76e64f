//! Agents for tests, and something that they do.

use std::sync::Arc;

use civitas_model::agent::{Lifecycle, Role};
use civitas_model::{AgentId, Caller, Entropy, TenantId};
use civitas_storage::{AgentChange, Changeset, Store};

use crate::{NewAgent, Registry};

pub(crate) struct TestAgents(Registry);

impl TestAgents {
    pub(crate) fn new(store: Store, entropy: Arc<dyn Entropy>) -> Self {
        Self(Registry::new(store, entropy))
    }

    pub(crate) async fn add(&self, name: &str) -> AgentId {
        let new = NewAgent {
            name: name.into(),
            role: Role::Developer,
            role_confidence: 1.0,
            role_reasoning: None,
            capabilities: Vec::new(),
            allowed_tools: Vec::new(),
            denied_tools: Vec::new(),
            path_scopes: Vec::new(),
            api_access: Vec::new(),
            requires_approval: false,
            approval_threshold: None,
            max_tokens_per_session: Some(1000),
            max_cost_per_day: Some(1.0),
            currency: None,
            category: "tests".into(),
            specialist: false,
            version: None,
            tags: Vec::new(),
            owner: None,
        };
        let agent = self.0.create(&Caller::local_operator(), new).await;
        agent.unwrap().agent_id
    }
}

/// One event.
pub(crate) async fn activate(store: &Store, tenant: &TenantId, agent: &AgentId) {
    let change = AgentChange::Activate {
        tenant_id: tenant.clone(),
        agent_id: agent.clone(),
        from: Lifecycle::Active,
    };
    store.commit(Changeset::new().with(change)).await.unwrap();
}
