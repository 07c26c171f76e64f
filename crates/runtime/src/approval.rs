//! Executions that ask people: what is committed with their entries, and what people decided.

use civitas_audit::{Actor, NewEntry, digest};
use civitas_intent::approval::Decision;
use civitas_intent::host::ApprovalStep;
use civitas_intent::{ApprovalRequest, Error, Result, retry};
use civitas_model::approval::{ApprovalKind, ApprovalRefusal, request};
use civitas_model::execution::Intent;
use civitas_model::session::anonymous_session;
use civitas_model::{ErrorCode, ExecutionId, TenantId};
use civitas_storage::{ApprovalChange, Changeset, NewApproval, OPEN_APPROVALS_MAX, Refusal};
use serde_json::{Value, json};

use crate::runtime::Engine;

/// The category of these entries in the audit log.
const CATEGORY: &str = "approval";
/// What does it, in the audit log.
const PART: &str = "executions";

/// The digest of a request: the intent's type stands for the agent, and the point in its handler for the tool.
pub(crate) fn request_hash(intent: &Intent, asked: &ApprovalRequest) -> String {
    digest(&request(
        None,
        &intent.intent_type,
        Some(intent.session_id.as_str()),
        &asked.name,
        &asked.input,
        None,
    ))
}

/// Whether asking again would be refused again.
pub(crate) fn is_final(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::TooMany { max, .. } => *max == OPEN_APPROVALS_MAX,
        Refusal::Approval(refusal) => matches!(
            refusal,
            ApprovalRefusal::Quorum | ApprovalRefusal::Lifetime | ApprovalRefusal::Anonymous
        ),
        _ => false,
    }
}

/// What is committed with the entry of a step.
pub(crate) fn changeset(
    engine: &Engine,
    execution_id: &ExecutionId,
    intent: &Intent,
    step: &ApprovalStep,
) -> Result<Changeset> {
    let tenant = &intent.tenant_id;
    match step {
        ApprovalStep::Open {
            approval_id,
            request,
        } => {
            if anonymous_session(tenant).is_some() {
                let message = ApprovalRefusal::Anonymous.to_string();
                return Err(Error::rejected(ErrorCode::IntentRejected, message));
            }
            let new = opened(engine, execution_id, intent, approval_id, request);
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
                "approvers": new.approvers,
                "quorum": new.quorum,
                "tokens": new.amount.tokens,
                "cost_usd": new.amount.cost,
                "expires_at": new.expires_at,
            });
            let entry = entry(engine, tenant, "open", approval_id, &body);
            let change = ApprovalChange::Open(Box::new(new));
            Ok(Changeset::new().with(change).with(entry))
        }
        ApprovalStep::Use {
            approval_id,
            code,
            request_hash,
        } => {
            let body = json!({
                "code": code,
                "request_hash": request_hash,
                "execution_id": execution_id,
            });
            let entry = entry(engine, tenant, "use", approval_id, &body);
            let change = ApprovalChange::Use {
                tenant_id: tenant.clone(),
                approval_id: approval_id.clone(),
                request_hash: request_hash.clone(),
            };
            Ok(Changeset::new().with(change).with(entry))
        }
    }
}

fn opened(
    engine: &Engine,
    execution_id: &ExecutionId,
    intent: &Intent,
    approval_id: &str,
    asked: &ApprovalRequest,
) -> NewApproval {
    let now = engine.clock.now();
    NewApproval {
        tenant_id: intent.tenant_id.clone(),
        approval_id: approval_id.to_owned(),
        kind: ApprovalKind::Execution,
        summary: asked.summary.clone(),
        tool_name: asked.name.clone(),
        input: asked.input.clone(),
        request_hash: request_hash(intent, asked),
        agent_id: None,
        agent_name: intent.intent_type.clone(),
        session_id: Some(intent.session_id.to_string()),
        tool_use_id: None,
        cwd: None,
        execution_id: Some(execution_id.clone()),
        reason: asked.reason.clone(),
        policies: Vec::new(),
        approvers: asked.approvers.clone(),
        amount: asked.amount,
        quorum: asked.quorum,
        expires_at: now.plus(asked.lifetime),
        escalate_at: asked.escalate_after.map(|after| now.plus(after)),
    }
}

fn entry(
    engine: &Engine,
    tenant: &TenantId,
    action: &str,
    approval_id: &str,
    body: &Value,
) -> NewEntry {
    let (clock, entropy) = (engine.clock.as_ref(), engine.entropy.as_ref());
    let actor = Actor::system(PART);
    NewEntry::new(clock, entropy, tenant, actor, CATEGORY, action)
        .on("approval", approval_id)
        .with_body(body, entropy)
}

/// What people decided, as of now. What would be done is held against the digest that they are bound to.
pub(crate) async fn answer(engine: &Engine, tenant: &TenantId, approval_id: &str) -> Result<Value> {
    let found = engine.store.approvals().find(tenant, approval_id).await;
    let found = found.map_err(|error| retry(format!("storage cannot be read: {error}")))?;
    let Some(approval) = found else {
        return Ok(Value::Null);
    };
    if digest(&approval.request_with(&approval.input)) != approval.request_hash {
        let code = approval.code();
        return Err(Error::rejected(
            ErrorCode::IntentRejected,
            format!("what {code} holds is not what people decided about: submit the intent again"),
        ));
    }
    let state = approval.state_at(engine.clock.now());
    Ok(json!(Decision {
        code: approval.code(),
        state,
        input: approval.input,
        request_hash: approval.request_hash,
        outcome: approval.outcome.filter(|_| state == approval.state),
        expires_at: approval.expires_at,
    }))
}
