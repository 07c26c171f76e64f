//! `civitas files rules`: what a tenant states once about its files.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::json_input::{object, read};
use crate::cli::output::{self, clean, moment, note, short, table, text};
use crate::cli::remote::Remote;

const PATH: [&str; 3] = ["api", "content", "validation-rules"];
/// What is given as JSON, and how it may look.
const WHAT: &str = "the rules";
const EXAMPLE: &str = "{\"allowed_types\": [\"csv\"]}";
/// Characters of a rule that are shown.
const SHOWN_CHARACTERS: usize = 100;

/// See or state what every file is checked against.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Show the rules, their version, and who stated them.
    #[command(
        after_help = "Example:\n  civitas files rules show --json | jq .validation_rules > rules.json"
    )]
    Show,
    /// State rules in place of those before.
    #[command(
        after_help = "Examples:\n  civitas files rules set rules.json\n  echo '{\"allowed_types\": [\"csv\"], \"required_columns\": [\"id\"]}' | civitas files rules set -\n  civitas files rules set rules.json --if-version 3   # only if nobody changed them since"
    )]
    Set(Set),
}

/// Rules to state.
#[derive(Debug, Args)]
pub struct Set {
    /// A file with the rules as one JSON object; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The version they were decided on, as `civitas files rules show` says; refused when another holds by now.
    #[arg(long, value_name = "NUMBER")]
    pub if_version: Option<u64>,
}

/// Runs a command of the group.
pub(super) async fn run(command: Rules, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let stated = match command {
        Rules::Show => client.get(&PATH, &[]).await?,
        Rules::Set(arguments) => {
            let mut body =
                json!({ "validation_rules": object(&read(&arguments.file)?, WHAT, EXAMPLE)? });
            if let Some(version) = arguments.if_version {
                body["version"] = version.into();
            }
            client.put(&PATH, &body).await?
        }
    };
    if remote.json {
        return Ok(output::json(&stated)?);
    }
    show(&stated)
}

fn show(stated: &Value) -> anyhow::Result<()> {
    let rules = stated["validation_rules"].as_object();
    let rows: Vec<Vec<String>> = rules
        .into_iter()
        .flatten()
        .map(|(name, rule)| vec![clean(name), short(&rule.to_string(), SHOWN_CHARACTERS)])
        .collect();
    if !rows.is_empty() {
        table(&["RULE", "VALUE"], &rows)?;
    }
    let version = stated["version"].as_u64().unwrap_or_default();
    if version == 0 {
        note("no rules are stated: `civitas files rules set FILE` states some");
        return Ok(());
    }
    let what = if rows.is_empty() { "no rules" } else { "these" };
    note(&format!(
        "{what} are version {version}, stated by {} at {}",
        clean(text(stated, "changed_by")),
        moment(stated, "changed_at")
    ));
    Ok(())
}
