//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::demo::Demo;

/// The governed execution platform for AI agents and the people who work with them.
#[derive(Debug, Parser)]
#[command(
    name = "civitas",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a server on this machine, for yourself: no sign-in, embedded stores.
    Dev(Dev),
    /// Start a server for others: everyone signs in.
    Serve(Serve),
    /// Watch documents go in and come back understood and searchable.
    Demo(Demo),
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
    #[arg(
        long,
        env = "CIVITAS_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
}

/// Start a server for yourself.
#[derive(Debug, Args)]
pub struct Dev {
    /// Where to listen; loopback only.
    #[arg(
        long,
        env = "CIVITAS_LISTEN",
        default_value = "127.0.0.1:8000",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Where to keep things.
    #[command(flatten)]
    pub data: Data,
}

/// Start a server for others.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to listen.
    #[arg(
        long,
        env = "CIVITAS_LISTEN",
        default_value = "127.0.0.1:8000",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Where to keep things.
    #[command(flatten)]
    pub data: Data,
    /// An origin that browsers may call from, such as `https://app.example.com`; may be repeated.
    #[arg(
        long = "origin",
        env = "CIVITAS_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGIN"
    )]
    pub origins: Vec<String>,
    /// Take the client's address from X-Forwarded-For, because a proxy of yours sets it.
    #[arg(long, env = "CIVITAS_TRUST_PROXY")]
    pub trust_proxy: bool,
    /// Let only tickets, not long-lived tokens, stand in a WebSocket's URL.
    #[arg(long, env = "CIVITAS_TICKETS_ONLY")]
    pub tickets_only: bool,
}
