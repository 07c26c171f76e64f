//! What is answered about an upload.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use civitas_model::Caller;
use civitas_storage::OpenUpload;

use crate::problem::Problem;
use crate::state::AppState;
use crate::{digest, tus, uploads};

/// How far an upload is; once it is whole, which execution takes it in, and the file it became.
pub(super) async fn about(
    state: &AppState,
    caller: &Caller,
    upload: &OpenUpload,
    status: StatusCode,
) -> Result<Response, Problem> {
    let mut response = status.into_response();
    put(
        &mut response,
        tus::UPLOAD_OFFSET,
        &upload.received.to_string(),
    );
    put(
        &mut response,
        tus::UPLOAD_LENGTH,
        &upload.length.to_string(),
    );
    put(&mut response, header::CACHE_CONTROL, "no-store");
    if let Some(expires) = imf_fixdate(upload.expires_at.as_micros()) {
        put(&mut response, tus::UPLOAD_EXPIRES, &expires);
    }
    if let Some(execution) = &upload.execution_id {
        put(&mut response, tus::EXECUTION, execution.as_str());
        if let Some(file) = uploads::file_of(state, caller, execution).await? {
            put(&mut response, tus::FILE, &file);
        }
    }
    if let Some(field) = upload.digest.as_deref().and_then(digest::field) {
        put(&mut response, digest::REPR_DIGEST, &field);
    }
    Ok(response)
}

pub(super) fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A time as HTTP writes it (RFC 9110 section 5.6.7).
fn imf_fixdate(micros: i64) -> Option<String> {
    let seconds = u64::try_from(micros / 1_000_000).ok()?;
    let time = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds))?;
    Some(httpdate::fmt_http_date(time))
}
