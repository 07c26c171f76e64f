//! Metrics: recorded together with what they change of their agent.

use std::time::Duration;

use civitas_model::budget::{Amount, scopes_of};
use civitas_model::{Agent, AgentId, Id, Metric, Money, TenantId, Timestamp};
use civitas_sql::{Error, Row, Select, Statement};
use serde_json::json;

use crate::changeset::Change;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};
use crate::{activity, agent, budget, json};

const INSERT: Statement = Statement::new(include_str!("queries/metric/insert.sql"));
const MEASURED: Statement = Statement::new(include_str!("queries/agent/measured.sql"));
const DELETE_OLD: Statement = Statement::new(include_str!("queries/metric/delete_old.sql"));
const LIST: &str = include_str!("queries/metric/list.sql");
const SUMMARY: &str = include_str!("queries/metric/summary.sql");

/// How long a metric is kept: a year can be held against the one before.
const LIFETIME: Duration = Duration::from_hours(800 * 24);
/// Metrics that one sweep removes, so that no commit takes long.
const SWEPT_MAX: u32 = 10_000;

/// Records a metric, and what it changes of its agent: usage, performance, when it was last seen. Refused when there is no
/// such agent. Its time is the commit's.
#[derive(Debug)]
pub struct RecordMetric(pub Box<Metric>);

impl From<RecordMetric> for Change {
    fn from(change: RecordMetric) -> Self {
        Self::RecordMetric(change)
    }
}

impl RecordMetric {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        self.of_session(tx, None).await
    }

    /// The same, and what was spent is the session's, too.
    pub(crate) async fn of_session(
        &self,
        tx: &mut Transaction<'_>,
        session: Option<&str>,
    ) -> Result<(), Stop> {
        let metric = &*self.0;
        let tenant = &metric.tenant_id;
        let mut agent = agent::require(tx, tenant, &metric.agent_id).await?;
        insert(tx, metric).await?;
        agent.performance.take(metric);
        let params = vec![
            json::text(&agent.performance)?,
            tx.now.as_micros().into(),
            tenant.as_str().into(),
            metric.agent_id.as_str().into(),
        ];
        tx.execute_later(&MEASURED, params, Meaning::Nothing)
            .await?;
        let event = event(metric, &agent, tx.now);
        activity::publish(tx, tenant, "metric_recorded", event).await?;
        let tokens = metric.tokens_used.unwrap_or_default();
        let spent = Amount::new(tokens, metric.cost.unwrap_or_default()).bounded();
        if spent.is_zero() {
            return Ok(());
        }
        let scopes = scopes_of(&agent, session);
        budget::charge(tx, tenant, &scopes, spent, None).await
    }
}

async fn insert(tx: &mut Transaction<'_>, metric: &Metric) -> Result<(), Stop> {
    let context = metric.context.as_ref().map(json::text).transpose()?;
    let params = vec![
        metric.tenant_id.as_str().into(),
        metric.metric_id.as_str().into(),
        metric.agent_id.as_str().into(),
        metric.metric_type.as_str().into(),
        metric.execution_time_ms.into(),
        metric.success.into(),
        metric.tokens_used.into(),
        metric.api_calls.into(),
        metric.cost.map(Money::as_micros).into(),
        metric.quality_score.into(),
        metric.code_violations.into(),
        metric.tasks_completed.into(),
        metric.tasks_failed.into(),
        context.into(),
        tx.now.as_micros().into(),
    ];
    tx.execute_later(&INSERT, params, Meaning::Nothing).await
}

/// The metric as it is answered.
fn event(metric: &Metric, agent: &Agent, now: Timestamp) -> serde_json::Value {
    json!({
        "metric_id": metric.metric_id,
        "agent_id": metric.agent_id,
        "agent_name": agent.name,
        "role": agent.role,
        "metric_type": metric.metric_type,
        "execution_time_ms": metric.execution_time_ms,
        "success": metric.success,
        "tokens_used": metric.tokens_used,
        "api_calls": metric.api_calls,
        "cost_usd": metric.cost,
        "quality_score": metric.quality_score,
        "code_violations": metric.code_violations,
        "tasks_completed": metric.tasks_completed,
        "tasks_failed": metric.tasks_failed,
        "context": metric.context,
        "recorded_at": now,
    })
}

pub(crate) async fn delete_old(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    let before = tx.now.minus(LIFETIME).as_micros();
    let params = vec![before.into(), SWEPT_MAX.into(), before.into()];
    tx.execute_later(&DELETE_OLD, params, Meaning::Nothing)
        .await
}

/// Which metrics to read; all that is stated must hold.
#[derive(Debug, Clone, Default)]
pub struct MetricFilter {
    /// Only of this agent.
    pub agent_id: Option<AgentId>,
    /// Only of this type.
    pub metric_type: Option<String>,
    /// Only recorded at this time or later.
    pub from: Option<Timestamp>,
    /// Only recorded at this time or earlier.
    pub to: Option<Timestamp>,
}

/// What metrics add up to. Averages are of what was measured, and absent when nothing was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricSummary {
    /// How many metrics.
    pub count: u64,
    /// The average time, in milliseconds.
    pub avg_execution_time_ms: Option<f64>,
    /// The share that succeeded, 0 to 1.
    pub success_rate: Option<f64>,
    /// The average quality, 0 to 1.
    pub avg_quality_score: Option<f64>,
    /// Metrics that say something about quality.
    pub qualities: u64,
    /// Tokens used.
    pub tokens_used: u64,
    /// What it cost.
    pub cost: Money,
    /// Calls of outside services.
    pub api_calls: u64,
    /// Breaches of rules found.
    pub code_violations: u64,
    /// Tasks that were finished.
    pub tasks_completed: u64,
    /// Tasks that failed.
    pub tasks_failed: u64,
}

/// Readings of metrics.
pub struct Metrics<'a>(&'a Store);

impl Store {
    /// Readings of metrics.
    pub const fn metrics(&self) -> Metrics<'_> {
        Metrics(self)
    }
}

impl Metrics<'_> {
    /// A page of a tenant's metrics, newest first.
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &MetricFilter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Metric>, Error> {
        let select = filtered(LIST, tenant, filter).tail(
            "ORDER BY recorded_at DESC, metric_id DESC LIMIT ? OFFSET ?",
            vec![limit.into(), offset.into()],
        );
        let rows = self.0.database.select(&select).await?;
        rows.iter().map(read).collect()
    }

    /// What a tenant's metrics add up to.
    pub async fn summary(
        &self,
        tenant: &TenantId,
        filter: &MetricFilter,
    ) -> Result<MetricSummary, Error> {
        let rows = self
            .0
            .database
            .select(&filtered(SUMMARY, tenant, filter))
            .await?;
        let Some(row) = rows.first() else {
            return Ok(MetricSummary::default());
        };
        Ok(MetricSummary {
            count: row.count("count")?,
            avg_execution_time_ms: row.optional_real("execution_time_ms")?,
            success_rate: row.optional_real("success_rate")?,
            avg_quality_score: row.optional_real("quality_score")?,
            qualities: row.count("qualities")?,
            tokens_used: row.count("tokens_used")?,
            cost: Money::from_micros(row.count("cost")?),
            api_calls: row.count("api_calls")?,
            code_violations: row.count("code_violations")?,
            tasks_completed: row.count("tasks_completed")?,
            tasks_failed: row.count("tasks_failed")?,
        })
    }
}

fn filtered(head: &'static str, tenant: &TenantId, filter: &MetricFilter) -> Select {
    let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
    Select::new(head)
        .filter("tenant_id = ?", tenant.as_str())
        .filter_some("agent_id = ?", filter.agent_id.as_ref().map(Id::as_str))
        .filter_some("metric_type = ?", filter.metric_type.as_deref())
        .filter_some("recorded_at >= ?", micros(filter.from))
        .filter_some("recorded_at <= ?", micros(filter.to))
}

fn read(row: &Row) -> Result<Metric, Error> {
    let count = |column| {
        let value = row.optional_int(column)?;
        value
            .map(u64::try_from)
            .transpose()
            .map_err(|_| Error::inconsistent(column, "a count is negative"))
    };
    Ok(Metric {
        metric_id: Id::trusted(row.text("metric_id")?),
        tenant_id: Id::trusted(row.text("tenant_id")?),
        agent_id: Id::trusted(row.text("agent_id")?),
        metric_type: row.text("metric_type")?.to_owned(),
        execution_time_ms: row.optional_real("execution_time_ms")?,
        success: row.optional_int("success")?.map(|success| success != 0),
        tokens_used: count("tokens_used")?,
        api_calls: count("api_calls")?,
        cost: count("cost")?.map(Money::from_micros),
        quality_score: row.optional_real("quality_score")?,
        code_violations: count("code_violations")?,
        tasks_completed: count("tasks_completed")?,
        tasks_failed: count("tasks_failed")?,
        context: json::read_optional(row, "context")?,
        recorded_at: Timestamp::from_micros(row.int("recorded_at")?),
    })
}
