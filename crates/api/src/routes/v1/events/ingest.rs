//! `POST /api/v1/events/ingest`: record what an agent did.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_audit::{Actor, BODY_BYTES_MAX, Hash, Stored};
use civitas_governance::limits::TOKENS_MAX;
use civitas_model::budget::{Amount, scopes_of};
use civitas_model::{Agent, Caller, Money};
use civitas_storage::{AgentChange, Announce, BudgetChange, Changeset, Spend};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{AGENT, AuditLog, Facts};
use crate::extract::{Body, Reporter};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What stands for what was not said.
const UNKNOWN: &str = "unknown";
/// The longest id, name, role, type or decision, in characters.
const WORD_MAX: usize = 256;
/// The longest detail, reason or resource, in characters.
const TEXT_MAX: usize = 16 * 1024;

/// Something an agent did. Everything may be left out; what is not listed is not kept, except within `context`.
#[derive(Deserialize, ToSchema)]
pub(crate) struct EventIngest {
    /// The agent's id, or else its name; `unknown` when absent. At most 256 characters, as all short texts here. What is
    /// recorded of an agent that the registry knows is the registry's id, name and role.
    agent_id: Option<String>,
    agent_name: Option<String>,
    agent_role: Option<String>,
    /// What kind of operation, such as `tool_call`; `unknown` when absent.
    operation_type: Option<String>,
    /// At most 16,384 characters, as the other long texts.
    operation_detail: Option<String>,
    /// What was decided, such as `allowed` or `denied`; `unknown` when absent.
    rbac_decision: Option<String>,
    rbac_reason: Option<String>,
    target_resource: Option<String>,
    target_type: Option<String>,
    #[schema(minimum = 0)]
    cost_usd: Option<f64>,
    #[schema(minimum = 0)]
    tokens_used: Option<u64>,
    /// Whatever else is worth keeping: at most 128 KiB.
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
    /// The tool use it belongs to: what was attempted and what became of it name the same.
    tool_use_id: Option<String>,
}

/// Record what an agent did. It is in the tenant's audit log once this is answered; what it cost is charged to the agent's
/// budgets, when the agent is known by its id or name, and whoever follows the agents hears of it.
#[utoipa::path(post, path = "/api/v1/events/ingest", tag = "events", security(("bearer" = [])),
    request_body = EventIngest, responses(
        (status = 201, body = AuditLog), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn ingest(
    State(state): State<AppState>,
    Reporter(caller): Reporter,
    Body(event): Body<EventIngest>,
) -> Result<(StatusCode, Json<AuditLog>), Problem> {
    let spent = check(&event)?;
    let known = known_agent(&state, &caller, &event).await?;
    // Of an agent that is known the registry's word counts, so that it is found by its id, name and role.
    let (agent_id, agent_name, role) = match &known {
        Some(agent) => (
            agent.agent_id.to_string(),
            Some(agent.name.clone()),
            Some(agent.role.as_str().to_owned()),
        ),
        None => (said(event.agent_id), event.agent_name, event.agent_role),
    };
    let agent = Actor {
        role,
        ..Actor::new(AGENT, agent_id)
    };
    let facts = Facts {
        agent_name,
        operation_detail: event.operation_detail,
        target_resource: event.target_resource,
        target_type: event.target_type,
        rbac_reason: event.rbac_reason,
        cost_usd: event.cost_usd,
        tokens_used: event.tokens_used,
        context: event.context,
        reported_by: caller.user_id.as_ref().map(ToString::to_string),
    };
    let session = facts.session();
    let known_id = known.as_ref().map(|agent| &agent.agent_id);
    let registry = &state.agents;
    registry
        .check_speaks_for(&caller, known_id, session.as_deref())
        .await?;
    let (clock, entropy) = (state.clock.as_ref(), state.entropy.as_ref());
    let operation = said(event.operation_type);
    let mut entry = facts.into_entry(clock, entropy, &caller, agent, operation);
    entry.outcome = said(event.rbac_decision);
    entry.tool_use_id = event.tool_use_id.filter(|id| !id.is_empty());
    let audit_log = |time| {
        // Its number and link are not told here: they are settled among all that is committed at the same time.
        AuditLog::of(&Stored {
            entry: entry.at(0, time, Hash::NONE),
            hash: Hash::NONE,
            body: entry.body.clone(),
        })
    };
    let changes = moved(&caller, known, session.as_deref(), spent)
        .with(entry.clone())
        .with(Announce {
            tenant_id: caller.tenant_id.clone(),
            kind: "rbac_decision",
            data: json!(audit_log(clock.now())),
        });
    let receipt = state.store.commit(changes).await?;
    Ok((StatusCode::CREATED, Json(audit_log(receipt.committed_at))))
}

/// What it changes of an agent that is known: its budgets, and when it was last seen.
fn moved(caller: &Caller, known: Option<Agent>, session: Option<&str>, spent: Amount) -> Changeset {
    let Some(agent) = known else {
        return Changeset::new();
    };
    let tenant_id = caller.tenant_id.clone();
    let pools = scopes_of(&agent, session);
    let seen = Changeset::new().with(AgentChange::Seen {
        tenant_id: tenant_id.clone(),
        agent_id: agent.agent_id,
    });
    if spent.is_zero() {
        return seen;
    }
    seen.with(BudgetChange::Spend(Spend {
        tenant_id,
        spend_id: None,
        pools,
        amount: spent,
        must_fit: false,
    }))
}

/// The agent that the event is of, when the registry knows it.
async fn known_agent(
    state: &AppState,
    caller: &Caller,
    event: &EventIngest,
) -> Result<Option<Agent>, Problem> {
    for named in [&event.agent_id, &event.agent_name] {
        let named = named.as_deref().filter(|named| !named.is_empty());
        if let Some(named) = named
            && let Some(agent) = state.budgets.find_agent(caller, named).await?
        {
            return Ok(Some(agent));
        }
    }
    Ok(None)
}

fn said(text: Option<String>) -> String {
    text.filter(|text| !text.is_empty())
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

/// Refuses what is too long or no amount; answers what was spent.
fn check(event: &EventIngest) -> Result<Amount, Problem> {
    let words = [
        ("/agent_id", &event.agent_id),
        ("/agent_name", &event.agent_name),
        ("/agent_role", &event.agent_role),
        ("/operation_type", &event.operation_type),
        ("/rbac_decision", &event.rbac_decision),
        ("/target_type", &event.target_type),
        ("/tool_use_id", &event.tool_use_id),
    ];
    for (pointer, word) in words {
        let fits =
            |word: &String| word.chars().count() <= WORD_MAX && !word.chars().any(char::is_control);
        if !word.as_ref().is_none_or(fits) {
            let detail = format!(
                "must have at most {WORD_MAX} characters, none of them a control character"
            );
            return Err(Problem::invalid(pointer, detail));
        }
    }
    let texts = [
        ("/operation_detail", &event.operation_detail),
        ("/target_resource", &event.target_resource),
        ("/rbac_reason", &event.rbac_reason),
    ];
    for (pointer, text) in texts {
        if text
            .as_ref()
            .is_some_and(|text| text.chars().count() > TEXT_MAX)
        {
            let detail = format!("must have at most {TEXT_MAX} characters");
            return Err(Problem::invalid(pointer, detail));
        }
    }
    let Some(cost) = Money::from_units(event.cost_usd.unwrap_or(0.0)) else {
        let detail = "must be an amount of money from 0 to 1000000000";
        return Err(Problem::invalid("/cost_usd", detail));
    };
    let tokens = event.tokens_used.unwrap_or(0);
    if tokens > TOKENS_MAX {
        let detail = format!("must be a whole number from 0 to {TOKENS_MAX}");
        return Err(Problem::invalid("/tokens_used", detail));
    }
    let bytes = event
        .context
        .as_ref()
        .map(|context| json!(context).to_string().len());
    // Half of what a body may have: escaping makes some texts longer.
    let most = BODY_BYTES_MAX / 2;
    if bytes.is_some_and(|bytes| bytes > most) {
        let detail = format!("must have at most {most} bytes as JSON");
        return Err(Problem::invalid("/context", detail));
    }
    Ok(Amount::new(tokens, cost))
}
