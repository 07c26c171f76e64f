//! `GET /api/execution/{execution_id}/status`: where an execution stands, and what it made.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use civitas_model::execution::{Failure, Status, Wait};
use civitas_model::id::ExecutionKind;
use civitas_model::journal::Kind;
use civitas_model::{Execution, ExecutionId, FileId, IntentId, Permission, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Authenticated, Params, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::routes::artifacts::visual;
use crate::state::AppState;

/// The longest a request waits for an execution to end, in seconds.
const WAIT_SECONDS_MAX: u64 = 60;
/// Events answered at once.
const EVENTS_MAX: u32 = 1000;

/// What to answer.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatusQuery {
    /// May be left out: the credential implies it.
    #[param(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// Whether to answer what it made; it is answered unless this is `false`.
    include_artifacts: Option<bool>,
    /// Whether to answer where the pictures are that it made.
    #[serde(default)]
    include_visuals: bool,
    /// Whether to answer the events that the handler emitted.
    #[serde(default)]
    include_events: bool,
    /// Wait up to this many seconds (at most 60) for the execution to end.
    #[serde(default)]
    #[param(maximum = 60)]
    wait: u64,
}

/// Where an execution stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExecutionStatus {
    #[schema(value_type = String)]
    pub(crate) execution_id: ExecutionId,
    #[schema(value_type = String)]
    pub(crate) intent_id: IntentId,
    /// Which intent.
    pub(crate) intent_type: String,
    /// `pending`, `running`, `waiting`, `completed`, `failed` or `cancelled`.
    #[schema(value_type = String)]
    pub(crate) status: Status,
    /// What it made, by key, once completed: `{result_type, semantic_payload, renderings, metadata?}` each.
    pub(crate) artifacts: Option<Value>,
    /// Where the pictures are of what it made, when asked for: `{artifact, path, mime_type}` each, with the artifact's key.
    pub(crate) visuals: Option<Vec<Value>>,
    /// What the handler emitted, when asked for: `{type, data, timestamp}` each.
    pub(crate) events: Option<Vec<Value>>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// The code of the failure; each has a page in `docs/errors`.
    pub(crate) error_code: Option<String>,
    /// What it waits for, when waiting.
    #[schema(value_type = Option<Value>)]
    pub(crate) wait: Option<Wait>,
    /// How often a handler was started on it.
    pub(crate) attempt: u32,
    /// The number of the last entry of its journal; ask the stream for what comes after it.
    pub(crate) last_seq: u64,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) updated_at: Timestamp,
}

/// Show where an execution stands. With `wait`, answer as soon as it ends.
#[utoipa::path(get, path = "/api/execution/{execution_id}/status", tag = "executions",
    security(("bearer" = [])), params(("execution_id" = String, Path), StatusQuery),
    responses(
        (status = 200, body = ExecutionStatus), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn status(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(execution_id): PathId<ExecutionKind>,
    Params(query): Params<StatusQuery>,
) -> Result<Json<ExecutionStatus>, Problem> {
    require(&caller, Permission::Read)?;
    let tenant = &caller.tenant_id;
    if query
        .tenant_id
        .as_ref()
        .is_some_and(|named| named != tenant)
    {
        return Err(Problem::not_found("execution"));
    }
    let found = if query.wait == 0 {
        state.runtime.find(tenant, &execution_id).await?
    } else {
        let patience = Duration::from_secs(query.wait.min(WAIT_SECONDS_MAX));
        tokio::select! {
            found = state.runtime.wait(tenant, &execution_id, patience) => found?,
            () = state.stopping.cancelled() => state.runtime.find(tenant, &execution_id).await?,
        }
    };
    let mut execution = found.ok_or_else(|| Problem::not_found("execution"))?;
    let visuals = if query.include_visuals {
        Some(visuals(&state, tenant, execution.result.as_ref()).await?)
    } else {
        None
    };
    if query.include_artifacts == Some(false) {
        execution.result = None;
    }
    let events = if query.include_events {
        Some(events(&state, tenant, &execution_id).await?)
    } else {
        None
    };
    Ok(Json(ExecutionStatus {
        visuals,
        events,
        ..answer(&state, execution)
    }))
}

/// Where the pictures are among what an execution made.
async fn visuals(
    state: &AppState,
    tenant: &TenantId,
    result: Option<&Value>,
) -> Result<Vec<Value>, Problem> {
    let mut visuals = Vec::new();
    for (key, artifact) in result.and_then(Value::as_object).into_iter().flatten() {
        let file = artifact.pointer("/semantic_payload/file_id");
        let Some(id) = file.and_then(Value::as_str) else {
            continue;
        };
        // What it was then says nothing about whether its bytes are there now.
        let file = state
            .store
            .files()
            .find(tenant, &FileId::trusted(id))
            .await?;
        if let Some(mut visual) = file.as_ref().and_then(visual::of_file) {
            visual["artifact"] = json!(key);
            visuals.push(visual);
        }
    }
    Ok(visuals)
}

async fn events(
    state: &AppState,
    tenant: &TenantId,
    execution: &ExecutionId,
) -> Result<Vec<Value>, Problem> {
    let journal = state
        .store
        .executions()
        .journal(tenant, execution, 0, EVENTS_MAX)
        .await?;
    let events = journal
        .into_iter()
        .filter(|entry| entry.kind == Kind::Event);
    Ok(events
        .map(|entry| {
            let data = entry.data.get("result").cloned().unwrap_or_default();
            json!({ "type": entry.name, "data": data, "timestamp": entry.created_at })
        })
        .collect())
}

/// An execution as clients read it.
pub(crate) fn answer(state: &AppState, execution: Execution) -> ExecutionStatus {
    let (error, error_code) = match execution.failure {
        Some(Failure { code, message }) => (Some(message), Some(code)),
        None => (None, None),
    };
    let intent = execution.intent;
    let artifacts = execution
        .result
        .map(|result| with_aliases(state, &intent.intent_type, result));
    ExecutionStatus {
        execution_id: execution.execution_id,
        intent_id: intent.intent_id,
        intent_type: intent.intent_type,
        status: execution.status,
        artifacts,
        visuals: None,
        events: None,
        error,
        error_code,
        wait: execution.wait,
        attempt: execution.attempt,
        last_seq: execution.last_seq,
        created_at: intent.created_at,
        updated_at: execution.updated_at,
    }
}

/// The artifacts under their own keys and those that older clients read.
fn with_aliases(state: &AppState, intent_type: &str, result: Value) -> Value {
    let Value::Object(mut artifacts) = result else {
        return result;
    };
    if let Some(definition) = state.runtime.registry().find(intent_type) {
        add_aliases(&mut artifacts, definition.artifact(), definition.aliases());
    }
    Value::Object(artifacts)
}

fn add_aliases(artifacts: &mut Map<String, Value>, key: &str, aliases: &[&str]) {
    let Some(artifact) = artifacts.get(key).cloned() else {
        return;
    };
    for alias in aliases {
        artifacts
            .entry((*alias).to_owned())
            .or_insert_with(|| artifact.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_never_replaces_an_artifact_of_its_own() {
        let mut artifacts = Map::from_iter([
            ("main".to_owned(), json!(1)),
            ("other".to_owned(), json!(2)),
        ]);
        add_aliases(&mut artifacts, "main", &["other", "old"]);
        assert_eq!(
            Value::Object(artifacts),
            json!({ "main": 1, "other": 2, "old": 1 })
        );
    }
}
