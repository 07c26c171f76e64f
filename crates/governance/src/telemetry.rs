//! Telemetry: what agents' clients report by OTLP, understood and joined to sessions and agents.
//!
//! Requests to models come from `claude_code.api_request` events and from `gen_ai.*` and `OpenInference` spans; each counts once,
//! however often and in how many forms it is reported. Everything else is kept as events, whether its name is known or not.
//!
//! Invariants:
//! - What people and models said is not kept, unless the tenant's setting says so.
//! - A report is committed before it is answered; a report that is sent again changes nothing.

mod batch;
mod facts;
mod logs;
mod metrics;
mod spans;

use std::sync::Arc;

use bytes::Bytes;
use civitas_audit::NewEntry;
use civitas_model::{Caller, Entropy, Id, Timestamp};
pub use civitas_otlp::{Encoding, Malformed, Rejected, Signal, UnpackError, answer, status};
use civitas_storage::{
    Changeset, CommitError, IngestTelemetry, PutTenantSetting, SessionReport, Store,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::error::Error;
use batch::Batch;

/// The category of these entries in the audit log.
const CATEGORY: &str = "telemetry";
/// The tenant's setting.
const SETTING: &str = "telemetry";
/// Requests from this size on are read on a thread of their own, in bytes.
const LARGE: usize = 32 * 1024;
/// Large reports that are read at the same time: what is read of one takes several times its size.
const READING_MAX: usize = 4;
/// A report that is unpacked, in bytes.
pub const BODY_BYTES_MAX: usize = 16 << 20;
/// Records of one changeset, and sessions: no commit takes long, and decisions wait for none.
const RECORDS_MAX: usize = 1_000;
const SESSIONS_MAX: usize = 50;

/// What is kept of telemetry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelemetrySettings {
    /// Whether what people and models said is kept with the events.
    #[serde(default)]
    pub keep_texts: bool,
}

/// Why a report was not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IngestError {
    /// It cannot be read: the client must change it.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It cannot be unpacked, or holds too much.
    #[error(transparent)]
    Packed(#[from] UnpackError),
    /// It could not be kept.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// A report as it came.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it carries.
    pub signal: Signal,
    /// How it is written.
    pub encoding: Encoding,
    /// Whether its body is packed with gzip.
    pub is_packed: bool,
    /// Its body.
    pub body: Bytes,
}

impl Report {
    fn read(&self, settings: TelemetrySettings, now: Timestamp) -> Result<Batch, IngestError> {
        let unpacked;
        let body = if self.is_packed {
            unpacked = civitas_otlp::gunzip(&self.body, BODY_BYTES_MAX)?;
            &unpacked
        } else {
            &self.body
        };
        Ok(match self.signal {
            Signal::Logs => Batch::of_logs(body, self.encoding, settings, now)?,
            Signal::Metrics => Batch::of_metrics(body, self.encoding, now)?,
            Signal::Traces => Batch::of_spans(body, self.encoding, settings, now)?,
        })
    }

    const fn is_large(&self) -> bool {
        self.body.len() >= if self.is_packed { LARGE / 64 } else { LARGE }
    }
}

/// Takes telemetry in. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    store: Store,
    entropy: Arc<dyn Entropy>,
    /// Permits for large reports that are read at the same time.
    reading: Arc<Semaphore>,
}

impl Telemetry {
    /// Telemetry in a store.
    pub fn new(store: Store, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            entropy,
            reading: Arc::new(Semaphore::new(READING_MAX)),
        }
    }

    /// What a tenant has set.
    pub async fn settings(&self, caller: &Caller) -> Result<TelemetrySettings, Error> {
        let tenant = &caller.tenant_id;
        let found = self.store.find_tenant_setting(tenant, SETTING).await?;
        let settings = found.and_then(|found| serde_json::from_value(found.value).ok());
        Ok(settings.unwrap_or_default())
    }

    /// Sets what is kept from now on.
    pub async fn set(&self, caller: &Caller, settings: TelemetrySettings) -> Result<(), Error> {
        let entry = self
            .entry(caller, "change_settings")
            .with_body(&json!(settings), self.entropy.as_ref());
        let change = PutTenantSetting {
            tenant_id: caller.tenant_id.clone(),
            name: SETTING,
            value: json!(settings),
            changed_by: caller.name.clone(),
            expected: None,
        };
        let changeset = Changeset::new().with(change).with(entry);
        self.store.commit(changeset).await?;
        Ok(())
    }

    /// Takes a report in, and says what of it was not taken.
    pub async fn ingest(&self, caller: &Caller, report: Report) -> Result<Rejected, IngestError> {
        let settings = self.settings(caller).await?;
        let now = self.store.clock().now();
        let batch = if report.is_large() {
            let stopped = || Error::Unavailable("reading the report was stopped".to_owned());
            let _permit = self.reading.acquire().await.map_err(|_| stopped())?;
            tokio::task::spawn_blocking(move || report.read(settings, now))
                .await
                .map_err(|_| stopped())??
        } else {
            report.read(settings, now)?
        };
        let Batch { rejected, sessions } = batch;
        let mut commits = Vec::new();
        for changeset in self.changesets(caller, sessions) {
            commits.push(self.store.enqueue(changeset).await.map_err(Error::from)?);
        }
        for commit in commits {
            commit
                .await
                .map_err(|error: CommitError| Error::from(error))?;
        }
        Ok(rejected)
    }

    fn changesets(&self, caller: &Caller, sessions: Vec<batch::Session>) -> Vec<Changeset> {
        let (mut all, mut current, mut count) = (Vec::new(), Vec::new(), 0);
        for session in sessions {
            for piece in session.pieces(RECORDS_MAX) {
                let records = piece.len();
                if count + records > RECORDS_MAX || current.len() >= SESSIONS_MAX {
                    all.push(std::mem::take(&mut current));
                    count = 0;
                }
                count += records;
                current.push(self.report(caller, piece));
            }
        }
        all.push(current);
        let changesets = all.into_iter().filter(|sessions| !sessions.is_empty());
        let change = |sessions| IngestTelemetry {
            tenant_id: caller.tenant_id.clone(),
            sessions,
        };
        changesets
            .map(|sessions| Changeset::new().with(change(sessions)))
            .collect()
    }

    fn report(&self, caller: &Caller, session: batch::Session) -> SessionReport {
        let clock = self.store.clock().as_ref();
        let mut report = SessionReport {
            begun: self
                .entry(caller, "begin_session")
                .on("agent_session", session.session_id.as_str()),
            charged: self
                .budget_entry(caller)
                .on("agent_session", session.session_id.as_str()),
            charged_salt: self.salt(),
            session_id: session.session_id,
            facts: session.facts,
            requests: session.requests,
            events: session.events,
            points: session.points,
            metric_ids: std::collections::HashMap::new(),
        };
        for request in &report.requests {
            if !report.metric_ids.contains_key(&request.agent_name) {
                let id = Id::generate(clock, self.entropy.as_ref());
                report.metric_ids.insert(request.agent_name.clone(), id);
            }
        }
        report
    }

    /// What is charged to budgets, as `POST /api/v1/budget/deduct` would say it.
    fn budget_entry(&self, caller: &Caller) -> NewEntry {
        let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
        let tenant = &caller.tenant_id;
        NewEntry::new(clock, entropy, tenant, caller.into(), "budget", "charge")
    }

    fn salt(&self) -> [u8; 32] {
        let mut salt = [0; 32];
        self.entropy.fill(&mut salt);
        salt
    }

    fn entry(&self, caller: &Caller, action: &str) -> NewEntry {
        let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
        let tenant = &caller.tenant_id;
        NewEntry::new(clock, entropy, tenant, caller.into(), CATEGORY, action)
    }
}

#[cfg(test)]
mod tests;
