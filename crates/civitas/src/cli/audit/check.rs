//! `civitas audit check`: a proof, without the log.

use civitas_audit::{Checkpoint, Hash, leaf_hash, log_origin, verify_inclusion};
use serde::Deserialize;
use serde_json::{Value, json};

use super::command::Check;
use super::source::tenant_of;
use crate::cli::failure::Failure;
use crate::cli::output::{self, GOOD, clean, data};

#[derive(Deserialize)]
struct Proof {
    canonical: String,
    leaf_index: u64,
    size: u64,
    proof: Vec<Hash>,
    checkpoint: Option<String>,
}

/// Checks that the checkpoint is signed by the key, and that the entry is in its tree.
pub(super) fn run(arguments: &Check, machine: bool) -> anyhow::Result<()> {
    let shown = arguments.file.display();
    let text = std::fs::read_to_string(&arguments.file)
        .map_err(|error| Failure::NotFound(format!("{shown}: {error}")))?;
    let proof: Proof = serde_json::from_str(&text)
        .map_err(|error| Failure::failed(format!("{shown} is no proof: {error}")))?;
    let wrong = |what: &str| Failure::failed(format!("{shown} proves nothing: {what}"));
    let note = proof.checkpoint.as_deref().ok_or_else(|| {
        wrong("it has no checkpoint; prove the entry again once a checkpoint covers it")
    })?;
    let checkpoint = Checkpoint::open(note, &arguments.key)
        .map_err(|error| wrong(&format!("of the checkpoint, {error}")))?;
    let entry: Value = serde_json::from_str(&proof.canonical)
        .map_err(|error| wrong(&format!("what was hashed is no entry: {error}")))?;
    // The leaf says whose log it is in and where; a proof for another place or log is none for this one.
    let tenant = tenant_of(&checkpoint.origin);
    let fits = tenant.is_some_and(|tenant| {
        let installation = checkpoint.origin.split('/').nth(1).unwrap_or_default();
        entry["tenant"] == tenant.as_str() && log_origin(installation, &tenant) == checkpoint.origin
    });
    if !fits || entry["seq"] != proof.leaf_index + 1 || proof.size != checkpoint.size {
        return Err(wrong("the entry, its place and the checkpoint do not go together").into());
    }
    let leaf = leaf_hash(proof.canonical.as_bytes());
    let (index, size) = (proof.leaf_index, proof.size);
    if !verify_inclusion(&leaf, index, size, &proof.proof, &checkpoint.root) {
        return Err(wrong("the hashes do not lead from the entry to the signed root").into());
    }
    if machine {
        return Ok(output::json(&json!({ "proved": true, "entry": entry }))?);
    }
    data(&format!(
        "{GOOD}proved{GOOD:#}  entry {} is among the {size} that were signed as {}",
        index + 1,
        clean(&checkpoint.origin)
    ))?;
    Ok(data(&clean(&proof.canonical))?)
}
