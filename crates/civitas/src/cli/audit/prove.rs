//! `civitas audit prove`.

use civitas_audit::{Hash, inclusion_proof, root_of};
use serde_json::json;

use super::command::Prove;
use super::source::{Source, add_files};
use crate::audit::checkpoints;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Prints the proof that an entry is in the tree of the newest checkpoint that covers it, or of all entries when none does.
pub(super) async fn run(arguments: Prove) -> anyhow::Result<()> {
    let (place, tenant) = (&arguments.place, &arguments.tenant);
    let source = Source::open(place).await?;
    let (_, mut kept) = source.survey().await?;
    if place.database.is_none() && place.export.is_none() {
        add_files(&mut kept, &checkpoints::files(&place.data.data_dir)?)?;
    }
    let mut leaves: Vec<Hash> = Vec::new();
    let mut found = None;
    source
        .each(tenant, |stored| {
            let entry = &stored.entry;
            leaves.push(entry.hash());
            if entry.entry_id == arguments.entry || entry.seq.to_string() == arguments.entry {
                found = Some((entry.canonical(), leaves.len() as u64 - 1));
            }
            Ok(())
        })
        .await?;
    let Some((canonical, index)) = found else {
        let message = format!("tenant {tenant} has no entry {}", arguments.entry);
        return Err(Failure::NotFound(message).into());
    };
    let kept = kept.remove(tenant).unwrap_or_default();
    let checkpoint = kept
        .into_iter()
        .filter(|kept| kept.size > index && kept.size <= leaves.len() as u64)
        .max_by_key(|kept| kept.size);
    if let Some(checkpoint) = &checkpoint {
        leaves.truncate(usize::try_from(checkpoint.size)?);
    }
    let proof = inclusion_proof(&leaves, index);
    let leaf = usize::try_from(index).ok().and_then(|at| leaves.get(at));
    Ok(output::json(&json!({
        "canonical": canonical,
        "seq": index + 1,
        "leaf_index": index,
        "leaf_hash": leaf,
        "size": leaves.len(),
        "root": root_of(&leaves),
        "proof": proof,
        "checkpoint": checkpoint.map(|kept| kept.note),
    }))?)
}
