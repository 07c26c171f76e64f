//! What becomes of an execution that nobody disturbs, and of one whose engine is started again.

use civitas_model::execution::{Status, Wait};
use civitas_model::journal::Kind;
use serde_json::json;

use crate::world::{World, failure_code, on_each_database, value};

on_each_database![
    three_steps_complete_with_a_journal_without_gaps,
    a_failing_attempt_is_made_again_without_its_finished_steps,
    a_panic_is_an_attempt_that_failed,
    when_every_retry_is_used_up_it_fails_and_a_retry_goes_on_from_there,
    a_rejection_is_final,
    an_attempt_that_takes_too_long_is_made_again,
    a_sleep_survives_a_restart,
    a_child_is_waited_for,
    a_child_survives_a_restart_of_the_engine,
    a_child_that_fails_rejects_its_parent_until_both_are_retried,
    a_child_that_fails_rejects_its_parent_and_is_retried_with_it,
    a_retry_leaves_a_child_alone_that_its_parent_went_on_without,
    a_parent_may_go_on_without_its_child,
    what_is_written_is_committed_once,
];

async fn three_steps_complete_with_a_journal_without_gaps(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "number": 39 });
    let ended = open.run("three_steps", parameters).await;
    assert_eq!(value(&ended), 42);
    assert_eq!(
        open.kinds(&ended.execution_id).await,
        [
            Kind::Accepted,
            Kind::Started,
            Kind::Step,
            Kind::Step,
            Kind::Step,
            Kind::Completed
        ]
    );
    assert_eq!(open.runtime.depth(), (0, 0));
    open.stop().await;
}

async fn a_failing_attempt_is_made_again_without_its_finished_steps(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "times": 2, "how": "retry" });
    let ended = open.run("flaky", parameters).await;
    assert_eq!(value(&ended), 3);
    assert_eq!((ended.attempt, ended.retries), (3, 2));
    assert_eq!(world.probe().counted("sure"), 1);
    open.journal(&ended.execution_id).await;
    open.stop().await;
}

async fn a_panic_is_an_attempt_that_failed(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "times": 1, "how": "panic" });
    let ended = open.run("flaky", parameters).await;
    assert_eq!(value(&ended), 2);
    let journal = open.journal(&ended.execution_id).await;
    let retrying = journal.iter().find(|entry| entry.kind == Kind::Retrying);
    let error = retrying.unwrap().data["error"].as_str().unwrap();
    assert!(error.contains("the dice fell badly"), "{error}");
    open.stop().await;
}

async fn when_every_retry_is_used_up_it_fails_and_a_retry_goes_on_from_there(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "times": 5, "how": "retry" });
    let ended = open.run("flaky", parameters).await;
    assert_eq!(failure_code(&ended), "retries_exhausted");
    assert_eq!(world.probe().counted("tried"), 4);
    let operator = crate::world::operator();
    open.runtime
        .retry(&operator, &ended.execution_id)
        .await
        .unwrap();
    let after = ended.last_seq + 1;
    open.until_after(&ended.execution_id, after, Kind::Completed)
        .await;
    let ended = open.find(&ended.execution_id).await;
    assert_eq!(value(&ended), 6);
    assert_eq!(
        world.probe().counted("sure"),
        1,
        "a finished step is not run again"
    );
    open.journal(&ended.execution_id).await;
    open.stop().await;
}

async fn a_rejection_is_final(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "times": 1, "how": "reject" });
    let ended = open.run("flaky", parameters).await;
    assert_eq!(failure_code(&ended), "intent_rejected");
    assert_eq!(world.probe().counted("tried"), 1);
    open.stop().await;
}

async fn an_attempt_that_takes_too_long_is_made_again(world: World) {
    let open = world.open().await;
    let ended = open.run("late", json!({ "probe": world.name })).await;
    assert_eq!(ended.status, Status::Completed);
    assert_eq!(ended.attempt, 2);
    open.stop().await;
}

async fn a_sleep_survives_a_restart(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "millis": 400 });
    let accepted = open.submit("naps", parameters).await;
    let id = accepted.execution_id;
    open.until(&id, Kind::Waiting).await;
    let found = open.find(&id).await;
    assert!(matches!(found.wait, Some(Wait::Timer { .. })), "{found:?}");
    open.stop().await;
    let open = world.open().await;
    assert_eq!(value(&open.end(&id).await), 1);
    assert_eq!(world.probe().counted("before"), 1);
    open.journal(&id).await;
    open.stop().await;
}

fn calls(world: &World, child: &str, parameters: &serde_json::Value) -> serde_json::Value {
    json!({ "probe": world.name, "child": child, "parameters": parameters })
}

async fn a_child_is_waited_for(world: World) {
    let open = world.open().await;
    let child = json!({ "probe": world.name, "number": 1 });
    let ended = open
        .run("calls", calls(&world, "three_steps", &child))
        .await;
    assert_eq!(value(&ended), 4);
    let kinds = open.kinds(&ended.execution_id).await;
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!(
        (count(Kind::ChildStarted), count(Kind::ChildFinished)),
        (1, 1)
    );
    assert_eq!(world.probe().counted("before"), 1);
    open.stop().await;
}

async fn a_child_survives_a_restart_of_the_engine(world: World) {
    let open = world.open().await;
    let child = json!({ "probe": world.name });
    let accepted = open.submit("calls", calls(&world, "gated", &child)).await;
    let id = accepted.execution_id;
    open.until(&id, Kind::Waiting).await;
    world.probe().wait_inside(1).await;
    let why = open
        .runtime
        .why(&crate::world::operator().tenant_id, &id)
        .await;
    let why = why.unwrap().unwrap();
    assert!(why.summary.contains("waits for the execution"), "{why:?}");
    open.halt().await;
    world.probe().open();
    let open = world.open().await;
    assert_eq!(value(&open.end(&id).await), 1);
    assert_eq!(world.probe().counted("before"), 1);
    assert_eq!(world.probe().counted("after"), 1);
    open.stop().await;
}

async fn a_child_that_fails_rejects_its_parent_and_is_retried_with_it(world: World) {
    let open = world.open().await;
    let child = json!({ "probe": world.name, "times": 2, "how": "reject" });
    let middle = calls(&world, "flaky", &child);
    let ended = open.run("calls", calls(&world, "calls", &middle)).await;
    assert_eq!(ended.status, Status::Failed);
    let operator = crate::world::operator();
    let id = &ended.execution_id;
    for completes in [false, true] {
        let after = open.find(id).await.last_seq + 1;
        open.runtime.retry(&operator, id).await.unwrap();
        let end = if completes {
            Kind::Completed
        } else {
            Kind::Failed
        };
        open.until_after(id, after, end).await;
    }
    assert_eq!(value(&open.find(id).await), 3);
    assert_eq!(world.probe().counted("before"), 2, "once in each parent");
    assert_eq!(world.probe().counted("sure"), 1);
    open.stop().await;
}

async fn a_retry_leaves_a_child_alone_that_its_parent_went_on_without(world: World) {
    let open = world.open().await;
    let child = json!({ "probe": world.name, "times": 9, "how": "reject" });
    let mut parameters = calls(&world, "flaky", &child);
    parameters["tolerant"] = true.into();
    parameters["fails"] = true.into();
    let ended = open.run("calls", parameters).await;
    assert_eq!(ended.status, Status::Failed);
    let after = ended.last_seq + 1;
    let operator = crate::world::operator();
    let id = &ended.execution_id;
    open.runtime.retry(&operator, id).await.unwrap();
    open.until_after(id, after, Kind::Failed).await;
    assert_eq!(world.probe().counted("tried"), 1);
    open.stop().await;
}

async fn a_child_that_fails_rejects_its_parent_until_both_are_retried(world: World) {
    let open = world.open().await;
    let child = json!({ "probe": world.name, "times": 1, "how": "reject" });
    let ended = open.run("calls", calls(&world, "flaky", &child)).await;
    assert_eq!(failure_code(&ended), "intent_rejected");
    let message = &ended.failure.as_ref().unwrap().message;
    assert!(message.contains("the dice are loaded"), "{message}");
    let journal = open.journal(&ended.execution_id).await;
    let started = journal
        .iter()
        .find(|entry| entry.kind == Kind::ChildStarted);
    let child = started.unwrap().data["result"]["execution_id"]
        .as_str()
        .unwrap();
    let child = civitas_model::ExecutionId::trusted(child);
    assert!(message.contains(child.as_str()), "{message}");
    let operator = crate::world::operator();
    for id in [&child, &ended.execution_id] {
        let after = open.find(id).await.last_seq + 1;
        open.runtime.retry(&operator, id).await.unwrap();
        open.until_after(id, after, Kind::Completed).await;
    }
    assert_eq!(value(&open.find(&ended.execution_id).await), 2);
    assert_eq!(world.probe().counted("before"), 1);
    open.stop().await;
}

async fn a_parent_may_go_on_without_its_child(world: World) {
    let open = world.open().await;
    let child = json!({ "probe": world.name, "times": 1, "how": "reject" });
    let mut parameters = calls(&world, "flaky", &child);
    parameters["tolerant"] = true.into();
    let ended = open.run("calls", parameters).await;
    assert_eq!(value(&ended), 0);
    open.stop().await;
}

async fn what_is_written_is_committed_once(world: World) {
    let open = world.open().await;
    let ended = open.run("writes", json!({ "probe": world.name })).await;
    assert_eq!(value(&ended), 2);
    let changes = open.store.records().changes_after(0, 100).await.unwrap();
    assert_eq!(changes.len(), 2);
    open.stop().await;
}

// On one thread, which a computation must not keep from the others.
#[tokio::test]
async fn a_long_computation_holds_up_nobody() {
    let world = World::sqlite();
    let open = world.open().await;
    let computing = open.submit("computes", json!({ "probe": world.name }));
    let computing = computing.await.execution_id;
    world.probe().wait_inside(1).await;
    let other = json!({ "probe": world.name, "number": 1 });
    assert_eq!(value(&open.run("three_steps", other).await), 4);
    world.probe().open();
    assert_eq!(value(&open.end(&computing).await), 1);
    open.stop().await;
}
