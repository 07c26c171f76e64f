//! Tool calls decided through the hooks' endpoint: policy, budget, audit entry and fsync before each answer.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::try_join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::time::sleep_until;

use crate::cases::rate;
use crate::client::Client;
use crate::process::Process;
use crate::report::{Case, Report, Times};

const HOOK: &str = "/api/v1/hooks/claude-code";
/// Agents that ask in turn, each in sessions of its own.
const AGENTS: usize = 32;
/// Decisions each second of the steady load.
const STEADY: u32 = 500;
/// Connections of the steady load, so that one seldom waits for another.
const STEADY_CLIENTS: u32 = 32;
/// Connections of the full load.
const FULL: usize = 64;

pub(crate) async fn run(report: &mut Report, folder: &Path, time: Duration) -> anyhow::Result<()> {
    let process = Process::start(&folder.join("decisions")).await?;
    register(&process).await?;
    let began = Instant::now();
    let times = full(&process, FULL, began + time / 4).await?;
    add(
        report,
        "decisions, one after another",
        Some(1),
        times,
        began.elapsed(),
    );
    let began = Instant::now();
    let clients = (0..STEADY_CLIENTS).map(|client| steady(&process, client, began + time));
    let times = try_join_all(clients).await?.concat();
    add(
        report,
        "decisions, 500 a second",
        None,
        times,
        began.elapsed(),
    );
    let began = Instant::now();
    let clients = (0..FULL).map(|client| full(&process, client, began + time));
    let times = try_join_all(clients).await?.concat();
    add(
        report,
        "decisions, full load",
        Some(FULL),
        times,
        began.elapsed(),
    );
    process.kill().await
}

fn add(
    report: &mut Report,
    name: &str,
    in_flight: Option<usize>,
    times: Vec<Duration>,
    elapsed: Duration,
) {
    let times = Times::of(times);
    let figures = [50, 99].into_iter().filter_map(|percent| {
        let name = format!("answer_p{percent}_ms");
        Some((name, times.percentile(percent)?))
    });
    report.add(Case {
        name: name.to_owned(),
        in_flight,
        count: Some(times.count()),
        per_second: Some(rate(times.count(), elapsed)),
        figures: figures.collect(),
    });
}

/// Developers with more money than the load can spend.
async fn register(process: &Process) -> anyhow::Result<()> {
    let mut client = process.client().await?;
    for agent in 0..AGENTS {
        let body = json!({
            "name": format!("agent-{agent}"),
            "role": "developer",
            "capabilities": ["coding"],
            "rbac_allowed_tools": ["*"],
            "rbac_path_scopes": ["src/**"],
            "budget_max_tokens_per_session": 1_000_000_000,
            "budget_max_cost_per_day": 1_000_000.0,
            "metadata_category": "foundry",
            "metadata_tags": ["team:bench"],
        });
        let body = Bytes::from(body.to_string());
        client.post("/api/v1/agents", body).await?;
    }
    Ok(())
}

/// Calls come when agents make them, not in step: the gaps between them are exponential (a Poisson process), from a fixed
/// seed. A call that is due while its connection still waits is timed from when it was due.
async fn steady(process: &Process, number: u32, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut client = process.client().await?;
    let mut random = StdRng::seed_from_u64(number.into());
    let mean = f64::from(STEADY_CLIENTS) / f64::from(STEADY);
    let mut due = Instant::now();
    let mut times = Vec::new();
    loop {
        due += Duration::from_secs_f64(-mean * (1.0 - random.random::<f64>()).ln());
        if due >= until {
            return Ok(times);
        }
        let late = Instant::now().saturating_duration_since(due);
        sleep_until(due.into()).await;
        let elapsed = decide(&mut client, &format!("steady-{number}"), times.len()).await?;
        times.push(late + elapsed);
    }
}

async fn full(process: &Process, number: usize, until: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut client = process.client().await?;
    let mut times = Vec::new();
    while Instant::now() < until {
        times.push(decide(&mut client, &format!("full-{number}"), times.len()).await?);
    }
    Ok(times)
}

/// One call: reading, writing and testing in turn, all of them allowed.
async fn decide(client: &mut Client, session: &str, count: usize) -> anyhow::Result<Duration> {
    let (tool, input) = match count % 3 {
        0 => ("Read", json!({ "file_path": "/work/src/main.rs" })),
        1 => (
            "Edit",
            json!({ "file_path": "/work/src/lib.rs", "old_string": "a", "new_string": "b" }),
        ),
        _ => ("Bash", json!({ "command": "cargo test --workspace" })),
    };
    let agent = session.bytes().map(usize::from).sum::<usize>() % AGENTS;
    let event = json!({
        "session_id": session,
        "hook_event_name": "PreToolUse",
        "cwd": "/work",
        "permission_mode": "default",
        "transcript_path": "/home/ada/.claude/projects/work/s.jsonl",
        "agent_type": format!("agent-{agent}"),
        "tool_name": tool,
        "tool_input": input,
        "tool_use_id": format!("toolu_{count}"),
    });
    let body = Bytes::from(event.to_string());
    let began = Instant::now();
    let answer = client.post(HOOK, body).await?;
    let elapsed = began.elapsed();
    let allowed = b"\"permissionDecision\":\"allow\"";
    anyhow::ensure!(
        answer
            .windows(allowed.len())
            .any(|window| window == allowed),
        "a call was not allowed: {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(elapsed)
}
