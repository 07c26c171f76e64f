//! The server's process: its start, its memory and that of its children, its end.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::task::JoinHandle;

use crate::client::Client;

/// A running server.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    /// From its start to the first answer of `/health`.
    pub(crate) healthy_after: Duration,
    began: Instant,
}

impl Process {
    pub(crate) async fn start(data_dir: &Path) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .arg("node")
            .arg(data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("no output")?;
        let line = BufReader::new(output).lines().next_line().await?;
        let line = line.context("the server did not start")?;
        let (address, token) = line.split_once(' ').context("not an address")?;
        let address = address.parse()?;
        Client::connect(address, token)
            .await?
            .get("/health")
            .await?;
        Ok(Self {
            child,
            address,
            token: token.to_owned(),
            healthy_after: began.elapsed(),
            began,
        })
    }

    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.address, &self.token).await
    }

    /// From its start to the first acknowledgement.
    pub(crate) async fn first_acknowledgement(&self) -> anyhow::Result<Duration> {
        self.client().await?.submit(crate::load::NOOP).await?;
        Ok(self.began.elapsed())
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        let id = self.child.id().context("the server has ended")?;
        status(id, "VmRSS:").context("no VmRSS")
    }

    /// Keeps an eye on the memory of the server, without the files it maps, and of its children.
    pub(crate) fn watch(&self) -> anyhow::Result<Watch> {
        let id = self.child.id().context("the server has ended")?;
        let before = status(id, "RssAnon:").context("no RssAnon")?;
        let (end, mut ended) = oneshot::channel();
        let watching = tokio::spawn(async move {
            let mut peaks = Peaks {
                server: before,
                child: 0,
            };
            while ended.try_recv() == Err(TryRecvError::Empty) {
                peaks.server = peaks.server.max(status(id, "RssAnon:").unwrap_or_default());
                let children = children(id).into_iter();
                let children = children.filter_map(|child| status(child, "VmRSS:"));
                peaks.child = peaks.child.max(children.max().unwrap_or_default());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            peaks
        });
        Ok(Watch {
            before,
            end,
            watching,
        })
    }

    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// The most memory that was seen at once, in bytes.
struct Peaks {
    server: u64,
    child: u64,
}

/// Looks at a server's memory until it is told to end.
pub(crate) struct Watch {
    before: u64,
    end: oneshot::Sender<()>,
    watching: JoinHandle<Peaks>,
}

impl Watch {
    /// By how much the server grew, and how much the largest of its children had.
    #[expect(
        clippy::cast_precision_loss,
        reason = "memory stays far below 2^52 bytes"
    )]
    pub(crate) async fn end(self) -> anyhow::Result<Vec<(String, f64)>> {
        // If the watch has ended by itself, its failure comes next.
        let _ = self.end.send(());
        let peaks = self.watching.await?;
        let grown = peaks.server.saturating_sub(self.before);
        Ok(vec![
            ("server_grew_by_bytes".to_owned(), grown as f64),
            ("child_bytes".to_owned(), peaks.child as f64),
        ])
    }
}

/// A line of a process's status, in bytes; nothing when it has ended.
fn status(id: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line?.split_whitespace().next()?.parse::<u64>().ok()?;
    Some(kibibytes * 1024)
}

/// The processes that a process started from any of its threads.
fn children(id: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{id}/task"));
    let lists =
        threads.into_iter().flatten().flatten().map(|thread| {
            std::fs::read_to_string(thread.path().join("children")).unwrap_or_default()
        });
    lists
        .collect::<String>()
        .split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect()
}

/// Fills a data folder, in a process of its own.
pub(crate) async fn prepare(data_dir: &Path, what: &str, count: u64) -> anyhow::Result<()> {
    let status = Command::new(std::env::current_exe()?)
        .arg("prepare")
        .arg(data_dir)
        .args([what, &count.to_string()])
        .status()
        .await?;
    anyhow::ensure!(status.success(), "the data folder could not be filled");
    Ok(())
}
