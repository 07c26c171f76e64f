//! Measures the engine alone: no HTTP, a real directory, every commit synced.
//!
//! `cargo run --release -p civitas-runtime --example executions [DIRECTORY] [SECONDS]`
//!
//! *ack* is the time from a submission to its durable acceptance, *end* the time from a submission to the end of its
//! execution as a waiting client sees it. Submit-only keeps its executions from running, by a concurrency of zero.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use civitas_intent::prelude::*;
use civitas_model::{Caller, SystemClock, SystemEntropy};
use civitas_providers::blobs::Blobs;
use civitas_providers::sandbox::{Limits, Sandbox, SandboxConfig};
use civitas_runtime::{Options, Retention, Runtime, Services, Submission};
use civitas_storage::{Store, StoreOptions};
use futures::FutureExt;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Add up, in three steps.
#[derive(Deserialize, JsonSchema)]
struct ThreeSteps {
    /// Where to start.
    number: u64,
}

/// The sum.
#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: u64,
}

impl Intent for ThreeSteps {
    const NAME: &'static str = "three_steps";
    const ARTIFACT: &'static str = "sum";
    const POLICY: Policy = Policy {
        concurrency_max: 100_000,
        ..Policy::DEFAULT
    };
    type Output = Sum;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Sum>> {
        let one: u64 = cx.step("one", async { Ok(self.number + 1) }).await?;
        let two: u64 = cx.step("two", async { Ok(one + 1) }).await?;
        let sum: u64 = cx.step("three", async { Ok(two + 1) }).await?;
        Ok(Sum { sum }.into())
    }
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    ack: Vec<Duration>,
    end: Vec<Duration>,
}

async fn start(directory: &Path, concurrency_max: usize) -> std::result::Result<Runtime, Failure> {
    let clock = Arc::new(SystemClock);
    let path = directory.join("civitas.db");
    let services = Services {
        blobs: Blobs::local(&directory.join("blobs"))?,
        sandbox: Sandbox::new(SandboxConfig {
            program: PathBuf::from("/bin/false"),
            args: Vec::new(),
            limits: Limits {
                memory_bytes: 1 << 20,
                cpu_seconds: 1,
                wall_clock: Duration::from_secs(1),
                output_bytes: 1,
                input_bytes: 1,
            },
            concurrency: 1,
            waiting: 0,
        })?,
        search: Arc::new(|_, _| async { Ok(Value::Null) }.boxed()),
    };
    Ok(Runtime::start(Options {
        store: Store::open(&StoreOptions::Sqlite { path }, clock.clone()).await?,
        realms: vec![Realm::new("measure", "Adds up").intent::<ThreeSteps>()],
        services,
        clock,
        entropy: Arc::new(SystemEntropy),
        node: "measure".into(),
        concurrency_max,
        tenant_concurrency_max: concurrency_max,
        retention: Retention::default(),
    })
    .await?)
}

/// One client: submits, waits for the end where there is one, and starts over.
async fn client(
    runtime: Runtime,
    to_the_end: bool,
    done: Arc<AtomicBool>,
) -> std::result::Result<Seen, Failure> {
    let caller = Caller::local_operator();
    let mut seen = Seen::default();
    for number in 0_u64.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        let submission = Submission {
            intent_type: ThreeSteps::NAME.into(),
            parameters: [("number".to_owned(), number.into())].into_iter().collect(),
            ..Submission::default()
        };
        let accepted = runtime.submit(&caller, submission).await?;
        seen.ack.push(began.elapsed());
        if to_the_end {
            let patience = Duration::from_secs(30);
            let found = runtime
                .wait(&caller.tenant_id, &accepted.execution_id, patience)
                .await?;
            if found.is_none_or(|found| found.result.is_none()) {
                return Err("an execution did not complete".into());
            }
            seen.end.push(began.elapsed());
        }
    }
    Ok(seen)
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted
        .get(index)
        .map_or(0.0, |value| value.as_secs_f64() * 1000.0)
}

async fn measure(
    directory: &Path,
    clients: usize,
    to_the_end: bool,
    time: Duration,
) -> std::result::Result<(), Failure> {
    let directory = tempfile::tempdir_in(directory)?;
    let runtime = start(directory.path(), if to_the_end { 1024 } else { 0 }).await?;
    let done = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| tokio::spawn(client(runtime.clone(), to_the_end, Arc::clone(&done))))
        .collect();
    tokio::time::sleep(time).await;
    done.store(true, Ordering::Relaxed);
    let mut seen = Seen::default();
    for task in tasks {
        let one = task.await??;
        seen.ack.extend(one.ack);
        seen.end.extend(one.end);
    }
    let rate = f64::from(u32::try_from(seen.ack.len())?) / began.elapsed().as_secs_f64();
    seen.ack.sort_unstable();
    seen.end.sort_unstable();
    println!(
        "| {:<11} | {clients:>9} | {rate:>9.0} | {:>8.2} | {:>8.2} | {:>8.2} | {:>8.2} |",
        if to_the_end {
            "three steps"
        } else {
            "submit only"
        },
        percentile(&seen.ack, 50),
        percentile(&seen.ack, 99),
        percentile(&seen.end, 50),
        percentile(&seen.end, 99),
    );
    runtime.stop(Duration::from_secs(5)).await;
    Ok(())
}

#[tokio::main]
async fn main() -> std::result::Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    println!("| load        | in flight | per s     | ack p50  | ack p99  | end p50  | end p99  |");
    println!("|-------------|----------:|----------:|---------:|---------:|---------:|---------:|");
    for to_the_end in [false, true] {
        for clients in [1, 64, 256] {
            measure(
                &directory,
                clients,
                to_the_end,
                Duration::from_secs(seconds),
            )
            .await?;
        }
    }
    println!(
        "\nLatencies in milliseconds; {seconds} s each; SQLite in {}.",
        directory.display()
    );
    Ok(())
}
