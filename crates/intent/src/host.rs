//! The port between a context and what carries it out: the runtime, or the test harness.

use bytes::Bytes;
use civitas_model::execution::{Intent, Wait};
use civitas_model::journal::NewEntry;
use civitas_model::{
    AgentId, ArtifactId, ContractId, ErrorCode, ExecutionId, FileId, SessionId, Timestamp, Write,
};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::ApprovalRequest;
use crate::error::Result;

/// What is committed together: entries of the journal and the writes that belong to them.
#[derive(Debug, Default)]
pub struct Batch {
    /// Entries, in order.
    pub entries: Vec<NewEntry>,
    /// Writes of domain state.
    pub writes: Vec<Write>,
    /// Another execution to start.
    pub child: Option<Box<Child>>,
    /// What is asked of people, or used of what they approved.
    pub approval: Option<Box<ApprovalStep>>,
}

/// What a handler does with an approval, committed with its entry.
#[derive(Debug, Clone, PartialEq)]
pub enum ApprovalStep {
    /// Asks for it.
    Open {
        /// Its id, derived from the execution's, so that a replay finds it again.
        approval_id: String,
        /// What is asked.
        request: ApprovalRequest,
    },
    /// Consumes it.
    Use {
        /// Its id.
        approval_id: String,
        /// What people call it.
        code: String,
        /// The digest of what is done.
        request_hash: String,
    },
}

/// An execution to start on behalf of this one.
#[derive(Debug, Clone)]
pub struct Child {
    /// Its id, derived from the parent's, so that a replay finds it again.
    pub execution_id: ExecutionId,
    /// What it runs.
    pub intent: Intent,
}

/// Something read from the platform. Its answer is recorded with the next operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "read", rename_all = "snake_case")]
pub enum Read {
    /// The current time.
    Now,
    /// A file's facts: [`civitas_model::File`] or null.
    File {
        /// The file.
        file_id: FileId,
    },
    /// A page of files: a list of [`civitas_model::File`].
    Files {
        /// The filters, by name; see `civitas_storage::FileFilter`. Purged and archived files are left out unless
        /// `statuses` names them.
        filter: Value,
        /// At most this many.
        limit: u32,
        /// After this many.
        offset: u32,
    },
    /// An upload's facts: `{digest, size, file_type, mime_type}` or null.
    Upload {
        /// The upload.
        upload_id: String,
    },
    /// A boundary contract: [`civitas_model::BoundaryContract`] or null.
    Contract {
        /// The contract.
        contract_id: ContractId,
    },
    /// An artifact's record: [`civitas_model::Artifact`] or null.
    Artifact {
        /// The artifact.
        artifact_id: ArtifactId,
    },
    /// Artifacts made from this one directly that still have content: a list of up to 500 [`civitas_model::Artifact`].
    ArtifactsOf {
        /// What they were made from.
        parent_artifact_id: ArtifactId,
    },
    /// Pending intents for an artifact: a list of [`civitas_model::PendingIntent`].
    PendingIntents {
        /// The artifact.
        target_artifact_id: ArtifactId,
    },
    /// An agent of the registry: [`civitas_model::Agent`] or null.
    Agent {
        /// The agent.
        agent_id: AgentId,
    },
    /// The agent of a name: [`civitas_model::Agent`] or null.
    AgentNamed {
        /// The name.
        name: String,
    },
    /// The text of the file that an agent was read from: a string or null.
    AgentText {
        /// The agent.
        agent_id: AgentId,
    },
    /// A session's state: an object, empty when there is no such session.
    SessionState {
        /// The session.
        session_id: SessionId,
    },
    /// What the tenant states once under a name: `{version, value, changed_by, changed_at}` or null.
    TenantSetting {
        /// The name.
        name: String,
    },
    /// Hits of a full-text search: `{total, hits, suggestions}`.
    Search {
        /// The query as people type it, and filters.
        query: Value,
    },
    /// What people decided: a [`crate::approval::Decision`] or null.
    Approval {
        /// The approval.
        approval_id: String,
    },
    /// Another execution's end: `{status, result, failure}`, null while it is not final.
    Outcome {
        /// The execution.
        execution_id: ExecutionId,
    },
}

/// A job for the confined child process.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxJob {
    /// The digest of the blob it reads.
    pub digest: String,
    /// What to do with it; the child's code knows the shape.
    pub request: Value,
}

/// Bytes kept in the blob store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
}

/// What carries a context out.
pub trait Host: Send + Sync {
    /// Commits a batch. May answer before it is durable: batches become durable in the order they were given, and
    /// [`Host::flush`] waits for all of them. Fails with a superseded error once this run may write no more.
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<()>>;

    /// Waits until everything appended is durable.
    fn flush(&self) -> BoxFuture<'_, Result<()>>;

    /// Reads from the platform, within the execution's tenant.
    fn read(&self, read: Read) -> BoxFuture<'_, Result<Value>>;

    /// Runs a job in the confined child and keeps its output as a blob of the tenant.
    fn sandbox(&self, job: SandboxJob) -> BoxFuture<'static, Result<Stored>>;

    /// Keeps bytes as a blob of the tenant.
    fn put_blob(&self, bytes: Bytes) -> BoxFuture<'static, Result<Stored>>;

    /// Reads a blob of the tenant, up to `limit` bytes.
    fn get_blob(&self, digest: String, limit: u64) -> BoxFuture<'static, Result<Bytes>>;

    /// Runs a computation where it may take its time, off the threads that many executions share.
    fn compute(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, Result<()>>;

    /// Waits until no other run of the tenant holds the name, and holds it until this run has ended.
    fn enter(&self, name: String) -> BoxFuture<'_, Result<()>>;

    /// The digest of what people would be asked, by which they are bound to it.
    fn request_hash(&self, request: &ApprovalRequest) -> String;

    /// Whether a new progress entry is worth showing now.
    fn wants_progress(&self) -> bool;

    /// The current time, for deciding whether a timer is due.
    fn now(&self) -> Timestamp;
}

/// How a run of a handler ended.
#[derive(Debug)]
pub enum Ended {
    /// With artifacts by key, and what was not committed yet.
    Completed {
        /// The artifacts.
        artifacts: serde_json::Map<String, Value>,
        /// What is committed with the completion.
        last: Batch,
    },
    /// It waits.
    Suspended {
        /// For what.
        wait: Wait,
        /// What is committed with the wait.
        last: Batch,
    },
    /// The caller must change something.
    Rejected {
        /// The code.
        code: ErrorCode,
        /// The message.
        message: String,
        /// What is committed with the failure.
        last: Batch,
    },
    /// Try again later.
    Retry {
        /// What went wrong.
        error: String,
    },
    /// This run may write no more.
    Superseded,
}
