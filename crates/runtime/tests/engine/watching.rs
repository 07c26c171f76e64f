//! Live views: without gaps, without repetitions, and with an end.

use std::time::Duration;

use civitas_model::ExecutionId;
use civitas_model::execution::Status;
use civitas_model::journal::{Entry, Kind};
use civitas_runtime::Watch;
use serde_json::json;

use crate::world::{Open, PATIENCE, World, on_each_database, operator};

on_each_database![
    a_watch_resumed_anywhere_has_no_gap_and_no_repetition,
    a_watch_that_starts_after_the_end_ends,
    a_watch_goes_on_through_a_retry,
    a_slow_watcher_harms_nobody,
    waiting_ends_with_the_patience,
];

async fn watch(open: &Open, id: &ExecutionId, after: u64) -> Watch {
    let tenant = operator().tenant_id;
    let watch = open.runtime.watch(&tenant, id, after).await.unwrap();
    watch.unwrap()
}

async fn next(watch: &mut Watch) -> Option<Entry> {
    let next = tokio::time::timeout(PATIENCE, watch.next()).await;
    next.expect("the watch neither gave an entry nor ended")
        .unwrap()
}

async fn a_watch_resumed_anywhere_has_no_gap_and_no_repetition(world: World) {
    let open = world.open().await;
    let id = open
        .submit("chatty", json!({ "events": 500 }))
        .await
        .execution_id;
    let mut seen = Vec::new();
    'resumed: loop {
        let after = seen.last().copied().unwrap_or(0);
        let mut watch = watch(&open, &id, after).await;
        for _ in 0..37 {
            match next(&mut watch).await {
                Some(entry) => seen.push(entry.seq),
                None => break 'resumed,
            }
        }
    }
    let last = open.find(&id).await.last_seq;
    assert_eq!(seen, (1..=last).collect::<Vec<u64>>());
    assert_eq!(last, 503);
    open.stop().await;
}

async fn a_watch_that_starts_after_the_end_ends(world: World) {
    let open = world.open().await;
    let ended = open.run("chatty", json!({ "events": 1 })).await;
    for after in [ended.last_seq, ended.last_seq + 100, u64::from(u32::MAX)] {
        let mut watch = watch(&open, &ended.execution_id, after).await;
        assert_eq!(next(&mut watch).await, None);
    }
    open.stop().await;
}

async fn a_watch_goes_on_through_a_retry(world: World) {
    let open = world.open().await;
    let parameters = json!({ "probe": world.name, "times": 1, "how": "reject" });
    let id = open.run("flaky", parameters).await.execution_id;
    open.runtime.retry(&operator(), &id).await.unwrap();
    let mut watch = watch(&open, &id, 0).await;
    let mut kinds = Vec::new();
    while let Some(entry) = next(&mut watch).await {
        kinds.push(entry.kind);
    }
    assert!(kinds.contains(&Kind::Failed));
    assert!(kinds.contains(&Kind::RetryRequested));
    assert_eq!(kinds.last(), Some(&Kind::Completed));
    open.stop().await;
}

async fn a_slow_watcher_harms_nobody(world: World) {
    let open = world.open().await;
    let id = open
        .submit("chatty", json!({ "events": 2000 }))
        .await
        .execution_id;
    let mut slow = watch(&open, &id, 0).await;
    assert_eq!(next(&mut slow).await.unwrap().seq, 1);
    assert_eq!(open.end(&id).await.status, Status::Completed);
    let mut seen = 1;
    while let Some(entry) = next(&mut slow).await {
        seen += 1;
        assert_eq!(entry.seq, seen);
    }
    assert_eq!(seen, 2003);
    open.stop().await;
}

async fn waiting_ends_with_the_patience(world: World) {
    let open = world.open().await;
    let id = open
        .submit("gated", json!({ "probe": world.name }))
        .await
        .execution_id;
    open.until(&id, Kind::Started).await;
    let tenant = operator().tenant_id;
    let found = open
        .runtime
        .wait(&tenant, &id, Duration::from_millis(1))
        .await;
    assert_eq!(found.unwrap().unwrap().status, Status::Running);
    let unknown = ExecutionId::trusted("unknown");
    let found = open.runtime.wait(&tenant, &unknown, PATIENCE).await;
    assert!(found.unwrap().is_none());
    world.probe().open();
    open.end(&id).await;
    open.stop().await;
}
