//! `import_agents`: take agent files into the registry.

use std::collections::BTreeMap;

use civitas_agent_files::plan::{Action, Known, Plan, Planner, id_from};
use civitas_agent_files::roles::RoleBudgets;
use civitas_agent_files::{FILE_BYTES_MAX, Input, Reading, audited, decode, export, fingerprint};
use civitas_intent::prelude::*;
use civitas_model::{AgentWrite, Permission};

/// Files of one import.
const FILES_MAX: usize = 500;
/// The texts of files that come with the intent, in bytes together.
const TEXTS_BYTES_MAX: usize = 4 << 20;
/// Where a file that was ingested may say more than an agent's file may: it is reported as too long.
const READ_BYTES_MAX: u64 = FILE_BYTES_MAX as u64 * 4;

/// Take agent files into the registry, and say of each what became of it. Needs an administrator.
///
/// Files are read however broken they are: what was repaired is said, and an agent whose file says no identity gets one by rules
/// and waits as a draft. A file that is unchanged since it was imported leaves its agent as it is.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ImportAgents {
    /// Files that were ingested, at most 500. Their names are their paths.
    #[serde(default)]
    #[schemars(length(max = 500))]
    file_ids: Vec<FileId>,
    /// Files that come with the intent, at most 500 and 4 MiB together.
    #[serde(default)]
    #[schemars(length(max = 500))]
    files: Vec<AgentFile>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// A file that comes with the intent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(crate) struct AgentFile {
    /// Its path below the folder that is imported, such as `quality/code-reviewer.md`.
    #[schemars(length(min = 1, max = 1024))]
    path: String,
    /// Its text.
    text: String,
}

/// What became of a file.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ImportedFile {
    /// Its path.
    path: String,
    /// How it was read: `loaded`, `repaired`, `synthesised`, `skipped`.
    outcome: &'static str,
    /// What was done: `created`, `updated`, `unchanged`, `kept`, `skipped`, `failed`.
    action: &'static str,
    /// The agent's id; null when the file is no agent's.
    agent_id: Option<String>,
    /// The agent's name.
    name: Option<String>,
    /// The agent's role.
    role: Option<&'static str>,
    /// What had to be mended.
    repairs: Vec<String>,
    /// What of the agent the file changes, or says otherwise.
    changes: Vec<&'static str>,
    /// Why it was skipped, or failed.
    reason: Option<String>,
}

/// What became of an import.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AgentImport {
    /// Whether it only says what would be done.
    dry_run: bool,
    /// How many files of each action.
    summary: BTreeMap<&'static str, usize>,
    /// Each file, in the order in which they were named.
    files: Vec<ImportedFile>,
}

impl Intent for ImportAgents {
    const NAME: &'static str = "import_agents";
    const ARTIFACT: &'static str = "agent_import";
    const EVENTS: &'static [&'static str] = &["agents_imported"];
    const POLICY: Policy = Policy {
        permission: Permission::Admin,
        ..Policy::DEFAULT
    };
    type Output = AgentImport;

    fn check(&self) -> std::result::Result<(), Invalid> {
        let count = self.file_ids.len() + self.files.len();
        if !(1..=FILES_MAX).contains(&count) {
            let detail = format!("name 1 to {FILES_MAX} files, in `file_ids` and `files` together");
            return Err(Invalid::new("", detail));
        }
        let bytes: usize = self.files.iter().map(|file| file.text.len()).sum();
        if bytes > TEXTS_BYTES_MAX {
            let detail = format!(
                "may have {TEXTS_BYTES_MAX} bytes together: ingest the files, and name them in `file_ids`"
            );
            return Err(Invalid::new("/files", detail));
        }
        Ok(())
    }

    async fn handle(self, cx: &mut Context) -> Result<Answer<AgentImport>> {
        let now = cx.now().await?;
        let mut files = Vec::with_capacity(self.file_ids.len() + self.files.len());
        for file_id in &self.file_ids {
            files.push(ingested(cx, file_id).await?);
        }
        files.extend(self.files);
        let texts = files.clone();
        let stated = cx.stated(RoleBudgets::SETTING).await?;
        let budgets = RoleBudgets::stated(stated.map(|stated| stated.value));
        let readings = cx.compute(move || read(&texts, &budgets)).await?;
        let owner = cx
            .user_id()
            .map_or_else(|| "operator".to_owned(), ToString::to_string);
        let mut planner = Planner::new(cx.tenant_id().clone(), owner, now);
        // Every reading comes before the first write: a reading waits until what was written is durable.
        let mut plans = Vec::with_capacity(readings.len());
        for reading in &readings {
            let known = known(cx, reading).await?;
            let new_id = id_from(&cx.new_id());
            plans.push(planner.plan(reading, known, new_id));
        }
        if !self.dry_run {
            for (plan, file) in plans.iter().zip(&files) {
                write(cx, plan, &file.text).await?;
            }
        }
        let mut summary = BTreeMap::new();
        for action in Action::ALL {
            let count = plans.iter().filter(|plan| plan.action == action).count();
            summary.insert(action.as_str(), count);
        }
        let event = json!({ "dry_run": self.dry_run, "summary": summary });
        cx.emit("agents_imported", event).await?;
        let files = readings.into_iter().zip(plans).map(shown).collect();
        Ok(AgentImport {
            dry_run: self.dry_run,
            summary,
            files,
        }
        .into())
    }
}

/// The text of a file that was ingested.
async fn ingested(cx: &mut Context, file_id: &FileId) -> Result<AgentFile> {
    let Some(file) = cx.file(file_id).await? else {
        return Err(reject(format!(
            "there is no file {file_id}: `list_files` shows what there is"
        )));
    };
    if file.size > READ_BYTES_MAX {
        let name = &file.ui_name;
        return Err(reject(format!(
            "the file {name} has {} bytes, and an agent's file up to {FILE_BYTES_MAX}: leave it out",
            file.size
        )));
    }
    let bytes = cx.get_blob(&file.digest, READ_BYTES_MAX).await?;
    Ok(AgentFile {
        path: file.ui_name,
        text: decode(&bytes),
    })
}

fn read(files: &[AgentFile], budgets: &RoleBudgets) -> Vec<Reading> {
    let inputs: Vec<Input<'_>> = files
        .iter()
        .map(|file| Input {
            path: &file.path,
            text: &file.text,
            name: None,
            ignores_id: false,
        })
        .collect();
    civitas_agent_files::read(&inputs, budgets)
}

/// What the registry knows of the agent of a file.
async fn known(cx: &mut Context, reading: &Reading) -> Result<Known> {
    let Some(definition) = reading.outcome.definition() else {
        return Ok(Known::default());
    };
    let by_id = match &definition.agent_id {
        Some(id) => cx.agent(id).await?,
        None => None,
    };
    let by_name = cx.agent_named(&definition.name).await?;
    let exported = match by_id.as_ref().or(by_name.as_ref()) {
        Some(agent) if !reading.is_source_of(agent) => {
            let text = cx.agent_text(&agent.agent_id).await?;
            Some(fingerprint(&export(agent, text.as_deref())))
        }
        _ => None,
    };
    Ok(Known {
        by_id,
        by_name,
        exported,
    })
}

async fn write(cx: &mut Context, plan: &Plan, text: &str) -> Result<()> {
    let Some(agent) = plan.agent.clone().filter(|_| plan.writes()) else {
        return Ok(());
    };
    cx.put_agent(AgentWrite {
        audited: audited(&agent),
        is_new: plan.action == Action::Created,
        source_text: Some(text.to_owned()),
        agent,
    })
    .await
}

fn shown((reading, plan): (Reading, Plan)) -> ImportedFile {
    let skipped = match &reading.outcome {
        civitas_agent_files::Outcome::Skipped(reason) => Some(reason.clone()),
        _ => None,
    };
    let agent = plan.agent.as_ref();
    ImportedFile {
        path: reading.path,
        outcome: reading.outcome.as_str(),
        action: plan.action.as_str(),
        agent_id: agent.map(|agent| agent.agent_id.to_string()),
        name: agent.map(|agent| agent.name.clone()),
        role: agent.map(|agent| agent.role.as_str()),
        repairs: reading.outcome.repairs().to_vec(),
        changes: plan.changes,
        reason: skipped.or(plan.reason),
    }
}
