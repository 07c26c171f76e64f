//! The steps of a file's life, which the file, its artifact and its newest reading take together.

use civitas_documents::chunks;
use civitas_intent::prelude::*;
use civitas_model::Timestamp;
use civitas_model::artifact::Lifecycle;
use civitas_model::file::Status;

use crate::parse_content;
use crate::{blob, facts, name, searchable};

/// Why, when nothing is said.
const REASON: &str = "User requested";

/// Who took a step, when and why; kept with the file's metadata.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    at: Timestamp,
    by: Value,
    reason: String,
    execution_id: String,
}

impl Step {
    /// The step this execution takes now.
    pub(crate) async fn now(cx: &mut Context, reason: Option<&str>) -> Result<Self> {
        Ok(Self {
            at: cx.now().await?,
            by: json!(cx.user_id()),
            reason: name::clean("reason", reason.unwrap_or(REASON))?,
            execution_id: cx.execution_id().to_string(),
        })
    }

    /// When.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }

    /// Why.
    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}

/// Refuses a step that a file in its status cannot take.
pub(crate) fn must_become(file: &File, next: Status) -> Result<()> {
    if file.status.may_become(next) {
        return Ok(());
    }
    let from: Vec<&str> = Status::ALL
        .into_iter()
        .filter(|status| status.may_become(next))
        .map(Status::as_str)
        .collect();
    Err(reject(format!(
        "the file `{}` is {}: only a file that is {} can become {}",
        file.file_id,
        file.status.as_str(),
        from.join(" or "),
        next.as_str()
    )))
}

/// The file in its next status, with the step noted under `key` of its metadata, or an older note taken away.
pub(crate) fn advance(
    file: File,
    next: Status,
    key: &str,
    step: Option<&Step>,
    now: Timestamp,
) -> File {
    let mut file = File {
        status: next,
        updated_at: now,
        ..file
    };
    if !file.metadata.is_object() {
        file.metadata = json!({});
    }
    if let Some(metadata) = file.metadata.as_object_mut() {
        match step {
            Some(step) => metadata.insert(key.to_owned(), json!(step)),
            None => metadata.remove(key),
        };
    }
    file
}

/// Puts the file, its artifact and its newest reading in the states that go with the file's status. Answers the newest
/// reading, if there is one.
pub(crate) async fn put(cx: &mut Context, file: &File) -> Result<Option<Artifact>> {
    let mut artifact = facts::artifact_of(cx, file).await?;
    let newest = match facts::newest_reading(&artifact) {
        Some(newest) => cx.artifact(&newest).await?,
        None => None,
    };
    let lifecycle = file.status.lifecycle();
    artifact.lifecycle_state = lifecycle;
    artifact.updated_at = file.updated_at;
    searchable::take_over(cx, &mut artifact);
    cx.put_file(file.clone()).await?;
    cx.put_artifact(artifact).await?;
    let Some(mut newest) = newest.filter(|newest| newest.lifecycle_state != Lifecycle::Deleted)
    else {
        return Ok(None);
    };
    newest.lifecycle_state = lifecycle;
    newest.updated_at = file.updated_at;
    cx.put_artifact(newest.clone()).await?;
    Ok(Some(newest))
}

/// Makes what was read of a file searchable again, under the file's name as it is now.
pub(crate) async fn index_again(cx: &mut Context, file: &File, newest: &Artifact) -> Result<u64> {
    let digest = blob::digest(newest)
        .ok_or_else(|| retry(format!("the result `{}` names no blob", newest.artifact_id)))?;
    let bytes =
        parse_content::document_bytes(cx, digest, parse_content::DOCUMENT_BYTES_MAX).await?;
    let cut = cx.compute(move || Ok::<_, Error>(chunks(&parse_content::decode(&bytes)?)));
    let pieces = cut.await??;
    searchable::put(cx, file, &pieces).await?;
    Ok(pieces.len() as u64)
}
