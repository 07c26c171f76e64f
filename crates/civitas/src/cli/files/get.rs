//! `civitas files get`: a file back, byte for byte. What arrived is checked against the file's SHA-256; a partial file is
//! completed, and one that turns out to be something else is left as it was.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::StatusCode;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::facts;
use crate::cli::failure::Failure;
use crate::cli::output::{bytes, data, note, text};
use crate::cli::remote::Remote;
use crate::client::Client;

/// Download a file.
#[derive(Debug, Args)]
pub struct Get {
    /// The file's id, as `civitas files ls` shows it.
    #[arg(value_name = "FILE_ID")]
    pub file: String,
    /// Where to write it; `-` is standard output [default: the file's own name, in this folder].
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Replace what is there.
    #[arg(long)]
    pub force: bool,
}

pub(super) async fn run(arguments: Get, remote: &Remote) -> anyhow::Result<()> {
    let client = remote.client()?;
    let known = facts(&client, &arguments.file).await?;
    let wanted = Wanted {
        file: arguments.file,
        size: known["file_size"].as_u64().unwrap_or_default(),
        digest: text(&known, "file_hash").to_owned(),
    };
    let target = match arguments.output {
        Some(path) if path == Path::new("-") => return wanted.to_stdout(&client).await,
        Some(path) => path,
        None => own_name(text(&known, "ui_name"))?,
    };
    let have = tokio::fs::metadata(&target)
        .await
        .ok()
        .map(|facts| facts.len());
    let start = match have {
        None => 0,
        Some(_) if arguments.force => 0,
        Some(size) if size == wanted.size && digest(&target).await? == wanted.digest => {
            note(&format!("{} is there already, whole", target.display()));
            return Ok(data(&target.display().to_string())?);
        }
        Some(size) if size < wanted.size => size,
        Some(_) => {
            let message = format!(
                "{} is there and something else: choose another with -o, or add --force",
                target.display()
            );
            return Err(Failure::failed(message).into());
        }
    };
    if start > 0 {
        note(&format!(
            "going on after {} of {}",
            bytes(start),
            bytes(wanted.size)
        ));
    }
    wanted.fetch(&client, &target, start).await?;
    if digest(&target).await? != wanted.digest {
        if start > 0 {
            let file = std::fs::OpenOptions::new().write(true).open(&target)?;
            file.set_len(start)?;
            let message = format!(
                "what is in {} is not the beginning of this file: choose another with -o, or add --force",
                target.display()
            );
            return Err(Failure::failed(message).into());
        }
        return Err(
            Failure::failed("the bytes that arrived are not the file's: get it again").into(),
        );
    }
    Ok(data(&target.display().to_string())?)
}

/// The name a file gets when none is given. It comes from outside: only its last part counts.
fn own_name(name: &str) -> Result<PathBuf, Failure> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if last.is_empty() || last.starts_with('.') || last.contains(char::is_control) {
        return Err(Failure::Usage(
            "this file's name is no name for a file here: give one with -o".to_owned(),
        ));
    }
    Ok(PathBuf::from(last))
}

/// The file that is to be had.
struct Wanted {
    file: String,
    size: u64,
    digest: String,
}

impl Wanted {
    async fn to_stdout(&self, client: &Client) -> anyhow::Result<()> {
        let mut response = client.download(&self.file, None).await?;
        let mut hash = Sha256::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .context("the download was cut off: get it again")?
        {
            hash.update(&chunk);
            std::io::stdout().lock().write_all(&chunk)?;
        }
        std::io::stdout().lock().flush()?;
        if hex(hash) != self.digest {
            return Err(
                Failure::failed("the bytes that arrived are not the file's: get it again").into(),
            );
        }
        Ok(())
    }

    async fn fetch(&self, client: &Client, target: &Path, start: u64) -> anyhow::Result<()> {
        let etag = format!("\"{}\"", self.digest);
        let from = (start > 0).then_some((start, etag.as_str()));
        let mut response = client.download(&self.file, from).await?;
        let goes_on = response.status() == StatusCode::PARTIAL_CONTENT;
        let mut file = tokio::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .append(goes_on)
            .truncate(!goes_on)
            .open(target)
            .await
            .with_context(|| format!("cannot write {}", target.display()))?;
        let bar = ProgressBar::new(self.size);
        bar.set_style(ProgressStyle::with_template(
            "  {bar:30.cyan} {bytes} of {total_bytes}  {bytes_per_sec:.dim}",
        )?);
        bar.set_position(if goes_on { start } else { 0 });
        while let Some(chunk) = response
            .chunk()
            .await
            .context("the download was cut off: the same command goes on where it ended")?
        {
            file.write_all(&chunk).await?;
            bar.inc(chunk.len() as u64);
        }
        file.sync_all().await?;
        bar.finish_and_clear();
        Ok(())
    }
}

/// SHA-256 of a file, in lower-case hexadecimal.
pub(super) async fn digest(path: &Path) -> anyhow::Result<String> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut hash = Sha256::new();
        let mut piece = vec![0; 1 << 18];
        loop {
            let count = file.read(&mut piece)?;
            if count == 0 {
                return Ok(hex(hash));
            }
            hash.update(piece.get(..count).unwrap_or_default());
        }
    })
    .await
    .context("reading the file was stopped")?
}

fn hex(hash: Sha256) -> String {
    data_encoding::HEXLOWER.encode(&hash.finalize())
}
