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

pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    description: Value,
}

impl Operation {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Asks for it with ids that nothing has, and a body that fits.
    async fn ask(&self, client: &Client) -> Answer {
        self.ask_at(client, &self.path.replace(['{', '}'], ""))
            .await
    }

    /// Asks for it at a path with ids, and a body that fits.
    pub(crate) async fn ask_at(&self, client: &Client, path: &str) -> Answer {
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

pub(crate) async fn operations(client: &Client) -> Vec<Operation> {
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
        let answer = operation.ask(&anyone).await;
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
        operation.ask(&viewer).await.problem(403, "forbidden");
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
