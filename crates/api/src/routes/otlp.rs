//! `POST /otlp/v1/logs`, `metrics` and `traces`: OTLP/HTTP, as OpenTelemetry's exporters send it.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use civitas_governance::Error;
use civitas_governance::telemetry::{self, BODY_BYTES_MAX, Encoding, IngestError, Report, Signal};
use civitas_model::Caller;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::extract::{Authenticated, PATIENCE, require_report};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Codes of `google.rpc.Code`.
const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNAVAILABLE: i32 = 14;

/// The answer to an export: empty, or what of it was not taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportResponse {
    /// How many records were not taken, as `rejectedLogRecords`, `rejectedDataPoints` or `rejectedSpans`, and in `errorMessage` why.
    #[schema(value_type = Option<Object>)]
    partial_success: Option<Value>,
}

/// Why an export was not taken: `google.rpc.Status`.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportStatus {
    /// A code of `google.rpc.Code`: 3 for what is not valid, 8 for what is too much, 14 for try again.
    code: i32,
    /// What to do.
    message: String,
}

/// Take log records in: the events of agents' clients. In protobuf or JSON, plain or packed with gzip.
#[utoipa::path(post, path = "/otlp/v1/logs", tag = "telemetry", security(("bearer" = [])),
    request_body(content((Value = "application/json"), (Vec<u8> = "application/x-protobuf"))), responses(
        (status = 200, content((ExportResponse = "application/json"), (Vec<u8> = "application/x-protobuf"))), (status = 400, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf")), description = "The tenant has as many sessions as it may."),
        (status = 413, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))), (status = 415, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
        (status = 503, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
    ))]
pub(crate) async fn logs(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, &caller, Signal::Logs, request).await
}

/// Take metrics in. In protobuf or JSON, plain or packed with gzip.
#[utoipa::path(post, path = "/otlp/v1/metrics", tag = "telemetry", security(("bearer" = [])),
    request_body(content((Value = "application/json"), (Vec<u8> = "application/x-protobuf"))), responses(
        (status = 200, content((ExportResponse = "application/json"), (Vec<u8> = "application/x-protobuf"))), (status = 400, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf")), description = "The tenant has as many sessions as it may."),
        (status = 413, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))), (status = 415, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
        (status = 503, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
    ))]
pub(crate) async fn metrics(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, &caller, Signal::Metrics, request).await
}

/// Take spans in: requests to models by the conventions for generative AI, and what stands around them. In protobuf or JSON,
/// plain or packed with gzip.
#[utoipa::path(post, path = "/otlp/v1/traces", tag = "telemetry", security(("bearer" = [])),
    request_body(content((Value = "application/json"), (Vec<u8> = "application/x-protobuf"))), responses(
        (status = 200, content((ExportResponse = "application/json"), (Vec<u8> = "application/x-protobuf"))), (status = 400, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf")), description = "The tenant has as many sessions as it may."),
        (status = 413, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))), (status = 415, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
        (status = 503, content((ExportStatus = "application/json"), (Vec<u8> = "application/x-protobuf"))),
    ))]
pub(crate) async fn traces(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, &caller, Signal::Traces, request).await
}

/// A failure on its way to the client.
struct Failure {
    status: StatusCode,
    code: i32,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn too_large() -> Self {
        let message = format!("the body may have up to {BODY_BYTES_MAX} bytes: send less at once");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, RESOURCE_EXHAUSTED, message)
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        let message = error.to_string();
        match error {
            IngestError::Packed(telemetry::UnpackError::TooLarge(_)) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, RESOURCE_EXHAUSTED, message)
            }
            IngestError::Malformed(_) | IngestError::Packed(_) => {
                Self::new(StatusCode::BAD_REQUEST, INVALID_ARGUMENT, message)
            }
            IngestError::Failed(Error::Unavailable(reason)) => {
                tracing::error!(%reason, "telemetry cannot be kept");
                let message = "storage is not available now: try again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, message)
            }
            IngestError::Failed(_) => Self::new(StatusCode::CONFLICT, RESOURCE_EXHAUSTED, message),
        }
    }
}

async fn take(
    state: &AppState,
    caller: &Caller,
    signal: Signal,
    request: Request,
) -> Result<Response, Problem> {
    require_report(caller)?;
    // A failure is said in the encoding of the request, and in JSON when that is none.
    let encoding = encoding(request.headers());
    let answer = async {
        let encoding = encoding.ok_or_else(|| {
            let message = "send `Content-Type: application/x-protobuf` or `application/json`";
            Failure::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                INVALID_ARGUMENT,
                message,
            )
        })?;
        let is_packed = is_packed(request.headers())?;
        let body = body(request).await?;
        let report = Report {
            signal,
            encoding,
            is_packed,
            body,
        };
        let rejected = state.telemetry.ingest(caller, report).await?;
        Ok::<_, Failure>(telemetry::answer(signal, encoding, &rejected))
    };
    let shown = encoding.unwrap_or(Encoding::Json);
    Ok(match answer.await {
        Ok(body) => written(StatusCode::OK, shown, body),
        Err(failure) => {
            let body = telemetry::status(shown, failure.code, &failure.message);
            let mut response = written(failure.status, shown, body);
            if failure.status == StatusCode::SERVICE_UNAVAILABLE {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, HeaderValue::from(1));
            }
            response
        }
    })
}

fn written(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response {
    let content_type = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    (
        status,
        [(header::CONTENT_TYPE, content_type)],
        Body::from(body),
    )
        .into_response()
}

fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/x-protobuf" => Some(Encoding::Protobuf),
        "application/json" => Some(Encoding::Json),
        _ => None,
    }
}

fn is_packed(headers: &HeaderMap) -> Result<bool, Failure> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(false);
    };
    match value.to_str().unwrap_or_default().trim() {
        "gzip" => Ok(true),
        "" | "identity" => Ok(false),
        _ => {
            let message = "the body may be packed with gzip, or plain";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Err(Failure::new(status, INVALID_ARGUMENT, message))
        }
    }
}

async fn body(request: Request) -> Result<bytes::Bytes, Failure> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(Failure::too_large());
    }
    let reading = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX);
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if crate::extract::is_over_limit(&error) => Err(Failure::too_large()),
        _ => {
            let message = "the body could not be read to its end: send it again";
            Err(Failure::new(
                StatusCode::BAD_REQUEST,
                INVALID_ARGUMENT,
                message,
            ))
        }
    }
}
