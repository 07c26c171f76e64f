//! `restore_file`: bring an archived file back.

use civitas_intent::prelude::*;
use civitas_model::file::Status;
use civitas_model::{Timestamp, contract};

use crate::facts::{self, FileFacts};
use crate::life;
use crate::searchable;

/// Bring an archived file back into lists and search. A file that is not archived is refused.
///
/// It is again what it was: `active`, or `ingested` when `save_materialization` was never submitted for it. What was read
/// of it is searchable at once, without reading it again.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RestoreFile {
    /// The file.
    file_id: Option<FileId>,
    /// The file by its reference, `file:<tenant>:<session>:<file_id>`.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
}

/// A file that was brought back.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RestoredFile {
    #[serde(flatten)]
    facts: FileFacts,
    /// When it was brought back.
    restored_at: Timestamp,
    /// How many pieces of it search finds again; 0 when it was never read.
    chunk_count: u64,
}

impl Intent for RestoreFile {
    const NAME: &'static str = "restore_file";
    const ARTIFACT: &'static str = "file";
    const EVENTS: &'static [&'static str] = &["file_restored"];
    type Output = RestoredFile;

    fn check(&self) -> std::result::Result<(), Invalid> {
        facts::named(self.file_id.as_ref(), self.file_reference.as_deref())
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<RestoredFile>> {
        let file =
            facts::find_by(cx, self.file_id.as_ref(), self.file_reference.as_deref()).await?;
        searchable::enter(cx, &file.file_id).await?;
        let file = facts::find(cx, &file.file_id).await?;
        if file.status != Status::Archived {
            return Err(reject(format!(
                "the file `{}` is {}: only an archived file is restored",
                file.file_id,
                file.status.as_str()
            )));
        }
        let contract = cx.contract(&file.contract_id).await?;
        let next = match contract.map(|contract| contract.contract_status) {
            Some(contract::Status::Active) => Status::Active,
            _ => Status::Ingested,
        };
        let now = cx.now().await?;
        let file = life::advance(file, next, "archived", None, now);
        let newest = life::put(cx, &file).await?;
        let chunk_count = match newest {
            Some(newest) => life::index_again(cx, &file, &newest).await?,
            None => 0,
        };
        let event = json!({ "file_id": file.file_id, "status": file.status });
        cx.emit("file_restored", event).await?;
        let payload = RestoredFile {
            facts: file.into(),
            restored_at: now,
            chunk_count,
        };
        Ok(payload.into())
    }
}
