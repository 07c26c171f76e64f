//! `civitas demo`: the main job end to end, on your files or on a bundled set, through the real API of an embedded node.

mod bundle;
mod report;
mod words;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::intake::{Depth, Document, Stage, Understood, understand};
use super::output::{BAD, BOLD, DIM, note};
use super::serving::stop_requested;
use crate::client::Client;
use crate::config::Config;
use crate::node::Node;
use crate::telemetry;

/// Files that are on their way at the same time.
const AT_ONCE: usize = 4;
/// How long search may take to catch up with what was read.
const SEARCH_PATIENCE: Duration = Duration::from_mins(1);
const SEARCH_INTERVAL: Duration = Duration::from_millis(20);

/// Watch documents go in and come back understood and searchable.
#[derive(Debug, Args)]
pub struct Demo {
    /// Your files: text, Markdown, HTML, CSV, JSON or PDF. Without any, six small bundled ones are used.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Stop when done, instead of serving until Ctrl-C; the exit code says whether everything worked.
    #[arg(long)]
    pub exit: bool,
    /// Where to listen; loopback only [default: 127.0.0.1:8000, or any free port when that is taken].
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Keep everything in this folder; otherwise a temporary one, which goes with the demo.
    #[arg(long, value_name = "PATH")]
    pub data_dir: Option<PathBuf>,
}

/// Runs the demo.
pub(crate) async fn run(arguments: Demo) -> anyhow::Result<()> {
    let _telemetry = telemetry::start_quiet();
    let documents = bundle::documents(&arguments.files)?;
    let temporary = match &arguments.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("cannot make a temporary folder")?),
    };
    let kept = arguments.data_dir.as_deref();
    let data_dir = kept.or(temporary.as_ref().map(tempfile::TempDir::path));
    let data_dir = data_dir.unwrap_or(Path::new("data")).to_owned();
    let listener = listen(arguments.listen, arguments.exit).await?;
    let address = listener.local_addr()?;
    let config = Config {
        listen: address,
        ..Config::development(data_dir)
    };
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let started = Instant::now();
    let node = Node::start(config, &program).await?;
    let end = CancellationToken::new();
    let serving = tokio::spawn(node.serve(listener, end.clone().cancelled_owned()));
    let client = Client::new(&format!("http://{address}"), None)?;
    report::hello(&client, started.elapsed(), documents.len());
    let outcome = tokio::select! {
        outcome = show(&client, documents, &arguments) => outcome,
        () = stop_requested() => {
            note("stopping");
            Ok(true)
        }
    };
    end.cancel();
    serving.await.context("the server stopped unexpectedly")??;
    if !outcome? {
        bail!("not everything worked: see above");
    }
    Ok(())
}

async fn listen(wanted: Option<SocketAddr>, exit: bool) -> anyhow::Result<TcpListener> {
    let usual = SocketAddr::from(([127, 0, 0, 1], 8000));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    if let Some(address) = wanted {
        return TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}: choose another with --listen"));
    }
    if !exit && let Ok(listener) = TcpListener::bind(usual).await {
        return Ok(listener);
    }
    TcpListener::bind(any)
        .await
        .context("cannot listen on any port of 127.0.0.1")
}

/// Everything that is shown. Answers whether all of it worked.
async fn show(client: &Client, documents: Vec<Document>, arguments: &Demo) -> anyhow::Result<bool> {
    let started = Instant::now();
    let width = documents
        .iter()
        .map(|document| document.name.chars().count())
        .max();
    let stage = Stage::new(width.unwrap_or_default(), 0);
    let understood: Vec<Understood> = stream::iter(documents)
        .map(|document| understand(client, &stage, Depth::Read, document))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let took = started.elapsed();
    stage.clear();
    report::documents(&understood, took)?;
    let searchable = understood.iter().any(|one| one.outcome.is_ok());
    let mut fine = understood.iter().all(|one| one.outcome.is_ok());
    if searchable {
        wait_for_search(client).await?;
        let questions = if arguments.files.is_empty() {
            bundle::QUESTIONS
                .iter()
                .map(|&words| words.to_owned())
                .collect()
        } else {
            words::questions(&understood)
        };
        let found = report::searches(client, &questions).await?;
        fine &= found > 0 || questions.is_empty();
    }
    if arguments.exit {
        return Ok(fine);
    }
    report::what_next(client, &understood, arguments.data_dir.as_deref())?;
    if !fine {
        note(&format!("{BAD}not everything worked: see above{BAD:#}"));
    }
    note(&format!(
        "{BOLD}Serving{BOLD:#} until you press Ctrl-C. {DIM}What follows is the server's log.{DIM:#}"
    ));
    stop_requested().await;
    note("stopping");
    Ok(fine)
}

/// Search follows what is committed; a moment later it has caught up.
async fn wait_for_search(client: &Client) -> anyhow::Result<()> {
    let caught_up = async {
        loop {
            let health = client.health().await?;
            let search = &health["components"]["search"];
            if search["behind"] == 0 && search["records"].as_u64() > Some(0) {
                return anyhow::Ok(());
            }
            tokio::time::sleep(SEARCH_INTERVAL).await;
        }
    };
    tokio::time::timeout(SEARCH_PATIENCE, caught_up)
        .await
        .context("search has not caught up within a minute: please report this")?
}
