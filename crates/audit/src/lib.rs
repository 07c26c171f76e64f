//! The audit log as mathematics: what an entry is, how entries are chained and counted into a Merkle tree, how the tree
//! is signed, and how anyone checks all of it. No I/O, no clock, no database: whoever verifies a log links this crate alone.
//!
//! A tenant has one log. Its entries are numbered from 1 without a gap.
//!
//! - **An entry** ([`Entry`]) says who did what, to what, with which outcome. What is hashed is its canonical form (RFC
//!   8785), which holds the hash of the entry before it: the *chain*.
//! - **Its hash** is the RFC 6962 leaf hash of that form, so the chain and the *tree* are made of the same hashes.
//! - **Its body** ([`Body`]) is whatever is personal or large. The entry holds only SHA-256 over 16 random bytes and the
//!   body's text. When both are dropped, by retention or because a person asks for it, the entry, the chain and every
//!   proof stay as they are, and nobody can find out the body by guessing.
//! - **A checkpoint** ([`Checkpoint`]) is a signed statement that the log had *n* entries with this root, in the form of
//!   C2SP tlog-checkpoint and signed-note. Kept somewhere else, it makes every later change of those entries visible.
//!
//! ```
//! use civitas_audit::{Frontier, leaf_hash, verify_inclusion};
//! let leaves = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")];
//! let mut frontier = Frontier::default();
//! leaves.iter().for_each(|leaf| frontier.append(*leaf));
//! let proof = civitas_audit::inclusion_proof(&leaves, 1).ok_or("the index is below the size")?;
//! assert!(verify_inclusion(&leaves[1], 1, 3, &proof, &frontier.root()));
//! # Ok::<(), &str>(())
//! ```
//!
//! Invariants:
//! - The bytes that are hashed are the bytes that are kept or can be made again from what is kept; nothing is parsed and
//!   printed in between.
//! - Appending costs O(log n) and changes nothing that is there.

mod body;
mod canonical;
mod checkpoint;
mod entry;
mod export;
mod hash;
mod merkle;
mod note;
mod verify;

pub use body::{BODY_BYTES_MAX, Body};
pub use canonical::{canonical, digest};
pub use checkpoint::{Checkpoint, InvalidCheckpoint, log_origin};
pub use entry::{
    Actor, DROP_BODIES, ENTRIES, ERASE_BODIES, Entry, NewEntry, SELF_CATEGORY, Subject,
};
pub use export::{ExportedCheckpoint, ExportedEntry, InvalidExport};
pub use hash::{Hash, InvalidHash};
pub use merkle::{
    Frontier, Node, consistency_proof, consistency_ranges, inclusion_proof, inclusion_ranges,
    leaf_hash, node_hash, root_of, subtrees, verify_consistency, verify_inclusion,
};
pub use note::{InvalidKey, InvalidNote, PublicKey, SigningKey};
pub use verify::{FINDINGS_MAX, Finding, Report, Stored, Verifier, verify};
