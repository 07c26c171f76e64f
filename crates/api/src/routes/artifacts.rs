//! `GET /api/artifacts/{artifact_id}`: an artifact with its lifecycle and provenance.

use axum::Json;
use axum::extract::State;
use civitas_model::id::ArtifactKind;
use civitas_model::{Artifact, FileId, Permission, TenantId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;

use crate::extract::{Authenticated, Params, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Whose artifact.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowQuery {
    /// May be left out: the credential implies it.
    #[param(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
}

/// Show an artifact in any state: its record, flat and once more under `artifact`, and for a file also the file's facts.
#[utoipa::path(get, path = "/api/artifacts/{artifact_id}", tag = "artifacts",
    security(("bearer" = [])), params(("artifact_id" = String, Path), ShowQuery),
    responses(
        (status = 200, body = Value), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(artifact_id): PathId<ArtifactKind>,
    Params(query): Params<ShowQuery>,
) -> Result<Json<Value>, Problem> {
    require(&caller, Permission::Read)?;
    let tenant = &caller.tenant_id;
    if query
        .tenant_id
        .as_ref()
        .is_some_and(|named| named != tenant)
    {
        return Err(Problem::not_found("artifact"));
    }
    let found = state.store.artifacts().find(tenant, &artifact_id).await?;
    let artifact = found.ok_or_else(|| Problem::not_found("artifact"))?;
    let mut answer = record(&artifact);
    if artifact.artifact_type == "file" {
        answer.extend(file_facts(&state, &artifact).await?);
    }
    answer.insert("artifact".to_owned(), Value::Object(record(&artifact)));
    Ok(Json(Value::Object(answer)))
}

/// An artifact's record as clients read it.
pub(crate) fn record(artifact: &Artifact) -> Map<String, Value> {
    match json!(artifact) {
        Value::Object(record) => record,
        _ => Map::new(),
    }
}

async fn file_facts(state: &AppState, artifact: &Artifact) -> Result<Map<String, Value>, Problem> {
    let file_id = FileId::trusted(artifact.artifact_id.as_str());
    let Some(file) = state
        .store
        .files()
        .find(&artifact.tenant_id, &file_id)
        .await?
    else {
        return Ok(Map::new());
    };
    let facts = json!({
        "file_id": file.file_id,
        "file_reference": file.reference(),
        "file_path": format!("/api/content/files/{}/content", file.file_id),
        "file_name": file.ui_name,
        "file_type": file.file_type,
        "mime_type": file.mime_type,
        "file_size": file.size,
        "file_hash": file.digest,
        "status": file.status,
        "metadata": file.metadata,
    });
    Ok(match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    })
}
