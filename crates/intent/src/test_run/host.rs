//! The host of a tested handler: everything in memory, with a crash before a chosen commit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use civitas_model::artifact::Lifecycle;
use civitas_model::execution::Wait;
use civitas_model::journal::{Entry, Kind};
use civitas_model::{ErrorCode, File, Timestamp, Write};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::approvals::{self, Asked};
use super::waited;
use super::world::World;
use crate::approval::ApprovalRequest;
use crate::error::{Error, Result, retry};
use crate::host::{Batch, Host, Read, SandboxJob, Stored};

pub(super) struct TestHost {
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) world: World,
    journal: Vec<Entry>,
    commits: usize,
    crash_before: Option<usize>,
    /// Intent types of children, by execution id.
    children: Vec<(String, String)>,
    pub(super) approvals: Vec<Asked>,
    pub(super) now: Timestamp,
}

impl TestHost {
    pub(super) fn new(world: World, crash_before: Option<usize>) -> Self {
        let state = State {
            world,
            journal: Vec::new(),
            commits: 0,
            crash_before,
            children: Vec::new(),
            approvals: Vec::new(),
            now: World::START,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn journal(&self) -> Vec<Entry> {
        self.state().journal.clone()
    }

    pub(super) fn world(&self) -> World {
        self.state().world.clone()
    }

    /// Puts another world in the place of this one.
    pub(super) fn replace_world(&self, world: World) {
        self.state().world = world;
    }

    pub(super) fn commits(&self) -> usize {
        self.state().commits
    }

    /// Lets the time of a wait pass.
    pub(super) fn pass(&self, wait: &Wait) {
        let mut state = self.state();
        if !state.decide(wait) {
            state.now = state.now.plus(waited(wait, state.now));
        }
        if let Wait::Budget { .. } = wait {
            state.world.budget.raise();
        }
    }

    /// Commits a batch, unless this is where the crash is planned.
    pub(super) fn commit(&self, batch: Batch) -> Result<()> {
        let mut state = self.state();
        if state.crash_before == Some(state.commits) {
            state.crash_before = None;
            return Err(Error::superseded());
        }
        state.world.budget.check(&batch.writes)?;
        state.commits += 1;
        state.apply(batch);
        Ok(())
    }
}

impl State {
    fn apply(&mut self, batch: Batch) {
        for entry in batch.entries {
            if entry.kind == Kind::Event {
                let data = entry.data.get("result").cloned().unwrap_or_default();
                self.world.events.push((entry.name.clone(), data));
            }
            self.journal.push(Entry {
                seq: self.journal.len() as u64 + 1,
                kind: entry.kind,
                name: entry.name,
                data: entry.data,
                created_at: self.now,
            });
        }
        for write in batch.writes {
            self.world.apply(write);
        }
        if let Some(step) = batch.approval {
            self.apply_approval(*step);
        }
        if let Some(child) = batch.child {
            self.children
                .push((child.execution_id.to_string(), child.intent.intent_type));
        }
    }

    fn read(&self, read: &Read) -> Value {
        let world = &self.world;
        match read {
            Read::Now => json!(self.now),
            Read::File { file_id } => {
                let file = world.files.get(file_id.as_str());
                json!(file.filter(|file| file.tenant_id.as_str() == World::TENANT))
            }
            Read::Files {
                filter,
                limit,
                offset,
            } => world.list_files(filter, *limit as usize, *offset as usize),
            Read::Upload { upload_id } => json!(world.uploads.get(upload_id)),
            Read::Contract { contract_id } => {
                let contract = world.contracts.get(contract_id.as_str());
                json!(contract.filter(|contract| contract.tenant_id.as_str() == World::TENANT))
            }
            Read::Artifact { artifact_id } => {
                let artifact = world.artifacts.get(artifact_id.as_str());
                json!(artifact.filter(|artifact| artifact.tenant_id.as_str() == World::TENANT))
            }
            Read::ArtifactsOf { parent_artifact_id } => {
                let made = world.artifacts.values().filter(|made| {
                    made.parent_artifacts.contains(parent_artifact_id)
                        && made.lifecycle_state != Lifecycle::Deleted
                        && made.tenant_id.as_str() == World::TENANT
                });
                json!(made.collect::<Vec<_>>())
            }
            Read::PendingIntents { target_artifact_id } => {
                let pending = world.pending_intents.values().filter(|pending| {
                    pending.target_artifact_id == *target_artifact_id
                        && pending.tenant_id.as_str() == World::TENANT
                });
                json!(pending.collect::<Vec<_>>())
            }
            Read::Agent { agent_id } => json!(world.agents.get(agent_id.as_str())),
            Read::AgentNamed { name } => {
                json!(world.agents.values().find(|agent| agent.name == *name))
            }
            Read::AgentText { agent_id } => json!(world.agent_texts.get(agent_id.as_str())),
            Read::SessionState { .. } => Value::Object(world.session_state.clone()),
            Read::TenantSetting { name } => json!(world.stated.get(name)),
            Read::Search { query } => world.search_page(query),
            Read::Approval { approval_id } => json!(self.decision(approval_id)),
            Read::Outcome { execution_id } => {
                let child = self
                    .children
                    .iter()
                    .find(|(id, _)| id == execution_id.as_str());
                let ended = child.and_then(|(_, intent_type)| world.children.get(intent_type));
                ended.cloned().unwrap_or_default()
            }
        }
    }
}

impl World {
    /// A page of the tenant's files as storage lists them, newest first.
    fn list_files(&self, filter: &Value, limit: usize, offset: usize) -> Value {
        let mut files: Vec<_> = self
            .files
            .values()
            .filter(|file| file.tenant_id.as_str() == Self::TENANT && is_listed(file, filter))
            .collect();
        files.sort_by_key(|file| std::cmp::Reverse((file.created_at, file.file_id.clone())));
        let page = files.into_iter().skip(offset).take(limit);
        json!(page.collect::<Vec<_>>())
    }

    /// The page of the hits that a query asks for.
    fn search_page(&self, query: &Value) -> Value {
        let number = |name| {
            let value = query.get(name).and_then(Value::as_u64);
            value.and_then(|value| usize::try_from(value).ok())
        };
        let cursor = query.get("cursor").and_then(Value::as_str);
        // A cursor is the number of the hits before it.
        let after = cursor.and_then(|cursor| cursor.parse().ok());
        let skip = after.or(number("offset")).unwrap_or(0);
        let mut answer = self.search.clone();
        let mut next = None;
        if let Some(Value::Array(hits)) = answer.get_mut("hits") {
            hits.drain(..skip.min(hits.len()));
            let limit = number("limit").unwrap_or(usize::MAX);
            next = (hits.len() > limit).then(|| skip.saturating_add(limit));
            hits.truncate(limit);
        }
        if let Some(next) = next.filter(|_| cursor.is_some()) {
            answer["next_cursor"] = json!(next.to_string());
        }
        if cursor == Some("") {
            answer["first_cursor"] = json!("0");
        }
        answer
    }

    fn apply(&mut self, write: Write) {
        match write {
            Write::Artifact(artifact) => {
                self.artifacts
                    .insert(artifact.artifact_id.to_string(), *artifact);
            }
            Write::File(file) => {
                self.files.insert(file.file_id.to_string(), *file);
            }
            Write::Contract(contract) => {
                self.contracts
                    .insert(contract.contract_id.to_string(), *contract);
            }
            Write::PendingIntent(pending) => {
                self.pending_intents
                    .insert(pending.intent_id.to_string(), *pending);
            }
            Write::Records { records } => {
                for record in records {
                    self.records.insert(record.record_id.to_string(), record);
                }
            }
            Write::ForgetRecords { parent_id, .. } => {
                self.records
                    .retain(|_, record| record.parent_id != parent_id);
            }
            Write::Agent(write) => {
                self.audited
                    .push((write.agent.name.clone(), write.audited.clone()));
                let id = write.agent.agent_id.to_string();
                if let Some(text) = write.source_text {
                    self.agent_texts.insert(id.clone(), text);
                }
                self.agents.insert(id, write.agent);
            }
            Write::ClaimUpload { upload_id, .. } => {
                self.uploads.remove(&upload_id);
            }
            Write::ReleaseContent { digest, .. } => {
                self.released.insert(digest);
            }
            Write::SessionState { key, value, .. } => {
                if value.is_null() {
                    self.session_state.remove(&key);
                } else {
                    self.session_state.insert(key, value);
                }
            }
            Write::Reserve(reserve) => self.budget.reserve(*reserve),
            Write::Settle {
                reservation_id,
                actual,
                ..
            } => self.budget.settle(&reservation_id, actual),
            Write::Release { reservation_id, .. } => self.budget.release(&reservation_id),
        }
    }
}

/// Whether storage's filter of files lets a file through.
fn is_listed(file: &File, filter: &Value) -> bool {
    let text = |name| filter.get(name).and_then(Value::as_str);
    let texts = |name| -> Vec<String> {
        let all = filter.get(name).and_then(Value::as_array);
        let all = all.into_iter().flatten().filter_map(Value::as_str);
        all.map(str::to_lowercase).collect()
    };
    let number = |name| filter.get(name).and_then(Value::as_u64);
    let time = |name| -> Option<Timestamp> {
        serde_json::from_value(filter.get(name)?.clone())
            .ok()
            .flatten()
    };
    let statuses = match texts("statuses") {
        none if none.is_empty() => vec!["ingested".to_owned(), "active".to_owned()],
        some => some,
    };
    let digests = texts("digests");
    let own_tags: Vec<String> = file.tags().iter().map(|tag| tag.to_lowercase()).collect();
    let is_mime = |wanted: &str| match wanted.strip_suffix('*') {
        Some(begin) => file.mime_type.starts_with(begin),
        None => file.mime_type == wanted,
    };
    let name = file.ui_name.to_lowercase();
    statuses.iter().any(|name| name == file.status.as_str())
        && text("file_type").is_none_or(|name| file.file_type == name)
        && text("mime_type").is_none_or(is_mime)
        && text("ingestion_type").is_none_or(|name| file.ingestion_type == name)
        && text("session_id").is_none_or(|id| file.session_id.as_str() == id)
        && text("name_contains").is_none_or(|part| name.contains(&part.to_lowercase()))
        && number("size_min").is_none_or(|min| file.size >= min)
        && number("size_max").is_none_or(|max| file.size <= max)
        && time("created_from").is_none_or(|from| file.created_at >= from)
        && time("created_to").is_none_or(|to| file.created_at <= to)
        && time("updated_from").is_none_or(|from| file.updated_at >= from)
        && time("updated_to").is_none_or(|to| file.updated_at <= to)
        && texts("tags").iter().all(|tag| own_tags.contains(tag))
        && (digests.is_empty() || digests.contains(&file.digest))
}

impl Host for TestHost {
    fn append(&self, batch: Batch) -> BoxFuture<'_, Result<()>> {
        let result = self.commit(batch);
        async { result }.boxed()
    }

    fn flush(&self) -> BoxFuture<'_, Result<()>> {
        async { Ok(()) }.boxed()
    }

    fn read(&self, read: Read) -> BoxFuture<'_, Result<Value>> {
        let value = self.state().read(&read);
        async { Ok(value) }.boxed()
    }

    fn sandbox(&self, job: SandboxJob) -> BoxFuture<'static, Result<Stored>> {
        let mut state = self.state();
        let result = match (
            state.world.sandbox.clone(),
            state.world.blobs.get(&job.digest),
        ) {
            (None, _) => Err(retry("the test has no sandbox")),
            (_, None) => Err(retry("the test has no such blob")),
            (Some(sandbox), Some(bytes)) => sandbox(bytes, &job.request)
                .map_err(|(code, message)| Error::rejected(code, message)),
        };
        let stored = result.map(|output| state.world.put_blob(output));
        async { stored }.boxed()
    }

    fn put_blob(&self, bytes: Bytes) -> BoxFuture<'static, Result<Stored>> {
        let stored = self.state().world.put_blob(bytes);
        async { Ok(stored) }.boxed()
    }

    fn get_blob(&self, digest: String, limit: u64) -> BoxFuture<'static, Result<Bytes>> {
        let found = self.state().world.blobs.get(&digest).cloned();
        let result = match found {
            None => Err(retry("the test has no such blob")),
            Some(bytes) if bytes.len() as u64 > limit => {
                let message = format!("the content has more than {limit} bytes");
                Err(Error::rejected(ErrorCode::PayloadTooLarge, message))
            }
            Some(bytes) => Ok(bytes),
        };
        async { result }.boxed()
    }

    fn compute(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, Result<()>> {
        work();
        async { Ok(()) }.boxed()
    }

    fn enter(&self, _: String) -> BoxFuture<'_, Result<()>> {
        // There is one run.
        async { Ok(()) }.boxed()
    }

    fn request_hash(&self, request: &ApprovalRequest) -> String {
        approvals::request_hash(&request.name, &request.input)
    }

    fn wants_progress(&self) -> bool {
        false
    }

    fn now(&self) -> Timestamp {
        self.state().now
    }
}
