//! What is forgotten with time, and what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use civitas_model::execution::Status;
use civitas_model::journal::Kind;
use civitas_model::{ArtifactId, Clock, ExecutionId, SystemClock, Timestamp};
use civitas_storage::{Change, Changeset, Upload};
use serde_json::json;

use crate::world::{Open, PATIENCE, World, on_each_database, operator};

on_each_database![
    old_executions_are_forgotten_and_what_they_made_stays,
    an_upload_that_nobody_claimed_is_freed_unless_a_journal_names_it,
];

const DAY: Duration = Duration::from_hours(24);

/// A clock that stands still until it is moved.
struct StillClock(AtomicI64);

impl StillClock {
    fn of(world: &mut World) -> Arc<Self> {
        let clock = Arc::new(Self(AtomicI64::new(SystemClock.now().as_micros())));
        world.clock = clock.clone();
        clock
    }

    fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Retention runs when an engine starts: waits until it has forgotten this execution.
async fn forgotten(open: &Open, execution: &ExecutionId) {
    let tenant = operator().tenant_id;
    let patience = Instant::now() + PATIENCE;
    while open
        .runtime
        .find(&tenant, execution)
        .await
        .unwrap()
        .is_some()
    {
        assert!(Instant::now() < patience, "it is not forgotten");
        tokio::task::yield_now().await;
    }
}

/// The child that an execution waits for.
async fn child(open: &Open, parent: &ExecutionId) -> ExecutionId {
    let started = open.until(parent, Kind::ChildStarted).await;
    ExecutionId::trusted(started.data["result"]["execution_id"].as_str().unwrap())
}

async fn old_executions_are_forgotten_and_what_they_made_stays(mut world: World) {
    let clock = StillClock::of(&mut world);
    let open = world.open().await;
    let old = open.run("makes", json!({})).await.execution_id;
    let failing = json!({ "probe": world.name, "child": "keeps", "parameters": { "text": "x" } });
    let failed = open.run("calls", failing).await;
    assert_eq!(failed.status, Status::Failed);
    // One that is at work, called by one that waits; and a child that ended, of a parent that was paused before it heard.
    let gated =
        json!({ "probe": world.name, "child": "gated", "parameters": { "probe": world.name } });
    let waiting = open.submit("calls", gated.clone()).await.execution_id;
    let at_work = child(&open, &waiting).await;
    let paused = open.submit("calls", gated).await.execution_id;
    let ended = child(&open, &paused).await;
    world.probe().wait_inside(2).await;
    open.runtime.pause(&operator(), &paused).await.unwrap();
    open.runtime.cancel(&operator(), &ended).await.unwrap();
    open.end(&ended).await;
    clock.advance(29 * DAY);
    let recent = open.run("makes", json!({})).await.execution_id;
    open.halt().await;

    clock.advance(DAY + Duration::from_secs(1));
    let open = world.open().await;
    forgotten(&open, &old).await;
    forgotten(&open, &failed.execution_id).await;
    let tenant = operator().tenant_id;
    let journal = open.store.executions().journal(&tenant, &old, 0, 9).await;
    assert_eq!(journal.unwrap(), []);
    for (made_by, id) in [(&old, old.as_str()), (&recent, recent.as_str())] {
        let artifacts = open.store.artifacts();
        let made = artifacts.find(&tenant, &ArtifactId::trusted(id)).await;
        let made = made.unwrap().expect("an artifact stays");
        assert_eq!(made.produced_by.execution_id, *made_by);
        assert_eq!(made.produced_by.intent, "makes");
    }
    assert_eq!(open.find(&recent).await.status, Status::Completed);
    assert_eq!(open.find(&ended).await.status, Status::Cancelled);
    // What was kept goes on: the paused parent hears how its child ended, and the waiting one gets its answer.
    open.runtime.resume(&operator(), &paused).await.unwrap();
    let heard = open.end(&paused).await;
    assert_eq!(heard.status, Status::Failed);
    assert!(heard.failure.unwrap().message.contains("did not complete"));
    world.probe().open();
    assert_eq!(open.end(&at_work).await.status, Status::Completed);
    assert_eq!(open.end(&waiting).await.status, Status::Completed);
    open.stop().await;

    // Once the parent is forgotten, so is its child.
    clock.advance(31 * DAY);
    let open = world.open().await;
    for execution in [&waiting, &at_work, &paused, &ended, &recent] {
        forgotten(&open, execution).await;
    }
    open.stop().await;
}

async fn an_upload_that_nobody_claimed_is_freed_unless_a_journal_names_it(mut world: World) {
    let clock = StillClock::of(&mut world);
    let open = world.open().await;
    let tenant = operator().tenant_id;
    let blobs = world.blobs();
    let mut digests = Vec::new();
    for content in ["left behind", "named by a journal"] {
        let stored = blobs.put(&tenant, content.into()).await.unwrap();
        let upload = Upload {
            upload_id: content.into(),
            tenant_id: tenant.clone(),
            digest: stored.digest.clone(),
            size: stored.size,
            file_type: "txt".into(),
            mime_type: "text/plain".into(),
        };
        let changes = Changeset::new().with(Change::Upload(upload));
        open.store.commit(changes).await.unwrap();
        digests.push(stored.digest);
    }
    // It failed after it recorded the digest, and may be tried again.
    let keeps = json!({ "text": "named by a journal" });
    let failed = open.run("keeps", keeps).await;
    assert_eq!(failed.status, Status::Failed);
    open.halt().await;

    clock.advance(DAY);
    let open = world.open().await;
    let found = open.store.find_upload(&tenant, "left behind").await;
    assert!(found.unwrap().is_some(), "a day has not passed");
    open.halt().await;

    clock.advance(Duration::from_hours(2));
    let open = world.open().await;
    let patience = Instant::now() + PATIENCE;
    while blobs.exists(&tenant, &digests[0]).await.unwrap() {
        assert!(Instant::now() < patience, "it is not freed");
        tokio::task::yield_now().await;
    }
    open.stop().await;
    assert!(blobs.exists(&tenant, &digests[1]).await.unwrap());

    // With the execution goes the last that needed it.
    clock.advance(31 * DAY);
    let open = world.open().await;
    forgotten(&open, &failed.execution_id).await;
    let patience = Instant::now() + PATIENCE;
    while blobs.exists(&tenant, &digests[1]).await.unwrap() {
        assert!(Instant::now() < patience, "it is not freed");
        tokio::task::yield_now().await;
    }
    open.stop().await;
}
