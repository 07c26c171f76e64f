//! What is measured, in order.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use civitas_model::{Clock as _, SystemClock};

use crate::load::{self, End, Seen};
use crate::machine::Machine;
use crate::process::{Process, prepare};
use crate::report::{Case, Report, Times, milliseconds};
use crate::{decisions, documents, feed, files, governance, telemetry};

/// Clients that follow the live feed.
const FEED_CLIENTS: usize = 500;

/// How much is measured.
#[derive(clap::Args)]
pub(crate) struct Measure {
    /// Fewer records and files, and shorter loads.
    #[arg(long)]
    quick: bool,
    /// Also write the figures here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only these parts.
    #[arg(long, value_name = "PART", value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// A Python that has the peer, for the part `documents`, which is left out without it.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
}

/// What can be measured alone.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Submissions, executions, reads.
    Executions,
    /// Indexing and searching.
    Search,
    /// The start of a node with much to take up again.
    Recovery,
    /// Tool calls decided: policy, budget and audit.
    Decisions,
    /// Policies alone, the verification of the audit log, the import of agents' files.
    Governance,
    /// The parsers next to a peer.
    Documents,
    /// The live feed, to many clients of which one does not read.
    Feed,
    /// Many small files and a large one, through the whole platform.
    Files,
    /// Log records of agents' clients.
    Telemetry,
}

struct Sizes {
    load: Duration,
    records: u64,
    pending: u64,
    exports: u64,
    files: files::Sizes,
    governance: governance::Sizes,
}

impl Sizes {
    const fn of(measure: &Measure) -> Self {
        if measure.quick {
            return Self {
                load: Duration::from_secs(2),
                records: 20_000,
                pending: 10_000,
                exports: 20,
                files: files::Sizes {
                    small_files: 500,
                    large_bytes: 50_000_000,
                },
                governance: governance::Sizes {
                    decisions: 1_000,
                    entries: 100_000,
                },
            };
        }
        Self {
            load: Duration::from_secs(8),
            records: 340_000,
            pending: 100_000,
            exports: 100,
            files: files::Sizes {
                small_files: 10_000,
                large_bytes: 1_000_000_000,
            },
            governance: governance::Sizes {
                decisions: 4_000,
                entries: 1_000_000,
            },
        }
    }
}

pub(crate) async fn run(measure: &Measure) -> anyhow::Result<()> {
    let sizes = Sizes::of(measure);
    // Beside the binary, not in /tmp, which is memory on many machines.
    let program = std::env::current_exe()?;
    let folder = tempfile::tempdir_in(program.parent().unwrap_or(Path::new(".")))?;
    let folder = folder.path();
    let machine = Machine::of(folder);
    let mut report = Report::begin(SystemClock.now().to_string(), machine, measure.quick);
    let wanted = |part| measure.only.is_empty() || measure.only.contains(&part);
    if wanted(Part::Executions) {
        executions(&mut report, folder, sizes.load).await?;
    }
    if wanted(Part::Search) {
        search(&mut report, folder, &sizes).await?;
    }
    if wanted(Part::Recovery) {
        recovery(&mut report, folder, &sizes).await?;
    }
    if let Some(python) = measure.python.as_ref().filter(|_| wanted(Part::Documents)) {
        let time = sizes.load.min(Duration::from_secs(3));
        documents::run(&mut report, &folder.join("documents"), python, time)?;
    }
    if wanted(Part::Decisions) {
        decisions::run(&mut report, folder, sizes.load).await?;
    }
    if wanted(Part::Governance) {
        governance::run(&mut report, folder, sizes.governance).await?;
    }
    if wanted(Part::Feed) {
        live_feed(&mut report, folder, sizes.load).await?;
    }
    if wanted(Part::Files) {
        files::run(&mut report, folder, &sizes.files).await?;
    }
    if wanted(Part::Telemetry) {
        telemetry::run(&mut report, folder, sizes.exports).await?;
    }
    if let Some(json) = &measure.json {
        tokio::fs::write(json, report.to_json()?).await?;
    }
    Ok(())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and sizes stay far below 2^52"
)]
pub(crate) fn rate(count: usize, elapsed: Duration) -> f64 {
    (count as f64 / elapsed.as_secs_f64()).round()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and sizes stay far below 2^52"
)]
fn memory(name: &str, process: &Process) -> anyhow::Result<Case> {
    Ok(Case {
        name: name.to_owned(),
        figures: vec![("resident_bytes".to_owned(), process.memory()? as f64)],
        ..Case::default()
    })
}

fn percentiles(name: &str, times: &Times, percents: &[usize]) -> Vec<(String, f64)> {
    let figures = percents
        .iter()
        .filter_map(|percent| Some((format!("{name}_p{percent}_ms"), times.percentile(*percent)?)));
    figures.collect()
}

fn loaded(name: &str, in_flight: usize, seen: &Seen) -> Case {
    let mut figures = percentiles("ack", &seen.ack, &[50, 99]);
    figures.extend(percentiles("end", &seen.end, &[50, 99]));
    Case {
        name: name.to_owned(),
        in_flight: Some(in_flight),
        count: Some(seen.ack.count()),
        per_second: Some(rate(seen.ack.count(), seen.elapsed)),
        figures,
    }
}

async fn executions(report: &mut Report, folder: &Path, time: Duration) -> anyhow::Result<()> {
    let data = folder.join("executions");
    let process = Process::start(&data).await?;
    started(report, "cold start, empty folder", &process).await?;
    report.add(memory("memory, idle", &process)?);
    for (name, end) in [
        ("submit only", End::Unseen),
        ("three steps, end by status?wait", End::Status),
    ] {
        for in_flight in [1, 64, 256] {
            let seen = load::executions(&process, in_flight, end, time).await?;
            report.add(loaded(name, in_flight, &seen));
        }
    }
    let name = "three steps, end by stream";
    let seen = load::executions(&process, 64, End::Stream, time).await?;
    report.add(loaded(name, 64, &seen));
    report.add(memory("memory, after these loads", &process)?);
    let times = load::reads(&process, time).await?;
    report.add(Case {
        name: "reads, 200/s beside 50 executions/s".to_owned(),
        count: Some(times.count()),
        per_second: Some(rate(times.count(), time)),
        figures: percentiles("answer", &times, &[50, 95, 99]),
        ..Case::default()
    });
    process.kill().await
}

async fn search(report: &mut Report, folder: &Path, sizes: &Sizes) -> anyhow::Result<()> {
    let data = folder.join("search");
    let began = Instant::now();
    prepare(&data, "--records", sizes.records).await?;
    let count = usize::try_from(sizes.records)?;
    report.add(Case {
        name: "records, from nothing to stored and searchable".to_owned(),
        count: Some(count),
        per_second: Some(rate(count, began.elapsed())),
        ..Case::default()
    });
    let process = Process::start(&data).await?;
    let name = format!("cold start, {} search records", sizes.records);
    started(report, &name, &process).await?;
    for clients in [1, 4] {
        let times = load::searches(&process, clients, sizes.load).await?;
        report.add(Case {
            name: format!("search in {} records", sizes.records),
            in_flight: Some(clients),
            count: Some(times.count()),
            per_second: Some(rate(times.count(), sizes.load)),
            figures: percentiles("answer", &times, &[50, 95, 99]),
        });
    }
    report.add(memory("memory, after these searches", &process)?);
    process.kill().await
}

async fn recovery(report: &mut Report, folder: &Path, sizes: &Sizes) -> anyhow::Result<()> {
    let data = folder.join("recovery");
    prepare(&data, "--pending", sizes.pending).await?;
    let process = Process::start(&data).await?;
    let name = format!("recovery, {} pending executions", sizes.pending);
    started(report, &name, &process).await?;
    process.kill().await
}

async fn live_feed(report: &mut Report, folder: &Path, time: Duration) -> anyhow::Result<()> {
    let process = Process::start(&folder.join("feed")).await?;
    let seen = feed::delays(&process, FEED_CLIENTS, time).await?;
    report.add(Case {
        name: "event to client, one more does not read".to_owned(),
        in_flight: Some(FEED_CLIENTS),
        count: Some(seen.delays.count()),
        per_second: Some(rate(seen.events, time)),
        figures: percentiles("arrival", &seen.delays, &[50, 99]),
    });
    process.kill().await
}

async fn started(report: &mut Report, name: &str, process: &Process) -> anyhow::Result<()> {
    let acknowledged = process.first_acknowledgement().await?;
    let figures = vec![
        (
            "to_health_ms".to_owned(),
            milliseconds(process.healthy_after),
        ),
        ("to_first_ack_ms".to_owned(), milliseconds(acknowledged)),
    ];
    report.add(Case {
        name: name.to_owned(),
        figures,
        ..Case::default()
    });
    Ok(())
}
