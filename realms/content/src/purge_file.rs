//! `purge_file`: take a file's content away for good.

use std::collections::BTreeSet;

use civitas_intent::prelude::*;
use civitas_model::artifact::Lifecycle;
use civitas_model::file::Status;
use civitas_model::{PendingIntent, Timestamp, pending};

use crate::blob;
use crate::facts::{self, FileFacts};
use crate::life::{self, Step};
use crate::searchable;

/// Take a file's content away for good: its bytes, what was read of it, and what search knows of it.
///
/// The record stays, as proof: what it was, who purged it, when and why. Bytes are freed when no other file of the same
/// content needs them. Files made from this one by `preprocess_file` are files of their own: the answer lists them.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PurgeFile {
    /// The file.
    file_id: Option<FileId>,
    /// The file by its reference, `file:<tenant>:<session>:<file_id>`.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
    /// Must be true: there is no way back.
    #[serde(default)]
    confirm: bool,
    /// Why; kept on record. `User requested` when absent.
    #[schemars(length(min = 1, max = 255))]
    reason: Option<String>,
}

/// What is left of a purged file.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PurgedFile {
    #[serde(flatten)]
    facts: FileFacts,
    /// When it was purged.
    purged_at: Timestamp,
    /// Why.
    reason: String,
    /// How many results of reading it went with it.
    purged_readings: u64,
    /// Files that were made from it and are still there.
    derived_files: Vec<FileId>,
}

impl Intent for PurgeFile {
    const NAME: &'static str = "purge_file";
    const ARTIFACT: &'static str = "file";
    const SYNONYMS: &'static [&'static str] = &["delete_file"];
    const EVENTS: &'static [&'static str] = &["file_purged"];
    type Output = PurgedFile;

    fn check(&self) -> std::result::Result<(), Invalid> {
        facts::named(self.file_id.as_ref(), self.file_reference.as_deref())
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<PurgedFile>> {
        let file =
            facts::find_by(cx, self.file_id.as_ref(), self.file_reference.as_deref()).await?;
        if !self.confirm {
            return Err(reject(format!(
                "purging `{}` cannot be undone: send confirm = true, or set the file aside with archive_file",
                file.file_id
            )));
        }
        life::must_become(&file, Status::Purged)?;
        // A reading of it that is under way would leave its result behind.
        searchable::enter(cx, &file.file_id).await?;
        let file = facts::find(cx, &file.file_id).await?;
        life::must_become(&file, Status::Purged)?;
        let step = Step::now(cx, self.reason.as_deref()).await?;
        let mut artifact = facts::artifact_of(cx, &file).await?;
        let made = made_from(cx, &artifact).await?;
        let (files, readings): (Vec<_>, Vec<_>) = made
            .into_iter()
            .partition(|made| made.artifact_type == "file");

        let file = life::advance(file, Status::Purged, "purged", Some(&step), step.at());
        let mut digests = BTreeSet::from([file.digest.clone()]);
        cx.put_file(file.clone()).await?;
        if let Some(descriptor) = artifact.semantic_descriptor.as_object_mut() {
            descriptor.insert("purged".to_owned(), json!(step));
        }
        searchable::take_over(cx, &mut artifact);
        let purged_readings = readings.len() as u64;
        for mut gone in readings.into_iter().chain([artifact]) {
            digests.extend(blob::digest(&gone).map(str::to_owned));
            gone.lifecycle_state = Lifecycle::Deleted;
            gone.materializations.clear();
            gone.updated_at = step.at();
            cx.put_artifact(gone).await?;
        }
        close_prepared(cx, &file, step.at()).await?;
        cx.forget_records(file.file_id.as_str()).await?;
        for digest in digests {
            cx.release_content(&digest).await?;
        }
        let event = json!({ "file_id": file.file_id, "reason": step.reason() });
        cx.emit("file_purged", event).await?;
        let payload = PurgedFile {
            facts: file.into(),
            purged_at: step.at(),
            reason: step.reason().to_owned(),
            purged_readings,
            derived_files: files
                .into_iter()
                .map(|made| FileId::trusted(made.artifact_id.as_str()))
                .collect(),
        };
        Ok(payload.into())
    }
}

/// What was made from a file, and what was made from its readings in turn.
async fn made_from(cx: &mut Context, file: &Artifact) -> Result<Vec<Artifact>> {
    let mut made = cx.artifacts_of(&file.artifact_id).await?;
    let mut next = 0;
    while let Some(one) = made.get(next) {
        next += 1;
        if one.artifact_type != "file" {
            let parent = one.artifact_id.clone();
            for further in cx.artifacts_of(&parent).await? {
                if made
                    .iter()
                    .all(|known| known.artifact_id != further.artifact_id)
                {
                    made.push(further);
                }
            }
        }
    }
    Ok(made)
}

/// Closes what was prepared for the file and will never be submitted.
async fn close_prepared(cx: &mut Context, file: &File, now: Timestamp) -> Result<()> {
    let prepared = cx.pending_intents(&file.file_id.to_artifact_id()).await?;
    for prepared in prepared {
        if prepared.status == pending::Status::Pending {
            let closed = PendingIntent {
                status: pending::Status::Cancelled,
                updated_at: now,
                ..prepared
            };
            cx.put_pending_intent(closed).await?;
        }
    }
    Ok(())
}
