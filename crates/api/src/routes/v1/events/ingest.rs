//! `POST /api/v1/events/ingest`: record what an agent did.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use civitas_audit::{Actor, BODY_BYTES_MAX, Hash, Stored};
use civitas_storage::Changeset;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{AGENT, AuditLog, Facts};
use crate::extract::{Authenticated, Body, require_report};
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
    /// The agent's id; `unknown` when absent. At most 256 characters, as all short texts here.
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

/// Record what an agent did. It is in the tenant's audit log once this is answered.
#[utoipa::path(post, path = "/api/v1/events/ingest", tag = "events", security(("bearer" = [])),
    request_body = EventIngest, responses(
        (status = 201, body = AuditLog), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn ingest(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(event): Body<EventIngest>,
) -> Result<(StatusCode, Json<AuditLog>), Problem> {
    require_report(&caller)?;
    check(&event)?;
    let agent = Actor {
        role: event.agent_role,
        ..Actor::new(AGENT, said(event.agent_id))
    };
    let facts = Facts {
        agent_name: event.agent_name,
        operation_detail: event.operation_detail,
        target_resource: event.target_resource,
        target_type: event.target_type,
        rbac_reason: event.rbac_reason,
        cost_usd: event.cost_usd,
        tokens_used: event.tokens_used,
        context: event.context,
        reported_by: caller.user_id.as_ref().map(ToString::to_string),
    };
    let (clock, entropy) = (state.clock.as_ref(), state.entropy.as_ref());
    let operation = said(event.operation_type);
    let mut entry = facts.into_entry(clock, entropy, &caller, agent, operation);
    entry.outcome = said(event.rbac_decision);
    entry.tool_use_id = event.tool_use_id.filter(|id| !id.is_empty());
    let changes = Changeset::new().with(entry.clone());
    let receipt = state.store.commit(changes).await?;
    // Its number and link are not told here: they are settled among all that is committed at the same time.
    let stored = Stored {
        entry: entry.at(0, receipt.committed_at, Hash::NONE),
        hash: Hash::NONE,
        body: entry.body,
    };
    Ok((StatusCode::CREATED, Json(AuditLog::of(&stored))))
}

fn said(text: Option<String>) -> String {
    text.filter(|text| !text.is_empty())
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

fn check(event: &EventIngest) -> Result<(), Problem> {
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
    if event.cost_usd.is_some_and(|cost| cost < 0.0) {
        return Err(Problem::invalid("/cost_usd", "must be 0 or more"));
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
    Ok(())
}
