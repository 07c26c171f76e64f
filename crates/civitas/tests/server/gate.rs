//! `POST /api/v1/hooks/claude-code`, `/api/v1/halts`, agents' sessions and unregistered agents.

use std::time::Duration;

use axum::http::Method;
use civitas_governance::approvals::Decide;
use civitas_hooks::CORPUS;
use civitas_model::Caller;
use civitas_model::approval::Verdict;
use civitas_storage::ApprovalFilter;
use serde_json::{Value, json};

use crate::agents::agent;
use crate::client::{Answer, Client};
use crate::server::TestServer;

const HOOK: &str = "/api/v1/hooks/claude-code";

/// An event before a tool call of the agent `ada` in the session `s`.
pub(crate) fn before(id: &str, tool: &str, input: Value) -> Value {
    let mut event = json!({
        "session_id": "s", "hook_event_name": "PreToolUse", "cwd": "/work", "permission_mode": "default",
        "transcript_path": "/home/ada/.claude/projects/work/s.jsonl", "agent_type": "ada",
        "tool_name": tool, "tool_use_id": id,
    });
    event["tool_input"] = input;
    event
}

pub(crate) fn read(id: &str) -> Value {
    before(id, "Read", json!({ "file_path": "/work/src/main.rs" }))
}

/// Pushing to the main branch needs a person.
pub(crate) fn push(id: &str) -> Value {
    before(id, "Bash", json!({ "command": "git push origin main" }))
}

pub(crate) async fn send(client: &Client, event: &Value) -> Answer {
    client.post(HOOK).json(event).send().await
}

/// What a `PreToolUse` was told, and why.
pub(crate) async fn decided(client: &Client, event: &Value) -> (String, String) {
    let answer = send(client, event).await.ok();
    let said = &answer["hookSpecificOutput"];
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(said["hookEventName"], "PreToolUse", "{answer}");
    (text("permissionDecision"), text("permissionDecisionReason"))
}

/// A server that knows the developer `ada`.
pub(crate) async fn server() -> (TestServer, Client) {
    holding(Duration::from_mins(1)).await
}

/// The same, which holds calls this long.
pub(crate) async fn holding(hold: Duration) -> (TestServer, Client) {
    let server = TestServer::with(|config| config.gate.hold = hold).await;
    let client = server.anonymous();
    register(&client, "ada", &json!({})).await;
    (server, client)
}

/// Registers a developer and answers its id.
pub(crate) async fn register(client: &Client, name: &str, change: &Value) -> String {
    let mut body = agent(name);
    body["rbac_allowed_tools"] = json!(["*"]);
    for (field, value) in change.as_object().unwrap() {
        body[field] = value.clone();
    }
    let answer = client.post("/api/v1/agents").json(&body).send().await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    answer.json()["agent_id"].as_str().unwrap().to_owned()
}

/// Waits until one approval is asked for, and answers its code.
pub(crate) async fn asked(server: &TestServer) -> String {
    let filter = ApprovalFilter {
        state: Some(civitas_model::approval::ApprovalState::Pending),
        now: server.state.clock.now(),
        ..ApprovalFilter::default()
    };
    let tenant = Caller::local_operator().tenant_id;
    let mut notices = server.state.store.subscribe();
    loop {
        let approvals = server.state.store.approvals();
        let found = approvals.list(&tenant, &filter, 9).await.unwrap();
        if let Some(approval) = found.first() {
            return approval.code();
        }
        notices.next().await;
    }
}

pub(crate) async fn decide(server: &TestServer, code: &str, decide: Decide) {
    let caller = Caller::local_operator();
    let approvals = &server.state.approvals;
    approvals.decide(&caller, code, decide).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_allowed_or_denied_and_the_same_call_gets_the_same_answer() {
    let (_server, client) = server().await;
    let first = send(&client, &read("t1")).await.ok();
    assert_eq!(first["hookSpecificOutput"]["permissionDecision"], "allow");
    assert_eq!(send(&client, &read("t1")).await.ok(), first);

    let outside = before(
        "t2",
        "Write",
        json!({ "file_path": "/etc/passwd", "content": "x" }),
    );
    let (decision, reason) = decided(&client, &outside).await;
    assert_eq!(decision, "deny");
    assert!(reason.contains("/etc/passwd"), "{reason}");

    let other = before("t1", "Read", json!({ "file_path": "/etc/shadow" }));
    let (decision, reason) = decided(&client, &other).await;
    assert_eq!(decision, "deny", "an id stands for one call: {reason}");

    let session = client.get("/api/v1/agents/sessions/s").send().await.ok();
    assert_eq!(
        (&session["calls"], &session["denied"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(session["agent_name"], "ada");
    assert_eq!(session["is_registered"], true);
    let audit = client.get("/api/v1/audit?tool_use_id=t1").send().await.ok();
    assert_eq!(audit["entries"].as_array().unwrap().len(), 1);
    let log = client.get("/api/v1/events/audit").send().await.ok();
    assert_eq!(log[0]["rbac"]["decision"], "denied");
    assert_eq!(log[0]["agent"]["name"], "ada");
    assert_eq!(log[0]["operation"]["detail"], "Write: /etc/passwd");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_needs_a_person_is_held_until_one_has_decided() {
    let (server, client) = server().await;
    let (asking, event) = (client.clone(), push("t1"));
    let held = tokio::spawn(async move { decided(&asking, &event).await });
    let code = asked(&server).await;
    // The same call once more waits for the same decision.
    let (asking, event) = (client.clone(), push("t1"));
    let again = tokio::spawn(async move { decided(&asking, &event).await });
    decide(&server, &code, Decide::new(Verdict::Approve)).await;
    let (decision, reason) = held.await.unwrap();
    assert_eq!(decision, "allow", "{reason}");
    assert!(reason.contains(&code), "{reason}");
    assert_eq!(again.await.unwrap(), (decision, reason));

    let approval = server.state.store.approvals();
    let tenant = Caller::local_operator().tenant_id;
    let used = approval.find(&tenant, &code).await.unwrap().unwrap();
    assert_eq!(used.state.as_str(), "used");

    // An approval counts once: the same again asks again, and this time somebody says no.
    let (asking, event) = (client.clone(), push("t2"));
    let held = tokio::spawn(async move { decided(&asking, &event).await });
    let next = asked(&server).await;
    assert_ne!(next, code);
    let mut no = Decide::new(Verdict::Deny);
    no.comment = Some("not on a Friday".to_owned());
    decide(&server, &next, no).await;
    let (decision, reason) = held.await.unwrap();
    assert_eq!(decision, "deny");
    assert!(reason.contains("not on a Friday"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_call_runs_as_it_was_edited_unless_policy_denies_that() {
    let (server, client) = server().await;
    for (id, command, expected) in [
        ("t1", "git push origin main --dry-run", "allow"),
        ("t2", "rm -rf /", "deny"),
    ] {
        let (asking, event) = (client.clone(), push(id));
        let held = tokio::spawn(async move { send(&asking, &event).await.ok() });
        let code = asked(&server).await;
        let mut edited = Decide::new(Verdict::Approve);
        edited.input = Some(json!({ "command": command }));
        decide(&server, &code, edited).await;
        let answer = held.await.unwrap();
        let said = &answer["hookSpecificOutput"];
        assert_eq!(said["permissionDecision"], expected, "{answer}");
        if expected == "allow" {
            assert_eq!(said["updatedInput"], json!({ "command": command }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_calls_as_many_run_as_the_budget_pays_for() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    // A read is expected to cost 150 millionths.
    let change = json!({ "budget_max_cost_per_day": 0.000_46 });
    register(&client, "ada", &change).await;
    let calls = (0..40).map(|call| {
        let (client, event) = (client.clone(), read(&format!("t{call}")));
        tokio::spawn(async move { decided(&client, &event).await })
    });
    let mut allowed = 0;
    for call in calls.collect::<Vec<_>>() {
        let (decision, reason) = call.await.unwrap();
        if decision == "allow" {
            allowed += 1;
        } else {
            assert!(reason.contains("budget"), "{reason}");
        }
    }
    assert_eq!(allowed, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_halted_stops_at_once_and_goes_on_when_it_is_lifted() {
    let (server, client) = server().await;
    let (asking, event) = (client.clone(), push("t1"));
    let held = tokio::spawn(async move { send(&asking, &event).await.ok() });
    asked(&server).await;
    let halt = json!({ "scope": { "kind": "session", "id": "s" }, "reason": "it went wild" });
    let set = client.post("/api/v1/halts").json(&halt).send().await;
    assert_eq!(set.status.as_u16(), 201, "{}", set.text());
    let answer = held.await.unwrap();
    assert_eq!(
        answer["continue"], false,
        "a held call hears of it: {answer}"
    );
    assert!(
        answer["stopReason"]
            .as_str()
            .unwrap()
            .contains("it went wild")
    );
    let answer = send(&client, &read("t2")).await.ok();
    assert_eq!(answer["continue"], false);
    let stop =
        json!({ "session_id": "s", "hook_event_name": "UserPromptSubmit", "prompt": "go on" });
    assert_eq!(send(&client, &stop).await.ok()["continue"], false);

    let halts = client.get("/api/v1/halts").send().await.ok();
    let id = halts[0]["halt_id"].as_str().unwrap();
    let path = format!("/api/v1/halts/{id}");
    let lifted = client.delete(path.as_str()).send().await.ok();
    assert_eq!(lifted["lifted_by"], "local operator");
    client.delete(path).send().await.problem(404, "not_found");
    assert_eq!(decided(&client, &read("t3")).await.0, "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_reaches_its_team_and_its_agent_and_nobody_else() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    let team = json!({ "metadata_tags": ["team:payments"] });
    let ada = register(&client, "ada", &team).await;
    register(&client, "bob", &json!({})).await;
    let of = |name: &str, session: &str| {
        let mut event = read(&format!("{name}-{session}"));
        event["agent_type"] = json!(name);
        event["session_id"] = json!(session);
        event
    };
    for (count, scope) in [
        json!({ "kind": "team", "id": "payments" }),
        json!({ "kind": "agent", "id": ada }),
    ]
    .into_iter()
    .enumerate()
    {
        let set = client
            .post("/api/v1/halts")
            .json(&json!({ "scope": scope }))
            .send()
            .await;
        assert_eq!(set.json()["agents"], 1, "{scope}");
        let id = set.json()["halt_id"].as_str().unwrap().to_owned();
        let answer = send(&client, &of("ada", &format!("a{count}"))).await.ok();
        assert_eq!(answer["continue"], false, "{scope}");
        let (decision, _) = decided(&client, &of("bob", &format!("b{count}"))).await;
        assert_eq!(decision, "allow");
        client
            .delete(format!("/api/v1/halts/{id}"))
            .send()
            .await
            .ok();
    }
    let ghosts = json!({ "scope": { "kind": "team", "id": "ghosts" } });
    let set = client.post("/api/v1/halts").json(&ghosts).send().await;
    assert_eq!(set.json()["agents"], 0);
    let everything = json!({ "scope": { "kind": "all" } });
    let set = client.post("/api/v1/halts").json(&everything).send().await;
    assert_eq!(set.json()["agents"], 2);
    let answer = send(&client, &of("bob", "b9")).await.ok();
    assert_eq!(answer["continue"], false);
    for scope in [
        json!({ "kind": "galaxy", "id": "x" }),
        json!({ "kind": "all", "id": "ada" }),
    ] {
        let wrong = json!({ "scope": scope });
        let refused = client.post("/api/v1/halts").json(&wrong).send().await;
        refused.problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_registered_is_seen_and_taken_on_in_one_step() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    let mut event = read("t1");
    event["agent_type"] = json!("Test Writer");
    let (asking, asks) = (client.clone(), event.clone());
    let held = tokio::spawn(async move { decided(&asking, &asks).await });
    let code = asked(&server).await;
    decide(&server, &code, Decide::new(Verdict::Deny)).await;
    assert_eq!(held.await.unwrap().0, "deny");
    let seen = client.get("/api/v1/agents/unregistered").send().await.ok();
    assert_eq!(seen[0]["name"], "test-writer");
    assert_eq!(seen[0]["session_id"], "s");
    let open = "/api/v1/agents/sessions?unregistered=true";
    let sessions = client.get(open).send().await.ok();
    assert_eq!(sessions["sessions"][0]["session_id"], "s");

    let adopt = json!({ "name": "Test Writer", "role": "tester", "session_id": "s" });
    let path = "/api/v1/agents/unregistered/adopt";
    let adopted = client.post(path).json(&adopt).send().await;
    assert_eq!(adopted.status.as_u16(), 201, "{}", adopted.text());
    assert_eq!(adopted.json()["name"], "test-writer");
    let left = client.get("/api/v1/agents/unregistered").send().await.ok();
    assert_eq!(left, json!([]));
    let session = client.get("/api/v1/agents/sessions/s").send().await.ok();
    assert_eq!(session["agent_name"], "test-writer");
    let mut event = before(
        "t2",
        "Write",
        json!({ "file_path": "/work/src/x", "content": "" }),
    );
    event["agent_type"] = json!("Test Writer");
    let (decision, reason) = decided(&client, &event).await;
    assert_eq!(decision, "deny", "a tester writes tests only: {reason}");
    let missing = json!({ "name": "x", "session_id": "nowhere" });
    let refused = client.post(path).json(&missing).send().await;
    refused.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_set_aside_does_nothing() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    let id = register(&client, "ada", &json!({})).await;
    client
        .post(format!("/api/v1/agents/{id}/suspend"))
        .send()
        .await
        .ok();
    let (decision, reason) = decided(&client, &read("t1")).await;
    assert_eq!(decision, "deny");
    assert!(reason.contains("suspended"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_learned_counts_for_its_sub_agents() {
    let server = TestServer::development().await;
    let client = server.anonymous();
    let everywhere = json!({ "role": "security", "rbac_path_scopes": ["**"] });
    register(&client, "ada", &everywhere).await;
    let secret = before("t1", "Read", json!({ "file_path": "/work/.env" }));
    assert_eq!(decided(&client, &secret).await.0, "allow");
    let mut sub = read("t2");
    sub["agent_id"] = json!("sub-1");
    sub["agent_type"] = json!("general-purpose");
    assert_eq!(
        decided(&client, &sub).await.0,
        "allow",
        "it acts for its session's agent"
    );
    let session = client.get("/api/v1/agents/sessions/s").send().await.ok();
    assert_eq!(session["facts"], json!(["read_secret"]));
    assert_eq!(session["agent_name"], "ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_the_corpus_is_taken_and_kept_without_what_was_said() {
    let (_server, client) = holding(Duration::from_millis(10)).await;
    for recorded in CORPUS {
        let event: Value = serde_json::from_str(recorded.json).unwrap();
        let answer = send(&client, &event).await;
        assert_eq!(
            answer.status.as_u16(),
            200,
            "{}: {}",
            recorded.name,
            answer.text()
        );
        assert!(answer.json().is_object());
        // Once more: nothing is counted twice, and nothing fails.
        assert_eq!(send(&client, &event).await.status.as_u16(), 200);
    }
    let mut event = json!({ "session_id": "s9", "hook_event_name": "BrandNew", "shiny": { "a": 1 }, "prompt": "psst" });
    assert_eq!(send(&client, &event).await.ok(), json!({}));
    let kept = client
        .get("/api/v1/agents/sessions/s9/events")
        .send()
        .await
        .ok();
    assert_eq!(kept["events"][0]["name"], "BrandNew");
    assert_eq!(kept["events"][0]["event"]["shiny"]["a"], 1);
    assert!(!kept.to_string().contains("psst"));
    event["session_id"] = json!(7);
    send(&client, &event)
        .await
        .problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_of_a_call_is_linked_to_it_and_settles_what_was_reserved() {
    let (_server, client) = server().await;
    decided(&client, &read("t1")).await;
    let after = json!({
        "session_id": "s", "hook_event_name": "PostToolUse", "cwd": "/work", "agent_type": "ada",
        "tool_name": "Read", "tool_input": { "file_path": "/work/src/main.rs" }, "tool_use_id": "t1",
        "tool_response": { "text": "secret" }, "duration_ms": 12,
    });
    for _ in 0..2 {
        assert_eq!(send(&client, &after).await.ok(), json!({}));
    }
    let audit = client.get("/api/v1/audit?tool_use_id=t1").send().await.ok();
    let entries = audit["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "the attempt and its outcome, once each");
    assert_eq!(entries[0]["entry"]["outcome"], "completed");
    assert_eq!(entries[1]["entry"]["outcome"], "allowed");
    let ada = client.get("/api/v1/agents/name/ada").send().await.ok();
    assert_eq!(ada["budget"]["tokens_used_today"], 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_reports_and_never_lifts_a_halt() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let body = json!({ "name": "laptop", "scopes": ["hooks"], "expires_in_days": 1 });
    let made = operator.post("/api/auth/tokens").json(&body).send().await;
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    let machine = Client::new(server.address, Some(secret));
    register(&operator, "ada", &json!({})).await;
    let (decision, _) = decided(&machine, &read("t1")).await;
    assert_eq!(decision, "allow");
    let halt = json!({ "scope": { "kind": "all" } });
    let refused = machine.post("/api/v1/halts").json(&halt).send().await;
    refused.problem(403, "forbidden");
    let set = operator
        .post("/api/v1/halts")
        .json(&halt)
        .send()
        .await
        .json();
    let path = format!("/api/v1/halts/{}", set["halt_id"].as_str().unwrap());
    let refused = machine.delete(path).send().await;
    refused.problem(403, "forbidden");
    let list = machine.get("/api/v1/agents/sessions").send().await;
    list.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_input_is_refused_with_a_reason_and_recorded() {
    let (_server, client) = holding(Duration::from_millis(10)).await;
    let long = "x".repeat(1 << 20);
    let hostile = [
        before("t1", "Bash", json!({ "command": format!("echo {long}") })),
        before("t2", "Bash", json!({ "command": "\u{0}\u{1}$((((" })),
        before("t3", &long, json!({})),
        before("t4", "Read", json!({ "file_path": "../".repeat(5_000) })),
        before("t5", "Read", json!([[[[]]]])),
    ];
    for event in hostile {
        let (decision, reason) = decided(&client, &event).await;
        let id = &event["tool_use_id"];
        assert_eq!(decision, "deny", "{id}: {reason}");
        assert!(reason.len() < 10_001, "{id}");
    }
    let noted = client.get("/api/v1/events/audit").send().await.ok();
    assert!(noted.as_array().unwrap().len() >= 5);
    let raw = client
        .request(Method::POST, HOOK)
        .header("content-type", "application/json");
    raw.body("{").send().await.problem(400, "malformed_body");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_call_is_denied_when_nobody_decides_in_time_and_the_approval_counts_later() {
    let (server, client) = holding(Duration::from_millis(50)).await;
    let (decision, reason) = decided(&client, &push("t1")).await;
    assert_eq!(decision, "deny");
    let code = asked(&server).await;
    assert!(reason.contains(&code), "{reason}");
    decide(&server, &code, Decide::new(Verdict::Approve)).await;
    assert_eq!(
        decided(&client, &push("t1")).await.0,
        "deny",
        "that use was answered"
    );
    let (decision, reason) = decided(&client, &push("t2")).await;
    assert_eq!(decision, "allow", "{reason}");
}
