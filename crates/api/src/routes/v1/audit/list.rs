//! `GET /api/v1/audit`: the audit log, newest first.

use axum::Json;
use axum::extract::State;
use civitas_audit::Stored;
use civitas_model::Timestamp;
use civitas_storage::AuditFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Admin, Params};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Entries per page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only of this part of the platform: `auth`, `execution`, `content`, `agent`, `audit`.
    category: Option<String>,
    /// Only with this action, such as `sign_in`.
    action: Option<String>,
    /// Only with this outcome, such as `refused`.
    outcome: Option<String>,
    /// Only by this kind of actor: `user`, `service`, `anonymous`, `local_operator`, `agent`, `system`.
    actor_kind: Option<String>,
    /// Only by this actor.
    actor_id: Option<String>,
    /// Only about this kind of subject, such as `session`.
    subject_kind: Option<String>,
    /// Only about this subject.
    subject_id: Option<String>,
    /// Only of this tool use.
    tool_use_id: Option<String>,
    /// Not before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Where the page before ended: its `next_cursor`.
    #[param(minimum = 1)]
    cursor: Option<u64>,
    /// At most this many; 50 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// The entry; its canonical form (RFC 8785) with `"v":1` is what was hashed. `body` is the hash of salt and body.
    #[schema(value_type = Object)]
    entry: civitas_audit::Entry,
    /// Its hash in the chain and the tree: the RFC 6962 leaf hash of the canonical form.
    #[schema(value_type = String)]
    hash: civitas_audit::Hash,
    /// Its body; null when it has none, or when it was dropped.
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
    /// Whether it had a body that is gone.
    body_dropped: bool,
}

impl AuditEntry {
    pub(crate) fn of(stored: Stored) -> Self {
        let body = stored.body.as_ref();
        Self {
            body_dropped: stored.entry.body_hash.is_some() && body.is_none(),
            body: body.and_then(|body| serde_json::from_str(&body.text).ok()),
            hash: stored.hash,
            entry: stored.entry,
        }
    }
}

/// A page of entries, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    entries: Vec<AuditEntry>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<u64>,
}

/// List the tenant's audit log, newest first. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", security(("bearer" = [])),
    params(ListQuery), responses(
        (status = 200, body = AuditPage), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Params(query): Params<ListQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, 500);
    let filter = AuditFilter {
        category: query.category,
        action: query.action,
        actor_kind: query.actor_kind,
        actor_id: query.actor_id,
        outcome: query.outcome,
        subject_kind: query.subject_kind,
        subject_id: query.subject_id,
        tool_use_id: query.tool_use_id,
        since: query.since,
        until: query.until,
        before: query.cursor,
    };
    let audit = state.store.audit();
    // One more shows whether there is another page.
    let mut found = audit.list(&caller.tenant_id, &filter, limit + 1, 0).await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|stored| stored.entry.seq);
    Ok(Json(AuditPage {
        next_cursor: last.filter(|_| more),
        entries: found.into_iter().map(AuditEntry::of).collect(),
    }))
}
