//! Cancelling, pausing, resuming, and saying why.

use civitas_model::ExecutionId;
use civitas_model::execution::{Status, Wait};
use civitas_model::journal::Kind;
use civitas_runtime::ControlError;
use serde_json::json;

use crate::world::{Open, World, caller, on_each_database, operator, value};

on_each_database![
    a_running_execution_is_cancelled_at_once_and_for_good,
    a_waiting_execution_is_cancelled,
    a_pending_execution_is_cancelled,
    with_an_execution_its_children_are_cancelled,
    a_paused_execution_goes_on_when_it_is_resumed,
    a_sleeping_execution_goes_on_when_it_is_resumed,
    a_finished_execution_cannot_be_cancelled,
    an_execution_of_another_tenant_does_not_exist,
];

async fn summary(open: &Open, id: &ExecutionId) -> String {
    let why = open.runtime.why(&operator().tenant_id, id).await.unwrap();
    why.unwrap().summary
}

async fn a_running_execution_is_cancelled_at_once_and_for_good(world: World) {
    let open = world.open().await;
    let id = open
        .submit("gated", json!({ "probe": world.name }))
        .await
        .execution_id;
    world.probe().wait_inside(1).await;
    assert!(summary(&open, &id).await.contains("at work"));
    open.runtime.cancel(&operator(), &id).await.unwrap();
    assert_eq!(open.end(&id).await.status, Status::Cancelled);
    world.probe().open();
    open.stop().await;
    assert_eq!(
        world.probe().counted("passed"),
        0,
        "its handler was dropped"
    );
    let open = world.open().await;
    assert_eq!(open.find(&id).await.status, Status::Cancelled);
    assert_eq!(open.kinds(&id).await.last(), Some(&Kind::Cancelled));
    open.stop().await;
}

async fn a_waiting_execution_is_cancelled(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "millis": 3_600_000 });
    let id = open.submit("naps", parameters).await.execution_id;
    open.until(&id, Kind::Waiting).await;
    assert!(summary(&open, &id).await.contains("sleeps until"));
    open.runtime.cancel(&operator(), &id).await.unwrap();
    assert_eq!(open.end(&id).await.status, Status::Cancelled);
    open.stop().await;
}

async fn a_pending_execution_is_cancelled(mut world: World) {
    world.concurrency_max = 0;
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "number": 1 });
    let id = open.submit("three_steps", parameters).await.execution_id;
    assert!(summary(&open, &id).await.contains("waits for its turn"));
    open.runtime.cancel(&operator(), &id).await.unwrap();
    open.stop().await;
    world.concurrency_max = 10;
    let open = world.open().await;
    let other = json!({ "probe": "other", "number": 1 });
    open.run("three_steps", other).await;
    assert_eq!(open.find(&id).await.status, Status::Cancelled);
    assert_eq!(world.probe().counted("one"), 0);
    open.stop().await;
}

async fn with_an_execution_its_children_are_cancelled(world: World) {
    let open = world.open().await;
    let child =
        json!({ "probe": world.name, "child": "gated", "parameters": { "probe": world.name } });
    let parameters = json!({ "probe": world.name, "child": "calls", "parameters": child });
    let id = open.submit("calls", parameters).await.execution_id;
    world.probe().wait_inside(1).await;
    open.runtime.cancel(&operator(), &id).await.unwrap();
    let mut parent = id;
    for _ in 0..3 {
        assert_eq!(open.end(&parent).await.status, Status::Cancelled);
        let journal = open.journal(&parent).await;
        let child = journal
            .iter()
            .find(|entry| entry.kind == Kind::ChildStarted);
        let Some(child) = child else { break };
        parent = ExecutionId::trusted(child.data["result"]["execution_id"].as_str().unwrap());
    }
    assert_eq!(open.find(&parent).await.intent.intent_type, "gated");
    open.stop().await;
}

async fn a_paused_execution_goes_on_when_it_is_resumed(world: World) {
    let open = world.open().await;
    let id = open
        .submit("gated", json!({ "probe": world.name }))
        .await
        .execution_id;
    world.probe().wait_inside(1).await;
    open.runtime.pause(&operator(), &id).await.unwrap();
    let found = open.find(&id).await;
    assert!(matches!(found.wait, Some(Wait::Paused { .. })), "{found:?}");
    assert!(summary(&open, &id).await.contains("paused it"));
    world.probe().open();
    open.stop().await;
    let open = world.open().await;
    assert_eq!(
        open.find(&id).await.status,
        Status::Waiting,
        "a restart does not resume it"
    );
    open.runtime.resume(&operator(), &id).await.unwrap();
    assert_eq!(value(&open.end(&id).await), 1);
    assert_eq!(world.probe().counted("passed"), 1);
    open.journal(&id).await;
    open.stop().await;
}

async fn a_sleeping_execution_goes_on_when_it_is_resumed(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "millis": 1500 });
    let id = open.submit("naps", parameters).await.execution_id;
    let waiting = open.until(&id, Kind::Waiting).await;
    open.runtime.resume(&operator(), &id).await.unwrap();
    // It looks at its timer again, which is not due, and waits on.
    open.until_after(&id, waiting.seq, Kind::Waiting).await;
    assert_eq!(value(&open.end(&id).await), 1);
    open.stop().await;
}

async fn a_finished_execution_cannot_be_cancelled(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "number": 1 });
    let ended = open.run("three_steps", parameters).await;
    let refused = open.runtime.cancel(&operator(), &ended.execution_id).await;
    let Err(ControlError::WrongState { status }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(status, Status::Completed);
    open.stop().await;
}

async fn an_execution_of_another_tenant_does_not_exist(world: World) {
    let open = world.open().await;
    let id = open
        .submit("gated", json!({ "probe": world.name }))
        .await
        .execution_id;
    // A tenant whose name begins like the other's, and one that is a pattern.
    for tenant in ["default_tenant2", "default_tenan", "%", "default_tenant/"] {
        let other = caller(tenant);
        let refusals = [
            open.runtime.cancel(&other, &id).await,
            open.runtime.pause(&other, &id).await,
            open.runtime.resume(&other, &id).await,
            open.runtime.retry(&other, &id).await,
        ];
        for refused in refusals {
            assert!(
                matches!(refused, Err(ControlError::NotFound)),
                "{refused:?}"
            );
        }
        assert!(
            open.runtime
                .find(&other.tenant_id, &id)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            open.runtime
                .watch(&other.tenant_id, &id, 0)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            open.runtime
                .why(&other.tenant_id, &id)
                .await
                .unwrap()
                .is_none()
        );
    }
    world.probe().open();
    open.end(&id).await;
    open.stop().await;
}
