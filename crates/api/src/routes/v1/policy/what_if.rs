//! `POST /api/v1/policy/what-if`: what other policies would have decided of what was asked in the past.

use axum::Json;
use axum::extract::State;
use civitas_governance::policies::{Baseline, Candidate};
use civitas_model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::files::{Pointers, PolicyFile, draft};
use crate::extract::{Admin, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// How far back is looked when it is not said.
const DAYS: u32 = 7;
/// How far back can be looked.
const DAYS_MAX: u32 = civitas_governance::policies::WHAT_IF_DAYS_MAX;

/// The candidate, and what to compare it with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyWhatIf {
    /// A saved version as the candidate; 0 is what every tenant starts with.
    version: Option<u64>,
    /// Files as the candidate, instead: the tables (TOML); those that every tenant starts with when absent.
    tables: Option<String>,
    /// Files of policies (Cedar).
    #[schema(max_items = 64)]
    sources: Option<Vec<PolicyFile>>,
    /// How many days back; 7 when absent.
    #[schema(minimum = 1, maximum = 365)]
    days: Option<u32>,
    /// `recorded` (when absent): compare with what was decided then. `active`: with what the active policies would decide.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    against: Against,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Against {
    #[default]
    Recorded,
    Active,
}

/// What would change.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyWhatIfReport {
    /// Decisions that were looked at, 100,000 at most.
    requests: usize,
    /// How many would come out differently.
    changed: usize,
    /// Of those, how many would be stricter.
    stricter: usize,
    /// The changes by agent, tool and direction, the most frequent first: `agent`, `tool`, `before`, `after`, `count`,
    /// `examples` (`id` of a decision, `reason`, `policies`).
    #[schema(value_type = Vec<Object>)]
    groups: Value,
    /// Records that could not be read, and were passed by.
    unreadable: usize,
    /// Whether all decisions since `from` were looked at; otherwise those up to `through`.
    complete: bool,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// The time of the last decision that was looked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    through: Option<Timestamp>,
    /// The candidate.
    fingerprint: String,
    elapsed_ms: u64,
}

/// Decide again what was asked in the last days, with a candidate, and say what would change. Needs the permission `admin`.
#[utoipa::path(post, path = "/api/v1/policy/what-if", tag = "policy", security(("bearer" = [])),
    request_body = PolicyWhatIf, responses(
        (status = 200, body = PolicyWhatIfReport), (status = 401, body = ProblemDocument),
        (status = 404, body = ProblemDocument, description = "There is no such version."),
        (status = 422, body = ProblemDocument, description = "The candidate does not compile; `problems` names file, line and column of each."),
    ))]
pub(crate) async fn what_if(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Body(body): Body<PolicyWhatIf>,
) -> Result<Json<PolicyWhatIfReport>, Problem> {
    let days = body.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        let detail = format!("must be a whole number from 1 to {DAYS_MAX}");
        return Err(Problem::invalid("/days", detail));
    }
    let has_files = body.tables.is_some() || body.sources.is_some();
    let (candidate, pointers) = match body.version {
        Some(_) if has_files => {
            let detail = "is there beside files: the candidate is one of them";
            return Err(Problem::invalid("/version", detail));
        }
        Some(number) => (Candidate::Version(number), Pointers::none()),
        None if has_files => {
            let draft = draft(body.tables, body.sources.unwrap_or_default(), Vec::new());
            let pointers = Pointers::of(&draft);
            (Candidate::Draft(draft), pointers)
        }
        None => {
            let detail = "a candidate is missing: send `version`, or `tables` and `sources`";
            return Err(Problem::invalid("", detail));
        }
    };
    let baseline = match body.against {
        Against::Recorded => Baseline::Recorded,
        Against::Active => Baseline::Active,
    };
    let tenant = &caller.tenant_id;
    let found = state.policies.what_if(tenant, candidate, days, baseline);
    let found = found.await.map_err(|error| pointers.problem(error))?;
    Ok(Json(PolicyWhatIfReport {
        requests: found.report.requests,
        changed: found.report.changed,
        stricter: found.report.stricter,
        groups: json!(found.report.groups),
        unreadable: found.unreadable,
        complete: found.complete,
        from: found.from,
        through: found.through,
        fingerprint: found.fingerprint,
        elapsed_ms: u64::try_from(found.took.as_millis()).unwrap_or(u64::MAX),
    }))
}
