//! The parsers, format by format, next to a peer on the same files.
//!
//! Both read in their own process, one file after the other: the peer is a library, so the platform's part (upload,
//! confined child, index) is left out here and measured by [`crate::files`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use civitas_documents::{Request, parse};
use serde::Deserialize;

use crate::report::{Case, Report, hundredths};

const MEGA: f64 = 1_000_000.0;

/// One format's files, read for a while.
#[derive(Deserialize)]
struct Reading {
    format: String,
    files: u32,
    bytes: u64,
    seconds: f64,
}

impl Reading {
    fn files_per_second(&self) -> f64 {
        f64::from(self.files) / self.seconds
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "what is read in seconds stays far below 2^52 bytes"
    )]
    fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 / MEGA / self.seconds
    }
}

/// Measures both on what `make.py` made; `python` has what the scripts need.
pub(crate) fn run(
    report: &mut Report,
    folder: &Path,
    python: &Path,
    time: Duration,
) -> anyhow::Result<()> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer");
    let script = |name: &str| {
        let mut command = Command::new(python);
        command.arg(scripts.join(name)).arg(folder);
        command
    };
    ensure!(
        script("make.py").status()?.success(),
        "no documents were made"
    );
    let seconds = time.as_secs().to_string();
    let output = script("convert.py").arg(seconds).output()?;
    ensure!(
        output.status.success(),
        "the peer failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    for line in String::from_utf8(output.stdout)?.lines() {
        let peer: Reading = serde_json::from_str(line).context("not a line of the peer")?;
        let folder = folder.join(&peer.format);
        let (ours, recall) = read(&folder, &peer.format, time)?;
        let peers = recall_of(&folder, |stem| {
            Ok(std::fs::read_to_string(stem.with_extension("peer"))?)
        })?;
        let times = ours.files_per_second() / peer.files_per_second();
        let figures = [
            ("mb_per_second", ours.megabytes_per_second()),
            ("recall_percent", recall),
            ("peer_files_per_second", peer.files_per_second()),
            ("peer_recall_percent", peers),
            ("times_the_peer", times),
        ];
        let figures = figures.map(|(name, figure)| (name.to_owned(), hundredths(figure)));
        report.add(Case {
            name: format!("documents: {}", ours.format),
            count: usize::try_from(ours.files).ok(),
            per_second: Some(hundredths(ours.files_per_second())),
            figures: figures.into(),
            ..Case::default()
        });
    }
    Ok(())
}

/// Reads a format's files one after the other, all of them at least once; also answers the recall.
fn read(folder: &Path, format: &str, time: Duration) -> anyhow::Result<(Reading, f64)> {
    let mut documents = Vec::new();
    for path in documents_in(folder, format)? {
        documents.push((path.to_string_lossy().into_owned(), std::fs::read(&path)?));
    }
    let mut texts = HashMap::new();
    let (mut files, mut bytes) = (0, 0);
    let began = Instant::now();
    for (name, content) in documents.iter().cycle() {
        if files as usize >= documents.len() && began.elapsed() >= time {
            break;
        }
        let text = parse(&Request::new(name), content)
            .with_context(|| name.clone())?
            .text();
        files += 1;
        bytes += content.len() as u64;
        texts
            .entry(PathBuf::from(name).with_extension(""))
            .or_insert(text);
    }
    let seconds = began.elapsed().as_secs_f64();
    let recall = recall_of(folder, |stem| {
        texts
            .remove(stem)
            .with_context(|| format!("{} was not read", stem.display()))
    })?;
    let format = format.to_owned();
    Ok((
        Reading {
            format,
            files,
            bytes,
            seconds,
        },
        recall,
    ))
}

fn documents_in(folder: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    ensure!(!paths.is_empty(), "no {ending} in {}", folder.display());
    Ok(paths)
}

/// How many of the words of the truth were found, each as often as it occurs, in percent.
fn recall_of(
    folder: &Path,
    mut found: impl FnMut(&Path) -> anyhow::Result<String>,
) -> anyhow::Result<f64> {
    let (mut hits, mut all) = (0_u32, 0_u32);
    for truth in documents_in(folder, "words")? {
        let text = found(&truth.with_extension(""))?;
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for word in words(&text) {
            *counts.entry(word).or_default() += 1;
        }
        for word in words(&std::fs::read_to_string(&truth)?) {
            all += 1;
            if let Some(count) = counts.get_mut(word).filter(|count| **count > 0) {
                *count -= 1;
                hits += 1;
            }
        }
    }
    Ok(f64::from(hits) / f64::from(all.max(1)) * 100.0)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let parted = text.split(|character: char| !character.is_alphanumeric());
    parted.filter(|word| !word.is_empty())
}
