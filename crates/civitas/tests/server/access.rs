//! Hosts, origins and cross-origin answers.

use axum::http::Method;
use civitas_api::Access;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_development_server_answers_to_loopback_names_only() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for host in ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:80"] {
        anyone
            .get("/api/realms")
            .header("host", host)
            .send()
            .await
            .ok();
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1"] {
        let refused = anyone.get("/api/realms").header("host", host).send().await;
        refused.problem(403, "origin_not_allowed");
    }
    let refused =
        anyone.raw(b"GET /api/realms HTTP/1.1\r\nHost: \xffevil\r\nConnection: close\r\n\r\n");
    let refused = refused.await;
    assert!(refused.starts_with("HTTP/1.1 40"), "{refused}");
    // The address may name the host, too.
    let refused =
        anyone.raw(b"GET http://evil.example/api/realms HTTP/1.1\r\nConnection: close\r\n\r\n");
    let refused = refused.await;
    assert!(refused.starts_with("HTTP/1.1 40"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_server_refuses_pages_of_other_sites() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let ours = anyone
        .get("/api/realms")
        .header("origin", "http://localhost:3000")
        .send()
        .await;
    ours.ok();
    assert_eq!(ours.header("access-control-allow-origin"), "*");
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
    ] {
        let refused = anyone
            .get("/api/realms")
            .header("origin", origin)
            .send()
            .await;
        refused.problem(403, "origin_not_allowed");
        let refused = anyone
            .socket("/api/execution/x/stream", &[("origin", origin)])
            .await;
        assert_eq!(refused.unwrap_err().as_u16(), 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_is_answered_without_a_credential() {
    let server = TestServer::with(|config| {
        config.access = Access::Credentials;
        config.origins = vec!["https://app.example".into()];
    })
    .await;
    let anyone = server.anonymous();
    let preflight = |origin: &'static str| {
        anyone
            .request(Method::OPTIONS, "/api/intent/submit")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type,idempotency-key",
            )
            .send()
    };
    let known = preflight("https://app.example").await;
    assert_eq!(known.status.as_u16(), 200);
    assert_eq!(
        known.header("access-control-allow-origin"),
        "https://app.example"
    );
    let allowed = known.header("access-control-allow-headers").to_owned();
    for header in ["authorization", "content-type", "idempotency-key"] {
        assert!(allowed.contains(header), "{allowed}");
    }
    assert_eq!(known.header("access-control-allow-credentials"), "");
    let unknown = preflight("https://evil.example").await;
    assert_eq!(unknown.header("access-control-allow-origin"), "");
    let answer = anyone
        .get("/health")
        .header("origin", "https://app.example")
        .send()
        .await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert!(
        answer.header("vary").contains("origin"),
        "a cache keeps origins apart"
    );
}
