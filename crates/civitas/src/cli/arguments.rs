//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use civitas_model::TenantId;
use civitas_storage::{OPEN_UPLOADS_MAX, Quota};
use clap::{Args, Parser, Subcommand};

use super::agents::Agents;
use super::approvals::{Approvals, Approve, Deny};
use super::audit::Audit;
use super::backup::{Backup, Restore};
use super::budgets::Budgets;
use super::demo::Demo;
use super::describe::Completions;
use super::doctor::Doctor;
use super::executions::Executions;
use super::files::{Files, Search};
use super::halts::{Halt, Halts};
use super::hook::Hook;
use super::intent::Intent;
use super::listen::Listen;
use super::policy::Policy;
use super::quantity;
use super::remote::Remote;
use super::sign_in::{Login, Logout, Setup};
use super::telemetry::Telemetry;
use super::token::Token;
use super::user::User;
use super::webhooks::Webhooks;

/// What `civitas --help` ends with.
const AFTER_HELP: &str = "\
Examples:
  civitas demo                           see it work, on a bundled set of documents
  civitas dev                            a server on this machine
  civitas files put -r reports/ --wait   bring documents in
  civitas search late delivery           ask them something

Exit codes:
  0  done
  1  failed: it was tried and did not work, or an execution that was waited for failed
  2  usage: what was typed cannot be meant
  3  no server can be reached
  4  not allowed: no valid token, or not the permission
  5  not found, by the server or by an execution that was waited for";

/// The governed execution platform for AI agents and the people who work with them.
#[derive(Debug, Parser)]
#[command(
    name = "civitas",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = AFTER_HELP
)]
pub struct Arguments {
    /// Which server, as whom, and for whom to print.
    #[command(flatten)]
    pub remote: Remote,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a server on this machine, for yourself: no sign-in, embedded stores.
    #[command(after_help = "Example:\n  civitas dev --data-dir ~/civitas")]
    Dev(Dev),
    /// Start a server for others: everyone signs in.
    #[command(
        after_help = "Example:\n  civitas serve --listen 0.0.0.0:8000 --data-dir /var/lib/civitas --origin https://app.example.com"
    )]
    Serve(Serve),
    /// Watch documents go in and come back understood and searchable.
    #[command(
        after_help = "Examples:\n  civitas demo\n  civitas demo contract.pdf orders.csv\n  civitas demo --exit && echo everything works"
    )]
    Demo(Demo),
    /// Bring files in, get them back, list and search them.
    #[command(subcommand)]
    Files(Files),
    /// Search everything that was read, best first.
    #[command(
        after_help = "Examples:\n  civitas search late delivery penalty\n  civitas search '\"exact phrase\" -without begin*' --type pdf,csv\n  civitas search penalty tag:contract after:2026-03     # or: --tag contract --after 2026-03\n  civitas search penalty --facets --why                 # what all hits are like, and why each was found\n  civitas search invoice --sort newest --json | jq '.hits[].parent_id'"
    )]
    Search(Search),
    /// See what can be done, and do it.
    #[command(subcommand)]
    Intent(Intent),
    /// See what became of intents, and steer them.
    #[command(subcommand)]
    Executions(Executions),
    /// Know the agents: bring their files in, see them, set them aside.
    #[command(subcommand)]
    Agents(Agents),
    /// Know what may be spent and what is; set, raise and take back budgets.
    #[command(subcommand)]
    Budgets(Budgets),
    /// Decide what waits for people: see it, approve it, deny it.
    #[command(subcommand)]
    Approvals(Approvals),
    /// Approve what waits for you, by its code. The same as `civitas approvals approve`.
    #[command(
        after_help = "Examples:\n  civitas approve P7\n  civitas approve P7 --always request --for 7d"
    )]
    Approve(Approve),
    /// Deny what waits for you, by its code. The same as `civitas approvals deny`.
    #[command(after_help = "Example:\n  civitas deny P7 --comment 'not on a Friday'")]
    Deny(Deny),
    /// Say what agents may do: look at policies, change them, ask them.
    #[command(subcommand)]
    Policy(Policy),
    /// Stop agents now: all of them, a team, one, or one session. What they ask for is refused until the halt is lifted.
    #[command(
        after_help = "Examples:\n  civitas halt --session 7c1f0b5e 'it rewrites the tests'\n  civitas halt --team payments\n  civitas halt --all 'incident 12'"
    )]
    Halt(Halt),
    /// See what is stopped, and let it go on.
    #[command(subcommand)]
    Halts(Halts),
    /// Pass a hook event of a coding agent on to the server, and its answer back; refuses when there is none.
    ///
    /// `civitas agents install` puts this into the agent's settings. The event is read from standard input. What cannot be
    /// decided is refused: with exit code 2 where the event can be held back.
    #[command(
        after_help = "Example:\n  echo '{\"session_id\":\"s1\",\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"ls\"}}' | civitas hook pre-tool-use"
    )]
    Hook(Hook),
    /// Send what agents do to other services, signed, and see what became of it.
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// See what agents' clients report: sessions, requests to models, tokens and cost.
    #[command(subcommand)]
    Telemetry(Telemetry),
    /// Sign in at a server of others, so that every command here acts as you until `civitas logout`.
    ///
    /// The password is asked for without showing it. What the server gives is kept in a file that only you can read, below
    /// `$XDG_CONFIG_HOME/civitas` or `~/.config/civitas`, and renewed by itself; after 30 days without a command you sign in again.
    #[command(
        after_help = "Examples:\n  civitas login --server https://civitas.example.com --email ada@example.com\n  civitas login --email ada@example.com --password-stdin < password.txt"
    )]
    Login(Login),
    /// End the sign-in, and forget it.
    #[command(after_help = "Examples:\n  civitas logout\n  civitas logout --everywhere")]
    Logout(Logout),
    /// Make the first account of a new server, with the token that `civitas serve` printed, and sign in as its administrator.
    #[command(
        after_help = "Example:\n  civitas setup --setup-token setup_… --email ada@example.com --name 'Ada Berg'"
    )]
    Setup(Setup),
    /// Say who you are for the server, and what you may do.
    #[command(after_help = "Example:\n  civitas whoami")]
    Whoami,
    /// Make accounts for people.
    #[command(subcommand)]
    User(User),
    /// Make and revoke tokens for machines.
    #[command(subcommand)]
    Token(Token),
    /// Check whether this machine can run a node, and say what to do where it cannot.
    #[command(after_help = "Example:\n  civitas doctor --data-dir /var/lib/civitas")]
    Doctor(Doctor),
    /// Check, prove and export the audit log, without a server.
    #[command(subcommand)]
    Audit(Audit),
    /// Write database, keys and content into one file. The node may go on running.
    ///
    /// Uploads in pieces that are not whole yet are left out: after a restore their clients are answered that they ran
    /// out (`upload_expired`), and begin again.
    #[command(
        after_help = "Examples:\n  civitas backup civitas.tar --data-dir /var/lib/civitas\n  civitas backup civitas.tar --data-dir /var/lib/civitas --database-url postgres://user@host/civitas"
    )]
    Backup(Backup),
    /// Make a data folder from a backup.
    #[command(
        after_help = "Example:\n  civitas restore civitas.tar --data-dir /var/lib/civitas-restored"
    )]
    Restore(Restore),
    /// Print the API's OpenAPI document.
    #[command(after_help = "Example:\n  civitas openapi > openapi.json")]
    Openapi,
    /// Print completions for a shell.
    #[command(
        after_help = "Example:\n  civitas completions bash > ~/.local/share/bash-completion/completions/civitas"
    )]
    Completions(Completions),
}

/// Where a server keeps what must survive.
#[derive(Debug, Args)]
pub struct Data {
    /// Where everything that must survive lies.
    #[arg(
        long,
        env = "CIVITAS_DATA_DIR",
        default_value = "data",
        value_name = "PATH"
    )]
    pub data_dir: PathBuf,
    /// PostgreSQL instead of the embedded SQLite, such as `postgres://user@host:5432/civitas`.
    ///
    /// Add `?sslmode=` and one of: `disable`; `prefer`, the default, encrypts when the server offers it; `require` always encrypts,
    /// whoever answers; `verify-full` also checks that the server is the host that was named. It trusts the
    /// authorities that this system trusts, or those in the PEM file of `&sslrootcert=PATH`.
    #[arg(
        long,
        env = "CIVITAS_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
}

/// How much a server takes on, and for how long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Bounds {
    /// How long finished executions and their journals are kept, such as `12h` or `30d`.
    #[arg(long, env = "CIVITAS_RETENTION", default_value = "30d", value_name = "DURATION", value_parser = quantity::duration)]
    pub retention: Duration,
    /// How long the bodies of audit entries are kept; the entries and their proofs stay.
    #[arg(long, env = "CIVITAS_AUDIT_RETENTION", default_value = "90d", value_name = "DURATION", value_parser = quantity::duration)]
    pub audit_retention: Duration,
    /// How often what is new in the audit log is signed.
    #[arg(long, env = "CIVITAS_AUDIT_INTERVAL", default_value = "1m", value_name = "DURATION", value_parser = quantity::duration)]
    pub audit_interval: Duration,
    /// New audit entries that are signed at once, without waiting for that.
    #[arg(long, env = "CIVITAS_AUDIT_ENTRIES", default_value_t = 1000, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub audit_entries: u64,
    /// How long decisions about calls of agents are kept, which a what-if decides again.
    #[arg(long, env = "CIVITAS_DECISION_RETENTION", default_value = "30d", value_name = "DURATION", value_parser = quantity::duration)]
    pub decision_retention: Duration,
    /// How long a call of an agent that waits for a person is held open before it is denied for now; below the 560 seconds for
    /// which the client waits, which would otherwise decide itself.
    #[arg(long, env = "CIVITAS_HOLD", default_value = "9m", value_name = "DURATION", value_parser = quantity::hold)]
    pub hold: Duration,
    /// How long a person has to decide what an agent asks for.
    #[arg(long, env = "CIVITAS_APPROVAL_LIFETIME", default_value = "1d", value_name = "DURATION", value_parser = quantity::approval)]
    pub approval_lifetime: Duration,
    /// When everyone who may decide approvals may decide what nobody named for it has decided.
    #[arg(long, env = "CIVITAS_APPROVAL_ESCALATION", default_value = "1h", value_name = "DURATION", value_parser = quantity::duration)]
    pub approval_escalation: Duration,
    /// The environment that policies see, such as `dev`, where protected files and branches do not ask.
    #[arg(
        long,
        env = "CIVITAS_ENVIRONMENT",
        default_value = "",
        hide_default_value = true,
        value_name = "NAME",
        value_parser = quantity::environment
    )]
    pub environment: String,
    /// Executions that run at the same time.
    #[arg(long, env = "CIVITAS_CONCURRENCY", default_value_t = 512, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub concurrency: u32,
    /// The largest body of a request.
    #[arg(long, env = "CIVITAS_BODY_LIMIT", default_value = "1MiB", value_name = "SIZE", value_parser = quantity::size)]
    pub body_limit: u64,
    /// The largest body of a submission, which may carry a small file.
    #[arg(long, env = "CIVITAS_SUBMISSION_LIMIT", default_value = "20MiB", value_name = "SIZE", value_parser = quantity::size)]
    pub submission_limit: u64,
    /// The largest file that can be uploaded.
    #[arg(long, env = "CIVITAS_UPLOAD_LIMIT", default_value = "5GiB", value_name = "SIZE", value_parser = quantity::size)]
    pub upload_limit: u64,
    /// How much a tenant may keep: the sizes of its files together.
    #[arg(long, env = "CIVITAS_TENANT_STORAGE", default_value = "100GiB", value_name = "SIZE", value_parser = quantity::size)]
    pub tenant_storage: u64,
    /// How many files a tenant may keep.
    #[arg(long, env = "CIVITAS_TENANT_FILES", default_value_t = 1_000_000, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub tenant_files: u64,
    /// What one tenant may keep instead, such as `acme=2TiB,5000000`; may be repeated, or separated by semicolons.
    #[arg(long = "quota", env = "CIVITAS_QUOTAS", value_delimiter = ';', value_name = "TENANT=SIZE,COUNT", value_parser = quantity::quota)]
    pub quotas: Vec<(TenantId, Quota)>,
    /// How many resumable uploads a tenant may have open at the same time.
    #[arg(long, env = "CIVITAS_OPEN_UPLOADS", default_value_t = OPEN_UPLOADS_MAX, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub open_uploads: u64,
    /// Where signed checkpoints of the audit logs are sent to as well, signed as webhooks are; see docs/audit.md.
    #[arg(
        long,
        env = "CIVITAS_AUDIT_WEBHOOK",
        value_name = "URL",
        hide_env_values = true
    )]
    pub audit_webhook: Option<String>,
    /// How long open requests and running executions may take to end when the server is stopped.
    #[arg(long, env = "CIVITAS_SHUTDOWN_GRACE", default_value = "10s", value_name = "DURATION", value_parser = quantity::duration)]
    pub shutdown_grace: Duration,
}

/// Start a server for yourself.
#[derive(Debug, Args)]
pub struct Dev {
    /// Where to listen: an address or a name, such as `localhost:8000`; loopback only.
    #[arg(
        long,
        env = "CIVITAS_LISTEN",
        default_value = "127.0.0.1:8000",
        value_name = "ADDRESS"
    )]
    pub listen: Listen,
    /// Where to keep things.
    #[command(flatten)]
    pub data: Data,
    /// How much is taken on.
    #[command(flatten)]
    pub bounds: Bounds,
}

/// Start a server for others.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen: an address or a name, such as `0.0.0.0:8000` or `localhost:8000`.
    #[arg(
        long,
        env = "CIVITAS_LISTEN",
        default_value = "127.0.0.1:8000",
        value_name = "ADDRESS"
    )]
    pub listen: Listen,
    /// Where to keep things.
    #[command(flatten)]
    pub data: Data,
    /// How much is taken on.
    #[command(flatten)]
    pub bounds: Bounds,
    /// An origin that browsers may call from, such as `https://app.example.com`; may be repeated.
    #[arg(
        long = "origin",
        env = "CIVITAS_ORIGINS",
        value_delimiter = ',',
        value_parser = crate::origin::parse,
        value_name = "ORIGIN"
    )]
    pub origins: Vec<String>,
    /// Take the client's address from X-Forwarded-For, because a proxy of yours sets it.
    #[arg(long, env = "CIVITAS_TRUST_PROXY")]
    pub trust_proxy: bool,
    /// Follow links on this machine's disk when paths of agents are judged, because they work on it. `civitas dev` does.
    #[arg(long, env = "CIVITAS_RESOLVE_LINKS")]
    pub resolve_links: bool,
    /// Let only tickets, not long-lived tokens, stand in a WebSocket's URL.
    #[arg(long, env = "CIVITAS_TICKETS_ONLY")]
    pub tickets_only: bool,
    /// Which addresses webhooks may call.
    #[command(flatten)]
    pub webhooks: WebhookRules,
}

/// Which addresses webhooks may call, besides public ones by `https`.
#[derive(Debug, Args)]
pub struct WebhookRules {
    /// Let webhooks call `http` URLs, too; what they say can then be read on the way.
    #[arg(long, env = "CIVITAS_WEBHOOKS_ALLOW_HTTP")]
    pub webhooks_allow_http: bool,
    /// Let webhooks call this machine and private networks, on any port: only where every administrator of a tenant may
    /// reach what is there.
    #[arg(long, env = "CIVITAS_WEBHOOKS_ALLOW_PRIVATE")]
    pub webhooks_allow_private: bool,
}
