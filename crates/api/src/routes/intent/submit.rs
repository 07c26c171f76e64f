//! `POST /api/intent/submit`: accepts an intent, durably.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use civitas_model::{ExecutionId, IntentId, SessionId, SolutionId, TenantId, Timestamp};
use civitas_runtime::{Accepted, Submission};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::extract::{Authenticated, Body, check_session};
use crate::once;
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
    /// The key under which a repetition is the same submission; where the `Idempotency-Key` header is
    /// sent, too, it must be the same.
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
) -> Result<(HeaderMap, Json<Submitted>), Problem> {
    check_session(&state, &caller, body.session_id.as_ref()).await?;
    let submission = submission(&headers, body)?;
    let accepted = state.runtime.submit(&caller, submission).await?;
    let mut headers = HeaderMap::new();
    if accepted.replayed {
        headers.insert(once::REPLAYED, HeaderValue::from_static("true"));
    }
    Ok((headers, Json(accepted.into())))
}

fn submission(headers: &HeaderMap, body: SubmitIntent) -> Result<Submission, Problem> {
    let idempotency_key = idempotency_key(headers, body.idempotency_key)?;
    Ok(Submission {
        intent_id: body.intent_id,
        intent_type: body.intent_type,
        tenant_id: body.tenant_id,
        session_id: body.session_id,
        solution_id: body.solution_id,
        parameters: body.parameters.unwrap_or_default(),
        metadata: body.metadata.unwrap_or_default(),
        idempotency_key,
    })
}

/// The one key of a submission, wherever it stands.
fn idempotency_key(headers: &HeaderMap, field: Option<String>) -> Result<Option<String>, Problem> {
    let Some(key) = once::key(headers)? else {
        return Ok(field);
    };
    if field.is_some_and(|field| field != key) {
        let detail = "the `Idempotency-Key` header and the field name two keys: send one of them";
        return Err(Problem::invalid("/idempotency_key", detail));
    }
    Ok(Some(key.to_owned()))
}
