//! `civitas agents selftest`: proof that hooks bind, from what the client sends to what it hears.
//!
//! Hooks that are installed and never run look exactly like hooks that allow everything. So nothing here is taken from
//! settings alone: recorded events go to the server, a call that policy denies is made in every way a client makes it, and
//! this program is run as the client runs it.

mod command_form;
mod events;
mod settings;

use civitas_hooks::{CORPUS, Event};
use civitas_model::{Entropy, SystemEntropy};
use clap::Args;
use serde_json::{Value, json};

use super::installed;
use crate::cli::failure::Failure;
use crate::cli::output::{self, BAD, BOLD, GOOD, WARN, clean, data, note};
use crate::cli::remote::Remote;
use crate::client::Client;

/// What no policy lets an agent do.
const DENIED: &str = "rm -rf /";

/// Prove that hooks bind.
#[derive(Debug, Args)]
pub struct Selftest {}

/// What became of a check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// One line of the table.
struct Row {
    check: &'static str,
    outcome: Outcome,
    text: String,
}

impl Row {
    fn of(check: &'static str, result: Result<String, String>) -> Self {
        let (outcome, text) = match result {
            Ok(text) => (Outcome::Passed, text),
            Err(text) => (Outcome::Failed, text),
        };
        Self {
            check,
            outcome,
            text,
        }
    }

    fn skipped(check: &'static str, text: impl Into<String>) -> Self {
        Self {
            check,
            outcome: Outcome::Skipped,
            text: text.into(),
        }
    }
}

/// Who tests what.
struct Bench {
    /// Speaks as the hooks do.
    hooks: Client,
    /// Speaks as whoever runs the test, who may halt.
    operator: Client,
    server: String,
    token: Option<String>,
    /// The session that the test plays.
    session: String,
}

impl Bench {
    fn new(remote: &Remote) -> Result<Self, Failure> {
        let (server, told) = installed::credentials(remote);
        // The token of the hooks, also where whoever runs the test has one that may more.
        let token = installed::token_for(&server).or(told);
        Ok(Self {
            hooks: Client::new(&server, token.clone())?,
            operator: remote.client_of(&server)?,
            server: server.trim_end_matches('/').to_owned(),
            token,
            session: format!("selftest-{}", SystemEntropy.uuid_v4()),
        })
    }

    /// A recorded event as one of this test's session, never seen before by any server.
    fn event(&self, name: &str, change: impl FnOnce(&mut Value)) -> Result<Event, String> {
        let recorded = CORPUS.iter().find(|recorded| recorded.name == name);
        let json = recorded.map(|recorded| recorded.json).unwrap_or_default();
        let mut raw: Value =
            serde_json::from_str(json).map_err(|error| format!("{name}: {error}"))?;
        raw["session_id"] = json!(self.session);
        // A name that nobody registered would stay in the list of those.
        if let Some(fields) = raw.as_object_mut() {
            fields.remove("agent_type");
        }
        if raw.get("tool_use_id").is_some() {
            raw["tool_use_id"] = json!(format!("toolu_{}", SystemEntropy.uuid_v4().simple()));
        }
        change(&mut raw);
        Event::parse(raw).map_err(|error| format!("{name}: {error}"))
    }

    /// A call that every policy denies.
    fn denied(&self, name: &str) -> Result<Event, String> {
        self.event(name, |raw| {
            raw["tool_name"] = json!("Bash");
            raw["tool_input"] =
                json!({ "command": DENIED, "description": "Civitas tests that this is refused" });
        })
    }
}

pub(super) async fn run(_arguments: Selftest, remote: &Remote) -> anyhow::Result<()> {
    let bench = Bench::new(remote)?;
    // Whether there is a server at all is no finding about its hooks.
    bench.hooks.health().await?;
    let mut rows = vec![
        events::corpus(&bench).await,
        events::deny(&bench, "deny", "pre-tool-use").await,
        events::deny(&bench, "deny: sub-agent", "pre-tool-use.subagent").await,
        events::deny(&bench, "deny: prompt", "permission-request").await,
        events::twice(&bench).await,
    ];
    rows.extend(command_form::checks(&bench).await);
    rows.push(events::halt(&bench).await);
    if let Err(problem) = events::end(&bench).await {
        note(&format!("the test's sessions stay open: {problem}"));
    }
    rows.extend(settings::checks(&bench.server).await);
    let failed = rows
        .iter()
        .filter(|row| row.outcome == Outcome::Failed)
        .count();
    if remote.json {
        let checks: Vec<Value> = rows
            .iter()
            .map(|row| json!({ "check": row.check, "status": word(row.outcome), "text": row.text }))
            .collect();
        output::json(&json!({ "server": bench.server, "passed": failed == 0, "checks": checks }))?;
    } else {
        for row in &rows {
            let (style, tick) = match row.outcome {
                Outcome::Passed => (GOOD, "✓"),
                Outcome::Failed => (BAD, "✗"),
                Outcome::Skipped => (WARN, "–"),
            };
            let (check, text) = (row.check, clean(&row.text));
            data(&format!(
                "{style}{tick}{style:#}  {BOLD}{check:<18}{BOLD:#}  {text}"
            ))?;
        }
    }
    if failed > 0 {
        let message = format!(
            "{failed} of {} checks failed: agents are not bound by {} as they should be",
            rows.len(),
            bench.server
        );
        return Err(Failure::failed(message).into());
    }
    if !remote.json {
        note(&format!("agents are bound by {}", bench.server));
    }
    Ok(())
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
    }
}
