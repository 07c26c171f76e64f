//! The sandbox with real children: `child.rs` beside this file, built by Cargo as `sandbox-test-child`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of this file is a test, its plain functions too"
)]

mod confinement;
mod pool;

use std::convert::Infallible;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use civitas_model::TenantId;
use civitas_providers::sandbox::{HowItCrashed, Limits, Sandbox, SandboxConfig, SandboxError};
use futures::{Stream, stream};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::{Value, json};
use tokio::sync::{Barrier, oneshot};

const MIB: u64 = 1024 * 1024;

const LIMITS: Limits = Limits {
    memory_bytes: 64 * MIB,
    cpu_seconds: 5,
    wall_clock: Duration::from_secs(20),
    output_bytes: 64 * 1024,
    input_bytes: 8 * MIB,
};

fn config() -> SandboxConfig {
    SandboxConfig {
        program: env!("CARGO_BIN_EXE_sandbox-test-child").into(),
        args: vec!["sandbox-child".into()],
        limits: LIMITS,
        concurrency: 2,
        waiting: 100,
    }
}

fn sandbox(limits: Limits) -> Sandbox {
    Sandbox::new(SandboxConfig { limits, ..config() }).unwrap()
}

fn tenant() -> TenantId {
    TenantId::trusted("a")
}

fn no_input() -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::empty()
}

/// A request longer than the pipe holds, so that the child has begun to read it when the input is asked for.
fn padded(what: &str) -> Value {
    json!({ "do": what, "padding": " ".repeat(200_000) })
}

/// Input that tells when it is first asked for, and never ends.
fn endless(started: oneshot::Sender<()>) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let mut started = Some(started);
    stream::poll_fn(move |_| {
        let _ = started.take().map(|started| started.send(()));
        Poll::Pending
    })
}

async fn run(limits: Limits, what: &str) -> Result<Bytes, SandboxError> {
    sandbox(limits)
        .run(&tenant(), &json!({ "do": what }), None, no_input())
        .await
}

async fn describe(sandbox: &Sandbox) -> Value {
    let seen = sandbox
        .run(&tenant(), &json!({ "do": "describe" }), None, no_input())
        .await;
    serde_json::from_slice(&seen.unwrap()).unwrap()
}

#[tokio::test]
async fn the_input_reaches_the_handler_and_its_answer_comes_back() {
    let limits = Limits {
        output_bytes: LIMITS.input_bytes,
        ..LIMITS
    };
    let chunks = (0..50_u8).map(|byte| Bytes::from(vec![byte; 100_003]));
    let expected = chunks.clone().flatten().collect::<Vec<_>>();
    let input = stream::iter(chunks.map(Ok::<_, Infallible>));
    let answer = sandbox(limits)
        .run(&tenant(), &json!({ "do": "echo" }), None, input)
        .await;
    assert_eq!(answer.unwrap(), expected);
}

#[tokio::test]
async fn an_answer_counts_even_if_the_input_was_not_read() {
    let input = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[0; 1024])));
    let limits = Limits {
        input_bytes: u64::MAX,
        ..LIMITS
    };
    let answer = sandbox(limits)
        .run(&tenant(), &json!({ "do": "ignore" }), None, input)
        .await;
    assert_eq!(answer.unwrap(), "not read");
}

#[tokio::test]
async fn what_a_library_prints_does_not_spoil_the_answer() {
    assert_eq!(run(LIMITS, "print").await.unwrap(), "clean");
}

#[tokio::test]
async fn a_refusal_keeps_the_handlers_code_and_sentence() {
    let error = run(LIMITS, "refuse").await.unwrap_err();
    assert_eq!(error.to_string(), "the file is not a PDF: send one");
    assert!(matches!(error, SandboxError::Rejected { code, .. } if code == "not_a_pdf"));
}

#[tokio::test]
async fn a_memory_bomb_is_out_of_memory() {
    let error = run(LIMITS, "allocate forever").await.unwrap_err();
    assert!(
        matches!(error, SandboxError::OutOfMemory { limit } if limit == LIMITS.memory_bytes),
        "{error:?}"
    );
}

#[tokio::test]
async fn memory_up_to_the_limit_can_be_used() {
    let allocate = |bytes: u64| json!({ "do": "allocate", "bytes": bytes });
    let sandbox = sandbox(LIMITS);
    let fits = sandbox
        .run(&tenant(), &allocate(60 * MIB), None, no_input())
        .await;
    assert_eq!(fits.unwrap(), [1_u8].as_slice());
    let does_not = sandbox
        .run(&tenant(), &allocate(65 * MIB), None, no_input())
        .await;
    assert!(matches!(does_not, Err(SandboxError::OutOfMemory { .. })));
}

#[tokio::test]
async fn an_infinite_loop_ends_at_the_cpu_limit() {
    let limits = Limits {
        cpu_seconds: 1,
        ..LIMITS
    };
    let error = run(limits, "loop").await.unwrap_err();
    assert!(matches!(error, SandboxError::CpuTime { limit: 1 }));
}

#[tokio::test]
async fn waiting_ends_at_the_wall_clock() {
    let limits = Limits {
        wall_clock: Duration::from_millis(300),
        ..LIMITS
    };
    let input = stream::pending::<Result<Bytes, Infallible>>();
    let error = sandbox(limits)
        .run(&tenant(), &json!({ "do": "wait" }), None, input)
        .await;
    assert!(matches!(error, Err(SandboxError::WallClock { .. })));
}

#[tokio::test]
async fn a_large_answer_is_refused() {
    let error = run(LIMITS, "large answer").await.unwrap_err();
    assert!(matches!(
        error,
        SandboxError::OutputTooLarge { limit: 65_536 }
    ));
}

#[tokio::test]
async fn endless_printing_ends_at_a_limit_and_fills_nothing() {
    let limits = Limits {
        wall_clock: Duration::from_millis(300),
        ..LIMITS
    };
    let error = run(limits, "print forever").await.unwrap_err();
    assert!(matches!(error, SandboxError::WallClock { .. }));
}

#[tokio::test]
async fn a_huge_input_is_refused_while_it_comes() {
    // It never ends: only an early refusal lets the test end.
    let input = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![0; 65_536])));
    let error = sandbox(LIMITS)
        .run(&tenant(), &json!({ "do": "wait" }), None, input)
        .await;
    assert!(
        matches!(error, Err(SandboxError::InputTooLarge { limit }) if limit == LIMITS.input_bytes)
    );
}

#[tokio::test]
async fn a_huge_request_is_refused() {
    let request = json!({ "do": "x".repeat(2 * 1024 * 1024) });
    let error = sandbox(LIMITS)
        .run(&tenant(), &request, None, no_input())
        .await;
    assert!(matches!(error, Err(SandboxError::InputTooLarge { .. })));
}

#[tokio::test]
async fn input_that_breaks_off_is_an_error_of_its_own() {
    let input = stream::iter([Ok(Bytes::from("half")), Err(io::Error::other("reset"))]);
    let error = sandbox(LIMITS)
        .run(&tenant(), &json!({ "do": "echo" }), None, input)
        .await;
    assert!(matches!(error, Err(SandboxError::Input(_))), "{error:?}");
}

#[tokio::test]
async fn an_abort_is_a_crash_with_its_last_words() {
    match run(LIMITS, "abort").await.unwrap_err() {
        SandboxError::Crashed { how, stderr_tail } => {
            assert_eq!(how, HowItCrashed::Signal(6));
            assert_eq!(stderr_tail, "the parser is lost");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_exit_without_an_answer_is_a_crash() {
    let error = run(LIMITS, "exit").await.unwrap_err();
    assert!(matches!(
        error,
        SandboxError::Crashed {
            how: HowItCrashed::Exit(3),
            ..
        }
    ));
}

#[tokio::test]
async fn a_panic_is_a_crash_with_its_message_and_place() {
    let error = run(LIMITS, "panic").await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("index out of bounds"), "{text}");
    assert!(text.contains("child.rs:"), "{text}");
}

#[tokio::test]
async fn a_panic_that_a_library_catches_ends_nothing() {
    assert_eq!(run(LIMITS, "panic inside").await.unwrap(), "true");
}

#[tokio::test]
async fn endless_recursion_is_a_crash() {
    let error = run(LIMITS, "recurse").await.unwrap_err();
    match error {
        SandboxError::Crashed { how, stderr_tail } => {
            assert_eq!(how, HowItCrashed::Signal(6));
            assert!(stderr_tail.contains("overflowed its stack"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_child_sees_nothing_of_the_server() {
    // Unlike Rust's own, these are inherited unless someone sees to it.
    let leaked = rustix::pipe::pipe().unwrap();
    let seen = describe(&sandbox(LIMITS)).await;
    drop(leaked);
    assert_eq!(seen["environment"], json!([]));
    assert_eq!(
        seen["open"],
        json!([4]),
        "beyond its pipes only what it reads its own size from"
    );
}

/// Counts itself while a child reads it.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_children_run_at_once_than_the_concurrency() {
    let sandbox = sandbox(LIMITS);
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    // Each job waits until two run, so two do run at once.
    let two = Arc::new(Barrier::new(2));
    let jobs = (0..12).map(|_| {
        let (running, most, two) = (running.clone(), most.clone(), two.clone());
        let input = stream::once(async move {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            let counted = Counted(running);
            most.fetch_max(now, Ordering::SeqCst);
            two.wait().await;
            drop(counted);
            Ok::<_, Infallible>(Bytes::from("x"))
        });
        let sandbox = sandbox.clone();
        tokio::spawn(async move {
            sandbox
                .run(&tenant(), &json!({ "do": "echo" }), None, input)
                .await
        })
    });
    for job in jobs.collect::<Vec<_>>() {
        assert_eq!(job.await.unwrap().unwrap(), "x");
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_job_too_many_is_told_that_the_sandbox_is_busy() {
    let tenant = tenant();
    let sandbox = Sandbox::new(SandboxConfig {
        concurrency: 1,
        waiting: 1,
        ..config()
    });
    let sandbox = sandbox.unwrap();
    let request = padded("wait");
    let (started, first_runs) = oneshot::channel();
    let mut first = Box::pin(sandbox.run(&tenant, &request, None, endless(started)));
    tokio::select! {
        _ = &mut first => unreachable!("its input never ends"),
        told = first_runs => told.unwrap(),
    }
    let echo = json!({ "do": "echo" });
    let mut second = Box::pin(sandbox.run(&tenant, &echo, None, no_input()));
    assert!(futures::poll!(&mut second).is_pending());
    let third = sandbox.run(&tenant, &echo, None, no_input()).await;
    assert!(matches!(third, Err(SandboxError::Busy)));
    // Giving the first up lets the second in.
    drop(first);
    assert_eq!(second.await.unwrap(), "");
}

#[tokio::test]
async fn a_dropped_job_takes_its_child_with_it() {
    let tenant = tenant();
    let mark = format!("mark-{}", std::process::id());
    let sandbox = Sandbox::new(SandboxConfig {
        args: vec![mark.clone().into()],
        ..config()
    });
    let sandbox = sandbox.unwrap();
    let (started, runs) = oneshot::channel();
    // It would notice the end of its input, so it must not be reading any.
    let request = padded("loop");
    let mut job = Box::pin(sandbox.run(&tenant, &request, None, endless(started)));
    tokio::select! {
        _ = &mut job => unreachable!("its input never ends"),
        told = runs => told.unwrap(),
    }
    let child = process_with_argument(&mark, "serve");
    drop(job);
    assert!(ends(&child), "it lives on");
}

#[test]
fn a_killed_server_takes_its_children_with_it() {
    let mark = format!("orphan-{}", std::process::id());
    let mut server = Command::new(env!("CARGO_BIN_EXE_sandbox-test-child"))
        .args(["serve", &mark])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(server.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "the child runs\n");
    let child = process_with_argument(&mark, "serve");
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(ends(&child), "it lives on");
}

/// Whether the process ends within two seconds.
fn ends(process: &OwnedFd) -> bool {
    let limit = Timespec {
        tv_sec: 2,
        tv_nsec: 0,
    };
    let mut end = [PollFd::new(process, PollFlags::IN)];
    poll(&mut end, Some(&limit)).unwrap() == 1
}

/// A descriptor of the process that has one argument and not the other; it becomes readable when the process ends.
fn process_with_argument(argument: &str, not: &str) -> OwnedFd {
    let found = std::fs::read_dir("/proc").unwrap().find_map(|entry| {
        let entry = entry.unwrap();
        let id = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let has = |wanted: &str| {
            line.split(|byte| *byte == 0)
                .any(|one| one == wanted.as_bytes())
        };
        (has(argument) && !has(not)).then_some(id)
    });
    let id = Pid::from_raw(found.expect("the child runs")).unwrap();
    pidfd_open(id, PidfdFlags::empty()).unwrap()
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_the_operators_matter() {
    let sandbox = Sandbox::new(SandboxConfig {
        program: "/nonexistent/program".into(),
        ..config()
    });
    let error = sandbox
        .unwrap()
        .run(&tenant(), &json!({}), None, no_input())
        .await;
    assert!(matches!(error, Err(SandboxError::Io(_))));
}

#[tokio::test]
async fn a_program_that_does_not_speak_the_protocol_is_garbled() {
    let sandbox = Sandbox::new(SandboxConfig {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), "echo 'this is no frame at all'".into()],
        ..config()
    });
    let error = sandbox
        .unwrap()
        .run(&tenant(), &json!({}), None, no_input())
        .await;
    assert!(matches!(
        error,
        Err(SandboxError::Crashed {
            how: HowItCrashed::Garbled,
            ..
        })
    ));
}
