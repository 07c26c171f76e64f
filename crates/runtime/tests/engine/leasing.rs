//! One engine per database, a restart at once, and a graceful stop.

use civitas_model::execution::Status;
use civitas_runtime::{StartError, SubmitError};
use serde_json::json;

use crate::world::{PATIENCE, World, on_each_database, operator, submission};

on_each_database![
    a_second_node_is_refused_until_the_first_stopped,
    a_node_that_was_taken_over_writes_nothing_more,
    a_stop_leaves_what_does_not_end_to_the_next_start,
    a_stop_lets_handlers_end,
];

async fn a_second_node_is_refused_until_the_first_stopped(world: World) {
    let first = world.try_open("first").await.unwrap();
    let Err(StartError::AnotherNode { holder, .. }) = world.try_open("second").await else {
        panic!("two nodes run one engine")
    };
    assert_eq!(holder, "first");
    first.stop().await;
    world.try_open("second").await.unwrap().stop().await;
}

async fn a_node_that_was_taken_over_writes_nothing_more(world: World) {
    let old = world.open().await;
    let gated = json!({ "probe": world.name });
    let id = old.submit("gated", gated.clone()).await.execution_id;
    world.probe().wait_inside(1).await;
    // The same name gets the lease at once, as after a crash.
    let new = world.open().await;
    let refused = old
        .runtime
        .submit(&operator(), submission("gated", gated))
        .await;
    assert!(
        matches!(refused, Err(SubmitError::Busy { .. })),
        "{refused:?}"
    );
    tokio::time::timeout(PATIENCE, old.runtime.lease_lost())
        .await
        .unwrap();
    assert!(old.runtime.cancel(&operator(), &id).await.is_err());
    world.probe().wait_inside(1).await;
    world.probe().open();
    assert_eq!(new.end(&id).await.status, Status::Completed);
    new.journal(&id).await;
    old.stop().await;
    let again = json!({ "probe": world.name });
    assert_eq!(new.run("gated", again).await.status, Status::Completed);
    new.stop().await;
}

async fn a_stop_leaves_what_does_not_end_to_the_next_start(world: World) {
    let open = world.open().await;
    let gated = json!({ "probe": world.name });
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(open.submit("gated", gated.clone()).await.execution_id);
    }
    world.probe().wait_inside(3).await;
    open.halt().await;
    world.probe().open();
    let open = world.open().await;
    for id in ids {
        assert_eq!(open.end(&id).await.status, Status::Completed);
        open.journal(&id).await;
    }
    open.stop().await;
    assert_eq!(world.probe().counted("passed"), 6);
}

async fn a_stop_lets_handlers_end(world: World) {
    let open = world.open().await;
    let id = open
        .submit("gated", json!({ "probe": world.name }))
        .await
        .execution_id;
    world.probe().wait_inside(1).await;
    let stopping = tokio::spawn({
        let runtime = open.runtime.clone();
        async move { runtime.stop(PATIENCE).await }
    });
    world.probe().open();
    stopping.await.unwrap();
    assert_eq!(open.find(&id).await.status, Status::Completed);
}
