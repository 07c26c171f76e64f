//! Query strings: 422 with a pointer to the parameter that does not fit.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The query string.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection| refused(&rejection.body_text()))
    }
}

/// Finds the parameter in what the framework says, such as `Failed to deserialize query string: wait: invalid digit
/// found in string`.
fn refused(text: &str) -> Problem {
    let text = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    };
    match text.split_once(": ") {
        Some((name, detail)) if is_name(name) => Problem::invalid(format!("/{name}"), detail),
        _ => Problem::invalid("", format!("the query is not valid: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Query {
        wait: u64,
    }

    async fn problem(uri: &str) -> String {
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        let refused = Params::<Query>::from_request_parts(&mut parts, &()).await;
        format!("{:?}", refused.map(|Params(query)| query.wait).unwrap_err())
    }

    #[tokio::test]
    async fn a_parameter_that_does_not_fit_is_named() {
        let problem = problem("/x?wait=soon").await;
        assert!(
            problem.contains(r#"pointer: "/wait", detail: "invalid digit"#),
            "{problem}"
        );
    }

    #[tokio::test]
    async fn a_missing_parameter_is_named() {
        let problem = problem("/x").await;
        assert!(
            problem
                .contains(r#"pointer: "", detail: "the query is not valid: missing field `wait`"#),
            "{problem}"
        );
    }
}
