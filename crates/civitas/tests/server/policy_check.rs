//! `POST /api/v1/policy/check` answers what the gate answers at the same moment.

use axum::http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::gate::{before, decided, read, register, send, server};

/// The check and the gate, asked the same: the outcome, and the reason that the gate gave.
async fn asked(client: &Client, check: Value, event: &Value) -> (Value, String) {
    let mut body = json!({
        "tool_name": event["tool_name"], "tool_input": event["tool_input"],
        "place": { "root": "/work", "home": "/home/ada" },
    });
    let body_of = body.as_object_mut().unwrap();
    body_of.extend(check.as_object().unwrap().clone());
    let path = "/api/v1/policy/check";
    let said = client.post(path).json(&body).send().await.ok();
    let answer = send(client, event).await.ok();
    if answer["continue"] == false {
        return (said, answer["stopReason"].as_str().unwrap().to_owned());
    }
    let (decision, reason) = decided(client, event).await;
    assert_eq!(said["outcome"], decision, "{said} {reason}");
    (said, reason)
}

fn of(agent: Option<&str>, session: &str, id: &str) -> Value {
    let mut event = read(id);
    event["session_id"] = json!(session);
    match agent {
        Some(agent) => event["agent_type"] = json!(agent),
        None => {
            event.as_object_mut().unwrap().remove("agent_type");
        }
    }
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_without_room_denies_whoever_has_no_agent() {
    let (_server, client) = server().await;
    let (said, _) = asked(&client, json!({}), &of(None, "n0", "t0")).await;
    assert_eq!(said["outcome"], "allow");
    let cap = json!({ "max_cost_usd": 0.000_01, "waits": false });
    let path = "/api/v1/budgets/organisation";
    client
        .request(Method::PUT, path)
        .json(&cap)
        .send()
        .await
        .ok();
    let (said, reason) = asked(&client, json!({}), &of(None, "n1", "t1")).await;
    assert_eq!(said["outcome"], "deny", "{said}");
    assert_eq!(said["decision"]["step"], "budget");
    assert!(reason.contains("organisation"), "{reason}");
    assert_eq!(said["budgets"][0]["scope"], "organisation");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_set_aside_is_denied_as_the_gate_denies_it() {
    let (_server, client) = server().await;
    let id = register(&client, "bob", &json!({})).await;
    for (step, state) in [("suspend", "suspended"), ("retire", "retired")] {
        let path = format!("/api/v1/agents/{id}/{step}");
        client.post(path).send().await.ok();
        let event = of(Some("bob"), state, state);
        let (said, reason) = asked(&client, json!({ "agent": "bob" }), &event).await;
        assert_eq!(
            (&said["outcome"], &said["reason"]),
            (&json!("deny"), &json!(reason))
        );
        assert!(reason.contains(state), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_in_force_is_said() {
    let (_server, client) = server().await;
    let ada = json!({ "agent": "ada" });
    let (said, _) = asked(&client, ada.clone(), &of(Some("ada"), "h", "t0")).await;
    assert_eq!(
        (&said["outcome"], &said["halt"]),
        (&json!("allow"), &Value::Null)
    );
    // Whoever asks for the session alone asks for the agent that it runs as.
    let of_session = json!({ "session_id": "h" });
    for scope in [
        json!({ "kind": "agent", "id": "ada" }),
        json!({ "kind": "session", "id": "h" }),
        json!({ "kind": "all" }),
    ] {
        let body = json!({ "scope": scope, "reason": "look at it" });
        let set = client.post("/api/v1/halts").json(&body).send().await;
        assert_eq!(set.status.as_u16(), 201, "{}", set.text());
        let halt_id = set.json()["halt_id"].as_str().unwrap().to_owned();
        let event = of(None, "h", &halt_id);
        let (said, reason) = asked(&client, of_session.clone(), &event).await;
        assert_eq!(said["outcome"], "deny", "{said}");
        assert_eq!(
            (&said["reason"], &said["halt"]["halt_id"]),
            (&json!(reason), &json!(halt_id))
        );
        assert!(reason.contains("look at it"), "{reason}");
        assert_eq!(said["agent"]["name"], "ada");
        let path = format!("/api/v1/halts/{halt_id}");
        client.delete(path).send().await;
    }
    let (said, _) = asked(&client, of_session, &of(None, "h", "t9")).await;
    assert_eq!(said["outcome"], "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_registered_is_judged_as_the_tables_say() {
    let (_server, client) = server().await;
    let nobody = json!({ "agent": "nobody" });
    let body =
        json!({ "agent": "nobody", "tool_name": "Read", "tool_input": { "file_path": "/work/a" } });
    let path = "/api/v1/policy/check";
    // The gate would hold it; that is not waited for here.
    let said = client.post(path).json(&body).send().await.ok();
    assert_eq!(said["outcome"], "ask", "{said}");
    assert_eq!(said["request"]["unregistered"], "nobody");
    let tables = client.get("/api/v1/policy/versions/0").send().await.ok();
    let tables = tables["tables"].as_str().unwrap();
    for (based_on, outcome) in [(0, "deny"), (1, "allow")] {
        let changed = tables.replace("outcome = \"ask\"", &format!("outcome = \"{outcome}\""));
        let body = json!({ "tables": changed, "based_on": based_on, "activate": true });
        let saved = client
            .post("/api/v1/policy/versions")
            .json(&body)
            .send()
            .await;
        assert_eq!(saved.status.as_u16(), 201, "{}", saved.text());
        let event = of(Some("nobody"), outcome, outcome);
        let (said, _) = asked(&client, nobody.clone(), &event).await;
        assert_eq!(said["outcome"], outcome);
    }
    // As clients write names, the registry finds them.
    let event = before("t1", "Read", json!({ "file_path": "/work/src/a" }));
    let (said, _) = asked(&client, json!({ "agent": "Ada" }), &event).await;
    assert_eq!(said["agent"]["name"], "ada");
}
