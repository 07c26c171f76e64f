//! `civitas agents activate`: agents put to work, one by one or all drafts.

use clap::Args;
use serde_json::Value;

use super::{all, find};
use crate::cli::ask;
use crate::cli::failure::Failure;
use crate::cli::output::{self, clean, counted, note, table, text};
use crate::client::Client;

/// Which agents.
#[derive(Debug, Args)]
pub struct Activate {
    /// Their names or ids.
    #[arg(value_name = "AGENT")]
    pub agents: Vec<String>,
    /// Every draft; they are shown first.
    #[arg(long, conflicts_with = "agents")]
    pub drafts: bool,
    /// Do not ask before all drafts are put to work.
    #[arg(long, requires = "drafts")]
    pub yes: bool,
}

pub(super) async fn run(client: &Client, arguments: &Activate, json: bool) -> anyhow::Result<()> {
    let agents = if arguments.drafts {
        let drafts = all(client, &[("lifecycle", "draft".to_owned())]).await?;
        if !confirmed(&drafts, arguments.yes, json)? {
            return Ok(());
        }
        drafts
    } else if arguments.agents.is_empty() {
        let message = "say who: name agents, or --drafts for every draft";
        return Err(Failure::Usage(message.to_owned()).into());
    } else {
        // All of them are looked up first, so that a misspelt one leaves the others as they are.
        let mut found = Vec::new();
        for agent in &arguments.agents {
            found.push(find(client, agent).await?);
        }
        found
    };
    let mut now = Vec::new();
    for agent in &agents {
        let path = ["api", "v1", "agents", text(agent, "agent_id"), "activate"];
        let active = client.post(&path, None).await?;
        if !json {
            let state = clean(text(&active["registry"], "lifecycle"));
            note(&format!("{} is {state}", clean(text(&active, "name"))));
        }
        now.push(active);
    }
    if json {
        let shown = match now.as_slice() {
            [one] if !arguments.drafts => one.clone(),
            _ => Value::Array(now),
        };
        return Ok(output::json(&shown)?);
    }
    Ok(())
}

/// Shows the drafts, and asks. Without any there is nothing to do.
fn confirmed(drafts: &[Value], yes: bool, json: bool) -> anyhow::Result<bool> {
    if drafts.is_empty() && !json {
        note("there are no drafts");
        return Ok(false);
    }
    if !json {
        let rows: Vec<Vec<String>> = drafts
            .iter()
            .map(|draft| {
                let tools = draft["rbac"]["allowed_tools"].as_array();
                let tools: Vec<&str> = tools
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                vec![
                    clean(text(draft, "name")),
                    clean(text(draft, "role")),
                    output::short(&tools.join(", "), 60),
                ]
            })
            .collect();
        table(&["NAME", "ROLE", "TOOLS"], &rows)?;
    }
    if yes {
        return Ok(true);
    }
    let count = counted(drafts.len(), "draft");
    if json || !ask::is_possible() {
        let message = format!("{count} would be put to work: add --yes to do it");
        return Err(Failure::Usage(message).into());
    }
    ask::confirm(&format!("Put {count} to work?"))?;
    Ok(true)
}
