//! An agent as it is answered.

use civitas_model::{Agent, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// An agent.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgentResponse {
    agent_id: String,
    name: String,
    /// `admin`, `developer`, `reviewer`, `security`, `database`, `frontend`, `backend`, `tester`, `analyst` or
    /// `coordinator`.
    role: &'static str,
    /// How sure the role is, 0 to 1.
    role_confidence: f64,
    capabilities: Vec<String>,
    rbac: AgentRbac,
    budget: AgentBudget,
    metadata: AgentMetadata,
    performance: AgentPerformance,
    timestamps: AgentTimestamps,
    registry: AgentStanding,
}

/// What an agent may use and reach.
#[derive(Serialize, ToSchema)]
struct AgentRbac {
    /// `*` is every tool.
    allowed_tools: Vec<String>,
    /// These are denied, whatever is allowed.
    denied_tools: Vec<String>,
    /// Globs.
    path_scopes: Vec<String>,
    api_access: Vec<String>,
    requires_approval: bool,
    /// From which cost on people decide.
    approval_threshold: f64,
}

/// What an agent may spend, and has spent since midnight UTC.
#[derive(Serialize, ToSchema)]
struct AgentBudget {
    max_tokens_per_session: u64,
    max_cost_per_day: f64,
    currency: String,
    tokens_used_today: u64,
    cost_used_today: f64,
    /// The midnight from which on usage is counted.
    #[schema(value_type = String, format = DateTime)]
    last_reset: Timestamp,
}

/// What helps people find an agent.
#[derive(Serialize, ToSchema)]
struct AgentMetadata {
    category: String,
    specialist: bool,
    version: String,
    tags: Vec<String>,
}

/// How an agent has done so far.
#[derive(Serialize, ToSchema)]
struct AgentPerformance {
    /// 0 to 1.
    success_rate: f64,
    avg_execution_time_ms: f64,
    /// 0 to 1.
    quality_score: f64,
    total_tasks_completed: u64,
}

/// When what happened to an agent.
#[derive(Serialize, ToSchema)]
struct AgentTimestamps {
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its definition last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_active_at: Option<Timestamp>,
}

/// How an agent stands in the registry.
#[derive(Serialize, ToSchema)]
struct AgentStanding {
    /// `draft`, `active`, `suspended` or `retired`.
    lifecycle: &'static str,
    /// Who answers for it.
    owner: String,
    /// Counts the changes of its definition.
    revision: u64,
    /// Whether its identity was made by rules.
    synthesised: bool,
    /// Why it has its role.
    role_reasoning: String,
    /// The file it was read from.
    source_path: Option<String>,
    /// SHA-256 of that file's text.
    source_fingerprint: Option<String>,
}

impl From<Agent> for AgentResponse {
    fn from(agent: Agent) -> Self {
        let (rbac, budget, metadata) = (agent.rbac, agent.budget, agent.metadata);
        let (source_path, source_fingerprint) = agent
            .source
            .map(|source| (source.path, source.fingerprint))
            .unzip();
        Self {
            agent_id: agent.agent_id.to_string(),
            name: agent.name,
            role: agent.role.as_str(),
            role_confidence: agent.role_confidence,
            capabilities: agent.capabilities,
            rbac: AgentRbac {
                allowed_tools: rbac.allowed_tools,
                denied_tools: rbac.denied_tools,
                path_scopes: rbac.path_scopes,
                api_access: rbac.api_access,
                requires_approval: rbac.requires_approval,
                approval_threshold: rbac.approval_threshold.as_units(),
            },
            budget: AgentBudget {
                max_tokens_per_session: budget.max_tokens_per_session,
                max_cost_per_day: budget.max_cost_per_day.as_units(),
                currency: budget.currency,
                tokens_used_today: budget.tokens_used_today,
                cost_used_today: budget.cost_used_today.as_units(),
                last_reset: budget.last_reset,
            },
            metadata: AgentMetadata {
                category: metadata.category,
                specialist: metadata.specialist,
                version: metadata.version,
                tags: metadata.tags,
            },
            performance: AgentPerformance {
                success_rate: agent.performance.success_rate,
                avg_execution_time_ms: agent.performance.avg_execution_time_ms,
                quality_score: agent.performance.quality_score,
                total_tasks_completed: agent.performance.total_tasks_completed,
            },
            timestamps: AgentTimestamps {
                created_at: agent.created_at,
                updated_at: agent.updated_at,
                last_active_at: agent.last_active_at,
            },
            registry: AgentStanding {
                lifecycle: agent.lifecycle.as_str(),
                owner: agent.owner,
                revision: agent.revision,
                synthesised: agent.is_synthesised,
                role_reasoning: agent.role_reasoning,
                source_path,
                source_fingerprint,
            },
        }
    }
}
