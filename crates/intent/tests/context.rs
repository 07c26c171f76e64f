//! What a handler can rely on, each shown by a handler that is crashed before every commit.

use std::time::Duration;

use civitas_intent::prelude::*;
use civitas_intent::test_run::{Outcome, World};
use civitas_intent::{Definition, TestRun};
use civitas_model::{ErrorCode, Timestamp, Write};

/// Does a bit of everything.
#[derive(Deserialize, JsonSchema)]
struct Everything {
    /// How many records to put.
    records: usize,
}

#[derive(Serialize, JsonSchema)]
struct Made {
    id: String,
    at: Timestamp,
    sum: u64,
}

impl Intent for Everything {
    const NAME: &'static str = "everything";
    const ARTIFACT: &'static str = "made";
    type Output = Made;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Made>> {
        let at = cx.now().await?;
        let id = cx.new_id();
        let first: u64 = cx.step("first", async { Ok(1) }).await?;
        for number in 0..self.records {
            let record = record(cx, number);
            cx.write(Write::Records {
                records: vec![record],
            })
            .await?;
        }
        cx.sleep(Duration::from_hours(1)).await?;
        let second: u64 = cx
            .effect("call", |key| async move { Ok(key.len() as u64) })
            .await?;
        let child = cx.call("other", json!({})).await?;
        cx.emit("made", json!({ "child": child })).await?;
        Ok(Made {
            id,
            at,
            sum: first + second,
        }
        .into())
    }
}

/// Pays for what it does.
#[derive(Deserialize, JsonSchema)]
struct Pays {
    /// What it reserves, in millionths.
    reserved: u64,
    /// What it uses; all of it, when it does not say.
    used: Option<u64>,
    /// Whether it fails at the end.
    #[serde(default)]
    fails: bool,
}

fn cost(micros: u64) -> Amount {
    Amount::new(0, Money::from_micros(micros))
}

impl Intent for Pays {
    const NAME: &'static str = "pays";
    const ARTIFACT: &'static str = "sum";
    type Output = u64;

    async fn handle(self, cx: &mut Context) -> Result<Answer<u64>> {
        let first: u64 = cx.step("before", async { Ok(1) }).await?;
        cx.reserve(cost(self.reserved)).await?;
        let second: u64 = cx.effect("call", |_| async { Ok(2) }).await?;
        if let Some(used) = self.used {
            cx.settle(cost(used)).await?;
        }
        if self.fails {
            return Err(reject("no"));
        }
        let third: u64 = cx.step("after", async { Ok(3) }).await?;
        Ok((first + second + third).into())
    }
}

/// A world in which so much may be used.
fn paying(cap: u64) -> World {
    let mut world = World::new();
    world.budget.caps.cost = Some(Money::from_micros(cap));
    world
}

#[tokio::test]
async fn what_was_reserved_is_settled_once_wherever_it_crashes() {
    for (parameters, used) in [
        (json!({ "reserved": 7, "used": 5 }), 5),
        (json!({ "reserved": 7, "used": 9 }), 9),
        (json!({ "reserved": 7 }), 7),
        (json!({ "reserved": 7, "fails": true }), 0),
        (json!({ "reserved": 7, "used": 5, "fails": true }), 5),
    ] {
        let finished = TestRun::new(&realm(), "pays", parameters.clone(), paying(10))
            .run()
            .await;
        assert_eq!(finished.world.budget.used, cost(used), "{parameters}");
        assert!(finished.world.budget.reserved.is_empty(), "{parameters}");
        assert!(finished.commits >= 4, "{parameters}");
    }
}

#[tokio::test]
async fn a_run_waits_for_room_or_is_refused() {
    let parameters = json!({ "reserved": 11, "used": 11 });
    let run = |world| TestRun::new(&realm(), "pays", parameters.clone(), world).run();
    let refused = run(paying(10)).await;
    let Outcome::Rejected { code, .. } = &refused.outcome else {
        panic!("{:?}", refused.outcome)
    };
    assert_eq!(*code, ErrorCode::BudgetExceeded);
    assert_eq!(refused.world.budget.used, Amount::ZERO);
    let mut world = paying(10);
    world.budget.waits = true;
    world.budget.raised = Some(paying(20).budget.caps);
    let waited = run(world).await;
    assert_eq!(waited.artifact("sum")["semantic_payload"], 6);
    assert_eq!(waited.world.budget.used, cost(11));
}

fn record(cx: &Context, number: usize) -> Record {
    Record {
        record_id: civitas_model::RecordId::trusted(format!("r{number}")),
        tenant_id: cx.tenant_id().clone(),
        source: "test".into(),
        parent_id: "p".into(),
        title: String::new(),
        heading: String::new(),
        body: number.to_string(),
        kind: String::new(),
        date: World::START,
        metadata: Value::Null,
    }
}

fn realm() -> Realm {
    Realm::new("test", "For tests")
        .intent::<Everything>()
        .intent::<Refuses>()
        .intent::<Pays>()
}

fn world(child: Value) -> World {
    let mut world = World::new();
    world.children.insert("other".into(), child);
    world
}

#[tokio::test]
async fn a_handler_crashed_before_any_commit_ends_as_if_it_never_crashed() {
    let child = json!({ "status": "completed", "result": { "n": 7 } });
    let run = TestRun::new(
        &realm(),
        "everything",
        json!({ "records": 600 }),
        world(child),
    );
    let finished = run.run().await;
    assert_eq!(finished.world.records.len(), 600);
    assert_eq!(
        finished.world.events,
        [("made".into(), json!({ "child": { "n": 7 } }))]
    );
    // first, two checkpoints, timer, its wait, effect twice, child twice, event, completion.
    assert_eq!(finished.commits, 11);
}

/// Puts many records at once.
#[derive(Deserialize, JsonSchema)]
struct Many {
    /// How many.
    records: usize,
}

impl Intent for Many {
    const NAME: &'static str = "many";
    const ARTIFACT: &'static str = "nothing";
    type Output = ();

    async fn handle(self, cx: &mut Context) -> Result<Answer<()>> {
        cx.forget_records("p").await?;
        let records = (0..self.records).map(|number| record(cx, number)).collect();
        cx.put_records(records).await?;
        Ok(().into())
    }
}

#[tokio::test]
async fn no_commit_holds_more_than_a_few_hundred_records() {
    let realm = Realm::new("test", "For tests").intent::<Many>();
    let run = TestRun::new(&realm, "many", json!({ "records": 1_000 }), World::new());
    let finished = run.run().await;
    assert_eq!(finished.world.records.len(), 1_000);
    // A checkpoint for each 256 records, and the completion with the rest.
    assert_eq!(finished.commits, 4);
}

#[tokio::test]
async fn a_failed_child_rejects_with_its_reason() {
    let child = json!({ "status": "failed", "failure": { "message": "no such file" } });
    let run = TestRun::new(
        &realm(),
        "everything",
        json!({ "records": 0 }),
        world(child),
    );
    assert!(run.run().await.rejection().contains("no such file"));
}

/// Refuses.
#[derive(Deserialize, JsonSchema)]
struct Refuses {}

impl Intent for Refuses {
    const NAME: &'static str = "refuses";
    const ARTIFACT: &'static str = "nothing";
    type Output = ();

    async fn handle(self, cx: &mut Context) -> Result<Answer<()>> {
        // Swallowing a suspension must not make a handler go on.
        let _ = cx.sleep(Duration::from_secs(1)).await;
        cx.emit("after", json!({})).await?;
        Err(reject("name must be given: send it"))
    }
}

#[tokio::test]
async fn a_swallowed_suspension_still_waits() {
    let finished = TestRun::new(&realm(), "refuses", json!({}), World::new())
        .run()
        .await;
    assert_eq!(finished.rejection(), "name must be given: send it");
    assert_eq!(finished.world.events.len(), 1);
}

#[tokio::test]
async fn parameters_of_the_wrong_shape_are_the_callers_fault() {
    let run = TestRun::new(
        &realm(),
        "everything",
        json!({ "records": "many" }),
        World::new(),
    );
    let Outcome::Rejected { code, message } = run.run().await.outcome else {
        panic!("not rejected")
    };
    assert_eq!(code, ErrorCode::ValidationFailed);
    assert!(message.contains("many"), "{message}");
}

#[test]
fn doc_comments_become_the_catalogue() {
    let realm = realm();
    let definition: &Definition = &realm.definitions()[0];
    assert_eq!(definition.description(), "Does a bit of everything.");
    let described = definition
        .parameters()
        .pointer("/properties/records/description");
    assert_eq!(
        described.and_then(Value::as_str),
        Some("How many records to put.")
    );
}
