//! `civitas demo`: the main job end to end, on your files or on a bundled set, through the real API of an embedded node.

mod bundle;
mod report;
mod words;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::intake::{Depth, Document, Stage, Understood, understand, wait_for_search};
use super::listen::Listen;
use super::output::{BAD, BOLD, DIM, note};
use super::serving::stop_requested;
use crate::client::Client;
use crate::config::Config;
use crate::node::Node;
use crate::telemetry;

/// Files that are on their way at the same time.
const AT_ONCE: usize = 4;

/// Watch documents go in and come back understood and searchable.
#[derive(Debug, Args)]
pub struct Demo {
    /// Your files: text, Markdown, HTML, CSV, JSON or PDF. Without any, six small bundled ones are used.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Stop when done, instead of serving until Ctrl-C; the exit code says whether everything worked.
    #[arg(long)]
    pub exit: bool,
    /// Where to listen, an address or a name; loopback only [default: 127.0.0.1:8000, or any free port when that is taken].
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<Listen>,
    /// Keep everything in this folder; otherwise a temporary one, which goes with the demo.
    #[arg(long, value_name = "PATH")]
    pub data_dir: Option<PathBuf>,
}

/// Runs the demo.
pub(crate) async fn run(arguments: Demo, machine: bool) -> anyhow::Result<()> {
    let _telemetry = telemetry::start_quiet();
    let documents = bundle::documents(&arguments.files)?;
    let temporary = match &arguments.data_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("cannot make a temporary folder")?),
    };
    let kept = arguments.data_dir.as_deref();
    let data_dir = kept.or(temporary.as_ref().map(tempfile::TempDir::path));
    let data_dir = data_dir.unwrap_or(Path::new("data")).to_owned();
    let mut config = Config::development(data_dir);
    let listener = listen(arguments.listen.as_ref(), arguments.exit, &mut config).await?;
    let address = config.listen;
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let started = Instant::now();
    let node = Node::start(config, &program).await?;
    let end = CancellationToken::new();
    let serving = tokio::spawn(node.serve(listener, end.clone().cancelled_owned()));
    let client = Client::new(&format!("http://{address}"), None)?;
    report::hello(&client, started.elapsed(), documents.len());
    let outcome = tokio::select! {
        outcome = show(&client, documents, &arguments, machine) => outcome,
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

async fn listen(
    wanted: Option<&Listen>,
    exit: bool,
    config: &mut Config,
) -> anyhow::Result<TcpListener> {
    if let Some(wanted) = wanted {
        return wanted.bind_for(config).await;
    }
    let usual = SocketAddr::from(([127, 0, 0, 1], 8000));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let free = if exit {
        None
    } else {
        TcpListener::bind(usual).await.ok()
    };
    let listener = match free {
        Some(listener) => listener,
        None => TcpListener::bind(any)
            .await
            .context("cannot listen on any port of 127.0.0.1")?,
    };
    config.listen = listener.local_addr()?;
    Ok(listener)
}

/// Everything that is shown. Answers whether all of it worked.
async fn show(
    client: &Client,
    documents: Vec<Document>,
    arguments: &Demo,
    machine: bool,
) -> anyhow::Result<bool> {
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
    if !machine {
        report::documents(&understood, took)?;
    }
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
        let answers = report::ask(client, questions).await?;
        let found = report::hits(&answers);
        if machine {
            report::machine(client, &understood, &answers)?;
        } else {
            report::searches(&answers)?;
        }
        fine &= found > 0 || answers.is_empty();
    } else if machine {
        report::machine(client, &understood, &[])?;
    }
    if arguments.exit {
        return Ok(fine);
    }
    if !machine {
        report::what_next(client, &understood, arguments.data_dir.as_deref())?;
    }
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
