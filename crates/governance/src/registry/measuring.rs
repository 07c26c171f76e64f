//! What agents measured.

use std::time::Duration;

use civitas_audit::NewEntry;
use civitas_model::budget::Amount;
use civitas_model::{AgentId, Caller, Id, Metric};
use civitas_storage::{Changeset, CommitError, MetricFilter, MetricSummary, RecordMetric, Refusal};
use serde_json::{Value, json};

use super::{Registry, check};
use crate::error::Error;

/// Metrics of a page, at most.
const PAGE_MAX: u32 = 1000;
/// The longest period that is added up, in days.
pub const PERIOD_DAYS_MAX: u32 = 90;
/// The context of a metric, in bytes of JSON.
const CONTEXT_BYTES_MAX: usize = 16 * 1024;
/// A day that a task may take, and more, in milliseconds.
const TIME_MS_MAX: f64 = 1e12;

/// A metric to record.
#[derive(Debug, Clone)]
pub struct NewMetric {
    /// The agent it is about.
    pub agent_id: AgentId,
    /// What was measured.
    pub metric_type: String,
    /// How long it took, in milliseconds.
    pub execution_time_ms: Option<f64>,
    /// Whether it worked.
    pub success: Option<bool>,
    /// Tokens used.
    pub tokens_used: Option<i64>,
    /// Calls of outside services.
    pub api_calls: Option<i64>,
    /// What it cost, in dollars.
    pub cost_usd: Option<f64>,
    /// How good it was, 0 to 1; above 1 it is of 100.
    pub quality_score: Option<f64>,
    /// Breaches of rules found.
    pub code_violations: Option<i64>,
    /// Tasks that were finished.
    pub tasks_completed: Option<i64>,
    /// Tasks that failed.
    pub tasks_failed: Option<i64>,
    /// Whatever else belongs to it: an object.
    pub context: Option<Value>,
}

impl NewMetric {
    fn check(self, registry: &Registry, caller: &Caller) -> Result<Metric, Error> {
        let mut errors = check::Errors::default();
        errors.text("/metric_type", &self.metric_type);
        let time = self.execution_time_ms;
        if time.is_some_and(|time| !(0.0..=TIME_MS_MAX).contains(&time)) {
            errors.add("/execution_time_ms", "must be a number from 0 to 10^12");
        }
        let quality = self.quality_score.map(|quality| {
            if quality > 1.0 {
                quality / 100.0
            } else {
                quality
            }
        });
        if quality.is_some_and(|quality| !(0.0..=1.0).contains(&quality)) {
            let detail = "must be a number from 0 to 1, or in per cent from 0 to 100";
            errors.add("/quality_score", detail);
        }
        let context = self.context.filter(|context| !context.is_null());
        if let Some(context) = &context
            && (!context.is_object() || context.to_string().len() > CONTEXT_BYTES_MAX)
        {
            let detail = format!("must be an object of up to {CONTEXT_BYTES_MAX} bytes");
            errors.add("/context", detail);
        }
        let cost = self.cost_usd.map(|cost| errors.money("/cost_usd", cost));
        let metric = Metric {
            metric_id: Id::generate(registry.store.clock().as_ref(), registry.entropy.as_ref()),
            tenant_id: caller.tenant_id.clone(),
            agent_id: self.agent_id,
            metric_type: self.metric_type,
            execution_time_ms: time,
            success: self.success,
            tokens_used: errors.count("/tokens_used", self.tokens_used),
            api_calls: errors.count("/api_calls", self.api_calls),
            cost,
            quality_score: quality,
            code_violations: errors.count("/code_violations", self.code_violations),
            tasks_completed: errors.count("/tasks_completed", self.tasks_completed),
            tasks_failed: errors.count("/tasks_failed", self.tasks_failed),
            context,
            recorded_at: registry.store.clock().now(),
        };
        errors.end()?;
        Ok(metric)
    }
}

impl Registry {
    /// Records a metric, with what it changes of its agent and the events that say so, in one commit.
    pub async fn record(&self, caller: &Caller, new: NewMetric) -> Result<Metric, Error> {
        let mut metric = new.check(self, caller)?;
        self.check_speaks_for(caller, Some(&metric.agent_id), None)
            .await?;
        let mut changeset = Changeset::new().with(RecordMetric(Box::new(metric.clone())));
        if let Some(entry) = self.charge(caller, &metric) {
            changeset = changeset.with(entry);
        }
        match self.store.commit(changeset).await {
            Ok(receipt) => {
                metric.recorded_at = receipt.committed_at;
                Ok(metric)
            }
            Err(CommitError::Refused(Refusal::NotFound { .. })) => {
                Err(Error::no_agent(metric.agent_id.as_str()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a metric charges to budgets, as an entry.
    fn charge(&self, caller: &Caller, metric: &Metric) -> Option<NewEntry> {
        let amount = Amount::new(
            metric.tokens_used.unwrap_or_default(),
            metric.cost.unwrap_or_default(),
        );
        if amount.is_zero() {
            return None;
        }
        let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
        let tenant = &caller.tenant_id;
        let body = json!({ "metric_id": metric.metric_id, "metric_type": metric.metric_type, "amount": amount });
        let entry = NewEntry::new(clock, entropy, tenant, caller.into(), "budget", "charge");
        let entry = entry.on("agent", metric.agent_id.as_str());
        Some(entry.with_body(&body, entropy))
    }

    /// A page of metrics, newest first.
    pub async fn metrics(
        &self,
        caller: &Caller,
        filter: &MetricFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Metric>, Error> {
        let metrics = self.store.metrics();
        let limit = limit.min(PAGE_MAX);
        Ok(metrics
            .list(&caller.tenant_id, filter, limit, offset)
            .await?)
    }

    /// What the metrics of the last days add up to.
    pub async fn aggregate(
        &self,
        caller: &Caller,
        mut filter: MetricFilter,
        days: u32,
    ) -> Result<MetricSummary, Error> {
        let days = days.clamp(1, PERIOD_DAYS_MAX);
        let period = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        filter.from = Some(self.store.clock().now().minus(period));
        Ok(self
            .store
            .metrics()
            .summary(&caller.tenant_id, &filter)
            .await?)
    }

    /// What all metrics of an agent add up to.
    pub async fn agent_summary(
        &self,
        caller: &Caller,
        id: &AgentId,
    ) -> Result<MetricSummary, Error> {
        self.find(caller, id).await?;
        let filter = MetricFilter {
            agent_id: Some(id.clone()),
            ..MetricFilter::default()
        };
        Ok(self
            .store
            .metrics()
            .summary(&caller.tenant_id, &filter)
            .await?)
    }
}
