//! Metrics: what agents did, measured.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{AgentId, MetricId, TenantId};
use crate::money::Money;
use crate::time::Timestamp;

/// One measurement of an agent's work. What was not measured is absent, and averages pass it by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The metric's id.
    pub metric_id: MetricId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The agent it is about.
    pub agent_id: AgentId,
    /// What was measured: `execution`, `cost`, `quality`, `task_completion`, or the caller's own word.
    pub metric_type: String,
    /// How long it took, in milliseconds.
    pub execution_time_ms: Option<f64>,
    /// Whether it worked.
    pub success: Option<bool>,
    /// Tokens used.
    pub tokens_used: Option<u64>,
    /// Calls of outside services.
    pub api_calls: Option<u64>,
    /// What it cost.
    pub cost: Option<Money>,
    /// How good it was, 0 to 1.
    pub quality_score: Option<f64>,
    /// Breaches of rules found in the code.
    pub code_violations: Option<u64>,
    /// Tasks that were finished.
    pub tasks_completed: Option<u64>,
    /// Tasks that failed.
    pub tasks_failed: Option<u64>,
    /// Whatever else belongs to it.
    pub context: Option<Value>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}
