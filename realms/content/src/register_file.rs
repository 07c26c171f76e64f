//! `register_file`: enter content that is stored already into the registry, under a name.

use civitas_intent::prelude::*;
use civitas_model::ArtifactId;

use crate::facts::{self, FileFacts};
use crate::ingest_file::IngestFile;
use crate::{blob, declared, life, name, searchable};

/// Enter content that is stored already into the registry, under a name.
///
/// A known file is given the name, also in search; bytes that were uploaded and wait are taken in, as `ingest_file` does.
/// The type is decided by the content, whatever is declared.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RegisterFile {
    /// The file, or the upload that waits to be taken in.
    file_id: Option<FileId>,
    /// The file by the id of the artifact that stands for it, which is the same.
    artifact_id: Option<ArtifactId>,
    /// The name people see. It is data, never a path; control characters are removed.
    #[schemars(length(min = 1, max = 255))]
    ui_name: String,
    /// Where the bytes lie; when sent, it must be where this file's bytes lie.
    #[schemars(length(min = 1, max = 1024))]
    storage_location: Option<String>,
    /// The type the caller believes it to be. Kept, not believed.
    #[schemars(length(min = 1, max = 255))]
    file_type: Option<String>,
    /// The media type the caller believes it to be. Kept, not believed.
    #[schemars(length(min = 1, max = 255))]
    mime_type: Option<String>,
    /// The type of the artifact: `file`.
    artifact_type: Option<String>,
}

/// A file the registry knows.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RegisteredFile {
    #[serde(flatten)]
    facts: FileFacts,
    /// The artifact that stands for the file.
    artifact_id: ArtifactId,
    /// Always `file`.
    artifact_type: String,
    /// Whether the registry knew the file before.
    already_registered: bool,
}

impl Intent for RegisterFile {
    const NAME: &'static str = "register_file";
    const ARTIFACT: &'static str = "file";
    const ALIASES: &'static [&'static str] = &["artifact"];
    const SYNONYMS: &'static [&'static str] = &["register_artifact"];
    const EVENTS: &'static [&'static str] = &["file_ingested", "artifact_registered"];
    type Output = RegisteredFile;

    fn check(&self) -> std::result::Result<(), Invalid> {
        self.meant().map(|_| ())
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<RegisteredFile>> {
        if let Some(other) = self.artifact_type.as_deref().filter(|name| *name != "file") {
            let shown: String = other.chars().take(64).collect();
            return Err(reject(format!(
                "artifact_type `{shown}` is not registered by hand: only files are, anything else by the intent that makes it"
            )));
        }
        let id = self.meant()?;
        let known = cx.file(&id).await?;
        let already_registered = known.is_some();
        let facts = match known {
            Some(file) => FileFacts::from(self.rename(cx, &file.file_id).await?),
            None => self.take_in(cx, &id).await?,
        };
        let event = json!({
            "artifact_id": facts.file_id,
            "artifact_type": "file",
            "ui_name": facts.ui_name,
        });
        cx.emit("artifact_registered", event).await?;
        let payload = RegisteredFile {
            artifact_id: facts.file_id.to_artifact_id(),
            artifact_type: "file".to_owned(),
            facts,
            already_registered,
        };
        Ok(payload.into())
    }
}

impl RegisterFile {
    /// The file that is meant, under whichever of its names.
    fn meant(&self) -> std::result::Result<FileId, Invalid> {
        let id = facts::same_id(self.file_id.clone(), self.artifact_id.as_ref())?;
        id.ok_or_else(|| {
            let detail = "no file is named: send file_id, or the id of an upload";
            Invalid::new("/file_id", detail)
        })
    }

    /// The known file under its new name, in the registry and in search.
    async fn rename(&self, cx: &mut Context, id: &FileId) -> Result<File> {
        searchable::enter(cx, id).await?;
        let mut file = facts::find(cx, id).await?;
        facts::must_be_usable(&file)?;
        let place = blob::uri(&file.digest);
        if self
            .storage_location
            .as_ref()
            .is_some_and(|said| *said != place)
        {
            return Err(reject(format!(
                "storage_location is not where the bytes of `{}` lie: leave it out, or send {place}",
                file.file_id
            )));
        }
        let ui_name = name::clean("ui_name", &self.ui_name)?;
        let contradiction = declared::contradiction(
            self.file_type.as_deref(),
            self.mime_type.as_deref(),
            &file.file_type,
            &file.mime_type,
        );
        if let Some(metadata) = file.metadata.as_object_mut()
            && let Some(contradiction) = contradiction
        {
            metadata.insert("type_contradiction".to_owned(), contradiction.into());
        }
        let is_renamed = ui_name != file.ui_name;
        file.ui_name = ui_name;
        file.updated_at = cx.now().await?;
        let mut artifact = facts::artifact_of(cx, &file).await?;
        if let Some(descriptor) = artifact.semantic_descriptor.as_object_mut() {
            descriptor.insert("ui_name".to_owned(), json!(file.ui_name));
        }
        artifact.updated_at = file.updated_at;
        let newest = match facts::newest_reading(&artifact) {
            Some(newest) if is_renamed => cx.artifact(&newest).await?,
            _ => None,
        };
        cx.put_file(file.clone()).await?;
        cx.put_artifact(artifact).await?;
        if let Some(newest) = newest {
            life::index_again(cx, &file, &newest).await?;
        }
        Ok(file)
    }

    /// The file made of an upload that waits.
    async fn take_in(&self, cx: &mut Context, id: &FileId) -> Result<FileFacts> {
        if cx.upload(id.as_str()).await?.is_none() {
            return Err(not_found(format!(
                "there is neither a file nor a waiting upload `{id}`: upload the bytes to /api/content/files, or ingest them with ingest_file"
            )));
        }
        if self.storage_location.is_some() {
            return Err(reject(
                "storage_location does not go with an upload: its bytes have no place of their own yet, so leave it out",
            ));
        }
        let ingest = IngestFile::of_upload(
            self.ui_name.clone(),
            id.to_string(),
            self.file_type.clone(),
            self.mime_type.clone(),
        );
        Ok(ingest.handle(cx).await?.payload().clone())
    }
}
