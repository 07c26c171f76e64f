//! `civitas policy check`: what would be decided, and why.

use std::path::PathBuf;

use anstyle::Style;
use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::json_input::object;
use crate::cli::output::{self, BAD, BOLD, DIM, GOOD, WARN, clean, data, short, text};
use crate::client::Client;

/// A call to judge.
#[derive(Debug, Args)]
pub struct Check {
    /// A command of a shell.
    #[arg(value_name = "COMMAND", conflicts_with_all = ["tool", "input", "path"])]
    pub command: Option<String>,
    /// An agent, by its name or id; one that is not registered is judged as such.
    #[arg(long, value_name = "AGENT", conflicts_with = "role")]
    pub agent: Option<String>,
    /// Any agent of this role. With neither it is whoever the session runs as, or a system operation.
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// Another tool than the shell, such as `Read`, `Write` or `mcp__github__create_issue`.
    #[arg(long, value_name = "TOOL")]
    pub tool: Option<String>,
    /// Its input, as JSON.
    #[arg(long, value_name = "JSON", requires = "tool")]
    pub input: Option<String>,
    /// The file that it is about.
    #[arg(long, value_name = "FILE", requires = "tool", conflicts_with = "input")]
    pub path: Option<String>,
    /// The project's folder; this one when absent.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The environment, such as dev.
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    pub environment: String,
    /// What is known of the session, such as `read_secret`; may be repeated.
    #[arg(long = "fact", value_name = "FACT")]
    pub facts: Vec<String>,
    /// A session, whose facts, budget and halts count, too.
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// Another version than the active one.
    #[arg(id = "policy_version", long = "policy-version", value_name = "VERSION")]
    pub version: Option<u64>,
    /// What must come out: allow, ask or deny.
    #[arg(long, value_name = "OUTCOME", value_parser = ["allow", "ask", "deny"])]
    pub expect: Option<String>,
}

/// Runs the command.
pub(super) async fn run(client: &Client, arguments: &Check, machine: bool) -> anyhow::Result<()> {
    let body = body(arguments)?;
    let said = client
        .post(&["api", "v1", "policy", "check"], Some(&body))
        .await?;
    if machine {
        output::json(&said)?;
    } else {
        explain(&said, arguments)?;
    }
    match &arguments.expect {
        Some(expected) if text(&said, "outcome") != expected => {
            let message = format!("expected {expected}, got {}", clean(text(&said, "outcome")));
            Err(Failure::Failed(message).into())
        }
        _ => Ok(()),
    }
}

fn body(arguments: &Check) -> anyhow::Result<Value> {
    let (tool, input) = match (&arguments.command, &arguments.tool) {
        (Some(command), _) => ("Bash", json!({ "command": command })),
        (None, Some(tool)) => {
            let input = match (&arguments.input, &arguments.path) {
                (Some(input), _) => {
                    object(input, "the input", "{\"url\": \"https://example.com\"}")?
                }
                (None, Some(path)) => json!({ "file_path": path, "path": path }),
                (None, None) => json!({}),
            };
            (tool.as_str(), input)
        }
        (None, None) => {
            let message =
                "say what to judge: a command, such as 'rm -rf build', or a tool with --tool";
            return Err(Failure::Usage(message.to_owned()).into());
        }
    };
    let root = match &arguments.root {
        Some(root) => std::path::absolute(root),
        None => std::env::current_dir(),
    };
    let root = root.context("this folder has no path")?;
    let home = std::env::home_dir().map(|home| home.display().to_string());
    Ok(json!({
        "agent": arguments.agent,
        "role": arguments.role,
        "tool_name": tool,
        "tool_input": input,
        "place": { "root": root.display().to_string(), "home": home },
        "environment": arguments.environment,
        "facts": arguments.facts,
        "session_id": arguments.session,
        "version": arguments.version,
    }))
}

/// The colour, sign and word of an outcome.
fn dress(outcome: &str) -> (Style, &'static str, &'static str) {
    match outcome {
        "allow" => (GOOD, "✓", "ALLOWED"),
        "ask" => (WARN, "?", "NEEDS APPROVAL"),
        _ => (BAD, "✗", "DENIED"),
    }
}

fn explain(said: &Value, arguments: &Check) -> std::io::Result<()> {
    let decision = &said["decision"];
    let (style, sign, word) = dress(text(said, "outcome"));
    let what = arguments.command.as_deref().or(arguments.tool.as_deref());
    let agent = &said["request"]["agent"];
    let who = match text(agent, "name") {
        "" => match text(&said["request"], "unregistered") {
            "" => "nobody's agent".to_owned(),
            name => format!("{name} (not registered)"),
        },
        name if name.starts_with("any ") => name.to_owned(),
        name => format!("{name} ({})", text(agent, "role")),
    };
    data(&format!(
        "{style}{sign} {word}{style:#}  {BOLD}{}{BOLD:#}  by {}",
        short(what.unwrap_or_default(), 100),
        clean(&who)
    ))?;
    data(&format!("  {}", short(text(said, "reason"), 600)))?;
    judged(decision)?;
    applied(decision)?;
    around(said)
}

/// Everything that was judged, in the order of the steps.
fn judged(decision: &Value) -> std::io::Result<()> {
    data(&format!("\n  {DIM}what was judged{DIM:#}"))?;
    let judged = decision["judged"].as_array().into_iter().flatten();
    for one in judged {
        let (style, sign, _) = dress(text(one, "outcome"));
        let action = match text(one, "action") {
            "" => text(one, "step"),
            action => action,
        };
        let policies = one["policies"].as_array().into_iter().flatten();
        let policies: Vec<&str> = policies.filter_map(Value::as_str).collect();
        let why = match text(one, "reason") {
            "" => format!("{DIM}{}{DIM:#}", clean(&policies.join(", "))),
            reason => format!("{style}{}{style:#}", clean(reason)),
        };
        data(&format!(
            "  {style}{sign}{style:#} {:<12} {:<40} {why}",
            action.replace('_', " "),
            short(text(one, "subject"), 40)
        ))?;
    }
    Ok(())
}

/// The policies that applied, where they stand, and what they say.
fn applied(decision: &Value) -> std::io::Result<()> {
    let policies = decision["policies"].as_array().cloned().unwrap_or_default();
    if policies.is_empty() {
        return Ok(());
    }
    let width = policies.iter().map(|one| text(one, "id").chars().count());
    let width = width.max().unwrap_or_default().min(40);
    data(&format!("\n  {DIM}policies that applied{DIM:#}"))?;
    for one in &policies {
        let (style, effect) = match (text(one, "effect"), one["requires_approval"] == true) {
            (_, true) => (WARN, "holds"),
            ("permit", false) => (GOOD, "permits"),
            _ => (BAD, "forbids"),
        };
        data(&format!(
            "  {style}{effect:<8}{style:#} {:<width$}  {}  {DIM}{}{DIM:#}",
            short(text(one, "id"), 40),
            short(text(one, "reason"), 100),
            short(text(one, "source"), 60)
        ))?;
    }
    Ok(())
}

/// What else counted, and what would be used.
fn around(said: &Value) -> std::io::Result<()> {
    let decision = &said["decision"];
    let list = |name: &str| {
        let items = decision[name].as_array().into_iter().flatten();
        let items: Vec<&str> = items.filter_map(Value::as_str).collect();
        clean(&items.join(", "))
    };
    let expected = &decision["expected"];
    let usd = expected["micro_usd"].as_f64().unwrap_or_default() / 1e6;
    let fingerprint: String = text(decision, "fingerprint").chars().take(12).collect();
    let shadow = match text(&decision["shadow"], "outcome") {
        "" => String::new(),
        outcome => format!("{outcome}: {}", text(&decision["shadow"], "reason")),
    };
    let lines = [
        ("approvers", list("approvers")),
        ("operations", list("operations")),
        ("facts", list("facts")),
        ("learned", list("gained")),
        ("warnings", list("warnings")),
        ("if watched policies counted", clean(&shadow)),
        (
            "expected use",
            format!("{} tokens, {usd:.4} USD", expected["tokens"]),
        ),
        (
            "decided by",
            format!(
                "version {} ({}) in {} µs",
                said["version"],
                clean(&fingerprint),
                decision["elapsed_us"]
            ),
        ),
    ];
    data("")?;
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        data(&format!("  {DIM}{name}:{DIM:#} {value}"))?;
    }
    for budget in said["budgets"].as_array().into_iter().flatten() {
        let mut parts = Vec::new();
        for (cap, used, unit) in [
            ("cap_usd", "used_usd", "USD"),
            ("cap_tokens", "used_tokens", "tokens"),
        ] {
            if !budget[cap].is_null() {
                parts.push(format!("{} of {} {unit}", budget[used], budget[cap]));
            }
        }
        if !parts.is_empty() {
            let scope = clean(text(budget, "scope"));
            data(&format!(
                "  {DIM}budget {scope}:{DIM:#} {}",
                parts.join(", ")
            ))?;
        }
    }
    Ok(())
}
