//! This program, run as the client runs it.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use civitas_hooks::{Event, Verdict};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{Bench, Row};
use crate::cli::agents::install::plan;

/// How long a run may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the client sees of a run.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

pub(super) async fn checks(bench: &Bench) -> Vec<Row> {
    vec![
        Row::of("command: deny", refused(bench).await),
        Row::of("command: away", away(bench).await),
        Row::of("command: garbage", garbage(bench).await),
    ]
}

/// A denied call ends with the code that holds it back, and says why.
async fn refused(bench: &Bench) -> Result<String, String> {
    for name in ["pre-tool-use", "pre-tool-use.subagent"] {
        let event = bench.denied(name)?;
        let ran = hook(bench, &bench.server, "pre-tool-use", &event.raw.to_string()).await?;
        let verdict = verdict(&event, &ran);
        if ran.code != Some(2)
            || !matches!(verdict, Some(Verdict::Refused(_)))
            || ran.err.is_empty()
        {
            return Err(format!(
                "{name} ends with {:?} and says {}{}",
                ran.code, ran.out, ran.err
            ));
        }
    }
    Ok("`civitas hook` exits with 2 when a call is denied, a sub-agent's too".to_owned())
}

/// Without a server nothing is allowed.
async fn away(bench: &Bench) -> Result<String, String> {
    // Somebody had this port, and nobody has it now.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let server = format!(
        "http://{}",
        port.map_err(|error| format!("no port is free: {error}"))?
    );
    let event = bench.event("pre-tool-use.read", |_| {})?;
    let ran = hook(bench, &server, "pre-tool-use", &event.raw.to_string()).await?;
    if ran.code != Some(2) || !ran.err.contains("cannot be reached") {
        return Err(format!(
            "without a server a call ends with {:?} and says {}{}",
            ran.code, ran.out, ran.err
        ));
    }
    let event = bench.event("permission-request", |_| {})?;
    let ran = hook(bench, &server, "permission-request", &event.raw.to_string()).await?;
    if !matches!(verdict(&event, &ran), Some(Verdict::Refused(_))) {
        return Err(format!(
            "without a server a prompt ends with {:?} and says {}",
            ran.code, ran.out
        ));
    }
    Ok("without a server calls and prompts are refused".to_owned())
}

/// What is no event is not let through.
async fn garbage(bench: &Bench) -> Result<String, String> {
    for input in ["", "{", "[]", "{\"hook_event_name\":\"PreToolUse\"}"] {
        let ran = hook(bench, &bench.server, "pre-tool-use", input).await?;
        if ran.code != Some(2) {
            return Err(format!(
                "the input `{input}` ends with {:?} and says {}",
                ran.code, ran.out
            ));
        }
    }
    Ok("what is no event is refused".to_owned())
}

fn verdict(event: &Event, ran: &Ran) -> Option<Verdict> {
    let answer: Value = serde_json::from_str(&ran.out).ok()?;
    Verdict::of(event, &answer)
}

async fn hook(bench: &Bench, server: &str, event: &str, input: &str) -> Result<Ran, String> {
    let failed = |error: std::io::Error| format!("this program cannot be run: {error}");
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command
        .args(["hook", event])
        .env(plan::SERVER, server)
        .env_remove(plan::TOKEN)
        .envs(bench.token.as_ref().map(|token| (plan::TOKEN, token)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // It may have made up its mind before it read everything.
        drop(stdin.write_all(input.as_bytes()).await);
    }
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output());
    let output = output
        .await
        .map_err(|_| format!("`civitas hook` did not end within {} s", PATIENCE.as_secs()))?
        .map_err(failed)?;
    Ok(Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
