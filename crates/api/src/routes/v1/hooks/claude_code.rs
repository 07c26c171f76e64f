//! `POST /api/v1/hooks/claude-code`: one event of Claude Code's hooks, answered in its documented form.

use axum::Json;
use axum::extract::State;
use civitas_hooks::Event;
use serde_json::Value;

use crate::extract::{Body, Reporter};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Take an event of Claude Code's hooks, and answer it.
///
/// `PreToolUse` is decided by policy and budgets, and answered once the decision is durable; a call that needs a person is held open
/// until it was decided, or for the time that the server waits. Every other event is noted; its answer is `{}`, or tells a
/// halted session to stop. The same event again gets the same answer. Unknown events and fields are accepted.
/// Needs the permission `hooks` or `write`.
#[utoipa::path(post, path = "/api/v1/hooks/claude-code", tag = "hooks", security(("bearer" = [])),
    request_body(content = Object, description = "The event as the client hands it to its hooks: an object with `session_id` and `hook_event_name`."),
    responses(
        (status = 200, body = Object, description = "The answer in the form that the event takes."),
        (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 413, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument, description = "Nothing was decided: the call must not run."),
    ))]
pub(crate) async fn hook(
    State(state): State<AppState>,
    Reporter(caller): Reporter,
    Body(event): Body<Value>,
) -> Result<Json<Value>, Problem> {
    let event =
        Event::parse(event).map_err(|malformed| Problem::invalid("", malformed.to_string()))?;
    let answer = state.gate.event(&caller, &event).await?;
    Ok(Json(answer.render(&event)))
}
