//! `DELETE /api/content/files/{file_id}`: takes a file away for good.

use axum::extract::State;
use axum::http::StatusCode;
use civitas_model::artifact::Lifecycle;
use civitas_model::file::Status;
use civitas_model::id::FileKind;
use civitas_model::{Artifact, File, Permission, Write};
use civitas_storage::{Change, Changeset, UploadRelease};
use serde_json::Value;

use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Delete a file: its bytes and what search knows of it. That it was there, and what it was made into, stays on record.
#[utoipa::path(delete, path = "/api/content/files/{file_id}", tag = "files",
    security(("bearer" = [])), params(("file_id" = String, Path)), responses(
        (status = 204, description = "It is gone."), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn delete(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    PathId(file_id): PathId<FileKind>,
) -> Result<StatusCode, Problem> {
    require(&caller, Permission::Write)?;
    let found = state
        .store
        .files()
        .find(&caller.tenant_id, &file_id)
        .await?;
    let file = found
        .filter(|file| file.status != Status::Purged)
        .ok_or_else(|| Problem::not_found("file"))?;
    let _claiming = state.claiming.lock().await;
    forget(&state, &file).await?;
    if state
        .store
        .files()
        .count_by_digest(&file.tenant_id, &file.digest)
        .await?
        == 0
        && let Err(error) = state.blobs.delete(&file.tenant_id, &file.digest).await
    {
        // The file is gone for everyone; its bytes are only room on a disk.
        tracing::warn!(%error, digest = %file.digest, "unused content could not be freed");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Marks the file purged, its artifact deleted, and forgets its search records, at once.
async fn forget(state: &AppState, file: &File) -> Result<(), Problem> {
    let now = state.clock.now();
    let purged = File {
        status: Status::Purged,
        updated_at: now,
        ..file.clone()
    };
    let mut writes = vec![
        Write::File(Box::new(purged)),
        Write::ForgetRecords {
            tenant_id: file.tenant_id.clone(),
            parent_id: file.file_id.to_string(),
        },
    ];
    let mut released = None;
    let artifact_id = file.file_id.to_artifact_id();
    if let Some(mut artifact) = state
        .store
        .artifacts()
        .find(&file.tenant_id, &artifact_id)
        .await?
    {
        released = upload_of(state, &artifact).await?;
        artifact.lifecycle_state = Lifecycle::Deleted;
        artifact.materializations.clear();
        artifact.updated_at = now;
        writes.push(Write::Artifact(Box::new(artifact)));
    }
    let mut changes = Changeset::new().with_writes(writes);
    if let Some(released) = released {
        changes = changes.with(Change::ReleaseUpload(released));
    }
    state.store.commit(changes).await?;
    Ok(())
}

/// The upload that the file was made of, which would keep its bytes.
async fn upload_of(state: &AppState, file: &Artifact) -> Result<Option<UploadRelease>, Problem> {
    let tenant_id = &file.tenant_id;
    let made_by = &file.produced_by.execution_id;
    let made_by = state.runtime.find(tenant_id, made_by).await?;
    Ok(made_by.and_then(|execution| {
        let upload_id = execution.intent.parameters.get("upload_id");
        upload_id
            .and_then(Value::as_str)
            .map(|upload_id| UploadRelease {
                tenant_id: tenant_id.clone(),
                upload_id: upload_id.to_owned(),
            })
    }))
}
