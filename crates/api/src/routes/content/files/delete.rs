//! `DELETE /api/content/files/{file_id}`: takes a file away for good.

use axum::extract::State;
use axum::http::StatusCode;
use civitas_audit::NewEntry;
use civitas_model::artifact::Lifecycle;
use civitas_model::file::Status;
use civitas_model::id::FileKind;
use civitas_model::{Caller, File, Permission, Timestamp, Write};
use civitas_storage::Changeset;

use crate::extract::{Authenticated, PathId, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Readings of one file that are deleted with it, at most.
const READINGS_MAX: u32 = 1000;
/// How an artifact names a blob.
const BLOB: &str = "blob:sha256:";

/// Delete a file: its bytes, what was read of it and what search knows of it. That it was there, and what it was made into, stays on record.
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
    let freed = forget(&state, &caller, &file).await?;
    // What the file's own execution stored was stored before the file was made.
    for (digest, made_at) in freed {
        state
            .runtime
            .free_content(&file.tenant_id, &digest, made_at)
            .await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Marks the file purged, its artifact and what was read of it deleted, and forgets its search records, at once. Answers the
/// digests of what may not be needed any more, each with when it was made.
async fn forget(
    state: &AppState,
    caller: &Caller,
    file: &File,
) -> Result<Vec<(String, Timestamp)>, Problem> {
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
    let mut freed = vec![(file.digest.clone(), file.created_at)];
    let artifact_id = file.file_id.to_artifact_id();
    let artifacts = state.store.artifacts();
    let own = artifacts.find(&file.tenant_id, &artifact_id).await?;
    let readings = artifacts
        .made_from(&file.tenant_id, &artifact_id, READINGS_MAX)
        .await?;
    let readings = readings
        .into_iter()
        .filter(|made| made.artifact_type == "parsed_content");
    for mut artifact in own.into_iter().chain(readings) {
        let places = artifact.materializations.drain(..);
        let digests = places.filter_map(|place| Some(place.uri.strip_prefix(BLOB)?.to_owned()));
        freed.extend(digests.map(|digest| (digest, artifact.created_at)));
        artifact.lifecycle_state = Lifecycle::Deleted;
        artifact.updated_at = now;
        writes.push(Write::Artifact(Box::new(artifact)));
    }
    freed.sort();
    freed.dedup_by(|one, other| one.0 == other.0);
    writes.extend(freed.iter().map(|(digest, _)| Write::ReleaseContent {
        tenant_id: file.tenant_id.clone(),
        digest: digest.clone(),
    }));
    let (clock, entropy) = (state.clock.as_ref(), state.entropy.as_ref());
    let tenant = &file.tenant_id;
    let entry = NewEntry::new(clock, entropy, tenant, caller.into(), "content", "purge")
        .on("file", file.file_id.as_str());
    state
        .store
        .commit(Changeset::new().with_writes(writes).with(entry))
        .await?;
    Ok(freed)
}
