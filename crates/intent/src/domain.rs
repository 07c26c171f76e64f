//! The nouns of the platform as a handler meets them: typed shorthand over [`Context::read`] and [`Context::write`].

use civitas_model::artifact::ProducedBy;
use civitas_model::{
    Agent, AgentId, AgentWrite, Artifact, ArtifactId, BoundaryContract, ContractId, File, FileId,
    PendingIntent, Record, Write,
};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::error::Result;
use crate::host::Read;

/// Records that are written in one go.
const RECORDS_PER_WRITE: usize = 64;

/// Bytes that were streamed to the blob store and wait for an intent to claim them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
    /// The type by content, such as `pdf`.
    pub file_type: String,
    /// The media type by content.
    pub mime_type: String,
}

/// What a tenant states once, for every execution to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stated {
    /// 1 when it was first stated, one more with every change.
    pub version: u64,
    /// What it states.
    pub value: serde_json::Value,
}

impl Context {
    /// What the tenant states under a name, if it ever did.
    pub async fn stated(&mut self, name: &str) -> Result<Option<Stated>> {
        self.read(Read::TenantSetting {
            name: name.to_owned(),
        })
        .await
    }

    /// A file of the tenant, if there is one of this id.
    pub async fn file(&mut self, file_id: &FileId) -> Result<Option<File>> {
        self.read(Read::File {
            file_id: file_id.clone(),
        })
        .await
    }

    /// An agent of the tenant, if there is one of this id.
    pub async fn agent(&mut self, agent_id: &AgentId) -> Result<Option<Agent>> {
        self.read(Read::Agent {
            agent_id: agent_id.clone(),
        })
        .await
    }

    /// The agent of the tenant with this name, if there is one.
    pub async fn agent_named(&mut self, name: &str) -> Result<Option<Agent>> {
        self.read(Read::AgentNamed {
            name: name.to_owned(),
        })
        .await
    }

    /// The text of the file that an agent was read from, as it was then.
    pub async fn agent_text(&mut self, agent_id: &AgentId) -> Result<Option<String>> {
        self.read(Read::AgentText {
            agent_id: agent_id.clone(),
        })
        .await
    }

    /// Registers an agent or changes its definition, with the next operation, and tells the audit log. When it was changed
    /// since it was read, or its name or id was taken, the run begins again from its last operation.
    pub async fn put_agent(&mut self, write: AgentWrite) -> Result<()> {
        self.write(Write::Agent(Box::new(write))).await
    }

    /// An upload of the tenant, if there is one of this id.
    pub async fn upload(&mut self, upload_id: &str) -> Result<Option<Upload>> {
        self.read(Read::Upload {
            upload_id: upload_id.to_owned(),
        })
        .await
    }

    /// Takes an upload: a file written with the same operation holds its content from here on.
    pub async fn claim_upload(&mut self, upload_id: &str) -> Result<()> {
        let tenant_id = self.tenant_id().clone();
        self.write(Write::ClaimUpload {
            tenant_id,
            upload_id: upload_id.to_owned(),
        })
        .await
    }

    /// A boundary contract of the tenant, if there is one of this id.
    pub async fn contract(&mut self, contract_id: &ContractId) -> Result<Option<BoundaryContract>> {
        self.read(Read::Contract {
            contract_id: contract_id.clone(),
        })
        .await
    }

    /// An artifact of the tenant, if there is one of this id.
    pub async fn artifact(&mut self, artifact_id: &ArtifactId) -> Result<Option<Artifact>> {
        self.read(Read::Artifact {
            artifact_id: artifact_id.clone(),
        })
        .await
    }

    /// The intents prepared for an artifact, pending or completed.
    pub async fn pending_intents(&mut self, target: &ArtifactId) -> Result<Vec<PendingIntent>> {
        self.read(Read::PendingIntents {
            target_artifact_id: target.clone(),
        })
        .await
    }

    /// Puts a file's facts, with the next operation.
    pub async fn put_file(&mut self, file: File) -> Result<()> {
        self.write(Write::File(Box::new(file))).await
    }

    /// Puts an artifact into the registry, with the next operation.
    pub async fn put_artifact(&mut self, artifact: Artifact) -> Result<()> {
        self.write(Write::Artifact(Box::new(artifact))).await
    }

    /// Puts a boundary contract, with the next operation.
    pub async fn put_contract(&mut self, contract: BoundaryContract) -> Result<()> {
        self.write(Write::Contract(Box::new(contract))).await
    }

    /// Puts a pending intent, with the next operation.
    pub async fn put_pending_intent(&mut self, pending: PendingIntent) -> Result<()> {
        self.write(Write::PendingIntent(Box::new(pending))).await
    }

    /// Puts search records, in as many commits as their number asks for.
    pub async fn put_records(&mut self, records: Vec<Record>) -> Result<()> {
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let records = records.by_ref().take(RECORDS_PER_WRITE).collect();
            self.write(Write::Records { records }).await?;
        }
        Ok(())
    }

    /// Removes every search record of a parent, such as a file, with the next operation.
    pub async fn forget_records(&mut self, parent_id: &str) -> Result<()> {
        self.write(Write::ForgetRecords {
            tenant_id: self.tenant_id().clone(),
            parent_id: parent_id.to_owned(),
        })
        .await
    }

    /// Artifacts that were made from this one directly and still have content, up to 500.
    pub async fn artifacts_of(&mut self, parent: &ArtifactId) -> Result<Vec<Artifact>> {
        self.read(Read::ArtifactsOf {
            parent_artifact_id: parent.clone(),
        })
        .await
    }

    /// Gives up a use of content, with the next operation: it is freed when nothing else needs them.
    pub async fn release_content(&mut self, digest: &str) -> Result<()> {
        self.write(Write::ReleaseContent {
            tenant_id: self.tenant_id().clone(),
            digest: digest.to_owned(),
        })
        .await
    }

    /// The provenance of what this execution makes.
    pub fn produced_by(&self) -> ProducedBy {
        ProducedBy {
            intent: self.intent().intent_type.clone(),
            execution_id: self.execution_id().clone(),
        }
    }
}
