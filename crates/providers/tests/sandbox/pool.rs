//! One child for many jobs: when it is used again, when not, and that a bad job harms no other.

use std::time::Duration;

use bytes::Bytes;
use civitas_model::TenantId;
use civitas_providers::sandbox::{
    HowItCrashed, Limits, Pooling, Sandbox, SandboxConfig, SandboxError,
};
use futures::stream;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::{Value, json};

use super::{LIMITS, MIB, config, ends, no_input, tenant};

/// One child at a time, so that it is clear which one comes next.
fn pooled(limits: Limits, pooling: Pooling) -> Sandbox {
    let config = SandboxConfig {
        limits,
        concurrency: 1,
        ..config()
    };
    Sandbox::with_pooling(config, pooling).unwrap()
}

fn one_by_one() -> Sandbox {
    pooled(LIMITS, Pooling::DEFAULT)
}

/// The id of the child that did the job.
async fn child_of(sandbox: &Sandbox, tenant: &TenantId, request: Value) -> i32 {
    let answer = sandbox.run(tenant, &request, None, no_input()).await;
    String::from_utf8(answer.unwrap().to_vec())
        .unwrap()
        .parse()
        .unwrap()
}

async fn who(sandbox: &Sandbox) -> i32 {
    child_of(sandbox, &tenant(), json!({ "do": "who" })).await
}

#[tokio::test]
async fn a_child_takes_one_job_after_another() {
    let sandbox = one_by_one();
    let first = who(&sandbox).await;
    for number in 0..50_u8 {
        let input = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![number; 10_000]))]);
        let request = json!({ "do": "echo" });
        let answer = sandbox.run(&tenant(), &request, Some(10_000), input).await;
        assert_eq!(answer.unwrap(), vec![number; 10_000]);
    }
    assert_eq!(who(&sandbox).await, first);
}

#[tokio::test]
async fn a_child_works_for_one_tenant_only() {
    let sandbox = one_by_one();
    let (one, other) = (tenant(), TenantId::trusted("b"));
    let request = json!({ "do": "who" });
    let first = child_of(&sandbox, &one, request.clone()).await;
    let gone = pidfd_open(Pid::from_raw(first).unwrap(), PidfdFlags::empty()).unwrap();
    let second = child_of(&sandbox, &other, request.clone()).await;
    assert_ne!(first, second);
    assert!(ends(&gone), "there is room for one child only");
    assert_ne!(child_of(&sandbox, &one, request).await, second);
}

#[tokio::test]
async fn tenants_keep_their_children_where_there_is_room() {
    let sandbox = Sandbox::new(config()).unwrap();
    let (one, other) = (tenant(), TenantId::trusted("b"));
    let request = json!({ "do": "who" });
    let first = child_of(&sandbox, &one, request.clone()).await;
    let second = child_of(&sandbox, &other, request.clone()).await;
    assert_eq!(child_of(&sandbox, &one, request.clone()).await, first);
    assert_eq!(child_of(&sandbox, &other, request).await, second);
}

#[tokio::test]
async fn a_child_that_was_started_ahead_serves_a_tenant_and_the_next_is_another() {
    let sandbox = Sandbox::new(config()).unwrap();
    sandbox.start_ahead();
    let request = json!({ "do": "who" });
    let mut seen = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let child = child_of(&sandbox, &TenantId::trusted(name), request.clone()).await;
        assert!(!seen.contains(&child), "no child works for two tenants");
        seen.push(child);
    }
}

#[tokio::test]
async fn a_child_is_thrown_away_after_its_jobs() {
    let pooling = Pooling {
        jobs_max: 2,
        ..Pooling::DEFAULT
    };
    let sandbox = pooled(LIMITS, pooling);
    let children = [
        who(&sandbox).await,
        who(&sandbox).await,
        who(&sandbox).await,
    ];
    assert_eq!(children[0], children[1]);
    assert_ne!(children[1], children[2]);
}

#[tokio::test]
async fn a_child_is_thrown_away_after_much_input() {
    let pooling = Pooling {
        input_bytes_max: 1000,
        ..Pooling::DEFAULT
    };
    let sandbox = pooled(LIMITS, pooling);
    let input = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![0; 1000]))]);
    let request = json!({ "do": "who" });
    let first = sandbox.run(&tenant(), &request, None, input).await.unwrap();
    assert_ne!(who(&sandbox).await.to_string().as_bytes(), first);
}

#[tokio::test]
async fn a_child_that_holds_much_memory_is_thrown_away() {
    let sandbox = one_by_one();
    let leak = |bytes: u64| json!({ "do": "leak", "bytes": bytes });
    let first = child_of(&sandbox, &tenant(), leak(4 * MIB)).await;
    // What it leaks comes on top of what it had.
    assert_eq!(child_of(&sandbox, &tenant(), leak(16 * MIB)).await, first);
    assert_ne!(who(&sandbox).await, first);
}

#[tokio::test]
async fn what_a_child_holds_does_not_count_against_its_next_job() {
    let sandbox = one_by_one();
    let leak = json!({ "do": "leak", "bytes": 12 * MIB });
    let first = child_of(&sandbox, &tenant(), leak).await;
    let request = json!({ "do": "leak", "bytes": 60 * MIB });
    assert_eq!(child_of(&sandbox, &tenant(), request).await, first);
}

#[tokio::test]
async fn a_used_child_has_the_same_memory_limit_as_a_fresh_one() {
    let sandbox = one_by_one();
    who(&sandbox).await;
    let request = json!({ "do": "allocate", "bytes": 66 * MIB });
    let error = sandbox.run(&tenant(), &request, None, no_input()).await;
    assert!(
        matches!(error, Err(SandboxError::OutOfMemory { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn cpu_time_counts_for_each_job_and_ends_a_used_child_too() {
    let limits = Limits {
        cpu_seconds: 1,
        ..LIMITS
    };
    let sandbox = pooled(limits, Pooling::DEFAULT);
    let busy = json!({ "do": "use CPU", "millis": 700 });
    let first = child_of(&sandbox, &tenant(), busy.clone()).await;
    // Together they take longer than one may.
    assert_eq!(child_of(&sandbox, &tenant(), busy.clone()).await, first);
    // Now it used more than a job may: it gets no more.
    assert_ne!(child_of(&sandbox, &tenant(), busy).await, first);
    let forever = json!({ "do": "loop" });
    let error = sandbox.run(&tenant(), &forever, None, no_input()).await;
    assert!(matches!(error, Err(SandboxError::CpuTime { limit: 1 })));
}

#[tokio::test]
async fn a_child_that_waits_too_long_for_a_job_is_ended() {
    let pooling = Pooling {
        idle: Duration::from_millis(50),
        ..Pooling::DEFAULT
    };
    let sandbox = pooled(LIMITS, pooling);
    for _ in 0..2 {
        let child = Pid::from_raw(who(&sandbox).await).unwrap();
        let child = pidfd_open(child, PidfdFlags::empty()).unwrap();
        let ended = tokio::task::spawn_blocking(move || ends(&child)).await;
        assert!(ended.unwrap(), "it waits on");
    }
}

#[tokio::test]
async fn the_last_clone_takes_the_waiting_children_with_it() {
    let sandbox = one_by_one();
    let clone = sandbox.clone();
    let child = Pid::from_raw(who(&sandbox).await).unwrap();
    let child = pidfd_open(child, PidfdFlags::empty()).unwrap();
    drop(sandbox);
    assert_eq!(who(&clone).await, who(&clone).await);
    drop(clone);
    assert!(ends(&child), "it lives on");
}

#[tokio::test]
async fn a_child_that_was_killed_while_it_waited_is_replaced() {
    let sandbox = one_by_one();
    let first = Pid::from_raw(who(&sandbox).await).unwrap();
    let gone = pidfd_open(first, PidfdFlags::empty()).unwrap();
    rustix::process::kill_process(first, rustix::process::Signal::KILL).unwrap();
    assert!(ends(&gone));
    assert_ne!(who(&sandbox).await, first.as_raw_pid());
}

/// A sandbox in which a job that only the wall clock ends does not take long, and one that the CPU limit ends may.
fn impatient(bad: &str) -> Sandbox {
    let limits = Limits {
        cpu_seconds: 1,
        wall_clock: match bad {
            "sleep" | "print forever" => Duration::from_secs(2),
            _ => LIMITS.wall_clock,
        },
        ..LIMITS
    };
    pooled(limits, Pooling::DEFAULT)
}

/// Does the job `bad` in a child that did others, or in a fresh one, and finds that the next job is well.
async fn harms_nothing(bad: &str, used: bool, expected: impl Fn(&SandboxError) -> bool) {
    let sandbox = impatient(bad);
    let before = if used {
        Some(who(&sandbox).await)
    } else {
        None
    };
    let request = json!({ "do": bad });
    let error = sandbox.run(&tenant(), &request, None, no_input()).await;
    let error = error.unwrap_err();
    assert!(expected(&error), "{bad}, used {used}: {error:?}");
    let after = who(&sandbox).await;
    assert_ne!(Some(after), before, "{bad}: the child was used again");
    assert_eq!(who(&sandbox).await, after, "{bad}: the pool recovered");
}

macro_rules! bad_jobs {
    ($($name:ident: $bad:literal => $expected:pat,)*) => {$(
        #[tokio::test]
        async fn $name() {
            for used in [false, true] {
                harms_nothing($bad, used, |error| matches!(error, $expected)).await;
            }
        }
    )*};
}

bad_jobs! {
    a_job_that_allocates_forever_harms_no_other:
        "allocate forever" => SandboxError::OutOfMemory { .. },
    a_job_that_spins_harms_no_other: "loop" => SandboxError::CpuTime { limit: 1 },
    a_job_that_sleeps_harms_no_other: "sleep" => SandboxError::WallClock { .. },
    a_job_with_a_large_answer_harms_no_other: "large answer" => SandboxError::OutputTooLarge { .. },
    a_job_that_prints_forever_harms_no_other:
        "print forever" => SandboxError::CpuTime { .. } | SandboxError::WallClock { .. },
    a_job_that_exits_harms_no_other:
        "exit" => SandboxError::Crashed { how: HowItCrashed::Exit(3), .. },
    a_job_that_dies_by_a_signal_harms_no_other:
        "abort" => SandboxError::Crashed { how: HowItCrashed::Signal(6), .. },
    a_job_that_panics_harms_no_other:
        "panic" => SandboxError::Crashed { how: HowItCrashed::Panic(_), .. },
    a_job_that_recurses_harms_no_other:
        "recurse" => SandboxError::Crashed { how: HowItCrashed::Signal(_), .. },
    a_job_that_becomes_another_program_harms_no_other: "become" => SandboxError::Rejected { .. },
    a_document_that_is_refused_wears_its_child_out: "refuse" => SandboxError::Rejected { .. },
}

#[tokio::test]
async fn a_child_that_left_input_unread_is_not_used_again() {
    let sandbox = one_by_one();
    let first = who(&sandbox).await;
    let input = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![0; 4 << 20]))]);
    let request = json!({ "do": "ignore" });
    let answer = sandbox.run(&tenant(), &request, None, input).await;
    assert_eq!(answer.unwrap(), "not read");
    assert_ne!(who(&sandbox).await, first);
}

fn misbehaving(how: &str) -> Sandbox {
    let sandbox = Sandbox::new(SandboxConfig {
        args: vec!["misbehave".into(), how.into()],
        limits: Limits {
            wall_clock: Duration::from_millis(500),
            ..LIMITS
        },
        ..config()
    });
    sandbox.unwrap()
}

#[tokio::test]
async fn a_child_that_leaves_in_mid_frame_has_crashed() {
    let request = json!({ "do": "who" });
    let sandbox = misbehaving("mid-frame");
    let error = sandbox.run(&tenant(), &request, None, no_input()).await;
    assert!(
        matches!(
            error,
            Err(SandboxError::Crashed {
                how: HowItCrashed::Exit(0),
                ..
            })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_flood_is_not_taken_in() {
    let request = json!({ "do": "who" });
    let sandbox = misbehaving("flood");
    let error = sandbox.run(&tenant(), &request, None, no_input()).await;
    assert!(
        matches!(error, Err(SandboxError::OutputTooLarge { limit }) if limit == LIMITS.output_bytes)
    );
}

#[tokio::test]
async fn a_child_that_never_reads_ends_at_the_wall_clock() {
    let request = json!({ "do": "who" });
    let input = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![0; 65_536])));
    let sandbox = misbehaving("silence");
    let error = sandbox.run(&tenant(), &request, None, input).await;
    assert!(
        matches!(error, Err(SandboxError::WallClock { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_answers_no_later_job() {
    let request = json!({ "do": "who" });
    let sandbox = misbehaving("two answers");
    let first = sandbox.run(&tenant(), &request, None, no_input()).await;
    assert_eq!(first.unwrap(), "x");
    // The second job gets a child of its own: its answer is that child's first.
    let second = sandbox.run(&tenant(), &request, None, no_input()).await;
    assert_eq!(second.unwrap(), "x");
}

#[tokio::test]
async fn an_input_of_known_length_over_the_limit_is_refused_before_it_moves() {
    let input = stream::poll_fn(|_| -> std::task::Poll<Option<std::io::Result<Bytes>>> {
        unreachable!("it is asked for")
    });
    let request = json!({ "do": "who" });
    let size = Some(LIMITS.input_bytes + 1);
    let error = one_by_one().run(&tenant(), &request, size, input).await;
    assert!(
        matches!(error, Err(SandboxError::InputTooLarge { limit }) if limit == LIMITS.input_bytes)
    );
}
