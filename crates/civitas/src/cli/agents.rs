//! `civitas agents`: the registry of agents.

mod activate;
mod export;
mod folder;
mod import;
pub(crate) mod install;
pub(crate) mod installed;
mod selftest;
mod sessions;
mod told;
mod watch;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::failure::Failure;
use super::output::{self, clean, counted, moment, note, short, table, text};
use super::remote::Remote;
use crate::client::Client;
use activate::Activate;
use export::Export;
use import::{Drift, Import};
use install::Install;
use selftest::Selftest;
use sessions::{Adopt, Sessions};
use watch::Watch;

/// Agents of a page.
const PAGE: usize = 500;

/// Know the agents: bring their files in, see them, set them aside.
#[derive(Debug, Subcommand)]
pub enum Agents {
    /// Read a folder of agent files into the registry, and say of each what became of it. Needs an administrator.
    #[command(
        after_help = "However broken a file is, its agent is not lost: what was repaired is said. An agent whose file says no identity gets one by\nrules, and waits as a draft: its calls are denied until `civitas agents activate`.\n\nExamples:\n  civitas agents import .claude/agents --dry-run\n  civitas agents import agents/"
    )]
    Import(Import),
    /// List agents, in the order of their names.
    #[command(
        after_help = "Examples:\n  civitas agents list --role developer\n  civitas agents list --state draft --json"
    )]
    List(List),
    /// Show an agent.
    #[command(after_help = "Example:\n  civitas agents show code-reviewer")]
    Show(Named),
    /// Put a coding agent under this server's policy: hooks that refuse what cannot be decided, and telemetry. Needs an
    /// administrator, for the token.
    #[command(
        after_help = "What changes is shown first, and a backup is kept; with --uninstall everything is as it was before.\n\nExamples:\n  civitas agents install claude-code --dry-run\n  civitas agents install claude-code --server https://civitas.example.com\n  civitas agents install claude-code --agent ada        # the main thread acts as the registered agent ada\n  sudo civitas agents install claude-code --managed     # for everyone on this machine, cannot be turned off\n  civitas agents install claude-code --uninstall"
    )]
    Install(Install),
    /// Prove that hooks bind: every event is sent, and what is denied, halted or undecidable is held back; exit code 1 when
    /// it is not.
    #[command(
        after_help = "The server is asked as the installed hooks ask it; the test of halts needs an administrator. Sessions of the test are\ncalled selftest-….\n\nExamples:\n  civitas agents selftest\n  civitas agents selftest --json | jq '.checks[] | select(.status == \"failed\")'"
    )]
    Selftest(Selftest),
    /// Write agents back to files, with everything that the files held.
    #[command(
        after_help = "Examples:\n  civitas agents export out/\n  civitas agents export out/ code-reviewer"
    )]
    Export(Export),
    /// Say where a folder of files and the registry differ; exit code 1 when they do.
    #[command(after_help = "Example:\n  civitas agents drift .claude/agents")]
    Drift(Drift),
    /// Print what agents do, as it happens, until you press Ctrl-C: when, allowed or denied, who, what and why.
    #[command(
        after_help = "When the connection or the server breaks off, it goes on after the last event that it printed.\n\nExamples:\n  civitas agents watch\n  civitas agents watch --type rbac_decision,budget_updated --role developer\n  civitas agents watch --after 4711 --json | jq .data"
    )]
    Watch(Watch),
    /// List the sessions of agents' clients, newest first: what they asked for, what was denied, what is known of them.
    #[command(
        after_help = "Examples:\n  civitas agents sessions --open\n  civitas agents sessions --unregistered"
    )]
    Sessions(Sessions),
    /// List names at work that nobody registered.
    #[command(after_help = "Example:\n  civitas agents unregistered")]
    Unregistered,
    /// Take an agent on that was seen at work, with what its role allows. Needs an administrator.
    #[command(
        after_help = "Examples:\n  civitas agents adopt code-reviewer --role reviewer\n  civitas agents adopt ada --role developer --session 7c1f0b5e"
    )]
    Adopt(Adopt),
    /// Put agents to work: drafts, or those that were suspended. Needs an administrator.
    #[command(
        after_help = "Examples:\n  civitas agents activate code-reviewer test-writer\n  civitas agents activate --drafts      # shows them, and asks"
    )]
    Activate(Activate),
    /// Set an agent aside for now. Needs an administrator.
    #[command(after_help = "Example:\n  civitas agents suspend code-reviewer")]
    Suspend(Named),
    /// Retire an agent for good; it stays in the registry for the record. Needs an administrator.
    #[command(after_help = "Example:\n  civitas agents retire code-reviewer --yes")]
    Retire {
        /// Its name or its id.
        #[arg(value_name = "AGENT")]
        agent: String,
        /// Yes, for good.
        #[arg(long)]
        yes: bool,
    },
}

/// Which agents.
#[derive(Debug, Args)]
pub struct List {
    /// Only in this role.
    #[arg(long)]
    pub role: Option<String>,
    /// Only of this category.
    #[arg(long)]
    pub category: Option<String>,
    /// Only in this state: draft, active, suspended, retired.
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
}

/// Which agent.
#[derive(Debug, Args)]
pub struct Named {
    /// Its name or its id.
    #[arg(value_name = "AGENT")]
    pub agent: String,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Agents, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    match command {
        Agents::Install(arguments) => install::run(arguments, remote).await,
        Agents::Selftest(arguments) => selftest::run(arguments, remote).await,
        Agents::Import(arguments) => import::run(arguments, remote).await,
        Agents::Drift(arguments) => import::drift(arguments, remote).await,
        Agents::Export(arguments) => export::run(arguments, remote).await,
        Agents::Watch(arguments) => watch::run(&client, &arguments, remote.json).await,
        Agents::List(arguments) => list(&client, &arguments, remote.json).await,
        Agents::Show(Named { agent }) => {
            let found = find(&client, &agent).await?;
            if remote.json {
                return Ok(output::json(&found)?);
            }
            Ok(table(&["FIELD", "VALUE"], &facts(&found))?)
        }
        Agents::Sessions(arguments) => sessions::list(&client, &arguments, remote.json).await,
        Agents::Unregistered => sessions::unregistered(&client, remote.json).await,
        Agents::Adopt(arguments) => sessions::adopt(&client, &arguments, remote.json).await,
        Agents::Activate(arguments) => activate::run(&client, &arguments, remote.json).await,
        Agents::Suspend(Named { agent }) => act(&client, &agent, "suspend", remote.json).await,
        Agents::Retire { agent, yes } => {
            if !yes {
                let message =
                    format!("a retired agent never works again: add --yes to retire {agent}");
                return Err(Failure::Usage(message).into());
            }
            act(&client, &agent, "retire", remote.json).await
        }
    }
}

/// Every agent that a query lets through, page by page.
async fn all(client: &Client, query: &[(&str, String)]) -> Result<Vec<Value>, Failure> {
    let mut agents = Vec::new();
    loop {
        let mut query = query.to_vec();
        query.push(("limit", PAGE.to_string()));
        query.push(("skip", agents.len().to_string()));
        let page = client.get(&["api", "v1", "agents"], &query).await?;
        let page = page.as_array().cloned().unwrap_or_default();
        let is_last = page.len() < PAGE;
        agents.extend(page);
        if is_last {
            return Ok(agents);
        }
    }
}

async fn list(client: &Client, arguments: &List, json: bool) -> anyhow::Result<()> {
    let query: Vec<(&str, String)> = [
        ("role", &arguments.role),
        ("category", &arguments.category),
        ("lifecycle", &arguments.state),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.clone()?)))
    .collect();
    let agents = all(client, &query).await?;
    if json {
        return Ok(output::json(&Value::Array(agents))?);
    }
    let rows: Vec<Vec<String>> = agents.iter().map(row).collect();
    let headings = [
        "NAME",
        "ROLE",
        "CATEGORY",
        "STATE",
        "OWNER",
        "LAST SEEN",
        "AGENT ID",
    ];
    table(&headings, &rows)?;
    note(&counted(agents.len(), "agent"));
    Ok(())
}

fn row(agent: &Value) -> Vec<String> {
    vec![
        clean(text(agent, "name")),
        clean(text(agent, "role")),
        short(text(&agent["metadata"], "category"), 20),
        clean(text(&agent["registry"], "lifecycle")),
        short(text(&agent["registry"], "owner"), 24),
        moment(&agent["timestamps"], "last_active_at"),
        clean(text(agent, "agent_id")),
    ]
}

/// The agent of this name, or else of this id.
pub(super) async fn find(client: &Client, agent: &str) -> Result<Value, Failure> {
    let by_name = client
        .get(&["api", "v1", "agents", "name", agent], &[])
        .await;
    match by_name {
        Err(Failure::Told { code, .. }) if code == "not_found" => {
            let by_id = client.get(&["api", "v1", "agents", agent], &[]).await;
            by_id.map_err(|failure| match failure {
                Failure::Told { code, .. } if code == "not_found" => Failure::NotFound(format!(
                    "there is no agent {agent}: `civitas agents list` shows them all"
                )),
                other => other,
            })
        }
        outcome => outcome,
    }
}

async fn act(client: &Client, agent: &str, verb: &str, json: bool) -> anyhow::Result<()> {
    let found = find(client, agent).await?;
    let path = ["api", "v1", "agents", text(&found, "agent_id"), verb];
    let now = client.post(&path, None).await?;
    if json {
        return Ok(output::json(&now)?);
    }
    note(&format!(
        "{} is {}",
        clean(text(&now, "name")),
        clean(text(&now["registry"], "lifecycle"))
    ));
    Ok(())
}

/// What people want to know of an agent.
fn facts(agent: &Value) -> Vec<Vec<String>> {
    let (rbac, budget) = (&agent["rbac"], &agent["budget"]);
    let (performance, standing) = (&agent["performance"], &agent["registry"]);
    let list = |value: &Value| {
        let items = value.as_array().into_iter().flatten();
        let items: Vec<&str> = items.filter_map(Value::as_str).collect();
        clean(&items.join(", "))
    };
    let spent = format!(
        "{} of {} {} today, {} tokens",
        budget["cost_used_today"],
        budget["max_cost_per_day"],
        clean(text(budget, "currency")),
        budget["tokens_used_today"]
    );
    let role = format!(
        "{} (sure to {}: {})",
        text(agent, "role"),
        agent["role_confidence"],
        text(standing, "role_reasoning")
    );
    let done = format!(
        "{} tasks, success {}, quality {}",
        performance["total_tasks_completed"],
        performance["success_rate"],
        performance["quality_score"]
    );
    [
        ("name", clean(text(agent, "name"))),
        ("agent id", clean(text(agent, "agent_id"))),
        ("role", clean(&role)),
        ("state", clean(text(standing, "lifecycle"))),
        ("owner", clean(text(standing, "owner"))),
        ("revision", standing["revision"].to_string()),
        ("identity by rules", standing["synthesised"].to_string()),
        ("category", clean(text(&agent["metadata"], "category"))),
        ("capabilities", list(&agent["capabilities"])),
        ("tools", list(&rbac["allowed_tools"])),
        ("denied tools", list(&rbac["denied_tools"])),
        ("paths", list(&rbac["path_scopes"])),
        ("apis", list(&rbac["api_access"])),
        ("spent", spent),
        ("done", done),
        ("last seen", moment(&agent["timestamps"], "last_active_at")),
        ("file", clean(text(standing, "source_path"))),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| vec![name.to_owned(), value])
    .collect()
}
