//! What the tables say that agents of a role may spend holds: for whom is registered from then on, and for whom the registry
//! gave the role's figures before.

use serde_json::{Value, json};

use crate::agents::agent;
use crate::client::Client;
use crate::gate::{before, decided, register};
use crate::server::TestServer;

const ADOPT: &str = "/api/v1/agents/unregistered/adopt";
/// Half a dollar a day, and tokens for two edits.
const LESS: &str = "tokens_per_session = 2500\nusd_per_day = 0.5";

/// Tables in which developers have these figures.
async fn activate(client: &Client, figures: &str, based_on: u64) {
    let tables = client.get("/api/v1/policy/versions/0").send().await.ok();
    let tables = tables["tables"].as_str().unwrap();
    let usual = "tokens_per_session = 200000\nusd_per_day = 30";
    assert_eq!(tables.matches(usual).count(), 1);
    let tables = tables.replace(usual, figures);
    let body = json!({ "tables": tables, "based_on": based_on, "activate": true });
    let path = "/api/v1/policy/versions";
    let saved = client.post(path).json(&body).send().await;
    assert_eq!(saved.status.as_u16(), 201, "{}", saved.text());
}

async fn adopt(client: &Client, name: &str, role: &str) {
    let body = json!({ "name": name, "role": role });
    let adopted = client.post(ADOPT).json(&body).send().await;
    assert_eq!(adopted.status.as_u16(), 201, "{}", adopted.text());
}

async fn figures(client: &Client, name: &str) -> (u64, f64) {
    let path = format!("/api/v1/agents/name/{name}");
    let found = client.get(path).send().await.ok();
    let budget = &found["budget"];
    (
        budget["max_tokens_per_session"].as_u64().unwrap(),
        budget["max_cost_per_day"].as_f64().unwrap(),
    )
}

fn file(name: &str) -> Value {
    let text =
        format!("---\nname: {name}\nidentity:\n  agent_id: {name}\n  role: developer\n---\nx\n");
    json!({ "path": format!("{name}.md"), "text": text })
}

fn edit(id: &str, agent: &str) -> Value {
    let input = json!({ "file_path": "/work/src/a", "old_string": "a", "new_string": "b" });
    let mut event = before(id, "Edit", input);
    event["agent_type"] = json!(agent);
    event["session_id"] = json!(agent);
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_registered_has_what_the_active_tables_give_its_role() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    activate(&client, LESS, 0).await;
    adopt(&client, "adopted", "developer").await;
    let files = json!({ "files": [file("imported")] });
    let path = "/api/v1/registry/import";
    client.post(path).json(&files).send().await.ok();
    let files = json!({ "files": [file("by-intent")] });
    client.run("import_agents", files).await;
    let mut body = agent("by-request");
    let without = body.as_object_mut().unwrap();
    without.remove("budget_max_tokens_per_session");
    without.remove("budget_max_cost_per_day");
    let created = client.post("/api/v1/agents").json(&body).send().await;
    assert_eq!(created.status.as_u16(), 201, "{}", created.text());
    for name in ["adopted", "imported", "by-intent", "by-request"] {
        assert_eq!(figures(&client, name).await, (2500, 0.5), "{name}");
    }
    adopt(&client, "another", "tester").await;
    assert_eq!(figures(&client, "another").await, (150_000, 20.0));
    for (id, expected) in [("t1", "allow"), ("t2", "allow"), ("t3", "deny")] {
        let (decision, reason) = decided(&client, &edit(id, "adopted")).await;
        assert_eq!(decision, expected, "{id}: {reason}");
    }
    // The file is read again as it was: nothing of its agent is another by that.
    let files = json!({ "files": [file("imported")] });
    let again = client.post(path).json(&files).send().await.ok();
    assert_eq!(again["files"][0]["action"], "unchanged", "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_its_roles_figures_follows_the_tables_and_one_with_its_own_does_not() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    adopt(&client, "follows", "developer").await;
    let own = json!({ "budget_max_tokens_per_session": 190_000, "budget_max_cost_per_day": 31.0 });
    register(&client, "has-its-own", &own).await;
    assert_eq!(decided(&client, &edit("t0", "follows")).await.0, "allow");
    activate(&client, LESS, 0).await;
    assert_eq!(figures(&client, "follows").await, (2500, 0.5));
    assert_eq!(figures(&client, "has-its-own").await, (190_000, 31.0));
    // The session that it works in, too: one edit is paid, one more has room.
    assert_eq!(decided(&client, &edit("t1", "follows")).await.0, "allow");
    let (decision, reason) = decided(&client, &edit("t2", "follows")).await;
    assert_eq!(decision, "deny");
    assert!(reason.contains("2500 tokens"), "{reason}");
    let path = "/api/v1/audit?category=registry&action=role_budget";
    let entries = client.get(path).send().await.ok();
    let entries = entries["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        entries[0]["entry"]["subject"]["id"], "developer",
        "{}",
        entries[0]
    );
    assert_eq!(entries[0]["body"]["to"]["tokens_per_session"], 2500);
    // Back to what every tenant starts with.
    let path = "/api/v1/policy/versions/0/activate";
    client.post(path).send().await.ok();
    assert_eq!(figures(&client, "follows").await, (200_000, 30.0));
    assert_eq!(decided(&client, &edit("t3", "follows")).await.0, "allow");
}
