//! `archive_file`: set a file aside.

use civitas_intent::prelude::*;
use civitas_model::Timestamp;
use civitas_model::file::Status;

use crate::facts::{self, FileFacts};
use crate::life::{self, Step};
use crate::searchable;

/// Set a file aside: lists and search leave it out, nothing is lost, and `restore_file` brings it back.
///
/// It can still be looked at, retrieved and purged by its id, and is found with `query_files` and `status: archived`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ArchiveFile {
    /// The file.
    file_id: Option<FileId>,
    /// The file by its reference, `file:<tenant>:<session>:<file_id>`.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
    /// Why; kept with the file. `User requested` when absent.
    #[schemars(length(min = 1, max = 255))]
    reason: Option<String>,
}

/// A file that was set aside.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ArchivedFile {
    #[serde(flatten)]
    facts: FileFacts,
    /// When it was set aside.
    archived_at: Timestamp,
    /// Why.
    reason: String,
}

impl Intent for ArchiveFile {
    const NAME: &'static str = "archive_file";
    const ARTIFACT: &'static str = "file";
    const EVENTS: &'static [&'static str] = &["file_archived"];
    type Output = ArchivedFile;

    fn check(&self) -> std::result::Result<(), Invalid> {
        facts::named(self.file_id.as_ref(), self.file_reference.as_deref())
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<ArchivedFile>> {
        let file =
            facts::find_by(cx, self.file_id.as_ref(), self.file_reference.as_deref()).await?;
        life::must_become(&file, Status::Archived)?;
        // A reading of it that is under way would make it searchable again.
        searchable::enter(cx, &file.file_id).await?;
        let file = facts::find(cx, &file.file_id).await?;
        life::must_become(&file, Status::Archived)?;
        let step = Step::now(cx, self.reason.as_deref()).await?;
        let file = life::advance(file, Status::Archived, "archived", Some(&step), step.at());
        life::put(cx, &file).await?;
        cx.forget_records(file.file_id.as_str()).await?;
        let event = json!({ "file_id": file.file_id, "reason": step.reason() });
        cx.emit("file_archived", event).await?;
        let payload = ArchivedFile {
            facts: file.into(),
            archived_at: step.at(),
            reason: step.reason().to_owned(),
        };
        Ok(payload.into())
    }
}
