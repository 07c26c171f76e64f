//! Ranged downloads (RFC 9110 section 14) with headers that make a browser save, never render.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use civitas_model::file::Status;
use civitas_model::{ErrorCode, File, FileId, TenantId};
use civitas_providers::blobs::{BlobError, Blobs};

use crate::digest;
use crate::problem::Problem;
use crate::state::AppState;

/// Answers the content of a tenant's file, or the part of it that the `Range` header asks for.
pub(crate) async fn content(
    state: &AppState,
    tenant: &TenantId,
    file_id: &FileId,
    request: &HeaderMap,
) -> Result<Response, Problem> {
    let file = live(state, tenant, file_id).await?;
    match respond(&state.blobs, &file, request).await {
        Ok(response) => Ok(response),
        Err(Refusal::Problem(problem)) => Err(problem),
        Err(Refusal::Missing) => {
            // Somebody may have purged it just now.
            let file = live(state, tenant, file_id).await?;
            Err(lost(&file))
        }
    }
}

/// Why a file's bytes are not answered.
enum Refusal {
    /// There is no content for this file: it was purged just now, or it is lost.
    Missing,
    /// Anything else.
    Problem(Problem),
}

/// Answers a file's bytes, or the part of them that the `Range` header asks for.
async fn respond(blobs: &Blobs, file: &File, request: &HeaderMap) -> Result<Response, Refusal> {
    let etag = format!("\"{}\"", file.digest);
    let text = |name| {
        request
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if text(header::IF_NONE_MATCH).is_some_and(|wanted| wanted == "*" || wanted.contains(&etag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    // A range of something else than the client has seen is of no use to it (RFC 9110 section 13.1.5).
    let same = text(header::IF_RANGE).is_none_or(|wanted| wanted == etag);
    let range = text(header::RANGE)
        .filter(|_| same)
        .map(|range| parse(range, file.size));
    let wanted = match range {
        Some(Requested::Unsatisfiable) => {
            return Err(Refusal::Problem(unsatisfiable(file.size)));
        }
        Some(Requested::Part { first, last }) => Some(first..last + 1),
        Some(Requested::Whole) | None => None,
    };
    let (size, body) = blobs
        .stream(&file.tenant_id, &file.digest, wanted.clone())
        .await
        .map_err(refusal)?;
    let mut response = Body::from_stream(body).into_response();
    let length = wanted
        .as_ref()
        .map_or(size, |range| range.end.min(size) - range.start);
    if let Some(range) = wanted {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let part = format!(
            "bytes {}-{}/{size}",
            range.start,
            range.start + length.saturating_sub(1)
        );
        insert(&mut response, header::CONTENT_RANGE, &part);
    }
    insert(&mut response, header::CONTENT_LENGTH, &length.to_string());
    insert(&mut response, header::CONTENT_TYPE, &file.mime_type);
    insert(
        &mut response,
        header::CONTENT_DISPOSITION,
        &attachment(&file.ui_name),
    );
    insert(&mut response, header::ETAG, &etag);
    if let Some(field) = digest::field(&file.digest) {
        insert(&mut response, digest::REPR_DIGEST, &field);
    }
    insert(&mut response, header::ACCEPT_RANGES, "bytes");
    insert(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    insert(
        &mut response,
        header::CONTENT_SECURITY_POLICY,
        "sandbox; default-src 'none'",
    );
    insert(&mut response, header::CACHE_CONTROL, "private, no-cache");
    Ok(response)
}

fn insert(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn unsatisfiable(size: u64) -> Problem {
    let problem = Problem::new(
        ErrorCode::RangeNotSatisfiable,
        format!("the file has {size} bytes: ask for a range within them"),
    );
    match HeaderValue::from_str(&format!("bytes */{size}")) {
        Ok(value) => problem.with_header(header::CONTENT_RANGE, value),
        Err(_) => problem,
    }
}

fn refusal(error: BlobError) -> Refusal {
    match error {
        BlobError::NotFound => Refusal::Missing,
        BlobError::RangeNotSatisfiable { size } => Refusal::Problem(unsatisfiable(size)),
        error => {
            tracing::error!(%error, "stored content cannot be read");
            let problem = Problem::new(
                ErrorCode::ServiceUnavailable,
                "stored content cannot be read now: try again",
            );
            Refusal::Problem(problem.retry_after(1))
        }
    }
}

/// The `Content-Disposition` of a download (RFC 6266, with the name encoded as in RFC 8187).
fn attachment(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("attachment; filename*=UTF-8''{encoded}")
}

#[derive(Debug, PartialEq, Eq)]
enum Requested {
    Whole,
    Part { first: u64, last: u64 },
    Unsatisfiable,
}

/// Reads a `Range` header. Several ranges, or one that is not understood, mean the whole (RFC 9110 section 14.2).
fn parse(range: &str, size: u64) -> Requested {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Requested::Whole;
    };
    let (first, last) = match (first.trim(), last.trim()) {
        ("", suffix) => match suffix.parse::<u64>() {
            Ok(0) => return Requested::Unsatisfiable,
            Ok(length) => (size.saturating_sub(length), size.saturating_sub(1)),
            Err(_) => return Requested::Whole,
        },
        (first, "") => match first.parse::<u64>() {
            Ok(first) => (first, size.saturating_sub(1)),
            Err(_) => return Requested::Whole,
        },
        (first, last) => match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
            _ => return Requested::Whole,
        },
    };
    if first >= size {
        Requested::Unsatisfiable
    } else {
        Requested::Part { first, last }
    }
}

/// The file, unless it was purged.
async fn live(state: &AppState, tenant: &TenantId, file: &FileId) -> Result<File, Problem> {
    let found = state.store.files().find(tenant, file).await?;
    found
        .filter(|file| file.status != Status::Purged)
        .ok_or_else(|| Problem::not_found("file"))
}

/// The file is there and its bytes are not: nothing the caller could do about.
fn lost(file: &File) -> Problem {
    tracing::error!(
        tenant_id = %file.tenant_id, file_id = %file.file_id, digest = %file.digest,
        "the content of a file is missing: start the node with the data folder that has it, or restore it from a backup"
    );
    Problem::new(
        ErrorCode::Internal,
        "the file's content is missing from the server, although nobody purged it: whoever runs the server must restore it from a backup",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let part = |first, last| Requested::Part { first, last };
        assert_eq!(parse("bytes=0-9", 100), part(0, 9));
        assert_eq!(parse("bytes=90-", 100), part(90, 99));
        assert_eq!(parse("bytes=-5", 100), part(95, 99));
        assert_eq!(parse("bytes=-500", 100), part(0, 99));
        assert_eq!(parse("bytes=50-500", 100), part(50, 99));
        assert_eq!(parse("bytes=100-", 100), Requested::Unsatisfiable);
        assert_eq!(parse("bytes=-0", 100), Requested::Unsatisfiable);
        assert_eq!(parse("bytes=9-1", 100), Requested::Whole);
        assert_eq!(parse("bytes=0-1,5-6", 100), Requested::Whole);
        assert_eq!(parse("lines=1-2", 100), Requested::Whole);
        assert_eq!(parse("bytes=0-", 0), Requested::Unsatisfiable);
    }

    #[test]
    fn a_name_can_break_neither_the_header_nor_the_folder() {
        let header = attachment("../\"a\"\r\n\u{e4}.txt");
        assert_eq!(
            header,
            "attachment; filename*=UTF-8''..%2F%22a%22%0D%0A%C3%A4.txt"
        );
    }
}
