//! What keeps the audit log provable while a node runs: its key, its checkpoints, and the retention of bodies.

pub(crate) mod checkpoints;
pub(crate) mod key;
pub(crate) mod retention;
mod signer;
mod witness;

pub(crate) use signer::Signer;
pub(crate) use witness::send_checkpoints;

/// The folder of key and checkpoints, within the data folder.
pub(crate) const FOLDER: &str = "audit";
