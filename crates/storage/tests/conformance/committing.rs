//! The committer: batches, refusals, lost connections.

use std::sync::Arc;
use std::time::Duration;

use civitas_model::execution::Status;
use civitas_sql::Statement;
use civitas_storage::{Changeset, CommitError, Notice, OpenError, Refusal, Store};

use crate::fixture::{Fixture, append, complete, id, refusal, start, submit, tenant};

pub async fn a_refusal_undoes_only_its_own_changeset(t: Fixture) {
    t.commit(submit(&tenant(), "taken")).await;
    let mut commits = Vec::new();
    for number in 0..60 {
        let mut changeset = Changeset::new().with(submit(&tenant(), &format!("e{number}")));
        if number % 3 == 0 {
            changeset = changeset.with(submit(&tenant(), "taken"));
        }
        commits.push(t.store.enqueue(changeset).await.unwrap());
    }
    for (number, commit) in commits.into_iter().enumerate() {
        let outcome = commit.await;
        let execution = id(&format!("e{number}"));
        let found = t.store.executions().find(&tenant(), &execution).await;
        assert_eq!(found.unwrap().is_some(), number % 3 != 0, "e{number}");
        if number % 3 == 0 {
            let refused = refusal(outcome);
            assert!(
                matches!(refused, Refusal::AlreadyExists { .. }),
                "{refused:?}"
            );
        } else {
            outcome.unwrap();
        }
    }
}

pub async fn a_changeset_is_applied_whole_or_not_at_all(t: Fixture) {
    let changeset = Changeset::new()
        .with(submit(&tenant(), "e1"))
        .with(submit(&tenant(), "e2"))
        .with(append(&tenant(), "e1", 1, 1));
    let refused = refusal(t.store.commit(changeset).await);
    // What it is told is the state without the changeset.
    assert_eq!(refused, Refusal::WrongState { status: None });
    let filter = civitas_storage::execution::ExecutionFilter::default();
    let list = t
        .store
        .executions()
        .list(&tenant(), &filter, 9)
        .await
        .unwrap();
    assert_eq!(list, []);
    let changeset = Changeset::new()
        .with(submit(&tenant(), "e1"))
        .with(start(&tenant(), "e1", 1))
        .with(append(&tenant(), "e1", 2, 2))
        .with(complete(&tenant(), "e1", 4));
    t.store.commit(changeset).await.unwrap();
    t.assert_gap_free("e1").await;
}

pub async fn a_dropped_commit_is_applied_all_the_same(t: Fixture) {
    t.started("e").await;
    for seq in 2..50 {
        let changeset = Changeset::new().with(append(&tenant(), "e", seq, 1));
        drop(t.store.enqueue(changeset).await.unwrap());
    }
    t.commit(complete(&tenant(), "e", 50)).await;
    t.assert_gap_free("e").await;
}

pub async fn pipelined_changes_after_a_refused_one_are_refused(t: Fixture) {
    t.started("e").await;
    let refused = Changeset::new()
        .with(append(&tenant(), "e", 2, 1))
        .with(submit(&tenant(), "e"));
    let first = t.store.enqueue(refused).await.unwrap();
    let then = Changeset::new().with(append(&tenant(), "e", 3, 1));
    let second = t.store.enqueue(then).await.unwrap();
    assert!(matches!(
        refusal(first.await),
        Refusal::AlreadyExists { .. }
    ));
    let running = Refusal::WrongState {
        status: Some(Status::Running),
    };
    assert_eq!(refusal(second.await), running);
    assert_eq!(t.find("e").await.last_seq, 2);
}

pub async fn a_hundred_committers_lose_nothing(t: Fixture) {
    let tasks: Vec<_> = (0..100)
        .map(|task| {
            let t = t.clone();
            tokio::spawn(async move {
                for number in 0..10 {
                    let execution = format!("e{task}-{number}");
                    t.commit(submit(&tenant(), &execution)).await;
                    t.commit(start(&tenant(), &execution, 1)).await;
                    t.commit(complete(&tenant(), &execution, 2)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let counts = t
        .store
        .executions()
        .count_by_status(&tenant())
        .await
        .unwrap();
    assert_eq!(counts, [(Status::Completed, 1000)]);
    for execution in ["e0-0", "e50-5", "e99-9"] {
        t.assert_gap_free(execution).await;
    }
}

pub async fn commits_go_on_after_a_reopening(mut t: Fixture) {
    t.started("e").await;
    t.store = Store::open(&t.place.options(), t.clock.clone())
        .await
        .unwrap();
    t.commit(append(&tenant(), "e", 2, 1)).await;
    t.commit(complete(&tenant(), "e", 3)).await;
    t.assert_gap_free("e").await;
}

pub async fn commits_go_on_after_the_connection_was_lost(t: Fixture) {
    t.started("e").await;
    t.place.disconnect().await;
    // What is on its way when the connection breaks fails as a whole and can be sent again.
    let outcome = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let changeset = Changeset::new().with(append(&tenant(), "e", 2, 1));
            match t.store.commit(changeset).await {
                Err(CommitError::Unavailable(_)) => {}
                outcome => return outcome,
            }
        }
    });
    outcome.await.unwrap().unwrap();
    // A pooled connection for reading was cut, too.
    t.assert_gap_free("e").await;
}

pub async fn a_broken_constraint_fails_only_its_own_changeset(t: Fixture) {
    t.started("e").await;
    // An entry that no one accounted for stands where the next one belongs.
    let insert = Statement::new(
        "INSERT INTO outbox (tenant_id, stream, seq, kind, name, data, created_at) VALUES ('tenant-a', 'e', 3, 'step', '', 'null', 0)",
    );
    let (_, mut writer) = t.place.database().await;
    writer.execute(&insert, Vec::new()).await.unwrap();
    let commits = [
        Changeset::new().with(submit(&tenant(), "before")),
        Changeset::new().with(append(&tenant(), "e", 2, 1)),
        Changeset::new().with(submit(&tenant(), "after")),
    ];
    let mut outcomes = Vec::new();
    for changeset in commits {
        outcomes.push(t.store.enqueue(changeset).await.unwrap());
    }
    let mut failed = Vec::new();
    for outcome in outcomes {
        failed.push(matches!(outcome.await, Err(CommitError::Unavailable(_))));
    }
    assert_eq!(failed, [false, true, false]);
    assert_eq!(t.find("e").await.last_seq, 2);
    t.assert_gap_free("after").await;
}

pub async fn notices_say_what_was_committed(t: Fixture) {
    let mut notices = t.store.subscribe();
    let refused =
        Changeset::new()
            .with(submit(&tenant(), "e1"))
            .with(append(&tenant(), "e1", 9, 1));
    refusal(t.store.commit(refused).await);
    t.commit(submit(&tenant(), "e2")).await;
    let batch: Arc<[Notice]> = notices.next().await.unwrap().unwrap();
    let expected = Notice::Execution {
        execution_id: id("e2"),
        last_seq: 1,
        status: Some(Status::Pending),
    };
    assert_eq!(*batch, [expected]);
}

pub async fn a_newer_schema_is_refused(t: Fixture) {
    let insert = Statement::new(
        "INSERT INTO schema_migrations (version, name, applied_at) VALUES (9999, 'x', 0)",
    );
    let (_, mut writer) = t.place.database().await;
    writer.execute(&insert, Vec::new()).await.unwrap();
    let opened = Store::open(&t.place.options(), t.clock.clone()).await;
    assert!(matches!(opened, Err(OpenError::TooNew { found: 9999, .. })));
}

pub async fn what_a_database_does_not_take_is_trouble_until_it_takes_something(t: Fixture) {
    let (_, mut writer) = t.place.database().await;
    let away = "ALTER TABLE executions RENAME TO executions_away";
    writer.script(away).await.unwrap();
    let change = Changeset::new().with(submit(&tenant(), "e"));
    let failed = t.store.commit(change).await;
    assert!(
        matches!(failed, Err(CommitError::Unavailable(_))),
        "{failed:?}"
    );
    let trouble = t.store.trouble().unwrap();
    assert!(trouble.contains("executions"), "{trouble}");
    let back = "ALTER TABLE executions_away RENAME TO executions";
    writer.script(back).await.unwrap();
    t.commit(submit(&tenant(), "e")).await;
    assert_eq!(t.store.trouble(), None);
    // What breaks a rule is its caller's.
    t.refused(submit(&tenant(), "e")).await;
    assert_eq!(t.store.trouble(), None);
}
