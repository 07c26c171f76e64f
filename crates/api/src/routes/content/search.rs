//! `GET /api/content/search`: full-text search over everything the tenant brought in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use civitas_model::{ErrorCode, Permission};
use civitas_search::{Answer, Sort, search_current};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// What to find.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words, `"phrases"`, `-without`, `begin*`, `title:word`, `type:pdf`. No text is an error.
    q: String,
    /// Only of these types, separated by commas, such as `pdf,csv`.
    kind: Option<String>,
    /// Only of this file.
    file_id: Option<String>,
    /// `relevance` or `newest`.
    sort: Option<String>,
    /// At most this many hits, up to 100; 20 when absent.
    #[param(maximum = 100, minimum = 1)]
    limit: Option<usize>,
    /// After this many, up to 10,000.
    #[serde(default)]
    #[param(maximum = 10_000)]
    offset: usize,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    /// The hits of this page, best first.
    hits: Vec<Value>,
    /// How many there are in all.
    total: u64,
    /// Words that were perhaps meant.
    suggestions: Vec<String>,
    /// How long it took, in microseconds.
    took_us: u64,
}

/// Search. Each hit knows its file, its place in it, and why it matched.
#[utoipa::path(get, path = "/api/content/search", tag = "files", security(("bearer" = [])),
    params(SearchQuery), responses(
        (status = 200, body = Found), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn search(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<SearchQuery>,
) -> Result<Json<Found>, Problem> {
    require(&caller, Permission::Read)?;
    let mut wanted = civitas_search::Query::new(caller.tenant_id, query.q);
    wanted.kinds = split(query.kind.as_deref());
    wanted.parent_ids = split(query.file_id.as_deref());
    wanted.limit = query.limit.unwrap_or(wanted.limit);
    wanted.offset = query.offset;
    wanted.sort = match query.sort.as_deref() {
        None | Some("relevance") => Sort::Relevance,
        Some("newest") => Sort::Newest,
        Some(_) => return Err(Problem::invalid("/sort", "must be relevance or newest")),
    };
    let longest = if wanted.kinds.len() > wanted.parent_ids.len() {
        "/kind"
    } else {
        "/file_id"
    };
    let index = Arc::clone(&state.search);
    let answer = search_current(index, &state.store, wanted).await;
    answer
        .map(|answer| Json(found(&answer)))
        .map_err(|error| problem(error, longest))
}

fn split(list: Option<&str>) -> Vec<String> {
    let items = list.unwrap_or_default().split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn found(answer: &Answer) -> Found {
    Found {
        hits: answer
            .hits
            .iter()
            .map(civitas_search::Hit::to_json)
            .collect(),
        total: answer.total,
        suggestions: answer.suggestions.clone(),
        took_us: u64::try_from(answer.took.as_micros()).unwrap_or(u64::MAX),
    }
}

fn problem(error: civitas_search::Error, longest: &str) -> Problem {
    match error {
        civitas_search::Error::Limit(_) => Problem::invalid("/limit", error.to_string()),
        civitas_search::Error::Offset(_) => Problem::invalid("/offset", error.to_string()),
        civitas_search::Error::FilterValues(_) => Problem::invalid(longest, error.to_string()),
        error => {
            tracing::error!(%error, "the search index cannot be read");
            Problem::new(
                ErrorCode::ServiceUnavailable,
                "search cannot answer now: try again",
            )
            .retry_after(1)
        }
    }
}
