//! Query strings: what is not known, not within its bounds or no cursor is refused by its name, at every list.

use civitas_model::Role;
use serde_json::{Value, json};

use crate::client::Client;
use crate::server::TestServer;

/// Every list that is asked for by a query string, with the query it needs, and whether it has a limit.
const LISTS: &[(&str, &str, Option<u32>)] = &[
    ("/api/executions", "", Some(200)),
    ("/api/content/search", "q=word", Some(100)),
    ("/api/auth/members", "", Some(200)),
    ("/api/auth/tokens", "", Some(200)),
    ("/api/intents", "", None),
    ("/api/realms", "", None),
];

async fn refused(client: &Client, path: &str) -> (String, String) {
    let answer = client.get(path).send().await;
    let problem = answer.problem(422, "validation_failed");
    let error = &problem["errors"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&error["pointer"]), text(&error["detail"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_names_what_it_does_not_take() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    for (path, query, limit_max) in LISTS {
        operator.get(format!("{path}?{query}")).send().await.ok();
        let ask = |wrong: &str| format!("{path}?{query}&{wrong}");
        let (pointer, detail) = refused(&operator, &ask("bogus=1")).await;
        assert_eq!(pointer, "/bogus", "{path}");
        assert!(detail.starts_with("is not a parameter here"), "{detail}");
        let Some(limit_max) = limit_max else { continue };
        for limit in ["0", "-1", "ten", "4294967295", &(limit_max + 1).to_string()] {
            let (pointer, detail) = refused(&operator, &ask(&format!("limit={limit}"))).await;
            assert_eq!(pointer, "/limit", "{path} {limit}");
            assert_eq!(
                detail,
                format!("must be a whole number from 1 to {limit_max}"),
                "{path} {limit}"
            );
        }
        let (pointer, detail) = refused(&operator, &ask("limt=1")).await;
        assert_eq!(pointer, "/limt");
        assert!(detail.ends_with("perhaps you mean limit"), "{detail}");
        operator
            .get(ask(&format!("limit={limit_max}")))
            .send()
            .await
            .ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_no_page_answered_is_refused() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for _ in 0..2 {
        let execution = anyone.submit("count", json!({ "events": 0 })).await;
        anyone.ended(&execution).await;
    }
    for cursor in [
        "bogus",
        "",
        "%00",
        "0",
        "019AA3F0-0000-7000-8000-000000000000",
    ] {
        let (pointer, _) = refused(&anyone, &format!("/api/executions?cursor={cursor}")).await;
        assert_eq!(pointer, "/cursor", "{cursor}");
    }
    let page = anyone.get("/api/executions?limit=1").send().await.ok();
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/api/executions?limit=1&cursor={cursor}");
    let next = anyone.get(next).send().await.ok();
    assert_eq!(next["executions"].as_array().unwrap().len(), 1);
    assert_ne!(
        next["executions"][0]["execution_id"],
        page["executions"][0]["execution_id"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_asked_for_by_a_body_are_as_strict() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let cases = [
        ("/api/artifact/list", json!({ "limit": 0 }), "/limit"),
        ("/api/artifact/list", json!({ "limit": 501 }), "/limit"),
        ("/api/artifact/list", json!({ "limit": "many" }), "/limit"),
        ("/api/artifact/list", json!({ "offset": -1 }), "/offset"),
        ("/api/artifact/list", json!({ "bogus": 1 }), "/bogus"),
        ("/api/intent/pending/list", json!({ "bogus": 1 }), "/bogus"),
    ];
    for (path, body, pointer) in cases {
        let answer = anyone.post(path).json(&body).send().await;
        let problem = answer.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_older_clients_ask_of_one_execution_is_known() {
    let server = TestServer::credentials().await;
    let member = server.member("ada@x.example", Role::User).await;
    let execution = member.submit("count", json!({ "events": 1 })).await;
    member.ended(&execution).await;
    let path = format!("/api/execution/{execution}");
    let asked = "tenant_id=default_tenant&include_artifacts=true&include_visuals=false";
    let status = member
        .get(format!("{path}/status?{asked}"))
        .send()
        .await
        .ok();
    assert!(status["artifacts"].is_object());
    let bare = format!("{path}/status?include_artifacts=false");
    assert_eq!(member.get(bare).send().await.ok()["artifacts"], Value::Null);
    let foreign = format!("{path}/stream?tenant_id=another");
    member.get(foreign).send().await.problem(404, "not_found");
    for (query, pointer) in [
        ("status?wait=61", "/wait"),
        ("status?waits=1", "/waits"),
        ("status?include_events=yes", "/include_events"),
        ("stream?afer=1", "/afer"),
    ] {
        let (seen, _) = refused(&member, &format!("{path}/{query}")).await;
        assert_eq!(seen, pointer, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_names_its_mistakes() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let many = vec!["x"; 2000].join(",");
    for (query, pointer) in [
        ("", "/q"),
        ("q=a&offset=10001", "/offset"),
        ("q=a&sort=best", "/sort"),
        ("q=a&after=lunch", "/after"),
        ("q=a&before=2026-13", "/before"),
        ("q=a&cursor=x", "/cursor"),
        ("q=a&cursor=&offset=1", "/cursor"),
        ("q=a&facets=maybe", "/facets"),
        (&format!("q=a&tag={many}"), "/tag"),
        (&format!("q=a&source={many}"), "/source"),
        (&format!("q=a&kind={many}"), "/kind"),
        (&format!("q=a&file_id={many}"), "/file_id"),
    ] {
        let (seen, _) = refused(&anyone, &format!("/api/content/search?{query}")).await;
        assert_eq!(seen, pointer, "{query:.60}");
    }
}
