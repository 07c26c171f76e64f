//! What people ask of executions.

use civitas_model::execution::{Status, Wait};
use civitas_model::journal::Kind;
use civitas_storage::execution::{Cancel, Pause, Resume, Retry};
use civitas_storage::{Change, Refusal};
use serde_json::json;

use crate::fixture::{
    Fixture, append, at, complete, fail, request, start, submit, suspend, tenant,
};

pub fn cancel(execution: &str) -> Change {
    Change::Cancel(Cancel(request(&tenant(), execution)))
}

pub fn pause(execution: &str) -> Change {
    Change::Pause(Pause(request(&tenant(), execution)))
}

pub fn resume(execution: &str) -> Change {
    Change::Resume(Resume(request(&tenant(), execution)))
}

pub fn retry(execution: &str) -> Change {
    Change::Retry(Retry(request(&tenant(), execution)))
}

fn wrong(status: Status) -> Refusal {
    Refusal::WrongState {
        status: Some(status),
    }
}

pub async fn an_open_execution_is_cancelled_and_a_finished_one_is_not(t: Fixture) {
    t.commit(submit(&tenant(), "pending")).await;
    t.started("running").await;
    t.started("waiting").await;
    let wait = Wait::Timer { until: at(9) };
    t.commit(suspend(&tenant(), "waiting", 2, wait)).await;
    for execution in ["pending", "running", "waiting"] {
        t.commit(cancel(execution)).await;
        let found = t.find(execution).await;
        assert_eq!((found.status, found.wait), (Status::Cancelled, None));
        let journal = t.journal(execution).await;
        let last = journal.last().unwrap();
        assert_eq!(
            (last.kind, &last.data),
            (Kind::Cancelled, &json!({ "by": "someone" }))
        );
        t.assert_gap_free(execution).await;
        assert_eq!(t.refused(cancel(execution)).await, wrong(Status::Cancelled));
    }
    assert_eq!(t.store.executions().next_wake().await.unwrap(), None);
}

pub async fn a_paused_execution_waits_until_it_is_resumed(t: Fixture) {
    t.started("e").await;
    let wait = Wait::Timer { until: at(0) };
    t.commit(suspend(&tenant(), "e", 2, wait)).await;
    t.commit(pause("e")).await;
    let paused = t.find("e").await;
    let by = Wait::Paused {
        by: "someone".into(),
    };
    assert_eq!((paused.status, paused.wait), (Status::Waiting, Some(by)));
    assert_eq!(t.store.executions().due(at(9), 9).await.unwrap(), []);
    t.commit(resume("e")).await;
    assert_eq!(t.find("e").await.status, Status::Pending);
    assert_eq!(t.refused(resume("e")).await, wrong(Status::Pending));
    t.commit(start(&tenant(), "e", 5)).await;
    t.commit(complete(&tenant(), "e", 6)).await;
    assert_eq!(t.refused(pause("e")).await, wrong(Status::Completed));
    t.assert_gap_free("e").await;
}

pub async fn a_failed_or_cancelled_execution_is_retried(t: Fixture) {
    t.started("e").await;
    assert_eq!(t.refused(retry("e")).await, wrong(Status::Running));
    t.commit(fail(&tenant(), "e", 2)).await;
    t.commit(retry("e")).await;
    let found = t.find("e").await;
    assert_eq!((found.status, found.retries), (Status::Pending, 0));
    assert_eq!(found.failure, None);
    t.commit(cancel("e")).await;
    t.commit(retry("e")).await;
    t.commit(start(&tenant(), "e", 6)).await;
    t.commit(complete(&tenant(), "e", 7)).await;
    assert_eq!(t.refused(retry("e")).await, wrong(Status::Completed));
    t.assert_gap_free("e").await;
}

pub async fn what_is_not_there_is_not_found(t: Fixture) {
    for change in [cancel("x"), pause("x"), resume("x"), retry("x")] {
        let missing = Refusal::NotFound { what: "execution" };
        assert_eq!(t.refused(change).await, missing);
    }
}

pub async fn a_handler_is_fenced_off_by_what_people_ask(t: Fixture) {
    t.started("e").await;
    t.commit(pause("e")).await;
    t.commit(resume("e")).await;
    t.commit(start(&tenant(), "e", 4)).await;
    // The handler from before the pause knows of two entries only.
    assert_eq!(
        t.refused(append(&tenant(), "e", 2, 1)).await,
        wrong(Status::Running)
    );
    t.commit(append(&tenant(), "e", 5, 1)).await;
    t.assert_gap_free("e").await;
}
