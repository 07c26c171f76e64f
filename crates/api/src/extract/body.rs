//! JSON bodies: 400 for what is not JSON, 422 with a pointer for what does not fit, 413 and 415 as they are.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use civitas_intent::Invalid;
use civitas_model::ErrorCode;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::problem::Problem;
use crate::state::Limits;

/// How long a body may take to arrive.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How many bytes the body of a route may have; a layer puts it into every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) usize);

/// A required JSON body.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body that may be left out.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        check_content_type(&request)?;
        let bytes = read(request).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let typed = check_content_type(&request);
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        typed?;
        parse(&bytes).map(Self)
    }
}

fn check_content_type(request: &Request) -> Result<(), Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.to_str().ok())
        .map(|value| {
            value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        });
    match essence.as_deref() {
        Some("application/json") => Ok(()),
        Some(other) if other.starts_with("application/") && other.ends_with("+json") => Ok(()),
        _ => Err(Problem::new(
            ErrorCode::UnsupportedMediaType,
            "the body must be JSON: send it with `Content-Type: application/json`",
        )),
    }
}

async fn read(request: Request) -> Result<Bytes, Problem> {
    let BodyLimit(limit) = request
        .extensions()
        .get()
        .copied()
        .unwrap_or(BodyLimit(Limits::default().body_bytes));
    let (parts, body) = request.into_parts();
    read_within(&parts.headers, body, limit).await
}

/// Reads a body to its end, unless it is too long or takes too long.
pub(crate) async fn read_within(
    headers: &HeaderMap,
    body: axum::body::Body,
    limit: usize,
) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    // Nothing is read of a body that says it is too long.
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let reading = axum::body::to_bytes(body, limit);
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_over_limit(&error) => Err(too_large(limit)),
        Ok(Err(_)) => Err(Problem::new(
            ErrorCode::BadRequest,
            "the body could not be read to its end: send it again",
        )),
        Err(_) => Err(Problem::new(
            ErrorCode::BadRequest,
            format!(
                "the body did not arrive within {} seconds: send it again",
                PATIENCE.as_secs()
            ),
        )),
    }
}

pub(crate) fn is_over_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.to_string().contains("length limit"))
}

fn too_large(limit: usize) -> Problem {
    let detail =
        format!("the body may have up to {limit} bytes: upload files to /api/content/files");
    Problem::new(ErrorCode::PayloadTooLarge, detail)
}

/// Every body is an object. Left to itself, serde would also read one from an array, by the order of its fields.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| malformed(&error))?;
        return Err(Problem::invalid("", "the body must be a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            let Invalid { pointer, detail } = Invalid::from_serde(&error);
            Problem::invalid(pointer, detail)
        } else {
            malformed(error.inner())
        }
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(parsed)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(
        ErrorCode::MalformedBody,
        format!("the body is not JSON: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[serde(rename = "in/ner")]
        inner: Vec<u8>,
    }

    #[test]
    fn a_wrong_type_is_named_by_its_pointer() {
        let problem = parse::<Outer>(br#"{"in/ner":[1,"x"]}"#)
            .map(|outer| outer.inner)
            .unwrap_err();
        assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(format!("{problem:?}").contains("/in~1ner/1"));
    }

    #[test]
    fn a_body_that_is_no_object_is_not_taken_for_one() {
        for body in [&b"[[1,2]]"[..], b" []", b"7", b"null", b"\"x\""] {
            let problem = parse::<Outer>(body).unwrap_err();
            let refused = format!("{problem:?}");
            assert_eq!(
                problem.status(),
                StatusCode::UNPROCESSABLE_ENTITY,
                "{body:?}"
            );
            assert!(refused.contains("must be a JSON object"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_body_over_its_limit_is_refused_announced_or_not() {
        for announced in [true, false] {
            let mut request =
                axum::http::Request::builder().header("content-type", "application/json");
            if announced {
                request = request.header("content-length", "9");
            }
            let mut request = request.body(axum::body::Body::from("{\"a\":123}")).unwrap();
            request.extensions_mut().insert(BodyLimit(8));
            let problem = Body::<serde_json::Value>::from_request(request, &())
                .await
                .map(|Body(value)| value)
                .unwrap_err();
            assert_eq!(problem.status(), StatusCode::PAYLOAD_TOO_LARGE);
        }
    }

    #[test]
    fn broken_and_trailing_json_are_malformed() {
        for body in [&b"{"[..], b"", b"{\"in/ner\":[]} x", b"\xff"] {
            let problem = parse::<Outer>(body).unwrap_err();
            assert_eq!(problem.status(), StatusCode::BAD_REQUEST, "{body:?}");
        }
    }
}
