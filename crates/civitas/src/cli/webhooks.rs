//! `civitas webhooks`: where events are sent to, and whether what was received is genuine.

mod verify;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{self, clean, data, moment, note, short, table, text};
use super::remote::Remote;
use crate::client::Client;
use verify::Verify;

/// Send what agents do to other services, signed, and see what became of it.
#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// List webhooks, oldest first. Needs an administrator, as all of these but `verify` do.
    #[command(after_help = "Example:\n  civitas webhooks list")]
    List,
    /// Set a webhook up. Its secret is printed once, on standard output.
    #[command(
        after_help = "Examples:\n  civitas webhooks add https://example.com/hooks/civitas > secret.txt\n  civitas webhooks add https://example.com/hooks/civitas --type rbac_decision,approval_requested --description \"page the owner\""
    )]
    Add(Add),
    /// Show a webhook.
    #[command(after_help = "Example:\n  civitas webhooks show wh_0198c2a4b6d87e32a1f05c7d9e3b4a60")]
    Show(Which),
    /// Send events again, from now on: to one that was disabled, by you or because it only failed.
    #[command(
        after_help = "Example:\n  civitas webhooks enable wh_0198c2a4b6d87e32a1f05c7d9e3b4a60"
    )]
    Enable(Which),
    /// Send nothing more for now.
    #[command(
        after_help = "Example:\n  civitas webhooks disable wh_0198c2a4b6d87e32a1f05c7d9e3b4a60"
    )]
    Disable(Which),
    /// Remove a webhook, with what was still to be sent.
    #[command(
        after_help = "Example:\n  civitas webhooks remove wh_0198c2a4b6d87e32a1f05c7d9e3b4a60 --yes"
    )]
    Remove {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// Yes, for good.
        #[arg(long)]
        yes: bool,
    },
    /// Send a test message now; exit code 1 when it was not taken.
    #[command(after_help = "Example:\n  civitas webhooks test wh_0198c2a4b6d87e32a1f05c7d9e3b4a60")]
    Test(Which),
    /// List what was sent, newest first, and what became of it.
    #[command(
        after_help = "Examples:\n  civitas webhooks deliveries wh_0198c2a4b6d87e32a1f05c7d9e3b4a60\n  civitas webhooks deliveries wh_0198c2a4b6d87e32a1f05c7d9e3b4a60 --status dead --json"
    )]
    Deliveries(Deliveries),
    /// Send again: one delivery, or all since a time.
    #[command(
        after_help = "Examples:\n  civitas webhooks replay wh_0198c2a4b6d87e32a1f05c7d9e3b4a60 msg_0198c2a4b6d87e32a1f05c7d9e3b4a61\n  civitas webhooks replay wh_0198c2a4b6d87e32a1f05c7d9e3b4a60 --since 2026-11-20T08:00:00Z"
    )]
    Replay(Replay),
    /// Give a webhook a new secret, printed once on standard output. The one before is good for a day.
    #[command(
        after_help = "Example:\n  civitas webhooks rotate wh_0198c2a4b6d87e32a1f05c7d9e3b4a60 > secret.txt"
    )]
    Rotate(Which),
    /// Check a message that was received, without a server; exit code 1 when it is forged, changed or too old.
    #[command(
        after_help = "Example:\n  CIVITAS_WEBHOOK_SECRET=$(cat secret.txt) civitas webhooks verify body.json \\\n    -H 'webhook-id: msg_0198c2a4b6d87e32a1f05c7d9e3b4a61' -H 'webhook-timestamp: 1795305600' -H 'webhook-signature: v1,…'"
    )]
    Verify(Verify),
}

/// Which webhook.
#[derive(Debug, Args)]
pub struct Which {
    /// Its id, as `civitas webhooks list` shows it.
    #[arg(value_name = "WEBHOOK_ID")]
    pub id: String,
}

/// A webhook to set up.
#[derive(Debug, Args)]
pub struct Add {
    /// Where events are sent to.
    pub url: String,
    /// Only events of these types, with commas between.
    #[arg(long = "type", value_delimiter = ',', value_name = "TYPES")]
    pub types: Vec<String>,
    /// What it is for.
    #[arg(long, default_value = "")]
    pub description: String,
    /// Messages under way at the same time; with 1, first tries arrive in order.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub concurrency: u32,
    /// Do not send anything yet.
    #[arg(long)]
    pub disabled: bool,
}

/// Which deliveries.
#[derive(Debug, Args)]
pub struct Deliveries {
    /// Of which webhook.
    #[command(flatten)]
    pub which: Which,
    /// Only those that are pending, delivered or dead.
    #[arg(long, value_parser = ["pending", "delivered", "dead"])]
    pub status: Option<String>,
    /// Only events of this type.
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..200))]
    pub limit: u32,
}

/// What to send again.
#[derive(Debug, Args)]
pub struct Replay {
    /// Of which webhook.
    #[command(flatten)]
    pub which: Which,
    /// One delivery.
    #[arg(value_name = "DELIVERY_ID", required_unless_present = "since")]
    pub delivery: Option<String>,
    /// All that were planned at this time (RFC 3339) or later.
    #[arg(long, value_name = "TIME", conflicts_with = "delivery")]
    pub since: Option<String>,
}

const ROOT: [&str; 3] = ["api", "v1", "webhooks"];

/// Runs a command of the group.
pub(crate) async fn run(command: Webhooks, remote: &Remote) -> anyhow::Result<()> {
    if let Webhooks::Verify(arguments) = &command {
        return verify::run(arguments, remote.json);
    }
    let client = remote.client()?;
    let json = remote.json;
    match command {
        Webhooks::List => list(&client, json).await,
        Webhooks::Add(arguments) => {
            let body = json!({
                "url": arguments.url,
                "types": arguments.types,
                "description": arguments.description,
                "concurrency": arguments.concurrency,
                "enabled": !arguments.disabled,
            });
            secret(&client.post(&ROOT, Some(&body)).await?, json)
        }
        Webhooks::Show(Which { id }) => show(&client.get(&path(&id, &[]), &[]).await?, json),
        Webhooks::Enable(Which { id }) => enable(&client, &id, true, json).await,
        Webhooks::Disable(Which { id }) => enable(&client, &id, false, json).await,
        Webhooks::Remove { which, yes } => {
            let id = which.id;
            if !yes {
                let message =
                    format!("what was still to be sent goes, too: add --yes to remove {id}");
                return Err(Failure::Usage(message).into());
            }
            client.delete(&path(&id, &[])).await?;
            note("removed");
            Ok(())
        }
        Webhooks::Test(Which { id }) => {
            let delivery = client.post(&path(&id, &["test"]), None).await?;
            test(&delivery, json)
        }
        Webhooks::Deliveries(arguments) => deliveries(&client, &arguments, json).await,
        Webhooks::Replay(arguments) => replay(&client, &arguments, json).await,
        Webhooks::Rotate(Which { id }) => {
            secret(&client.post(&path(&id, &["rotate"]), None).await?, json)
        }
        Webhooks::Verify(_) => Ok(()),
    }
}

fn path<'a>(id: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [ROOT.as_slice(), &[id], rest].concat()
}

async fn enable(client: &Client, id: &str, enabled: bool, json: bool) -> anyhow::Result<()> {
    let body = json!({ "enabled": enabled });
    show(&client.patch(&path(id, &[]), &body).await?, json)
}

async fn list(client: &Client, json: bool) -> anyhow::Result<()> {
    let listed = client.get(&ROOT, &[]).await?;
    if json {
        return Ok(output::json(&listed)?);
    }
    let webhooks = listed["webhooks"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = webhooks
        .map(|webhook| {
            vec![
                clean(text(webhook, "webhook_id")),
                clean(text(webhook, "state")),
                short(text(webhook, "url"), 60),
                short(&types(webhook), 40),
                short(text(webhook, "description"), 40),
            ]
        })
        .collect();
    let head = ["WEBHOOK ID", "STATE", "URL", "TYPES", "DESCRIPTION"];
    Ok(table(&head, &rows)?)
}

fn types(webhook: &Value) -> String {
    let types = webhook["types"].as_array().into_iter().flatten();
    let types: Vec<&str> = types.filter_map(Value::as_str).collect();
    if types.is_empty() {
        "all".to_owned()
    } else {
        types.join(",")
    }
}

/// The secret as data, everything else as a note.
fn secret(made: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(output::json(made)?);
    }
    data(text(made, "secret"))?;
    note(&format!(
        "shown once; id {}, {}",
        clean(text(made, "webhook_id")),
        clean(text(made, "state"))
    ));
    Ok(())
}

fn show(webhook: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(output::json(webhook)?);
    }
    let mut rows = Vec::new();
    for (name, value) in webhook.as_object().into_iter().flatten() {
        let value = match value {
            Value::String(text) => clean(text),
            Value::Array(_) => types(webhook),
            other => other.to_string(),
        };
        rows.push(vec![name.replace('_', " "), value]);
    }
    Ok(table(&["FIELD", "VALUE"], &rows)?)
}

/// What came of the last try.
fn outcome(delivery: &Value) -> String {
    let log = delivery["log"].as_array();
    let Some(last) = log.and_then(|log| log.last()) else {
        return String::new();
    };
    let status = last["status"].as_u64().map(|status| status.to_string());
    let error = text(last, "error");
    let took = format!("{} ms", last["duration_ms"]);
    let parts = [status.as_deref().unwrap_or_default(), error, &took];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    clean(&parts.join(" · "))
}

fn test(delivery: &Value, json: bool) -> anyhow::Result<()> {
    let is_taken = delivery["status"] == "delivered";
    if json {
        output::json(delivery)?;
    } else {
        note(&outcome(delivery));
    }
    if is_taken {
        return Ok(());
    }
    Err(Failure::failed("the endpoint did not take the test message").into())
}

async fn deliveries(client: &Client, arguments: &Deliveries, json: bool) -> anyhow::Result<()> {
    let mut query = vec![("limit", arguments.limit.to_string())];
    query.extend(arguments.status.clone().map(|status| ("status", status)));
    query.extend(arguments.kind.clone().map(|kind| ("type", kind)));
    let place = path(&arguments.which.id, &["deliveries"]);
    let page = client.get(&place, &query).await?;
    if json {
        return Ok(output::json(&page)?);
    }
    let deliveries = page["deliveries"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = deliveries
        .map(|delivery| {
            vec![
                clean(text(delivery, "delivery_id")),
                delivery["seq"].to_string(),
                clean(text(delivery, "type")),
                clean(text(delivery, "status")),
                delivery["attempts"].to_string(),
                moment(delivery, "created_at"),
                short(&outcome(delivery), 60),
            ]
        })
        .collect();
    let head = [
        "DELIVERY ID",
        "SEQ",
        "TYPE",
        "STATUS",
        "TRIES",
        "CREATED",
        "LAST TRY",
    ];
    Ok(table(&head, &rows)?)
}

async fn replay(client: &Client, arguments: &Replay, json: bool) -> anyhow::Result<()> {
    let id = arguments.which.id.as_str();
    let answer = match (&arguments.delivery, &arguments.since) {
        (Some(delivery), _) => {
            let place = path(id, &["deliveries", delivery, "replay"]);
            client.post(&place, None).await?
        }
        (None, since) => {
            let body = json!({ "since": since });
            client.post(&path(id, &["replay"]), Some(&body)).await?
        }
    };
    if json {
        return Ok(output::json(&answer)?);
    }
    let count = answer["deliveries"].as_u64().unwrap_or(1);
    note(&format!("{count} to be sent again"));
    if answer["more"] == true {
        let through = clean(text(&answer, "through"));
        note(&format!(
            "there are more: once these are done, go on with --since {through}"
        ));
    }
    Ok(())
}
