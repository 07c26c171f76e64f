//! `get_file_by_id`: a file's facts.

use civitas_intent::prelude::*;
use civitas_model::ArtifactId;

use crate::facts::{self, FileFacts};

/// Get a file's facts by its id. Its content comes with `retrieve_file`, what was read of it with `get_parsed_file`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct GetFileById {
    /// The file.
    file_id: FileId,
}

/// A file's facts, and where else it is known.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KnownFile {
    #[serde(flatten)]
    facts: FileFacts,
    /// Whether the artifact registry knows the file.
    registered_in_state_surface: bool,
    /// The newest result of `parse_content` on this file, if there is one.
    parsed_file_id: Option<ArtifactId>,
}

impl Intent for GetFileById {
    const NAME: &'static str = "get_file_by_id";
    const ARTIFACT: &'static str = "file";
    const POLICY: Policy = Policy::READING;
    type Output = KnownFile;

    async fn handle(self, cx: &mut Context) -> Result<Answer<KnownFile>> {
        let file = facts::find(cx, &self.file_id).await?;
        let artifact = cx.artifact(&file.file_id.to_artifact_id()).await?;
        let payload = KnownFile {
            facts: file.into(),
            registered_in_state_surface: artifact.is_some(),
            parsed_file_id: artifact.as_ref().and_then(facts::newest_reading),
        };
        Ok(payload.into())
    }
}
