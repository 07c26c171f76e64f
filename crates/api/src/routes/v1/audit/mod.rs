//! `/api/v1/audit`: the tenant's whole audit log, its checkpoints and proofs.

pub(crate) mod checkpoints;
pub(crate) mod erase;
pub(crate) mod list;
pub(crate) mod proof;
pub(crate) mod stats;
