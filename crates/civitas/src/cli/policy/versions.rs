//! Changing what decides: pull, apply, watch, activate, roll back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use civitas_governance::policies::Draft;
use serde_json::{Value, json};

use super::{Apply, Pull, folder, offline, show, what_if};
use crate::cli::ask;
use crate::cli::failure::Failure;
use crate::cli::output::{self, BAD, DIM, GOOD, clean, counted, note, text};
use crate::cli::serving::stop_requested;
use crate::client::Client;

/// How often a watched folder is looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(400);

/// `civitas policy pull`.
pub(super) async fn pull(client: &Client, arguments: Pull, machine: bool) -> anyhow::Result<()> {
    let listed = show::listed(client).await?;
    let version = show::version(client, &arguments.version).await?;
    let number = version["version"].as_u64().unwrap_or_default();
    let folder = &arguments.folder;
    let written = folder::write(folder, &folder::files(&version), arguments.force)?;
    // What is made of an older version replaces what came after it, and that is for its maker to say.
    if listed["base"].as_u64() == Some(number) {
        folder::mark(folder, number)?;
    }
    if machine {
        return Ok(output::json(
            &json!({ "version": number, "files": written }),
        )?);
    }
    note(&format!(
        "version {number} is in {}, {} written",
        folder.display(),
        counted(written.len(), "file")
    ));
    Ok(())
}

/// `civitas policy apply`.
pub(super) async fn apply(client: &Client, arguments: Apply, machine: bool) -> anyhow::Result<()> {
    let draft = folder::read(arguments.folder.clone()).await?;
    let saving = Saving {
        based_on: arguments.based_on,
        activate: !arguments.no_activate,
        note: &arguments.note,
        preview: Some(Preview {
            asks: !arguments.yes && !machine && ask::is_possible(),
            is_shown: !machine,
        }),
    };
    let saved = save(client, &arguments.folder, draft, &saving).await?;
    match saved {
        Some(saved) if machine => Ok(output::json(&saved)?),
        Some(saved) => {
            say_saved(&saved);
            Ok(())
        }
        None if machine => Ok(output::json(&json!({ "unchanged": true }))?),
        None => {
            note("nothing to do: the active version says the same");
            Ok(())
        }
    }
}

fn say_saved(saved: &Value) {
    let verb = if saved["active"] == true {
        "decides"
    } else {
        "is saved"
    };
    let many = |name: &str, what| counted(saved[name].as_u64().unwrap_or_default(), what);
    let fingerprint: String = text(saved, "fingerprint").chars().take(12).collect();
    note(&format!(
        "{GOOD}version {} {verb}{GOOD:#}: {}, {} passed, fingerprint {DIM}{}{DIM:#}",
        saved["version"],
        many("policies", "policy"),
        many("tests", "test"),
        clean(&fingerprint)
    ));
}

/// How a folder is saved.
struct Saving<'a> {
    /// The version that it was made from, when the folder does not know.
    based_on: Option<u64>,
    activate: bool,
    note: &'a str,
    /// Whether it is said before what it changes.
    preview: Option<Preview>,
}

/// What is said of a change before it is made.
struct Preview {
    asks: bool,
    is_shown: bool,
}

/// Says what would come out differently, and asks whether that is meant. A script is told, and goes on.
async fn preview(client: &Client, draft: &Draft, preview: &Preview) -> Result<(), Failure> {
    if !preview.is_shown {
        return Ok(());
    }
    match what_if::changes(client, draft).await {
        Ok(None) => Ok(()),
        Ok(Some(changes)) => {
            note(&changes);
            if preview.asks {
                return ask::confirm("Let it decide from now on?");
            }
            Ok(())
        }
        // It is not what was asked for, and holds nothing up.
        Err(failure) => {
            note(&format!(
                "{DIM}what would come out differently is not known: {failure}{DIM:#}"
            ));
            Ok(())
        }
    }
}

/// Saves a folder; nothing when the active version says the same.
async fn save(
    client: &Client,
    folder: &Path,
    draft: Draft,
    saving: &Saving<'_>,
) -> anyhow::Result<Option<Value>> {
    // What is wrong is said before anyone is asked.
    offline::compile(draft.clone()).await?;
    let listed = show::listed(client).await?;
    let active = show::version(client, "active").await?;
    let mut whole = draft.clone();
    whole.tables = Some(draft.tables().to_owned());
    let mut files = [folder::files(&folder::body(&whole)), folder::files(&active)];
    for files in &mut files {
        files.sort();
    }
    if saving.activate && files[0] == files[1] {
        return Ok(None);
    }
    let base = listed["base"].as_u64().unwrap_or_default();
    let known = saving.based_on.or_else(|| folder::base(folder));
    let Some(based_on) = known.or_else(|| (base == 0).then_some(0)) else {
        let message = format!(
            "{} does not know from which version it was made: look at `civitas policy diff {}`, then add --based-on {base}",
            folder.display(),
            folder.display()
        );
        return Err(Failure::Usage(message).into());
    };
    if let Some(asked) = saving.preview.as_ref().filter(|_| saving.activate) {
        preview(client, &draft, asked).await?;
    }
    let mut body = folder::body(&draft);
    body["note"] = json!(saving.note);
    body["based_on"] = json!(based_on);
    body["activate"] = json!(saving.activate);
    let saved = client
        .post(&["api", "v1", "policy", "versions"], Some(&body))
        .await?;
    folder::mark(folder, saved["version"].as_u64().unwrap_or_default())?;
    Ok(Some(saved))
}

/// `civitas policy watch`.
pub(super) async fn watch(client: &Client, path: PathBuf) -> anyhow::Result<()> {
    note(&format!("watching {}; Ctrl-C ends it", path.display()));
    let mut seen: Option<Draft> = None;
    let mut tick = tokio::time::interval(WATCH_INTERVAL);
    let stop = stop_requested();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            _ = tick.tick() => {}
        }
        // A file may be missing for a moment while an editor saves it.
        let Ok(draft) = folder::read(path.clone()).await else {
            continue;
        };
        if seen.as_ref() == Some(&draft) {
            continue;
        }
        seen = Some(draft.clone());
        let saving = Saving {
            based_on: None,
            activate: true,
            note: "saved while watched",
            preview: None,
        };
        match save(client, &path, draft, &saving).await {
            Ok(Some(saved)) => say_saved(&saved),
            Ok(None) => note("the active version says the same"),
            Err(error) => note(&format!(
                "{BAD}not applied:{BAD:#} {}",
                output::causes(&error)
            )),
        }
    }
}

/// `civitas policy activate`.
pub(super) async fn activate(
    client: &Client,
    version: u64,
    expected: Option<u64>,
    why: String,
    machine: bool,
) -> anyhow::Result<()> {
    let number = version.to_string();
    let path = ["api", "v1", "policy", "versions", &number, "activate"];
    let body = json!({ "note": why, "expected_active": expected });
    let active = client.post(&path, Some(&body)).await?;
    if machine {
        return Ok(output::json(&active)?);
    }
    note(&format!("{GOOD}version {version} decides{GOOD:#}"));
    Ok(())
}

/// `civitas policy rollback`.
pub(super) async fn rollback(client: &Client, why: String, machine: bool) -> anyhow::Result<()> {
    let listed = show::listed(client).await?;
    let Some(previous) = listed["activations"][0]["previous"].as_u64() else {
        let message = "no version was ever activated, so there is none to go back to";
        return Err(Failure::NotFound(message.to_owned()).into());
    };
    let active = listed["active"].as_u64();
    activate(client, previous, active, why, machine).await
}
