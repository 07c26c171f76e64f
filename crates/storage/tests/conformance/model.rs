//! A small model of executions in memory, and random changes on which it must agree with the databases.

use std::sync::atomic::{AtomicU32, Ordering};

use civitas_model::Timestamp;
use civitas_model::execution::{Status, Wait};
use civitas_storage::{Change, Changeset, CommitError, Refusal};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::control::{cancel, pause, resume, retry};
use crate::fixture::{Fixture, append, at, complete, fail, id, start, submit, suspend, tenant};

/// What is asked of one of two executions; the second is the child of the first. `late` follows an old entry.
#[derive(Debug, Clone)]
enum Op {
    Start { late: bool },
    Append { count: usize, late: bool },
    Suspend { wait: Waiting, late: bool },
    Finish { good: bool, late: bool },
    Cancel,
    Pause,
    Resume,
    Retry,
}

#[derive(Debug, Clone, Copy)]
enum Waiting {
    Timer(i64),
    Retry(i64),
    Child,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Modelled {
    status: Status,
    attempt: u32,
    retries: u32,
    last_seq: u64,
    wake_at: Option<Timestamp>,
    waits_for_child: bool,
}

const NEW: Modelled = Modelled {
    status: Status::Pending,
    attempt: 0,
    retries: 0,
    last_seq: 1,
    wake_at: None,
    waits_for_child: false,
};

fn op() -> impl Strategy<Value = (usize, Op)> {
    let late = || prop::bool::weighted(0.1);
    let wait = prop_oneof![
        (0_i64..5).prop_map(Waiting::Timer),
        (0_i64..5).prop_map(Waiting::Retry),
        Just(Waiting::Child),
    ];
    let op = prop_oneof![
        4 => late().prop_map(|late| Op::Start { late }),
        3 => (1_usize..4, late()).prop_map(|(count, late)| Op::Append { count, late }),
        3 => (wait, late()).prop_map(|(wait, late)| Op::Suspend { wait, late }),
        2 => (any::<bool>(), late()).prop_map(|(good, late)| Op::Finish { good, late }),
        1 => Just(Op::Cancel),
        1 => Just(Op::Pause),
        2 => Just(Op::Resume),
        2 => Just(Op::Retry),
    ];
    (0_usize..2, op)
}

impl Op {
    fn change(&self, names: &[String; 2], who: usize, last_seq: u64) -> Change {
        let name = names[who].as_str();
        let after = |late: &bool| last_seq - u64::from(*late);
        match self {
            Self::Start { late } => start(&tenant(), name, after(late)).into(),
            Self::Append { count, late } => append(&tenant(), name, after(late), *count).into(),
            Self::Suspend { wait, late } => {
                let wait = match *wait {
                    Waiting::Timer(until) => Wait::Timer { until: at(until) },
                    Waiting::Retry(until) => Wait::Retry {
                        until: at(until),
                        error: "e".into(),
                    },
                    Waiting::Child => Wait::Child {
                        execution_id: id(&names[1]),
                    },
                };
                suspend(&tenant(), name, after(late), wait).into()
            }
            Self::Finish { good: true, late } => complete(&tenant(), name, after(late)).into(),
            Self::Finish { good: false, late } => fail(&tenant(), name, after(late)).into(),
            Self::Cancel => cancel(name),
            Self::Pause => pause(name),
            Self::Resume => resume(name),
            Self::Retry => retry(name),
        }
    }

    /// Changes the model; false when the change must be refused.
    fn apply(&self, all: &mut [Modelled; 2], who: usize) -> bool {
        let open = !all[who].status.is_final();
        let running = all[who].status == Status::Running;
        let child_is_final = all[1].status.is_final();
        let one = &mut all[who];
        let allowed = match self {
            Self::Start { late } => open && !late,
            Self::Append { late, .. } | Self::Suspend { late, .. } | Self::Finish { late, .. } => {
                running && !late
            }
            Self::Cancel | Self::Pause => open,
            Self::Resume => one.status == Status::Waiting,
            Self::Retry => matches!(one.status, Status::Failed | Status::Cancelled),
        };
        if !allowed {
            return false;
        }
        one.last_seq += match self {
            Self::Append { count, .. } => *count as u64,
            _ => 1,
        };
        if !matches!(self, Self::Append { .. }) {
            (one.wake_at, one.waits_for_child) = (None, false);
        }
        match self {
            Self::Start { .. } => {
                one.status = Status::Running;
                one.attempt += 1;
            }
            Self::Append { .. } => {}
            Self::Suspend { wait, .. } => {
                one.status = Status::Waiting;
                match *wait {
                    Waiting::Timer(until) => one.wake_at = Some(at(until)),
                    Waiting::Retry(until) => {
                        one.wake_at = Some(at(until));
                        one.retries += 1;
                    }
                    Waiting::Child => {
                        one.waits_for_child = true;
                        one.wake_at = child_is_final.then(|| at(0));
                    }
                }
            }
            Self::Finish { good, .. } => {
                one.status = if *good {
                    Status::Completed
                } else {
                    Status::Failed
                };
            }
            Self::Cancel => one.status = Status::Cancelled,
            Self::Pause => one.status = Status::Waiting,
            Self::Resume => one.status = Status::Pending,
            Self::Retry => {
                one.status = Status::Pending;
                one.retries = 0;
            }
        }
        if who == 1 && all[1].status.is_final() {
            for one in all.iter_mut().filter(|one| one.waits_for_child) {
                one.wake_at = Some(at(0));
            }
        }
        true
    }
}

/// Queues the changes of `ops` in pieces without waiting within a piece, and compares after each piece.
async fn check(t: &Fixture, run: u32, ops: &[(usize, Op)]) {
    let names = [format!("e{run}-0"), format!("e{run}-1")];
    for name in &names {
        t.commit(submit(&tenant(), name)).await;
    }
    let mut model = [NEW, NEW];
    for piece in ops.chunks(3) {
        let mut commits = Vec::new();
        for (who, op) in piece {
            let before = model[*who];
            let change = op.change(&names, *who, before.last_seq);
            let applied = op.apply(&mut model, *who);
            let commit = t.store.enqueue(Changeset::new().with(change)).await;
            commits.push((op, before.status, applied, commit.unwrap()));
        }
        for (op, status, applied, commit) in commits {
            let outcome = commit.await;
            let expected = Refusal::WrongState {
                status: Some(status),
            };
            match outcome {
                Ok(_) => assert!(applied, "{op:?} was applied in {status:?}"),
                Err(CommitError::Refused(refusal)) => {
                    assert!(!applied, "{op:?} was refused in {status:?}");
                    assert_eq!(refusal, expected);
                }
                Err(error) => panic!("{error}"),
            }
        }
        for (name, model) in names.iter().zip(&model) {
            let found = t.find(name).await;
            let found = (found.status, found.attempt, found.retries, found.last_seq);
            assert_eq!(
                found,
                (model.status, model.attempt, model.retries, model.last_seq)
            );
        }
    }
    for (name, model) in names.iter().zip(&model) {
        t.assert_gap_free(name).await;
        let due = t.store.executions().due(at(2), 10_000).await.unwrap();
        let is_due = due
            .iter()
            .any(|execution| execution.execution_id == id(name));
        assert_eq!(
            is_due,
            model.wake_at.is_some_and(|wake_at| wake_at <= at(2))
        );
    }
}

pub async fn random_changes_agree_with_a_small_model(t: Fixture) {
    let runtime = tokio::runtime::Handle::current();
    let checked = tokio::task::spawn_blocking(move || {
        let count = AtomicU32::new(0);
        let mut runner = TestRunner::new(Config {
            cases: 64,
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&prop::collection::vec(op(), 1..40), |ops| {
            runtime.block_on(check(&t, count.fetch_add(1, Ordering::SeqCst), &ops));
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    });
    checked.await.unwrap();
}
