//! `import_agents`, crashed before each of its commits.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails the test")]

use bytes::Bytes;
use civitas_fleet::realm;
use civitas_intent::test_run::{Finished, TestRun, World};
use civitas_model::file::Status;
use civitas_model::{Agent, File, FileId, Id};
use serde_json::{Value, json};

const REVIEWER: &str =
    "---\nname: code-reviewer\ndescription: Reviews code\ntools: Read, Grep\n---\nYou review.\n";
const CODER: &str = "---\nname: coder\ndescription: codes: everything\nx-civitas:\n  role: developer\n  capabilities: [coding]\n  rbac:\n    allowed_tools: [Read, Write]\n    path_scopes: [\"src/**\"]\n  budget:\n    max_tokens_per_session: 1000\n    max_cost_per_day: 5\n  metadata:\n    category: foundry\n---\n";

async fn import(parameters: Value, world: World, execution: &str) -> Finished {
    let run = TestRun::new(&realm(), "import_agents", parameters, world);
    run.execution(execution).run().await
}

fn inline() -> Value {
    json!({ "files": [
        { "path": "quality/code-reviewer.md", "text": REVIEWER },
        { "path": "foundry/coder.md", "text": CODER },
        { "path": "README.md", "text": "# Agents\n\nWhat they are.\n" },
    ] })
}

fn actions(finished: &Finished) -> Vec<String> {
    let files = finished.artifact("agent_import")["semantic_payload"]["files"].clone();
    let files = files.as_array().unwrap().iter();
    files
        .map(|file| {
            format!(
                "{} {}",
                file["outcome"].as_str().unwrap(),
                file["action"].as_str().unwrap()
            )
        })
        .collect()
}

fn agent<'a>(world: &'a World, name: &str) -> &'a Agent {
    let mut agents = world.agents.values();
    agents.find(|agent| agent.name == name).unwrap()
}

#[tokio::test]
async fn files_become_agents_and_each_is_accounted_for() {
    let finished = import(inline(), World::new(), "first").await;
    assert_eq!(
        actions(&finished),
        ["synthesised created", "repaired created", "skipped skipped"]
    );
    let payload = &finished.artifact("agent_import")["semantic_payload"];
    assert_eq!(payload["summary"]["created"], 2);
    assert!(payload["files"][1]["repairs"][0].is_string(), "{payload}");
    assert!(payload["files"][2]["reason"].is_string());
    let world = &finished.world;
    assert_eq!(world.agents.len(), 2);
    let coder = agent(world, "coder");
    assert_eq!(coder.budget.max_tokens_per_session, 1000);
    assert_eq!(coder.source.as_ref().unwrap().path, "foundry/coder.md");
    assert_eq!(coder.owner, "user-1");
    let audited: Vec<&str> = world
        .audited
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(audited, ["code-reviewer", "coder"]);
    assert_eq!(world.audited[1].1["max_tokens_per_session"], 1000);
    assert_eq!(world.events[0].0, "agents_imported");
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_a_changed_file_its_agent() {
    let first = import(inline(), World::new(), "first").await;
    let again = import(inline(), first.world.clone(), "again").await;
    assert_eq!(
        actions(&again),
        [
            "synthesised unchanged",
            "repaired unchanged",
            "skipped skipped"
        ]
    );
    assert_eq!(again.world.agents, first.world.agents);
    let changed = CODER.replace("max_cost_per_day: 5", "max_cost_per_day: 7");
    let parameters = json!({ "files": [{ "path": "foundry/coder.md", "text": changed }] });
    let updated = import(parameters, first.world.clone(), "updated").await;
    assert_eq!(actions(&updated), ["repaired updated"]);
    let coder = agent(&updated.world, "coder");
    assert_eq!(coder.budget.max_cost_per_day.as_micros(), 7_000_000);
    assert_eq!(coder.agent_id, agent(&first.world, "coder").agent_id);
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_does_nothing() {
    let mut parameters = inline();
    parameters["dry_run"] = json!(true);
    let dry = import(parameters, World::new(), "first").await;
    let real = import(inline(), World::new(), "first").await;
    assert_eq!(actions(&dry), actions(&real));
    assert!(dry.world.agents.is_empty() && dry.world.audited.is_empty());
}

/// A file that was ingested, in a world that holds its bytes.
fn ingested(world: &mut World, id: &str, name: &str, bytes: &'static [u8]) {
    let stored = world.put_blob(Bytes::from_static(bytes));
    let file = File {
        file_id: FileId::trusted(id),
        tenant_id: Id::trusted(World::TENANT),
        session_id: Id::trusted(World::SESSION),
        ui_name: name.into(),
        file_type: "md".into(),
        mime_type: "text/markdown".into(),
        ingestion_type: "upload".into(),
        size: stored.size,
        digest: stored.digest,
        status: Status::Active,
        contract_id: Id::trusted("contract-1"),
        metadata: json!({}),
        created_at: World::START,
        updated_at: World::START,
    };
    world.files.insert(id.into(), file);
}

#[tokio::test]
async fn ingested_files_are_read_by_their_ids() {
    let mut world = World::new();
    ingested(&mut world, "f1", "coder.md", CODER.as_bytes());
    ingested(&mut world, "f2", "broken.md", b"\xff\xfe---");
    let parameters = json!({ "file_ids": ["f1", "f2"] });
    let finished = import(parameters, world.clone(), "first").await;
    assert_eq!(actions(&finished)[0], "repaired created");
    assert_eq!(actions(&finished).len(), 2);
    let missing = import(json!({ "file_ids": ["f1", "nope"] }), world, "second").await;
    assert!(missing.rejection().contains("there is no file nope"));
    assert!(missing.world.agents.is_empty(), "nothing is half done");
}

#[tokio::test]
async fn two_files_of_one_agent_do_not_both_change_it() {
    let first = import(inline(), World::new(), "first").await;
    let id = agent(&first.world, "coder").agent_id.clone();
    let claimed = CODER.replace("x-civitas:", &format!("x-civitas:\n  agent_id: {id}"));
    let changed = |text: &str, more: &str| text.replace("codes: everything", more);
    let parameters = json!({ "files": [
        { "path": "a/coder.md", "text": changed(&claimed, "codes") },
        { "path": "b/coder.md", "text": changed(CODER, "codes, too") },
    ] });
    let finished = import(parameters, first.world.clone(), "second").await;
    let failed = actions(&finished)
        .iter()
        .filter(|action| action.ends_with("failed"))
        .count();
    let agents = finished.world.agents.len();
    assert!(failed == 1 || agents == 3, "{:?}", actions(&finished));
}
