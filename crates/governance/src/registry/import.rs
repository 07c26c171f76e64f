//! Files in: each becomes an agent, or it is said why not.
//!
//! A file whose text is the one an agent was read from changes nothing: what was changed in the registry since is kept, and
//! said. A file that was changed since is the newer word, and its definition is taken.

use std::sync::Arc;

pub use civitas_agent_files::plan::Action;
use civitas_agent_files::plan::{Known, Plan, Planner, name_taken};
use civitas_model::{Agent, Caller};
use civitas_storage::{AgentChange, CommitError, Refusal};

use super::Registry;
use crate::agent_file::{self, Input, Reading};
use crate::error::Error;
use crate::roles::RoleBudgets;

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

impl Registry {
    /// Takes files in, each in a changeset of its own, all of which are committed together. A dry run changes nothing.
    pub async fn import(
        &self,
        caller: &Caller,
        files: Vec<ImportFile>,
        dry_run: bool,
    ) -> Result<Vec<Imported>, Error> {
        let files = Arc::new(files);
        let budgets = self.role_budgets(caller).await?;
        let readings = {
            let files = Arc::clone(&files);
            // Pure work on up to many megabytes.
            tokio::task::spawn_blocking(move || read(&files, &budgets))
                .await
                .map_err(|_| Error::Unavailable("reading the files was stopped".to_owned()))?
        };
        let now = self.store.clock().now();
        let mut planner = Planner::new(caller.tenant_id.clone(), caller.name.clone(), now);
        let mut all = Vec::with_capacity(files.len());
        for (reading, file) in readings.into_iter().zip(files.iter()) {
            let known = self.known(caller, &reading).await?;
            let plan = planner.plan(&reading, known, self.new_id());
            let commit = match change(&plan, file) {
                Some(change) if !dry_run => {
                    Some(self.store.enqueue(self.audited(caller, change)).await?)
                }
                _ => None,
            };
            let imported = Imported {
                reading,
                action: plan.action,
                agent: plan.agent,
                changes: plan.changes,
                reason: plan.reason,
            };
            all.push((imported, commit));
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

    /// What is known of the agent of a file.
    async fn known(&self, caller: &Caller, reading: &Reading) -> Result<Known, Error> {
        let Some(definition) = reading.outcome.definition() else {
            return Ok(Known::default());
        };
        let (agents, tenant) = (self.store.agents(), &caller.tenant_id);
        let by_id = match &definition.agent_id {
            Some(id) => agents.find(tenant, id).await?,
            None => None,
        };
        let by_name = agents.find_by_name(tenant, &definition.name).await?;
        let agent = by_id.as_ref().or(by_name.as_ref());
        let exported = match agent {
            Some(agent) if !reading.is_source_of(agent) => {
                let found = agents.source(tenant, &agent.agent_id).await?;
                let text = found.as_ref().map(|(_, text)| text.as_str());
                Some(agent_file::fingerprint(&agent_file::export(agent, text)))
            }
            _ => None,
        };
        Ok(Known {
            by_id,
            by_name,
            exported,
        })
    }
}

/// The change that a plan asks for, if any.
fn change(plan: &Plan, file: &ImportFile) -> Option<AgentChange> {
    let agent = Box::new(plan.agent.clone()?);
    let source_text = Some(file.text.clone());
    match plan.action {
        Action::Created => Some(AgentChange::Insert { agent, source_text }),
        Action::Updated => Some(AgentChange::Update { agent, source_text }),
        _ => None,
    }
}

fn read(files: &[ImportFile], budgets: &RoleBudgets) -> Vec<Reading> {
    let inputs: Vec<Input<'_>> = files
        .iter()
        .map(|file| Input {
            path: &file.path,
            text: &file.text,
            name: file.name.as_deref(),
            ignores_id: file.ignores_id,
        })
        .collect();
    agent_file::read(&inputs, budgets)
}

fn reason(refusal: &Refusal, agent: Option<&Agent>) -> String {
    let name = agent.map_or("", |agent| agent.name.as_str());
    match refusal {
        Refusal::AlreadyExists { .. } => name_taken(name),
        Refusal::Changed { .. } => {
            "the agent changed in the meantime: import the file again".to_owned()
        }
        other => other.to_string(),
    }
}
