//! Approvals: what waits for people, and what they decide.
//!
//! Whatever asks (the gate, a handler) commits an opening together with what it decided, and waits for it: whoever waits is
//! woken by the commit that decides, and reads. Deciding is for people: a machine's attempt is refused and recorded.
//! An approval is bound to the digest of exactly one request ([`request_hash`]) and consumed by the changeset of
//! what it allows.

mod audited;
mod deciding;
mod sweep;
mod waiting;

use std::sync::Arc;

use civitas_model::approval::{Allowance, ApprovalRefusal, ApprovalState};
use civitas_model::{Approval, Caller, Entropy, ExecutionId, TenantId, Timestamp};
use civitas_storage::{AllowanceFilter, ApprovalFilter, CommitError, Refusal, Store};
use serde_json::Value;

pub use civitas_model::approval::request;
pub use deciding::{Always, Decide};

use crate::error::Error;
use waiting::Waiting;

/// Approvals of a page, at most.
pub const PAGE_MAX: u32 = 200;
/// How many parents of a blocked execution are named.
const BLOCKED_MAX: usize = 16;

/// The SHA-256 of the canonical form (RFC 8785) of a request, in lower-case hexadecimal. The request is what
/// [`request`] makes: `{agent, session, tool, input, cwd}`.
pub fn request_hash(request: &Value) -> String {
    civitas_audit::digest(request)
}

/// The approvals of every tenant. Cheap to clone.
#[derive(Clone)]
pub struct Approvals {
    store: Store,
    entropy: Arc<dyn Entropy>,
    waiting: Arc<Waiting>,
}

impl Approvals {
    /// The approvals in a store. Must be called within a tokio runtime: one task hears what is decided.
    pub fn new(store: Store, entropy: Arc<dyn Entropy>) -> Self {
        let waiting = Waiting::start(&store);
        Self {
            store,
            entropy,
            waiting,
        }
    }

    /// An approval by its id, or by its code in either case.
    pub async fn find(&self, caller: &Caller, key: &str) -> Result<Approval, Error> {
        self.read(&caller.tenant_id, key).await
    }

    async fn read(&self, tenant: &TenantId, key: &str) -> Result<Approval, Error> {
        let found = self.store.approvals().find(tenant, key).await?;
        found.ok_or_else(|| no_approval(key))
    }

    /// A page of approvals, newest first.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &ApprovalFilter,
        limit: u32,
    ) -> Result<Vec<Approval>, Error> {
        let approvals = self.store.approvals();
        Ok(approvals.list(&caller.tenant_id, filter, limit).await?)
    }

    /// A page of allowances, newest first.
    pub async fn allowances(
        &self,
        caller: &Caller,
        filter: &AllowanceFilter,
        limit: u32,
    ) -> Result<Vec<Allowance>, Error> {
        let approvals = self.store.approvals();
        Ok(approvals
            .allowances(&caller.tenant_id, filter, limit)
            .await?)
    }

    /// The executions that an approval holds up: the one that asked, and those that wait for it.
    pub async fn blocked(&self, approval: &Approval) -> Result<Vec<ExecutionId>, Error> {
        let mut blocked = Vec::new();
        let mut next = approval.execution_id.clone();
        let executions = self.store.executions();
        while let Some(id) = next.take()
            && blocked.len() < BLOCKED_MAX
            && let Some(found) = executions.find(&approval.tenant_id, &id).await?
            && !found.status.is_final()
        {
            next = found.parent;
            blocked.push(id);
        }
        Ok(blocked)
    }

    /// Waits until an approval is decided, or until `until`, and answers it as it is then. Resolves at once when it is
    /// decided already.
    pub async fn wait(
        &self,
        tenant: &TenantId,
        approval_id: &str,
        until: Timestamp,
    ) -> Result<Approval, Error> {
        let waiter = self.waiting.begin(tenant, approval_id);
        loop {
            // Heard from here on, so that what is decided after the reading is not missed.
            let mut changed = std::pin::pin!(waiter.changed());
            changed.as_mut().enable();
            let approval = self.read(tenant, approval_id).await?;
            let now = self.store.clock().now();
            let is_over = approval.state_at(now) != ApprovalState::Pending || until <= now;
            if is_over {
                return Ok(approval);
            }
            let pause = until.min(approval.expires_at).since(now);
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

fn no_approval(key: &str) -> Error {
    let key: String = key.chars().take(100).collect();
    Error::NotFound(format!("there is no approval {key} in your tenant"))
}

/// What a refused commit means for whoever asked for it.
fn refused(error: CommitError, key: &str) -> Error {
    match error {
        CommitError::Refused(Refusal::Approval(
            refusal @ (ApprovalRefusal::NotApprover(_) | ApprovalRefusal::OwnRequest),
        )) => Error::Forbidden(refusal.to_string()),
        CommitError::Refused(Refusal::NotFound { what: "approval" }) => no_approval(key),
        CommitError::Refused(Refusal::Changed { .. }) => Error::Conflict(
            "the approval changed in the meantime: read it again, and decide again".to_owned(),
        ),
        error => error.into(),
    }
}
