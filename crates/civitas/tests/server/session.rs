//! `/api/session`.

use axum::http::Method;
use civitas_model::{Role, TenantId};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::{PASSWORD, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn someone_works_anonymously_and_signs_in_later() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let body = json!({ "metadata": { "from": "a test" } });
    let session = anyone
        .post("/api/session/create-anonymous")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(session["tenant_id"], Value::Null);
    assert_eq!(session["user_id"], Value::Null);
    assert!(session["created_at"].as_str().unwrap().ends_with('Z'));
    let id = session["session_id"].as_str().unwrap();
    let secret = session["session_token"].as_str().unwrap();
    let anonymous = Client::new(server.address, Some(secret.to_owned()));
    let path = format!("/api/session/{id}");
    let state = anonymous.get(path.as_str()).send().await.ok();
    assert_eq!(state["is_anonymous"], true);
    assert_eq!(state["status"], "active");
    assert_eq!(state["metadata"]["from"], "a test");
    let same = anonymous.get(format!("{path}/state/")).send().await.ok();
    assert_eq!(same, state);
    anonymous.run("count", json!({ "events": 1 })).await;

    let user = server.user("ada@x.example").await;
    user.get(path.as_str())
        .send()
        .await
        .problem(404, "not_found");
    let upgrade = |body: Value| {
        anyone
            .request(Method::PATCH, format!("{path}/upgrade"))
            .json(&body)
            .send()
    };
    upgrade(json!({})).await.problem(401, "unauthorized");
    upgrade(json!({ "access_token": "nonsense" }))
        .await
        .problem(401, "unauthorized");
    // The id is a public handle: only the secret proves that the session is one's own.
    for wrong in [
        json!({ "access_token": user.token }),
        json!({ "access_token": user.token, "session_token": "session_wrong" }),
    ] {
        upgrade(wrong).await.problem(404, "not_found");
    }
    let right =
        json!({ "access_token": user.token, "session_token": secret, "metadata": { "n": 1 } });
    let upgraded = upgrade(right).await.ok();
    assert_eq!(upgraded["session_id"], id);
    assert_eq!(upgraded["is_anonymous"], false);
    assert_eq!(upgraded["metadata"], json!({ "from": "a test", "n": 1 }));
    assert!(upgraded["upgraded_at"].is_string());
    let me = user.get("/api/auth/me").send().await.ok();
    let tenant = TenantId::trusted(me["tenant_id"].as_str().unwrap());
    let log = server.state.store.audit();
    let any = civitas_storage::AuditFilter::default();
    let last = log.list(&tenant, &any, 1, 0).await.unwrap().remove(0).entry;
    assert_eq!(last.action, "upgrade_session");
    assert_eq!(last.subject.unwrap().id, id);
    // The handle stays, the secret ends.
    user.get(path.as_str()).send().await.ok();
    anonymous
        .get(path.as_str())
        .send()
        .await
        .problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn either_credential_of_an_upgrade_may_stand_in_the_header() {
    let server = TestServer::credentials().await;
    let user = server.user("ada@x.example").await;
    for user_in_header in [true, false] {
        let path = "/api/session/create-anonymous";
        let session = server.anonymous().post(path).send().await.ok();
        let id = session["session_id"].as_str().unwrap();
        let secret = session["session_token"].as_str().unwrap();
        let anonymous = Client::new(server.address, Some(secret.to_owned()));
        let (client, body) = if user_in_header {
            (&user, json!({ "session_token": secret }))
        } else {
            (&anonymous, json!({ "access_token": user.token }))
        };
        let path = format!("/api/session/{id}/upgrade");
        // A client that lost the answer asks again.
        for _ in 0..2 {
            let upgraded = client.request(Method::PATCH, path.as_str()).json(&body);
            assert_eq!(upgraded.send().await.ok()["is_anonymous"], false);
        }
    }
}

/// An anonymous session: who holds its secret, its id and its secret.
async fn anonymous_session(server: &TestServer) -> (Client, String, String) {
    let path = "/api/session/create-anonymous";
    let session = server.anonymous().post(path).send().await.ok();
    let id = session["session_id"].as_str().unwrap().to_owned();
    let secret = session["session_token"].as_str().unwrap().to_owned();
    let client = Client::new(server.address, Some(secret.clone()));
    (client, id, secret)
}

/// What an upgrade to the user answers.
async fn upgrade(user: &Client, id: &str, secret: &str) -> Answer {
    let body = json!({ "session_token": secret });
    user.request(Method::PATCH, format!("/api/session/{id}/upgrade"))
        .json(&body)
        .send()
        .await
}

/// How many hits a search has, once it has seen everything that was written.
async fn hits(client: &Client, server: &TestServer, query: &str) -> Value {
    loop {
        let health = server.anonymous().get("/health").send().await.ok();
        if health["components"]["search"]["behind"] == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    let path = format!("/api/content/search?q={query}");
    client.get(path).send().await.ok()["total"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_anonymously_belongs_to_who_signs_in() {
    let server = TestServer::credentials().await;
    let (anonymous, id, secret) = anonymous_session(&server).await;
    let file = anonymous
        .upload("notes.md", b"# Zeppelin\n\nA budget for it.\n")
        .await;
    let file_id = file["file_id"].as_str().unwrap();
    let both = json!({ "boundary_contract_id": file["boundary_contract_id"], "file_id": file_id });
    anonymous.run("save_materialization", both).await;
    let parse = anonymous
        .submit("parse_content", json!({ "file_id": file_id }))
        .await;
    assert_eq!(anonymous.ended(&parse).await["status"], "completed");
    let held = anonymous.submit("hold", json!({ "seconds": 1 })).await;
    assert_eq!(hits(&anonymous, &server, "zeppelin").await, 1);

    let user = server.user("ada@x.example").await;
    let bob = server.user("bob@x.example").await;
    let content = format!("/api/content/files/{file_id}/content");
    let paths = [
        content.clone(),
        format!("/api/artifacts/{file_id}"),
        format!("/api/execution/{parse}/status"),
        format!("/api/execution/{parse}/stream"),
        format!("/api/execution/{held}/status"),
    ];
    for path in &paths {
        user.get(path.as_str())
            .send()
            .await
            .problem(404, "not_found");
    }
    upgrade(&user, &id, &secret).await.ok();

    for path in &paths {
        let answer = user.get(path.as_str()).send().await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
        bob.get(path.as_str())
            .send()
            .await
            .problem(404, "not_found");
        let dead = anonymous.get(path.as_str()).send().await;
        dead.problem(401, "unauthorized");
    }
    let bytes = user.get(content.as_str()).send().await.body;
    assert_eq!(bytes, "# Zeppelin\n\nA budget for it.\n");
    assert_eq!(hits(&user, &server, "zeppelin").await, 1);
    assert_eq!(hits(&bob, &server, "zeppelin").await, 0);
    assert_eq!(user.ended(&parse).await["status"], "completed");
    let journal = user.get(paths[3].as_str()).send().await.text();
    assert!(journal.contains("completed"), "{journal}");
    let read = user
        .run("get_parsed_file", json!({ "file_id": file_id }))
        .await;
    assert!(read["parsed_file"].to_string().contains("budget"), "{read}");
    let listed = user.run("list_files", json!({})).await;
    assert!(listed.to_string().contains(file_id), "{listed}");
    assert_eq!(user.ended(&held).await["status"], "completed");
    // It is theirs to delete, too, and then it is gone for good.
    let path = format!("/api/content/files/{file_id}");
    assert_eq!(user.delete(path).send().await.status.as_u16(), 204);
    user.get(content).send().await.problem(404, "not_found");
    assert_eq!(hits(&user, &server, "zeppelin").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_both_have_are_kept_as_long_as_one_needs_them() {
    let server = TestServer::credentials().await;
    let (anonymous, id, secret) = anonymous_session(&server).await;
    let theirs = anonymous.upload("theirs.txt", b"the same").await;
    let user = server.user("ada@x.example").await;
    let own = user.upload("own.txt", b"the same").await;
    upgrade(&user, &id, &secret).await.ok();
    for (file, other) in [(&theirs, Some(&own)), (&own, None)] {
        let path = format!("/api/content/files/{}", file["file_id"].as_str().unwrap());
        assert_eq!(user.delete(path).send().await.status.as_u16(), 204);
        if let Some(other) = other {
            let id = other["file_id"].as_str().unwrap();
            let path = format!("/api/content/files/{id}/content");
            assert_eq!(user.get(path).send().await.body, "the same");
        }
    }
    let tenant = user.get("/api/auth/me").send().await.ok()["tenant_id"].clone();
    let tenant = TenantId::trusted(tenant.as_str().unwrap());
    let digest = own["file_hash"].as_str().unwrap();
    assert!(!server.state.blobs.exists(&tenant, digest).await.unwrap());
    // What is left in the anonymous tenant has a note that it may be freed.
    let notes = server
        .state
        .store
        .released(server.state.clock.now(), None, 9)
        .await
        .unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0].digest, digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_brings_nothing_into_a_tenant() {
    let server = TestServer::credentials().await;
    let (anonymous, id, secret) = anonymous_session(&server).await;
    let viewer = server.member("viewer@x.example", Role::Viewer).await;
    upgrade(&viewer, &id, &secret)
        .await
        .problem(403, "forbidden");
    anonymous
        .get(format!("/api/session/{id}"))
        .send()
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_created_by_nobody_is_anonymous() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let create = |body: Value| anyone.post("/api/session/create").json(&body).send();
    for body in [
        json!({}),
        json!({ "intent_type": "create_session", "metadata": { "n": 1 } }),
        json!({ "tenant_id": "default_tenant" }),
    ] {
        let session = create(body).await.ok();
        assert_eq!(session["tenant_id"], Value::Null);
        assert_eq!(session["user_id"], Value::Null);
        let secret = session["session_token"].as_str().unwrap();
        let anonymous = Client::new(server.address, Some(secret.to_owned()));
        let path = format!("/api/session/{}", session["session_id"].as_str().unwrap());
        assert_eq!(anonymous.get(path).send().await.ok()["is_anonymous"], true);
    }
    create(json!({ "tenant_id": "default_tenant", "user_id": "someone" }))
        .await
        .problem(401, "unauthorized");
    create(json!({ "session_id": "mine" }))
        .await
        .problem(422, "validation_failed");
    let stale = Client::new(server.address, Some("session_gone".to_owned()));
    let refused = stale.post("/api/session/create").send().await;
    refused.problem(401, "unauthorized");
    for _ in 0..27 {
        create(json!({})).await.ok();
    }
    create(json!({})).await.problem(429, "rate_limit_exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_created_with_an_email_address_and_a_password() {
    for server in [
        TestServer::credentials().await,
        TestServer::development().await,
    ] {
        let ada = server.user("ada@x.example").await;
        let anyone = server.anonymous();
        let create = |body: Value| anyone.post("/api/session/create").json(&body).send();
        let credentials =
            |password: &str| json!({ "email": "ada@x.example", "password": password });
        create(json!({ "credentials": credentials("not the password") }))
            .await
            .problem(401, "authentication_failed");
        create(json!({ "credentials": { "email": "ada@x.example" } }))
            .await
            .problem(422, "validation_failed");
        let body = json!({ "credentials": credentials(PASSWORD), "session_id": "chosen", "metadata": { "n": 1 } });
        let session = create(body).await.ok();
        let me = ada.get("/api/auth/me").send().await.ok();
        assert_eq!(session["session_id"], "chosen");
        assert_eq!(session["user_id"], me["user_id"]);
        assert_eq!(session["tenant_id"], me["tenant_id"]);
        assert_eq!(session["session_token"], Value::Null);
        let signed_in = Client::signed_in(server.address, &session);
        let state = signed_in.get("/api/session/chosen").send().await.ok();
        assert_eq!(state["metadata"]["n"], 1);
        let refresh = json!({ "refresh_token": session["refresh_token"] });
        let next = anyone
            .post("/api/auth/refresh")
            .json(&refresh)
            .send()
            .await
            .ok();
        assert_eq!(next["session_id"], "chosen");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_its_owners_alone() {
    let server = TestServer::credentials().await;
    let ada = server.user("ada@x.example").await;
    let bob = server.user("bob@x.example").await;
    let body = json!({ "session_id": "my own/handle?", "metadata": {} });
    let session = ada
        .post("/api/session/create")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(session["session_id"], "my own/handle?");
    assert!(session["session_token"].is_null());
    let path = "/api/session/my%20own%2Fhandle%3F";
    assert_eq!(
        ada.get(path).send().await.ok()["session_id"],
        "my own/handle?"
    );
    bob.get(path).send().await.problem(404, "not_found");
    let taken = bob.post("/api/session/create").json(&body).send().await;
    taken.problem(409, "already_exists");
    let foreign = json!({ "tenant_id": "default_tenant" });
    let refused = ada.post("/api/session/create").json(&foreign).send().await;
    refused.problem(403, "forbidden");
    // A body may be left out.
    ada.post("/api/session/create").send().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_opens_thirty_anonymous_sessions_a_minute() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let open = || anyone.post("/api/session/create-anonymous").send();
    for _ in 0..30 {
        open().await.ok();
    }
    let limited = open().await;
    assert_eq!(limited.header("x-ratelimit-limit"), "30");
    assert_eq!(limited.header("x-ratelimit-window"), "60");
    let document = limited.problem(429, "rate_limit_exceeded");
    assert!(document["retry_after"].as_u64().unwrap() >= 1);
}
