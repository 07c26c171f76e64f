//! `GET /api/v1/metrics`: metrics, newest first.

use axum::Json;
use axum::extract::State;
use civitas_model::{AgentId, Permission, Timestamp};
use civitas_storage::MetricFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::MetricResponse;
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Metrics per page, unless asked otherwise.
const PAGE: u32 = 100;

/// Which metrics.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MetricQuery {
    /// After this many.
    #[param(minimum = 0)]
    skip: Option<u32>,
    /// At most this many; 100 when absent.
    #[param(maximum = 1000, minimum = 1)]
    limit: Option<u32>,
    /// Only of this agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Only of this type.
    metric_type: Option<String>,
    /// Only recorded at this time or later: a date or, in UTC unless it says otherwise, a date with a time.
    start_date: Option<String>,
    /// Only recorded at this time or earlier.
    end_date: Option<String>,
}

/// List metrics, newest first.
#[utoipa::path(get, path = "/api/v1/metrics", tag = "metrics", security(("bearer" = [])),
    params(MetricQuery), responses(
        (status = 200, body = Vec<MetricResponse>), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<MetricQuery>,
) -> Result<Json<Vec<MetricResponse>>, Problem> {
    require(&caller, Permission::Read)?;
    let moment = |name: &str, text: Option<String>| {
        text.map(|text| moment(&text).ok_or_else(|| not_a_moment(name)))
            .transpose()
    };
    let filter = MetricFilter {
        agent_id: query.agent_id,
        metric_type: query.metric_type,
        from: moment("/start_date", query.start_date)?,
        to: moment("/end_date", query.end_date)?,
    };
    let limit = query.limit.unwrap_or(PAGE);
    let offset = query.skip.unwrap_or_default();
    let found = state
        .agents
        .metrics(&caller, &filter, limit, offset)
        .await?;
    Ok(Json(found.into_iter().map(MetricResponse::from).collect()))
}

fn not_a_moment(pointer: &str) -> Problem {
    let detail =
        "must be a date such as 2026-03-15, or a date with a time such as 2026-03-15T08:00:00Z";
    Problem::invalid(pointer, detail)
}

/// A time with its offset from UTC, a time without one, which is UTC, or a date, which begins at midnight.
fn moment(text: &str) -> Option<Timestamp> {
    // A plus sign in a query is a space.
    let text = text.trim().replace(' ', "+");
    [
        text.clone(),
        format!("{text}Z"),
        format!("{text}T00:00:00Z"),
    ]
    .iter()
    .find_map(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_clients_write_them() {
        for (text, expected) in [
            ("2026-03-15", "2026-03-15T00:00:00.000000Z"),
            ("2026-03-15T08:00:00", "2026-03-15T08:00:00.000000Z"),
            ("2026-03-15T08:00:00.250Z", "2026-03-15T08:00:00.250000Z"),
            ("2026-03-15T08:00:00 02:00", "2026-03-15T06:00:00.000000Z"),
        ] {
            assert_eq!(moment(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "lunch", "2026-13-01"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
