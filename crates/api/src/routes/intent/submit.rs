//! `POST /api/intent/submit`: accepts an intent, durably.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use civitas_model::{ExecutionId, IntentId, SessionId, SolutionId, TenantId, Timestamp};
use civitas_runtime::{Accepted, Submission};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::extract::{Authenticated, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What to do.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SubmitIntent {
    /// Which intent, such as `parse_content`; see `/api/intents`.
    intent_type: String,
    /// The intent's own id; made here when absent.
    #[schema(value_type = Option<String>)]
    intent_id: Option<IntentId>,
    /// May be left out: the credential implies it. Another tenant than the credential's is 403.
    #[schema(value_type = Option<String>)]
    tenant_id: Option<TenantId>,
    /// The session; the credential's when absent.
    #[schema(value_type = Option<String>)]
    session_id: Option<SessionId>,
    /// The solution; `default` when absent.
    #[schema(value_type = Option<String>)]
    solution_id: Option<SolutionId>,
    /// The parameters, as the intent's schema says.
    parameters: Option<Map<String, Value>>,
    /// Free-form labels.
    metadata: Option<Map<String, Value>>,
    /// The key under which a repetition is the same submission; the `Idempotency-Key` header goes first.
    idempotency_key: Option<String>,
}

/// It is durable, and will run.
#[derive(Serialize, ToSchema)]
pub(crate) struct Submitted {
    /// The execution: ask `/api/execution/{execution_id}/status`.
    #[schema(value_type = String)]
    pub(crate) execution_id: ExecutionId,
    /// The intent.
    #[schema(value_type = String)]
    intent_id: IntentId,
    /// `accepted`.
    status: &'static str,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Accepted> for Submitted {
    fn from(accepted: Accepted) -> Self {
        Self {
            execution_id: accepted.execution_id,
            intent_id: accepted.intent_id,
            status: "accepted",
            created_at: accepted.created_at,
        }
    }
}

/// Submit an intent. Answers once it is durable; it then runs by itself.
#[utoipa::path(post, path = "/api/intent/submit", tag = "intents", security(("bearer" = [])),
    request_body = SubmitIntent,
    params(("Idempotency-Key" = Option<String>, Header, description = "The key under which a repetition is the same submission.")),
    responses(
        (status = 200, body = Submitted),
        (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn submit(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    Body(body): Body<SubmitIntent>,
) -> Result<Json<Submitted>, Problem> {
    let accepted = state.runtime.submit(&caller, submission(&headers, body)).await?;
    Ok(Json(accepted.into()))
}

fn submission(headers: &HeaderMap, body: SubmitIntent) -> Submission {
    let header = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    Submission {
        intent_id: body.intent_id,
        intent_type: body.intent_type,
        tenant_id: body.tenant_id,
        session_id: body.session_id,
        solution_id: body.solution_id,
        parameters: body.parameters.unwrap_or_default(),
        metadata: body.metadata.unwrap_or_default(),
        idempotency_key: header.map(str::to_owned).or(body.idempotency_key),
    }
}
