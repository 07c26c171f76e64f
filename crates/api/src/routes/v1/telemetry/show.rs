//! `GET /api/v1/telemetry/sessions/{session_id}`: one session, and what happened in it.

use axum::Json;
use axum::extract::{Path, State};
use civitas_model::telemetry::{ModelRequest, TelemetryEvent};
use civitas_model::{Permission, TenantId, Timestamp};
use civitas_storage::{RequestFilter, TelemetryTotal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::answer::{ModelRequestAnswer, NamedSum, TelemetrySessionAnswer};
use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Entries of the timeline, unless asked otherwise.
const ENTRIES: u32 = 100;

/// Which part of the timeline.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineQuery {
    /// Where the part before ended: its `next_before`.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Timestamp>,
    /// At most this many entries; 100 when absent.
    #[param(maximum = 500, minimum = 1)]
    limit: Option<u32>,
}

/// What a metric of the session adds up to.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetricTotal {
    metric: String,
    /// Empty where the metric says none.
    model: String,
    /// Empty where the metric says none.
    #[serde(rename = "type")]
    kind: String,
    total: f64,
}

impl From<TelemetryTotal> for MetricTotal {
    fn from(total: TelemetryTotal) -> Self {
        Self {
            metric: total.metric,
            model: total.model,
            kind: total.kind,
            total: total.total,
        }
    }
}

/// An event of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventAnswer {
    /// Its number among the session's events.
    sequence: Option<u64>,
    prompt_id: Option<String>,
    tool_use_id: Option<String>,
    agent_name: Option<String>,
    /// What else the client says.
    #[schema(value_type = Object)]
    attributes: Value,
}

/// Something that happened: a request to a model, or another event.
#[derive(Serialize, ToSchema)]
pub(crate) struct TimelineEntry {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What, such as `claude_code.tool_result`; `model_request` for requests.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<ModelRequestAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<EventAnswer>,
}

impl From<ModelRequest> for TimelineEntry {
    fn from(request: ModelRequest) -> Self {
        Self {
            at: request.at,
            name: "model_request".to_owned(),
            request: Some(request.into()),
            event: None,
        }
    }
}

impl From<TelemetryEvent> for TimelineEntry {
    fn from(event: TelemetryEvent) -> Self {
        Self {
            at: event.at,
            name: event.name,
            request: None,
            event: Some(EventAnswer {
                sequence: event.sequence,
                prompt_id: event.prompt_id,
                tool_use_id: event.tool_use_id,
                agent_name: event.agent_name,
                attributes: serde_json::from_str(&event.attributes).unwrap_or_default(),
            }),
        }
    }
}

/// A session, what its requests add up to, and what happened in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionDetail {
    #[serde(flatten)]
    session: TelemetrySessionAnswer,
    by_model: Vec<NamedSum>,
    by_agent: Vec<NamedSum>,
    /// What the client's metrics add up to. They are shown, and charge nothing.
    metrics: Vec<MetricTotal>,
    /// Newest first. Events are kept for 30 days.
    timeline: Vec<TimelineEntry>,
    /// The `before` of the next part; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_before: Option<Timestamp>,
}

/// Show what telemetry says of a session: totals, missing events, requests by model, and what happened, newest first.
#[utoipa::path(get, path = "/api/v1/telemetry/sessions/{session_id}", tag = "telemetry", security(("bearer" = [])),
    params(("session_id" = String, Path), TimelineQuery), responses(
        (status = 200, body = SessionDetail), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Path(session_id): Path<String>,
    Params(query): Params<TimelineQuery>,
) -> Result<Json<SessionDetail>, Problem> {
    require(&caller, Permission::Read)?;
    let (tenant, telemetry) = (&caller.tenant_id, state.store.telemetry());
    let session = telemetry.session(tenant, &session_id).await?;
    let session = session.ok_or_else(|| Problem::not_found("session with telemetry"))?;
    let filter = RequestFilter {
        session_id: Some(session_id.clone()),
        ..RequestFilter::default()
    };
    let by_model = telemetry.by_model(tenant, &filter).await?;
    let by_agent = telemetry.by_agent(tenant, &filter).await?;
    let metrics = telemetry.totals(tenant, &session_id).await?;
    let limit = query.limit.unwrap_or(ENTRIES).clamp(1, 500);
    let (timeline, next_before) =
        timeline(&state, tenant, &session_id, query.before, limit).await?;
    Ok(Json(SessionDetail {
        session: session.into(),
        by_model: by_model.into_iter().map(Into::into).collect(),
        by_agent: by_agent.into_iter().map(Into::into).collect(),
        metrics: metrics.into_iter().map(Into::into).collect(),
        timeline,
        next_before,
    }))
}

async fn timeline(
    state: &AppState,
    tenant: &TenantId,
    session_id: &str,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<(Vec<TimelineEntry>, Option<Timestamp>), Problem> {
    let telemetry = state.store.telemetry();
    let filter = RequestFilter {
        session_id: Some(session_id.to_owned()),
        until: before,
        ..RequestFilter::default()
    };
    // One more shows whether there is another part.
    let requests = telemetry.model_requests(tenant, &filter, limit + 1).await?;
    let events = telemetry
        .session_events(tenant, session_id, before, limit + 1)
        .await?;
    let requests = requests.into_iter().map(TimelineEntry::from);
    let mut entries: Vec<TimelineEntry> =
        requests.chain(events.into_iter().map(Into::into)).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    let Some(next) = entries.get(limit as usize).map(|entry| entry.at) else {
        return Ok((entries, None));
    };
    entries.truncate(limit as usize);
    // What happened at one time stays together, unless it fills the part alone.
    let whole = entries.partition_point(|entry| entry.at > next);
    if whole > 0 {
        entries.truncate(whole);
    }
    let last = entries.last().map(|entry| entry.at);
    Ok((entries, last))
}
