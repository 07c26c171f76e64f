//! `civitas intent`: what can be done, and doing it.

mod schema;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::json_input::{object, read};
use super::output::{self, BOLD, DIM, clean, data, note, short, status_style, table, text};
use super::remote::Remote;
use crate::client::completed;

/// What is given as JSON, and how it may look.
const WHAT: &str = "the parameters";
const EXAMPLE: &str = "{\"limit\": 5}";

/// See what can be done, and do it.
#[derive(Debug, Subcommand)]
pub enum Intent {
    /// Submit an intent. It is durable once this answers, and runs by itself.
    #[command(
        after_help = "Examples:\n  civitas intent submit list_files limit=5 --wait\n  civitas intent submit parse_content file_id=FILE_ID 'parse_options={\"pages_max\":2}' --wait\n  echo '{\"file_id\":\"…\"}' | civitas intent submit get_file_by_id --file - --wait"
    )]
    Submit(Submit),
    /// List the intents that can be submitted.
    #[command(after_help = "Example:\n  civitas intent list")]
    List,
    /// Show an intent: its parameters, what it answers, who may submit it.
    #[command(after_help = "Example:\n  civitas intent show parse_content")]
    Show {
        /// The intent's type.
        #[arg(value_name = "TYPE")]
        intent_type: String,
    },
}

/// Submit an intent.
#[derive(Debug, Args)]
pub struct Submit {
    /// The intent's type, such as `parse_content`.
    #[arg(value_name = "TYPE")]
    pub intent_type: String,
    /// Parameters; a value is JSON unless the parameter is a text.
    #[arg(value_name = "KEY=VALUE")]
    pub parameters: Vec<String>,
    /// All parameters as one JSON object.
    #[arg(long, value_name = "JSON", conflicts_with = "parameters")]
    pub parameters_json: Option<String>,
    /// All parameters from a file with one JSON object; `-` is standard input.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["parameters", "parameters_json"])]
    pub file: Option<PathBuf>,
    /// The key under which a repetition is the same submission.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Wait for its end and print what it made; exit code 1 when it fails.
    #[arg(short, long)]
    pub wait: bool,
}

/// Runs a command of the group.
pub(crate) async fn run(command: Intent, remote: &Remote) -> anyhow::Result<()> {
    match command {
        Intent::Submit(arguments) => submit(arguments, remote).await,
        Intent::List => list(remote).await,
        Intent::Show { intent_type } => show(&intent_type, remote).await,
    }
}

async fn submit(arguments: Submit, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let parameters = match (&arguments.parameters_json, &arguments.file) {
        (Some(json), _) => object(json, WHAT, EXAMPLE)?,
        (None, Some(path)) => object(&read(path)?, WHAT, EXAMPLE)?,
        (None, None) if arguments.parameters.is_empty() => json!({}),
        (None, None) => {
            let known = client
                .get(&["api", "intents", &arguments.intent_type], &[])
                .await?;
            from_pairs(&arguments.parameters, &known["parameters"])?
        }
    };
    let mut body = json!({ "intent_type": arguments.intent_type, "parameters": parameters });
    if let Some(key) = arguments.idempotency_key {
        body["idempotency_key"] = key.into();
    }
    let accepted = client
        .post(&["api", "intent", "submit"], Some(&body))
        .await?;
    let execution = text(&accepted, "execution_id");
    if !arguments.wait {
        if remote.json {
            return Ok(output::json(&accepted)?);
        }
        data(execution)?;
        note(&format!(
            "accepted; follow it with `civitas executions watch {execution}`"
        ));
        return Ok(());
    }
    let ended = client.wait(execution).await?;
    if remote.json {
        output::json(&ended)?;
        completed(&ended)?;
        return Ok(());
    }
    let status = text(&ended, "status").to_owned();
    let style = status_style(&status);
    note(&format!(
        "{style}{status}{style:#} {DIM}{}{DIM:#}",
        clean(execution)
    ));
    let artifact = completed(&ended)?;
    Ok(output::json(&artifact["semantic_payload"])?)
}

fn from_pairs(pairs: &[String], schema: &Value) -> Result<Value, Failure> {
    let mut parameters = Map::new();
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Failure::Usage(format!("`{pair}` is no KEY=VALUE")));
        };
        let value = if schema::takes_text(schema, key) {
            Value::from(value)
        } else {
            serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))
        };
        parameters.insert(key.to_owned(), value);
    }
    Ok(Value::Object(parameters))
}

async fn list(remote: &Remote) -> anyhow::Result<()> {
    let catalogue = remote.client()?.get(&["api", "intents"], &[]).await?;
    if remote.json {
        return Ok(output::json(&catalogue)?);
    }
    let intents = catalogue["intents"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = intents
        .map(|intent| {
            let description = text(intent, "description")
                .lines()
                .next()
                .unwrap_or_default();
            vec![
                clean(text(intent, "intent_type")),
                clean(text(intent, "realm")),
                clean(text(intent, "permission")),
                short(description, 90),
            ]
        })
        .collect();
    Ok(table(&["TYPE", "REALM", "NEEDS", "WHAT IT DOES"], &rows)?)
}

async fn show(intent_type: &str, remote: &Remote) -> anyhow::Result<()> {
    let intent = remote
        .client()?
        .get(&["api", "intents", intent_type], &[])
        .await?;
    if remote.json {
        return Ok(output::json(&intent)?);
    }
    let name = clean(text(&intent, "intent_type"));
    data(&format!(
        "{BOLD}{name}{BOLD:#}  {DIM}realm {}, needs `{}`{DIM:#}",
        clean(text(&intent, "realm")),
        clean(text(&intent, "permission"))
    ))?;
    for line in text(&intent, "description").lines() {
        data(&format!("  {}", clean(line)))?;
    }
    data(&format!("\n{BOLD}Parameters{BOLD:#}"))?;
    for line in schema::describe(&intent["parameters"]) {
        data(&line)?;
    }
    data(&format!(
        "\n{BOLD}Answers{BOLD:#} under `{}`",
        clean(text(&intent, "artifact"))
    ))?;
    for line in schema::describe(&intent["output"]) {
        data(&line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_text_where_text_is_meant_and_json_elsewhere() {
        let schema = json!({ "properties": { "name": { "type": ["string", "null"] }, "limit": { "type": "integer" } } });
        let pairs = ["name=5", "limit=5", "other=a=b"].map(str::to_owned);
        let parameters = from_pairs(&pairs, &schema).unwrap();
        assert_eq!(
            parameters,
            json!({ "name": "5", "limit": 5, "other": "a=b" })
        );
        assert!(matches!(
            from_pairs(&["x".to_owned()], &schema),
            Err(Failure::Usage(_))
        ));
    }
}
