//! Crashes: everything in memory is gone at a random moment, again and again; what was acknowledged ends nevertheless.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use civitas_model::ExecutionId;
use civitas_model::execution::Status;
use civitas_model::journal::Kind;
use civitas_storage::RecordChange;
use serde_json::{Value, json};

use crate::world::{Open, World, operator, submission};

const ROUNDS: u64 = 12;
const CLIENTS: u64 = 8;

/// What the clients were told was accepted.
type Acknowledged = Arc<Mutex<Vec<ExecutionId>>>;

fn work(world: &World, number: u64) -> (&'static str, Value) {
    let probe = &world.name;
    match number % 5 {
        0 => ("three_steps", json!({ "probe": probe, "number": number })),
        1 => ("pays", json!({ "probe": format!("{probe} pays") })),
        2 => ("writes", json!({ "probe": probe })),
        3 => ("naps", json!({ "probe": probe, "millis": 3 })),
        _ => {
            let child = json!({ "probe": probe, "number": number });
            let called = json!({ "probe": probe, "child": "three_steps", "parameters": child });
            ("calls", called)
        }
    }
}

/// Submits until the engine is gone.
async fn submit_all(world: Arc<World>, open: Arc<Open>, client: u64, acknowledged: Acknowledged) {
    for number in (client..).step_by(usize::try_from(CLIENTS).unwrap()) {
        let (intent_type, parameters) = work(&world, number);
        let submission = submission(intent_type, parameters);
        let Ok(accepted) = open.runtime.submit(&operator(), submission).await else {
            return;
        };
        acknowledged.lock().unwrap().push(accepted.execution_id);
    }
}

/// One life of the engine: under load, ended by dropping everything at once.
fn live_and_crash(world: &Arc<World>, acknowledged: &Acknowledged, round: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let open = Arc::new(world.open().await);
        for client in 0..CLIENTS {
            let submitting = submit_all(
                Arc::clone(world),
                Arc::clone(&open),
                client,
                Arc::clone(acknowledged),
            );
            tokio::spawn(submitting);
        }
        // Handlers counted so much, at another point in each round: some are in the middle of something.
        let counted: u64 = world.probe().counts().values().sum();
        world.probe().wait_total(counted + 20 + round * 37).await;
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
}

async fn check(open: &Open, id: &ExecutionId) -> usize {
    let ended = open.end(id).await;
    assert_eq!(ended.status, Status::Completed, "{ended:?}");
    let journal = open.journal(id).await;
    let mut steps = HashSet::new();
    for entry in journal.iter().filter(|entry| entry.kind.is_operation()) {
        let once = (entry.kind, entry.name.clone(), entry.data.to_string());
        assert!(steps.insert(once), "{id} recorded {entry:?} twice");
    }
    let ends = journal.iter().filter(|entry| entry.kind == Kind::Completed);
    assert_eq!(ends.count(), 1);
    usize::from(ended.intent.intent_type == "pays")
}

#[test]
fn whatever_was_acknowledged_ends_and_its_effects_are_there_once() {
    let world = Arc::new(World::sqlite());
    let acknowledged = Acknowledged::default();
    for round in 0..ROUNDS {
        live_and_crash(&world, &acknowledged, round);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let open = world.open().await;
        let ids = acknowledged.lock().unwrap().clone();
        assert!(ids.len() > 200, "only {} were accepted", ids.len());
        let mut paid = 0;
        for id in &ids {
            paid += check(&open, id).await;
        }
        // What was accepted without its client hearing of it, and the children: everything ends.
        loop {
            let page = open.store.executions().open_after(None, 1).await.unwrap();
            let Some(left) = page.first() else { break };
            open.end(&left.execution_id).await;
        }
        let payments = crate::realm::Probe::named(&format!("{} pays", world.name)).counts();
        assert!(payments.len() >= paid, "each payment has a key of its own");
        let written: HashSet<String> = records(&open).await;
        let changes = open.store.records().last_change().await.unwrap();
        assert_eq!(written.len() as u64, changes, "each record is written once");
        open.stop().await;
    });
}

/// Every record that was put, by id.
async fn records(open: &Open) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut after = 0;
    loop {
        let page = open
            .store
            .records()
            .changes_after(after, 500)
            .await
            .unwrap();
        let Some((last, _)) = page.last() else {
            return found;
        };
        after = *last;
        for (_, change) in page {
            if let RecordChange::Put(records) = change {
                found.extend(records.iter().map(|record| record.record_id.to_string()));
            }
        }
    }
}
