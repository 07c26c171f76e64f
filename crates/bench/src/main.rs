//! The benchmark: `cargo xtask bench [--quick] [--json FILE] [--only PART]`.
//!
//! The server runs as a process of its own, like any installation: credentials are asked for, every commit reaches the
//! disk before it is acknowledged, logging and metrics are on. It is this binary, started again with `node`, because it
//! registers two intents that no installation needs: `noop` and `three_steps`. The load comes over real HTTP on
//! loopback, on connections that are kept, from one thread.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod cases;
mod client;
mod decisions;
mod documents;
mod feed;
mod files;
mod governance;
mod load;
mod machine;
mod node;
mod process;
mod records;
mod report;
mod telemetry;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "civitas-bench", about = "Measures Civitas over real HTTP")]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    measure: cases::Measure,
}

#[derive(Subcommand)]
enum Role {
    /// Be the server that is measured.
    #[command(hide = true)]
    Node {
        data_dir: PathBuf,
        #[arg(long, default_value_t = 512)]
        concurrency: usize,
    },
    /// Fill a data folder and end.
    #[command(hide = true)]
    Prepare {
        data_dir: PathBuf,
        #[arg(long, default_value_t = 0)]
        records: u64,
        #[arg(long, default_value_t = 0)]
        pending: u64,
    },
}

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == civitas::sandbox_child::COMMAND)
    {
        return civitas::sandbox_child::run();
    }
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let server = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match arguments.role {
        Some(Role::Node {
            data_dir,
            concurrency,
        }) => server?.block_on(node::serve(data_dir, concurrency)),
        Some(Role::Prepare {
            data_dir,
            records,
            pending,
        }) => server?.block_on(node::prepare(data_dir, records, pending)),
        // One thread: the load must leave the cores to the server.
        None => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(cases::run(&arguments.measure)),
    }
}
