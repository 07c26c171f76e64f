//! `GET /api/v1/schema/typescript`: the API's types for TypeScript.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

/// Made once: the document is the same for as long as the program runs.
static TEXT: LazyLock<Bytes> = LazyLock::new(|| crate::openapi::typescript().into());

/// Get the types of this API for TypeScript: every schema, and a map of every operation with its parameters, body and
/// answers. They come from the same document as `/openapi.json`.
#[utoipa::path(get, path = "/api/v1/schema/typescript", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn show() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, TEXT.clone()).into_response()
}
