//! The server: routes, layers, the listener, and a graceful end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use civitas_model::{Entropy, ErrorCode};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower::util::MapRequest;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::set_header::SetResponseHeaderLayer;
use tracing::Instrument;

use crate::connections::Patience;
use crate::problem::Problem;
use crate::state::AppState;
use crate::{access, connections, once, openapi, problem, routes, trace, tus};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Answers smaller than this are not worth compressing, in bytes.
const COMPRESS_BYTES_MIN: u64 = 1024;

/// Where to listen.
pub struct ServerOptions {
    /// The bound listener.
    pub listener: TcpListener,
    /// How long open requests may take to end once the server stops.
    pub grace: Duration,
}

/// The API, ready to be served.
pub struct Server {
    router: Router,
    state: AppState,
}

impl Server {
    /// Puts routes and layers together.
    pub fn new(state: AppState) -> Self {
        let (api, document) = openapi::router(&state.settings.limits).split_for_parts();
        let layers = ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(
                REQUEST_ID,
                RequestIds(Arc::clone(&state.entropy)),
            ))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(middleware::from_fn(log))
            .layer(SetResponseHeaderLayer::if_not_present(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ))
            .layer(middleware::from_fn_with_state(
                state.clone(),
                tus::introduce,
            ))
            .layer(access::cors(&state.settings))
            .layer(
                CompressionLayer::new()
                    .gzip(true)
                    .compress_when(worth_compressing()),
            )
            .layer(middleware::from_fn(problem::finish))
            .layer(CatchPanicLayer::custom(|_| {
                let detail = "something broke on our side: the server's log has the request id";
                Problem::new(ErrorCode::Internal, detail).into_response()
            }))
            .layer(middleware::from_fn_with_state(state.clone(), access::guard))
            .layer(middleware::from_fn_with_state(state.clone(), once::once));
        let router = api
            .merge(routes::docs(&document))
            .layer(layers)
            .with_state(state.clone());
        Self { router, state }
    }

    /// Serves until the state's `stopping` is cancelled, then lets open requests end.
    pub async fn run(self, options: ServerOptions) {
        let stopping = self.state.stopping.clone();
        // Layers of a router run once the route is found, so what changes the path stands around the whole of it.
        let service = MapRequest::new(self.router, trim_slash);
        let serving = connections::serve(
            options.listener,
            service,
            Patience::DEFAULT,
            stopping.clone(),
        );
        let deadline = async {
            stopping.cancelled().await;
            tokio::time::sleep(options.grace).await;
        };
        tokio::select! {
            () = serving => {}
            () = deadline => {}
        }
    }
}

fn worth_compressing() -> impl Predicate {
    // A stream must reach its reader line by line.
    SizeAbove::new(COMPRESS_BYTES_MIN)
        .and(NotForContentType::new("application/x-ndjson"))
        .and(NotForContentType::IMAGES)
        .and(is_no_download)
}

/// Stored content is served as it is: its length, its ranges and its entity tag are those of the stored bytes.
fn is_no_download(
    _: StatusCode,
    _: Version,
    headers: &HeaderMap,
    _: &axum::http::Extensions,
) -> bool {
    !headers.contains_key(header::ACCEPT_RANGES)
}

/// Makes request ids: version 4 UUIDs, since they carry no time.
#[derive(Clone)]
struct RequestIds(Arc<dyn Entropy>);

impl MakeRequestId for RequestIds {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&self.0.uuid_v4().to_string())
            .ok()
            .map(RequestId::new)
    }
}

/// Everything answers with and without the trailing slash, never with a redirect. Only the pages under `/docs/` load
/// their parts by relative paths.
fn trim_slash(mut request: Request) -> Request {
    tus::override_method(&mut request);
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() || trimmed.len() == path.len() || trimmed == "/docs" {
        return request;
    }
    let text = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    if let Ok(path_and_query) = text.parse() {
        parts.path_and_query = Some(path_and_query);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// Logs and counts every request. The query is left out: it may hold a token.
async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|matched| matched.as_str().to_owned());
    let id = request.extensions().get::<RequestId>();
    let id = id
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        %method,
        %path,
        { trace::TRACE_ID } = tracing::field::Empty
    );
    trace::continue_from(&span, request.headers());
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    let elapsed = started.elapsed();
    let _entered = span.enter();
    if status.is_server_error() {
        tracing::error!(
            status = status.as_u16(),
            elapsed_us = elapsed.as_micros(),
            "answered"
        );
    } else {
        tracing::debug!(
            status = status.as_u16(),
            elapsed_us = elapsed.as_micros(),
            "answered"
        );
    }
    let route = route.unwrap_or_else(|| "other".to_owned());
    let labels = [
        ("method", known(&method).to_owned()),
        ("route", route),
        ("status", status.as_str().to_owned()),
    ];
    metrics::histogram!("civitas_http_request_seconds", &labels).record(elapsed.as_secs_f64());
    response
}

/// A method as a label. Clients may invent methods, and every label that is new is kept for good.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_method_is_no_label_of_its_own() {
        let invented = Method::from_bytes(b"FROBNICATE").unwrap();
        assert_eq!(known(&invented), "other");
        assert_eq!(known(&Method::POST), "POST");
    }
}
