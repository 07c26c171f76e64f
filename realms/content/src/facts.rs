//! What is answered about a file, and how a file is found.

use civitas_intent::prelude::*;
use civitas_model::file::Status;
use civitas_model::{ArtifactId, ContractId, Timestamp};

use crate::blob;

/// A file's facts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct FileFacts {
    /// The file. The artifact that stands for it has the same id.
    pub(crate) file_id: FileId,
    /// The reference older clients pass around: `file:<tenant>:<session>:<file_id>`.
    file_reference: String,
    /// Where the bytes lie: the blob's URI, by the SHA-256 of its content.
    storage_location: String,
    /// The name people see. Data, never a path.
    pub(crate) ui_name: String,
    /// The type by content, such as `pdf` or `csv`.
    pub(crate) file_type: String,
    /// The media type by content.
    mime_type: String,
    /// How it came: `upload`, `edi` or `api`.
    ingestion_type: String,
    /// Where it stands: `ingested` until `save_materialization`, then `active`; `archived` when set aside, `purged` when
    /// its bytes are gone.
    status: Status,
    /// Size in bytes.
    file_size: u64,
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    file_hash: String,
    /// When it was stored.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// The boundary contract under which it was taken in.
    boundary_contract_id: ContractId,
    /// Whether `save_materialization` has yet to be submitted.
    materialization_pending: bool,
    /// The words people put on it with `update_file_metadata`; absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// How the declared type differs from what the content is; absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    type_contradiction: Option<String>,
    /// What the sender said: the original file name, the declared types, the source's own metadata. Left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
}

impl FileFacts {
    /// The facts for a list, whose size must not depend on what senders said.
    pub(crate) fn brief(file: File) -> Self {
        Self {
            metadata: None,
            ..file.into()
        }
    }
}

impl From<File> for FileFacts {
    fn from(file: File) -> Self {
        let contradiction = file.metadata.get("type_contradiction");
        Self {
            file_reference: file.reference(),
            storage_location: blob::uri(&file.digest),
            tags: file.tags().into_iter().map(str::to_owned).collect(),
            type_contradiction: contradiction.and_then(Value::as_str).map(str::to_owned),
            file_id: file.file_id,
            ui_name: file.ui_name,
            file_type: file.file_type,
            mime_type: file.mime_type,
            ingestion_type: file.ingestion_type,
            status: file.status,
            file_size: file.size,
            file_hash: file.digest,
            created_at: file.created_at,
            updated_at: file.updated_at,
            boundary_contract_id: file.contract_id,
            materialization_pending: file.status == Status::Ingested,
            metadata: Some(file.metadata),
        }
    }
}

/// The file of this id; another tenant's is as unknown as none at all.
pub(crate) async fn find(cx: &mut Context, file_id: &FileId) -> Result<File> {
    cx.file(file_id).await?.ok_or_else(|| {
        not_found(format!(
            "there is no file `{file_id}`: send the file_id that ingest_file answered, or look it up with list_files"
        ))
    })
}

/// The file of an id, a reference, or both when they name the same.
pub(crate) async fn find_by(
    cx: &mut Context,
    file_id: Option<&FileId>,
    reference: Option<&str>,
) -> Result<File> {
    let file = match (file_id, reference) {
        (Some(file_id), _) => find(cx, file_id).await?,
        (None, Some(reference)) => {
            let id = reference.rsplit(':').next().unwrap_or_default();
            let id = FileId::new(id).map_err(|_| bad_reference(reference))?;
            find(cx, &id).await?
        }
        (None, None) => return Err(reject("no file is named: send file_id or file_reference")),
    };
    match reference {
        Some(reference) if reference != file.reference() => Err(bad_reference(reference)),
        _ => Ok(file),
    }
}

/// The one id that is meant, whichever of its names it was sent under. A file and its artifact have one id.
pub(crate) fn same_id(
    file_id: Option<FileId>,
    artifact_id: Option<&ArtifactId>,
) -> Result<Option<FileId>> {
    match (file_id, artifact_id) {
        (Some(file), Some(artifact)) if file.to_artifact_id() != *artifact => Err(reject(format!(
            "file_id `{file}` and artifact_id `{artifact}` name two things: send one of them"
        ))),
        (Some(file), _) => Ok(Some(file)),
        (None, artifact) => Ok(artifact.map(|id| FileId::trusted(id.as_str()))),
    }
}

fn bad_reference(reference: &str) -> Error {
    let shown: String = reference.chars().take(200).collect();
    reject(format!(
        "`{shown}` is not the reference of this file: send the file_reference that ingest_file answered, or the file_id alone"
    ))
}

/// Refuses a file whose bytes are gone.
pub(crate) fn must_have_bytes(file: &File) -> Result<()> {
    if file.status == Status::Purged {
        return Err(reject(format!(
            "the file `{}` was purged and its bytes are gone: ingest it again",
            file.file_id
        )));
    }
    Ok(())
}

/// Refuses a file that cannot be worked on.
pub(crate) fn must_be_usable(file: &File) -> Result<()> {
    must_have_bytes(file)?;
    if file.status == Status::Archived {
        return Err(reject(format!(
            "the file `{}` is archived, and only ingested and active files are worked on: bring it back with restore_file",
            file.file_id
        )));
    }
    Ok(())
}

/// The artifact that stands for a file. It is written with the file, so a missing one is a defect, not the caller's.
pub(crate) async fn artifact_of(cx: &mut Context, file: &File) -> Result<Artifact> {
    let found = cx.artifact(&file.file_id.to_artifact_id()).await?;
    found.ok_or_else(|| {
        retry(format!(
            "the artifact of the file `{}` cannot be found",
            file.file_id
        ))
    })
}

/// The id of a file's newest reading, as its artifact knows it.
pub(crate) fn newest_reading(artifact: &Artifact) -> Option<ArtifactId> {
    let id = artifact.semantic_descriptor.get("parsed_file_id")?;
    serde_json::from_value(id.clone()).ok()
}

/// A page's limit, when it is within the bounds.
pub(crate) fn page_limit(asked: Option<u32>, default: u32, max: u32) -> Result<u32> {
    match asked.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        limit => Err(reject(format!(
            "limit must be between 1 and {max}, not {limit}: ask for further pages with offset"
        ))),
    }
}
