//! Logs: for people on a terminal, JSON otherwise. Always on standard error: standard output is for data.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged when `CIVITAS_LOG` does not say.
const FILTER: &str = "info,tantivy=warn,h2=warn,hyper=warn";

/// Starts logging. A second call changes nothing, so that tests may call it freely.
pub fn start() {
    start_with(FILTER);
}

/// The same for a command that shows by itself what goes on: only warnings.
pub fn start_quiet() {
    start_with("warn");
}

fn start_with(filter: &str) {
    let filter = EnvFilter::try_from_env("CIVITAS_LOG").unwrap_or_else(|_| EnvFilter::new(filter));
    let registry = tracing_subscriber::registry().with(filter);
    let result = if std::io::stderr().is_terminal() {
        let people = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false);
        registry.with(people).try_init()
    } else {
        let machines = tracing_subscriber::fmt::layer()
            .json()
            .with_writer(std::io::stderr);
        registry.with(machines).try_init()
    };
    // Someone, such as another test of the process, started it before.
    drop(result);
}
