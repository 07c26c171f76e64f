//! `/api/v1/approvals`, `/api/v1/allowances`, and executions that wait for people.

use std::time::Duration;

use axum::http::Method;
use civitas_model::Role;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::TestServer;

const APPROVALS: &str = "/api/v1/approvals";

/// Submits something that asks people, and answers its execution and the approval.
async fn asked(client: &Client, text: &str, people: u32) -> (String, Value) {
    let parameters = json!({ "text": text, "people": people });
    let execution = client.submit("announce", parameters).await;
    let approval = approval_of(client, &execution).await;
    (execution, approval)
}

/// The approval that an execution waits for.
async fn approval_of(client: &Client, execution: &str) -> Value {
    let path = format!("/api/execution/{execution}/status?wait=1");
    loop {
        let status = client.get(&path).send().await.ok();
        if status["status"] == "waiting" {
            break;
        }
        assert!(
            matches!(status["status"].as_str(), Some("pending" | "running")),
            "{status}"
        );
    }
    let of = format!("{APPROVALS}?execution_id={execution}");
    let page = client.get(of).send().await.ok();
    page["approvals"][0].clone()
}

async fn post(client: &Client, key: &str, verb: &str, body: &Value) -> Answer {
    let path = format!("{APPROVALS}/{key}/{verb}");
    client.post(path).json(body).send().await
}

fn code(approval: &Value) -> &str {
    approval["code"].as_str().unwrap()
}

/// What the audit log says about approvals, oldest first.
async fn recorded(client: &Client) -> Vec<String> {
    let page = client
        .get("/api/v1/audit?category=approval&limit=500")
        .send()
        .await
        .ok();
    let entries = page["entries"].as_array().unwrap().iter().rev();
    entries
        .map(|one| {
            let entry = &one["entry"];
            format!(
                "{} {}",
                entry["action"].as_str().unwrap(),
                entry["outcome"].as_str().unwrap()
            )
        })
        .collect()
}

/// A machine with every scope there is for machines.
async fn machine(server: &TestServer, operator: &Client) -> Client {
    let body = json!({ "name": "agent", "scopes": ["read", "write", "admin", "hooks"] });
    let token = operator
        .post("/api/auth/tokens")
        .json(&body)
        .send()
        .await
        .ok();
    let token = token["token"].as_str().unwrap().to_owned();
    Client::new(server.address, Some(token))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_waits_through_a_restart_and_goes_on_with_what_people_made_of_it() {
    let server = TestServer::development().await;
    server.allow_unfinished();
    let (execution, approval) = asked(&server.anonymous(), "hello", 1).await;
    assert_eq!(approval["state"], "pending");
    assert_eq!(approval["kind"], "execution");
    assert_eq!(approval["input"], json!({ "text": "hello" }));
    assert_eq!(approval["blocked_executions"], json!([execution]));
    let code = code(&approval).to_owned();

    let server = server.restarted().await;
    let anyone = server.anonymous();
    let why = format!("/api/execution/{execution}/why");
    let why = anyone.get(why).send().await.ok();
    let summary = why["summary"].as_str().unwrap();
    assert!(summary.contains(&code), "{summary}");
    assert_eq!(why["execution"]["status"], "waiting");

    let lower = code.to_lowercase();
    let body = json!({
        "input": { "text": "good day" }, "comment": "politely",
        "request_hash": approval["request_hash"],
    });
    let decided = post(&anyone, &lower, "approve", &body).await.ok();
    assert_eq!(decided["state"], "approved");
    assert_ne!(decided["request_hash"], approval["request_hash"]);
    let ended = anyone.ended(&execution).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let artifact = &ended["artifacts"]["announced"]["semantic_payload"];
    assert_eq!(artifact["text"], "good day");

    let used = anyone.get(format!("{APPROVALS}/{code}")).send().await.ok();
    assert_eq!(used["state"], "used");
    assert_eq!(used["original_input"], json!({ "text": "hello" }));
    assert_eq!(used["votes"][0]["comment"], "politely");
    assert_eq!(
        recorded(&anyone).await,
        ["open done", "approve done", "use done"]
    );
    let late = post(&anyone, &code, "deny", &json!({})).await;
    late.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_ends_the_execution_and_a_stopped_execution_takes_its_question_back() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let (execution, approval) = asked(&anyone, "no", 1).await;
    let no = json!({ "comment": "not today" });
    post(&anyone, code(&approval), "deny", &no).await.ok();
    let ended = anyone.ended(&execution).await;
    assert_eq!(ended["status"], "failed");
    let error = ended["error"].as_str().unwrap();
    assert!(error.contains("not today"), "{error}");

    let (execution, approval) = asked(&anyone, "stop", 1).await;
    let cancel = format!("/api/execution/{execution}/cancel");
    anyone.post(cancel).send().await.ok();
    let path = format!("{APPROVALS}/{}", code(&approval));
    let withdrawn = anyone.get(path).send().await.ok();
    assert_eq!(withdrawn["state"], "withdrawn");
    assert_eq!(withdrawn["blocked_executions"], json!([]));
    let late = post(&anyone, code(&approval), "approve", &json!({})).await;
    late.problem(409, "conflict");

    // Nobody answers in time.
    let (execution, approval) = asked(&anyone, "late", 1).await;
    server.advance(Duration::from_hours(2));
    let late = post(&anyone, code(&approval), "approve", &json!({})).await;
    let late = late.problem(409, "conflict");
    assert!(
        late["detail"].as_str().unwrap().contains("expired"),
        "{late}"
    );
    server.state.approvals.sweep().await.unwrap();
    let ended = anyone.ended(&execution).await;
    assert_eq!(ended["status"], "failed", "{ended}");
    let expired = format!("{APPROVALS}?state=expired");
    let page = anyone.get(expired).send().await.ok();
    assert_eq!(page["approvals"][0]["code"], approval["code"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_never_decides_and_its_attempt_is_recorded() {
    let server = TestServer::credentials().await;
    server.allow_unfinished();
    let operator = server.operator().await;
    let machine = machine(&server, &operator).await;
    let (_, approval) = asked(&operator, "hello", 1).await;
    let code = code(&approval);
    let many = json!({ "ids": [code], "decision": "approve" });
    let path = format!("{APPROVALS}/decide");
    for answer in [
        post(&machine, code, "approve", &json!({})).await,
        post(&machine, code, "deny", &json!({})).await,
        post(&machine, code, "delegate", &json!({ "to": "admin" })).await,
        machine.post(path).json(&many).send().await,
        machine
            .request(Method::DELETE, "/api/v1/allowances/none")
            .send()
            .await,
    ] {
        answer.problem(403, "forbidden");
    }
    // Neither does a person whose role is not enough.
    let member = server.member("member@x.example", Role::User).await;
    let refused = post(&member, code, "approve", &json!({})).await;
    refused.problem(403, "forbidden");
    let found = machine.get(format!("{APPROVALS}/{code}")).send().await.ok();
    assert_eq!(found["state"], "pending");
    let log = recorded(&operator).await;
    let refusals = log.iter().filter(|one| one.ends_with(" refused"));
    assert_eq!(refusals.count(), 6, "{log:?}");
    // That nothing will be done, a machine may say.
    let withdrawn = post(
        &machine,
        code,
        "withdraw",
        &json!({ "comment": "it ended" }),
    )
    .await;
    assert_eq!(withdrawn.ok()["state"], "withdrawn");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_have_to_agree_and_neither_is_who_asked() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let ada = server.member("ada@x.example", Role::Operator).await;
    let bob = server.member("bob@x.example", Role::Operator).await;
    let (execution, approval) = asked(&operator, "together", 2).await;
    let code = code(&approval);
    // Whoever submitted it answers for it.
    let own = post(&operator, code, "approve", &json!({})).await;
    own.problem(403, "forbidden");
    let one = post(&ada, code, "approve", &json!({})).await.ok();
    assert_eq!(
        (&one["state"], &one["missing"]),
        (&json!("pending"), &json!(1))
    );
    let again = post(&ada, code, "approve", &json!({})).await;
    again.problem(409, "conflict");
    let always = json!({ "always": { "scope": "request", "expires_in": 60 } });
    let always = post(&bob, code, "approve", &always).await;
    always.problem(409, "conflict");
    let stale = json!({ "request_hash": "0".repeat(64) });
    let stale = post(&bob, code, "approve", &stale).await;
    stale.problem(409, "conflict");
    // Asking someone in particular.
    let to = json!({ "to": "bob@x.example", "comment": "please look" });
    let delegated = post(&ada, code, "delegate", &to).await.ok();
    assert_eq!(delegated["delegations"][0]["comment"], "please look");
    let nobody = json!({ "to": "nobody@x.example" });
    let nobody = post(&ada, code, "delegate", &nobody).await;
    nobody.problem(422, "validation_failed");
    post(&bob, code, "approve", &json!({})).await.ok();
    assert_eq!(operator.ended(&execution).await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_always_allowed_is_not_asked_until_it_is_taken_back() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let (execution, approval) = asked(&anyone, "again", 1).await;
    for (always, pointer) in [
        (json!({ "scope": "all", "expires_in": 60 }), "/always/scope"),
        (
            json!({ "scope": "tool", "expires_in": 0 }),
            "/always/expires_in",
        ),
        (
            json!({ "scope": "tool", "expires_in": 2_592_001 }),
            "/always/expires_in",
        ),
    ] {
        let body = json!({ "always": always });
        let refused = post(&anyone, code(&approval), "approve", &body).await;
        let refused = refused.problem(422, "validation_failed");
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let body = json!({ "always": { "scope": "tool", "expires_in": 3600 } });
    post(&anyone, code(&approval), "approve", &body).await.ok();
    anyone.ended(&execution).await;
    let listed = async |query: &str| {
        let path = format!("/api/v1/allowances{query}");
        anyone.get(path).send().await.ok()["allowances"].clone()
    };
    let allowance = listed("").await[0].clone();
    assert_eq!(allowance["agent_name"], "announce");
    let other = json!({ "text": "anything else" });
    let made = anyone.run("announce", other).await;
    let said = &made["announced"]["semantic_payload"]["text"];
    assert_eq!(said, "anything else");
    assert_eq!(listed("").await[0]["uses"], 1);
    let path = format!(
        "/api/v1/allowances/{}",
        allowance["allowance_id"].as_str().unwrap()
    );
    assert_eq!(anyone.delete(&path).send().await.status.as_u16(), 204);
    anyone.delete(&path).send().await.problem(404, "not_found");
    assert_eq!(listed("").await, json!([]));
    assert_eq!(listed("?ended=true").await[0]["uses"], 1);
    let (execution, approval) = asked(&anyone, "asked again", 1).await;
    post(&anyone, code(&approval), "approve", &json!({}))
        .await
        .ok();
    anyone.ended(&execution).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_decided_at_once_and_each_on_its_own() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let mut executions = Vec::new();
    let mut ids = vec!["P99".to_owned()];
    for number in 0..3 {
        let (execution, approval) = asked(&anyone, &number.to_string(), 1).await;
        executions.push(execution);
        ids.push(code(&approval).to_lowercase());
    }
    let two = anyone
        .get(format!("{APPROVALS}?state=pending&limit=2"))
        .send()
        .await
        .ok();
    assert_eq!(two["approvals"].as_array().unwrap().len(), 2);
    let cursor = two["next_cursor"].as_u64().unwrap();
    let last = anyone
        .get(format!("{APPROVALS}?state=pending&cursor={cursor}"))
        .send()
        .await
        .ok();
    assert_eq!(last["approvals"].as_array().unwrap().len(), 1);
    assert_eq!(last["next_cursor"], Value::Null);
    let path = format!("{APPROVALS}/decide");
    let body = json!({ "ids": ids, "decision": "approve" });
    let decided = anyone.post(&path).json(&body).send().await.ok();
    assert_eq!(decided["applied"], 3);
    assert_eq!(decided["results"][0]["applied"], false);
    let reason = decided["results"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("P99"), "{reason}");
    assert_eq!(decided["results"][1]["code"], "P1");
    for execution in executions {
        assert_eq!(anyone.ended(&execution).await["status"], "completed");
    }
    for wrong in [
        json!({ "ids": [], "decision": "approve" }),
        json!({ "ids": vec!["P1"; 101], "decision": "deny" }),
        json!({ "ids": ["P1"], "decision": "perhaps" }),
    ] {
        let refused = anyone.post(&path).json(&wrong).send().await;
        refused.problem(422, "validation_failed");
    }
    let unknown = anyone.get(format!("{APPROVALS}?state=open")).send().await;
    unknown.problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_finds_none_of_it() {
    let server = TestServer::credentials().await;
    server.allow_unfinished();
    let operator = server.operator().await;
    let (_, approval) = asked(&operator, "mine", 1).await;
    let stranger = server.user("stranger@x.example").await;
    let page = stranger.get(APPROVALS).send().await.ok();
    assert_eq!(page["approvals"], json!([]));
    for key in [approval["approval_id"].as_str().unwrap(), "P1", "p1"] {
        let path = format!("{APPROVALS}/{key}");
        stranger.get(path).send().await.problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_refused_and_recorded_whatever_it_sends() {
    let server = TestServer::credentials().await;
    server.allow_unfinished();
    let operator = server.operator().await;
    let (_, approval) = asked(&operator, "hello", 1).await;
    let code = code(&approval);
    let machine = machine(&server, &operator).await;
    for verb in ["approve", "deny", "delegate"] {
        let refused = post(&machine, code, verb, &json!({ "nope": 1 })).await;
        let problem = refused.problem(403, "forbidden");
        assert!(!problem.to_string().contains("nope"), "{problem}");
    }
    let bulk = machine.post("/api/v1/approvals/decide");
    let refused = bulk.json(&json!({ "nope": 1 })).send().await;
    refused.problem(403, "forbidden");
    let recorded = recorded(&operator).await;
    for action in ["approve", "deny", "delegate", "decide"] {
        let refused = format!("{action} refused");
        let tried = recorded.iter().any(|one| one.ends_with(&refused));
        assert!(tried, "{action}: {recorded:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_erases_nothing_and_lets_nothing_out() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let hook = json!({ "url": "https://example.com/hook" });
    let made = operator.post("/api/v1/webhooks").json(&hook).send().await;
    let made = made.json();
    let webhook = format!("/api/v1/webhooks/{}", made["webhook_id"].as_str().unwrap());
    let machine = machine(&server, &operator).await;
    for (method, path, body) in [
        (
            Method::POST,
            "/api/v1/audit/erasures",
            json!({ "id": "met" }),
        ),
        (
            Method::PUT,
            "/api/v1/telemetry/settings",
            json!({ "keep_texts": true }),
        ),
        (Method::POST, "/api/v1/webhooks", hook),
        (
            Method::PUT,
            &webhook,
            json!({ "url": "https://example.org/" }),
        ),
        (
            Method::PATCH,
            &webhook,
            json!({ "url": "https://example.org/" }),
        ),
        (Method::POST, &format!("{webhook}/rotate"), json!({})),
        (Method::DELETE, &webhook, json!({})),
        (
            Method::PUT,
            "/api/v1/budgets/organisation",
            json!({ "nope": 1 }),
        ),
        (
            Method::POST,
            "/api/v1/policy/versions",
            json!({ "nope": 1 }),
        ),
    ] {
        let request = machine.request(method.clone(), path);
        let refused = request.json(&body).send().await;
        if refused.status.as_u16() != 405 {
            refused.problem(403, "forbidden");
        }
    }
    // It may still look.
    machine.get("/api/v1/webhooks").send().await.ok();
    machine.get("/api/v1/audit").send().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_not_approved() {
    let server = TestServer::development().await;
    server.allow_unfinished();
    let anyone = server.anonymous();
    let (_, approval) = asked(&anyone, "hello", 1).await;
    for input in [json!(["good day"]), json!("good day"), json!(7)] {
        let body = json!({ "input": input });
        let refused = post(&anyone, code(&approval), "approve", &body).await;
        let problem = refused.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/input");
    }
    let path = format!("{APPROVALS}/{}", code(&approval));
    let still = anyone.get(path).send().await.ok();
    assert_eq!(still["state"], "pending");
}
