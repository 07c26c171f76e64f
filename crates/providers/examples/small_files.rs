//! How many small documents per second go through the sandbox, with one child for each and with children used again, and
//! what a large one does to the memory of this process.
//!
//! `cargo run --release -p civitas-providers --example small_files`

#![expect(clippy::print_stdout, reason = "its figures are its output")]

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use civitas_documents::Request;
use civitas_model::TenantId;
use civitas_providers::sandbox::{
    ChildRefusal, Input, Limits, Pooling, Sandbox, SandboxConfig, SandboxError, child_main,
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

const FILES: usize = 2000;
const CONCURRENCY: usize = 2;
const LARGE_BYTES: u64 = 256 << 20;
const MIB: u64 = 1 << 20;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<ExitCode> {
    if std::env::args().nth(1).as_deref() == Some("sandbox-child") {
        return Ok(child_main(parse));
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(measure())?;
    Ok(ExitCode::SUCCESS)
}

fn parse(request: Value, input: &mut Input<'_>) -> Result<Vec<u8>, ChildRefusal> {
    let refusal = |message: String| ChildRefusal {
        code: "refused".to_owned(),
        message,
    };
    let request: Request =
        serde_json::from_value(request).map_err(|error| refusal(error.to_string()))?;
    let size = input.size();
    let document = civitas_documents::parse_stream(&request, input, size)
        .map_err(|error| refusal(error.to_string()))?
        .map_err(|error| refusal(error.to_string()))?;
    serde_json::to_vec(&document).map_err(|error| refusal(error.to_string()))
}

async fn measure() -> Outcome<()> {
    let one_each = Pooling {
        jobs_max: 1,
        ..Pooling::DEFAULT
    };
    println!("{FILES} documents of 1 to 20 KB, {CONCURRENCY} at a time");
    for round in 1..=2 {
        for (name, pooling, tenants) in [
            ("a child for each", one_each, 1),
            ("children used again", Pooling::DEFAULT, 1),
            ("the same, eight tenants in turns", Pooling::DEFAULT, 8),
        ] {
            let began = Instant::now();
            small(&sandbox(pooling)?, tenants).await?;
            println!("round {round}: {name}: {:.0} files/s", rate(began));
        }
    }
    for (name, ahead) in [("started then", false), ("started ahead", true)] {
        let pooling = Pooling {
            ahead,
            ..Pooling::DEFAULT
        };
        let time = first_of_a_tenant(&sandbox(pooling)?).await?;
        println!("the first document of a tenant, its child {name}: {time:.1?} (median)");
    }
    let sandbox = sandbox(Pooling::DEFAULT)?;
    small(&sandbox, 1).await?;
    println!("waiting children:");
    for child in children()? {
        println!(
            "  RSS {} KiB, CPU while idle for 2 s: {} ticks",
            child.rss,
            {
                let before = child.ticks;
                tokio::time::sleep(Duration::from_secs(2)).await;
                ticks(child.id)? - before
            }
        );
    }
    large(&sandbox).await
}

fn sandbox(pooling: Pooling) -> Outcome<Sandbox> {
    let config = SandboxConfig {
        program: std::env::current_exe()?,
        args: vec!["sandbox-child".into()],
        limits: Limits {
            memory_bytes: 1 << 30,
            cpu_seconds: 60,
            wall_clock: Duration::from_mins(2),
            output_bytes: 256 << 20,
            input_bytes: 512 << 20,
        },
        concurrency: CONCURRENCY,
        waiting: FILES,
    };
    Ok(Sandbox::with_pooling(config, pooling)?)
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn rate(began: Instant) -> f64 {
    FILES as f64 / began.elapsed().as_secs_f64()
}

async fn small(sandbox: &Sandbox, tenants: usize) -> Result<(), SandboxError> {
    let line = "Delivery of the ordered parts is late by two days; see the note of the carrier.\n";
    let jobs = stream::iter(0..FILES).map(|number| async move {
        let tenant = TenantId::trusted(format!("tenant-{}", number % tenants));
        let text = Bytes::from(line.repeat(13 + number * 7 % 240));
        let request = json!(Request::new(format!("note-{number}.txt")));
        let size = text.len() as u64;
        let input = stream::iter([Ok::<_, Infallible>(text)]);
        sandbox.run(&tenant, &request, Some(size), input).await
    });
    let mut answers = jobs.buffer_unordered(CONCURRENCY * 2);
    while let Some(answer) = answers.next().await {
        answer?;
    }
    Ok(())
}

/// How long a tenant waits that has no child yet, while nothing else runs.
async fn first_of_a_tenant(sandbox: &Sandbox) -> Result<Duration, SandboxError> {
    let mut times = Vec::new();
    sandbox.start_ahead();
    for number in 0..50 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let tenant = TenantId::trusted(format!("first-{number}"));
        let request = json!(Request::new("note.txt"));
        let input = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"some words"))]);
        let began = Instant::now();
        sandbox.run(&tenant, &request, Some(10), input).await?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// A large table, made while it is sent.
async fn large(sandbox: &Sandbox) -> Outcome<()> {
    let rows = Bytes::from("17;Steel bolt;4.50;2026-03-01;Hamburg\n".repeat(2000));
    let chunks = LARGE_BYTES / rows.len() as u64;
    let size = chunks * rows.len() as u64;
    let mut left = chunks;
    let input = stream::poll_fn(move |_| {
        let more = left > 0;
        left = left.saturating_sub(1);
        std::task::Poll::Ready(more.then(|| Ok::<_, Infallible>(rows.clone())))
    });
    let before = peak()?;
    let began = Instant::now();
    let request = json!(Request::new("parts.csv"));
    let answer = sandbox
        .run(&TenantId::trusted("large"), &request, Some(size), input)
        .await;
    println!(
        "a CSV of {} MiB: {:.1} s; peak RSS of this process {} KiB before, {} KiB after; {}",
        size / MIB,
        began.elapsed().as_secs_f64(),
        before,
        peak()?,
        match answer {
            Ok(answer) => format!("answer of {} KiB", answer.len() / 1024),
            Err(error) => format!("no answer: {error}"),
        }
    );
    Ok(())
}

fn peak() -> Outcome<u64> {
    field("self", "VmHWM:")
}

struct Child {
    id: u32,
    rss: u64,
    ticks: u64,
}

fn children() -> Outcome<Vec<Child>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(id) = entry?.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let process = id.to_string();
        if field(&process, "PPid:").is_ok_and(|parent| parent == u64::from(std::process::id())) {
            children.push(Child {
                id,
                rss: field(&process, "VmRSS:")?,
                ticks: ticks(id)?,
            });
        }
    }
    Ok(children)
}

/// A number of `/proc/ID/status`.
fn field(process: &str, name: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no such field")?.parse()?)
}

/// CPU time of a process in clock ticks: fields 14 and 15 of `/proc/ID/stat`.
fn ticks(id: u32) -> Outcome<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<_> = fields.split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}
