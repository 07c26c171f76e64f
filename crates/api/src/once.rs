//! `Idempotency-Key`: a request that comes again is answered as before and done once (the IETF draft
//! `draft-ietf-httpapi-idempotency-key-header`).
//!
//! A key is its caller's, for one address. It is taken in the transaction of what the request changes ([`Claim`]), so a server that
//! stops in between leaves both or neither. What was refused and changed nothing leaves its key free.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use civitas_audit::digest;
use civitas_model::{Caller, ErrorCode};
use civitas_runtime::KEY_LENGTH_MAX;
use civitas_storage::{AnswerChange, Changeset, Claim, CommitError, KeptAnswer, Refusal};
use serde_json::{Value, json};
use tracing::Instrument;

use crate::extract::{Authenticated, read_within};
use crate::problem::Problem;
use crate::state::AppState;

/// The header with the key.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The largest body of an answer that is kept, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What is kept of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// All of it.
    Answer,
    /// Its status: it holds a secret, which is shown once and not stored in clear.
    Status,
}

/// What takes a key: every POST of `/api/v1` that changes something, but for what hooks report, which is told apart by the ids of
/// sessions and tool uses. Intents have keys of their own.
const ROUTES: &[(&str, Keeps)] = &[
    ("/api/v1/agents", Keeps::Answer),
    ("/api/v1/agents/unregistered/adopt", Keeps::Answer),
    ("/api/v1/agents/{agent_id}/activate", Keeps::Answer),
    ("/api/v1/agents/{agent_id}/retire", Keeps::Answer),
    ("/api/v1/agents/{agent_id}/suspend", Keeps::Answer),
    ("/api/v1/approvals/decide", Keeps::Answer),
    ("/api/v1/approvals/{approval}/approve", Keeps::Answer),
    ("/api/v1/approvals/{approval}/delegate", Keeps::Answer),
    ("/api/v1/approvals/{approval}/deny", Keeps::Answer),
    ("/api/v1/approvals/{approval}/withdraw", Keeps::Answer),
    ("/api/v1/audit/erasures", Keeps::Answer),
    ("/api/v1/budget/deduct", Keeps::Answer),
    ("/api/v1/budget/reservations", Keeps::Answer),
    (
        "/api/v1/budget/reservations/{reservation_id}/settle",
        Keeps::Answer,
    ),
    ("/api/v1/events/ingest", Keeps::Answer),
    ("/api/v1/halts", Keeps::Answer),
    ("/api/v1/metrics", Keeps::Answer),
    ("/api/v1/policy/versions", Keeps::Answer),
    ("/api/v1/policy/versions/{version}/activate", Keeps::Answer),
    ("/api/v1/registry/import", Keeps::Answer),
    ("/api/v1/webhooks", Keeps::Status),
    (
        "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
        Keeps::Answer,
    ),
    ("/api/v1/webhooks/{webhook_id}/replay", Keeps::Answer),
    ("/api/v1/webhooks/{webhook_id}/rotate", Keeps::Status),
    ("/api/v1/webhooks/{webhook_id}/test", Keeps::Answer),
];

/// What is kept of the answers to a POST at a path as the document writes it; nothing where it takes no key.
pub(crate) fn keeps(path: &str) -> Option<Keeps> {
    let known = ROUTES.iter().find(|(known, _)| *known == path);
    known.map(|(_, keeps)| *keeps)
}

/// The one key of a request, if it has one.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let refused = |detail: &str| Problem::invalid("/idempotency_key", detail);
    let mut values = headers.get_all(KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(refused(
            "the `Idempotency-Key` header is there twice: send one key",
        ));
    }
    let key = value.to_str().map_err(|_| {
        refused("the `Idempotency-Key` header must hold visible ASCII characters only")
    })?;
    Ok(Some(key))
}

/// The keys of requests that are being done.
#[derive(Default)]
pub struct UnderWay(Mutex<HashSet<String>>);

/// A key that nobody else may use meanwhile.
struct Hold {
    state: AppState,
    key: String,
}

impl Hold {
    fn take(state: &AppState, key: &str) -> Result<Self, Problem> {
        let mut keys = state
            .under_way
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !keys.insert(key.to_owned()) {
            let detail =
                "a request with this idempotency key is under way: send it again in a moment";
            return Err(Problem::new(ErrorCode::IdempotencyKeyInFlight, detail).retry_after(1));
        }
        Ok(Self {
            state: state.clone(),
            key: key.to_owned(),
        })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let keys = self.state.under_way.0.lock();
        keys.unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

/// Middleware: does a request with a key once.
pub(crate) async fn once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let keeps = route.and_then(|route| keeps(route.as_str()));
    match keeps {
        Some(keeps) if request.method() == Method::POST && request.headers().contains_key(KEY) => {
            let answered = answer(state, keeps, request, next).await;
            answered.unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn answer(
    state: AppState,
    keeps: Keeps,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let authenticated = Authenticated::from_request_parts(&mut parts, &state).await;
    let Ok(Authenticated(caller)) = authenticated else {
        // The route says why not.
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let key = key(&parts.headers)?.unwrap_or_default();
    if key.is_empty() || key.len() > KEY_LENGTH_MAX {
        let detail = format!(
            "the `Idempotency-Key` header must have 1 to {KEY_LENGTH_MAX} characters: send one of that length, or none"
        );
        return Err(Problem::invalid("/idempotency_key", detail));
    }
    let key = key_of(&caller, parts.uri.path(), key);
    // The route may take less.
    let limit = state.settings.limits.submission_bytes;
    let body = read_within(&parts.headers, body, limit).await?;
    let body_digest = digest_of(parts.uri.query(), &body);
    let hold = Hold::take(&state, &key)?;
    let found = state.store.find_kept_answer(&caller.tenant_id, &key);
    if let Some(found) = found.await? {
        return repeated(found, &body_digest);
    }
    let request = Work {
        claim: Claim {
            tenant_id: caller.tenant_id,
            key,
            body_digest,
            attempt: state.entropy.uuid_v4().to_string(),
        },
        path: parts.uri.path().to_owned(),
        keeps,
        state,
    };
    let work = request.run(Request::from_parts(parts, Body::from(body)), next, hold);
    // In a task of its own, as a client that goes away must find the answer when it comes back.
    let done = tokio::spawn(work.in_current_span()).await;
    done.map_err(|_| {
        let detail = "something broke on our side: the server's log has the request id";
        Problem::new(ErrorCode::Internal, detail)
    })?
}

/// A client's key, as a caller's for an address.
fn key_of(caller: &Caller, path: &str, key: &str) -> String {
    let kind = caller.kind.as_str();
    digest(&json!([
        caller.tenant_id,
        kind,
        caller.user_id,
        caller.name,
        path,
        key
    ]))
}

fn digest_of(query: Option<&str>, body: &[u8]) -> String {
    let body = match serde_json::from_slice::<Value>(body) {
        Ok(body) => digest(&body),
        // No route takes it: it is refused, and the key stays free.
        Err(_) => digest(&json!(String::from_utf8_lossy(body))),
    };
    digest(&json!([query, body]))
}

/// What a repetition is answered.
fn repeated(found: KeptAnswer, body_digest: &str) -> Result<Response, Problem> {
    if found.body_digest != body_digest {
        let detail = "this idempotency key was used before with another body: use a new key for a new request";
        return Err(Problem::new(ErrorCode::IdempotencyKeyReused, detail));
    }
    let at = found.created_at;
    let Some(status) = found.status else {
        let detail = format!(
            "the request with this idempotency key was recorded at {at}, and cut off before it was answered: look at what it did before you send it with another key"
        );
        return Err(Problem::new(ErrorCode::IdempotencyAnswerNotKept, detail));
    };
    let Some(body) = found.body else {
        let detail = format!(
            "the request with this idempotency key was done at {at} and answered with {status}: the answer is not kept, as it held a secret, was too long or was erased, so look at what was made"
        );
        return Err(Problem::new(ErrorCode::IdempotencyAnswerNotKept, detail));
    };
    let status = u16::try_from(status).ok();
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::OK);
    let content_type = if status.is_success() {
        "application/json"
    } else {
        "application/problem+json"
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (REPLAYED, HeaderValue::from_static("true")),
    ];
    Ok((status, headers, body).into_response())
}

/// A request under its key.
struct Work {
    state: AppState,
    claim: Claim,
    path: String,
    keeps: Keeps,
}

impl Work {
    /// Does it and keeps the answer, while nobody else uses the key.
    async fn run(self, request: Request, next: Next, _hold: Hold) -> Result<Response, Problem> {
        let response = self.claim.clone().scope(next.run(request)).await;
        let status = response.status();
        // It may have been done or not: whoever asks again is told which, if it is known.
        if status.is_server_error() {
            return Ok(response);
        }
        if !status.is_success() {
            match self.found().await? {
                None => return Ok(response),
                Some(found) if found.attempt != self.claim.attempt => {
                    return repeated(found, &self.claim.body_digest);
                }
                Some(_) => {}
            }
        }
        let response = match response.extensions().get::<Problem>() {
            Some(problem) => problem.render(&self.path),
            None => response,
        };
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|_| {
            let detail = "the answer could not be written: ask for what was made";
            Problem::new(ErrorCode::Internal, detail)
        })?;
        let text = std::str::from_utf8(&body).ok();
        let is_kept = self.keeps == Keeps::Answer || !status.is_success();
        let kept = text.filter(|text| is_kept && text.len() <= ANSWER_BYTES_MAX);
        let change = AnswerChange::Keep {
            claim: self.claim.clone(),
            status: status.as_u16(),
            body: kept.map(str::to_owned),
        };
        match self.state.store.commit(Changeset::new().with(change)).await {
            Ok(_) => {}
            Err(CommitError::Refused(Refusal::KeyTaken)) => {
                if let Some(found) = self.found().await? {
                    return repeated(found, &self.claim.body_digest);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the answer under an idempotency key could not be kept");
            }
        }
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    async fn found(&self) -> Result<Option<KeptAnswer>, Problem> {
        let (tenant, key) = (&self.claim.tenant_id, &self.claim.key);
        Ok(self.state.store.find_kept_answer(tenant, key).await?)
    }
}
