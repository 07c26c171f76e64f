//! `civitas telemetry`: what agents' clients report.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::failure::Failure;
use super::output::{self, BOLD, clean, data, moment, note, short, table, text};
use super::remote::Remote;
use crate::client::Client;

/// See what agents' clients report: sessions, requests to models, tokens and cost.
#[derive(Debug, Subcommand)]
pub enum Telemetry {
    /// List sessions, those with the newest events first.
    #[command(
        after_help = "MISSING counts events that did not arrive, by the numbers that clients give them.\n\nExamples:\n  civitas telemetry sessions --agent code-reviewer\n  civitas telemetry sessions --gaps --json"
    )]
    Sessions(Sessions),
    /// Show a session: totals, missing events, requests by model, and what happened, newest first.
    #[command(
        after_help = "Example:\n  civitas telemetry show 9f1c2b3a-0000-4000-8000-000000000000 --events 20"
    )]
    Show(Show),
    /// Add up tokens and cost by model, agent and day.
    #[command(
        after_help = "Examples:\n  civitas telemetry summary\n  civitas telemetry summary --days 30 --json | jq .total.cost_usd"
    )]
    Summary(Summary),
}

/// Which sessions.
#[derive(Debug, Args)]
pub struct Sessions {
    /// Only of the agent with this name.
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// Only of the user with this id or address.
    #[arg(long)]
    pub user: Option<String>,
    /// Only those of which events are missing.
    #[arg(long)]
    pub gaps: bool,
    /// At most this many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Where the page before ended.
    #[arg(long)]
    pub cursor: Option<String>,
}

/// Which session.
#[derive(Debug, Args)]
pub struct Show {
    /// The client's session.
    #[arg(value_name = "SESSION_ID")]
    pub session: String,
    /// At most this many of the newest events.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub events: u32,
}

/// Which period.
#[derive(Debug, Args)]
pub struct Summary {
    /// Of the last so many days.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Telemetry, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    match command {
        Telemetry::Sessions(arguments) => sessions(&client, arguments, remote.json).await,
        Telemetry::Show(arguments) => show(&client, &arguments, remote.json).await,
        Telemetry::Summary(arguments) => summary(&client, &arguments, remote.json).await,
    }
}

async fn sessions(client: &Client, arguments: Sessions, json: bool) -> anyhow::Result<()> {
    let mut query = vec![("limit", arguments.limit.to_string())];
    query.extend(arguments.agent.map(|agent| ("agent", agent)));
    query.extend(arguments.user.map(|user| ("user", user)));
    query.extend(arguments.cursor.map(|cursor| ("cursor", cursor)));
    if arguments.gaps {
        query.push(("gaps", "true".to_owned()));
    }
    let page = client
        .get(&["api", "v1", "telemetry", "sessions"], &query)
        .await?;
    if json {
        return Ok(output::json(&page)?);
    }
    let sessions = page["sessions"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = sessions.map(session_row).collect();
    let headings = [
        "SESSION",
        "AGENT",
        "USER",
        "LAST SEEN",
        "REQUESTS",
        "TOKENS",
        "COST USD",
        "MISSING",
    ];
    table(&headings, &rows)?;
    match page["next_cursor"].as_str() {
        Some(cursor) => note(&format!("more: --cursor {}", clean(cursor))),
        None => note(&format!("{} sessions", rows.len())),
    }
    Ok(())
}

fn session_row(session: &Value) -> Vec<String> {
    let user = match text(session, "user_email") {
        "" => text(session, "user_id"),
        address => address,
    };
    vec![
        short(text(session, "session_id"), 40),
        short(text(session, "agent_name"), 24),
        short(user, 32),
        moment(session, "last_seen_at"),
        session["counts"]["requests"].to_string(),
        tokens(&session["tokens"]),
        money(&session["cost_usd"]),
        missing(session),
    ]
}

/// How many events did not arrive; nothing when all did.
fn missing(session: &Value) -> String {
    match session["sequence"]["missing"].as_u64().unwrap_or_default() {
        0 => String::new(),
        count => count.to_string(),
    }
}

/// Every token, whatever its kind.
fn tokens(tokens: &Value) -> String {
    let kinds = ["input", "output", "cache_read", "cache_creation"];
    let sum = kinds
        .iter()
        .filter_map(|kind| tokens[kind].as_u64())
        .fold(0_u64, u64::saturating_add);
    grouped(sum)
}

/// A number with its thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

fn money(value: &Value) -> String {
    format!("{:.4}", value.as_f64().unwrap_or_default())
}

async fn show(client: &Client, arguments: &Show, json: bool) -> anyhow::Result<()> {
    let path = ["api", "v1", "telemetry", "sessions", &arguments.session];
    let query = [("limit", arguments.events.to_string())];
    let found = client
        .get(&path, &query)
        .await
        .map_err(|failure| match failure {
            Failure::Told { code, .. } if code == "not_found" => Failure::NotFound(format!(
                "no telemetry speaks of a session {}: `civitas telemetry sessions` lists them",
                arguments.session
            )),
            other => other,
        })?;
    if json {
        return Ok(output::json(&found)?);
    }
    table(&["FIELD", "VALUE"], &facts(&found))?;
    sums("MODEL", &found["by_model"])?;
    sums("AGENT", &found["by_agent"])?;
    let timeline = found["timeline"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = timeline.map(event_row).collect();
    if !rows.is_empty() {
        data("")?;
        table(&["AT", "WHAT", "TOOL USE", "DETAIL"], &rows)?;
    }
    Ok(())
}

fn facts(session: &Value) -> Vec<Vec<String>> {
    let (counts, sequence) = (&session["counts"], &session["sequence"]);
    let gaps = sequence["gaps"].as_array().into_iter().flatten().take(8);
    let gaps: Vec<String> = gaps
        .map(|gap| match (&gap["first"], &gap["last"]) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        })
        .collect();
    let missing = match sequence["missing"].as_u64().unwrap_or_default() {
        0 => String::new(),
        count => format!("{count} events: {}", gaps.join(", ")),
    };
    let tools = format!(
        "{} accepted, {} rejected, {} succeeded, {} failed",
        counts["tools_accepted"],
        counts["tools_rejected"],
        counts["tools_succeeded"],
        counts["tools_failed"]
    );
    let used = &session["tokens"];
    let used = format!(
        "{} in, {} out, {} from the cache, {} into it",
        used["input"], used["output"], used["cache_read"], used["cache_creation"]
    );
    let models = session["models"].as_array().into_iter().flatten();
    let models: Vec<&str> = models.filter_map(Value::as_str).collect();
    [
        ("session", clean(text(session, "session_id"))),
        ("agent", clean(text(session, "agent_name"))),
        ("agent id", clean(text(session, "agent_id"))),
        ("user", clean(text(session, "user_email"))),
        ("client", clean(text(session, "client"))),
        ("models", clean(&models.join(", "))),
        ("first seen", moment(session, "first_seen_at")),
        ("last seen", moment(session, "last_seen_at")),
        ("requests", counts["requests"].to_string()),
        ("errors", counts["errors"].to_string()),
        ("prompts", counts["prompts"].to_string()),
        ("tools", tools),
        ("tokens", used),
        ("cost in USD", money(&session["cost_usd"])),
        ("missing", missing),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| vec![name.to_owned(), value])
    .collect()
}

fn event_row(entry: &Value) -> Vec<String> {
    let event = &entry["event"];
    let detail = if entry["request"].is_object() {
        let request = &entry["request"];
        format!(
            "{}, {} tokens, {} USD",
            text(request, "model"),
            tokens(&request["tokens"]),
            money(&request["cost_usd"])
        )
    } else {
        let said = event["attributes"].as_object().into_iter().flatten();
        let said: Vec<String> = said
            .take(4)
            .map(|(name, value)| match value.as_str() {
                Some(text) => format!("{name}={text}"),
                None => format!("{name}={value}"),
            })
            .collect();
        said.join(" ")
    };
    vec![
        moment(entry, "at"),
        short(text(entry, "name"), 36),
        short(text(event, "tool_use_id"), 28),
        short(&detail, 60),
    ]
}

async fn summary(client: &Client, arguments: &Summary, json: bool) -> anyhow::Result<()> {
    let query = [("days", arguments.days.to_string())];
    let found = client
        .get(&["api", "v1", "telemetry", "summary"], &query)
        .await?;
    if json {
        return Ok(output::json(&found)?);
    }
    let total = &found["total"];
    data(&format!(
        "{BOLD}{} requests, {} tokens, {} USD{BOLD:#} in {} days",
        total["requests"],
        tokens(&total["tokens"]),
        money(&total["cost_usd"]),
        found["period_days"]
    ))?;
    sums("MODEL", &found["by_model"])?;
    sums("AGENT", &found["by_agent"])?;
    let days = found["by_day"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = days
        .map(|sum| sum_row(text(sum, "day").get(..10).unwrap_or_default(), sum))
        .collect();
    print("DAY", &rows)?;
    if total["unpriced"].as_u64().is_some_and(|count| count > 0) {
        note(&format!(
            "{} requests did not say what they cost",
            total["unpriced"]
        ));
    }
    Ok(())
}

fn sums(heading: &str, list: &Value) -> std::io::Result<()> {
    let list = list.as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = list
        .map(|sum| match text(sum, "name") {
            "" => sum_row("(not said)", sum),
            name => sum_row(name, sum),
        })
        .collect();
    print(heading, &rows)
}

fn sum_row(name: &str, sum: &Value) -> Vec<String> {
    let used = &sum["tokens"];
    let count = |kind: &str| grouped(used[kind].as_u64().unwrap_or_default());
    vec![
        short(name, 40),
        sum["requests"].to_string(),
        count("input"),
        count("output"),
        count("cache_read"),
        count("cache_creation"),
        money(&sum["cost_usd"]),
    ]
}

fn print(heading: &str, rows: &[Vec<String>]) -> std::io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    data("")?;
    let headings = [
        heading,
        "REQUESTS",
        "INPUT",
        "OUTPUT",
        "CACHE READ",
        "CACHE WRITE",
        "COST USD",
    ];
    table(&headings, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), shown);
        }
    }
}
