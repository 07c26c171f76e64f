//! Much at once: limits hold, nobody is held up, nothing is lost, nothing is done twice.

use std::sync::Arc;

use civitas_model::execution::Status;
use civitas_model::journal::Kind;
use serde_json::json;

use crate::realm::Probe;
use crate::world::{World, caller, on_each_database, operator, submission, value};

on_each_database![
    limits_hold_and_a_slow_type_holds_up_nobody,
    one_tenant_at_its_limit_holds_up_no_other,
    many_due_timers_wake_everyone,
];

async fn limits_hold_and_a_slow_type_holds_up_nobody(world: World) {
    let open = world.open().await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let gated = json!({ "probe": world.name });
        slow.push(open.submit("gated", gated).await.execution_id);
    }
    world.probe().wait_inside(3).await;
    for number in 0..50 {
        let parameters = json!({ "probe": "fast", "number": number });
        let ended = open.run("three_steps", parameters).await;
        assert_eq!(value(&ended), number + 3);
    }
    world.probe().open();
    for id in slow {
        assert_eq!(open.end(&id).await.status, Status::Completed);
    }
    assert_eq!(world.probe().most_inside(), 3);
    open.stop().await;
}

async fn one_tenant_at_its_limit_holds_up_no_other(mut world: World) {
    world.tenant_concurrency_max = 2;
    let open = world.open().await;
    let greedy = caller("greedy");
    let gated = json!({ "probe": world.name });
    for _ in 0..10 {
        let gated = submission("gated", gated.clone());
        open.runtime.submit(&greedy, gated).await.unwrap();
    }
    world.probe().wait_inside(2).await;
    let parameters = json!({ "probe": "modest", "number": 0 });
    assert_eq!(value(&open.run("three_steps", parameters).await), 3);
    assert_eq!(world.probe().most_inside(), 2);
    open.halt().await;
}

async fn many_due_timers_wake_everyone(world: World) {
    let open = world.open().await;
    let caller = operator();
    let submissions = (0..3000).map(|_| {
        let naps = json!({ "probe": world.name, "millis": 50 });
        open.runtime.submit(&caller, submission("naps", naps))
    });
    for accepted in futures::future::join_all(submissions).await {
        let id = accepted.unwrap().execution_id;
        assert_eq!(open.end(&id).await.status, Status::Completed);
    }
    assert_eq!(world.probe().counted("before"), 3000);
    assert_eq!(world.probe().counted("after"), 3000);
    open.stop().await;
}

/// Accepts so many while nothing runs, more than the queue holds.
async fn overflow(world: &mut World, amount: u64) {
    world.concurrency_max = 0;
    let open = Arc::new(world.open().await);
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let open = Arc::clone(&open);
            let probe = world.name.clone();
            tokio::spawn(async move {
                for number in (task..amount).step_by(32) {
                    open.submit("three_steps", json!({ "probe": probe, "number": number }))
                        .await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(
        open.runtime.depth().0 < usize::try_from(amount).unwrap(),
        "the queue has a limit"
    );
    open.runtime.stop(std::time::Duration::ZERO).await;
    world.concurrency_max = 256;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_queue_cannot_hold_completes_exactly_once() {
    let mut world = World::sqlite();
    let amount = 30_000;
    overflow(&mut world, amount).await;
    let open = world.open().await;
    // What is accepted while the rest is fetched is run, too.
    for number in 0..20 {
        let parameters = json!({ "probe": "late", "number": number });
        assert_eq!(
            value(&open.run("three_steps", parameters).await),
            number + 3
        );
    }
    world.probe().wait_total(amount * 3).await;
    open.runtime.stop(crate::world::PATIENCE).await;
    for name in ["one", "two", "three"] {
        assert_eq!(world.probe().counted(name), amount);
    }
    let tenant = operator().tenant_id;
    let executions = open.store.executions();
    let counts = executions.count_by_status(&tenant).await.unwrap();
    assert_eq!(counts, [(Status::Completed, amount + 20)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_beyond_the_queue_holds_up_no_other() {
    let world = World::sqlite();
    let open = Arc::new(world.open().await);
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let open = Arc::clone(&open);
            let probe = world.name.clone();
            tokio::spawn(async move {
                for _ in 0..400 {
                    open.submit("gated", json!({ "probe": probe })).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(open.runtime.depth().0 < 12_800, "the lane is full");
    let parameters = json!({ "probe": "other lane", "number": 1 });
    assert_eq!(value(&open.run("three_steps", parameters).await), 4);
    open.runtime.stop(std::time::Duration::ZERO).await;
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    { runtime }.build().unwrap().block_on(future)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_that_fails_for_a_while_loses_nothing() {
    let world = World::sqlite();
    let open = Arc::new(world.open().await);
    let probe = Probe::named(&world.name);
    let id = open
        .submit("gated", json!({ "probe": world.name }))
        .await
        .execution_id;
    let sleeper = json!({ "probe": "sleeper", "millis": 1 });
    let sleeping = open.submit("naps", sleeper).await.execution_id;
    probe.wait_inside(1).await;
    // Someone else holds the database's lock for longer than the committer waits for it.
    let path = world.path();
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (unlock, unlocked) = std::sync::mpsc::sync_channel::<()>(1);
    let holder = std::thread::spawn(move || {
        let (_, mut writer) = civitas_sql::Database::open_sqlite(&path).unwrap();
        wait(writer.begin()).unwrap();
        locked.send(()).unwrap();
        unlocked.recv().unwrap();
        wait(writer.rollback()).unwrap();
    });
    is_locked.await.unwrap();
    probe.open();
    let refused = open
        .runtime
        .submit(&operator(), submission("rules", json!({})))
        .await;
    assert!(refused.is_err(), "nothing can be written now");
    unlock.send(()).unwrap();
    holder.join().unwrap();
    assert_eq!(open.end(&id).await.status, Status::Completed);
    assert_eq!(open.end(&sleeping).await.status, Status::Completed);
    let kinds = open.kinds(&id).await;
    let steps = kinds.iter().filter(|kind| **kind == Kind::Step).count();
    assert_eq!(steps, 1);
    open.runtime.stop(crate::world::PATIENCE).await;
}
