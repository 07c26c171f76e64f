//! `GET /metrics`: what Prometheus scrapes.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use civitas_model::ErrorCode;

use crate::extract::Authenticated;
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Show counters and gauges in the Prometheus text format. Needs an administrator or operator of the default tenant, or a
/// service token with the scope `metrics`.
#[utoipa::path(get, path = "/metrics", tag = "health", security(("bearer" = [])), responses(
    (status = 200, body = String, content_type = "text/plain"),
    (status = 401, body = ProblemDocument),
    (status = 403, body = ProblemDocument),
))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    if !caller.operates_server() {
        let detail = "metrics are of the whole server: they need an administrator or operator of the default tenant, or a service token with the scope `metrics`";
        return Err(Problem::new(ErrorCode::Forbidden, detail));
    }
    let (ready, running) = state.runtime.depth();
    gauge("civitas_executions_ready", ready as u64);
    gauge("civitas_executions_running", running as u64);
    gauge("civitas_search_records", state.search.record_count());
    metrics::gauge!("civitas_commit_queue_ratio").set(state.store.load());
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Ok((
        [(header::CONTENT_TYPE, content_type)],
        state.metrics.render(),
    )
        .into_response())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; counts stay far below 2^52"
)]
fn gauge(name: &'static str, value: u64) {
    metrics::gauge!(name).set(value as f64);
}
