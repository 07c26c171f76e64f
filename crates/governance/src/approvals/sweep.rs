//! What time does to approvals: those that nobody decided end, others are given to a wider circle.

use std::time::Duration;

use civitas_audit::Actor;
use civitas_model::Approval;
use civitas_storage::{ApprovalChange, Changeset, CommitError, SqlError};
use serde_json::json;

use super::Approvals;
use crate::error::Error;

/// How often to look. Whoever waits for an approval knows when it ends: this only writes it down.
const INTERVAL: Duration = Duration::from_secs(5);
/// Approvals per look of each kind; the rest waits for the next look.
const PAGE: u32 = 500;
/// What does it, in the audit log.
const PART: &str = "approvals";

impl Approvals {
    /// Looks again and again for as long as it is polled.
    pub async fn run(&self) {
        let mut tick = tokio::time::interval(INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "approvals could not be looked through; it is tried again");
            }
        }
    }

    /// Writes down what is over, widens what should be, and takes back what nobody waits for any more.
    pub async fn sweep(&self) -> Result<(), Error> {
        let now = self.store.clock().now();
        let read = |found: Result<Vec<Approval>, SqlError>| found.map_err(Error::from);
        for approval in read(self.store.approvals().expired(now, PAGE).await)? {
            let change = ApprovalChange::Expire {
                tenant_id: approval.tenant_id.clone(),
                approval_id: approval.approval_id.clone(),
            };
            self.note("expire", &approval, change).await?;
        }
        for approval in read(self.store.approvals().to_escalate(now, PAGE).await)? {
            let change = ApprovalChange::Escalate {
                tenant_id: approval.tenant_id.clone(),
                approval_id: approval.approval_id.clone(),
            };
            self.note("escalate", &approval, change).await?;
        }
        for approval in read(self.store.approvals().orphaned(now, PAGE).await)? {
            let changeset = self.withdrawing(Actor::system(PART), &approval, "its execution ended");
            self.unless_refused(changeset).await?;
        }
        Ok(())
    }

    async fn note(
        &self,
        action: &str,
        approval: &Approval,
        change: ApprovalChange,
    ) -> Result<(), Error> {
        let body = json!({
            "code": approval.code(),
            "state": approval.state,
            "request_hash": approval.request_hash,
        });
        let entry = self.about(Actor::system(PART), action, approval, &body);
        self.unless_refused(Changeset::new().with(change).with(entry))
            .await
    }

    /// Commits; a refusal means that someone decided it in the meantime.
    async fn unless_refused(&self, changeset: Changeset) -> Result<(), Error> {
        match self.store.commit(changeset).await {
            Ok(_) | Err(CommitError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
