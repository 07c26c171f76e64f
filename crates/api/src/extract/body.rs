//! JSON bodies: 400 for what is not JSON, 422 with a pointer for what does not fit, 413 and 415 as they are.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use civitas_model::ErrorCode;
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::state::Limits;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

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
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    // Nothing is read of a body that says it is too long.
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let reading = axum::body::to_bytes(request.into_body(), limit);
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

fn is_over_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.to_string().contains("length limit"))
}

fn too_large(limit: usize) -> Problem {
    let detail =
        format!("the body may have up to {limit} bytes: upload files to /api/content/files");
    Problem::new(ErrorCode::PayloadTooLarge, detail)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        if error.is_data() {
            Problem::invalid(pointer, error.to_string())
        } else {
            malformed(&error)
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

/// The place as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&part);
    }
    pointer
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

    #[tokio::test]
    async fn a_body_over_its_limit_is_refused_announced_or_not() {
        for announced in [true, false] {
            let mut request =
                axum::http::Request::builder().header("content-type", "application/json");
            if announced {
                request = request.header("content-length", "9");
            }
            let mut request = request.body(axum::body::Body::from("[1,2,3,4]")).unwrap();
            request.extensions_mut().insert(BodyLimit(8));
            let problem = Body::<Vec<u8>>::from_request(request, &())
                .await
                .map(|Body(numbers)| numbers)
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
