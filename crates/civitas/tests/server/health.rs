//! `/`, `/health`, `/api/health`, `/metrics`, and what every answer has.

use axum::http::{Method, StatusCode};
use civitas_model::{Permission, Role};
use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{PASSWORD, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn health_has_the_contracts_members() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    for path in ["/health", "/health/", "/api/health", "/api/health/"] {
        let health = anyone.get(path).send().await.ok();
        assert_eq!(health["status"], "healthy");
        assert_eq!(health["service"], "civitas");
        assert_eq!(health["database"], "connected");
        assert_eq!(health["api"], "operational");
        assert_eq!(health["realms"], 3);
        assert!(health["version"].is_string());
        assert!(health["components"].is_object());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_write_nothing_is_unhealthy_until_it_can() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let database = server.data_dir().join("civitas.db");
    let (_, mut writer) = civitas_sql::Database::open_sqlite(&database).unwrap();
    // Renewing the lease is writing, too.
    let away = "ALTER TABLE executions RENAME TO executions_away; ALTER TABLE leases RENAME TO leases_away;";
    writer.script(away).await.unwrap();
    let submission = json!({ "intent_type": "list_files", "parameters": {} });
    let submit = || anyone.post("/api/intent/submit").json(&submission).send();
    assert_eq!(submit().await.status, StatusCode::SERVICE_UNAVAILABLE);
    let ill = anyone.get("/health").send().await;
    assert_eq!(ill.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ill.json()["status"], "unhealthy");

    let back = "ALTER TABLE executions_away RENAME TO executions; ALTER TABLE leases_away RENAME TO leases;";
    writer.script(back).await.unwrap();
    let accepted = submit().await.ok();
    anyone
        .ended(accepted["execution_id"].as_str().unwrap())
        .await;
    assert_eq!(anyone.get("/health").send().await.ok()["status"], "healthy");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_is_json_unless_html_is_preferred() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    assert_eq!(anyone.get("/").send().await.ok()["status"], "online");
    let page = anyone
        .get("/")
        .header("accept", "text/html,*/*;q=0.8")
        .send()
        .await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        !page.text().contains("http"),
        "the page loads nothing from elsewhere"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_requests_by_route_and_need_a_credential() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    anyone
        .get("/metrics")
        .send()
        .await
        .problem(401, "unauthorized");
    let operator = server.operator().await;
    operator.get("/api/executions/").send().await.ok();
    let metrics = operator.get("/metrics").send().await;
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let metrics = metrics.text();
    assert!(metrics.contains("civitas_executions_ready"));
    assert!(metrics.contains(r#"route="/api/executions""#), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_the_servers_and_not_for_every_user() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let token = async |client: &Client, scopes: Value| {
        let body = json!({ "name": "scraper", "scopes": scopes });
        client.post("/api/auth/tokens").json(&body).send().await
    };
    let scraper = token(&operator, json!(["metrics"])).await.ok();
    let scraper = Client::new(
        server.address,
        Some(scraper["token"].as_str().unwrap().to_owned()),
    );
    let reader = token(&operator, json!(["read", "write"])).await.ok();
    let reader = Client::new(
        server.address,
        Some(reader["token"].as_str().unwrap().to_owned()),
    );
    let on_duty = server.member("operator2@x.example", Role::Operator).await;
    let member = server.member("member@x.example", Role::User).await;
    // In a tenant of one's own everyone may take any role.
    let owner = server.user("owner@x.example").await;
    let me = owner.get("/api/auth/me").send().await.ok();
    let path = format!("/api/auth/members/{}", me["user_id"].as_str().unwrap());
    let promote = owner
        .request(Method::PUT, path)
        .json(&json!({ "role": "admin" }));
    assert_eq!(promote.send().await.status.as_u16(), 204);
    let credentials = civitas_auth::Credentials {
        email: "owner@x.example".to_owned(),
        password: civitas_auth::Secret::new(PASSWORD),
    };
    let somewhere = std::net::IpAddr::from([10, 9, 9, 9]);
    let signed_in = server
        .state
        .auth
        .login(&credentials, somewhere)
        .await
        .unwrap();
    assert!(signed_in.permissions.contains(&Permission::Admin));
    let owner = Client::new(
        server.address,
        Some(signed_in.access_token.reveal().to_owned()),
    );
    for client in [&operator, &on_duty, &scraper] {
        let metrics = client.get("/metrics").send().await;
        assert_eq!(metrics.status.as_u16(), 200, "{}", metrics.text());
    }
    for client in [&reader, &member, &owner] {
        client
            .get("/metrics")
            .send()
            .await
            .problem(403, "forbidden");
    }
    token(&owner, json!(["metrics"]))
        .await
        .problem(403, "forbidden");
    // The scope opens nothing else.
    let refused = scraper.get("/api/executions").send().await;
    refused.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_and_keeps_the_callers() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let made = anyone.get("/health").send().await;
    assert_eq!(made.header("x-request-id").len(), 36);
    assert_eq!(made.header("x-content-type-options"), "nosniff");
    let sent = anyone
        .get("/nowhere")
        .header("x-request-id", "mine")
        .send()
        .await;
    assert_eq!(sent.header("x-request-id"), "mine");
    sent.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_are_problems() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    anyone
        .get("/api/nothing/here")
        .send()
        .await
        .problem(404, "not_found");
    let refused = anyone.delete("/api/realms").send().await;
    refused.problem(405, "method_not_allowed");
    assert!(refused.header("allow").contains("GET"));
    // A method nobody knows.
    let method = Method::from_bytes(b"BREW").unwrap();
    let refused = anyone.request(method, "/health").send().await;
    refused.problem(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_answers_like_get_without_a_body() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for path in ["/health", "/api/intents", "/openapi.json", "/docs/"] {
        let head = anyone.request(Method::HEAD, path).send().await;
        assert_eq!(head.status, StatusCode::OK, "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
}
