//! The world a tested handler sees and changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use civitas_model::{
    Agent, Artifact, BoundaryContract, ErrorCode, File, PendingIntent, Record, Timestamp,
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::ledger::Ledger;
use crate::host::Stored;

/// What stands in for the confined child: bytes and request in, bytes or a refusal out.
pub type Sandbox = Arc<dyn Fn(&[u8], &Value) -> Result<Vec<u8>, (ErrorCode, String)> + Send + Sync>;

/// What people say in a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Yes.
    Approve,
    /// Yes, but to this.
    ApproveInstead(Value),
    /// No, for a reason.
    Deny(String),
}

/// Everything outside the handler, in memory.
#[derive(Clone, Default)]
pub struct World {
    /// Files by id.
    pub files: BTreeMap<String, File>,
    /// Artifacts by id.
    pub artifacts: BTreeMap<String, Artifact>,
    /// Agents by id.
    pub agents: BTreeMap<String, Agent>,
    /// The texts of the files that agents were read from, by their ids.
    pub agent_texts: BTreeMap<String, String>,
    /// What the audit log was told of agents, by name.
    pub audited: Vec<(String, Value)>,
    /// Boundary contracts by id.
    pub contracts: BTreeMap<String, BoundaryContract>,
    /// Pending intents by id.
    pub pending_intents: BTreeMap<String, PendingIntent>,
    /// Search records by id.
    pub records: BTreeMap<String, Record>,
    /// The session's state.
    pub session_state: Map<String, Value>,
    /// What the tenant states, by name, as `{version, value}`.
    pub stated: BTreeMap<String, Value>,
    /// Upload facts by id, as `{digest, size, file_type, mime_type}`.
    pub uploads: BTreeMap<String, Value>,
    /// Blobs by digest.
    pub blobs: BTreeMap<String, Bytes>,
    /// Digests of content that lost a use.
    pub released: BTreeSet<String>,
    /// Events that were emitted: name and data.
    pub events: Vec<(String, Value)>,
    /// Ends of children by intent type, as `{status, result, failure}`.
    pub children: BTreeMap<String, Value>,
    /// What people decide, by the name of what they are asked. What is not here nobody decides, until its time is over.
    pub decisions: BTreeMap<String, Verdict>,
    /// What was used of what people approved: names and inputs.
    pub used_approvals: Vec<(String, Value)>,
    /// What a search answers; the harness cuts its `hits` to the page that is asked for.
    pub search: Value,
    /// The budget that pays.
    pub budget: Ledger,
    /// The confined child.
    pub sandbox: Option<Sandbox>,
}

impl World {
    /// The tenant everything happens in.
    pub const TENANT: &'static str = "tenant-1";
    /// The session everything happens in.
    pub const SESSION: &'static str = "session-1";
    /// The execution that is run.
    pub const EXECUTION: &'static str = "execution-1";
    /// When the run starts: 2026-01-01T00:00:00Z.
    pub const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    /// An empty world.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps bytes as a blob.
    pub fn put_blob(&mut self, bytes: impl Into<Bytes>) -> Stored {
        let bytes = bytes.into();
        let digest = Sha256::digest(&bytes);
        let digest = digest
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let size = bytes.len() as u64;
        self.blobs.insert(digest.clone(), bytes);
        Stored { digest, size }
    }

    /// Sets what stands in for the confined child.
    #[must_use]
    pub fn with_sandbox(
        mut self,
        sandbox: impl Fn(&[u8], &Value) -> Result<Vec<u8>, (ErrorCode, String)> + Send + Sync + 'static,
    ) -> Self {
        self.sandbox = Some(Arc::new(sandbox));
        self
    }
}

/// Two worlds are the same when a handler left the same in them. Blobs are left out: an orphaned blob is collected, not
/// an effect.
impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
            && self.artifacts == other.artifacts
            && self.contracts == other.contracts
            && self.pending_intents == other.pending_intents
            && self.records == other.records
            && self.session_state == other.session_state
            && self.released == other.released
            && self.events == other.events
            && self.used_approvals == other.used_approvals
            && self.budget == other.budget
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("files", &self.files)
            .field("artifacts", &self.artifacts)
            .field("contracts", &self.contracts)
            .field("pending_intents", &self.pending_intents)
            .field("records", &self.records)
            .field("session_state", &self.session_state)
            .field("released", &self.released)
            .field("events", &self.events)
            .field("used_approvals", &self.used_approvals)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
