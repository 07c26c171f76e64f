//! The signer: checkpoints every so often, or once so many entries wait for one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use civitas_audit::{Checkpoint, ExportedCheckpoint, SigningKey, log_origin};
use civitas_storage::{AuditChange, Changeset, Store};
use tokio::time::{Instant, MissedTickBehavior};

use super::checkpoints;
use crate::config::AuditConfig;

/// How often to look whether something is to be signed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Logs signed in one commit.
const LOGS_MAX: u32 = 100;

/// What signs the logs of a node.
pub(crate) struct Signer {
    pub(crate) store: Store,
    pub(crate) key: Arc<SigningKey>,
    /// The installation, as it stands in the logs' names.
    pub(crate) installation: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) config: AuditConfig,
}

impl Signer {
    /// Signs for as long as it is polled.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut tick = tokio::time::interval(LOOK_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut signed_all_at = Instant::now();
        loop {
            tick.tick().await;
            let is_time = signed_all_at.elapsed() >= self.config.interval;
            let entries_min = if is_time { 1 } else { self.config.entries };
            match self.sign(entries_min).await {
                Ok(()) if is_time => signed_all_at = Instant::now(),
                Ok(()) => {}
                // The entries are safe, and are signed once it works again.
                Err(error) => tracing::error!(%error, "the audit log could not be signed"),
            }
        }
    }

    /// Signs every log that has at least so many entries which no checkpoint covers.
    pub(crate) async fn sign(&self, entries_min: u64) -> anyhow::Result<()> {
        loop {
            let unsigned = self.store.audit().unsigned(entries_min, LOGS_MAX).await?;
            if unsigned.is_empty() {
                return Ok(());
            }
            let now = self.store.clock().now();
            let mut signed = Vec::with_capacity(unsigned.len());
            for (tenant, frontier) in unsigned {
                let checkpoint = Checkpoint {
                    origin: log_origin(&self.installation, &tenant),
                    size: frontier.size(),
                    root: frontier.root(),
                };
                signed.push(ExportedCheckpoint {
                    note: checkpoint.sign(&self.key),
                    size: checkpoint.size,
                    time: now,
                    tenant,
                });
            }
            self.keep(signed).await?;
        }
    }

    /// Outside the database first: a checkpoint that the database holds is also in the file.
    async fn keep(&self, signed: Vec<ExportedCheckpoint>) -> anyhow::Result<()> {
        let data_dir = self.data_dir.clone();
        let now = self.store.clock().now();
        let signed = tokio::task::spawn_blocking(move || {
            checkpoints::append(&data_dir, now, &signed).map(|()| signed)
        })
        .await??;
        let changes = signed.into_iter().map(|kept| AuditChange::Checkpoint {
            tenant_id: kept.tenant,
            size: kept.size,
            note: kept.note,
        });
        let changes = changes.fold(Changeset::new(), Changeset::with);
        self.store.commit(changes).await?;
        Ok(())
    }
}
