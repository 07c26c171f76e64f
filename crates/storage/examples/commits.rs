//! Measures commits per second: `measure sqlite FOLDER` or `measure postgres ADDRESS`, then the number of committers at
//! work (256) and of seconds per measurement (5). Run with `--release`; every commit is on disk before it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use civitas_audit::{Actor, NewEntry};
use civitas_model::execution::Intent;
use civitas_model::journal::{Kind, NewEntry as Step};
use civitas_model::{Id, SystemClock, SystemEntropy, Timestamp};
use civitas_storage::execution::{Append, Finish, Outcome, Start, Submit};
use civitas_storage::{Changeset, CommitError, Store, StoreOptions};
use serde_json::json;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Copy)]
enum Work {
    /// One changeset: an intent is accepted.
    Submits,
    /// The same, and an audit entry with a body says so.
    Audited,
    /// Five changesets one after the other: accepted, started, two steps, finished.
    Executions,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_default();
    let place = arguments
        .next()
        .ok_or("usage: measure sqlite FOLDER | postgres ADDRESS [COMMITTERS] [SECONDS]")?;
    let committers: u64 = arguments.next().map_or(Ok(256), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let options = match kind.as_str() {
        "sqlite" => StoreOptions::Sqlite {
            path: std::path::Path::new(&place).join("measure.db"),
        },
        _ => StoreOptions::Postgres { address: place },
    };
    let store = Store::open(&options, Arc::new(SystemClock)).await?;
    for (name, work) in [
        ("submits", Work::Submits),
        ("submits with an audit entry", Work::Audited),
        ("executions of five commits", Work::Executions),
    ] {
        let length = Duration::from_secs(seconds);
        let (count, mut waits) = measure(&store, work, committers, length).await?;
        waits.sort_unstable();
        let percentile = |share: usize| {
            waits
                .get(waits.len() * share / 100)
                .copied()
                .unwrap_or_default()
        };
        say(&format!(
            "{kind}, {committers} committers: {} {name}/s, p50 {:?}, p99 {:?}",
            count / seconds,
            percentile(50),
            percentile(99)
        ))?;
    }
    Ok(())
}

fn say(line: &str) -> Result<(), std::io::Error> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{line}")
}

async fn measure(
    store: &Store,
    work: Work,
    committers: u64,
    length: Duration,
) -> Result<(u64, Vec<Duration>), Failure> {
    let count = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + length;
    let tasks: Vec<_> = (0..committers)
        .map(|_| {
            let (store, count) = (store.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while Instant::now() < end {
                    let began = Instant::now();
                    one(&store, work).await?;
                    waits.push(began.elapsed());
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, CommitError>(waits)
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    Ok((count.load(Ordering::Relaxed), waits))
}

async fn one(store: &Store, work: Work) -> Result<(), CommitError> {
    let (clock, entropy) = (SystemClock, SystemEntropy);
    let (tenant_id, execution_id) = (Id::trusted("tenant"), Id::generate(&clock, &entropy));
    let submit = Submit {
        execution_id: execution_id.clone(),
        intent: Intent {
            intent_id: Id::generate(&clock, &entropy),
            intent_type: "parse_content".into(),
            tenant_id,
            session_id: Id::trusted("session"),
            solution_id: Id::trusted("default"),
            user_id: None,
            parameters: json!({ "file_id": "018f6a5e-7b1a-7c3d-9e2f-000000000000" }),
            metadata: json!({}),
            created_at: Timestamp::from_micros(1_700_000_000_000_000),
        },
        parent: None,
        idempotency: None,
    };
    let mut changes = Changeset::new();
    if matches!(work, Work::Audited) {
        let actor = Actor::new("agent", "018f6a5e-7b1a-7c3d-9e2f-000000000000");
        let tenant = &submit.intent.tenant_id;
        let entry = NewEntry::new(&clock, &entropy, tenant, actor, "agent", "Bash")
            .on("execution", execution_id.as_str())
            .of_tool_use("toolu_01ABCDEFGHJKMNPQRSTVWXYZ")
            .with_body(
                &json!({ "command": "cargo test", "path": "/work" }),
                &entropy,
            );
        changes = changes.with(entry);
    }
    store.commit(changes.with(submit)).await?;
    if matches!(work, Work::Submits | Work::Audited) {
        return Ok(());
    }
    let tenant_id = || Id::trusted("tenant");
    let start = Start {
        tenant_id: tenant_id(),
        execution_id: execution_id.clone(),
        after_seq: 1,
        entries: vec![Step::bare(Kind::Started)],
    };
    store.commit(Changeset::new().with(start)).await?;
    for after_seq in [2, 3] {
        let append = Append {
            tenant_id: tenant_id(),
            execution_id: execution_id.clone(),
            after_seq,
            entries: vec![Step::new(Kind::Step, "step", json!({ "result": 1 }))],
        };
        store.commit(Changeset::new().with(append)).await?;
    }
    let finish = Finish {
        tenant_id: tenant_id(),
        execution_id,
        after_seq: 4,
        entries: vec![Step::bare(Kind::Completed)],
        outcome: Outcome::Completed(json!({})),
    };
    store.commit(Changeset::new().with(finish)).await?;
    Ok(())
}
