//! What handlers read, within their tenant.

use civitas_intent::host::Read;
use civitas_intent::{Error, Result, retry};
use civitas_model::{ArtifactId, ErrorCode, ExecutionId, SessionId, TenantId};
use civitas_storage::{FileFilter, PendingIntentFilter, SqlError};
use serde_json::{Value, json};

use crate::approval;
use crate::runtime::Engine;

/// Pending intents of one artifact that are read at once.
const PENDING_MAX: u32 = 100;
/// Artifacts made from one artifact that are read at once.
const MADE_MAX: u32 = 500;

/// Answers a reading of a handler.
pub(crate) async fn answer(engine: &Engine, tenant: &TenantId, read: Read) -> Result<Value> {
    let store = &engine.store;
    match read {
        Read::Now => Ok(json!(engine.clock.now())),
        Read::File { file_id } => answered(store.files().find(tenant, &file_id).await),
        Read::Files {
            filter,
            limit,
            offset,
        } => {
            let filter = file_filter(filter)?;
            answered(store.files().list(tenant, &filter, limit, offset).await)
        }
        Read::Upload { upload_id } => answered(store.find_upload(tenant, &upload_id).await),
        Read::Contract { contract_id } => answered(store.find_contract(tenant, &contract_id).await),
        Read::Artifact { artifact_id } => {
            answered(store.artifacts().find(tenant, &artifact_id).await)
        }
        Read::ArtifactsOf { parent_artifact_id } => {
            let artifacts = store.artifacts();
            let made = artifacts.made_from(tenant, &parent_artifact_id, MADE_MAX);
            answered(made.await)
        }
        Read::PendingIntents { target_artifact_id } => {
            pending_intents(engine, tenant, target_artifact_id).await
        }
        Read::Agent { agent_id } => answered(store.agents().find(tenant, &agent_id).await),
        Read::AgentNamed { name } => answered(store.agents().find_by_name(tenant, &name).await),
        Read::AgentText { agent_id } => {
            let source = store.agents().source(tenant, &agent_id).await;
            answered(source.map(|source| source.map(|(_, text)| text)))
        }
        Read::SessionState { session_id } => session_state(engine, tenant, &session_id).await,
        Read::TenantSetting { name } => answered(store.find_tenant_setting(tenant, &name).await),
        Read::Search { query } => (engine.services.search)(tenant.clone(), query).await,
        Read::Approval { approval_id } => approval::answer(engine, tenant, &approval_id).await,
        Read::Outcome { execution_id } => outcome(engine, tenant, &execution_id).await,
    }
}

fn answered(found: std::result::Result<impl serde::Serialize, SqlError>) -> Result<Value> {
    Ok(json!(found.map_err(|error| unreadable(&error))?))
}

fn unreadable(error: &SqlError) -> Error {
    retry(format!("storage cannot be read: {error}"))
}

fn file_filter(filter: Value) -> Result<FileFilter> {
    serde_json::from_value(filter).map_err(|error| {
        let message = format!("the filter is not valid: {error}");
        Error::rejected(ErrorCode::IntentRejected, message)
    })
}

async fn pending_intents(engine: &Engine, tenant: &TenantId, target: ArtifactId) -> Result<Value> {
    let filter = PendingIntentFilter {
        target_artifact_id: Some(target),
        ..Default::default()
    };
    answered(
        engine
            .store
            .list_pending_intents(tenant, &filter, PENDING_MAX)
            .await,
    )
}

async fn session_state(engine: &Engine, tenant: &TenantId, session: &SessionId) -> Result<Value> {
    let found = engine
        .store
        .find_session(session)
        .await
        .map_err(|error| unreadable(&error))?;
    let own = found.filter(|session| session.tenant_id == *tenant);
    Ok(own.map_or_else(|| json!({}), |session| session.state))
}

/// How an execution ended; null while it has not.
async fn outcome(engine: &Engine, tenant: &TenantId, execution: &ExecutionId) -> Result<Value> {
    let found = engine
        .store
        .executions()
        .find(tenant, execution)
        .await
        .map_err(|error| unreadable(&error))?;
    Ok(match found {
        Some(found) if found.status.is_final() => json!({
            "status": found.status,
            "result": found.result,
            "failure": found.failure,
        }),
        _ => Value::Null,
    })
}
