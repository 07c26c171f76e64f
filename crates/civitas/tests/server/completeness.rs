//! What holds for every operation, taken from the OpenAPI document, so that a new one cannot be forgotten.

use std::collections::BTreeSet;

use axum::http::Method;
use civitas_api::PUBLIC;
use civitas_model::Role;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::TestServer;

/// Operations other than GET that change nothing of the tenant's, or only what is the caller's own.
const READING_OR_OWN: &[&str] = &[
    "POST /api/artifact/list",
    "POST /api/artifact/resolve",
    "POST /api/intent/pending/list",
    "POST /api/v1/policy/check",
    "POST /api/auth/invitations/accept",
    "POST /api/auth/logout",
    "POST /api/auth/password",
    "POST /api/auth/ws-ticket",
    "PATCH /api/session/{session_id}/upgrade",
];

struct Operation {
    method: Method,
    path: String,
    description: Value,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Asks for it with ids that `ids` knows, and a body that fits.
    async fn ask(&self, client: &Client, ids: &[(&str, &str)]) -> Answer {
        let mut path = self.path.clone();
        for (name, id) in ids {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        let path = path.replace(['{', '}'], "");
        let query = if path.ends_with("/search") {
            "?q=secret"
        } else {
            ""
        };
        let request = client.request(self.method.clone(), format!("{path}{query}"));
        if self.method == Method::GET {
            return request.send().await;
        }
        request.json(&body(&self.path)).send().await
    }
}

fn body(path: &str) -> Value {
    let user = json!({ "email": "new@x.example", "password": "long enough", "name": "New" });
    match path {
        "/api/intent/submit" => {
            json!({ "intent_type": "count", "parameters": { "events": 1 } })
        }
        "/api/intent/pending/create" => {
            json!({ "intent_type": "count", "target_artifact_id": "a", "context": {} })
        }
        "/api/auth/users" => json!({ "user": user, "role": "user" }),
        "/api/auth/invitations" | "/api/auth/members/{user_id}" => json!({ "role": "user" }),
        "/api/auth/tokens" => json!({ "name": "t", "scopes": ["read"] }),
        "/api/content/validation-rules" => json!({ "validation_rules": {} }),
        "/api/v1/agents" => crate::agents::agent("helper"),
        "/api/v1/approvals/decide" => json!({ "ids": ["P1"], "decision": "approve" }),
        "/api/v1/approvals/{approval}/delegate" => json!({ "to": "admin" }),
        "/api/v1/metrics" => json!({ "agent_id": "a", "metric_type": "execution" }),
        "/api/v1/telemetry/settings" => json!({ "keep_texts": false }),
        "/api/v1/registry/import" => json!({ "files": [{ "path": "a.md", "text": "# A" }] }),
        "/api/v1/budgets/{scope}" => json!({ "max_tokens": 1 }),
        "/api/v1/budget/deduct" => json!({ "agent_id": "a" }),
        "/api/v1/agents/unregistered/adopt" => json!({ "name": "helper" }),
        "/api/v1/webhooks" => json!({ "url": "https://hooks.example.com/civitas" }),
        "/api/v1/webhooks/{webhook_id}/replay" => json!({ "since": "2026-01-01T00:00:00Z" }),
        "/api/v1/halts" => json!({ "scope": { "kind": "team", "id": "nobody" } }),
        "/api/v1/hooks/claude-code" => json!({ "session_id": "s", "hook_event_name": "Stop" }),
        _ => json!({}),
    }
}

async fn operations(client: &Client) -> Vec<Operation> {
    let document = client.get("/openapi.json").send().await.ok();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, description) in item.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                description: description.clone(),
            });
        }
    }
    assert!(operations.len() > 40, "{}", operations.len());
    operations
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_that_is_not_public_needs_a_credential() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let mut public = BTreeSet::new();
    for operation in operations(&anyone).await {
        let name = operation.name();
        let answer = operation.ask(&anyone, &[]).await;
        if PUBLIC.contains(&name.as_str()) {
            assert_ne!(
                answer.header("www-authenticate"),
                "Bearer",
                "{name} is public"
            );
            assert!(
                operation.description["security"].is_null(),
                "{name} is public"
            );
            public.insert(name);
        } else if operation.method == Method::HEAD {
            // The answer to HEAD has no body.
            assert_eq!(answer.status.as_u16(), 401, "{name}");
        } else {
            answer.problem(401, "unauthorized");
            assert!(
                operation.description["security"].is_array(),
                "{name} names its security"
            );
        }
    }
    assert_eq!(public.len(), PUBLIC.len(), "every public operation exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_changes_nothing() {
    let server = TestServer::credentials().await;
    let viewer = server.member("viewer@x.example", Role::Viewer).await;
    for operation in operations(&viewer).await {
        let name = operation.name();
        let exempt = PUBLIC.contains(&name.as_str()) || READING_OR_OWN.contains(&name.as_str());
        if [Method::GET, Method::HEAD].contains(&operation.method) || exempt {
            continue;
        }
        operation.ask(&viewer, &[]).await.problem(403, "forbidden");
        if operation.path.starts_with("/api/v1/") || operation.path.starts_with("/api/auth/") {
            // Nor is anything told of what would be taken.
            let path = operation.path.replace(['{', '}'], "");
            let request = viewer.request(operation.method.clone(), path);
            let refused = request.json(&json!({ "nope": 1 })).send().await;
            assert_eq!(refused.status.as_u16(), 403, "{name}: {}", refused.text());
        }
    }
    let known: BTreeSet<String> = operations(&viewer)
        .await
        .iter()
        .map(Operation::name)
        .collect();
    for name in READING_OR_OWN {
        assert!(known.contains(*name), "{name} exists");
    }
}

/// These end the stranger's own session, are about nobody else, or never end.
const OWN: &[&str] = &[
    "/logout",
    "/submit",
    "/setup",
    "/activity/stream",
    "/schema/typescript",
];

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_sees_and_changes_nothing() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let member = server.member("secret@x.example", Role::User).await;
    let file = operator.upload("secret.txt", b"secret words").await;
    let execution = operator.submit("hold", json!({ "seconds": 3600 })).await;
    let session = operator.post("/api/session/create").send().await.ok();
    let token = json!({ "name": "secret", "scopes": ["read"] });
    let token = operator
        .post("/api/auth/tokens")
        .json(&token)
        .send()
        .await
        .ok();
    let upload = begun_upload(&operator).await;
    let (agent, halt) = governed(&operator).await;
    let user_id = member.get("/api/auth/me").send().await.ok()["user_id"].clone();
    let ids = [
        ("execution_id", execution.as_str()),
        ("file_id", file["file_id"].as_str().unwrap()),
        ("artifact_id", file["file_id"].as_str().unwrap()),
        ("path", file["file_id"].as_str().unwrap()),
        ("session_id", session["session_id"].as_str().unwrap()),
        ("token_id", token["token_id"].as_str().unwrap()),
        ("user_id", user_id.as_str().unwrap()),
        ("intent_type", "count"),
        ("upload_id", upload.as_str()),
        ("agent_id", agent.as_str()),
        ("halt_id", halt.as_str()),
        ("agent_name", "hidden"),
        ("scope", "agent:hidden"),
        ("version", "1"),
        ("decision_id", "hidden"),
    ];
    let stranger = server.user("stranger@x.example").await;
    for operation in operations(&operator).await {
        let name = operation.name();
        if OWN.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let answer = operation.ask(&stranger, &ids).await;
        // What every tenant starts with speaks of secrets, too.
        let is_policy = operation.path.starts_with("/api/v1/policy/");
        let theirs = if is_policy { "hushed" } else { "secret" };
        assert!(!answer.text().contains(theirs), "{name}: {}", answer.text());
        if !operation.path.contains('{') {
            let seen = answer.text().contains(execution.as_str());
            assert!(!seen, "{name}: {}", answer.text());
        }
        if operation.path.contains('{') && !operation.path.contains("{intent_type}") {
            refuses(&answer, &operation);
        }
    }
    // Nothing happened to what was aimed at.
    let status = operator
        .get(format!("/api/execution/{execution}/status"))
        .send()
        .await
        .ok();
    assert_ne!(status["status"], "cancelled");
    operator
        .post(format!("/api/execution/{execution}/cancel"))
        .send()
        .await
        .ok();
    member.get("/api/auth/me").send().await.ok();
    let content = format!(
        "/api/content/files/{}/content",
        file["file_id"].as_str().unwrap()
    );
    assert_eq!(operator.get(content).send().await.body, "secret words");
}

/// An agent, policies, an agent's session and a halt; answers the ids of the agent and the halt.
async fn governed(operator: &Client) -> (String, String) {
    let mut agent = crate::agents::agent("hidden");
    agent["owner"] = json!("secret");
    let halt = json!({ "scope": { "kind": "session", "id": "other" }, "reason": "secret" });
    let event =
        json!({ "session_id": "secret", "hook_event_name": "Stop", "agent_type": "secret" });
    let policies = json!({ "note": "hushed", "activate": true });
    let mut made = Vec::new();
    for (path, body) in [
        ("/api/v1/agents", &agent),
        ("/api/v1/halts", &halt),
        ("/api/v1/hooks/claude-code", &event),
        ("/api/v1/policy/versions", &policies),
    ] {
        let answer = operator.post(path).json(body).send().await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        made.push(answer.json());
    }
    let id = |at: usize, name: &str| made[at][name].as_str().unwrap().to_owned();
    (id(0, "agent_id"), id(1, "halt_id"))
}

async fn begun_upload(client: &Client) -> String {
    let upload = client
        .post("/api/content/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "10")
        .send()
        .await;
    let location = upload.header("location");
    location.rsplit('/').next().unwrap().to_owned()
}

/// What is another tenant's is not there, or not to be touched.
#[track_caller]
fn refuses(answer: &Answer, operation: &Operation) {
    let status = answer.status.as_u16();
    let code = match status {
        404 => "not_found",
        403 => "forbidden",
        other => panic!("{}: {other}", operation.name()),
    };
    if operation.method != Method::HEAD {
        answer.problem(status, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_described() {
    let server = TestServer::development().await;
    let mut ids = BTreeSet::new();
    for operation in operations(&server.anonymous()).await {
        let name = operation.name();
        let described = &operation.description;
        let id = described["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{name}: {id} is taken");
        let is_name = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
        assert!(id.chars().all(is_name), "{name}: {id}");
        assert_eq!(
            described["tags"].as_array().map(Vec::len),
            Some(1),
            "{name}"
        );
        assert!(!described["summary"].as_str().unwrap().is_empty(), "{name}");
        let answers = described["responses"].as_object().unwrap();
        let mut needed = vec!["403", "503"];
        if !PUBLIC.contains(&name.as_str()) {
            needed.push("401");
        }
        if !described["requestBody"].is_null() {
            needed.extend(["400", "413", "415", "422"]);
        }
        for code in needed {
            assert!(answers.contains_key(code), "{name} may answer {code}");
        }
        for (code, answer) in answers.iter().filter(|(code, _)| code.as_str() >= "400") {
            let types: Vec<&String> = answer["content"].as_object().unwrap().keys().collect();
            if operation.path.starts_with("/otlp/") && !["401", "403"].contains(&code.as_str()) {
                continue; // As OTLP/HTTP says.
            }
            let unhealthy =
                ["/health", "/api/health"].contains(&operation.path.as_str()) && code == "503";
            let expected = if unhealthy {
                "application/json"
            } else {
                "application/problem+json"
            };
            assert_eq!(types, [expected], "{name} {code}");
        }
    }
}
