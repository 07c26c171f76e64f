//! `GET /api/v1/audit/stats`: how long the log is, how much of it is signed, and what is in it.

use axum::Json;
use axum::extract::State;
use civitas_storage::AuditFilter;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{Admin, NoParams, Params};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How many entries have what in common.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditKind {
    category: String,
    action: String,
    outcome: String,
    total: u64,
}

/// How long the log is, and what is in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditStats {
    /// How many entries there are.
    entries: u64,
    /// How many of them the newest checkpoint covers.
    signed: u64,
    /// Up to which entry retention has dropped bodies.
    bodies_dropped_through: u64,
    /// The root of the tree over all entries, in hexadecimal; absent while there are none.
    #[schema(value_type = Option<String>)]
    root: Option<civitas_audit::Hash>,
    /// What there is, most of it first.
    kinds: Vec<AuditKind>,
}

/// Count what is in the tenant's audit log. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/audit/stats", tag = "audit", security(("bearer" = [])),
    responses(
        (status = 200, body = AuditStats), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn stats(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Params(NoParams {}): Params<NoParams>,
) -> Result<Json<AuditStats>, Problem> {
    let audit = state.store.audit();
    let head = audit.head(&caller.tenant_id).await?;
    let filter = AuditFilter::default();
    let mut kinds: Vec<AuditKind> = Vec::new();
    for kind in audit.stats(&caller.tenant_id, &filter).await? {
        // They are told apart by role as well, which is of no use here.
        let same = kinds.iter_mut().find(|known| {
            (&known.category, &known.action, &known.outcome)
                == (&kind.category, &kind.action, &kind.outcome)
        });
        match same {
            Some(known) => known.total += kind.total,
            None => kinds.push(AuditKind {
                category: kind.category,
                action: kind.action,
                outcome: kind.outcome,
                total: kind.total,
            }),
        }
    }
    Ok(Json(AuditStats {
        entries: head.as_ref().map_or(0, |head| head.frontier.size()),
        signed: head.as_ref().map_or(0, |head| head.signed),
        bodies_dropped_through: head.as_ref().map_or(0, |head| head.dropped),
        root: head.map(|head| head.frontier.root()),
        kinds,
    }))
}
