//! `civitas policy what-if`: what other policies would have decided.

use std::path::Path;

use civitas_governance::policies::Draft;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{folder, offline};
use crate::cli::failure::Failure;
use crate::cli::output::{
    self, BAD, BOLD, DIM, GOOD, WARN, clean, data, moment, note, short, table, text,
};
use crate::client::Client;

/// How far back an applied folder is tried.
const PREVIEW_DAYS: u32 = 7;

/// The candidate, and what to compare it with.
#[derive(Debug, Args)]
pub struct WhatIf {
    /// A folder, or the number of a version.
    #[arg(value_name = "DIR|VERSION")]
    pub candidate: String,
    /// How many days back.
    #[arg(long, default_value_t = 7, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
    /// What to compare it with: what was decided then, or what the active policies would decide.
    #[arg(long, value_enum, default_value_t = Against::Recorded)]
    pub against: Against,
}

/// What to compare the candidate with.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Against {
    /// What was decided then.
    Recorded,
    /// What the active policies would decide.
    Active,
}

/// Runs the command.
pub(super) async fn run(client: &Client, arguments: WhatIf, machine: bool) -> anyhow::Result<()> {
    let named = &arguments.candidate;
    let number = named
        .parse::<u64>()
        .ok()
        .filter(|_| !Path::new(named).is_dir());
    let mut body = match number {
        Some(number) => json!({ "version": number }),
        None => {
            let draft = folder::read(named.into()).await?;
            offline::compile(draft.clone()).await?;
            json!({ "tables": draft.tables(), "sources": draft.sources })
        }
    };
    body["days"] = json!(arguments.days);
    body["against"] = json!(match arguments.against {
        Against::Recorded => "recorded",
        Against::Active => "active",
    });
    let report = client
        .post(&["api", "v1", "policy", "what-if"], Some(&body))
        .await?;
    if machine {
        return Ok(output::json(&report)?);
    }
    show(&report)
}

/// How many calls of the last days a folder would have decided differently than they were, in a sentence; nothing when
/// there are none.
pub(super) async fn changes(client: &Client, draft: &Draft) -> Result<Option<String>, Failure> {
    let body = json!({
        "tables": draft.tables(), "sources": draft.sources, "days": PREVIEW_DAYS, "against": "active",
    });
    let path = ["api", "v1", "policy", "what-if"];
    let report = client.post(&path, Some(&body)).await?;
    let count = |name: &str| report[name].as_u64().unwrap_or_default();
    let (requests, changed, stricter) = (count("requests"), count("changed"), count("stricter"));
    Ok((changed > 0).then(|| {
        let looser = changed.saturating_sub(stricter);
        format!(
            "{WARN}{changed} of {requests} calls of the last {PREVIEW_DAYS} days would come out differently:{WARN:#} {BAD}{stricter} stricter{BAD:#}, {GOOD}{looser} looser{GOOD:#}"
        )
    }))
}

fn show(report: &Value) -> anyhow::Result<()> {
    let count = |name: &str| report[name].as_u64().unwrap_or_default();
    let (requests, changed, stricter) = (count("requests"), count("changed"), count("stricter"));
    let groups = report["groups"].as_array().cloned().unwrap_or_default();
    if !groups.is_empty() {
        let rows: Vec<Vec<String>> = groups
            .iter()
            .map(|group| {
                let agent = match text(group, "agent") {
                    "" => "(no agent)",
                    agent => agent,
                };
                let example = &group["examples"][0];
                vec![
                    group["count"].to_string(),
                    short(agent, 24),
                    short(text(group, "tool"), 24),
                    format!("{} → {}", text(group, "before"), text(group, "after")),
                    short(text(example, "reason"), 90),
                ]
            })
            .collect();
        table(&["CALLS", "AGENT", "TOOL", "CHANGE", "FOR EXAMPLE"], &rows)?;
        data("")?;
    }
    let style = if changed == 0 { GOOD } else { WARN };
    data(&format!(
        "{style}{changed} of {requests} calls would come out differently{style:#}: {BAD}{stricter} stricter{BAD:#}, {GOOD}{} looser{GOOD:#}",
        changed.saturating_sub(stricter)
    ))?;
    let width = 40_u64;
    if requests > 0 {
        let part = |of: u64| usize::try_from(of * width / requests).unwrap_or_default();
        let (strict, loose) = (part(stricter), part(changed - stricter));
        let same = usize::try_from(width)
            .unwrap_or_default()
            .saturating_sub(strict + loose);
        data(&format!(
            "{BAD}{}{BAD:#}{GOOD}{}{GOOD:#}{DIM}{}{DIM:#}",
            "█".repeat(strict),
            "█".repeat(loose),
            "░".repeat(same)
        ))?;
    }
    for group in groups.iter().take(3) {
        let id = clean(text(&group["examples"][0], "id"));
        if !id.is_empty() {
            note(&format!(
                "{DIM}an example: GET /api/v1/decisions/{id}{DIM:#}"
            ));
        }
    }
    if report["complete"] != true {
        note(&format!(
            "{BOLD}not all{BOLD:#}: time or number ran out at {}",
            moment(report, "through")
        ));
    }
    if count("unreadable") > 0 {
        note(&format!(
            "{} records could not be read",
            count("unreadable")
        ));
    }
    Ok(())
}
