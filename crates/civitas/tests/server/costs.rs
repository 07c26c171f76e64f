//! What a session costs at the gate: people are told, asked, and the session is stopped; and what its end takes back.

use std::time::Duration;

use civitas_governance::approvals::Decide;
use civitas_model::Caller;
use civitas_model::approval::{AllowanceScope, Verdict};
use civitas_storage::ApprovalFilter;
use serde_json::{Value, json};

use crate::client::Client;
use crate::gate::{asked, before, decide, decided, push, read, register, send};
use crate::server::TestServer;

/// A server with the developer `ada`, whose session `s` has cost so much.
async fn spent(usd: f64) -> (TestServer, Client) {
    holding(usd, Duration::from_mins(1)).await
}

/// The same, which holds calls this long.
async fn holding(usd: f64, hold: Duration) -> (TestServer, Client) {
    let server = TestServer::with(|config| config.gate.hold = hold).await;
    let client = server.anonymous();
    let change = json!({ "budget_max_cost_per_day": 1000.0 });
    register(&client, "ada", &change).await;
    spend(&client, usd).await;
    (server, client)
}

async fn spend(client: &Client, usd: f64) {
    let body = json!({ "agent_id": "ada", "session_id": "s", "cost_usd": usd });
    let paid = client
        .post("/api/v1/budget/deduct")
        .json(&body)
        .send()
        .await;
    assert!(paid.status.is_success(), "{}", paid.text());
}

/// What the feed told of a kind.
async fn told(server: &TestServer, kind: &str) -> Vec<Value> {
    let tenant = Caller::local_operator().tenant_id;
    let all = server
        .state
        .store
        .activity_after(&tenant, 0, 1000)
        .await
        .unwrap();
    let of_kind = all.into_iter().filter(|one| one.kind == kind);
    of_kind.map(|one| one.data).collect()
}

async fn entries(client: &Client, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/audit?{query}");
    let found = client.get(path).send().await.ok();
    found["entries"].as_array().unwrap().clone()
}

async fn state_of(server: &TestServer, code: &str) -> String {
    let tenant = Caller::local_operator().tenant_id;
    let approvals = server.state.store.approvals();
    let found = approvals.find(&tenant, code).await.unwrap().unwrap();
    found.state.as_str().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_once_what_a_session_costs_and_it_goes_on() {
    let (server, client) = spent(9.9999).await;
    // This call is expected to cost 150 millionths, which passes ten dollars.
    assert_eq!(decided(&client, &read("t1")).await.0, "allow");
    assert_eq!(decided(&client, &read("t2")).await.0, "allow");
    let warnings = told(&server, "cost_warning").await;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0]["session_id"], "s");
    assert_eq!(warnings[0]["agent_name"], "ada");
    assert_eq!(warnings[0]["cost_usd"], 10.000_05);
    for of_call in ["", "&tool_use_id=t1"] {
        let query = format!("category=budget&action=session_cost{of_call}");
        assert_eq!(entries(&client, &query).await.len(), 1, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_costs_too_much_asks_once_whether_it_goes_on() {
    let (server, client) = spent(25.0).await;
    let hold = |id: &str| {
        let (asking, event) = (client.clone(), read(id));
        tokio::spawn(async move { decided(&asking, &event).await })
    };
    let first = hold("t1");
    let code = asked(&server).await;
    let caller = Caller::local_operator();
    let approval = server.state.approvals.find(&caller, &code).await.unwrap();
    assert_eq!(approval.policies.last().unwrap(), "cost-escalation");
    assert!(approval.reason.contains("25.00 USD"), "{}", approval.reason);
    // A sub-agent asks at the same time; one answer is enough.
    let other = before("t2", "Read", json!({ "file_path": "/work/src/lib.rs" }));
    let asking = client.clone();
    let second = tokio::spawn(async move { decided(&asking, &other).await });
    let mut notices = server.state.store.subscribe();
    let filter = ApprovalFilter::default();
    let all = loop {
        let approvals = server.state.store.approvals();
        let all = approvals.list(&caller.tenant_id, &filter, 9).await.unwrap();
        if all.len() == 2 {
            break all;
        }
        notices.next().await;
    };
    decide(&server, &code, Decide::new(Verdict::Approve)).await;
    let (decision, reason) = first.await.unwrap();
    assert_eq!(decision, "allow", "{reason}");
    assert_eq!(second.await.unwrap().0, "allow");
    assert_eq!(state_of(&server, &code).await, "used");
    assert_eq!(state_of(&server, &all[0].code()).await, "withdrawn");
    let (decision, reason) = decided(&client, &read("t3")).await;
    assert_eq!(decision, "allow", "it is not asked again: {reason}");
    let actions: Vec<Value> = entries(&client, "category=approval").await;
    let actions: Vec<&str> = actions
        .iter()
        .filter_map(|one| one["entry"]["action"].as_str())
        .collect();
    assert_eq!(actions, ["withdraw", "use", "approve", "open", "open"]);
    assert!(
        told(&server, "cost_warning").await.is_empty(),
        "people were asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_approved_too_late_for_its_call_goes_on_with_another() {
    let (server, client) = holding(25.0, Duration::from_millis(50)).await;
    assert_eq!(decided(&client, &read("t1")).await.0, "deny");
    let code = asked(&server).await;
    decide(&server, &code, Decide::new(Verdict::Approve)).await;
    let other = before("t2", "Read", json!({ "file_path": "/work/src/lib.rs" }));
    let (decision, reason) = decided(&client, &other).await;
    assert_eq!(decision, "allow", "{reason}");
    let query = "category=budget&action=session_cost&outcome=approved";
    assert_eq!(entries(&client, query).await.len(), 1);
    assert_eq!(decided(&client, &read("t3")).await.0, "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_allowed_for_a_while_does_not_let_a_session_cost_more() {
    let (server, client) = spent(0.0).await;
    let (asking, event) = (client.clone(), push("t1"));
    let held = tokio::spawn(async move { decided(&asking, &event).await });
    let code = asked(&server).await;
    let mut always = Decide::new(Verdict::Approve);
    always.always = Some(civitas_governance::approvals::Always {
        scope: AllowanceScope::Tool,
        expires_in: Duration::from_hours(1),
    });
    decide(&server, &code, always).await;
    assert_eq!(held.await.unwrap().0, "allow");
    assert_eq!(decided(&client, &push("t2")).await.0, "allow");
    let used = entries(&client, "category=approval&action=use_allowance").await;
    assert_eq!(used.len(), 1);
    spend(&client, 25.0).await;
    let (asking, event) = (client.clone(), push("t3"));
    let held = tokio::spawn(async move { decided(&asking, &event).await });
    let next = asked(&server).await;
    assert_ne!(next, code);
    decide(&server, &next, Decide::new(Verdict::Deny)).await;
    assert_eq!(held.await.unwrap().0, "deny");
    let (asking, event) = (client.clone(), read("t4"));
    let held = tokio::spawn(async move { decided(&asking, &event).await });
    let again = asked(&server).await;
    assert_ne!(again, next, "who says no is asked again");
    decide(&server, &again, Decide::new(Verdict::Approve)).await;
    assert_eq!(held.await.unwrap().0, "allow");
    assert_eq!(decided(&client, &push("t5")).await.0, "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_stopped_for_its_cost_until_a_person_lifts_that() {
    let (_server, client) = spent(50.0).await;
    let denied = before(
        "t0",
        "Write",
        json!({ "file_path": "/etc/passwd", "content": "x" }),
    );
    for event in [read("t1"), read("t2"), denied] {
        let answer = send(&client, &event).await.ok();
        assert_eq!(answer["continue"], false, "{answer}");
        let reason = answer["stopReason"].as_str().unwrap();
        assert!(reason.contains("50.00 USD"), "{reason}");
    }
    let halts = client.get("/api/v1/halts").send().await.ok();
    assert_eq!(halts.as_array().unwrap().len(), 1);
    assert_eq!(halts[0]["scope"], json!({ "kind": "session", "id": "s" }));
    assert_eq!(halts[0]["set_by"], "cost-escalation");
    let noted = entries(&client, "category=halt").await;
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0]["entry"]["actor"]["kind"], "system");
    let path = format!("/api/v1/halts/{}", halts[0]["halt_id"].as_str().unwrap());
    client.delete(path).send().await.ok();
    let (decision, reason) = decided(&client, &read("t3")).await;
    assert_eq!(decision, "allow", "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_are_the_tenants_and_a_check_explains_them() {
    let (_server, client) = spent(3.0).await;
    let active = client
        .get("/api/v1/policy/versions/active")
        .send()
        .await
        .ok();
    let tables = active["tables"].as_str().unwrap();
    let tables = tables
        .replace("notify_usd = 10", "notify_usd = 1")
        .replace("approve_usd = 25", "approve_usd = 2")
        .replace("terminate_usd = 50", "terminate_usd = 4");
    let body = json!({ "tables": tables, "note": "less", "activate": true, "based_on": 0 });
    let saved = client
        .post("/api/v1/policy/versions")
        .json(&body)
        .send()
        .await;
    assert_eq!(saved.status.as_u16(), 201, "{}", saved.text());
    let check = |change: Value| {
        let mut body = json!({
            "agent": "ada", "tool_name": "Read", "tool_input": { "file_path": "/work/src/a.rs" },
        });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        client.post("/api/v1/policy/check").json(&body).send()
    };
    decided(
        &client,
        &before(
            "t0",
            "Write",
            json!({ "file_path": "/etc/passwd", "content": "" }),
        ),
    )
    .await;
    let said = check(json!({ "session_id": "s" })).await.ok();
    assert_eq!(said["outcome"], "ask", "{said}");
    let cost = &said["decision"]["cost"];
    assert_eq!(cost["before_micro_usd"], 3_000_000);
    assert_eq!(cost["due"], "pause_and_approve");
    let rules = said["decision"]["policies"].as_array().unwrap();
    assert!(
        rules
            .iter()
            .any(|rule| rule["id"] == "cost-escalation" && rule["source"] == "tables: costs")
    );
    let said = check(json!({ "session_usd": 4 })).await.ok();
    assert_eq!(said["outcome"], "deny");
    assert_eq!(said["decision"]["cost"]["due"], "terminate");
    let said = check(json!({ "session_usd": 0.5 })).await.ok();
    assert_eq!(said["outcome"], "allow");
    check(json!({ "session_usd": -1 }))
        .await
        .problem(422, "validation_failed");
    spend(&client, 1.0).await;
    assert_eq!(send(&client, &read("t1")).await.ok()["continue"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_at_its_agents_own_threshold_asks() {
    let (server, client) = spent(0.0).await;
    let change = json!({ "rbac_approval_threshold": 0.01 });
    register(&client, "bob", &change).await;
    let mut spawn = before(
        "t1",
        "Task",
        json!({ "prompt": "x", "description": "look" }),
    );
    spawn["agent_type"] = json!("bob");
    spawn["session_id"] = json!("b");
    let (asking, event) = (client.clone(), spawn.clone());
    let held = tokio::spawn(async move { decided(&asking, &event).await });
    let code = asked(&server).await;
    let caller = Caller::local_operator();
    let approval = server.state.approvals.find(&caller, &code).await.unwrap();
    assert_eq!(approval.policies.last().unwrap(), "approval-threshold");
    assert!(approval.reason.contains("0.03 USD"), "{}", approval.reason);
    decide(&server, &code, Decide::new(Verdict::Approve)).await;
    assert_eq!(held.await.unwrap().0, "allow");
    spawn["agent_type"] = json!("ada");
    spawn["session_id"] = json!("a");
    assert_eq!(
        decided(&client, &spawn).await.0,
        "allow",
        "ada may spend ten dollars"
    );
    let body = json!({ "agent": "bob", "tool_name": "Task", "tool_input": { "prompt": "x" } });
    let said = client
        .post("/api/v1/policy/check")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(said["outcome"], "ask", "{said}");
    assert!(
        said["decision"]["policies"]
            .to_string()
            .contains("approval-threshold")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_session_takes_back_what_it_asked_for() {
    let (server, client) = spent(0.0).await;
    let (asking, event) = (client.clone(), push("t1"));
    let held = tokio::spawn(async move { decided(&asking, &event).await });
    let code = asked(&server).await;
    let mut other = push("t9");
    other["session_id"] = json!("other");
    let asking = client.clone();
    let kept = tokio::spawn(async move { decided(&asking, &other).await });
    let end = json!({ "session_id": "s", "hook_event_name": "SessionEnd", "reason": "clear", "cwd": "/work" });
    assert_eq!(send(&client, &end).await.ok(), json!({}));
    let (decision, reason) = held.await.unwrap();
    assert_eq!(decision, "deny");
    assert!(reason.contains("withdrawn"), "{reason}");
    assert_eq!(state_of(&server, &code).await, "withdrawn");
    for of_call in ["", "&tool_use_id=t1"] {
        let query = format!("category=approval&action=withdraw{of_call}");
        assert_eq!(entries(&client, &query).await.len(), 1, "{query}");
    }
    // That of another session still waits.
    let left = asked(&server).await;
    assert_ne!(left, code);
    decide(&server, &left, Decide::new(Verdict::Approve)).await;
    assert_eq!(kept.await.unwrap().0, "allow");
}
