//! Files in: each becomes an agent, or it is said why not.
//!
//! A file whose text is the one an agent was read from changes nothing: what was changed in the registry since is kept, and
//! said. A file that was changed since is the newer word, and its definition is taken.

use std::sync::Arc;

use civitas_model::agent::SourceFile;
use civitas_model::{Agent, Caller};
use civitas_storage::{AgentChange, Commit, CommitError, Refusal};

use super::Registry;
use super::definition::{agent_of, differences, redefine};
use crate::agent_file::{self, Definition, Input, Reading};
use crate::error::Error;

/// A file to import.
#[derive(Debug, Clone)]
pub struct ImportFile {
    /// Its path below the folder that is imported.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The agent's name, when it was settled for a folder of which this is a part.
    pub name: Option<String>,
    /// Whether another file of that folder says the same id before this one.
    pub ignores_id: bool,
}

/// What was done, or in a dry run would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The agent is new.
    Created,
    /// The file was changed since it was read, and its agent with it.
    Updated,
    /// File and agent say the same.
    Unchanged,
    /// The file is as it was read, and the agent was changed in the registry: it stays so.
    Kept,
    /// The file is no agent's.
    Skipped,
    /// It could not be done, for the reason.
    Failed,
}

impl Action {
    /// The name used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Kept => "kept",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// What became of a file.
#[derive(Debug)]
pub struct Imported {
    /// How it was read.
    pub reading: Reading,
    /// What was done.
    pub action: Action,
    /// The agent as it is after that; none of a file that is no agent's.
    pub agent: Option<Agent>,
    /// What of the agent the file changes, or says otherwise.
    pub changes: Vec<&'static str>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// What is to be done for a file, before it is.
struct Plan {
    action: Action,
    agent: Agent,
    changes: Vec<&'static str>,
    change: Option<AgentChange>,
}

impl Registry {
    /// Takes files in, each in a changeset of its own, all of which are committed together. A dry run changes nothing.
    pub async fn import(
        &self,
        caller: &Caller,
        files: Vec<ImportFile>,
        dry_run: bool,
    ) -> Result<Vec<Imported>, Error> {
        let files = Arc::new(files);
        let readings = {
            let files = Arc::clone(&files);
            // Pure work on up to many megabytes.
            tokio::task::spawn_blocking(move || read(&files))
                .await
                .map_err(|_| Error::Unavailable("reading the files was stopped".to_owned()))?
        };
        let mut all = Vec::with_capacity(files.len());
        for (reading, file) in readings.into_iter().zip(files.iter()) {
            all.push(self.take(caller, reading, file, dry_run).await?);
        }
        let mut done = Vec::with_capacity(all.len());
        for (mut imported, commit) in all {
            if let Some(commit) = commit {
                match commit.await {
                    Ok(_) => {}
                    Err(CommitError::Refused(refusal)) => {
                        imported.action = Action::Failed;
                        imported.reason = Some(reason(&refusal, imported.agent.as_ref()));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            done.push(imported);
        }
        Ok(done)
    }

    /// Puts one file on its way.
    async fn take(
        &self,
        caller: &Caller,
        reading: Reading,
        file: &ImportFile,
        dry_run: bool,
    ) -> Result<(Imported, Option<Commit>), Error> {
        let Some(definition) = reading.outcome.definition() else {
            let imported = Imported {
                reading,
                action: Action::Skipped,
                agent: None,
                changes: Vec::new(),
                reason: None,
            };
            return Ok((imported, None));
        };
        let plan = self.plan(caller, &reading, definition, file).await?;
        let commit = match plan.change {
            Some(change) if !dry_run => {
                Some(self.store.enqueue(self.audited(caller, change)).await?)
            }
            _ => None,
        };
        let imported = Imported {
            reading,
            action: plan.action,
            agent: Some(plan.agent),
            changes: plan.changes,
            reason: None,
        };
        Ok((imported, commit))
    }

    async fn plan(
        &self,
        caller: &Caller,
        reading: &Reading,
        definition: &Definition,
        file: &ImportFile,
    ) -> Result<Plan, Error> {
        let source = SourceFile {
            path: reading.path.clone(),
            fingerprint: reading.fingerprint.clone(),
        };
        let Some(known) = self.known(caller, definition).await? else {
            let id = definition.agent_id.clone();
            let id = id.unwrap_or_else(|| self.new_id());
            let now = self.store.clock().now();
            let tenant = caller.tenant_id.clone();
            let mut agent = agent_of(definition, id, tenant, &caller.name, now);
            agent.source = Some(source);
            return Ok(Plan {
                action: Action::Created,
                changes: Vec::new(),
                change: Some(AgentChange::Insert {
                    agent: Box::new(agent.clone()),
                    source_text: Some(file.text.clone()),
                }),
                agent,
            });
        };
        let mut agent = known.clone();
        redefine(&mut agent, definition);
        let changes = differences(&known, &agent);
        let is_same_file = known
            .source
            .as_ref()
            .is_some_and(|known| known.fingerprint == source.fingerprint);
        if is_same_file {
            let action = if changes.is_empty() {
                Action::Unchanged
            } else {
                Action::Kept
            };
            return Ok(Plan {
                action,
                agent: known,
                changes,
                change: None,
            });
        }
        agent.source = Some(source);
        let change = AgentChange::Update {
            agent: Box::new(agent.clone()),
            source_text: Some(file.text.clone()),
        };
        Ok(Plan {
            action: Action::Updated,
            agent,
            changes,
            change: Some(change),
        })
    }

    /// The agent of a file: the one with its id, else the one with its name.
    async fn known(
        &self,
        caller: &Caller,
        definition: &Definition,
    ) -> Result<Option<Agent>, Error> {
        let agents = self.store.agents();
        if let Some(id) = &definition.agent_id
            && let Some(agent) = agents.find(&caller.tenant_id, id).await?
        {
            return Ok(Some(self.today(agent)));
        }
        let named = agents
            .find_by_name(&caller.tenant_id, &definition.name)
            .await?;
        Ok(named.map(|agent| self.today(agent)))
    }
}

fn read(files: &[ImportFile]) -> Vec<Reading> {
    let inputs: Vec<Input<'_>> = files
        .iter()
        .map(|file| Input {
            path: &file.path,
            text: &file.text,
            name: file.name.as_deref(),
            ignores_id: file.ignores_id,
        })
        .collect();
    agent_file::read(&inputs)
}

fn reason(refusal: &Refusal, agent: Option<&Agent>) -> String {
    let name = agent.map_or("", |agent| agent.name.as_str());
    match refusal {
        Refusal::AlreadyExists { .. } => {
            format!("another agent has the name `{name}`, or its id: rename one of them")
        }
        Refusal::Changed { .. } => {
            "the agent changed in the meantime: import the file again".to_owned()
        }
        other => other.to_string(),
    }
}
