//! `POST /api/v1/audit/erasures`: drop what entries hold about a person, and keep every proof.

use axum::Json;
use axum::extract::State;
use civitas_audit::{ERASE_BODIES, NewEntry, SELF_CATEGORY};
use civitas_storage::{AnswerChange, AuditChange, Changeset, DROP_MAX};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::extract::{AdminPerson, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Entries whose bodies are dropped in one change; their numbers have to fit into one entry.
const PIECE: u32 = 500;
const _: () = assert!((PIECE as u64) < DROP_MAX);
/// The longest reason, in characters.
const REASON_MAX: usize = 1000;

/// Whose content to erase.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasureRequest {
    /// The id of the person or agent: bodies of entries by or about them are dropped.
    id: Option<String>,
    /// Or the numbers of single entries, at most 500.
    #[serde(default)]
    #[schema(max_items = 500)]
    entries: Vec<u64>,
    /// Why; kept in the log, so it must not be personal itself.
    reason: Option<String>,
}

/// What was erased.
#[derive(Serialize, ToSchema)]
pub(crate) struct Erasure {
    /// Of how many entries the bodies were dropped.
    erased: u64,
}

/// Drop the bodies of entries by or about someone, or of single entries. The entries stay, with what proves them; the log
/// says of which entries bodies were dropped, by whom and why. This cannot be undone. For people with the permission `admin`.
#[utoipa::path(post, path = "/api/v1/audit/erasures", tag = "audit", security(("bearer" = [])),
    request_body = ErasureRequest, responses(
        (status = 200, body = Erasure), (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 415, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn erase(
    State(state): State<AppState>,
    AdminPerson(caller): AdminPerson,
    Body(request): Body<ErasureRequest>,
) -> Result<Json<Erasure>, Problem> {
    check(&request)?;
    let (tenant, audit) = (&caller.tenant_id, state.store.audit());
    let (clock, entropy) = (state.clock.as_ref(), state.entropy.as_ref());
    // What is appended from here on, such as the entries about this, stays.
    let head = audit.head(tenant).await?;
    let end = head.map_or(0, |head| head.frontier.size());
    let (mut erased, mut after) = (0, 0);
    loop {
        let mut numbers = match &request.id {
            Some(id) => audit.bodies_of(tenant, id, after, PIECE).await?,
            None => {
                let mut there = Vec::new();
                for seq in &request.entries {
                    let found = audit.find(tenant, *seq).await?;
                    if found.is_some_and(|stored| stored.body.is_some()) {
                        there.push(*seq);
                    }
                }
                there.sort_unstable();
                there.dedup();
                there
            }
        };
        numbers.retain(|seq| *seq <= end);
        let Some(last) = numbers.last() else { break };
        after = *last;
        erased += numbers.len() as u64;
        let entry = NewEntry::new(
            clock,
            entropy,
            tenant,
            (&caller).into(),
            SELF_CATEGORY,
            ERASE_BODIES,
        )
        .with_body(&json!({ "reason": request.reason }), entropy);
        let change = AuditChange::DropBodies {
            spans: numbers.iter().map(|seq| (*seq, *seq)).collect(),
            entry,
            is_retention: false,
        };
        // Nor is it told again to whoever repeats a request.
        let answers = AnswerChange::ForgetBodies {
            tenant_id: tenant.clone(),
        };
        let changes = Changeset::new().with(change).with(answers);
        state.store.commit(changes).await?;
        if request.id.is_none() {
            break;
        }
    }
    Ok(Json(Erasure { erased }))
}

fn check(request: &ErasureRequest) -> Result<(), Problem> {
    if request.id.is_some() != request.entries.is_empty() {
        let detail = "name a person or agent by `id`, or single `entries`, not both";
        return Err(Problem::invalid("/id", detail));
    }
    if request.entries.len() > PIECE as usize {
        let detail = format!("at most {PIECE} at a time");
        return Err(Problem::invalid("/entries", detail));
    }
    let reason = request.reason.as_deref().unwrap_or_default();
    if reason.chars().count() > REASON_MAX {
        let detail = format!("must have at most {REASON_MAX} characters");
        return Err(Problem::invalid("/reason", detail));
    }
    Ok(())
}
