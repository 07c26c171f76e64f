//! What new requests cost, and whom.

use std::collections::{BTreeMap, HashMap};

use civitas_audit::NewEntry;
use civitas_model::budget::{Amount, Scope};
use civitas_model::telemetry::{ModelRequest, TokenCounts};
use civitas_model::{Agent, AgentId, Entropy, Metric, MetricId, Money, TenantId};
use serde_json::{Value, json};

use super::SessionReport;
use super::session::{Added, State};
use crate::metric::RecordMetric;
use crate::transaction::{Stop, Transaction};
use crate::{agent, agent_session, audit, budget};

/// The type of the metrics that requests become.
const METRIC_TYPE: &str = "telemetry";

/// What one agent used in one session.
struct Charge {
    metric_id: Option<MetricId>,
    requests: u64,
    tokens: TokenCounts,
    cost: Money,
    duration_ms: u64,
}

/// What the audit log is told of a session's charges.
struct Told {
    entry: NewEntry,
    salt: Salt,
    charges: Vec<Value>,
}

/// Random bytes that came with the report.
#[derive(Clone, Copy)]
struct Salt([u8; 32]);

impl Entropy for Salt {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, random) in bytes.iter_mut().zip(self.0) {
            *byte = random;
        }
    }
}

/// What a report charges, and the agents it names.
pub(super) struct Charges<'a> {
    tenant: &'a TenantId,
    /// By the name that clients say.
    agents: HashMap<String, Option<Agent>>,
    by_id: HashMap<AgentId, Option<Agent>>,
    /// By session and agent; the session's own agent comes before others, since it is the one whose limits are the session's.
    charges: BTreeMap<(String, bool, Option<AgentId>), Charge>,
    /// By session.
    told: BTreeMap<String, Told>,
}

impl<'a> Charges<'a> {
    pub(super) fn new(tenant: &'a TenantId) -> Self {
        Self {
            tenant,
            agents: HashMap::new(),
            by_id: HashMap::new(),
            charges: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Finds out whose session it is, when that is not known yet.
    pub(super) async fn find_agent(
        &mut self,
        tx: &mut Transaction<'_>,
        state: &mut State,
    ) -> Result<(), Stop> {
        if state.agent_id().is_some() {
            return Ok(());
        }
        if let Some(name) = state.agent_name().map(str::to_owned)
            && let Some(agent) = self.named(tx, &name).await?
        {
            state.set_agent(&agent);
            return Ok(());
        }
        // What the hooks said of the session.
        let known = agent_session::agent_of(tx, self.tenant, state.session_id()).await?;
        if let Some((agent_id, name)) = known {
            if let Some(id) = &agent_id
                && let Some(agent) = self.by_id(tx, id).await?
            {
                state.set_agent(&agent);
            } else if !name.is_empty() {
                state.set_agent_name(name);
            }
        }
        Ok(())
    }

    /// The agent that a request is charged to: the one it names, else the session's.
    pub(super) async fn agent_of(
        &mut self,
        tx: &mut Transaction<'_>,
        state: &State,
        request: &ModelRequest,
    ) -> Result<Option<Agent>, Stop> {
        if let Some(name) = &request.agent_name
            && let Some(agent) = self.named(tx, name).await?
        {
            return Ok(Some(agent));
        }
        match state.agent_id() {
            Some(id) => self.by_id(tx, id).await,
            None => Ok(None),
        }
    }

    async fn by_id(
        &mut self,
        tx: &mut Transaction<'_>,
        id: &AgentId,
    ) -> Result<Option<Agent>, Stop> {
        if let Some(known) = self.by_id.get(id) {
            return Ok(known.clone());
        }
        let found = agent::find(tx, self.tenant, id).await?;
        self.by_id.insert(id.clone(), found.clone());
        Ok(found)
    }

    async fn named(&mut self, tx: &mut Transaction<'_>, name: &str) -> Result<Option<Agent>, Stop> {
        if let Some(known) = self.agents.get(name) {
            return Ok(known.clone());
        }
        let found = agent::find_by_name(tx, self.tenant, name).await?;
        self.agents.insert(name.to_owned(), found.clone());
        Ok(found)
    }

    pub(super) fn add(
        &mut self,
        report: &SessionReport,
        state: &State,
        request: &ModelRequest,
        agent: Option<&Agent>,
        added: Added,
    ) {
        let agent_id = agent.map(|agent| agent.agent_id.clone());
        let is_other = agent_id.as_ref() != state.agent_id();
        self.told
            .entry(report.session_id.clone())
            .or_insert_with(|| Told {
                entry: report.charged.clone(),
                salt: Salt(report.charged_salt),
                charges: Vec::new(),
            });
        let key = (report.session_id.clone(), is_other, agent_id);
        let charge = self.charges.entry(key).or_insert_with(|| Charge {
            metric_id: report.metric_ids.get(&request.agent_name).cloned(),
            requests: 0,
            tokens: TokenCounts::default(),
            cost: Money::default(),
            duration_ms: 0,
        });
        charge.requests += u64::from(added.is_request);
        charge.tokens = charge.tokens.plus(added.tokens);
        charge.cost = charge.cost.plus(added.cost);
        charge.duration_ms = charge.duration_ms.saturating_add(added.duration_ms);
    }

    /// Charges the pools of the organisation, teams, agents and sessions, and moves the agents by what they used. One entry for
    /// each session says it.
    pub(super) async fn settle(mut self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        for ((session_id, _, agent_id), charge) in self.charges {
            let spent = Amount::new(charge.tokens.charged(), charge.cost).bounded();
            if !spent.is_zero()
                && let Some(told) = self.told.get_mut(&session_id)
            {
                told.charges.push(json!({
                    "agent_id": agent_id,
                    "requests": charge.requests,
                    "amount": spent,
                }));
            }
            if let (Some(agent_id), Some(metric_id)) = (agent_id, charge.metric_id) {
                let metric = Metric {
                    metric_id,
                    tenant_id: self.tenant.clone(),
                    agent_id,
                    metric_type: METRIC_TYPE.to_owned(),
                    execution_time_ms: average(charge.duration_ms, charge.requests),
                    success: None,
                    tokens_used: Some(charge.tokens.charged()),
                    api_calls: Some(charge.requests),
                    cost: Some(charge.cost),
                    quality_score: None,
                    code_violations: None,
                    tasks_completed: None,
                    tasks_failed: None,
                    context: Some(json!({ "session_id": session_id })),
                    recorded_at: tx.now,
                };
                let metric = RecordMetric(Box::new(metric));
                metric.of_session(tx, Some(&session_id)).await?;
                continue;
            }
            // Nobody's: the organisation and the session pay.
            if !spent.is_zero() {
                let scopes = [Scope::Organisation, Scope::Session(session_id)];
                budget::charge(tx, self.tenant, &scopes, spent, None).await?;
            }
        }
        for told in self.told.into_values() {
            if !told.charges.is_empty() {
                let body = json!({ "charges": told.charges });
                let entry = told.entry.with_body(&body, &told.salt);
                audit::append(tx, &entry).await?;
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an average of milliseconds is not exact to the last bit"
)]
fn average(sum: u64, count: u64) -> Option<f64> {
    (count > 0 && sum > 0).then(|| sum as f64 / count as f64)
}
