//! `/docs`, `/redoc`, `/openapi.json`: served from the binary, loading nothing from elsewhere.

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_and_all_they_load_come_from_here() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    for page in ["/docs/", "/redoc"] {
        let answer = anyone.get(page).header("accept", "text/html").send().await;
        assert_eq!(answer.status.as_u16(), 200);
        assert!(answer.header("content-type").starts_with("text/html"));
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'self';"),
            "{page}: {policy}"
        );
        assert!(!policy.contains("http"), "{page}: {policy}");
        let html = answer.text();
        let mut loaded = 0;
        for reference in references(&html) {
            assert!(!reference.contains("//"), "{page} names {reference}");
            let path = match reference.strip_prefix('/') {
                Some(path) => format!("/{path}"),
                None => format!("/docs/{}", reference.trim_start_matches("./")),
            };
            let part = anyone.get(path).send().await;
            assert_eq!(part.status.as_u16(), 200, "{page} loads {reference}");
            assert!(!part.body.is_empty(), "{page} loads {reference}");
            loaded += 1;
        }
        assert!(loaded > 0, "{page} loads its script");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_found_without_knowing_their_slashes() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let moved = anyone.get("/docs").send().await;
    assert!(moved.status.is_redirection());
    assert_eq!(moved.header("location"), "/docs/");
    assert_eq!(anyone.get("/redoc/").send().await.status.as_u16(), 200);
    let document = anyone.get("/openapi.json").send().await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(!document.to_string().contains("localhost"));
}

/// What `src` and `href` attributes name.
fn references(html: &str) -> Vec<String> {
    let quoted = |rest: &str| {
        let rest = rest.trim_start_matches('"');
        let end = rest.find(['"', '>', ' ']).unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    [" src=", " href="]
        .iter()
        .flat_map(|name| html.split(name).skip(1).map(quoted))
        .collect()
}
