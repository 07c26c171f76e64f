//! `retrieve_file_metadata`: everything that is known about a file, without its content.

use civitas_intent::prelude::*;
use civitas_model::ArtifactId;
use civitas_model::artifact::{Lifecycle, ProducedBy};

use crate::facts::{self, FileFacts};

/// Get everything that is known about a file but its content: facts, metadata, tags, and where it came from.
///
/// It answers for archived and purged files too.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RetrieveFileMetadata {
    /// The file.
    file_id: Option<FileId>,
    /// The file by the id of the artifact that stands for it, which is the same.
    artifact_id: Option<ArtifactId>,
    /// The file by its reference, `file:<tenant>:<session>:<file_id>`.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
}

/// A file's facts and its provenance.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FileMetadata {
    #[serde(flatten)]
    facts: FileFacts,
    /// Where its artifact stands in the registry.
    lifecycle_state: Lifecycle,
    /// Which intent and execution brought it in.
    produced_by: ProducedBy,
    /// The files it was made from; none for one that came from outside.
    derived_from: Vec<FileId>,
    /// The newest result of `parse_content` on it, if there is one.
    parsed_file_id: Option<ArtifactId>,
}

impl Intent for RetrieveFileMetadata {
    const NAME: &'static str = "retrieve_file_metadata";
    const ARTIFACT: &'static str = "file";
    const ALIASES: &'static [&'static str] = &["artifact"];
    const SYNONYMS: &'static [&'static str] = &["retrieve_artifact_metadata"];
    const POLICY: Policy = Policy::READING;
    type Output = FileMetadata;

    async fn handle(self, cx: &mut Context) -> Result<Answer<FileMetadata>> {
        let id = facts::same_id(self.file_id, self.artifact_id.as_ref())?;
        let file = facts::find_by(cx, id.as_ref(), self.file_reference.as_deref()).await?;
        let artifact = facts::artifact_of(cx, &file).await?;
        let payload = FileMetadata {
            facts: file.into(),
            lifecycle_state: artifact.lifecycle_state,
            parsed_file_id: facts::newest_reading(&artifact),
            derived_from: artifact
                .parent_artifacts
                .iter()
                .map(|id| FileId::trusted(id.as_str()))
                .collect(),
            produced_by: artifact.produced_by,
        };
        Ok(payload.into())
    }
}
