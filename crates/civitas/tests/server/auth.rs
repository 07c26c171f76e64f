//! `/api/auth`.

use axum::http::Method;
use civitas_api::Access;
use civitas_model::Role;
use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{PASSWORD, TestServer};

fn ada() -> Value {
    json!({ "email": "ada@x.example", "password": PASSWORD, "name": "Ada <b>" })
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_signs_in_and_a_second_time_is_a_conflict() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let answer = anyone
        .post("/api/auth/register")
        .json(&ada())
        .send()
        .await
        .ok();
    assert_eq!(answer["success"], true);
    assert_eq!(answer["user"]["email"], "ada@x.example");
    assert_eq!(answer["user"]["name"], "Ada b");
    assert_eq!(answer["user"]["id"], answer["user_id"]);
    assert!(answer["message"].as_str().unwrap().contains("successful"));
    assert_eq!(
        answer["access_token"].as_str().unwrap().split('.').count(),
        3
    );
    assert!(answer["refresh_token"].is_string());
    assert!(answer["session_id"].is_string());
    assert_eq!(answer["error"], Value::Null);
    let refused = anyone.post("/api/auth/register/").json(&ada()).send().await;
    let refused = refused.problem(409, "already_exists");
    assert_eq!(refused["success"], false);
    assert_eq!(refused["access_token"], Value::Null);
    assert_eq!(refused["roles"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_401_with_the_members_of_the_answer() {
    let server = TestServer::credentials().await;
    server.user("ada@x.example").await;
    let anyone = server.anonymous();
    let login = |password: &str| {
        let body = json!({ "email": "ada@x.example", "password": password });
        anyone.post("/api/auth/login").json(&body).send()
    };
    let refused = login("not the password").await;
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let document = refused.problem(401, "authentication_failed");
    assert_eq!(document["success"], false);
    assert_eq!(document["user"], Value::Null);
    let answer = login(PASSWORD).await.ok();
    assert_eq!(answer["success"], true);
    assert!(answer["expires_in"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_named_one_by_one() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let body = json!({ "email": "not an address", "password": "short", "name": "  " });
    let refused = anyone.post("/api/auth/register").json(&body).send().await;
    let document = refused.problem(422, "validation_failed");
    let pointers: Vec<&str> = document["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/email", "/password", "/name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_login_and_the_fourth_registration_are_limited() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let body = json!({ "email": "nobody@x.example", "password": PASSWORD });
    for _ in 0..5 {
        let refused = anyone.post("/api/auth/login").json(&body).send().await;
        refused.problem(401, "authentication_failed");
    }
    let limited = anyone.post("/api/auth/login").json(&body).send().await;
    assert_eq!(limited.header("x-ratelimit-limit"), "5");
    assert_eq!(limited.header("x-ratelimit-window"), "60");
    let seconds: u64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds));
    let document = limited.problem(429, "rate_limit_exceeded");
    assert_eq!(document["retry_after"], seconds);
    for number in 0..4 {
        let email = format!("user{number}@x.example");
        let body = json!({ "email": email, "password": PASSWORD, "name": "U" });
        let answer = anyone.post("/api/auth/register").json(&body).send().await;
        assert_eq!(answer.status.as_u16(), if number < 3 { 200 } else { 429 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_per_address_that_a_trusted_proxy_names() {
    for trust_proxy in [true, false] {
        let server = TestServer::with(|config| {
            config.access = Access::Credentials;
            config.trust_proxy = trust_proxy;
        })
        .await;
        let body = json!({ "email": "nobody@x.example", "password": PASSWORD });
        let mut last = 0;
        for number in 0..6 {
            let login = server.anonymous().post("/api/auth/login").json(&body);
            let login = login.header("x-forwarded-for", &format!("192.0.2.{number}, 10.0.0.1"));
            last = login.send().await.status.as_u16();
        }
        assert_eq!(last, if trust_proxy { 401 } else { 429 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refreshing_counts_once_and_a_reuse_ends_everything() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let first = anyone
        .post("/api/auth/register")
        .json(&ada())
        .send()
        .await
        .ok();
    let refresh = |token: &Value| {
        let body = json!({ "refresh_token": token });
        anyone.post("/api/auth/refresh").json(&body).send()
    };
    let second = refresh(&first["refresh_token"]).await.ok();
    assert_eq!(second["session_id"], first["session_id"]);
    let client = Client::signed_in(server.address, &second);
    client.get("/api/auth/me").send().await.ok();
    // Until its successor is used, a repetition is taken for a lost answer.
    let third = refresh(&second["refresh_token"]).await.ok();
    for ended in [&first, &second, &third] {
        let refused = refresh(&ended["refresh_token"]).await;
        assert_eq!(refused.status.as_u16(), 401);
        assert_eq!(refused.json()["success"], false);
    }
    client
        .get("/api/auth/me")
        .send()
        .await
        .problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_refreshes_at_once_sign_nobody_out() {
    let server = TestServer::credentials().await;
    let anyone = server.anonymous();
    let registered = anyone
        .post("/api/auth/register")
        .json(&ada())
        .send()
        .await
        .ok();
    let tries: Vec<_> = (0..12)
        .map(|_| {
            let body = json!({ "refresh_token": registered["refresh_token"] });
            let request = anyone.post("/api/auth/refresh").json(&body);
            tokio::spawn(request.send())
        })
        .collect();
    let mut given = Vec::new();
    for attempt in tries {
        let answer = attempt.await.unwrap();
        if answer.status.as_u16() == 200 {
            given.push(answer.ok());
        } else {
            answer.problem(409, "conflict");
        }
    }
    assert_eq!(given.len(), 5);
    for pair in given.iter().chain([&registered]) {
        let client = Client::signed_in(server.address, pair);
        client.get("/api/auth/me").send().await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn me_says_who_and_logout_ends_it_at_once() {
    let server = TestServer::credentials().await;
    let client = server.user("ada@x.example").await;
    let me = client.get("/api/auth/me").send().await.ok();
    assert_eq!(me["kind"], "user");
    assert_eq!(me["email"], "ada@x.example");
    assert!(
        me["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("write"))
    );
    let done = client.post("/api/auth/logout").send().await.ok();
    assert_eq!(done["success"], true);
    client
        .get("/api/auth/me")
        .send()
        .await
        .problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_other_sessions() {
    let server = TestServer::credentials().await;
    let first = server.user("ada@x.example").await;
    let login = json!({ "email": "ada@x.example", "password": PASSWORD });
    let login = server
        .anonymous()
        .post("/api/auth/login")
        .json(&login)
        .send();
    let second = Client::signed_in(server.address, &login.await.ok());
    let wrong =
        json!({ "current_password": "not the password", "new_password": "another long one" });
    let refused = first.post("/api/auth/password").json(&wrong).send().await;
    let refused = refused.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/current_password");
    let body = json!({ "current_password": PASSWORD, "new_password": "another long one" });
    let changed = first
        .post("/api/auth/password")
        .json(&body)
        .send()
        .await
        .ok();
    second
        .get("/api/auth/me")
        .send()
        .await
        .problem(401, "unauthorized");
    let first = Client::signed_in(server.address, &changed);
    first.get("/api/auth/me").send().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_up_counts_once() {
    let server = TestServer::credentials().await;
    let token = server.state.auth.setup_token().await.unwrap().unwrap();
    let setup = |token: &str| {
        let body = json!({ "setup_token": token, "administrator": ada() });
        server
            .anonymous()
            .post("/api/auth/setup")
            .json(&body)
            .send()
    };
    setup("setup_wrong")
        .await
        .problem(403, "setup_token_invalid");
    let answer = setup(token.reveal()).await.ok();
    assert_eq!(answer["tenant_id"], "default_tenant");
    assert_eq!(answer["roles"], json!(["admin"]));
    setup(token.reveal())
        .await
        .problem(403, "setup_token_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_makes_a_member_once() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let guest = server.user("guest@x.example").await;
    let invite = operator
        .post("/api/auth/invitations")
        .json(&json!({ "role": "viewer" }));
    let invitation = invite.send().await.ok();
    let body = json!({ "invitation_token": invitation["invitation_token"] });
    let accepted = guest
        .post("/api/auth/invitations/accept")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(
        accepted,
        json!({ "tenant_id": "default_tenant", "role": "viewer" })
    );
    let again = guest
        .post("/api/auth/invitations/accept")
        .json(&body)
        .send()
        .await;
    again.problem(404, "not_found");
    let refused = guest
        .post("/api/auth/invitations")
        .json(&json!({ "role": "king" }));
    refused.send().await.problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_listed_changed_and_removed() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let viewer = server.member("viewer@x.example", Role::Viewer).await;
    let members = operator.get("/api/auth/members/").send().await.ok();
    let member = members["members"]
        .as_array()
        .unwrap()
        .iter()
        .find(|member| member["role"] == "viewer")
        .unwrap()
        .clone();
    assert_eq!(member["email"], "viewer@x.example");
    let path = format!("/api/auth/members/{}", member["user_id"].as_str().unwrap());
    let promoted = operator
        .request(Method::PUT, path.as_str())
        .json(&json!({ "role": "user" }));
    assert_eq!(promoted.send().await.status.as_u16(), 204);
    viewer
        .get("/api/auth/me")
        .send()
        .await
        .problem(401, "unauthorized");
    assert_eq!(
        operator.delete(path.as_str()).send().await.status.as_u16(),
        204
    );
    operator
        .delete(path.as_str())
        .send()
        .await
        .problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_token_works_until_it_is_revoked() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let body = json!({ "name": "collector", "scopes": ["read"] });
    let token = operator
        .post("/api/auth/tokens")
        .json(&body)
        .send()
        .await
        .ok();
    let machine = Client::new(server.address, token["token"].as_str().map(str::to_owned));
    let me = machine.get("/api/auth/me").send().await.ok();
    assert_eq!(me["kind"], "service");
    let submitted = json!({ "intent_type": "count", "parameters": { "events": 1 } });
    let refused = machine
        .post("/api/intent/submit")
        .json(&submitted)
        .send()
        .await;
    refused.problem(403, "forbidden");
    let listed = operator.get("/api/auth/tokens").send().await.ok();
    assert_eq!(listed["tokens"][0]["name"], "collector");
    assert_eq!(
        listed["tokens"][0]["token"],
        Value::Null,
        "the secret is shown once"
    );
    let path = format!("/api/auth/tokens/{}", token["token_id"].as_str().unwrap());
    assert_eq!(
        operator.delete(path.as_str()).send().await.status.as_u16(),
        204
    );
    machine
        .get("/api/auth/me")
        .send()
        .await
        .problem(401, "unauthorized");
    for body in [
        json!({ "name": "x", "scopes": ["approve"] }),
        json!({ "name": "x", "scopes": ["fly"] }),
        json!({ "name": "x", "scopes": ["read"], "expires_in_days": 100_000 }),
        json!({ "name": "x", "scopes": ["read"], "days": 100_000 }),
    ] {
        let refused = operator.post("/api/auth/tokens").json(&body).send().await;
        refused.problem(422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_makes_users() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let body = json!({ "user": ada(), "role": "operator" });
    let made = operator
        .post("/api/auth/users")
        .json(&body)
        .send()
        .await
        .ok();
    assert_eq!(made["tenant_id"], "default_tenant");
    assert_eq!(made["role"], "operator");
    let again = operator.post("/api/auth/users").json(&body).send().await;
    again.problem(409, "already_exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_foreign_credentials_are_refused_everywhere() {
    for server in [
        TestServer::credentials().await,
        TestServer::development().await,
    ] {
        let valid = server.user("ada@x.example").await.token.unwrap();
        let (unsigned, signature) = valid.rsplit_once('.').unwrap();
        let reversed: String = signature.chars().rev().collect();
        let forged = [
            format!("{unsigned}.{reversed}"),
            format!("{unsigned}."),
            "eyJhbGciOiJub25lIn0.e30.".to_owned(),
            "session_unknown".to_owned(),
            "civitas_unknown".to_owned(),
            "\u{1}".repeat(0),
            "x".repeat(10_000),
        ];
        for token in forged {
            let client = Client::new(server.address, Some(token));
            let refused = client.get("/api/auth/me").send().await;
            assert_eq!(refused.header("www-authenticate"), "Bearer");
            refused.problem(401, "unauthorized");
        }
        let basic = server
            .anonymous()
            .get("/api/auth/me")
            .header("authorization", "Basic YTpi");
        basic.send().await.problem(401, "unauthorized");
    }
}
