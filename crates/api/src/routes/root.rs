//! `GET /`: says what this is.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// What answers here.
#[derive(Serialize, ToSchema)]
struct Root {
    /// `online`.
    status: &'static str,
    /// `civitas`.
    service: &'static str,
    /// The version.
    version: &'static str,
    /// Where to look next.
    message: &'static str,
}

/// Say what this is: JSON, or a page of links where HTML is preferred.
#[utoipa::path(get, path = "/", tag = "health", responses((status = 200, body = Root)))]
pub(crate) async fn show(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if prefers_html(accept.unwrap_or_default()) {
        return Html(page(&state)).into_response();
    }
    Json(Root {
        status: "online",
        service: "civitas",
        version: env!("CARGO_PKG_VERSION"),
        message: "Civitas is operational: see /docs for the API",
    })
    .into_response()
}

/// Whether HTML stands before JSON in an `Accept` header. Browsers list it first; clients of APIs do not list it.
fn prefers_html(accept: &str) -> bool {
    let place = |wanted: &str| accept.split(',').position(|range| range.trim().starts_with(wanted));
    match (place("text/html"), place("application/json")) {
        (Some(html), Some(json)) => html < json,
        (html, _) => html.is_some(),
    }
}

fn page(state: &AppState) -> String {
    let realms = state.runtime.registry().realms();
    let intents: usize = realms.iter().map(|realm| realm.definitions().len()).sum();
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Civitas</title>\
         <style>body{{font:16px/1.6 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#1c2733}}\
         a{{color:#0a58a6}}code{{background:#eef2f6;padding:.1em .3em;border-radius:3px}}</style>\
         <h1>Civitas {version}</h1><p>Running: {realms} realm(s), {intents} intents.</p><ul>\
         <li><a href=/docs/>Try the API</a> or <a href=/redoc>read it</a></li>\
         <li><a href=/api/intents>What can be submitted</a></li>\
         <li><a href=/health>Health</a></li></ul>\
         <p>From a terminal: <code>civitas --help</code></p></html>",
        version = env!("CARGO_PKG_VERSION"),
        realms = realms.len(),
    )
}

#[cfg(test)]
mod tests {
    use super::prefers_html;

    #[test]
    fn only_who_prefers_html_gets_it() {
        assert!(prefers_html("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(!prefers_html("application/json, text/html"));
        assert!(!prefers_html("*/*"));
        assert!(!prefers_html(""));
    }
}
