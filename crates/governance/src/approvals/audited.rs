//! Changes of approvals together with their entries in the audit log. Whoever decides something else in the same commit
//! adds these changesets to its own.

use civitas_audit::{Actor, NewEntry};
use civitas_model::approval::Allowance;
use civitas_model::{Approval, Caller, TenantId};
use civitas_storage::{ApprovalChange, Changeset, NewApproval};
use serde_json::{Value, json};

use super::Approvals;

/// The category of these entries.
const CATEGORY: &str = "approval";

impl Approvals {
    /// Asks for an approval.
    pub fn opening(&self, actor: Actor, new: NewApproval) -> Changeset {
        let body = json!({
            "kind": new.kind,
            "summary": new.summary,
            "tool_name": new.tool_name,
            "input": new.input,
            "request_hash": new.request_hash,
            "agent_name": new.agent_name,
            "session_id": new.session_id,
            "execution_id": new.execution_id,
            "reason": new.reason,
            "policies": new.policies,
            "approvers": new.approvers,
            "quorum": new.quorum,
            "tokens": new.amount.tokens,
            "cost_usd": new.amount.cost,
            "expires_at": new.expires_at,
        });
        let entry = self.entry(&new.tenant_id, actor, "open", &new.approval_id);
        let entry = of_tool_use(entry, new.tool_use_id.as_deref());
        let entry = entry.with_body(&body, self.entropy.as_ref());
        Changeset::new()
            .with(ApprovalChange::Open(Box::new(new)))
            .with(entry)
    }

    /// Consumes an approval; refused unless exactly this was approved and nobody used it before.
    pub fn using(&self, actor: Actor, approval: &Approval, request_hash: &str) -> Changeset {
        let body = json!({ "code": approval.code(), "request_hash": request_hash });
        let entry = self.about(actor, "use", approval, &body);
        let change = ApprovalChange::Use {
            tenant_id: approval.tenant_id.clone(),
            approval_id: approval.approval_id.clone(),
            request_hash: request_hash.to_owned(),
        };
        Changeset::new().with(change).with(entry)
    }

    /// Counts that an allowance was used; refused when it ended.
    pub fn using_allowance(
        &self,
        actor: Actor,
        allowance: &Allowance,
        request_hash: &str,
        tool_use_id: Option<&str>,
    ) -> Changeset {
        let tenant = &allowance.tenant_id;
        let id = allowance.allowance_id.clone();
        let body = json!({ "approval_id": allowance.approval_id, "request_hash": request_hash });
        let entry = NewEntry::new(
            self.store.clock().as_ref(),
            self.entropy.as_ref(),
            tenant,
            actor,
            CATEGORY,
            "use_allowance",
        );
        let entry = of_tool_use(entry.on("allowance", id.as_str()), tool_use_id);
        let change = ApprovalChange::UseAllowance {
            tenant_id: tenant.clone(),
            allowance_id: id,
        };
        Changeset::new()
            .with(change)
            .with(entry.with_body(&body, self.entropy.as_ref()))
    }

    /// Takes an approval back, because what asked for it ended. The reason is a fragment.
    pub fn withdrawing(&self, actor: Actor, approval: &Approval, reason: &str) -> Changeset {
        let body = json!({ "code": approval.code(), "reason": reason });
        let entry = self.about(actor, "withdraw", approval, &body);
        let change = ApprovalChange::Withdraw {
            tenant_id: approval.tenant_id.clone(),
            approval_id: approval.approval_id.clone(),
            reason: reason.to_owned(),
        };
        Changeset::new().with(change).with(entry)
    }

    /// An entry about an approval.
    pub(super) fn about(
        &self,
        actor: Actor,
        action: &str,
        approval: &Approval,
        body: &Value,
    ) -> NewEntry {
        let (tenant, id) = (&approval.tenant_id, &approval.approval_id);
        let entry = self.entry(tenant, actor, action, id);
        of_tool_use(entry, approval.tool_use_id.as_deref()).with_body(body, self.entropy.as_ref())
    }

    /// That someone tried what they may not.
    pub(super) fn attempt(&self, caller: &Caller, action: &str, key: &str) -> NewEntry {
        // What a stranger sends as a key is no longer than an id.
        let key: String = key.chars().take(256).collect();
        self.entry(&caller.tenant_id, caller.into(), action, &key)
            .outcome("refused")
    }

    fn entry(&self, tenant: &TenantId, actor: Actor, action: &str, id: &str) -> NewEntry {
        let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
        NewEntry::new(clock, entropy, tenant, actor, CATEGORY, action).on("approval", id)
    }
}

fn of_tool_use(entry: NewEntry, tool_use_id: Option<&str>) -> NewEntry {
    match tool_use_id {
        Some(id) => entry.of_tool_use(id),
        None => entry,
    }
}
