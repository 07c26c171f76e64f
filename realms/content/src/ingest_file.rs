//! `ingest_file`: take a file in under a pending boundary contract.

use bytes::Bytes;
use civitas_documents::{HEAD_BYTES, sniff};
use civitas_intent::Upload;
use civitas_intent::prelude::*;
use civitas_model::artifact::Lifecycle;
use civitas_model::file::Status;
use civitas_model::{BoundaryContract, ContractId, Timestamp, contract};
use serde_json::Map;

use crate::facts::FileFacts;
use crate::source::{INLINE_BYTES_MAX, decode_hex, exactly_one, too_large};
use crate::{blob, declared, name};

/// The most that free-form facts about the source may take, in bytes of JSON.
const METADATA_BYTES_MAX: usize = 64 * 1024;

/// Take a file in: keep its bytes, find out what it is, and open a pending boundary contract for it.
///
/// Exactly one source of bytes is needed: `file_content` or `upload_id` for an upload, `edi_data` for `edi`,
/// `api_payload` for `api`. Submit `save_materialization` to authorise keeping the file.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct IngestFile {
    /// The name people see, such as `Contract 2026.pdf`. It is data, never a path; control characters are removed.
    #[schemars(length(min = 1, max = 255))]
    ui_name: String,
    /// How the file comes.
    #[serde(default)]
    ingestion_type: IngestionType,
    /// For `upload`: the bytes in hexadecimal, up to 8 MiB of them. Upload larger files to `/api/content/files`.
    file_content: Option<String>,
    /// For `upload`: the id of bytes that were uploaded before and wait to be taken in.
    #[schemars(length(min = 1, max = 256))]
    upload_id: Option<String>,
    /// For `edi`: the interchange in hexadecimal, up to 8 MiB of bytes.
    edi_data: Option<String>,
    /// For `edi`: the trading partner it came from.
    #[schemars(length(min = 1, max = 255))]
    partner_id: Option<String>,
    /// For `edi`: the protocol it came by; `as2` when absent.
    #[schemars(length(min = 1, max = 255))]
    edi_protocol: Option<String>,
    /// For `api`: any JSON value but null. It is kept as JSON text, up to 8 MiB.
    api_payload: Option<Value>,
    /// For `api`: the endpoint the payload came from.
    #[schemars(length(min = 1, max = 255))]
    endpoint: Option<String>,
    /// For `api`: the kind of interface; `rest` when absent.
    #[schemars(length(min = 1, max = 255))]
    api_type: Option<String>,
    /// The type the sender believes it to be, such as `pdf`. Kept, not believed: the content decides, and a
    /// contradiction is reported.
    #[schemars(length(min = 1, max = 255))]
    file_type: Option<String>,
    /// The media type the sender believes it to be. Kept, not believed.
    #[schemars(length(min = 1, max = 255))]
    mime_type: Option<String>,
    /// The original file name; `ui_name` when absent. Its extension decides between formats that look alike, such as
    /// Markdown and plain text.
    #[schemars(length(min = 1, max = 255))]
    filename: Option<String>,
    /// What the source says about the file; kept with it, up to 64 KiB of JSON.
    source_metadata: Option<Map<String, Value>>,
    /// Free-form wishes of the client; kept with the file, up to 64 KiB of JSON.
    ingestion_options: Option<Map<String, Value>>,
}

/// How a file comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IngestionType {
    /// A person or program sends a file.
    #[default]
    Upload,
    /// A trading partner sends an interchange.
    Edi,
    /// Another system's interface answered.
    Api,
}

impl IngestionType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Edi => "edi",
            Self::Api => "api",
        }
    }

    const fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Upload => &["file_content", "upload_id"],
            Self::Edi => &["edi_data"],
            Self::Api => &["api_payload"],
        }
    }
}

impl Intent for IngestFile {
    const NAME: &'static str = "ingest_file";
    const ARTIFACT: &'static str = "file";
    const EVENTS: &'static [&'static str] = &["file_ingested"];
    type Output = FileFacts;

    async fn handle(mut self, cx: &mut Context) -> Result<Answer<FileFacts>> {
        let ui_name = name::clean("ui_name", &self.ui_name)?;
        let metadata = self.metadata(&ui_name)?;
        let stored = self.store(cx, &metadata).await?;
        // Read after the content is stored: what is stored later than its file was made is somebody else's, too.
        let now = cx.now().await?;
        let file = self.file(cx, ui_name, metadata, stored, now);
        let contract = contract_for(cx, &file);
        let artifact = artifact_for(cx, &file);
        cx.put_contract(contract).await?;
        cx.put_file(file.clone()).await?;
        cx.put_artifact(artifact).await?;
        let event = json!({
            "file_id": file.file_id,
            "ui_name": file.ui_name,
            "file_type": file.file_type,
            "file_size": file.size,
            "boundary_contract_id": file.contract_id,
        });
        cx.emit("file_ingested", event).await?;
        Ok(FileFacts::from(file).into())
    }
}

impl IngestFile {
    /// The wish to take in an upload that waits.
    pub(crate) const fn of_upload(
        ui_name: String,
        upload_id: String,
        file_type: Option<String>,
        mime_type: Option<String>,
    ) -> Self {
        Self {
            ui_name,
            ingestion_type: IngestionType::Upload,
            file_content: None,
            upload_id: Some(upload_id),
            edi_data: None,
            partner_id: None,
            edi_protocol: None,
            api_payload: None,
            endpoint: None,
            api_type: None,
            file_type,
            mime_type,
            filename: None,
            source_metadata: None,
            ingestion_options: None,
        }
    }

    /// What the sender said about the file, checked.
    fn metadata(&self, ui_name: &str) -> Result<Map<String, Value>> {
        let kind = self.ingestion_type;
        let given = [
            ("file_content", self.file_content.is_some()),
            ("upload_id", self.upload_id.is_some()),
            ("edi_data", self.edi_data.is_some()),
            ("api_payload", self.api_payload.is_some()),
        ];
        exactly_one(kind.as_str(), kind.sources(), &given)?;
        let mut metadata = Map::new();
        let filename = name::clean_some("filename", self.filename.as_deref())?;
        let mut texts = vec![
            (
                "filename",
                Some(filename.unwrap_or_else(|| ui_name.to_owned())),
            ),
            (
                "declared_file_type",
                name::clean_some("file_type", self.file_type.as_deref())?,
            ),
            (
                "declared_mime_type",
                name::clean_some("mime_type", self.mime_type.as_deref())?,
            ),
        ];
        match kind {
            IngestionType::Upload => {}
            IngestionType::Edi => {
                let partner = self.partner_id.as_deref().ok_or_else(|| {
                    reject("partner_id is missing: an interchange needs the trading partner it came from")
                })?;
                texts.push(("partner_id", Some(name::clean("partner_id", partner)?)));
                let protocol = self.edi_protocol.as_deref().unwrap_or("as2");
                texts.push(("edi_protocol", Some(name::clean("edi_protocol", protocol)?)));
            }
            IngestionType::Api => {
                texts.push((
                    "endpoint",
                    name::clean_some("endpoint", self.endpoint.as_deref())?,
                ));
                let api_type = self.api_type.as_deref().unwrap_or("rest");
                texts.push(("api_type", Some(name::clean("api_type", api_type)?)));
            }
        }
        for (key, text) in texts {
            if let Some(text) = text {
                metadata.insert(key.to_owned(), text.into());
            }
        }
        for (key, facts) in [
            ("source_metadata", &self.source_metadata),
            ("ingestion_options", &self.ingestion_options),
        ] {
            if let Some(facts) = facts.as_ref().filter(|facts| !facts.is_empty()) {
                let facts = json!(facts);
                let size = facts.to_string().len();
                if size > METADATA_BYTES_MAX {
                    return Err(reject(format!(
                        "{key} has {size} bytes of JSON, more than {METADATA_BYTES_MAX}: put large content into a file of its own"
                    )));
                }
                metadata.insert(key.to_owned(), facts);
            }
        }
        Ok(metadata)
    }

    /// Where the bytes lie and what they are.
    async fn store(&mut self, cx: &mut Context, metadata: &Map<String, Value>) -> Result<Upload> {
        if let Some(upload_id) = &self.upload_id {
            let upload = cx.upload(upload_id).await?.ok_or_else(|| {
                not_found(format!(
                    "there is no upload `{upload_id}`: uploads are taken in once, and removed after a while when nobody does, so send the file again"
                ))
            })?;
            cx.claim_upload(upload_id).await?;
            return Ok(upload);
        }
        let bytes = match (self.file_content.take(), self.edi_data.take()) {
            (Some(text), _) => decode_hex("file_content", &text)?,
            (None, Some(text)) => decode_hex("edi_data", &text)?,
            (None, None) => {
                let text = self.api_payload.take().unwrap_or_default().to_string();
                if text.len() > INLINE_BYTES_MAX {
                    return Err(too_large("api_payload", text.len()));
                }
                text.into_bytes()
            }
        };
        let filename = metadata.get("filename").and_then(Value::as_str);
        let head = bytes.get(..HEAD_BYTES).unwrap_or(&bytes);
        let detected = sniff(head, filename.unwrap_or_default());
        let stored = cx.step("store", cx.put_blob(Bytes::from(bytes))).await?;
        Ok(Upload {
            digest: stored.digest,
            size: stored.size,
            file_type: detected.file_type.to_owned(),
            mime_type: detected.mime_type.to_owned(),
        })
    }

    fn file(
        &self,
        cx: &mut Context,
        ui_name: String,
        mut metadata: Map<String, Value>,
        stored: Upload,
        now: Timestamp,
    ) -> File {
        let contradiction = declared::contradiction(
            self.file_type.as_deref(),
            self.mime_type.as_deref(),
            &stored.file_type,
            &stored.mime_type,
        );
        if let Some(contradiction) = contradiction {
            metadata.insert("type_contradiction".to_owned(), contradiction.into());
        }
        File {
            file_id: FileId::trusted(cx.new_id()),
            tenant_id: cx.tenant_id().clone(),
            session_id: cx.session_id().clone(),
            ui_name,
            file_type: stored.file_type,
            mime_type: stored.mime_type,
            ingestion_type: self.ingestion_type.as_str().to_owned(),
            size: stored.size,
            digest: stored.digest,
            status: Status::Ingested,
            contract_id: ContractId::trusted(cx.new_id()),
            metadata: Value::Object(metadata),
            created_at: now,
            updated_at: now,
        }
    }
}

/// The contract that lets the file in, and does not yet let it stay.
fn contract_for(cx: &Context, file: &File) -> BoundaryContract {
    let kind = match file.ingestion_type.as_str() {
        "upload" => "file",
        other => other,
    };
    let intent_id = &cx.intent().intent_id;
    BoundaryContract {
        contract_id: file.contract_id.clone(),
        tenant_id: file.tenant_id.clone(),
        user_id: cx.user_id().cloned(),
        intent_id: intent_id.clone(),
        external_source_type: kind.to_owned(),
        external_source_identifier: format!("{}:{intent_id}:{}", file.ingestion_type, file.ui_name),
        external_source_metadata: json!({
            "file_id": file.file_id,
            "file_hash": file.digest,
            "file_size": file.size,
            "source_metadata": file.metadata.get("source_metadata"),
            "access_granted": true,
            "access_granted_at": file.created_at,
            "access_granted_by": cx.user_id(),
            "access_reason": "the caller sent the content with ingest_file",
        }),
        contract_status: contract::Status::Pending,
        contract_terms: json!({}),
        created_at: file.created_at,
        updated_at: file.created_at,
    }
}

pub(crate) fn artifact_for(cx: &mut Context, file: &File) -> Artifact {
    let place = blob::materialization(cx, &file.digest, &file.file_type, file.created_at);
    Artifact {
        artifact_id: file.file_id.to_artifact_id(),
        artifact_type: "file".to_owned(),
        tenant_id: file.tenant_id.clone(),
        produced_by: cx.produced_by(),
        lifecycle_state: Lifecycle::Ready,
        semantic_descriptor: json!({
            "schema": "file",
            "ui_name": file.ui_name,
            "file_type": file.file_type,
            "mime_type": file.mime_type,
            "size": file.size,
        }),
        parent_artifacts: Vec::new(),
        materializations: vec![place],
        created_at: file.created_at,
        updated_at: file.created_at,
    }
}
