//! The client on this machine, and what its settings say.

use civitas_hooks::{Name, OnFailure};
use serde_json::Value;

use super::Row;
use crate::cli::agents::install::client_version::{self, Client};
use crate::cli::agents::install::place::Place;
use crate::cli::agents::install::plan;
use crate::cli::agents::installed::Installed;

/// What to type where something is missing.
const AGAIN: &str = "run `civitas agents install claude-code` again";

pub(super) async fn checks(server: &str) -> Vec<Row> {
    let client = client_version::ask().await;
    let installed = Installed::find();
    let version = match (&client, &installed) {
        (Client::Absent, _) => Row::skipped("claude", "there is no `claude` on the path"),
        (Client::Silent, _) => Row::of(
            "claude",
            Err("`claude --version` does not say its version".to_owned()),
        ),
        (Client::Is(version), _) if *version < plan::FAILS_CLOSED => Row::of(
            "claude",
            Ok(format!(
                "version {version}; its HTTP hooks let calls pass when they fail, so hooks must run `civitas hook`"
            )),
        ),
        (Client::Is(version), _) => Row::of(
            "claude",
            Ok(format!(
                "version {version}; its HTTP hooks can refuse when they fail"
            )),
        ),
    };
    let settings = match (&client, &installed) {
        (Client::Absent, None) => {
            Row::skipped("settings", "Civitas is not installed on this machine")
        }
        (_, None) => Row::of(
            "settings",
            Err(
                "Civitas is not installed here: run `civitas agents install claude-code`"
                    .to_owned(),
            ),
        ),
        (_, Some(installed)) => Row::of("settings", point_here(installed, &client, server)),
    };
    vec![version, settings]
}

/// Whether settings send every event here, and refuse when that fails.
fn point_here(installed: &Installed, client: &Client, server: &str) -> Result<String, String> {
    let settings = &installed.settings;
    let theirs = installed.variable(plan::SERVER).unwrap_or_default();
    if theirs != server {
        return Err(format!("they point to {theirs}, not to {server}: {AGAIN}"));
    }
    if settings["disableAllHooks"] == true && installed.place != Place::Managed {
        return Err("`disableAllHooks` turns them off: take it out".to_owned());
    }
    let fails_closed = client
        .version()
        .is_some_and(|version| version >= plan::FAILS_CLOSED);
    let mut forms = Vec::new();
    for (name, since) in plan::EVENTS {
        if client.version().is_some_and(|version| version < since) {
            continue;
        }
        let Some(handler) = handler(settings, name) else {
            return Err(format!("nothing is sent of {}: {AGAIN}", name.as_str()));
        };
        let is_http = handler["type"] == "http";
        let gate = name.on_failure() != OnFailure::Proceed;
        if is_http && handler["url"].as_str() != Some(&format!("{server}{}", plan::ENDPOINT)) {
            return Err(format!(
                "{} goes to {}: {AGAIN}",
                name.as_str(),
                handler["url"]
            ));
        }
        if gate && is_http && (!fails_closed || handler["onFailure"] != "block") {
            return Err(format!(
                "{} passes when its hook fails: {AGAIN}",
                name.as_str()
            ));
        }
        if gate {
            forms.push(if is_http { "HTTP" } else { "commands" });
        }
    }
    forms.dedup();
    Ok(format!(
        "every event comes here by {}, and what cannot be decided is refused",
        forms.join(" and ")
    ))
}

/// Our handler of an event, if it sees every tool.
fn handler(settings: &Value, name: Name) -> Option<&Value> {
    let groups = settings["hooks"][name.as_str()].as_array()?;
    let sees_all = |group: &&Value| matches!(group["matcher"].as_str(), None | Some("" | "*"));
    let handlers = groups
        .iter()
        .filter(sees_all)
        .filter_map(|group| group["hooks"].as_array());
    handlers.flatten().find(|handler| plan::is_ours(handler))
}
