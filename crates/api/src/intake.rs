//! Taking files in: whether there is room, and the `ingest_file` of bytes that are stored.

use civitas_model::{Caller, ErrorCode, SessionId};
use civitas_runtime::{Accepted, Submission};
use civitas_storage::{Changeset, CommitError, Refusal};
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::state::AppState;

/// Refuses what cannot have room, before any of it is read. The commit decides.
pub(crate) async fn check_room(
    state: &AppState,
    caller: &Caller,
    bytes: u64,
) -> Result<(), Problem> {
    let used = state.store.usage(&caller.tenant_id).await?;
    let quota = state.store.quota(&caller.tenant_id);
    if used.files < quota.files && used.bytes.saturating_add(bytes) <= quota.bytes {
        return Ok(());
    }
    Err(over_quota(state, caller).await)
}

/// What to tell a caller whose tenant has no room.
pub(crate) async fn over_quota(state: &AppState, caller: &Caller) -> Problem {
    let used = match state.store.usage(&caller.tenant_id).await {
        Ok(used) => used,
        Err(error) => return error.into(),
    };
    let quota = state.store.quota(&caller.tenant_id);
    let detail = format!(
        "your tenant keeps {} of {} bytes and {} of {} files, which leaves no room for this: purge files that are not needed, or ask the operator for a larger quota",
        used.bytes, quota.bytes, used.files, quota.files
    );
    Problem::new(ErrorCode::QuotaExceeded, detail)
        .with("bytes_used", used.bytes.into())
        .with("bytes_quota", quota.bytes.into())
        .with("files_used", used.files.into())
        .with("files_quota", quota.files.into())
}

/// Commits; a refusal for want of room says how much there is.
pub(crate) async fn commit(
    state: &AppState,
    caller: &Caller,
    changeset: Changeset,
) -> Result<(), Problem> {
    match state.store.commit(changeset).await {
        Ok(_) => Ok(()),
        Err(CommitError::Refused(Refusal::OverQuota)) => Err(over_quota(state, caller).await),
        Err(CommitError::Refused(Refusal::TooManyOpenUploads)) => Err(too_many_open(state)),
        Err(error) => Err(error.into()),
    }
}

fn too_many_open(state: &AppState) -> Problem {
    let limit = state.store.open_uploads_max();
    let detail = format!(
        "your tenant has {limit} uploads open, the most there may be (`open_uploads`): finish some, or cancel those that nobody goes on with"
    );
    Problem::new(ErrorCode::RateLimitExceeded, detail)
        .with("open_uploads_max", limit.into())
        .retry_after(60)
}

/// Submits the `ingest_file` of an upload.
pub(crate) async fn ingest(
    state: &AppState,
    caller: &Caller,
    session_id: Option<SessionId>,
    parameters: Map<String, Value>,
    idempotency_key: Option<String>,
) -> Result<Accepted, Problem> {
    let submission = Submission {
        intent_type: "ingest_file".to_owned(),
        session_id,
        parameters,
        idempotency_key,
        ..Submission::default()
    };
    Ok(state.runtime.submit(caller, submission).await?)
}
