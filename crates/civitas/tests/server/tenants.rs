//! Another tenant's things, one of each kind, aimed at by every operation of the OpenAPI document: none of them is seen or
//! changed.

use std::time::Duration;

use axum::http::Method;
use civitas_api::Access;
use civitas_model::Role;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::completeness::{Operation, operations};
use crate::server::{PASSWORD, TestServer};
use crate::telemetry;
use crate::webhooks::receiver;

/// These end the stranger's own session, are about nobody else, or never end.
const OWN: &[&str] = &[
    "/logout",
    "/submit",
    "/setup",
    "/activity/stream",
    "/schema/typescript",
];

/// The ids of what a tenant has: where in the document's paths, by which name, and the id.
struct Ids(Vec<(&'static str, &'static str, String)>);

impl Ids {
    fn add(&mut self, below: &'static str, name: &'static str, id: &Value) {
        let id = id.as_str().expect("it has an id").to_owned();
        assert!(!id.is_empty());
        self.0.push((below, name, id));
    }

    /// The path of an operation with the ids of what is there.
    fn aim(&self, operation: &Operation) -> String {
        let mut path = operation.path.clone();
        for (below, name, id) in &self.0 {
            if operation.path.starts_with(below) {
                path = path.replace(&format!("{{{name}}}"), id);
            }
        }
        assert!(
            !path.contains(['{', '}']),
            "{}: nothing of the other tenant is aimed at: make one, and name its id",
            operation.name()
        );
        path
    }

    fn of(&self, below: &str, name: &str) -> &str {
        let mut all = self.0.iter();
        let found = all.find(|one| one.0 == below && one.1 == name);
        &found.unwrap().2
    }
}

/// Someone who administers a tenant of their own.
async fn stranger(server: &TestServer) -> Client {
    let email = "stranger@x.example";
    let owner = server.user(email).await;
    let me = owner.get("/api/auth/me").send().await.ok();
    let path = format!("/api/auth/members/{}", me["user_id"].as_str().unwrap());
    let role = json!({ "role": "admin" });
    let raised = owner.request(Method::PUT, path).json(&role).send().await;
    assert!(raised.status.is_success(), "{}", raised.text());
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = server.anonymous().post("/api/auth/login").json(&body);
    let client = Client::signed_in(server.address, &answer.send().await.ok());
    let me = client.get("/api/auth/me").send().await.ok();
    assert!(me.to_string().contains("admin"), "{me}");
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_sees_and_changes_nothing() {
    let server = TestServer::with(|config| {
        config.access = Access::Credentials;
        // What is asked of people stays open behind the call that asked.
        config.gate.hold = Duration::from_millis(20);
    })
    .await;
    let operator = server.operator().await;
    let member = server.member("secret@x.example", Role::User).await;
    let mut ids = Ids(Vec::new());
    stored(&operator, &member, &mut ids).await;
    governed(&operator, &mut ids).await;
    watched(&operator, &mut ids).await;
    let before = state(&operator, &ids).await;
    let execution = ids.of("/", "execution_id").to_owned();
    let stranger = stranger(&server).await;
    for operation in operations(&operator).await {
        let name = operation.name();
        if OWN.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let path = ids.aim(&operation);
        let answer = operation.ask_at(&stranger, &path).await;
        // What the stranger said comes back, and a webhook of their own has a secret.
        let said = path.split('?').next().unwrap_or_default();
        let text = answer.text().replace(said, "").replace("\"secret\":", "");
        // What every tenant starts with speaks of secrets, too.
        let is_policy = operation.path.starts_with("/api/v1/policy/");
        let theirs = if is_policy { "hushed" } else { "secret" };
        assert!(!text.contains(theirs), "{name}: {text}");
        if !operation.path.contains('{') {
            let seen = answer.text().contains(execution.as_str());
            assert!(!seen, "{name}: {}", answer.text());
        } else if !operation.path.contains("{intent_type}") {
            refuses(&answer, &operation);
        }
    }
    // Nothing happened to what was aimed at.
    assert_eq!(state(&operator, &ids).await, before);
    member.get("/api/auth/me").send().await.ok();
    let path = format!("/api/execution/{execution}");
    let running = operator.get(format!("{path}/status")).send().await.ok();
    assert_ne!(running["status"], "cancelled");
    operator.post(format!("{path}/cancel")).send().await.ok();
}

/// What is there, as its tenant sees it.
async fn state(operator: &Client, ids: &Ids) -> Vec<Value> {
    let all = "/";
    let approval = ids.of(all, "approval");
    let webhook = ids.of(all, "webhook_id");
    let file = ids.of(all, "file_id");
    let mut state = Vec::new();
    for path in [
        format!("/api/v1/approvals/{approval}"),
        "/api/v1/allowances".to_owned(),
        format!("/api/v1/webhooks/{webhook}"),
        format!("/api/v1/webhooks/{webhook}/deliveries?type=webhook_test"),
        format!("/api/v1/agents/{}", ids.of(all, "agent_id")),
        "/api/v1/agents/sessions".to_owned(),
        "/api/v1/budgets/organisation".to_owned(),
        format!("/api/v1/budgets/{}", ids.of(all, "scope")),
        format!("/api/v1/decisions/{}", ids.of(all, "decision_id")),
        "/api/v1/halts".to_owned(),
        "/api/v1/policy/versions".to_owned(),
        format!(
            "/api/v1/telemetry/sessions/{}",
            ids.of("/api/v1/telemetry/", "session_id")
        ),
        "/api/auth/tokens".to_owned(),
        "/api/auth/members".to_owned(),
    ] {
        let mut shown = operator.get(&path).send().await.ok();
        // When it was used last is no change of it.
        let tokens = shown.get_mut("tokens").and_then(Value::as_array_mut);
        for token in tokens.into_iter().flatten() {
            token["last_used_at"] = Value::Null;
        }
        state.push(json!([path, shown]));
    }
    let content = format!("/api/content/files/{file}/content");
    let content = operator.get(content).send().await;
    state.push(json!(content.text()));
    state
}

/// Files, an execution, sessions, a token, a member, an upload.
async fn stored(operator: &Client, member: &Client, ids: &mut Ids) {
    let file = operator.upload("secret.txt", b"secret words").await;
    for name in ["file_id", "artifact_id", "path"] {
        ids.add("/", name, &file["file_id"]);
    }
    let execution = operator.submit("hold", json!({ "seconds": 3600 })).await;
    ids.add("/", "execution_id", &json!(execution));
    ids.add("/", "intent_type", &json!("count"));
    let session = operator.post("/api/session/create").send().await.ok();
    ids.add("/api/session/", "session_id", &session["session_id"]);
    let token = json!({ "name": "secret", "scopes": ["read"] });
    let token = operator.post("/api/auth/tokens").json(&token).send().await;
    ids.add("/", "token_id", &token.ok()["token_id"]);
    let member = member.get("/api/auth/me").send().await.ok();
    ids.add("/", "user_id", &member["user_id"]);
    let upload = operator
        .post("/api/content/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "10")
        .send()
        .await;
    let location = upload.header("location");
    ids.add("/", "upload_id", &json!(location.rsplit('/').next()));
}

/// An agent, policies, its sessions with their decisions, an approval, an allowance, a reservation, a halt.
async fn governed(operator: &Client, ids: &mut Ids) {
    let make = async |path: &str, body: &Value| {
        let answer = operator.post(path).json(body).send().await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()
    };
    let mut agent = crate::agents::agent("hidden");
    agent["owner"] = json!("secret");
    let agent = make("/api/v1/agents", &agent).await;
    ids.add("/", "agent_id", &agent["agent_id"]);
    ids.add("/", "agent_name", &json!("hidden"));
    ids.add("/", "scope", &json!("agent:hidden"));
    // Numbers count from 1 in every tenant: the stranger comes to have a first one.
    for based_on in 0..3 {
        let policies = json!({ "note": "hushed", "activate": true, "based_on": based_on });
        make("/api/v1/policy/versions", &policies).await;
    }
    ids.add("/", "version", &json!("3"));
    // Nobody registered the agent, so people are asked.
    let call = |number: u32| {
        json!({
            "session_id": "hidden", "hook_event_name": "PreToolUse", "agent_type": "secret", "cwd": "/work",
            "tool_name": "Bash", "tool_use_id": format!("secret-{number}"),
            "tool_input": { "command": format!("echo {number}") },
        })
    };
    make("/api/v1/hooks/claude-code", &call(1)).await;
    let asked = operator.get("/api/v1/approvals").send().await.ok();
    let first = asked["approvals"][0]["approval_id"].as_str().unwrap();
    let always = json!({ "always": { "scope": "request", "expires_in": 3600 } });
    make(&format!("/api/v1/approvals/{first}/approve"), &always).await;
    let allowed = operator.get("/api/v1/allowances").send().await.ok();
    ids.add(
        "/",
        "allowance_id",
        &allowed["allowances"][0]["allowance_id"],
    );
    make("/api/v1/hooks/claude-code", &call(2)).await;
    let path = "/api/v1/approvals?state=pending";
    let asked = operator.get(path).send().await.ok();
    ids.add("/", "approval", &asked["approvals"][0]["approval_id"]);
    let decisions = operator.get("/api/v1/decisions").send().await.ok();
    ids.add(
        "/",
        "decision_id",
        &decisions["decisions"][0]["decision_id"],
    );
    ids.add("/api/v1/agents/", "session_id", &json!("hidden"));
    let reserve = json!({ "agent_id": "hidden", "tokens_used": 10, "reservation_id": "hidden" });
    let reserved = make("/api/v1/budget/reservations", &reserve).await;
    ids.add("/", "reservation_id", &reserved["reservation_id"]);
    let halt = json!({ "scope": { "kind": "session", "id": "other" }, "reason": "secret" });
    let halt = make("/api/v1/halts", &halt).await;
    ids.add("/", "halt_id", &halt["halt_id"]);
}

/// A webhook with a delivery, and a session that reported telemetry.
async fn watched(operator: &Client, ids: &mut Ids) {
    let (url, _heard) = receiver().await;
    let body = json!({ "url": url, "description": "secret", "types": ["halt_lifted"] });
    let made = operator.post("/api/v1/webhooks").json(&body).send().await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let made = made.json();
    ids.add("/", "webhook_id", &made["webhook_id"]);
    let path = format!(
        "/api/v1/webhooks/{}/test",
        made["webhook_id"].as_str().unwrap()
    );
    let delivery = operator.post(path).send().await.ok();
    ids.add("/", "delivery_id", &delivery["delivery_id"]);
    let export = telemetry::logs(&[telemetry::request("secret-telemetry", 1, "req_1")]);
    telemetry::send(operator, &export).await.ok();
    ids.add(
        "/api/v1/telemetry/",
        "session_id",
        &json!("secret-telemetry"),
    );
}

/// What is another tenant's is not there: the stranger administers their own, so it is not for a want of permission.
#[track_caller]
fn refuses(answer: &Answer, operation: &Operation) {
    let status = answer.status.as_u16();
    assert_eq!(status, 404, "{}: {}", operation.name(), answer.text());
    if operation.method != Method::HEAD {
        answer.problem(status, "not_found");
    }
}
