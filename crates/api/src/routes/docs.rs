//! `/docs`, `/redoc` and `/openapi.json`: the API's description, served from the binary.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::state::AppState;

/// Redoc 2.5.4 (MIT), the standalone script of its npm package, compressed.
const REDOC: &[u8] = include_bytes!("../../assets/redoc.standalone.js.gz");

const REDOC_PAGE: &str = "<!doctype html><html lang=en><head><meta charset=utf-8><title>Civitas API</title>\
    <meta name=viewport content='width=device-width, initial-scale=1'><style>body{margin:0}img[src^='http']{display:none}</style></head>\
    <body><redoc spec-url=/openapi.json></redoc><script src=/redoc/redoc.standalone.js></script></body></html>";

/// The pages load nothing from elsewhere, whatever the scripts they are made of would like to.
const LOCAL_ONLY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; base-uri 'self'";

/// The pages and the document.
pub(crate) fn router(document: &OpenApi) -> Router<AppState> {
    let text: Arc<str> = document.to_json().unwrap_or_default().into();
    let json = get(move || {
        let text = Arc::clone(&text);
        async move {
            (
                [(header::CONTENT_TYPE, "application/json")],
                text.to_string(),
            )
        }
    });
    let swagger = SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json"));
    let local_only = SetResponseHeaderLayer::overriding(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(LOCAL_ONLY),
    );
    Router::new()
        .route("/openapi.json", json)
        .route("/redoc", get(|| async { Html(REDOC_PAGE) }))
        .route("/redoc/redoc.standalone.js", get(|| async { redoc() }))
        .merge(swagger)
        .layer(local_only)
}

fn redoc() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CONTENT_ENCODING, "gzip"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, Bytes::from_static(REDOC)).into_response()
}
