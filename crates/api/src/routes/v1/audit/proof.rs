//! `/api/v1/audit/proof`: that an entry is in the log, and that the log only grew.

use axum::Json;
use axum::extract::State;
use civitas_audit::{Hash, Stored};
use civitas_model::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::{Admin, Params};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Which entry, in which tree.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InclusionQuery {
    /// The entry's number; or its id.
    #[param(minimum = 1)]
    seq: Option<u64>,
    /// The entry's id; or its number.
    entry_id: Option<String>,
    /// The tree over this many entries; that of the newest checkpoint when absent, or of all entries before there is one.
    #[param(minimum = 1)]
    size: Option<u64>,
}

/// Which trees.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConsistencyQuery {
    /// How many entries the older tree is over.
    #[param(minimum = 1)]
    first: u64,
    /// How many the newer one is over; all when absent.
    #[param(minimum = 1)]
    second: Option<u64>,
}

/// The proof that an entry is in the log (RFC 6962 section 2.1.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct InclusionProof {
    /// What was hashed: the entry's canonical form.
    canonical: String,
    /// The entry's number.
    seq: u64,
    /// Its place in the tree, from 0.
    leaf_index: u64,
    /// The RFC 6962 leaf hash of the canonical form.
    #[schema(value_type = String)]
    leaf_hash: Hash,
    /// How many entries the tree is over.
    size: u64,
    /// Its root.
    #[schema(value_type = String)]
    root: Hash,
    /// The hashes beside the way from the leaf to the root.
    #[schema(value_type = Vec<String>)]
    proof: Vec<Hash>,
    /// The checkpoint of this size, signed, when there is one.
    checkpoint: Option<String>,
}

/// The proof that a tree is the beginning of another (RFC 6962 section 2.1.2).
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsistencyProof {
    /// How many entries the older tree is over.
    first: u64,
    /// How many the newer one is over.
    second: u64,
    /// The older root.
    #[schema(value_type = String)]
    first_root: Hash,
    /// The newer root.
    #[schema(value_type = String)]
    second_root: Hash,
    /// The hashes that make both roots.
    #[schema(value_type = Vec<String>)]
    proof: Vec<Hash>,
}

/// Prove that an entry is in the tenant's audit log. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/audit/proof/inclusion", tag = "audit",
    security(("bearer" = [])), params(InclusionQuery), responses(
        (status = 200, body = InclusionProof), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument), (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn inclusion(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Params(query): Params<InclusionQuery>,
) -> Result<Json<InclusionProof>, Problem> {
    let tenant = &caller.tenant_id;
    let stored = find(&state, tenant, &query).await?;
    let audit = state.store.audit();
    let seq = stored.entry.seq;
    let head = audit.head(tenant).await?;
    let size = query.size.or_else(|| {
        let head = head.as_ref()?;
        let signed = head.signed >= seq;
        Some(if signed {
            head.signed
        } else {
            head.frontier.size()
        })
    });
    let size = size.unwrap_or(seq);
    let proof = audit.inclusion(tenant, seq, size).await?;
    let root = audit.root(tenant, size).await?;
    let (Some(proof), Some(root)) = (proof, root) else {
        return Err(Problem::invalid(
            "/size",
            "the tree of this size does not hold the entry, or is larger than the log",
        ));
    };
    let kept = audit.checkpoints(tenant, size - 1, 1).await?;
    let checkpoint = kept.into_iter().find(|kept| kept.size == size);
    Ok(Json(InclusionProof {
        canonical: stored.entry.canonical(),
        seq,
        leaf_index: seq - 1,
        leaf_hash: stored.hash,
        size,
        root,
        proof,
        checkpoint: checkpoint.map(|kept| kept.note),
    }))
}

async fn find(
    state: &AppState,
    tenant: &TenantId,
    query: &InclusionQuery,
) -> Result<Stored, Problem> {
    let audit = state.store.audit();
    let found = match (query.seq, &query.entry_id) {
        (Some(seq), None) => audit.find(tenant, seq).await?,
        (None, Some(id)) => audit.find_by_id(tenant, id).await?,
        _ => {
            let detail = "name the entry by its number or by its id, not both";
            return Err(Problem::invalid("/seq", detail));
        }
    };
    found.ok_or_else(|| Problem::not_found("entry"))
}

/// Prove that the tenant's audit log only grew. Needs the permission `admin`.
#[utoipa::path(get, path = "/api/v1/audit/proof/consistency", tag = "audit",
    security(("bearer" = [])), params(ConsistencyQuery), responses(
        (status = 200, body = ConsistencyProof), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn consistency(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Params(query): Params<ConsistencyQuery>,
) -> Result<Json<ConsistencyProof>, Problem> {
    let (tenant, audit) = (&caller.tenant_id, state.store.audit());
    let head = audit.head(tenant).await?;
    let first = query.first;
    let second = query
        .second
        .or_else(|| head.map(|head| head.frontier.size()))
        .unwrap_or(first);
    let proof = audit.consistency(tenant, first, second).await?;
    let roots = (
        audit.root(tenant, first).await?,
        audit.root(tenant, second).await?,
    );
    let (Some(proof), (Some(first_root), Some(second_root))) = (proof, roots) else {
        let detail =
            "the first tree must not be larger than the second, nor the second than the log";
        return Err(Problem::invalid("/first", detail));
    };
    Ok(Json(ConsistencyProof {
        first,
        second,
        first_root,
        second_root,
        proof,
    }))
}
