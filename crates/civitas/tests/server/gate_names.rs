//! Who acts at the gate: names that events say, halts by name, what is missing, and how many people are asked.

use std::time::Duration;

use civitas_governance::approvals::Decide;
use civitas_model::approval::Verdict;
use civitas_model::{Caller, CallerKind, UserId};
use serde_json::{Value, json};

use crate::client::Client;
use crate::gate::{asked, before, decide, decided, holding, push, read, register, send, server};
use crate::server::TestServer;

/// An event before a call of this agent, or of none, in this session.
fn of(agent: Option<&str>, session: &str, mut event: Value) -> Value {
    event["session_id"] = json!(session);
    match agent {
        Some(name) => event["agent_type"] = json!(name),
        None => {
            event.as_object_mut().unwrap().remove("agent_type");
        }
    }
    event
}

fn env(id: &str) -> Value {
    before(id, "Read", json!({ "file_path": "/work/.env" }))
}

/// The call of a sub-agent of `ada`'s session.
fn sub_agent(name: &str, event: Value) -> Value {
    let mut event = of(Some(name), "s", event);
    event["agent_id"] = json!("sub-1");
    event
}

async fn session(client: &Client, id: &str) -> Value {
    let path = format!("/api/v1/agents/sessions/{id}");
    client.get(path).send().await.ok()
}

/// A token for hooks with an agent's name.
async fn machine(server: &TestServer, operator: &Client, name: &str) -> Client {
    let body = json!({ "name": name, "scopes": ["hooks"], "expires_in_days": 1 });
    let made = operator.post("/api/auth/tokens").json(&body).send().await;
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    Client::new(server.address, Some(secret))
}

async fn boss(client: &Client) -> String {
    let all = json!({ "role": "admin", "rbac_path_scopes": ["**"] });
    register(client, "boss", &all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_keeps_the_agent_that_it_began_with() {
    let (_server, client) = server().await;
    boss(&client).await;
    assert_eq!(decided(&client, &read("t1")).await.0, "allow");
    assert_eq!(decided(&client, &env("t2")).await.0, "deny");
    let start = json!({ "session_id": "s", "hook_event_name": "SessionStart", "source": "resume", "agent_type": "boss" });
    send(&client, &start).await.ok();
    let bare = of(None, "s", env("t3"));
    assert_eq!(decided(&client, &bare).await.0, "deny");
    let named = of(Some("boss"), "s", env("t4"));
    assert_eq!(decided(&client, &named).await.0, "deny");
    // Starting somebody of a higher level gives nothing that the one who started it has not.
    assert_eq!(
        decided(&client, &sub_agent("boss", env("t5"))).await.0,
        "deny"
    );
    assert_eq!(decided(&client, &of(None, "s", env("t6"))).await.0, "deny");
    assert_eq!(session(&client, "s").await["agent_name"], "ada");
    let found = client.get("/api/v1/audit?tool_use_id=t4").send().await.ok();
    assert_eq!(
        found["entries"][0]["body"]["context"]["also_named"], "boss",
        "{found}"
    );
    // Nor does a session that began without a name gain one's rights.
    let first = of(None, "n", read("n1"));
    assert_eq!(decided(&client, &first).await.0, "allow");
    let late = of(Some("boss"), "n", env("n2"));
    assert_eq!(decided(&client, &late).await.0, "deny");
    // The first name binds.
    let first = of(Some("boss"), "b", env("b1"));
    assert_eq!(decided(&client, &first).await.0, "allow");
    assert_eq!(session(&client, "b").await["agent_name"], "boss");
    let narrowed = of(Some("ada"), "b", env("b2"));
    assert_eq!(decided(&client, &narrowed).await.0, "deny");
    // People bind it anew.
    let adopt = json!({ "name": "boss", "session_id": "s" });
    let path = "/api/v1/agents/unregistered/adopt";
    let adopted = client.post(path).json(&adopt).send().await;
    assert!(adopted.status.is_success(), "{}", adopted.text());
    assert_eq!(decided(&client, &of(None, "s", env("t7"))).await.0, "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_an_agents_name_acts_as_that_agent_alone() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    register(&operator, "lowly", &json!({})).await;
    boss(&operator).await;
    let machine = machine(&server, &operator, "lowly").await;
    let first = of(Some("boss"), "s", env("t1"));
    assert_eq!(decided(&machine, &first).await.0, "deny");
    assert_eq!(decided(&machine, &of(None, "s", env("t2"))).await.0, "deny");
    assert_eq!(session(&operator, "s").await["agent_name"], "lowly");
    // Nor in a session that somebody else began.
    let theirs = of(Some("boss"), "b", env("b1"));
    assert_eq!(decided(&operator, &theirs).await.0, "allow");
    assert_eq!(decided(&machine, &of(None, "b", env("b2"))).await.0, "deny");
    assert_eq!(session(&operator, "b").await["agent_name"], "boss");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_an_agents_name_pays_and_reports_for_nobody_else() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    register(&operator, "ada", &json!({})).await;
    let others = boss(&operator).await;
    let own = operator.get("/api/v1/agents/name/ada").send().await.ok();
    let own = own["agent_id"].as_str().unwrap();
    let theirs = of(Some("boss"), "b", env("b1"));
    assert_eq!(decided(&operator, &theirs).await.0, "allow");
    let machine = machine(&server, &operator, "ada").await;
    for (path, body) in [
        (
            "budget/deduct",
            json!({ "agent_id": others, "cost_usd": 1 }),
        ),
        (
            "events/ingest",
            json!({ "agent_name": "boss", "cost_usd": 1 }),
        ),
        (
            "budget/deduct",
            json!({ "agent_id": own, "session_id": "b", "cost_usd": 1 }),
        ),
        (
            "budget/reservations",
            json!({ "agent_id": others, "cost_usd": 1 }),
        ),
        (
            "metrics",
            json!({ "agent_id": others, "metric_type": "task", "cost_usd": 1 }),
        ),
    ] {
        let path = format!("/api/v1/{path}");
        let refused = machine.post(&path).json(&body).send().await;
        refused.problem(403, "forbidden");
        let mut mine = body;
        mine["agent_id"] = json!(own);
        for field in ["agent_name", "session_id"] {
            mine.as_object_mut().unwrap().remove(field);
        }
        let taken = machine.post(&path).json(&mine).send().await;
        assert_eq!(taken.status.as_u16(), 201, "{path}: {}", taken.text());
    }
    let spent = operator.get("/api/v1/budgets/agent:boss").send().await;
    assert_eq!(spent.ok()["cost_used_usd"], 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reserved_for_a_call_is_not_given_back_by_request() {
    let (_server, client) = server().await;
    assert_eq!(decided(&client, &read("t1")).await.0, "allow");
    let path = "/api/v1/budget/reservations/s%2Ft1";
    client.delete(path).send().await.problem(409, "conflict");
    let settle = client
        .post(format!("{path}/settle"))
        .json(&json!({ "cost_usd": 0 }));
    settle.send().await.problem(409, "conflict");
    let forged = json!({ "reservation_id": "s/t2", "cost_usd": 0 });
    let made = client
        .post("/api/v1/budget/reservations")
        .json(&forged)
        .send()
        .await;
    made.problem(422, "validation_failed");
    let budget = client.get("/api/v1/budgets/agent:ada").send().await.ok();
    assert!(
        budget.to_string().contains("100"),
        "it is still reserved: {budget}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_by_name_stops_and_takes_back_what_was_asked() {
    let (server, client) = server().await;
    let (asking, event) = (client.clone(), push("t1"));
    let held = tokio::spawn(async move { send(&asking, &event).await.ok() });
    let code = asked(&server).await;
    let post = async |scope: Value| {
        let body = json!({ "scope": scope, "reason": "it went wild" });
        client.post("/api/v1/halts").json(&body).send().await
    };
    let unknown = post(json!({ "kind": "agent", "id": "nobody" })).await;
    unknown.problem(404, "not_found");
    let blank = post(json!({ "kind": "team", "id": "team:" })).await;
    blank.problem(422, "validation_failed");
    let set = post(json!({ "kind": "agent", "id": "ada" })).await;
    assert_eq!(set.status.as_u16(), 201, "{}", set.text());
    assert_eq!(held.await.unwrap()["continue"], false);
    let approval = server
        .state
        .approvals
        .find(&Caller::local_operator(), &code)
        .await
        .unwrap();
    assert_eq!(approval.state.as_str(), "withdrawn");
    let late = Decide::new(Verdict::Approve);
    let late = server
        .state
        .approvals
        .decide(&Caller::local_operator(), &code, late)
        .await;
    assert!(late.is_err(), "nothing is left to approve");
    assert_eq!(send(&client, &read("t2")).await.ok()["continue"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_named_and_not_known_is_asked_for_and_a_deleted_one_too() {
    let (server, client) = holding(Duration::from_millis(50)).await;
    let outside = |id: &str| {
        before(
            id,
            "Write",
            json!({ "file_path": "/etc/cron.d/x", "content": "" }),
        )
    };
    let (decision, reason) = decided(&client, &of(Some("nobody"), "n", outside("n1"))).await;
    assert_eq!(decision, "deny");
    let code = asked(&server).await;
    assert!(reason.contains(&code), "a person is asked: {reason}");
    decide(&server, &code, Decide::new(Verdict::Deny)).await;
    // Leaving the name out gives nothing back, nor does a sub-agent.
    assert_eq!(
        decided(&client, &of(None, "n", outside("n2"))).await.0,
        "deny"
    );
    let mut sub = of(Some("Explore"), "n", read("n3"));
    sub["agent_id"] = json!("sub-1");
    assert_eq!(decided(&client, &sub).await.0, "deny");
    // Without a name it is a system operation, and its sub-agents are what it is.
    assert_eq!(
        decided(&client, &of(None, "m", outside("m1"))).await.0,
        "allow"
    );
    let mut sub = of(Some("Explore"), "m", read("m2"));
    sub["agent_id"] = json!("sub-1");
    assert_eq!(decided(&client, &sub).await.0, "allow");

    assert_eq!(decided(&client, &read("t1")).await.0, "allow");
    let ada = client.get("/api/v1/agents/name/ada").send().await.ok();
    let path = format!("/api/v1/agents/{}", ada["agent_id"].as_str().unwrap());
    client.delete(path).send().await;
    for (agent, id) in [(Some("ada"), "t2"), (None, "t3")] {
        assert_eq!(decided(&client, &of(agent, "s", read(id))).await.0, "deny");
    }
    assert_eq!(
        decided(&client, &of(Some("ada"), "s2", read("t4"))).await.0,
        "deny"
    );
    let seen = client.get("/api/v1/agents/unregistered").send().await.ok();
    assert!(seen.to_string().contains("\"ada\""), "{seen}");
    register(&client, "ada", &json!({})).await;
    assert_eq!(decided(&client, &read("t5")).await.0, "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_where_its_first_folder_is() {
    let (_server, client) = server().await;
    let start =
        json!({ "session_id": "s", "hook_event_name": "SessionStart", "agent_type": "ada" });
    send(&client, &start).await.ok();
    assert_eq!(session(&client, "s").await["root"], "");
    assert_eq!(decided(&client, &read("t1")).await.0, "allow");
    assert_eq!(session(&client, "s").await["root"], "/work");
    let mut elsewhere = read("t2");
    elsewhere["cwd"] = json!("/etc");
    decided(&client, &elsewhere).await;
    assert_eq!(session(&client, "s").await["root"], "/work");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_names_no_tool_is_denied_and_recorded() {
    let (_server, client) = server().await;
    let mut bare = of(None, "x", read("t1"));
    for (id, tool) in [("t1", Value::Null), ("t2", json!("")), ("t3", json!(5))] {
        bare["tool_name"] = tool.clone();
        bare["tool_use_id"] = json!(id);
        let (decision, reason) = decided(&client, &bare).await;
        assert_eq!(decision, "deny", "{tool}: {reason}");
        let kept = client
            .get(format!("/api/v1/audit?tool_use_id={id}"))
            .send()
            .await
            .ok();
        assert_eq!(kept["entries"][0]["entry"]["outcome"], "denied");
    }
    bare["hook_event_name"] = json!("PermissionRequest");
    let said = send(&client, &bare).await.ok();
    assert_eq!(
        said["hookSpecificOutput"]["decision"]["behavior"], "deny",
        "{said}"
    );
    for field in ["agent_type", "agent_id", "cwd", "tool_use_id"] {
        let mut event = read("t4");
        event[field] = json!(5);
        let refused = send(&client, &event).await;
        refused.problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_money_names_the_budget_and_its_unit() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    register(&client, "ada", &json!({ "budget_max_cost_per_day": 5.0 })).await;
    let body = json!({ "agent_id": "ada", "cost_usd": 7.8 });
    client
        .post("/api/v1/budget/deduct")
        .json(&body)
        .send()
        .await;
    let (decision, reason) = decided(&client, &read("t1")).await;
    assert_eq!(decision, "deny");
    assert!(
        reason.contains("the agent ada has no room for it: 7.80 of 5.00 USD are used"),
        "{reason}"
    );
    assert!(reason.contains("expected to take 0.00015 USD"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_people_as_policy_says_must_agree() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    register(&client, "ada", &json!({})).await;
    let text = "@id(\"two\")\n@reason(\"two people look at what reaches main\")\n@require(\"approval\")\n@quorum(\"2\")\n@escalate_after(\"10m\")\nforbid (principal, action == Action::\"perform\", resource == Operation::\"push_protected_branch\");\n";
    let body = json!({ "sources": [{ "name": "two.cedar", "text": text }], "based_on": 0, "activate": true });
    let made = client
        .post("/api/v1/policy/versions")
        .json(&body)
        .send()
        .await;
    assert!(made.status.is_success(), "{}", made.text());
    let (asking, event) = (client.clone(), push("t1"));
    let held = tokio::spawn(async move { decided(&asking, &event).await });
    let code = asked(&server).await;
    let person = |name: &str| Caller {
        name: name.to_owned(),
        kind: CallerKind::User,
        user_id: Some(UserId::trusted(name)),
        ..Caller::local_operator()
    };
    let vote = async |name: &str| {
        let approvals = &server.state.approvals;
        let decide = Decide::new(Verdict::Approve);
        approvals.decide(&person(name), &code, decide).await
    };
    let first = vote("ada@example.com").await.unwrap();
    assert_eq!((first.quorum, first.state.as_str()), (2, "pending"));
    let waits = first.escalate_at.unwrap().since(first.created_at);
    assert!(waits <= Duration::from_mins(10), "{waits:?}");
    // The same person twice is one.
    let again = vote("ada@example.com").await;
    assert!(again.is_err() || again.unwrap().state.as_str() == "pending");
    assert!(!held.is_finished());
    assert_eq!(
        vote("bob@example.com").await.unwrap().state.as_str(),
        "approved"
    );
    let (decision, reason) = held.await.unwrap();
    assert_eq!(decision, "allow", "{reason}");
}
