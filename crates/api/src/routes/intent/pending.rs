//! `POST /api/intent/pending/create` and `/list`: work prepared for an artifact.

use axum::Json;
use axum::extract::State;
use civitas_model::pending::{PendingIntent, Status};
use civitas_model::{
    ArtifactId, Caller, ErrorCode, Id, IntentId, Permission, SessionId, TenantId, Timestamp, Write,
};
use civitas_storage::{Changeset, PendingIntentFilter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::extract::{Authenticated, Body, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Pending intents listed at once.
const PAGE: u32 = 500;

/// Work to prepare.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CreatePending {
    /// The pending intent's id; made here when absent.
    #[schema(value_type = Option<String>)]
    intent_id: Option<IntentId>,
    /// Which intent.
    intent_type: String,
    /// The artifact it will work on.
    #[schema(value_type = String)]
    target_artifact_id: ArtifactId,
    /// How: ingestion profile, parse options and so on.
    context: Map<String, Value>,
    /// May be left out; must be the credential's.
    #[schema(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// The session it is prepared in.
    #[schema(value_type = Option<String>)]
    session_id: Option<SessionId>,
}

/// It is prepared.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedPending {
    /// The pending intent's id.
    #[schema(value_type = String)]
    intent_id: IntentId,
    /// `pending`.
    status: &'static str,
}

/// Prepare an intent for an artifact, to be submitted later.
#[utoipa::path(post, path = "/api/intent/pending/create", tag = "intents", security(("bearer" = [])),
    request_body = CreatePending, responses(
        (status = 200, body = CreatedPending), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(body): Body<CreatePending>,
) -> Result<Json<CreatedPending>, Problem> {
    require(&caller, Permission::Write)?;
    check_tenant(&caller, body.tenant_id.as_ref())?;
    let registry = state.runtime.registry();
    let Some(definition) = registry.find(&body.intent_type) else {
        let detail = "no realm registers an intent of this type: see /api/intents";
        return Err(Problem::new(ErrorCode::UnknownIntentType, detail)
            .with("suggestions", registry.nearest(&body.intent_type).into()));
    };
    let now = state.clock.now();
    let intent_id = body
        .intent_id
        .unwrap_or_else(|| Id::generate(&*state.clock, &*state.entropy));
    let pending = PendingIntent {
        intent_id: intent_id.clone(),
        tenant_id: caller.tenant_id,
        intent_type: definition.name().to_owned(),
        target_artifact_id: body.target_artifact_id,
        context: Value::Object(body.context),
        status: Status::Pending,
        user_id: caller.user_id,
        session_id: body.session_id.or(caller.session_id),
        created_at: now,
        updated_at: now,
    };
    let changeset = Changeset::new().with(Write::PendingIntent(Box::new(pending)));
    state.store.commit(changeset).await?;
    Ok(Json(CreatedPending {
        intent_id,
        status: "pending",
    }))
}

/// Which pending intents.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ListPending {
    /// May be left out; must be the credential's.
    #[schema(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// Only for this artifact.
    #[schema(value_type = Option<String>)]
    target_artifact_id: Option<ArtifactId>,
    /// Only of this type.
    intent_type: Option<String>,
}

/// Pending intents, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct PendingIntents {
    intents: Vec<PendingItem>,
    total: usize,
}

/// A pending intent.
#[derive(Serialize, ToSchema)]
struct PendingItem {
    #[schema(value_type = String)]
    intent_id: IntentId,
    intent_type: String,
    #[schema(value_type = String)]
    status: Status,
    #[schema(value_type = String)]
    target_artifact_id: ArtifactId,
    context: Value,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// List intents that were prepared and not completed.
#[utoipa::path(post, path = "/api/intent/pending/list", tag = "intents", security(("bearer" = [])),
    request_body = ListPending, responses(
        (status = 200, body = PendingIntents), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 415, body = ProblemDocument), (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(body): Body<ListPending>,
) -> Result<Json<PendingIntents>, Problem> {
    require(&caller, Permission::Read)?;
    check_tenant(&caller, body.tenant_id.as_ref())?;
    let filter = PendingIntentFilter {
        target_artifact_id: body.target_artifact_id,
        intent_type: body.intent_type,
        status: Some(Status::Pending),
    };
    let found = state
        .store
        .list_pending_intents(&caller.tenant_id, &filter, PAGE)
        .await?;
    let intents: Vec<PendingItem> = found
        .into_iter()
        .map(|pending| PendingItem {
            intent_id: pending.intent_id,
            intent_type: pending.intent_type,
            status: pending.status,
            target_artifact_id: pending.target_artifact_id,
            context: pending.context,
            created_at: pending.created_at,
            updated_at: pending.updated_at,
        })
        .collect();
    Ok(Json(PendingIntents {
        total: intents.len(),
        intents,
    }))
}

/// A tenant that is named must be the credential's.
pub(crate) fn check_tenant(caller: &Caller, named: Option<&TenantId>) -> Result<(), Problem> {
    match named {
        Some(named) if *named != caller.tenant_id => {
            let detail = "your credential belongs to another tenant: leave `tenant_id` out";
            Err(Problem::new(ErrorCode::Forbidden, detail))
        }
        _ => Ok(()),
    }
}
