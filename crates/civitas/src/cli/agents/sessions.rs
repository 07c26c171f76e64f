//! `civitas agents sessions|unregistered|adopt`: what agents' clients do, and taking on those that nobody registered.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::output::{self, clean, moment, note, short, table, text};
use crate::client::Client;

/// Sessions and names of a page.
const PAGE: usize = 500;

/// Which sessions.
#[derive(Debug, Args)]
pub struct Sessions {
    /// Only those that have not ended.
    #[arg(long)]
    pub open: bool,
    /// Only those that run as no registered agent.
    #[arg(long)]
    pub unregistered: bool,
    /// At most this many, newest first.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
}

/// Whom to take on.
#[derive(Debug, Args)]
pub struct Adopt {
    /// The name, as `civitas agents unregistered` shows it, or one for a session that has none.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it is for; chosen by its name when absent.
    #[arg(long)]
    pub role: Option<String>,
    /// A session that runs as this agent from now on.
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
}

pub(super) async fn list(client: &Client, arguments: &Sessions, json: bool) -> anyhow::Result<()> {
    let mut query = vec![("limit", arguments.limit.to_string())];
    query.extend(arguments.open.then(|| ("open", "true".to_owned())));
    query.extend(
        arguments
            .unregistered
            .then(|| ("unregistered", "true".to_owned())),
    );
    let path = ["api", "v1", "agents", "sessions"];
    let page = client.get(&path, &query).await?;
    if json {
        return Ok(output::json(&page)?);
    }
    let sessions = page["sessions"].as_array();
    let rows: Vec<Vec<String>> = sessions.into_iter().flatten().map(row).collect();
    let headings = [
        "SESSION",
        "AGENT",
        "CALLS",
        "DENIED",
        "KNOWN",
        "LAST SEEN",
        "ENDED",
    ];
    table(&headings, &rows)?;
    let more = if page["next_cursor"].is_string() {
        ", and older ones"
    } else {
        ""
    };
    note(&format!("{} sessions{more}", rows.len()));
    Ok(())
}

fn row(session: &Value) -> Vec<String> {
    let facts = session["facts"].as_array().into_iter().flatten();
    let facts: Vec<&str> = facts.filter_map(Value::as_str).collect();
    let name = text(session, "agent_name");
    let name = match (name, session["is_registered"].as_bool()) {
        ("", _) => "(none)".to_owned(),
        (name, Some(true)) => clean(name),
        (name, _) => format!("{} (not registered)", clean(name)),
    };
    vec![
        short(text(session, "session_id"), 40),
        name,
        session["calls"].to_string(),
        session["denied"].to_string(),
        clean(&facts.join(" ")),
        moment(session, "last_seen_at"),
        moment(session, "ended_at"),
    ]
}

pub(super) async fn unregistered(client: &Client, json: bool) -> anyhow::Result<()> {
    let path = ["api", "v1", "agents", "unregistered"];
    let names = client.get(&path, &[("limit", PAGE.to_string())]).await?;
    if json {
        return Ok(output::json(&names)?);
    }
    let names = names.as_array();
    let rows = names.into_iter().flatten().map(|seen| {
        vec![
            clean(text(seen, "name")),
            seen["sightings"].to_string(),
            moment(seen, "first_seen_at"),
            moment(seen, "last_seen_at"),
            short(text(seen, "session_id"), 40),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    table(&["NAME", "SEEN", "FIRST", "LAST", "SESSION"], &rows)?;
    note(&match rows.len() {
        0 => "every agent that was seen is registered".to_owned(),
        count => format!("{count} names; `civitas agents adopt NAME` takes one on"),
    });
    Ok(())
}

pub(super) async fn adopt(client: &Client, arguments: &Adopt, json: bool) -> anyhow::Result<()> {
    let mut body = json!({ "name": arguments.name });
    if let Some(role) = &arguments.role {
        body["role"] = json!(role);
    }
    if let Some(session) = &arguments.session {
        body["session_id"] = json!(session);
    }
    let path = ["api", "v1", "agents", "unregistered", "adopt"];
    let agent = client.post(&path, Some(&body)).await?;
    if json {
        return Ok(output::json(&agent)?);
    }
    note(&format!(
        "{} is registered as {}",
        clean(text(&agent, "name")),
        clean(text(&agent, "role"))
    ));
    Ok(())
}
