//! `POST /api/v1/policy/check`: what a call would be answered, and why.

use axum::Json;
use axum::extract::State;
use civitas_governance::policies::{Question, Who, recordable};
use civitas_model::budget::Pool;
use civitas_model::{Money, Permission};
use civitas_policy::{Budget, FACTS_MAX, Place, Request, SessionFacts, ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::extract::{Authenticated, Body, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A call to judge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyCheck {
    /// An agent, by its id or name. One that is not registered is judged as such.
    agent: Option<String>,
    /// Any agent of this role, instead. With neither it is whoever the session runs as, and without a session a system operation.
    role: Option<String>,
    /// The tool, such as `Bash`.
    #[schema(min_length = 1)]
    tool_name: String,
    /// Its input, such as `{"command": "ls"}`.
    #[serde(default)]
    #[schema(value_type = Object)]
    tool_input: Value,
    /// The MCP server, where the tool's name does not say it.
    mcp_server: Option<String>,
    /// Where it happens: `root` (the project's folder, absolute), `cwd`, `home`, `ignores_case`, `windows`. The root is `/work`
    /// and the home folder `/home/agent` when absent.
    #[schema(value_type = Option<Object>)]
    place: Option<Place>,
    /// The environment; `dev` switches the gates for protected files and branches off.
    #[serde(default)]
    environment: String,
    /// The client's permission mode.
    #[serde(default)]
    permission_mode: String,
    /// The call comes from a sub-agent.
    #[serde(default)]
    sub_agent: bool,
    /// What is known of the session, such as `read_secret`.
    #[serde(default)]
    #[schema(max_items = 64)]
    facts: Vec<String>,
    /// A session, whose facts, cost, budget and halts count, too.
    session_id: Option<String>,
    /// What the session has cost before, in US dollars; with `session_id`, besides what it has.
    session_usd: Option<f64>,
    /// What the ledger would say: `outcome` (`allow`, `ask`, `deny`) and `reason`. When absent, a budget that would pay
    /// for the call and has no room denies.
    #[schema(value_type = Option<Object>)]
    budget: Option<Budget>,
    /// Another version than the active one.
    version: Option<u64>,
}

/// What a call would be answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyChecked {
    /// `allow`, `ask` or `deny`.
    #[schema(value_type = String)]
    outcome: Value,
    /// Why, as a sentence.
    reason: String,
    /// The version that was asked.
    version: u64,
    /// The registered agent that would act: `agent_id`, `name`, `role`, `lifecycle`. Only an `active` one is allowed anything.
    #[schema(value_type = Option<Object>)]
    agent: Option<Value>,
    /// The halt in force that stops the call, whatever policy says: `halt_id`, `kind`, `id`, `reason`, `set_by`.
    #[schema(value_type = Option<Object>)]
    halt: Option<Value>,
    /// The request as it was judged.
    #[schema(value_type = Object)]
    request: Value,
    /// The whole decision: every question with its answer (`judged`), the policies that applied with their sources, facts,
    /// operations, approvers, the expected use, what the session costs and what that calls for (`cost`), the budget, what watched
    /// policies would have said.
    #[schema(value_type = Object)]
    decision: Value,
    /// What the call would be paid from, as it is now.
    budgets: Vec<BudgetState>,
}

/// A budget at a time. A cap that is null does not limit.
#[derive(Serialize, ToSchema)]
struct BudgetState {
    /// `organisation`, `team:<name>`, `agent:<id>` or `session:<id>`.
    scope: String,
    cap_tokens: Option<u64>,
    used_tokens: u64,
    reserved_tokens: u64,
    cap_usd: Option<f64>,
    used_usd: f64,
    reserved_usd: f64,
}

impl From<Pool> for BudgetState {
    fn from(pool: Pool) -> Self {
        Self {
            scope: pool.scope.to_string(),
            cap_tokens: pool.caps.tokens,
            used_tokens: pool.used.tokens,
            reserved_tokens: pool.reserved.tokens,
            cap_usd: pool.caps.cost.map(Money::as_units),
            used_usd: pool.used.cost.as_units(),
            reserved_usd: pool.reserved.cost.as_units(),
        }
    }
}

/// Say what a call would be answered, with everything that explains it: policy, the agent's state, budgets, halts. Nothing is
/// recorded or reserved, and nobody is asked; what people allowed before is not looked at.
#[utoipa::path(post, path = "/api/v1/policy/check", tag = "policy", security(("bearer" = [])),
    request_body = PolicyCheck, responses(
        (status = 200, body = PolicyChecked), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "There is no such session or version."),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn check(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(body): Body<PolicyCheck>,
) -> Result<Json<PolicyChecked>, Problem> {
    // Whoever reports what agents do may ask what they may.
    if !caller.may_report() {
        require(&caller, Permission::Read)?;
    }
    let who = match (body.agent, body.role) {
        (Some(_), Some(_)) => {
            let detail = "is there beside `agent`: an agent has its own role, name one of them";
            return Err(Problem::invalid("/role", detail));
        }
        (Some(agent), None) => Who::Agent(agent),
        (None, Some(role)) => Who::Role(role),
        (None, None) => Who::Nobody,
    };
    let mut facts = SessionFacts::default();
    for (at, fact) in body.facts.iter().enumerate() {
        if fact.is_empty() || !facts.learn(fact) {
            let detail =
                format!("must be up to {FACTS_MAX} names of 1 to 64 bytes, such as read_secret");
            return Err(Problem::invalid(format!("/facts/{at}"), detail));
        }
    }
    let Some(session) = Money::from_units(body.session_usd.unwrap_or(0.0)) else {
        let detail = "must be an amount of money from 0 to 1000000000";
        return Err(Problem::invalid("/session_usd", detail));
    };
    let mut call = ToolCall::new(body.tool_name, body.tool_input);
    call.mcp_server = body.mcp_server;
    let place = body.place.unwrap_or_else(|| Place {
        home: Some("/home/agent".to_owned()),
        ..Place::at("/work")
    });
    let request = Request {
        environment: body.environment,
        permission_mode: body.permission_mode,
        sub_agent: body.sub_agent,
        facts,
        budget: body.budget,
        session_micro_usd: session.as_micros(),
        ..Request::new(call, place)
    };
    let question = Question {
        who,
        request,
        session_id: body.session_id,
        version: body.version,
    };
    let answer = state.policies.check(&caller.tenant_id, question).await?;
    let agent = answer.agent.map(|agent| {
        json!({
            "agent_id": agent.agent_id, "name": agent.name, "role": agent.role, "lifecycle": agent.lifecycle,
        })
    });
    let halt = answer.halt.map(|halt| {
        json!({
            "halt_id": halt.halt_id, "kind": halt.scope.kind(), "id": halt.scope.id(), "reason": halt.reason,
            "set_by": halt.set_by,
        })
    });
    Ok(Json(PolicyChecked {
        outcome: json!(answer.decision.outcome),
        reason: answer.decision.reason.clone(),
        version: answer.version,
        agent,
        halt,
        request: recordable(&answer.request),
        decision: json!(answer.decision),
        budgets: answer.pools.into_iter().map(Into::into).collect(),
    }))
}
