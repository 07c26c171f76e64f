//! `save_materialization`: authorise keeping a file, the second phase of its intake.

use civitas_intent::prelude::*;
use civitas_model::file::Status;
use civitas_model::{BoundaryContract, ContractId, IntentId, PendingIntent, contract, pending};

use crate::facts;

/// Authorise keeping an ingested file: activate its boundary contract and prepare the parse.
///
/// Submitting it again for a file that is saved changes nothing, and answers the same.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SaveMaterialization {
    /// The boundary contract, as `ingest_file` answered it.
    boundary_contract_id: ContractId,
    /// The file the contract is about.
    file_id: FileId,
}

/// The authorisation under which the file is kept.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SavedFile {
    /// The contract, active now.
    boundary_contract_id: ContractId,
    /// The file.
    file_id: FileId,
    /// The reference older clients pass around: `file:<tenant>:<session>:<file_id>`.
    file_reference: String,
    /// What may be kept: `full_artifact`, the file's whole content.
    materialization_type: String,
    /// Who may use it: `workspace`, everyone in the tenant.
    materialization_scope: String,
    /// Where it is kept: `blob`.
    materialization_backing_store: String,
    /// The materialization that is kept.
    materialization_id: String,
    /// Always `saved`.
    status: String,
    /// Whether `parse_content` accepts the file.
    available_for_parsing: bool,
    /// The parse that was prepared for the file and waits to be submitted, if there is one.
    pending_intent_id: Option<IntentId>,
}

impl Intent for SaveMaterialization {
    const NAME: &'static str = "save_materialization";
    const ARTIFACT: &'static str = "materialization";
    const EVENTS: &'static [&'static str] = &["materialization_saved"];
    type Output = SavedFile;

    async fn handle(self, cx: &mut Context) -> Result<Answer<SavedFile>> {
        let file = facts::find(cx, &self.file_id).await?;
        let contract = self.contract(cx, &file).await?;
        facts::must_be_usable(&file)?;
        let artifact = facts::artifact_of(cx, &file).await?;
        let prepared = prepared_parse(cx, &file).await?;
        if contract.contract_status == contract::Status::Active && file.status == Status::Active {
            let waiting = prepared.filter(|prepared| prepared.status == pending::Status::Pending);
            return Ok(answer(&file, &contract, waiting.map(|waiting| waiting.intent_id)).into());
        }
        let now = cx.now().await?;
        let materialization_id = artifact
            .materializations
            .first()
            .map(|place| place.materialization_id.clone());
        let contract = BoundaryContract {
            contract_status: contract::Status::Active,
            contract_terms: json!({
                "materialization_type": "full_artifact",
                "materialization_scope": "workspace",
                "materialization_backing_store": "blob",
                "materialization_id": materialization_id,
                "materialization_ttl_seconds": null,
                "policy_basis": "the caller asked to keep the file with save_materialization",
                "authorised_by": cx.user_id(),
                "authorised_at": now,
            }),
            updated_at: now,
            ..contract
        };
        let file = File {
            status: Status::Active,
            updated_at: now,
            ..file
        };
        // A file that was read before it was saved needs no prepared parse.
        let waiting = match prepared {
            Some(prepared) if prepared.status == pending::Status::Pending => {
                Some(prepared.intent_id)
            }
            None if facts::newest_reading(&artifact).is_none() => {
                Some(prepare_parse(cx, &file).await?)
            }
            _ => None,
        };
        cx.put_contract(contract.clone()).await?;
        cx.put_file(file.clone()).await?;
        let event = json!({
            "file_id": file.file_id,
            "boundary_contract_id": contract.contract_id,
            "materialization_id": materialization_id,
        });
        cx.emit("materialization_saved", event).await?;
        Ok(answer(&file, &contract, waiting).into())
    }
}

impl SaveMaterialization {
    async fn contract(&self, cx: &mut Context, file: &File) -> Result<BoundaryContract> {
        let id = &self.boundary_contract_id;
        let found = cx.contract(id).await?.ok_or_else(|| {
            not_found(format!(
                "there is no boundary contract `{id}`: send the boundary_contract_id that ingest_file answered"
            ))
        })?;
        if file.contract_id != *id {
            return Err(reject(format!(
                "the boundary contract `{id}` is about another file than `{}`: send the two ids that one ingest_file answered",
                file.file_id
            )));
        }
        Ok(found)
    }
}

/// The parse prepared for a file; one that still waits comes first.
async fn prepared_parse(cx: &mut Context, file: &File) -> Result<Option<PendingIntent>> {
    let all = cx.pending_intents(&file.file_id.to_artifact_id()).await?;
    Ok(all
        .into_iter()
        .filter(|prepared| prepared.intent_type == "parse_content")
        .min_by_key(|prepared| prepared.status == pending::Status::Completed))
}

async fn prepare_parse(cx: &mut Context, file: &File) -> Result<IntentId> {
    let intent_id = IntentId::trusted(cx.new_id());
    let pending = PendingIntent {
        intent_id: intent_id.clone(),
        tenant_id: file.tenant_id.clone(),
        intent_type: "parse_content".to_owned(),
        target_artifact_id: file.file_id.to_artifact_id(),
        context: json!({
            "parameters": { "file_id": file.file_id },
            "ingestion_profile": { "ingestion_type": file.ingestion_type, "file_type": file.file_type },
        }),
        status: pending::Status::Pending,
        user_id: cx.user_id().cloned(),
        session_id: Some(cx.session_id().clone()),
        created_at: file.updated_at,
        updated_at: file.updated_at,
    };
    cx.put_pending_intent(pending).await?;
    Ok(intent_id)
}

fn answer(file: &File, contract: &BoundaryContract, waiting: Option<IntentId>) -> SavedFile {
    let term = |name| {
        let value = contract.contract_terms.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    SavedFile {
        boundary_contract_id: contract.contract_id.clone(),
        file_id: file.file_id.clone(),
        file_reference: file.reference(),
        materialization_type: term("materialization_type"),
        materialization_scope: term("materialization_scope"),
        materialization_backing_store: term("materialization_backing_store"),
        materialization_id: term("materialization_id"),
        status: "saved".to_owned(),
        available_for_parsing: true,
        pending_intent_id: waiting,
    }
}
