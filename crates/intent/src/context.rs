//! The context: the only thing a handler acts through.

mod budget;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use civitas_model::execution::{Intent, Wait};
use civitas_model::journal::{Entry, Kind, NewEntry};
use civitas_model::{ExecutionId, SessionId, TenantId, Timestamp, UserId, Write};
use futures::channel::oneshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::approval::ApprovalRequest;
use crate::definition::Definition;
use crate::error::{Error, Reason, Result, reject, retry};
use crate::host::{ApprovalStep, Batch, Child, Ended, Host, Read, SandboxJob, Stored};
use crate::replay::{Recorded, Replay};

/// The largest result of a step, in bytes of JSON. Larger things belong into a blob, with its digest as the result.
pub const STEP_RESULT_MAX: usize = 256 * 1024;
/// Operations per execution.
pub const OPERATIONS_MAX: u32 = 10_000;
/// Writes that wait for the next operation before they are committed by themselves; each record counts as one.
const WRITES_MAX: usize = 256;

/// What a handler acts through. See the crate's documentation for what holds.
pub struct Context {
    execution_id: ExecutionId,
    intent: Arc<Intent>,
    host: Arc<dyn Host>,
    replay: Replay,
    reads: Vec<(Read, Value)>,
    writes: Vec<Write>,
    /// How many writes wait, each record counted.
    waiting: usize,
    operations: u32,
    ids: u32,
    /// The reservation that is not settled yet.
    reserved: Option<String>,
    /// Once suspended, every operation answers the same, whatever the handler makes of the error.
    suspended: Option<Wait>,
}

impl Context {
    /// A context for one run of a handler; `journal` is what earlier runs recorded.
    pub fn new(
        execution_id: ExecutionId,
        intent: Arc<Intent>,
        journal: Vec<Entry>,
        host: Arc<dyn Host>,
    ) -> Self {
        Self {
            execution_id,
            intent,
            host,
            replay: Replay::new(journal),
            reads: Vec::new(),
            writes: Vec::new(),
            waiting: 0,
            operations: 0,
            ids: 0,
            reserved: None,
            suspended: None,
        }
    }

    /// Runs a handler to its end, or to where it waits.
    pub async fn run(mut self, definition: &Definition) -> Ended {
        let parameters = self.intent.parameters.clone();
        let result = definition.run(parameters, &mut self).await;
        if let Some(wait) = self.suspended.take() {
            return Ended::Suspended {
                wait,
                last: self.rest(),
            };
        }
        match result.map_err(Error::into_reason) {
            Err(Reason::Retry(error)) => Ended::Retry { error },
            Err(Reason::Reject { code, message }) => Ended::Rejected { code, message, last: self.failed() },
            Err(Reason::Superseded) => Ended::Superseded,
            Err(Reason::Suspended(wait)) => Ended::Suspended { wait, last: self.rest() },
            Ok(_) if !self.replay.is_over() => Ended::Rejected {
                code: civitas_model::ErrorCode::JournalMismatch,
                message: "the handler ended before it met everything its journal recorded: submit the intent again".into(),
                last: self.failed(),
            },
            Ok(artifacts) => {
                let unsettled = self.close_reservation(true);
                self.writes.extend(unsettled);
                Ended::Completed { artifacts, last: self.rest() }
            }
        }
    }

    fn rest(&mut self) -> Batch {
        Batch {
            entries: Vec::new(),
            writes: std::mem::take(&mut self.writes),
            ..Batch::default()
        }
    }

    /// What is committed with a failure: what was reserved is given back. What was written since the last operation is dropped.
    fn failed(&mut self) -> Batch {
        Batch {
            writes: self.close_reservation(false).into_iter().collect(),
            ..Batch::default()
        }
    }

    /// The execution this is.
    pub const fn execution_id(&self) -> &ExecutionId {
        &self.execution_id
    }

    /// The tenant everything happens in.
    pub fn tenant_id(&self) -> &TenantId {
        &self.intent.tenant_id
    }

    /// The session it was submitted in.
    pub fn session_id(&self) -> &SessionId {
        &self.intent.session_id
    }

    /// Who submitted it, when known.
    pub fn user_id(&self) -> Option<&UserId> {
        self.intent.user_id.as_ref()
    }

    /// The intent as submitted.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// A new id: a version 7 UUID (RFC 9562) that is the same in every replay.
    pub fn new_id(&mut self) -> String {
        self.ids += 1;
        derived_id(
            self.intent.created_at,
            &format!("{}/{}", self.execution_id, self.ids),
        )
    }

    /// Does something once. After a crash the recorded result is given again, and `work` is not run.
    ///
    /// `work` is made of what the context offers: [`Self::sandbox`], [`Self::put_blob`] and so on, and plain computation.
    /// Its result may be up to [`STEP_RESULT_MAX`] bytes of JSON.
    pub async fn step<T, F>(&mut self, name: &str, work: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T>> + Send,
    {
        if let Some(recorded) = self.recorded(Kind::Step, name)? {
            return read_result(recorded);
        }
        let value = work.await?;
        self.record(Kind::Step, name, to_json(&value)?).await?;
        Ok(value)
    }

    /// Does something to the outside world, at least once, under a key that is the same in every try, so that the other
    /// side can recognise a repetition.
    ///
    /// It is recorded before and after: a crash in between leaves the outcome visibly unknown, and the effect is made
    /// again under the same key.
    pub async fn effect<T, F>(
        &mut self,
        name: &str,
        work: impl FnOnce(String) -> F + Send,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T>> + Send,
    {
        let key = format!("{}/{}", self.execution_id, self.operations + 1);
        if self.recorded(Kind::EffectStarted, name)?.is_none() {
            self.record(Kind::EffectStarted, name, json!({ "key": key }))
                .await?;
        }
        if let Some(recorded) = self.recorded(Kind::EffectFinished, name)? {
            return read_result(recorded);
        }
        self.host.flush().await?;
        let value = work(key).await?;
        self.record(Kind::EffectFinished, name, to_json(&value)?)
            .await?;
        Ok(value)
    }

    /// Announces something to whoever watches.
    pub async fn emit(&mut self, name: &str, data: Value) -> Result<()> {
        match self.recorded(Kind::Event, name)? {
            Some(_) => Ok(()),
            None => self.record(Kind::Event, name, data).await,
        }
    }

    /// Shows how far the work has come. Cheap: only what is worth showing is written, and nothing on a replay.
    pub async fn progress(&mut self, done: usize, total: usize) -> Result<()> {
        self.check()?;
        if !self.replay.is_over() || !(done == total || self.host.wants_progress()) {
            return Ok(());
        }
        let entry = NewEntry::new(Kind::Progress, "", json!({ "done": done, "total": total }));
        self.host
            .append(Batch {
                entries: vec![entry],
                ..Batch::default()
            })
            .await
    }

    /// Waits, durably: the handler is dropped, and run again when the time has come.
    pub async fn sleep(&mut self, duration: Duration) -> Result<()> {
        let until = match self.recorded(Kind::TimerSet, "")? {
            Some(until) => read_result(until)?,
            None => {
                let until = self.host.now().plus(duration);
                self.record(Kind::TimerSet, "", to_json(&until)?).await?;
                until
            }
        };
        if until <= self.host.now() {
            return Ok(());
        }
        Err(self.suspend(Wait::Timer { until }))
    }

    /// Runs another intent as a child, and waits for it, durably. Answers the child's artifacts by key; a child that
    /// failed or was cancelled rejects.
    pub async fn call(&mut self, intent_type: &str, parameters: Value) -> Result<Value> {
        let execution_id = self.start_child(intent_type, parameters).await?;
        // A reading, so that a failure is only recorded when the handler goes on in spite of it: after a retry of the
        // child, a retry of its parent finds what became of it now.
        let outcome = Read::Outcome {
            execution_id: execution_id.clone(),
        };
        let found: Value = self.read(outcome).await?;
        if found.is_null() {
            return Err(self.suspend(Wait::Child { execution_id }));
        }
        let result = result_of(intent_type, &execution_id, found)?;
        if self.recorded(Kind::ChildFinished, intent_type)?.is_none() {
            let data = json!({ "execution_id": execution_id });
            self.record(Kind::ChildFinished, intent_type, data).await?;
        }
        Ok(result)
    }

    async fn start_child(&mut self, intent_type: &str, parameters: Value) -> Result<ExecutionId> {
        let execution_id = ExecutionId::trusted(self.new_id());
        let intent_id = civitas_model::IntentId::trusted(self.new_id());
        if self.recorded(Kind::ChildStarted, intent_type)?.is_some() {
            return Ok(execution_id);
        }
        let intent = Intent {
            intent_id,
            intent_type: intent_type.to_owned(),
            parameters,
            created_at: self.host.now(),
            ..(*self.intent).clone()
        };
        let child = Child {
            execution_id: execution_id.clone(),
            intent,
        };
        let data = json!({ "execution_id": execution_id });
        let batch = Batch {
            child: Some(Box::new(child)),
            ..Batch::default()
        };
        self.append(Kind::ChildStarted, intent_type, data, batch)
            .await?;
        Ok(execution_id)
    }

    /// Runs a job in the confined child process; its output is kept as a blob. Use it within a step.
    pub fn sandbox(
        &self,
        digest: &str,
        request: Value,
    ) -> impl Future<Output = Result<Stored>> + Send + use<> {
        self.host.sandbox(SandboxJob {
            digest: digest.to_owned(),
            request,
        })
    }

    /// Keeps bytes as a blob. Use it within a step.
    pub fn put_blob(&self, bytes: Bytes) -> impl Future<Output = Result<Stored>> + Send + use<> {
        self.host.put_blob(bytes)
    }

    /// Reads a blob of up to `limit` bytes. A digest always names the same bytes, so this needs no step.
    pub fn get_blob(
        &self,
        digest: &str,
        limit: u64,
    ) -> impl Future<Output = Result<Bytes>> + Send + use<> {
        self.host.get_blob(digest.to_owned(), limit)
    }

    /// Waits until no other run of the tenant is within the section of this name, and enters it until this run has ended.
    ///
    /// For what several operations replace together, such as the reading of a file: what was read of it before is read
    /// again within. A handler that waits (for a timer or a child) leaves the section; to take two could stall two runs.
    pub async fn enter(&mut self, name: &str) -> Result<()> {
        self.host.enter(name.to_owned()).await
    }

    /// Computes something that may take more than a few milliseconds, such as decoding what a blob holds, without holding up
    /// other executions. `work` runs again in every replay, so it must give the same each time.
    pub fn compute<T, F>(&self, work: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let done = self.host.compute(Box::new(move || {
            // Nobody waits any more when the run was stopped.
            let _ = sender.send(work());
        }));
        async move {
            done.await?;
            receiver
                .await
                .map_err(|_| retry("a computation ended without a result"))
        }
    }

    /// The time, the same in every replay.
    pub async fn now(&mut self) -> Result<Timestamp> {
        self.read(Read::Now).await
    }

    /// Reads something. The answer is the same in every replay.
    pub async fn read<T: DeserializeOwned>(&mut self, read: Read) -> Result<T> {
        self.check()?;
        let value = match self.replay.read(&read)? {
            Some(value) => value,
            None => {
                let value = self.host.read(read.clone()).await?;
                self.reads.push((read, value.clone()));
                value
            }
        };
        serde_json::from_value(value)
            .map_err(|error| retry(format!("what was read is not what was expected: {error}")))
    }

    /// Changes domain state, together with the next operation.
    pub async fn write(&mut self, write: Write) -> Result<()> {
        self.check()?;
        self.waiting += match &write {
            Write::Records { records } => records.len(),
            _ => 1,
        };
        self.writes.push(write);
        if self.waiting < WRITES_MAX {
            return Ok(());
        }
        match self.recorded(Kind::Checkpoint, "")? {
            Some(_) => Ok(()),
            None => self.record(Kind::Checkpoint, "", Value::Null).await,
        }
    }

    fn check(&self) -> Result<()> {
        self.suspended
            .as_ref()
            .map_or(Ok(()), |wait| Err(Error::suspended(wait.clone())))
    }

    pub(crate) fn suspend(&mut self, wait: Wait) -> Error {
        self.suspended = Some(wait.clone());
        Error::suspended(wait)
    }

    /// The recorded result of the next operation, if it was done before. What was written up to it was committed with it.
    pub(crate) fn recorded(&mut self, kind: Kind, name: &str) -> Result<Option<Value>> {
        self.check()?;
        let recorded = self.replay.operation(kind, name)?;
        if recorded.is_some() {
            self.operations += 1;
            self.writes.clear();
            self.waiting = 0;
        }
        Ok(recorded)
    }

    async fn record(&mut self, kind: Kind, name: &str, result: Value) -> Result<()> {
        self.append(kind, name, result, Batch::default()).await
    }

    /// Records a step with an approval, which is committed with it.
    pub(crate) async fn append_approval(
        &mut self,
        kind: Kind,
        name: &str,
        result: Value,
        step: ApprovalStep,
    ) -> Result<()> {
        let batch = Batch {
            approval: Some(Box::new(step)),
            ..Batch::default()
        };
        self.append(kind, name, result, batch).await
    }

    pub(crate) fn request_hash(&self, request: &ApprovalRequest) -> String {
        self.host.request_hash(request)
    }

    pub(crate) async fn flush(&self) -> Result<()> {
        self.host.flush().await
    }

    async fn append(&mut self, kind: Kind, name: &str, result: Value, batch: Batch) -> Result<()> {
        self.operations += 1;
        if self.operations > OPERATIONS_MAX {
            return Err(reject(format!(
                "the intent needs more than {OPERATIONS_MAX} operations: split its input"
            )));
        }
        // Only the handler's own part is limited here: what was read has its limits where it was written.
        check_size(&result)?;
        let recorded = Recorded {
            result,
            reads: std::mem::take(&mut self.reads),
        };
        let entry = NewEntry::new(kind, name, recorded.into_json()?);
        let writes = std::mem::take(&mut self.writes);
        self.waiting = 0;
        self.host
            .append(Batch {
                entries: vec![entry],
                writes,
                ..batch
            })
            .await
    }
}

/// A version 7 UUID whose time is `at` and whose random part is derived from `seed`.
fn derived_id(at: Timestamp, seed: &str) -> String {
    let digest = Sha256::digest(seed.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(at.as_micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random)
        .into_uuid()
        .to_string()
}

fn to_json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| retry(format!("a result cannot be written: {error}")))
}

/// Refuses a result that is too large for an entry. What cannot be is not written out to be measured.
fn check_size(result: &Value) -> Result<()> {
    if size_max(result) <= STEP_RESULT_MAX {
        return Ok(());
    }
    let size = result.to_string().len();
    if size > STEP_RESULT_MAX {
        return Err(reject(format!(
            "a step's result has {size} bytes, more than {STEP_RESULT_MAX}: it belongs into a blob"
        )));
    }
    Ok(())
}

/// What a value takes as JSON at most, in bytes: a character may become `\u0000`.
fn size_max(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() * 6 + 3,
        Value::Array(items) => items.iter().map(|item| size_max(item) + 1).sum::<usize>() + 2,
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| key.len() * 6 + 4 + size_max(value);
            map.iter().map(entry).sum::<usize>() + 2
        }
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 32,
    }
}

fn read_result<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| {
        Error::journal_mismatch("a result of another shape", &format!("reading it: {error}"))
    })
}

fn result_of(intent_type: &str, execution_id: &ExecutionId, mut found: Value) -> Result<Value> {
    if found.get("status").and_then(Value::as_str) == Some("completed") {
        let result = found.get_mut("result").map(Value::take);
        return Ok(result.unwrap_or_default());
    }
    let reason = found
        .pointer("/failure/message")
        .and_then(Value::as_str)
        .unwrap_or("it was cancelled");
    Err(reject(format!(
        "the child `{intent_type}` ({execution_id}) did not complete: {reason}"
    )))
}
