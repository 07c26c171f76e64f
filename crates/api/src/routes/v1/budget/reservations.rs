//! `POST /api/v1/budget/reservations`, `POST …/{reservation_id}/settle` and `DELETE …/{reservation_id}`: reserve before,
//! settle after.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use civitas_governance::{NewReservation, Paid};
use civitas_model::{ErrorCode, Money, Timestamp};
use civitas_storage::Reservation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Body, Reporter};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// A reservation to make: from every budget that would pay, or from none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReserveRequest {
    /// Its id; a new one when absent. The same again answers the same reservation, and
    /// another agent, session or amount under the same id is refused.
    reservation_id: Option<String>,
    /// The agent it is for, by id or name: its teams' and its own budget pay, beside the organisation's.
    agent_id: Option<String>,
    /// The session it is for: its budget pays, too.
    session_id: Option<String>,
    #[schema(minimum = 0)]
    tokens_used: Option<i64>,
    #[schema(minimum = 0)]
    cost_usd: Option<f64>,
    /// How many seconds it lasts unless it is settled or released; 600 when absent.
    #[schema(minimum = 1, maximum = 86400)]
    lifetime_seconds: Option<u64>,
}

/// What a reservation was used for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettleRequest {
    /// When neither is said, as much as was reserved.
    #[schema(minimum = 0)]
    tokens_used: Option<i64>,
    #[schema(minimum = 0)]
    cost_usd: Option<f64>,
}

/// A reservation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReservationResponse {
    reservation_id: String,
    /// `held`, `settled`, `released` or `expired`.
    state: &'static str,
    /// The budgets it is of.
    budgets: Vec<String>,
    tokens_reserved: u64,
    cost_reserved_usd: f64,
    /// What was used, once settled.
    tokens_used: Option<u64>,
    cost_used_usd: Option<f64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<Reservation> for ReservationResponse {
    fn from(reservation: Reservation) -> Self {
        let actual = reservation.actual;
        Self {
            reservation_id: reservation.reservation_id,
            state: reservation.state.as_str(),
            budgets: reservation.pools.iter().map(ToString::to_string).collect(),
            tokens_reserved: reservation.amount.tokens,
            cost_reserved_usd: reservation.amount.cost.as_units(),
            tokens_used: actual.map(|actual| actual.tokens),
            cost_used_usd: actual.map(|actual| Money::as_units(actual.cost)),
            created_at: reservation.created_at,
            expires_at: reservation.expires_at,
        }
    }
}

/// Ids with a `/` are those of tool calls that hooks decided (`session/tool use`): what is reserved for those ends with their
/// outcome or their time, never by request.
pub(super) fn is_of_a_call(id: &str) -> bool {
    id.contains('/')
}

fn refuse_of_a_call(id: &str) -> Result<(), Problem> {
    if !is_of_a_call(id) {
        return Ok(());
    }
    let detail = "it is reserved for a tool call: it is settled when the call's outcome is reported, and ends by itself otherwise";
    Err(Problem::new(ErrorCode::Conflict, detail))
}

/// Reserve before something is done that costs. It counts as used until it is settled, released, or its time has passed.
#[utoipa::path(post, path = "/api/v1/budget/reservations", tag = "budgets", security(("bearer" = [])),
    request_body = ReserveRequest, responses(
        (status = 201, body = ReservationResponse), (status = 401, body = ProblemDocument),
        (status = 402, body = ProblemDocument, description = "A budget has no room for it."),
        (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "There is no such agent."),
        (status = 409, body = ProblemDocument, description = "There is a reservation of something else with this id."),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn reserve(
    State(state): State<AppState>,
    Reporter(caller): Reporter,
    Body(body): Body<ReserveRequest>,
) -> Result<(StatusCode, Json<ReservationResponse>), Problem> {
    if body.reservation_id.as_deref().is_some_and(is_of_a_call) {
        let detail = "must not hold a `/`: such ids are those of tool calls";
        return Err(Problem::invalid("/reservation_id", detail));
    }
    let new = NewReservation {
        reservation_id: body.reservation_id,
        agent: body.agent_id,
        session_id: body.session_id,
        amount: Paid {
            tokens: body.tokens_used,
            cost: body.cost_usd,
        },
        lifetime_seconds: body.lifetime_seconds,
    };
    let reservation = state.budgets.reserve(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(reservation.into())))
}

/// Settle a reservation: what was used is charged, the rest given back. Once more it changes nothing, and with
/// another amount is refused; after its time has passed
/// what was used is charged all the same.
#[utoipa::path(post, path = "/api/v1/budget/reservations/{reservation_id}/settle", tag = "budgets", security(("bearer" = [])),
    params(("reservation_id" = String, Path)), request_body = SettleRequest, responses(
        (status = 200, body = ReservationResponse), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It is reserved for a tool call, or was settled with another amount."),
        (status = 422, body = ProblemDocument),
    ))]
pub(crate) async fn settle(
    State(state): State<AppState>,
    Reporter(caller): Reporter,
    Path(id): Path<String>,
    Body(body): Body<SettleRequest>,
) -> Result<Json<ReservationResponse>, Problem> {
    refuse_of_a_call(&id)?;
    let is_said = body.tokens_used.is_some() || body.cost_usd.is_some();
    let actual = is_said.then_some(Paid {
        tokens: body.tokens_used,
        cost: body.cost_usd,
    });
    let reservation = state.budgets.settle(&caller, &id, actual).await?;
    Ok(Json(reservation.into()))
}

/// Release a reservation: nothing was used of it. One that has ended stays as it is.
#[utoipa::path(delete, path = "/api/v1/budget/reservations/{reservation_id}", tag = "budgets", security(("bearer" = [])),
    params(("reservation_id" = String, Path)), responses(
        (status = 204, description = "It is given back."), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It is reserved for a tool call."),
    ))]
pub(crate) async fn release(
    State(state): State<AppState>,
    Reporter(caller): Reporter,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    refuse_of_a_call(&id)?;
    state.budgets.release(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
