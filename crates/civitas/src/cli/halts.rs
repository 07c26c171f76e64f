//! `civitas halt` and `civitas halts`: the kill switch.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::agents;
use super::output::{self, clean, counted, moment, note, short, table, text};
use super::remote::Remote;

/// What to stop, and why.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("scope").required(true).args(["all", "team", "agent", "session"])))]
pub struct Halt {
    /// Every agent of the tenant.
    #[arg(long)]
    pub all: bool,
    /// Every agent of a team: of those with the tag `team:NAME`.
    #[arg(long, value_name = "NAME")]
    pub team: Option<String>,
    /// One agent, by its name or its id.
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// One session.
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// Why: agents are told.
    #[arg(default_value = "")]
    pub reason: String,
}

/// See what is stopped, and let it go on.
#[derive(Debug, Subcommand)]
pub enum Halts {
    /// List the halts in force.
    #[command(after_help = "Example:\n  civitas halts list")]
    List,
    /// Lift a halt, so that agents go on. Only a person may.
    #[command(after_help = "Example:\n  civitas halts lift 0199f0c2-5f0c-7a77-b2a4-0f3d9a2c1e55")]
    Lift {
        /// Its id, as `civitas halts list` shows it.
        #[arg(value_name = "HALT")]
        halt: String,
    },
}

pub(crate) async fn halt(arguments: Halt, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let scope = match (&arguments.team, &arguments.agent, &arguments.session) {
        (Some(team), _, _) => json!({ "kind": "team", "id": team }),
        (_, Some(agent), _) => {
            let found = agents::find(&client, agent).await?;
            json!({ "kind": "agent", "id": found["agent_id"] })
        }
        (_, _, Some(session)) => json!({ "kind": "session", "id": session }),
        _ => json!({ "kind": "all" }),
    };
    let body = json!({ "scope": scope, "reason": arguments.reason });
    let halt = client.post(&["api", "v1", "halts"], Some(&body)).await?;
    if remote.json {
        return Ok(output::json(&halt)?);
    }
    note(&format!(
        "{} is told to stop at its next step; `civitas halts lift {}` lets it go on",
        what(&halt),
        clean(text(&halt, "halt_id"))
    ));
    if halt["agents"] == 0 {
        note(&format!(
            "nobody is {} now: look at the name; agents say their teams in tags `team:NAME` (`civitas agents list`)",
            match text(&halt["scope"], "kind") {
                "team" => "in this team",
                _ => "registered",
            }
        ));
    }
    Ok(())
}

pub(crate) async fn run(command: Halts, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    match command {
        Halts::List => {
            let halts = client.get(&["api", "v1", "halts"], &[]).await?;
            if remote.json {
                return Ok(output::json(&halts)?);
            }
            let rows: Vec<Vec<String>> = halts.as_array().into_iter().flatten().map(row).collect();
            table(&["HALT", "STOPS", "SINCE", "BY", "REASON"], &rows)?;
            note(&match rows.len() {
                0 => "nothing is halted".to_owned(),
                count => counted(count, "halt"),
            });
        }
        Halts::Lift { halt } => {
            client.delete(&["api", "v1", "halts", &halt]).await?;
            note(&format!("the halt {} is lifted", clean(&halt)));
        }
    }
    Ok(())
}

fn row(halt: &Value) -> Vec<String> {
    vec![
        clean(text(halt, "halt_id")),
        what(halt),
        moment(halt, "set_at"),
        short(text(halt, "set_by"), 24),
        short(text(halt, "reason"), 60),
    ]
}

/// What a halt stops, in words.
fn what(halt: &Value) -> String {
    let scope = &halt["scope"];
    match text(scope, "kind") {
        "all" => "every agent".to_owned(),
        kind => format!("{} {}", clean(kind), short(text(scope, "id"), 40)),
    }
}
