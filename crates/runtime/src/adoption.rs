//! Adoption: a session that was anonymous becomes a user's, with everything that was done in it.
//!
//! Rows move in one changeset, which is refused while some of them are in the engine's hands; content gets a name in the
//! user's tenant first, while nobody can store more of it. Whatever happens in between, content that no row of its tenant
//! needs has a note that says so, and is freed in time.

use std::time::Duration;

use civitas_audit::{Actor, NewEntry};
use civitas_model::execution::Status;
use civitas_model::{TenantId, Write};
use civitas_providers::blobs::BlobError;
use civitas_storage::{Changeset, CommitError, Refusal, SqlError, Upgrade};

use crate::runtime::Engine;

/// How long to wait for what still runs.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Why a session was not upgraded. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// The session is not anonymous any more.
    #[error("there is no such anonymous session")]
    NotFound,
    /// Something in it runs for long.
    #[error(
        "an execution of this session is still running: wait for it or cancel it, and try again"
    )]
    StillRunning,
    /// The database cannot be reached now.
    #[error("storage is not available: {0}")]
    Unavailable(String),
    /// The content cannot be given a name in the user's tenant.
    #[error(transparent)]
    Content(#[from] BlobError),
}

impl From<CommitError> for UpgradeError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(Refusal::NotFound { .. }) => Self::NotFound,
            CommitError::Refused(Refusal::StillRunning) => Self::StillRunning,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<SqlError> for UpgradeError {
    fn from(error: SqlError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Upgrades a session once nothing in it runs any more.
pub(crate) async fn upgrade(engine: &Engine, upgrade: Upgrade) -> Result<(), UpgradeError> {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let outcome = if is_running(engine, &upgrade.from).await? {
            Err(UpgradeError::StillRunning)
        } else {
            adopt(engine, upgrade.clone()).await
        };
        match outcome {
            Err(UpgradeError::StillRunning) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
            outcome => return outcome,
        }
    }
}

async fn is_running(engine: &Engine, tenant: &TenantId) -> Result<bool, SqlError> {
    let counts = engine.store.executions().count_by_status(tenant).await?;
    Ok(counts
        .iter()
        .any(|(status, _)| matches!(status, Status::Pending | Status::Running)))
}

async fn adopt(engine: &Engine, upgrade: Upgrade) -> Result<(), UpgradeError> {
    let (from, to) = (upgrade.from.clone(), upgrade.tenant_id.clone());
    let announce = async |digests: &[String]| {
        let notes = digests.iter().map(|digest| Write::ReleaseContent {
            tenant_id: to.clone(),
            digest: digest.clone(),
        });
        let changes = Changeset::new().with_writes(notes.collect());
        engine.store.commit(changes).await?;
        Ok(())
    };
    let record = async |content: Vec<String>| {
        let (clock, entropy) = (engine.clock.as_ref(), engine.entropy.as_ref());
        let actor = Actor::new("user", upgrade.user_id.as_str());
        let entry = NewEntry::new(clock, entropy, &to, actor, "auth", "upgrade_session")
            .on("session", upgrade.session_id.as_str());
        let changes = Changeset::new()
            .with(Upgrade { content, ..upgrade })
            .with(entry);
        engine.store.commit(changes).await?;
        Ok(())
    };
    engine
        .services
        .blobs
        .share(&from, &to, announce, record)
        .await
}
