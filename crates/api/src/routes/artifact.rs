//! `POST /api/artifact/resolve` and `/list`: artifacts as older clients ask for them.

use axum::Json;
use axum::extract::State;
use civitas_model::artifact::Lifecycle;
use civitas_model::{ArtifactId, Permission, TenantId};
use civitas_storage::artifact::ArtifactFilter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::artifacts::record;
use super::intent::pending::check_tenant;
use crate::extract::{Authenticated, Body, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Artifacts per page at most.
const PAGE_MAX: u32 = 500;

/// Which artifact.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Resolve {
    #[schema(value_type = String)]
    artifact_id: ArtifactId,
    /// Its type; another type is not found.
    artifact_type: String,
    /// May be left out; must be the credential's.
    #[schema(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
}

/// Resolve an artifact that is ready or archived. The record is answered flat, and once more under `artifact`.
#[utoipa::path(post, path = "/api/artifact/resolve", tag = "artifacts", security(("bearer" = [])),
    request_body = Resolve, responses(
        (status = 200, body = Value), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn resolve(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(body): Body<Resolve>,
) -> Result<Json<Value>, Problem> {
    require(&caller, Permission::Read)?;
    if body
        .tenant_id
        .as_ref()
        .is_some_and(|named| *named != caller.tenant_id)
    {
        return Err(Problem::not_found("artifact"));
    }
    let found = state
        .store
        .artifacts()
        .find(&caller.tenant_id, &body.artifact_id)
        .await?;
    let usable = [Lifecycle::Ready, Lifecycle::Archived];
    let artifact = found
        .filter(|artifact| artifact.artifact_type == body.artifact_type)
        .filter(|artifact| usable.contains(&artifact.lifecycle_state))
        .ok_or_else(|| Problem::not_found("artifact"))?;
    let mut answer = record(&artifact);
    answer.insert("artifact".to_owned(), Value::Object(record(&artifact)));
    Ok(Json(Value::Object(answer)))
}

/// Which artifacts.
#[derive(Deserialize, ToSchema)]
pub(crate) struct List {
    /// May be left out; must be the credential's.
    #[schema(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// Only of this type.
    artifact_type: Option<String>,
    /// Only in this state; `READY` when absent, or `ARCHIVED` when it is to be eligible for `restore_file`.
    #[schema(value_type = Option<String>)]
    lifecycle_state: Option<Lifecycle>,
    /// Only of types this intent works on.
    eligible_for: Option<String>,
    /// At most this many, up to 500; 100 when absent.
    limit: Option<u32>,
    /// After this many.
    #[serde(default)]
    offset: u32,
}

/// A page of artifacts, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ArtifactPage {
    artifacts: Vec<Value>,
    /// How many there are in all.
    total: u64,
    limit: u32,
    offset: u32,
}

/// List artifacts, newest first.
#[utoipa::path(post, path = "/api/artifact/list", tag = "artifacts", security(("bearer" = [])),
    request_body = List, responses(
        (status = 200, body = ArtifactPage), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(body): Body<List>,
) -> Result<Json<ArtifactPage>, Problem> {
    require(&caller, Permission::Read)?;
    check_tenant(&caller, body.tenant_id.as_ref())?;
    let registry = state.runtime.registry();
    // An intent may be named by any of its names.
    let known = body.eligible_for.as_deref();
    let known = known.and_then(|name| registry.find(name));
    let eligible_for = known.map_or(body.eligible_for.as_deref(), |known| Some(known.name()));
    let default_state = match eligible_for {
        Some("restore_file") => Lifecycle::Archived,
        _ => Lifecycle::Ready,
    };
    let mut types: Vec<String> = eligible_types(eligible_for)
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    if let Some(wanted) = body.artifact_type {
        // Both filters hold: a type the intent does not work on matches nothing.
        types = if types.is_empty() || types.contains(&wanted) {
            vec![wanted]
        } else {
            vec![String::new()]
        };
    }
    let filter = ArtifactFilter {
        types,
        lifecycle_state: Some(body.lifecycle_state.unwrap_or(default_state)),
        ..ArtifactFilter::default()
    };
    let limit = body.limit.unwrap_or(100).clamp(1, PAGE_MAX);
    let artifacts = state.store.artifacts();
    let found = artifacts
        .list(&caller.tenant_id, &filter, limit, body.offset)
        .await?;
    let total = artifacts.count(&caller.tenant_id, &filter).await?;
    let shown = [
        "artifact_id",
        "artifact_type",
        "lifecycle_state",
        "semantic_descriptor",
        "created_at",
        "updated_at",
    ];
    let artifacts = found
        .iter()
        .map(|artifact| {
            let record = record(artifact);
            let kept = record
                .into_iter()
                .filter(|(key, _)| shown.contains(&key.as_str()));
            json!(kept.collect::<Map<_, _>>())
        })
        .collect();
    Ok(Json(ArtifactPage {
        artifacts,
        total,
        limit,
        offset: body.offset,
    }))
}

/// The types an intent works on; none means any.
fn eligible_types(intent: Option<&str>) -> &'static [&'static str] {
    match intent {
        Some(
            "parse_content"
            | "archive_file"
            | "restore_file"
            | "purge_file"
            | "validate_file"
            | "preprocess_file"
            | "update_file_metadata"
            | "retrieve_file",
        ) => &["file"],
        Some(
            "extract_embeddings"
            | "create_deterministic_embeddings"
            | "hydrate_semantic_profile"
            | "extract_deterministic_structure",
        ) => &["parsed_content"],
        Some("save_materialization") => &["file", "parsed_content", "embeddings"],
        _ => &[],
    }
}
