//! `GET /api/v1/allowances`: what need not be asked again for a while, newest first.

use axum::Json;
use axum::extract::State;
use civitas_governance::approvals::PAGE_MAX;
use civitas_model::approval::Allowance;
use civitas_model::{Permission, Timestamp};
use civitas_storage::AllowanceFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Authenticated, Params, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Allowances per page, unless asked otherwise.
const PAGE: u32 = 50;

/// Which allowances.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Those that ended, too; otherwise only those that count.
    ended: Option<bool>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// At most this many; 50 when absent.
    #[param(maximum = 200, minimum = 1)]
    limit: Option<u32>,
}

/// Something that need not be asked again for a while.
#[derive(Serialize, ToSchema)]
pub(crate) struct AllowanceResponse {
    allowance_id: String,
    /// The approval it was given with.
    approval_id: String,
    /// `request`: exactly what was approved; `tool`: whatever this agent does with this tool.
    scope: &'static str,
    tool_name: String,
    agent_id: Option<String>,
    agent_name: String,
    /// The SHA-256 of the canonical form of the request that was approved.
    request_hash: String,
    /// Who gave it.
    granted_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    revoked_by: Option<String>,
    /// How often it was used.
    uses: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl From<Allowance> for AllowanceResponse {
    fn from(allowance: Allowance) -> Self {
        Self {
            allowance_id: allowance.allowance_id,
            approval_id: allowance.approval_id,
            scope: allowance.scope.as_str(),
            tool_name: allowance.tool_name,
            agent_id: allowance.agent_id.map(|id| id.to_string()),
            agent_name: allowance.agent_name,
            request_hash: allowance.request_hash,
            granted_by: allowance.granted_by,
            created_at: allowance.created_at,
            expires_at: allowance.expires_at,
            revoked_at: allowance.revoked_at,
            revoked_by: allowance.revoked_by,
            uses: allowance.uses,
            last_used_at: allowance.last_used_at,
        }
    }
}

/// A page of allowances, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AllowancePage {
    allowances: Vec<AllowanceResponse>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List what need not be asked again for a while, newest first.
#[utoipa::path(get, path = "/api/v1/allowances", tag = "approvals", security(("bearer" = [])),
    params(ListQuery), responses(
        (status = 200, body = AllowancePage), (status = 401, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Params(query): Params<ListQuery>,
) -> Result<Json<AllowancePage>, Problem> {
    require(&caller, Permission::Read)?;
    let all = query.ended.unwrap_or_default();
    let filter = AllowanceFilter {
        counting_at: (!all).then(|| state.clock.now()),
        before: query.cursor,
    };
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    // One more shows whether there is another page.
    let approvals = &state.approvals;
    let mut found = approvals.allowances(&caller, &filter, limit + 1).await?;
    let limit = limit as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|last| last.allowance_id.clone());
    Ok(Json(AllowancePage {
        allowances: found.into_iter().map(AllowanceResponse::from).collect(),
        next_cursor: last.filter(|_| more),
    }))
}
