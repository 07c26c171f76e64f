//! Forgetting what is old.

use std::time::Duration;

use civitas_model::execution::Wait;
use civitas_storage::Change;
use civitas_storage::execution::{Expire, Idempotency, Submit, Sweep};

use crate::fixture::{Fixture, at, complete, fail, id, start, submit, suspend, tenant};
use crate::records::record;
use crate::sessions::open_session;

fn expire(finished_before: i64, limit: u32) -> Change {
    Change::Expire(Expire {
        finished_before: at(finished_before),
        limit,
    })
}

pub async fn old_finished_executions_are_forgotten_a_piece_at_a_time(t: Fixture) {
    for execution in ["e1", "e2", "e3", "e4", "open"] {
        t.started(execution).await;
    }
    for execution in ["e1", "e2", "e3"] {
        t.commit(complete(&tenant(), execution, 2)).await;
        t.clock.advance(Duration::from_micros(1));
    }
    t.clock.advance(Duration::from_secs(1));
    t.commit(fail(&tenant(), "e4", 2)).await;
    let left = async || -> Vec<String> {
        let filter = civitas_storage::execution::ExecutionFilter::default();
        let list = t
            .store
            .executions()
            .list(&tenant(), &filter, 9)
            .await
            .unwrap();
        list.iter()
            .map(|execution| execution.execution_id.to_string())
            .collect()
    };
    t.commit(expire(1_000_000, 2)).await;
    assert_eq!(left().await, ["open", "e4", "e3"]);
    t.commit(expire(1_000_000, 2)).await;
    t.commit(expire(1_000_000, 2)).await;
    assert_eq!(left().await, ["open", "e4"]);
    assert_eq!(t.journal("e1").await, []);
    t.assert_gap_free("e4").await;
    // The id is free again.
    t.started("e1").await;
}

pub async fn a_sweep_removes_what_outlived_its_use(t: Fixture) {
    let with_key = |execution: &str, key: &str, created_at: i64| {
        let mut submit = Submit {
            idempotency: Some(Idempotency {
                key: key.into(),
                body_digest: "d".into(),
            }),
            ..submit(&tenant(), execution)
        };
        submit.intent.created_at = at(created_at);
        submit
    };
    t.commit(with_key("e1", "old", 0)).await;
    t.commit(with_key("e2", "new", 100)).await;
    t.commit(open_session("s1", at(50))).await;
    t.commit(open_session("s2", at(500))).await;
    for number in 0..3 {
        t.put(record(&format!("r{number}"), "p")).await;
    }
    t.clock.advance(Duration::from_micros(100));
    t.commit(Change::Sweep(Sweep {
        unused_since: at(100),
        records_applied: 2,
    }))
    .await;
    t.commit(with_key("e3", "old", 100)).await;
    t.refused(with_key("e4", "new", 100)).await;
    assert_eq!(t.store.find_session(&id("s1")).await.unwrap(), None);
    assert!(t.store.find_session(&id("s2")).await.unwrap().is_some());
    let changes = t.store.records().changes_after(0, 9).await.unwrap();
    assert_eq!(changes.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [3]);
    assert_eq!(t.store.records().last_change().await.unwrap(), 3);
}

pub async fn a_child_that_was_forgotten_counts_as_finished(t: Fixture) {
    t.started("e").await;
    t.started("c").await;
    t.commit(complete(&tenant(), "c", 2)).await;
    t.commit(expire(1, 9)).await;
    let wait = Wait::Child {
        execution_id: id("c"),
    };
    t.commit(suspend(&tenant(), "e", 2, wait)).await;
    assert_eq!(t.store.executions().due(at(0), 9).await.unwrap().len(), 1);
    t.commit(start(&tenant(), "e", 3)).await;
}
