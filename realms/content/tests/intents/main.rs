//! Every intent of the realm, crashed before every commit it makes, on real small documents.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in what its functions share too"
)]

mod between;
mod catalogue;
mod cleaning;
mod flow;
mod ingest;
mod life;
mod listing;
mod metadata;
mod parse;
mod query;
mod reading;
mod save;
mod search;
mod structure;
mod validation;

use civitas_documents::Request;
use civitas_intent::TestRun;
use civitas_intent::test_run::{Finished, World};
use civitas_model::{ErrorCode, File, TenantId};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

/// A world whose confined child is the parser itself.
fn world() -> World {
    World::new().with_sandbox(|bytes, request| {
        let request: Request = serde_json::from_value(request.clone()).unwrap();
        let document = civitas_documents::parse(&request, bytes)
            .map_err(|error| (ErrorCode::IntentRejected, error.to_string()))?;
        Ok(serde_json::to_vec(&document).unwrap())
    })
}

/// One run; runs in one world need names that differ.
async fn run(world: World, name: &str, intent: &str, parameters: Value) -> Finished {
    TestRun::new(&civitas_content::realm(), intent, parameters, world)
        .execution(name)
        .run()
        .await
}

/// The payload of an answer.
fn payload<'a>(finished: &'a Finished, key: &str) -> &'a Value {
    &finished.artifact(key)["semantic_payload"]
}

/// Ingests bytes under a name; answers the world and the file's payload.
async fn ingest(world: World, ui_name: &str, bytes: &[u8]) -> (World, Value) {
    let parameters = json!({ "ui_name": ui_name, "file_content": HEXLOWER.encode(bytes) });
    let finished = run(
        world,
        &format!("ingest {ui_name}"),
        "ingest_file",
        parameters,
    )
    .await;
    let file = payload(&finished, "file").clone();
    (finished.world, file)
}

/// Parses a file; answers the world and the result's payload.
async fn parse(world: World, name: &str, file: &Value) -> (World, Value) {
    let parameters = json!({ "file_id": file["file_id"] });
    let finished = run(world, name, "parse_content", parameters).await;
    let parsed = payload(&finished, "parsed_content").clone();
    (finished.world, parsed)
}

/// The message an intent is rejected with.
async fn rejection(world: World, intent: &str, parameters: Value) -> String {
    let before = world.clone();
    let finished = run(world, "rejected", intent, parameters).await;
    let message = finished.rejection().to_owned();
    assert_eq!(finished.world, before, "a rejected intent left something");
    message
}

/// Changes a file where it lies.
fn change(world: &mut World, file: &Value, change: impl FnOnce(&mut File)) {
    change(world.files.get_mut(text(&file["file_id"])).unwrap());
}

/// Gives everything in the world to another tenant.
fn give_away(world: &mut World) {
    let other = TenantId::trusted("tenant-2");
    for file in world.files.values_mut() {
        file.tenant_id = other.clone();
    }
    for artifact in world.artifacts.values_mut() {
        artifact.tenant_id = other.clone();
    }
    for contract in world.contracts.values_mut() {
        contract.tenant_id = other.clone();
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A document of the demo.
fn demo(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/civitas/demo/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}
