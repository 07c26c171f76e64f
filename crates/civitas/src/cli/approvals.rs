//! `civitas approvals`, `civitas approve` and `civitas deny`: what waits for people.

mod shown;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::failure::Failure;
use super::json_input;
use super::output::{self, clean, data, moment, note, short, table, text};
use super::quantity;
use super::remote::Remote;
use crate::client::Client;

/// How often `watch` looks.
const LOOK: Duration = Duration::from_secs(2);

/// Decide what waits for people: see it, approve it, deny it.
#[derive(Debug, Subcommand)]
pub enum Approvals {
    /// List approvals, newest first: those that wait, unless asked otherwise.
    #[command(
        after_help = "Examples:\n  civitas approvals list\n  civitas approvals list --state denied --limit 5\n  civitas approvals list --state all --json"
    )]
    List(List),
    /// Show exactly what would be done, who asks, and why.
    #[command(after_help = "Example:\n  civitas approvals show P7")]
    Show(One),
    /// Approve: whoever asked goes on at once. Also: `civitas approve P7`.
    #[command(
        after_help = "Examples:\n  civitas approvals approve P7\n  civitas approvals approve P7 --input edited.json --comment 'to a branch'\n  civitas approvals approve P7 --always request --for 7d"
    )]
    Approve(Approve),
    /// Deny. Also: `civitas deny P7`.
    #[command(after_help = "Example:\n  civitas approvals deny P7 --comment 'not on a Friday'")]
    Deny(Deny),
    /// Take back what nobody needs any more: nothing is done. Whoever may write may.
    #[command(after_help = "Example:\n  civitas approvals withdraw P7 --comment 'done by hand'")]
    Withdraw(Deny),
    /// Let someone else decide, too: a member by e-mail address, or a role.
    #[command(
        after_help = "Example:\n  civitas approvals delegate P7 ada@example.com --comment 'your code'"
    )]
    Delegate(Delegate),
    /// Print each approval as it comes, until interrupted.
    #[command(after_help = "Example:\n  civitas approvals watch")]
    Watch,
    /// List what need not be asked again for a while, or take it back.
    #[command(
        after_help = "Examples:\n  civitas approvals allowances\n  civitas approvals allowances --revoke ALLOWANCE_ID"
    )]
    Allowances(Allowances),
}

/// Which approvals.
#[derive(Debug, Args)]
pub struct List {
    /// In this state: pending, approved, denied, expired, withdrawn, used, or all.
    #[arg(long, default_value = "pending")]
    pub state: String,
    /// At most this many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// Where the page before ended.
    #[arg(long, value_name = "NUMBER")]
    pub cursor: Option<u64>,
}

/// Which approval.
#[derive(Debug, Args)]
pub struct One {
    /// Its code, in either case, or its id.
    #[arg(value_name = "CODE")]
    pub approval: String,
}

/// What is approved.
#[derive(Debug, Args)]
pub struct Approve {
    /// Its code, in either case, or its id.
    #[arg(value_name = "CODE")]
    pub approval: String,
    /// Why, for whoever asked and for the record.
    #[arg(long)]
    pub comment: Option<String>,
    /// What to do instead: a file with JSON, or - for standard input.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Do not ask again for a while: exactly this, or whatever this agent does with this tool.
    #[arg(long, value_name = "SCOPE")]
    pub always: Option<Scope>,
    /// For how long, up to 30d.
    #[arg(long = "for", value_name = "DURATION", default_value = "1d", requires = "always", value_parser = quantity::duration)]
    pub lasting: Duration,
    /// The request's digest that you looked at: when it is another by now, nothing is decided.
    #[arg(long, value_name = "SHA256")]
    pub hash: Option<String>,
}

/// What need not be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Exactly this request.
    Request,
    /// Whatever this agent does with this tool.
    Tool,
}

/// What is denied or taken back.
#[derive(Debug, Args)]
pub struct Deny {
    /// Its code, in either case, or its id.
    #[arg(value_name = "CODE")]
    pub approval: String,
    /// Why, for whoever asked and for the record.
    #[arg(long)]
    pub comment: Option<String>,
}

/// Who else is to decide.
#[derive(Debug, Args)]
pub struct Delegate {
    /// Its code, in either case, or its id.
    #[arg(value_name = "CODE")]
    pub approval: String,
    /// A member's e-mail address or id, or a role: operator, admin.
    #[arg(value_name = "WHO")]
    pub to: String,
    /// Why.
    #[arg(long)]
    pub comment: Option<String>,
}

/// What need not be asked again.
#[derive(Debug, Args)]
pub struct Allowances {
    /// Take this one back.
    #[arg(long, value_name = "ALLOWANCE_ID")]
    pub revoke: Option<String>,
    /// Those that ended, too.
    #[arg(long, conflicts_with = "revoke")]
    pub ended: bool,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Approvals, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    match command {
        Approvals::List(arguments) => list(&client, &arguments, remote.json).await,
        Approvals::Show(one) => {
            let found = find(&client, &one.approval).await?;
            if remote.json {
                return Ok(output::json(&found)?);
            }
            Ok(shown::whole(&found)?)
        }
        Approvals::Approve(arguments) => approve(arguments, remote).await,
        Approvals::Deny(arguments) => deny(arguments, remote).await,
        Approvals::Withdraw(arguments) => {
            refuse(arguments, "withdraw", "is withdrawn", remote).await
        }
        Approvals::Delegate(arguments) => {
            let body = json!({ "to": arguments.to, "comment": arguments.comment });
            let now = act(&client, &arguments.approval, "delegate", &body).await?;
            told(&now, "may be decided by more people now", remote.json)
        }
        Approvals::Watch => watch(&client, remote.json).await,
        Approvals::Allowances(arguments) => allowances(&client, &arguments, remote.json).await,
    }
}

async fn list(client: &Client, arguments: &List, json: bool) -> anyhow::Result<()> {
    let mut query = vec![("limit", arguments.limit.to_string())];
    if arguments.state != "all" {
        query.push(("state", arguments.state.clone()));
    }
    query.extend(
        arguments
            .cursor
            .map(|cursor| ("cursor", cursor.to_string())),
    );
    let page = client.get(&["api", "v1", "approvals"], &query).await?;
    if json {
        return Ok(output::json(&page)?);
    }
    let approvals = page["approvals"].as_array().cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = approvals.iter().map(row).collect();
    table(
        &["CODE", "STATE", "WHO", "TOOL", "WHAT", "WHY", "UNTIL"],
        &rows,
    )?;
    if let Some(cursor) = page["next_cursor"].as_u64() {
        note(&format!("there are more: add --cursor {cursor}"));
    } else if approvals.is_empty() && arguments.state == "pending" {
        note("nothing waits for people");
    }
    Ok(())
}

fn row(approval: &Value) -> Vec<String> {
    vec![
        clean(text(approval, "code")),
        clean(text(approval, "state")),
        short(text(approval, "agent_name"), 24),
        short(text(approval, "tool_name"), 16),
        short(text(approval, "summary"), 60),
        short(text(approval, "reason"), 60),
        moment(approval, "expires_at"),
    ]
}

async fn find(client: &Client, approval: &str) -> Result<Value, Failure> {
    client
        .get(&["api", "v1", "approvals", approval], &[])
        .await
        .map_err(|failure| missing(failure, approval))
}

fn missing(failure: Failure, approval: &str) -> Failure {
    match failure {
        Failure::Told { code, .. } if code == "not_found" => Failure::NotFound(format!(
            "there is no approval {approval}: `civitas approvals list` shows those that wait"
        )),
        other => other,
    }
}

async fn act(client: &Client, approval: &str, verb: &str, body: &Value) -> Result<Value, Failure> {
    let path = ["api", "v1", "approvals", approval, verb];
    let told = client.post(&path, Some(body)).await;
    told.map_err(|failure| missing(failure, approval))
}

/// Approves one.
pub(crate) async fn approve(arguments: Approve, remote: &Remote) -> anyhow::Result<()> {
    let mut body = json!({});
    if let Some(comment) = arguments.comment {
        body["comment"] = json!(comment);
    }
    if let Some(hash) = arguments.hash {
        body["request_hash"] = json!(hash);
    }
    if let Some(path) = arguments.input {
        body["input"] = edited(&path)?;
    }
    if let Some(scope) = arguments.always {
        let scope = match scope {
            Scope::Request => "request",
            Scope::Tool => "tool",
        };
        body["always"] = json!({ "scope": scope, "expires_in": arguments.lasting.as_secs() });
    }
    let client = remote.client()?;
    let now = act(&client, &arguments.approval, "approve", &body).await?;
    let missing = now["missing"].as_u64().unwrap_or_default();
    let what = match missing {
        _ if now["state"] != "pending" => "is approved".to_owned(),
        1 => "is approved by you: one more has to agree".to_owned(),
        more => format!("is approved by you: {more} more have to agree"),
    };
    told(&now, &what, remote.json)
}

/// Reads an edited input.
fn edited(path: &std::path::Path) -> anyhow::Result<Value> {
    let read = json_input::read(path)?;
    serde_json::from_str(&read).map_err(|error| {
        Failure::Usage(format!("{} does not hold JSON: {error}", path.display())).into()
    })
}

/// Denies one.
pub(crate) async fn deny(arguments: Deny, remote: &Remote) -> anyhow::Result<()> {
    refuse(arguments, "deny", "is denied", remote).await
}

async fn refuse(arguments: Deny, verb: &str, what: &str, remote: &Remote) -> anyhow::Result<()> {
    let mut body = json!({});
    if let Some(comment) = arguments.comment {
        body["comment"] = json!(comment);
    }
    let client = remote.client()?;
    let now = act(&client, &arguments.approval, verb, &body).await?;
    told(&now, what, remote.json)
}

fn told(now: &Value, what: &str, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(output::json(now)?);
    }
    let (code, summary) = (clean(text(now, "code")), short(text(now, "summary"), 80));
    note(&format!("{code} {what}: {summary}"));
    Ok(())
}

/// Prints what comes, beginning with what waits already. A server that is away for a while is waited for.
async fn watch(client: &Client, json: bool) -> anyhow::Result<()> {
    let mut seen = 0;
    let mut reached = false;
    loop {
        let query = [("state", "pending".to_owned()), ("limit", "200".to_owned())];
        match client.get(&["api", "v1", "approvals"], &query).await {
            Ok(page) => {
                reached = true;
                let approvals = page["approvals"].as_array().cloned().unwrap_or_default();
                // Oldest first, as they came.
                for approval in approvals.iter().rev() {
                    let number = number(approval);
                    if number > seen {
                        seen = number;
                        announce(approval, json)?;
                    }
                }
            }
            Err(Failure::Unreachable { .. }) if reached => {}
            Err(failure) => return Err(failure.into()),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The 7 of P7.
fn number(approval: &Value) -> u64 {
    let code = text(approval, "code");
    code.trim_start_matches('P').parse().unwrap_or_default()
}

fn announce(approval: &Value, json: bool) -> std::io::Result<()> {
    if json {
        return data(&approval.to_string());
    }
    shown::whole(approval)?;
    data("")
}

async fn allowances(client: &Client, arguments: &Allowances, json: bool) -> anyhow::Result<()> {
    if let Some(id) = &arguments.revoke {
        client.delete(&["api", "v1", "allowances", id]).await?;
        note("it is asked again from now on");
        return Ok(());
    }
    let query = [
        ("ended", arguments.ended.to_string()),
        ("limit", "200".to_owned()),
    ];
    let page = client.get(&["api", "v1", "allowances"], &query).await?;
    if json {
        return Ok(output::json(&page)?);
    }
    let allowances = page["allowances"].as_array().cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = allowances
        .iter()
        .map(|one| {
            vec![
                clean(text(one, "scope")),
                short(text(one, "agent_name"), 24),
                short(text(one, "tool_name"), 20),
                short(text(one, "granted_by"), 30),
                moment(one, "expires_at"),
                one["uses"].to_string(),
                clean(text(one, "allowance_id")),
            ]
        })
        .collect();
    Ok(table(
        &[
            "COVERS",
            "AGENT",
            "TOOL",
            "GIVEN BY",
            "UNTIL",
            "USES",
            "ALLOWANCE ID",
        ],
        &rows,
    )?)
}
