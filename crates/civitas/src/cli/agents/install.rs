//! `civitas agents install`: a coding agent's settings, so that Civitas decides what it does.

pub(crate) mod client_version;
mod difference;
mod edit;
mod file;
pub(crate) mod place;
pub(crate) mod plan;
mod record;
mod token;
mod uninstall;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use civitas_model::agent::is_name;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::output::{self, BOLD, DO, WARN, data, note, text};
use super::super::remote::Remote;
use super::super::replace::replace;
use client_version::Client;
use file::SettingsFile;
use place::Place;
use plan::{Form, Plan};
use record::{Record, Shelf, digest};
use token::Token;

/// Managed settings are read by everyone who runs the client; others hold a token and are their owner's.
const MANAGED: u32 = 0o644;
const OWN: u32 = 0o600;

/// Put a coding agent under this server's policy.
#[derive(Debug, Args)]
pub struct Install {
    /// Which agent.
    #[arg(value_name = "CLIENT")]
    pub client: Product,
    /// In which settings.
    #[command(flatten)]
    pub scope: Scope,
    /// Only show what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// Put back what was there before, and revoke the token.
    #[arg(long)]
    pub uninstall: bool,
    /// The registered agent that the main thread of the client acts as, with its tools, paths and budgets; as installed before
    /// when left out, else nobody.
    #[arg(long, value_name = "NAME", conflicts_with = "uninstall")]
    pub agent: Option<String>,
    /// How long the token lasts.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(1..=366))]
    pub days: u64,
    /// Do not send telemetry to the server: budgets then count what was reserved, not what was used.
    #[arg(long)]
    pub no_telemetry: bool,
}

/// In which settings; in the user's own unless told otherwise.
#[derive(Debug, Args)]
pub struct Scope {
    /// For everyone on this machine, so that nobody can turn it off. Usually needs root.
    #[arg(long, conflicts_with = "project")]
    pub managed: bool,
    /// Only for the project in this folder, in `.claude/settings.local.json`.
    #[arg(long)]
    pub project: bool,
    /// Another settings file than the client's usual one, for example in an image that is being built.
    #[arg(long, value_name = "PATH", conflicts_with = "project")]
    pub settings: Option<PathBuf>,
}

/// The agents that can be installed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Product {
    /// Claude Code.
    ClaudeCode,
}

impl Scope {
    /// As it was typed, after a space.
    fn typed(&self) -> String {
        let mut typed = String::new();
        if self.managed {
            typed.push_str(" --managed");
        }
        if self.project {
            typed.push_str(" --project");
        }
        if let Some(path) = &self.settings {
            typed.push_str(" --settings '");
            typed.push_str(&path.display().to_string());
            typed.push('\'');
        }
        typed
    }

    fn file(&self) -> Result<SettingsFile, Failure> {
        let place = match (self.managed, self.project) {
            (true, _) => Place::Managed,
            (_, true) => Place::Project,
            _ => Place::User,
        };
        match &self.settings {
            Some(path) => SettingsFile::read(path),
            None => SettingsFile::read(&place.path()?),
        }
    }
}

pub(super) async fn run(arguments: Install, remote: &Remote) -> anyhow::Result<()> {
    // There is one so far, and whoever names another is told by the command line.
    let Product::ClaudeCode = arguments.client;
    if arguments.uninstall {
        return uninstall::run(&arguments, remote).await;
    }
    let api = remote.client()?;
    let start = Start::look(&arguments)?;
    let agent = main_thread(&api, &arguments, start.earlier.as_ref()).await?;
    let name = agent.as_ref().map(|agent| text(agent, "name"));
    let client = client_version::ask().await;
    let theirs = start.before.json["env"][plan::TELEMETRY].as_str();
    let program = std::env::current_exe().context("this program does not know where it lies")?;
    let token = if arguments.dry_run {
        Token::shown(api.server(), start.earlier.as_ref(), name)
    } else {
        Token::get(&api, start.earlier.as_ref(), name, arguments.days).await?
    };
    let plan = Plan {
        server: api.server(),
        token: &token.secret,
        form: Form::of(client.version()),
        version: client.version(),
        program: &program,
        is_managed: arguments.scope.managed,
        has_telemetry: !arguments.no_telemetry && theirs.is_none(),
    };
    let is_changed = match start.install(&arguments, &plan, &token, remote.json) {
        Ok(is_changed) => is_changed,
        Err(error) => {
            // Nobody uses a token that stands nowhere.
            token.revoke_if_new(&api).await;
            return Err(error);
        }
    };
    if is_changed && !arguments.dry_run {
        token.replace(&api, start.earlier.as_ref()).await;
    }
    if remote.json {
        let backup = start.before.bytes.as_ref().map(|_| &start.shelf.backup);
        return Ok(output::json(&json!({
            "settings": start.settings.target, "server": plan.server, "form": plan.form.as_str(),
            "written": is_changed && !arguments.dry_run, "telemetry": plan.has_telemetry, "token_id": token.id,
            "agent": name, "client_version": client.version().map(|version| version.to_string()), "backup": backup,
        }))?);
    }
    if arguments.scope.project && git_may_take(&start.settings.target).await {
        note(&format!(
            "{WARN}note:{WARN:#} git does not ignore {}, which holds a token now: put it into .gitignore",
            start.settings.target.display()
        ));
    }
    advise(&client, &plan, theirs.filter(|_| !arguments.no_telemetry));
    say_who(agent.as_ref());
    let path = start.settings.target.display();
    note(&match (is_changed, arguments.dry_run) {
        (false, _) => format!("{path} says this already: nothing is to be done"),
        (true, true) => format!("nothing was written; without --dry-run, {path} changes like this"),
        (true, false) => format!(
            "{BOLD}{path} is written.{BOLD:#} Sessions that start now are governed by {}.\nProve it with {DO}civitas agents selftest{DO:#}; take it back with {DO}civitas agents install claude-code{} --uninstall{DO:#}",
            plan.server,
            arguments.scope.typed()
        ),
    });
    Ok(())
}

/// The agent that the main thread is to act as: the one that was named, else the one of the installation before.
async fn main_thread(
    api: &crate::client::Client,
    arguments: &Install,
    earlier: Option<&Record>,
) -> Result<Option<Value>, Failure> {
    let before = earlier
        .filter(|record| record.server == api.server() && is_name(&record.token_name))
        .map(|record| record.token_name.as_str());
    let Some(wanted) = arguments.agent.as_deref().or(before) else {
        return Ok(None);
    };
    super::find(api, wanted).await.map(Some).map_err(|failure| {
        failure.with_advice(
            "register it first, for example with `civitas agents import .claude/agents`",
        )
    })
}

/// Says what holds for the main thread.
fn say_who(agent: Option<&Value>) {
    let Some(agent) = agent else {
        note(&format!(
            "{WARN}note:{WARN:#} the main thread of the client is nobody in the registry: dangers, secrets, gates and the budgets of its session and\nthe organisation bind it, no role's tools, paths or daily budget; {DO}--agent NAME{DO:#} makes it an agent"
        ));
        return;
    };
    let (name, state) = (
        output::clean(text(agent, "name")),
        text(&agent["registry"], "lifecycle"),
    );
    note(&format!(
        "the main thread of the client acts as {BOLD}{name}{BOLD:#}"
    ));
    if state != "active" {
        note(&format!(
            "{WARN}note:{WARN:#} {name} is {}: its calls are denied until {DO}civitas agents activate {name}{DO:#}",
            output::clean(state)
        ));
    }
}

/// Where an installation starts from.
struct Start {
    settings: SettingsFile,
    /// What the settings say now.
    now: Value,
    shelf: Shelf,
    /// The installation before this one.
    earlier: Option<Record>,
    before: Before,
}

/// What the settings were without Civitas.
struct Before {
    bytes: Option<Vec<u8>>,
    mode: Option<u32>,
    json: Value,
}

impl Start {
    fn look(arguments: &Install) -> anyhow::Result<Self> {
        let settings = arguments.scope.file()?;
        let now = settings.json()?;
        let shelf = Shelf::of(&settings.target)?;
        let earlier = shelf.load()?;
        let before = Before::of(&settings, earlier.as_ref(), &shelf)?;
        if before.json["disableAllHooks"] == true && !arguments.scope.managed {
            let message = format!(
                "{} turns all hooks off with `disableAllHooks`: take that out, or install with --managed",
                settings.target.display()
            );
            return Err(Failure::failed(message).into());
        }
        Ok(Self {
            settings,
            now,
            shelf,
            earlier,
            before,
        })
    }

    /// Shows the change and makes it. Answers whether there is one.
    fn install(
        &self,
        arguments: &Install,
        plan: &Plan<'_>,
        token: &Token,
        quiet: bool,
    ) -> anyhow::Result<bool> {
        let edits = plan.edits(&self.before.json);
        let mut after = self.before.json.clone();
        for edit in &edits {
            edit.apply(&mut after)?;
        }
        if self.now == after {
            return Ok(false);
        }
        if !quiet {
            for line in difference::lines(&self.now, &after) {
                data(&line)?;
            }
        }
        if arguments.dry_run {
            return Ok(true);
        }
        let target = &self.settings.target;
        if SettingsFile::read(target)?.bytes != self.settings.bytes {
            let message = format!(
                "{} was just changed by someone else: try again",
                target.display()
            );
            return Err(Failure::failed(message).into());
        }
        let text = file::text(&after, self.before.bytes.as_deref())?;
        let record = Record {
            settings: target.clone(),
            server: plan.server.to_owned(),
            token_id: token.id.clone(),
            token: token.secret.clone(),
            token_name: token.name.clone(),
            existed: self.before.bytes.is_some(),
            mode: self.before.mode,
            sha256: digest(&text),
            edits,
        };
        self.shelf.keep(&record, self.before.bytes.as_deref())?;
        let mode = if plan.is_managed { MANAGED } else { OWN };
        replace(target, &text, mode)?;
        Ok(true)
    }
}

impl Before {
    /// By the backup while nobody else changed the settings, else by taking our entries out.
    fn of(settings: &SettingsFile, earlier: Option<&Record>, kept: &Shelf) -> anyhow::Result<Self> {
        let now = settings.json()?;
        let mut json = now.clone();
        if let Some(record) = earlier {
            let bytes = kept.before(record)?;
            let backup = file::parse(&kept.backup, bytes.as_deref())?;
            if settings.bytes.as_deref().map(digest).as_ref() == Some(&record.sha256) {
                return Ok(Self {
                    bytes,
                    mode: record.mode,
                    json: backup,
                });
            }
            for edit in record.edits.iter().rev() {
                edit.undo(&mut json, &backup);
            }
        }
        plan::strip(&mut json);
        let bytes = if json == now {
            settings.bytes.clone()
        } else {
            Some(file::text(&json, settings.bytes.as_deref())?)
        };
        Ok(Self {
            bytes,
            mode: settings.mode,
            json,
        })
    }
}

/// Whether the file lies in a repository that does not ignore it.
async fn git_may_take(file: &Path) -> bool {
    let mut git = tokio::process::Command::new("git");
    git.args(["check-ignore", "--quiet", "--"]).arg(file);
    git.stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // 0: ignored. 1: not. Anything else: there is no repository, or no git.
    matches!(git.status().await, Ok(status) if status.code() == Some(1))
}

/// What people should know about this installation.
fn advise(client: &Client, plan: &Plan<'_>, foreign_telemetry: Option<&str>) {
    let warn = |text: &str| note(&format!("{WARN}note:{WARN:#} {text}"));
    let least = plan::FAILS_CLOSED;
    match client {
        Client::Absent => warn(
            "there is no `claude` on the path, so its version is not known: hooks run `civitas hook`, which works with every version",
        ),
        Client::Silent => warn(
            "`claude --version` does not say its version: hooks run `civitas hook`, which works with every version",
        ),
        Client::Is(version) if plan.form == Form::Command => warn(&format!(
            "claude {version} lets tools run when an HTTP hook fails (until {least}): hooks run `civitas hook` instead, which refuses"
        )),
        Client::Is(_) => {}
    }
    if let Some(endpoint) = foreign_telemetry {
        warn(&format!(
            "telemetry goes to {} already and stays so: Civitas counts what was reserved, not what was used",
            output::clean(endpoint)
        ));
    }
    let is_local = ["http://127.", "http://localhost", "http://[::1]"]
        .iter()
        .any(|local| plan.server.starts_with(local));
    if plan.server.starts_with("http://") && !is_local {
        warn("the token travels unencrypted to this server: give it an https address");
    }
}
