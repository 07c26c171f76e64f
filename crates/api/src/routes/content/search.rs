//! `GET /api/content/search`: full-text search over everything the tenant brought in.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use civitas_model::{ErrorCode, Permission, Timestamp};
use civitas_search::{Answer, Facets, Sort, search_current};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The least difference between two moments: `date_to` is included, `before` is not.
const MOMENT: Duration = Duration::from_micros(1);

/// What to find.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words, `"phrases"`, `-without`, `begin*`, `title:word`, `type:pdf`, `tag:contract`, `source:upload`,
    /// `after:2026-03`, `before:2026-04-15`. No text is an error.
    q: String,
    /// Only of these types, separated by commas, such as `pdf,csv`.
    kind: Option<String>,
    /// Only of this file.
    file_id: Option<String>,
    /// Only with all of these tags, separated by commas.
    tag: Option<String>,
    /// Only from these sources, separated by commas: how a file came in, such as `upload`, `edi` or `api`.
    source: Option<String>,
    /// Only from the beginning of this year, month or day on, in UTC: `2026`, `2026-03`, `2026-03-15`, or a moment as
    /// in RFC 3339. The date of a file is when it came in.
    after: Option<String>,
    /// Only before the beginning of this year, month or day, or before this moment.
    before: Option<String>,
    /// `relevance` or `newest`.
    sort: Option<String>,
    /// At most this many hits, up to 100; 20 when absent.
    #[param(maximum = 100, minimum = 1)]
    limit: Option<usize>,
    /// After this many, up to 10,000.
    #[serde(default)]
    #[param(maximum = 10_000)]
    offset: usize,
    /// Pages without end: empty on the first page, then the `next_cursor` of the page before. What is added meanwhile
    /// makes no hit come twice and none be passed over. Sorted by date, a cursor holds for good; by relevance, for five
    /// minutes after the page before, or less while much is being added.
    cursor: Option<String>,
    /// `true` counts what all hits are like, by type, tag, source, year and month.
    #[serde(default)]
    facets: bool,
    /// `true` says what each hit's score is made of.
    #[serde(default)]
    why: bool,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found {
    /// The hits of this page, best first. `url` opens one at its place, `snippet.highlights` are byte ranges of
    /// `snippet.text`; with `why=true`, `why` holds the summands of `score`.
    hits: Vec<Value>,
    /// How many there are in all.
    total: u64,
    /// Words that were perhaps meant.
    suggestions: Vec<String>,
    /// How long it took, in microseconds.
    took_us: u64,
    /// The `cursor` of the next page, when one was asked for and there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// What all hits are like, with `facets=true`: under `type`, `tag`, `source`, `year` and `month` at most 20 values
    /// each, as `{"value": "pdf", "count": 12}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    facets: Option<Facets>,
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
    wanted.tags = split(query.tag.as_deref());
    wanted.sources = split(query.source.as_deref());
    wanted.date_from = date("/after", query.after.as_deref())?;
    let before = date("/before", query.before.as_deref())?;
    wanted.date_to = before.map(|before| before.minus(MOMENT));
    wanted.cursor = query.cursor;
    wanted.facets = query.facets;
    wanted.why = query.why;
    wanted.limit = query.limit.unwrap_or(wanted.limit);
    wanted.offset = query.offset;
    wanted.sort = match query.sort.as_deref() {
        None | Some("relevance") => Sort::Relevance,
        Some("newest") => Sort::Newest,
        Some(_) => return Err(Problem::invalid("/sort", "must be relevance or newest")),
    };
    let lists = [
        ("/kind", wanted.kinds.len()),
        ("/file_id", wanted.parent_ids.len()),
        ("/tag", wanted.tags.len()),
        ("/source", wanted.sources.len()),
    ];
    let longest = lists.into_iter().max_by_key(|(_, length)| *length);
    let longest = longest.map_or("/kind", |(name, _)| name);
    let index = Arc::clone(&state.search);
    let answer = search_current(index, &state.store, wanted).await;
    answer
        .map(|answer| Json(found(&answer)))
        .map_err(|error| problem(error, longest))
}

/// A date as the language of the search text takes it.
fn date(pointer: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let read = civitas_search::instant(text).map(Some);
    read.ok_or_else(|| {
        let detail =
            "must be a date such as 2026, 2026-03 or 2026-03-15, or a moment as in RFC 3339";
        Problem::invalid(pointer, detail)
    })
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
            .map(|hit| with_link(hit.to_json()))
            .collect(),
        total: answer.total,
        suggestions: answer.suggestions.clone(),
        took_us: u64::try_from(answer.took.as_micros()).unwrap_or(u64::MAX),
        next_cursor: answer.next_cursor.clone(),
        facets: answer.facets.clone(),
    }
}

/// The hit with the link that opens its file at its place.
fn with_link(mut hit: Value) -> Value {
    if hit["source"] != "file" {
        return hit;
    }
    if let Some(file) = hit["parent_id"].as_str() {
        let mut url = format!("/api/content/files/{file}/content");
        if let Some(fragment) = hit["fragment"].as_str() {
            url.push('#');
            url.push_str(fragment);
        }
        hit["url"] = url.into();
    }
    hit
}

fn problem(error: civitas_search::Error, longest: &str) -> Problem {
    match error {
        civitas_search::Error::Limit(_) => Problem::invalid("/limit", error.to_string()),
        civitas_search::Error::Offset(_) => Problem::invalid("/offset", error.to_string()),
        civitas_search::Error::Cursor
        | civitas_search::Error::CursorExpired
        | civitas_search::Error::CursorAndOffset => Problem::invalid("/cursor", error.to_string()),
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
