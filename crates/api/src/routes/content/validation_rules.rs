//! `/api/content/validation-rules`: what a tenant states once about its files, for `validate_file`.

use axum::Json;
use axum::extract::State;
use civitas_model::{Caller, ErrorCode, Permission, Timestamp};
use civitas_storage::{Changeset, CommitError, PutTenantSetting, Refusal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::extract::{Authenticated, Body, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// The name under which storage keeps them and `validate_file` reads them.
const NAME: &str = "validation_rules";
/// A file that passes for one while rules are checked as the parameters of `validate_file`.
const SOME_FILE: &str = "00000000-0000-7000-8000-000000000000";

/// The rules that a tenant states.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatedRules {
    /// What must be true of a file; all of it. The schema is that of `validation_rules` of `validate_file`.
    #[schema(value_type = Object)]
    validation_rules: Value,
    /// 0 while none were stated, 1 for the first, one more with every change.
    version: u64,
    /// Who changed them last; null while none were stated.
    changed_by: Option<String>,
    /// When; null while none were stated.
    #[schema(value_type = Option<String>, format = DateTime)]
    changed_at: Option<Timestamp>,
}

/// Rules to state in place of those before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateRules {
    /// What must be true of a file; all of it. `{}` states none.
    #[schema(value_type = Object)]
    validation_rules: Map<String, Value>,
    /// The version these were decided on: refused when another holds by now. Left out, they replace whatever holds.
    version: Option<u64>,
}

/// See the rules that `validate_file` applies when a call brings none.
#[utoipa::path(get, path = "/api/content/validation-rules", tag = "files", operation_id = "show_validation_rules", security(("bearer" = [])), responses(
    (status = 200, body = StatedRules), (status = 401, body = ProblemDocument),
    (status = 403, body = ProblemDocument), (status = 503, body = ProblemDocument),
))]
pub(crate) async fn show(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
) -> Result<Json<StatedRules>, Problem> {
    require(&caller, Permission::Read)?;
    stated(&state, &caller).await
}

/// State the rules that `validate_file` applies when a call brings none, in place of those before.
#[utoipa::path(put, path = "/api/content/validation-rules", tag = "files", operation_id = "state_validation_rules", security(("bearer" = [])),
    request_body = StateRules,
    responses(
        (status = 200, body = StatedRules), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "Another version holds by now."),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument, description = "A rule is none; `errors` points at each."),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn replace(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    Body(rules): Body<StateRules>,
) -> Result<Json<StatedRules>, Problem> {
    require(&caller, Permission::Write)?;
    let value = Value::Object(rules.validation_rules);
    let parameters = json!({ "file_id": SOME_FILE, "validation_rules": value });
    let registry = state.runtime.registry();
    registry
        .check("validate_file", &parameters)
        .map_err(|errors| {
            let detail = "these rules cannot be applied to a file: see `errors`";
            Problem::new(ErrorCode::ValidationFailed, detail).with_errors(errors)
        })?;
    let put = PutTenantSetting {
        tenant_id: caller.tenant_id.clone(),
        name: NAME,
        value,
        changed_by: caller.name.clone(),
        expected: rules.version,
    };
    match state.store.commit(Changeset::new().with(put)).await {
        Ok(_) => stated(&state, &caller).await,
        Err(CommitError::Refused(Refusal::Changed { .. })) => {
            let detail =
                "the rules were changed since the version you name: read them again, then decide";
            let now = state.store.find_tenant_setting(&caller.tenant_id, NAME);
            let version = now.await?.map_or(0, |now| now.version);
            Err(Problem::new(ErrorCode::Conflict, detail).with("version", version.into()))
        }
        Err(error) => Err(error.into()),
    }
}

async fn stated(state: &AppState, caller: &Caller) -> Result<Json<StatedRules>, Problem> {
    let found = state.store.find_tenant_setting(&caller.tenant_id, NAME);
    Ok(Json(match found.await? {
        Some(found) => StatedRules {
            validation_rules: found.value,
            version: found.version,
            changed_by: Some(found.changed_by),
            changed_at: Some(found.changed_at),
        },
        None => StatedRules {
            validation_rules: json!({}),
            version: 0,
            changed_by: None,
            changed_at: None,
        },
    }))
}
