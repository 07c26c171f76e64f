//! The life of an execution.

use civitas_model::execution::{Status, Wait};
use civitas_model::journal::Kind;
use civitas_model::{ExecutionId, Timestamp};
use civitas_storage::execution::{Cancel, ExecutionFilter, Idempotency, Submit};
use civitas_storage::{Change, Refusal};
use serde_json::json;

use crate::fixture::{
    Fixture, append, at, complete, fail, id, intent, other_tenant, request, start, submit, suspend,
    tenant,
};

pub async fn an_accepted_intent_is_read_back_as_it_was(t: Fixture) {
    t.commit(Submit {
        parent: Some(id("parent")),
        ..submit(&tenant(), "e")
    })
    .await;
    let found = t.find("e").await;
    assert_eq!(found.intent, intent(&tenant()));
    assert_eq!(found.parent, Some(id("parent")));
    assert_eq!(found.status, Status::Pending);
    assert_eq!((found.attempt, found.retries, found.last_seq), (0, 0, 1));
    assert_eq!(
        (found.wait, found.result, found.failure),
        (None, None, None)
    );
    let journal = t.journal("e").await;
    assert_eq!(journal[0].kind, Kind::Accepted);
    assert_eq!(journal[0].name, "parse_content");
    assert_eq!(journal[0].data, json!({ "intent_id": "intent-1" }));
    assert_eq!(journal[0].created_at, at(0));
}

pub async fn a_whole_life_numbers_its_journal_without_a_gap(t: Fixture) {
    t.started("e").await;
    assert_eq!(t.find("e").await.status, Status::Running);
    t.commit(append(&tenant(), "e", 2, 3)).await;
    let wait = Wait::Retry {
        until: at(5),
        error: "later".into(),
    };
    t.commit(suspend(&tenant(), "e", 5, wait.clone())).await;
    let waiting = t.find("e").await;
    assert_eq!((waiting.status, waiting.retries), (Status::Waiting, 1));
    assert_eq!(waiting.wait, Some(wait));
    t.commit(start(&tenant(), "e", 6)).await;
    let running = t.find("e").await;
    assert_eq!((running.attempt, running.wait), (2, None));
    t.commit(complete(&tenant(), "e", 7)).await;
    let done = t.find("e").await;
    assert_eq!((done.status, done.last_seq), (Status::Completed, 8));
    assert_eq!(done.result, Some(json!({ "ok": true })));
    t.assert_gap_free("e").await;
    let kinds: Vec<Kind> = t
        .journal("e")
        .await
        .iter()
        .map(|entry| entry.kind)
        .collect();
    let (accepted, started, step) = (Kind::Accepted, Kind::Started, Kind::Step);
    let expected = [
        accepted,
        started,
        step,
        step,
        step,
        Kind::Waiting,
        started,
        Kind::Completed,
    ];
    assert_eq!(kinds, expected);
    let executions = t.store.executions();
    let tail = executions.journal(&tenant(), &id("e"), 6, 1).await.unwrap();
    assert_eq!(tail.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [7]);
}

pub async fn a_change_that_follows_an_old_entry_is_refused(t: Fixture) {
    t.started("e").await;
    let wait = || Wait::Timer { until: at(1) };
    for seq in [0, 1, 3] {
        let running = Refusal::WrongState {
            status: Some(Status::Running),
        };
        assert_eq!(t.refused(start(&tenant(), "e", seq)).await, running);
        assert_eq!(t.refused(append(&tenant(), "e", seq, 1)).await, running);
        assert_eq!(
            t.refused(suspend(&tenant(), "e", seq, wait())).await,
            running
        );
        assert_eq!(t.refused(complete(&tenant(), "e", seq)).await, running);
    }
    // A second start takes over; what the first handler still sends is refused.
    t.commit(start(&tenant(), "e", 2)).await;
    t.refused(append(&tenant(), "e", 2, 1)).await;
    t.commit(fail(&tenant(), "e", 3)).await;
    let failed = Refusal::WrongState {
        status: Some(Status::Failed),
    };
    assert_eq!(t.refused(start(&tenant(), "e", 4)).await, failed);
    assert_eq!(t.refused(append(&tenant(), "e", 4, 1)).await, failed);
    let missing = Refusal::WrongState { status: None };
    assert_eq!(t.refused(start(&tenant(), "nobody", 1)).await, missing);
    assert_eq!(t.find("e").await.failure.unwrap().message, "no");
    t.assert_gap_free("e").await;
}

pub async fn an_execution_is_accepted_once(t: Fixture) {
    t.commit(submit(&tenant(), "e")).await;
    let again = t.refused(submit(&tenant(), "e")).await;
    assert!(matches!(again, Refusal::AlreadyExists { .. }), "{again:?}");
    t.assert_gap_free("e").await;
}

pub async fn a_repeated_key_names_the_first_submission(t: Fixture) {
    let with_key = |execution: &str, digest: &str| Submit {
        idempotency: Some(Idempotency {
            key: "key".into(),
            body_digest: digest.into(),
        }),
        ..submit(&tenant(), execution)
    };
    t.commit(with_key("e1", "d1")).await;
    let same = t.refused(with_key("e2", "d1")).await;
    let first = Refusal::AlreadySubmitted {
        execution_id: id("e1"),
        intent_id: id("intent-1"),
        created_at: at(0),
    };
    assert_eq!(same, first);
    assert_eq!(t.refused(with_key("e3", "d2")).await, Refusal::KeyReused);
    let executions = t.store.executions();
    assert_eq!(executions.find(&tenant(), &id("e2")).await.unwrap(), None);
    assert_eq!(executions.find(&tenant(), &id("e3")).await.unwrap(), None);
}

fn child_of_e(execution: &str) -> Submit {
    Submit {
        parent: Some(id("e")),
        ..submit(&tenant(), execution)
    }
}

fn waits_for_c() -> Wait {
    Wait::Child {
        execution_id: id("c"),
    }
}

async fn due(t: &Fixture) -> Vec<ExecutionId> {
    let due = t.store.executions().due(at(0), 10).await.unwrap();
    due.into_iter()
        .map(|execution| execution.execution_id)
        .collect()
}

async fn children(t: &Fixture) -> Vec<ExecutionId> {
    let executions = t.store.executions();
    let children = executions.open_children(&tenant(), &id("e")).await;
    children.unwrap()
}

pub async fn a_parent_is_woken_by_its_child(t: Fixture) {
    t.started("e").await;
    t.commit(child_of_e("c")).await;
    t.commit(start(&tenant(), "c", 1)).await;
    t.commit(suspend(&tenant(), "e", 2, waits_for_c())).await;
    assert_eq!(due(&t).await, []);
    assert_eq!(t.store.executions().next_wake().await.unwrap(), None);
    assert_eq!(children(&t).await, [id("c")]);
    t.commit(complete(&tenant(), "c", 2)).await;
    assert_eq!(due(&t).await, [id("e")]);
    assert_eq!(children(&t).await, []);
    t.commit(start(&tenant(), "e", 3)).await;
    assert_eq!(due(&t).await, []);
}

pub async fn a_parent_is_woken_by_its_cancelled_child(t: Fixture) {
    t.started("e").await;
    t.commit(child_of_e("c")).await;
    t.commit(suspend(&tenant(), "e", 2, waits_for_c())).await;
    t.commit(Change::Cancel(Cancel(request(&tenant(), "c"))))
        .await;
    assert_eq!(due(&t).await, [id("e")]);
}

pub async fn a_parent_that_waits_too_late_is_due_at_once(t: Fixture) {
    t.started("e").await;
    t.commit(child_of_e("c")).await;
    t.commit(start(&tenant(), "c", 1)).await;
    t.commit(complete(&tenant(), "c", 2)).await;
    t.commit(suspend(&tenant(), "e", 2, waits_for_c())).await;
    assert_eq!(due(&t).await, [id("e")]);
}

pub async fn timers_are_due_in_order(t: Fixture) {
    for (execution, until) in [("e1", 30), ("e2", 10), ("e3", 20)] {
        t.started(execution).await;
        let wait = Wait::Timer { until: at(until) };
        t.commit(suspend(&tenant(), execution, 2, wait)).await;
    }
    let executions = t.store.executions();
    assert_eq!(executions.next_wake().await.unwrap(), Some(at(10)));
    let due = async |time: Timestamp, limit| -> Vec<ExecutionId> {
        let due = t.store.executions().due(time, limit).await.unwrap();
        due.into_iter()
            .map(|execution| execution.execution_id)
            .collect()
    };
    assert_eq!(due(at(9), 10).await, []);
    assert_eq!(due(at(20), 10).await, [id("e2"), id("e3")]);
    assert_eq!(due(at(30), 1).await, [id("e2")]);
    t.commit(start(&tenant(), "e2", 3)).await;
    assert_eq!(executions.next_wake().await.unwrap(), Some(at(20)));
}

pub async fn open_executions_are_listed_in_order_of_acceptance(t: Fixture) {
    for execution in ["e3", "e1", "e2", "e4"] {
        t.commit(submit(&tenant(), execution)).await;
    }
    t.commit(submit(&other_tenant(), "e5")).await;
    t.commit(start(&tenant(), "e2", 1)).await;
    t.commit(Change::Cancel(Cancel(request(&tenant(), "e4"))))
        .await;
    let open = async |after: Option<&str>, limit| -> Vec<ExecutionId> {
        let after = after.map(id);
        let open = t.store.executions().open_after(after.as_ref(), limit).await;
        let open = open.unwrap();
        open.into_iter()
            .map(|execution| execution.execution_id)
            .collect()
    };
    assert_eq!(open(None, 2).await, [id("e1"), id("e2")]);
    assert_eq!(open(Some("e2"), 9).await, [id("e3"), id("e5")]);
}

pub async fn lists_are_filtered_and_paged(t: Fixture) {
    for execution in ["e1", "e2", "e3", "e4"] {
        let mut submit = submit(&tenant(), execution);
        if execution == "e2" {
            submit.intent.intent_type = "ingest_file".into();
            submit.intent.session_id = id("session-2");
        }
        t.commit(submit).await;
    }
    t.commit(start(&tenant(), "e3", 1)).await;
    let list = async |filter: ExecutionFilter, limit| -> Vec<ExecutionId> {
        let list = t.store.executions().list(&tenant(), &filter, limit).await;
        let list = list.unwrap();
        list.into_iter()
            .map(|execution| execution.execution_id)
            .collect()
    };
    let all = ExecutionFilter::default;
    let first = list(all(), 2).await;
    assert_eq!(first, [id("e4"), id("e3")]);
    let before = |execution: &str| ExecutionFilter {
        before: Some(id(execution)),
        ..all()
    };
    assert_eq!(list(before("e3"), 2).await, [id("e2"), id("e1")]);
    assert_eq!(list(before("e1"), 2).await, []);
    let of_type = ExecutionFilter {
        intent_type: Some("ingest_file".into()),
        ..all()
    };
    assert_eq!(list(of_type, 9).await, [id("e2")]);
    let of_session = ExecutionFilter {
        session_id: Some(id("session-2")),
        ..all()
    };
    assert_eq!(list(of_session, 9).await, [id("e2")]);
    let statuses = ExecutionFilter {
        statuses: vec![Status::Running, Status::Waiting, Status::Failed],
        ..all()
    };
    assert_eq!(list(statuses, 9).await, [id("e3")]);
}

pub async fn executions_are_counted_by_status(t: Fixture) {
    for execution in ["e1", "e2", "e3"] {
        t.commit(submit(&tenant(), execution)).await;
    }
    t.commit(start(&tenant(), "e3", 1)).await;
    let mut counts = t
        .store
        .executions()
        .count_by_status(&tenant())
        .await
        .unwrap();
    counts.sort_by_key(|(status, _)| status.as_str());
    assert_eq!(counts, [(Status::Pending, 2), (Status::Running, 1)]);
}

pub async fn awkward_text_is_kept(t: Fixture) {
    let awkward = "a\0b ' \" \\ % ? $1 -- \u{1f980}\u{10ffff} \r\n";
    let mut submit = submit(&tenant(), "e'\"?\u{1f980}");
    submit.intent.parameters = json!({ awkward: awkward, "deep": [{ "x": awkward }] });
    submit.intent.intent_type = awkward.into();
    t.commit(submit).await;
    let found = t.find("e'\"?\u{1f980}").await;
    assert_eq!(found.intent.parameters[awkward], awkward);
    // Plain text cannot hold U+0000 on PostgreSQL: both databases hold U+FFFD in its place.
    assert_eq!(found.intent.intent_type, awkward.replace('\0', "\u{fffd}"));
    let filter = ExecutionFilter {
        intent_type: Some(awkward.into()),
        ..ExecutionFilter::default()
    };
    let list = t
        .store
        .executions()
        .list(&tenant(), &filter, 9)
        .await
        .unwrap();
    assert_eq!(list.len(), 1);
}
