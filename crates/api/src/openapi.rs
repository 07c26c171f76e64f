//! The OpenAPI document (3.1), generated from the handlers.

use civitas_runtime::KEY_LENGTH_MAX;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Content, ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder,
    Ref, RefOr, Required, Response, ResponseBuilder,
};
use utoipa_axum::router::OpenApiRouter;

use crate::once;
use crate::routes;
use crate::state::{AppState, Limits};
use crate::typescript::declarations;

const PROBLEM_JSON: &str = "application/problem+json";

/// The API with its document.
pub(crate) fn router(limits: &Limits) -> OpenApiRouter<AppState> {
    let mut router = OpenApiRouter::with_openapi(base()).merge(routes::api(limits));
    let paths = &mut router.get_openapi_mut().paths.paths;
    // What takes the rest of a path in the router is a parameter like others in the document.
    *paths = std::mem::take(paths)
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
    for (path, item) in paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            if method == "post" && once::keeps(path).is_some() {
                add_key(operation);
            }
            add_common_answers(operation);
        }
    }
    router
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("head", &mut item.head),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// A name for generated clients, the only one of its kind: `get_execution_by_execution_id_status`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/").map_or_else(
        || path.trim_start_matches('/').to_owned(),
        |path| path.replace("health", "api_health"),
    );
    let path = if path.is_empty() { "root" } else { &path };
    let name = path.replace(['/', '-'], "_");
    format!("{method}_{}", name.replace('{', "by_").replace('}', ""))
}

/// The key under which a repetition is answered as before.
fn add_key(operation: &mut Operation) {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(KEY_LENGTH_MAX));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The key under which a repetition within 24 hours is answered as before and done once.",
        ))
        .schema(Some(text))
        .build();
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(parameter.into());
    let answers = &mut operation.responses.responses;
    answers.entry("409".to_owned()).or_insert_with(|| {
        problem("A request with this idempotency key is under way, or its answer is not kept.")
    });
}

/// The answers that extractors and layers give, whatever the handler does.
fn add_common_answers(operation: &mut Operation) {
    let mut codes = vec![
        (
            "403",
            "The host or the origin of the request is refused, or a permission is missing.",
        ),
        ("503", "The server cannot answer now: try again."),
    ];
    if operation.security.is_some() {
        codes.push(("401", "The credential is missing or not valid."));
    }
    if operation.request_body.is_some() {
        codes.extend([
            ("400", "The body is not JSON, or could not be read."),
            ("413", "The body is over its limit."),
            ("415", "The body is of another content type."),
            ("422", "The body is not valid."),
        ]);
    }
    if operation
        .parameters
        .as_ref()
        .is_some_and(|parameters| !parameters.is_empty())
    {
        codes.extend([
            ("400", "The path cannot be read."),
            ("422", "A parameter is not valid."),
        ]);
    }
    for (code, description) in codes {
        let answers = &mut operation.responses.responses;
        answers
            .entry(code.to_owned())
            .or_insert_with(|| problem(description));
    }
    for answer in operation.responses.responses.values_mut() {
        if let RefOr::T(answer) = answer {
            retype(answer);
        }
    }
}

fn problem(description: &str) -> RefOr<Response> {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, content)
        .build()
        .into()
}

/// Problems are not sent as plain JSON (RFC 9457 section 3).
fn retype(answer: &mut Response) {
    let is_problem = |content: &RefOr<Content>| match content {
        RefOr::T(Content {
            schema: Some(RefOr::Ref(schema)),
            ..
        }) => schema.ref_location.ends_with("/Problem"),
        _ => false,
    };
    if answer
        .content
        .get("application/json")
        .is_some_and(is_problem)
        && let Some(content) = answer.content.shift_remove("application/json")
    {
        answer.content.insert(PROBLEM_JSON.to_owned(), content);
    }
}

/// The document alone.
pub fn document() -> OpenApi {
    router(&Limits::default()).into_openapi()
}

/// The same for TypeScript.
pub fn typescript() -> String {
    let document = document().to_json().unwrap_or_default();
    let document = serde_json::from_str(&document).unwrap_or_default();
    declarations(&document)
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Civitas")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The governed execution platform for AI agents and the people who work with them. \
             Submit an intent, follow its execution, use what it made. Every error is a problem document (RFC 9457).",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let mut document = OpenApiBuilder::new().info(info).build();
    let mut components = document.components.take().unwrap_or_default();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("bearer", bearer);
    document.components = Some(components);
    document
}
