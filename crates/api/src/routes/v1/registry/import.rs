//! `POST /api/v1/registry/import`: files of agents in.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use civitas_governance::agent_file::Outcome;
use civitas_governance::{ImportFile, Imported};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Admin, Body};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;

/// Files of one request.
const FILES_MAX: usize = 500;
/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 1024;

/// Files of agents: Markdown with front matter. They are read however broken they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportRequest {
    /// Up to 500.
    #[schema(min_items = 1, max_items = 500)]
    files: Vec<AgentFileText>,
    /// Say what would be done, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AgentFileText {
    /// Its path below the folder that is imported, with `/` between the parts.
    #[schema(min_length = 1, max_length = 1024)]
    path: String,
    /// Its text.
    text: String,
    /// The agent's name, when it was settled for a folder that is sent in several requests.
    #[schema(pattern = "^[a-z0-9-]+$")]
    name: Option<String>,
    /// Another file of such a folder says the same id before this one, which gets its own.
    #[serde(default)]
    ignore_agent_id: bool,
}

/// What became of the files.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportReport {
    /// Whether nothing was changed.
    dry_run: bool,
    /// How many files there were of each outcome and of each action.
    summary: BTreeMap<&'static str, usize>,
    /// One for each file, in their order.
    files: Vec<ImportedFile>,
}

/// What became of a file.
#[derive(Serialize, ToSchema)]
struct ImportedFile {
    path: String,
    /// SHA-256 of its text.
    fingerprint: String,
    /// How it was read: `loaded`, `repaired`, `synthesised` or `skipped`.
    outcome: &'static str,
    /// What had to be mended.
    repairs: Vec<String>,
    /// What was done: `created`, `updated`, `unchanged`, `kept`, `skipped` or `failed`.
    action: &'static str,
    /// What of the agent the file changes or, when it was kept, says otherwise.
    changes: Vec<&'static str>,
    /// Why it was skipped, kept or failed.
    reason: Option<String>,
    agent: Option<ImportedAgent>,
}

/// The agent of a file.
#[derive(Serialize, ToSchema)]
struct ImportedAgent {
    agent_id: String,
    name: String,
    role: &'static str,
    role_reasoning: String,
    lifecycle: &'static str,
}

impl From<Imported> for ImportedFile {
    fn from(imported: Imported) -> Self {
        let reading = imported.reading;
        let skipped = match &reading.outcome {
            Outcome::Skipped(reason) => Some(reason.clone()),
            _ => None,
        };
        Self {
            outcome: reading.outcome.as_str(),
            repairs: reading.outcome.repairs().to_vec(),
            path: reading.path,
            fingerprint: reading.fingerprint,
            action: imported.action.as_str(),
            changes: imported.changes,
            reason: imported.reason.or(skipped),
            agent: imported.agent.map(|agent| ImportedAgent {
                agent_id: agent.agent_id.to_string(),
                name: agent.name,
                role: agent.role.as_str(),
                role_reasoning: agent.role_reasoning,
                lifecycle: agent.lifecycle.as_str(),
            }),
        }
    }
}

/// Take in files of agents, and say of each what became of it. Needs an administrator.
#[utoipa::path(post, path = "/api/v1/registry/import", tag = "agents", security(("bearer" = [])),
    request_body = ImportRequest, responses(
        (status = 200, body = ImportReport), (status = 401, body = ProblemDocument),
    ))]
pub(crate) async fn import(
    State(state): State<AppState>,
    Admin(caller): Admin,
    Body(body): Body<ImportRequest>,
) -> Result<Json<ImportReport>, Problem> {
    if body.files.is_empty() || body.files.len() > FILES_MAX {
        let detail = format!("must hold 1 to {FILES_MAX} files: send more in several requests");
        return Err(Problem::invalid("/files", detail));
    }
    let mut files = Vec::with_capacity(body.files.len());
    for (at, file) in body.files.into_iter().enumerate() {
        let path = file.path;
        if path.is_empty() || path.len() > PATH_BYTES_MAX || path.contains(char::is_control) {
            let detail =
                format!("must be a path of 1 to {PATH_BYTES_MAX} bytes without control characters");
            return Err(Problem::invalid(format!("/files/{at}/path"), detail));
        }
        files.push(ImportFile {
            path,
            text: file.text,
            name: file.name,
            ignores_id: file.ignore_agent_id,
        });
    }
    let imported = state.agents.import(&caller, files, body.dry_run).await?;
    let files: Vec<ImportedFile> = imported.into_iter().map(ImportedFile::from).collect();
    let mut summary = BTreeMap::from([("total", files.len())]);
    for file in &files {
        *summary.entry(file.outcome).or_default() += 1;
        // A file that is no agent's is skipped in both ways.
        if file.action != file.outcome {
            *summary.entry(file.action).or_default() += 1;
        }
    }
    Ok(Json(ImportReport {
        dry_run: body.dry_run,
        summary,
        files,
    }))
}
