//! The server's process: its start, its memory, its end.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

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
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kibibytes.context("no VmRSS")?.parse::<u64>()? * 1024)
    }

    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
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
