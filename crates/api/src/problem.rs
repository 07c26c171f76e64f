//! Problems: the one shape of every error (RFC 9457, `application/problem+json`).

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use civitas_model::ErrorCode;
use civitas_runtime::Invalid;
use civitas_storage::{CommitError, SqlError};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// An error as a caller reads it.
#[derive(Debug, Clone)]
pub struct Problem {
    code: ErrorCode,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    extra: Vec<(&'static str, Value)>,
}

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What.
    pub detail: String,
}

/// The document as it is sent; for the OpenAPI document only.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// The kind of problem: `urn:civitas:error:<code>`.
    r#type: String,
    /// The kind of problem, for people.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What went wrong and what to do next.
    detail: String,
    /// The path of the request.
    instance: String,
    /// A stable code; each has a page in `docs/errors`.
    code: String,
    /// The same as `code`, for older clients.
    error: String,
    /// The same as `detail`, for older clients.
    message: String,
    /// What is wrong with the body, place by place.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldError>>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// There is no such thing for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            ErrorCode::NotFound,
            format!("there is no such {what}: check its id and your tenant"),
        )
    }

    /// The body, path or query is well-formed but not valid at one place.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let (pointer, detail) = (pointer.into(), detail.into());
        // The empty pointer is the whole body or query.
        let summary = if pointer.is_empty() {
            detail.clone()
        } else {
            format!("{pointer}: {detail}")
        };
        let mut problem = Self::new(ErrorCode::ValidationFailed, summary);
        problem.errors.push(FieldError { pointer, detail });
        problem
    }

    /// Adds what is wrong, place by place.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<Invalid>) -> Self {
        let errors = errors.into_iter();
        self.errors
            .extend(errors.map(|Invalid { pointer, detail }| FieldError { pointer, detail }));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says in how many seconds to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.extra.push(("retry_after", seconds.into()));
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds a member of the document.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.extra.push((name, value));
        self
    }

    /// What went wrong and what to do next.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        status(self.code)
    }

    fn document(&self, instance: &str) -> Value {
        let code = self.code.as_str();
        let status = self.status();
        let mut document = json!({
            "type": format!("urn:civitas:error:{code}"),
            "title": title(self.code),
            "status": status.as_u16(),
            "detail": self.detail,
            "instance": instance,
            "code": code,
            "error": code,
            "message": self.detail,
        });
        if let Value::Object(members) = &mut document {
            let extra = self.extra.iter();
            members.extend(extra.map(|(name, value)| ((*name).to_owned(), value.clone())));
            if !self.errors.is_empty() {
                members.insert("errors".to_owned(), json!(self.errors));
            }
        }
        document
    }

    /// The answer as it is sent, for a request of this path.
    pub(crate) fn render(&self, instance: &str) -> Response {
        let mut response = (self.status(), Json(self.document(instance))).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        response
    }
}

impl IntoResponse for Problem {
    /// The response is finished by [`finish`], which knows the request's path.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: writes problems down with the path they belong to, and gives errors of the framework the same shape.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if let Some(problem) = response.extensions().get::<Problem>() {
        return problem.render(&path);
    }
    if let Some(code) = framework_error(&response) {
        let problem = Problem::new(code, framework_detail(code));
        let mut rendered = problem.render(&path);
        if let Some(allow) = response.headers().get(header::ALLOW) {
            rendered.headers_mut().insert(header::ALLOW, allow.clone());
        }
        return rendered;
    }
    response
}

/// What a bare error status of the framework means. Errors with a JSON body are ours already.
fn framework_error(response: &Response<Body>) -> Option<ErrorCode> {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    if content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/")) {
        return None;
    }
    Some(match response.status() {
        StatusCode::BAD_REQUEST | StatusCode::UPGRADE_REQUIRED => ErrorCode::BadRequest,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
            ErrorCode::ServiceUnavailable
        }
        StatusCode::INTERNAL_SERVER_ERROR => ErrorCode::Internal,
        _ => return None,
    })
}

fn framework_detail(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NotFound => "nothing is served at this path: see /docs for what is",
        ErrorCode::MethodNotAllowed => {
            "this path does not take this method: see the `Allow` header"
        }
        ErrorCode::PayloadTooLarge => "the body is over its limit",
        ErrorCode::UnsupportedMediaType => "this path does not read this content type",
        ErrorCode::ServiceUnavailable => "the server could not answer in time: try again",
        ErrorCode::Internal => "something broke on our side: the server's log has the request id",
        _ => "the request cannot be understood: see /docs for what this path takes",
    }
}

/// The status each code is sent with.
fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest | ErrorCode::MalformedBody => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthorized | ErrorCode::AuthenticationFailed => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::OriginNotAllowed | ErrorCode::SetupTokenInvalid => {
            StatusCode::FORBIDDEN
        }
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::Conflict
        | ErrorCode::AlreadyExists
        | ErrorCode::IdempotencyAnswerNotKept
        | ErrorCode::IdempotencyKeyInFlight => StatusCode::CONFLICT,
        ErrorCode::PayloadTooLarge | ErrorCode::QuotaExceeded => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::BudgetExceeded => StatusCode::PAYMENT_REQUIRED,
        ErrorCode::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        ErrorCode::UploadExpired => StatusCode::GONE,
        ErrorCode::UploadLocked => StatusCode::LOCKED,
        // The tus protocol's own.
        ErrorCode::ChecksumMismatch => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
        ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        ErrorCode::RateLimitExceeded => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::ValidationFailed
        | ErrorCode::UnknownIntentType
        | ErrorCode::IdempotencyKeyReused
        | ErrorCode::IntentRejected
        | ErrorCode::RetriesExhausted
        | ErrorCode::JournalMismatch
        | ErrorCode::SandboxFailed => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The code in words: `rate_limit_exceeded` is "Rate limit exceeded".
fn title(code: ErrorCode) -> String {
    let words = code.as_str().replace('_', " ");
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

impl From<SqlError> for Problem {
    fn from(error: SqlError) -> Self {
        tracing::error!(%error, "storage cannot be read");
        Self::new(
            ErrorCode::ServiceUnavailable,
            "storage cannot be read now: try again",
        )
        .retry_after(1)
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal) => Self::new(ErrorCode::Conflict, refusal.to_string()),
            CommitError::Unavailable(reason) => {
                tracing::error!(%reason, "storage cannot be written");
                Self::new(
                    ErrorCode::ServiceUnavailable,
                    "storage cannot be written now: try again",
                )
                .retry_after(1)
            }
        }
    }
}

impl From<civitas_auth::Error> for Problem {
    fn from(error: civitas_auth::Error) -> Self {
        use civitas_auth::Error;
        let problem = Self::new(error.code(), error.to_string());
        match error {
            Error::Invalid(errors) => {
                let errors = errors.into_iter().map(|error| Invalid {
                    pointer: error.pointer.to_owned(),
                    detail: error.detail,
                });
                problem.with_errors(errors.collect())
            }
            Error::RateLimited {
                limit,
                window,
                retry_after,
            } => problem
                .retry_after(retry_after.as_secs().max(1))
                .with_header(HeaderName::from_static("x-ratelimit-limit"), limit.into())
                .with_header(
                    HeaderName::from_static("x-ratelimit-window"),
                    window.as_secs().into(),
                ),
            Error::Busy { retry_after, .. } => problem.retry_after(retry_after.as_secs().max(1)),
            Error::Unavailable(_) => problem.retry_after(1),
            _ => problem,
        }
    }
}

impl From<civitas_governance::Error> for Problem {
    fn from(error: civitas_governance::Error) -> Self {
        use civitas_governance::Error;
        let detail = error.to_string();
        match error {
            Error::Invalid(errors) => {
                let errors = errors.into_iter().map(|error| Invalid {
                    pointer: error.pointer,
                    detail: error.detail,
                });
                Self::new(ErrorCode::ValidationFailed, detail).with_errors(errors.collect())
            }
            Error::NotFound(_) => Self::new(ErrorCode::NotFound, detail),
            Error::NameTaken(_) => Self::new(ErrorCode::AlreadyExists, detail),
            Error::Conflict(_) | Error::Unusable(_) => Self::new(ErrorCode::Conflict, detail),
            Error::Forbidden(_) => Self::new(ErrorCode::Forbidden, detail),
            Error::Policies(_) => Self::new(ErrorCode::ValidationFailed, detail),
            Error::OverBudget(over) => Self::new(ErrorCode::BudgetExceeded, detail)
                .with("scope", json!(over.scope))
                .with("what", over.what.into())
                .with("cap", over.cap.into())
                .with("used", over.used.into())
                .with("reserved", over.reserved.into())
                .with("asked", over.asked.into())
                .with("retry_at", json!(over.retry_at)),
            Error::Unavailable(reason) => {
                tracing::error!(%reason, "governance cannot be used");
                let detail = "storage is not available now: try again";
                Self::new(ErrorCode::ServiceUnavailable, detail).retry_after(1)
            }
        }
    }
}

impl From<civitas_runtime::SubmitError> for Problem {
    fn from(error: civitas_runtime::SubmitError) -> Self {
        use civitas_runtime::SubmitError;
        let detail = error.to_string();
        match error {
            SubmitError::UnknownType { nearest, .. } => {
                let mut problem = Self::new(ErrorCode::UnknownIntentType, detail.clone());
                problem.errors.push(FieldError {
                    pointer: "/intent_type".into(),
                    detail,
                });
                problem.with("suggestions", json!(nearest))
            }
            SubmitError::InvalidParameters { errors, .. } => {
                let errors = errors.into_iter().map(|error| Invalid {
                    pointer: format!("/parameters{}", error.pointer),
                    detail: error.detail,
                });
                Self::new(ErrorCode::ValidationFailed, detail).with_errors(errors.collect())
            }
            SubmitError::Forbidden { .. } | SubmitError::ForeignTenant { .. } => {
                Self::new(ErrorCode::Forbidden, detail)
            }
            SubmitError::KeyReused => Self::new(ErrorCode::IdempotencyKeyReused, detail),
            SubmitError::KeyInFlight => {
                Self::new(ErrorCode::IdempotencyKeyInFlight, detail).retry_after(1)
            }
            SubmitError::KeyLength { .. } => Self::invalid("/idempotency_key", detail),
            SubmitError::Busy { retry_after, .. } => {
                Self::new(ErrorCode::ServiceUnavailable, detail).retry_after(retry_after)
            }
            SubmitError::Storage(error) => error.into(),
        }
    }
}

impl From<civitas_runtime::ControlError> for Problem {
    fn from(error: civitas_runtime::ControlError) -> Self {
        use civitas_runtime::ControlError;
        let detail = error.to_string();
        match error {
            ControlError::NotFound => Self::not_found("execution"),
            ControlError::WrongState { .. } => Self::new(ErrorCode::Conflict, detail),
            ControlError::Unavailable(reason) => {
                tracing::error!(%reason, "an execution cannot be steered");
                Self::new(
                    ErrorCode::ServiceUnavailable,
                    "storage is not available now: try again",
                )
                .retry_after(1)
            }
        }
    }
}

impl From<civitas_runtime::UpgradeError> for Problem {
    fn from(error: civitas_runtime::UpgradeError) -> Self {
        use civitas_runtime::UpgradeError;
        match &error {
            UpgradeError::NotFound => Self::not_found("session"),
            UpgradeError::StillRunning => {
                Self::new(ErrorCode::Conflict, error.to_string()).retry_after(5)
            }
            UpgradeError::Unavailable(_) | UpgradeError::Content(_) => {
                tracing::error!(%error, "a session cannot be upgraded");
                let detail = "the session cannot be upgraded now: try again";
                Self::new(ErrorCode::ServiceUnavailable, detail).retry_after(1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_carries_the_aliases_of_older_clients() {
        let document = Problem::invalid("/name", "must not be empty").document("/api/x");
        assert_eq!(document["error"], document["code"]);
        assert_eq!(document["message"], document["detail"]);
        assert_eq!(document["instance"], "/api/x");
        assert_eq!(document["errors"][0]["pointer"], "/name");
        assert_eq!(document["status"], 422);
    }

    #[test]
    fn every_code_is_an_error_status() {
        for code in ErrorCode::ALL {
            assert!(status(code).as_u16() >= 400, "{}", code.as_str());
        }
    }
}
