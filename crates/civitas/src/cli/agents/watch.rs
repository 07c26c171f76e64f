//! `civitas agents watch`: the live feed.

use clap::Args;
use serde_json::Value;

use super::told::line;
use crate::cli::output::{DIM, data, note, text};
use crate::client::Client;

/// What to watch.
#[derive(Debug, Args)]
pub struct Watch {
    /// Only events of these types, with commas between.
    #[arg(long = "type", value_name = "TYPES")]
    pub types: Option<String>,
    /// Only about this agent: its name or its id.
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Only of this agent session.
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// Only about agents in this role.
    #[arg(long)]
    pub role: Option<String>,
    /// Begin after this event; at what is new, when absent.
    #[arg(long, value_name = "SEQ")]
    pub after: Option<u64>,
}

pub(super) async fn run(client: &Client, arguments: &Watch, json: bool) -> anyhow::Result<()> {
    let filter: Vec<(&str, String)> = [
        ("types", &arguments.types),
        ("agent_id", &arguments.agent),
        ("session_id", &arguments.session),
        ("role", &arguments.role),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.clone()?)))
    .collect();
    let mut written = Ok(());
    let watching = client.watch(&filter, arguments.after, |message| {
        if written.is_ok() {
            written = show(message, json);
        }
    });
    tokio::select! {
        outcome = watching => outcome?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(written?)
}

fn show(message: &Value, json: bool) -> std::io::Result<()> {
    let kind = text(message, "type");
    match kind {
        "stats" => Ok(()),
        "connection" => {
            note(&format!("{DIM}watching; stop with Ctrl-C{DIM:#}"));
            Ok(())
        }
        _ if json => data(&message.to_string()),
        _ => data(&line(message)),
    }
}
