//! What people's answers hold for, and what stops sub-agents.

use std::time::Duration;

use civitas_governance::approvals::{Always, Decide};
use civitas_model::approval::{AllowanceScope, Verdict};
use civitas_model::{Caller, CallerKind, Permission, Role, UserId};
use serde_json::{Value, json};

use crate::client::Client;
use crate::gate::{asked, before, decide, decided, push, read, register, send, server};
use crate::server::TestServer;

/// The same event in another session.
fn in_session(session: &str, mut event: Value) -> Value {
    event["session_id"] = json!(session);
    event
}

/// The same event of nobody who is named.
fn unnamed(session: &str, event: Value) -> Value {
    let mut event = in_session(session, event);
    event.as_object_mut().unwrap().remove("agent_type");
    event
}

fn sub_agent(name: &str, mut event: Value) -> Value {
    event["agent_type"] = json!(name);
    event["agent_id"] = json!("sub-1");
    event
}

fn bash(id: &str, command: &str) -> Value {
    before(id, "Bash", json!({ "command": command }))
}

/// Yes, and from now on for this tool.
fn always() -> Decide {
    let mut decide = Decide::new(Verdict::Approve);
    decide.always = Some(Always {
        scope: AllowanceScope::Tool,
        expires_in: Duration::from_hours(1),
    });
    decide
}

/// Asks for a call in the background, and answers the code of the approval that it waits for.
async fn held(
    server: &TestServer,
    client: &Client,
    event: Value,
) -> (String, tokio::task::JoinHandle<(String, String)>) {
    let asking = client.clone();
    let waiting = tokio::spawn(async move { decided(&asking, &event).await });
    (asked(server).await, waiting)
}

/// Answers a held call with no, so that the next one asked for is the only one that waits.
async fn deny(server: &TestServer, held: (String, tokio::task::JoinHandle<(String, String)>)) {
    let no = Decide::new(Verdict::Deny);
    let approvals = &server.state.approvals;
    approvals.decide(&operator(), &held.0, no).await.unwrap();
    assert_eq!(held.1.await.unwrap().0, "deny");
}

async fn activate(client: &Client, body: Value) {
    let made = client.post("/api/v1/policy/versions").json(&body);
    let made = made.send().await;
    assert!(made.status.is_success(), "{}", made.text());
}

/// An operator of the tenant, who is no admin.
fn operator() -> Caller {
    Caller {
        name: "op@example.com".to_owned(),
        kind: CallerKind::User,
        user_id: Some(UserId::trusted("op")),
        roles: vec![Role::Operator],
        permissions: vec![Permission::Read, Permission::Write, Permission::Approve],
        ..Caller::local_operator()
    }
}

/// The default tables, with deployments decided by admins alone.
async fn only_admins_deploy(client: &Client) {
    let active = client
        .get("/api/v1/policy/versions/active")
        .send()
        .await
        .ok();
    let tables = active["tables"].as_str().unwrap();
    let narrowed = tables.replacen(
        "approvers = [\"human\", \"admin\"]",
        "approvers = [\"admin\"]",
        1,
    );
    assert_ne!(narrowed, tables);
    let body = json!({ "tables": narrowed, "based_on": 0, "activate": true });
    activate(client, body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowance_answers_nothing_that_more_people_or_other_reasons_hold() {
    let (server, client) = server().await;
    let text = "@id(\"two\")\n@reason(\"two people look at it\")\n@require(\"approval\")\n@quorum(\"2\")\nforbid (principal, action == Action::\"run_command\", resource == Command::\"terraform\");\n";
    let body = json!({ "sources": [{ "name": "two.cedar", "text": text }], "based_on": 0, "activate": true });
    activate(&client, body).await;
    let (code, waiting) = held(&server, &client, push("t1")).await;
    decide(&server, &code, always()).await;
    assert_eq!(waiting.await.unwrap().0, "allow");
    let (decision, reason) = decided(&client, &in_session("later", push("t2"))).await;
    assert_eq!(decision, "allow");
    assert!(reason.contains("allows this until"), "{reason}");
    for (id, command) in [("t3", "terraform plan"), ("t4", "eval $X")] {
        let event = in_session("later", bash(id, command));
        deny(&server, held(&server, &client, event).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowance_of_nobody_in_particular_ends_with_its_session() {
    let (server, client) = server().await;
    let (code, waiting) = held(&server, &client, unnamed("one", push("t1"))).await;
    decide(&server, &code, always()).await;
    assert_eq!(waiting.await.unwrap().0, "allow");
    let same = decided(&client, &unnamed("one", push("t2"))).await;
    assert_eq!(same.0, "allow", "{}", same.1);
    let other = held(&server, &client, unnamed("two", push("t3"))).await;
    deny(&server, other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_policy_denies_is_taken_back_and_the_call_asked_for_anew() {
    let (server, client) = server().await;
    let (first, waiting) = held(&server, &client, push("t1")).await;
    let mut edited = Decide::new(Verdict::Approve);
    edited.input = Some(json!({ "command": "rm -rf /" }));
    decide(&server, &first, edited).await;
    assert_eq!(waiting.await.unwrap().0, "deny");
    let path = format!("/api/v1/approvals/{first}");
    let approval = client.get(path).send().await.ok();
    assert_eq!(approval["state"], "withdrawn", "{approval}");
    let (second, waiting) = held(&server, &client, push("t2")).await;
    assert_ne!(second, first);
    decide(&server, &second, Decide::new(Verdict::Approve)).await;
    assert_eq!(waiting.await.unwrap().0, "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_decides_two_things_may_decide_each_of_them() {
    let (server, client) = server().await;
    only_admins_deploy(&client).await;
    let approvals = &server.state.approvals;
    for (id, command) in [
        ("t1", "make deploy-prod; git push origin main"),
        ("t2", "git push origin main && make deploy-prod"),
    ] {
        let (code, waiting) = held(&server, &client, bash(id, command)).await;
        let yes = Decide::new(Verdict::Approve);
        let refused = approvals.decide(&operator(), &code, yes.clone()).await;
        assert!(refused.is_err(), "{command}");
        decide(&server, &code, yes).await;
        assert_eq!(waiting.await.unwrap().0, "allow");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_gives_nobody_more_to_decide() {
    let (server, client) = server().await;
    only_admins_deploy(&client).await;
    let approvals = &server.state.approvals;
    let mut edited = Decide::new(Verdict::Approve);
    edited.input = Some(json!({ "command": "make deploy-prod" }));
    let (code, waiting) = held(&server, &client, push("t1")).await;
    let decided_by = approvals.decide(&operator(), &code, edited.clone()).await;
    decided_by.unwrap();
    let (decision, reason) = waiting.await.unwrap();
    assert_eq!(decision, "deny");
    assert!(reason.contains("admin decides this"), "{reason}");
    let (code, waiting) = held(&server, &client, push("t2")).await;
    decide(&server, &code, edited).await;
    assert_eq!(waiting.await.unwrap().0, "allow");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_an_agent_stops_whom_it_started() {
    let (server, client) = server().await;
    let ada = client.get("/api/v1/agents/name/ada").send().await.ok();
    let ada = ada["agent_id"].as_str().unwrap();
    register(&client, "helper", &json!({})).await;
    assert_eq!(decided(&client, &read("t1")).await.0, "allow");
    let helper = async |id: &str| send(&client, &sub_agent("helper", read(id))).await.ok();
    let allowed = helper("h1").await;
    assert_eq!(allowed["hookSpecificOutput"]["permissionDecision"], "allow");

    let halt = json!({ "scope": { "kind": "agent", "id": "ada" }, "reason": "look at it first" });
    let halt = client.post("/api/v1/halts").json(&halt).send().await;
    let halt_id = halt.json()["halt_id"].as_str().unwrap().to_owned();
    assert_eq!(helper("h2").await["continue"], false);
    let found = client
        .get("/api/v1/decisions?tool_use_id=h2")
        .send()
        .await
        .ok();
    let reason = found["decisions"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("look at it first"), "{found}");
    let path = format!("/api/v1/halts/{halt_id}");
    client.delete(path).send().await;
    let again = helper("h3").await;
    assert_eq!(again["hookSpecificOutput"]["permissionDecision"], "allow");

    let path = format!("/api/v1/agents/{ada}/suspend");
    client.post(path).send().await.ok();
    let denied = helper("h4").await;
    assert_eq!(denied["hookSpecificOutput"]["permissionDecision"], "deny");
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_said_not_to_have_run_stays_reserved() {
    let (_server, client) = server().await;
    assert_eq!(decided(&client, &read("t1")).await.0, "allow");
    let mut forged = read("t1");
    forged["hook_event_name"] = json!("PermissionDenied");
    forged["reason"] = json!("no");
    assert_eq!(send(&client, &forged).await.ok(), json!({}));
    let budget = client.get("/api/v1/budgets/agent:ada").send().await.ok();
    assert_eq!(budget["tokens_reserved"], 100, "{budget}");
}
