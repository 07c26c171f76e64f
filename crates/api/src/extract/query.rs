//! Query strings: 422 with a pointer to the parameter that is not known, is missing or does not fit what the OpenAPI
//! document says of it.

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use civitas_runtime::nearest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::problem::Problem;

/// The query string.
pub(crate) struct Params<T>(pub(crate) T);

/// The query string of an operation that takes no parameters there.
#[derive(Deserialize, IntoParams)]
pub(crate) struct NoParams {}

impl<T: DeserializeOwned + IntoParams, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        check(&parts.uri, || T::into_params(|| Some(ParameterIn::Query)))?;
        Query::try_from_uri(&parts.uri)
            .map(|Query(query)| Self(query))
            .map_err(|rejection| refused(&rejection.body_text()))
    }
}

/// Holds what was sent against what is documented: names, and the bounds of numbers.
fn check(uri: &Uri, documented: impl FnOnce() -> Vec<Parameter>) -> Result<(), Problem> {
    if uri.query().is_none_or(str::is_empty) {
        return Ok(());
    }
    let sent: Query<Vec<(String, String)>> =
        Query::try_from_uri(uri).map_err(|rejection| refused(&rejection.body_text()))?;
    let documented = documented();
    for (name, value) in &sent.0 {
        let known = documented.iter().find(|parameter| parameter.name == *name);
        let parameter = known.ok_or_else(|| unknown(name, &documented))?;
        let schema = json!(parameter.schema);
        if !fits(&schema, value) {
            return Err(Problem::invalid(format!("/{name}"), bounds(&schema)));
        }
    }
    Ok(())
}

fn unknown(name: &str, documented: &[Parameter]) -> Problem {
    let names = || documented.iter().map(|parameter| parameter.name.as_str());
    let detail = match nearest(name, names()).first() {
        Some(near) => format!("is not a parameter here: perhaps you mean {near}"),
        None if documented.is_empty() => {
            "is not a parameter here: there are none, leave it out".to_owned()
        }
        None => {
            let names: Vec<&str> = names().collect();
            format!("is not a parameter here: known are {}", names.join(", "))
        }
    };
    let name: String = name.chars().take(100).collect();
    Problem::invalid(
        format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        detail,
    )
}

/// Whether a value is the whole number that its schema wants; other types are left to the type it is read into.
fn fits(schema: &Value, value: &str) -> bool {
    if schema["type"] != "integer" {
        return true;
    }
    let bound = |key| schema.get(key).and_then(Value::as_i64).map(i128::from);
    value.parse::<i128>().is_ok_and(|number| {
        bound("minimum").is_none_or(|minimum| number >= minimum)
            && bound("maximum").is_none_or(|maximum| number <= maximum)
    })
}

fn bounds(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(minimum), Some(maximum)) => {
            format!("must be a whole number from {minimum} to {maximum}")
        }
        (Some(minimum), None) => format!("must be a whole number, {minimum} or more"),
        (None, Some(maximum)) => format!("must be a whole number, {maximum} or less"),
        (None, None) => "must be a whole number".to_owned(),
    }
}

/// Finds the parameter in what the framework says, such as `Failed to deserialize query string: wait: invalid digit
/// found in string`.
fn refused(text: &str) -> Problem {
    let text = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let named = |prefix| text.strip_prefix(prefix)?.split('`').nth(1);
    if let Some(name) = named("missing field ") {
        return Problem::invalid(format!("/{name}"), "is missing: send it");
    }
    if let Some(name) = named("duplicate field ") {
        return Problem::invalid(format!("/{name}"), "is there twice: send it once");
    }
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    };
    match text.split_once(": ") {
        Some((name, detail)) if is_name(name) => {
            let detail = match detail {
                "provided string was not `true` or `false`" => "must be true or false",
                "number too large to fit in target type" => "is too large a number",
                _ => detail,
            };
            Problem::invalid(format!("/{name}"), detail)
        }
        _ => Problem::invalid("", format!("the query is not valid: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[derive(Debug, Deserialize, IntoParams)]
    #[into_params(parameter_in = Query)]
    struct Wanted {
        wait: u64,
        #[param(minimum = 1, maximum = 5)]
        limit: Option<u32>,
        deep: Option<bool>,
    }

    async fn said(query: &str) -> String {
        let uri = format!("/x?{query}");
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        let refused = Params::<Wanted>::from_request_parts(&mut parts, &()).await;
        refused.map_or_else(
            |problem| problem.detail().to_owned(),
            |Params(Wanted { wait, limit, deep })| format!("{wait} {limit:?} {deep:?}"),
        )
    }

    #[tokio::test]
    async fn a_parameter_that_does_not_fit_is_named_with_what_would() {
        for (query, expected) in [
            ("wait=soon", "/wait: must be a whole number, 0 or more"),
            ("wait=-1", "/wait: must be a whole number, 0 or more"),
            ("wait=99999999999999999999", "/wait: is too large a number"),
            (
                "wait=1&limit=0",
                "/limit: must be a whole number from 1 to 5",
            ),
            (
                "wait=1&limit=6",
                "/limit: must be a whole number from 1 to 5",
            ),
            ("wait=1&deep=yes", "/deep: must be true or false"),
            ("", "/wait: is missing: send it"),
            ("wait=1&wait=2", "/wait: is there twice: send it once"),
            (
                "limt=1",
                "/limt: is not a parameter here: perhaps you mean limit",
            ),
            (
                "wait=1&a/b=1",
                "/a~1b: is not a parameter here: known are wait, limit, deep",
            ),
        ] {
            assert_eq!(said(query).await, expected, "{query}");
        }
        assert_eq!(
            said("wait=1&limit=5&deep=true").await,
            "1 Some(5) Some(true)"
        );
    }
}
