//! `/api/v1/budgets`, `/api/v1/budget`, and what intents pay.

use axum::http::Method;
use civitas_model::{Role, TenantId};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::TestServer;

async fn put(client: &Client, scope: &str, body: Value) -> Answer {
    let path = format!("/api/v1/budgets/{scope}");
    client.request(Method::PUT, path).json(&body).send().await
}

async fn show(client: &Client, scope: &str) -> Value {
    let path = format!("/api/v1/budgets/{scope}");
    client.get(path).send().await.ok()
}

async fn reserve(client: &Client, body: Value) -> Answer {
    let path = "/api/v1/budget/reservations";
    client.post(path).json(&body).send().await
}

async fn settle(client: &Client, id: &str, body: Value) -> Answer {
    let path = format!("/api/v1/budget/reservations/{id}/settle");
    client.post(path).json(&body).send().await
}

/// Registers an agent of a team and answers its id.
async fn coder(client: &Client) -> String {
    let mut body = crate::agents::agent("coder");
    body["metadata_tags"] = json!(["team:platform"]);
    let made = client.post("/api/v1/agents").json(&body).send().await;
    made.json()["agent_id"].as_str().unwrap().to_owned()
}

/// What was told of a kind, oldest first.
async fn told(server: &TestServer, kind: &str) -> Vec<Value> {
    let tenant = TenantId::trusted("default_tenant");
    let all = server.state.store.activity_after(&tenant, 0, 500).await;
    let all = all.unwrap().into_iter();
    all.filter(|one| one.kind == kind)
        .map(|one| one.data)
        .collect()
}

async fn audited(client: &Client) -> Vec<String> {
    let path = "/api/v1/audit?category=budget";
    let page = client.get(path).send().await.ok();
    let entries = page["entries"].as_array().unwrap().iter().rev();
    let action = |one: &Value| one["entry"]["action"].as_str().unwrap().to_owned();
    entries.map(action).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_are_set_shown_listed_and_taken_back() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let agent = coder(&anyone).await;
    let all = anyone.get("/api/v1/budgets").send().await.ok();
    assert_eq!(all["budgets"].as_array().unwrap().len(), 1, "{all}");
    let day = show(&anyone, "agent:coder").await;
    assert_eq!(day["scope"], format!("agent:{agent}"));
    assert_eq!(
        (&day["max_cost_usd"], &day["source"], &day["name"]),
        (&json!(30.5), &json!("registry"), &json!("coder"))
    );
    let set = json!({ "max_cost_usd": 12.5, "max_tokens": 1000, "period": "rolling", "window_hours": 6, "waits": false });
    let set = put(&anyone, "team:platform", set).await.ok();
    assert_eq!(
        (&set["period"], &set["window_hours"], &set["waits"]),
        (&json!("rolling"), &json!(6), &json!(false))
    );
    assert_eq!(set["changed_by"], "local operator");
    let limited = anyone.get("/api/v1/budgets?limited=true&limit=1").send();
    let limited = limited.await.ok();
    assert_eq!(limited["budgets"][0]["name"], "coder");
    let cursor = limited["next_cursor"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/budgets?limited=true&cursor={cursor}");
    let rest = anyone.get(path).send().await.ok();
    assert_eq!(rest["budgets"][0]["scope"], "team:platform");
    assert!(rest["next_cursor"].is_null());
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "max_cost_usd": -1 }), "/max_cost_usd"),
        (json!({ "max_cost_usd": 1e-7 }), "/max_cost_usd"),
        (json!({ "max_tokens": 1, "period": "week" }), "/period"),
        (
            json!({ "max_tokens": 1, "period": "rolling" }),
            "/window_hours",
        ),
        (
            json!({ "max_tokens": 1, "window_hours": 9000 }),
            "/window_hours",
        ),
        (
            json!({ "max_tokens": 1, "period": "day", "window_hours": 2 }),
            "/window_hours",
        ),
    ] {
        let refused = put(&anyone, "organisation", body.clone()).await;
        let problem = refused.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(!detail.starts_with(':'), "{detail}");
    }
    let nobody = put(&anyone, "agent:nobody", json!({ "max_tokens": 1 })).await;
    nobody.problem(404, "not_found");
    let wrong = anyone.get("/api/v1/budgets/user:x").send().await;
    wrong.problem(404, "not_found");
    let path = "/api/v1/budgets/team:platform";
    assert_eq!(anyone.delete(path).send().await.status.as_u16(), 204);
    anyone.delete(path).send().await.problem(404, "not_found");
    assert_eq!(audited(&anyone).await, ["set_cap", "remove_cap"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_people_who_administer_give_money() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let member = server.member("user@x.example", Role::User).await;
    let cap = || json!({ "max_cost_usd": 5 });
    let refused = put(&member, "organisation", cap()).await;
    refused.problem(403, "forbidden");
    let token = json!({ "name": "machine", "scopes": ["read", "write", "admin"] });
    let token = operator.post("/api/auth/tokens").json(&token).send().await;
    let token = token.json()["token"].as_str().unwrap().to_owned();
    let machine = Client::new(server.address, Some(token));
    let refused = put(&machine, "organisation", cap()).await;
    refused.problem(403, "forbidden");
    put(&operator, "organisation", cap()).await.ok();
    let raised = machine.delete("/api/v1/budgets/organisation").send().await;
    raised.problem(403, "forbidden");
    // It may pay.
    let body = json!({ "cost_usd": 1 });
    assert_eq!(reserve(&machine, body).await.status.as_u16(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_settled_once_and_never_over_a_cap() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    coder(&anyone).await;
    put(&anyone, "team:platform", json!({ "max_cost_usd": 2 }))
        .await
        .ok();
    let body = json!({
        "reservation_id": "r1", "agent_id": "coder", "session_id": "s", "cost_usd": 1.5, "tokens_used": 900,
    });
    let made = reserve(&anyone, body.clone()).await;
    assert_eq!(made.status.as_u16(), 201);
    let made = made.json();
    assert_eq!(made["state"], "held");
    assert_eq!(made["budgets"].as_array().unwrap().len(), 4);
    let again = reserve(&anyone, body.clone()).await.json();
    assert_eq!(again, made, "the same again");
    for (field, value) in [
        ("cost_usd", json!(1)),
        ("session_id", json!("t")),
        ("agent_id", Value::Null),
    ] {
        let mut other = body.clone();
        other[field] = value;
        let refused = reserve(&anyone, other).await;
        refused.problem(409, "conflict");
    }
    let more = json!({ "agent_id": "coder", "cost_usd": 0.75 });
    let refused = reserve(&anyone, more.clone()).await;
    let problem = refused.problem(402, "budget_exceeded");
    assert_eq!(
        (&problem["scope"], &problem["reserved"], &problem["cap"]),
        (&json!("team:platform"), &json!(1.5), &json!(2.0))
    );
    let settled = settle(&anyone, "r1", json!({ "cost_usd": 0.5 })).await.ok();
    assert_eq!(settled["state"], "settled");
    let again = settle(&anyone, "r1", json!({ "cost_usd": 0.5 })).await.ok();
    assert_eq!(again, settled);
    for other in [json!({ "cost_usd": 9 }), json!({})] {
        let refused = settle(&anyone, "r1", other).await;
        let problem = refused.problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("0.5 USD"));
    }
    let team = show(&anyone, "team:platform").await;
    assert_eq!(
        (&team["cost_used_usd"], &team["cost_reserved_usd"]),
        (&json!(0.5), &json!(0.0))
    );
    let id = reserve(&anyone, more).await.json()["reservation_id"].clone();
    let path = format!("/api/v1/budget/reservations/{}", id.as_str().unwrap());
    for _ in 0..2 {
        let released = anyone.delete(path.clone()).send().await;
        assert_eq!(released.status.as_u16(), 204);
    }
    assert_eq!(show(&anyone, "team:platform").await["reservations"], 0);
    settle(&anyone, "unknown", json!({}))
        .await
        .problem(404, "not_found");
    assert_eq!(
        audited(&anyone).await,
        ["set_cap", "reserve", "settle", "reserve", "release"]
    );
    let agent = anyone.get("/api/v1/agents/name/coder").send().await.ok();
    assert_eq!(agent["budget"]["cost_used_today"], 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_requests_one_gets_the_last_unit() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    put(&anyone, "organisation", json!({ "max_cost_usd": 1 }))
        .await
        .ok();
    let first = reserve(&anyone, json!({ "cost_usd": 0.9 })).await;
    let first = first.json()["reservation_id"].as_str().unwrap().to_owned();
    settle(&anyone, &first, json!({})).await.ok();
    let tries = (0..100).map(|_| reserve(&anyone, json!({ "cost_usd": 0.1 })));
    let mut admitted = 0;
    for answer in futures::future::join_all(tries).await {
        match answer.status.as_u16() {
            201 => admitted += 1,
            _ => drop(answer.problem(402, "budget_exceeded")),
        }
    }
    assert_eq!(admitted, 1);
    let all = show(&anyone, "organisation").await;
    assert_eq!(
        (&all["cost_used_usd"], &all["cost_reserved_usd"]),
        (&json!(0.9), &json!(0.1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_is_deducted_once() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let agent = coder(&anyone).await;
    let body = json!({
        "agent_id": agent, "agent_role": "developer", "tool_name": "Bash", "tokens_used": 500, "cost_usd": 0.25,
        "timestamp": "2026-11-21T10:00:00Z", "id": "d1",
    });
    for _ in 0..2 {
        let path = "/api/v1/budget/deduct";
        let made = anyone.post(path).json(&body).send().await;
        assert_eq!(made.status.as_u16(), 201);
        let made = made.json();
        assert_eq!(
            (&made["tokens_used_today"], &made["cost_used_today"]),
            (&json!(500), &json!(0.25))
        );
        assert_eq!(
            (&made["max_cost_per_day"], &made["exceeded"]),
            (&json!(30.5), &json!(false))
        );
    }
    let second = crate::agents::agent("second");
    anyone.post("/api/v1/agents").json(&second).send().await;
    for (field, value) in [
        ("agent_id", json!("second")),
        ("cost_usd", json!(2)),
        ("session_id", json!("s")),
    ] {
        let mut other = body.clone();
        other[field] = value;
        let refused = anyone.post("/api/v1/budget/deduct").json(&other).send();
        refused.await.problem(409, "conflict");
    }
    // A reservation's id is none of a deduction's.
    let reserved = json!({ "reservation_id": "d1", "cost_usd": 0.5 });
    assert_eq!(reserve(&anyone, reserved).await.status.as_u16(), 201);
    settle(&anyone, "d1", json!({ "cost_usd": 0 })).await.ok();
    settle(&anyone, "%1Fd1", json!({}))
        .await
        .problem(404, "not_found");
    assert_eq!(show(&anyone, "organisation").await["cost_used_usd"], 0.25);
    assert_eq!(show(&anyone, "team:platform").await["tokens_used"], 500);
    assert_eq!(audited(&anyone).await, ["deduct", "reserve", "settle"]);
    let updated = told(&server, "budget_updated").await;
    assert_eq!(updated.len(), 1);
    let expected = json!({
        "agent_id": agent, "tokens_used_today": 500, "cost_used_today": 0.25, "max_cost_per_day": 30.5,
    });
    assert_eq!(updated[0], expected);
    let unknown = json!({ "agent_id": "nobody", "cost_usd": 1 });
    let unknown = anyone.post("/api/v1/budget/deduct").json(&unknown).send();
    unknown.await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ingested_moves_the_agent_and_is_broadcast() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let agent = coder(&anyone).await;
    let event = json!({
        "agent_id": agent, "operation_type": "tool_use", "rbac_decision": "allowed", "cost_usd": 0.5, "tokens_used": 70,
        "context": { "session_id": "s9" },
    });
    let path = "/api/v1/events/ingest";
    let made = anyone.post(path).json(&event).send().await.json();
    let found = anyone.get("/api/v1/agents/name/coder").send().await.ok();
    assert_eq!(found["budget"]["tokens_used_today"], 70);
    assert_eq!(found["timestamps"]["last_active_at"], made["timestamp"]);
    for scope in ["organisation", "team:platform", "agent:coder", "session:s9"] {
        assert_eq!(show(&anyone, scope).await["cost_used_usd"], 0.5, "{scope}");
    }
    assert_eq!(show(&anyone, "session:s9").await["max_tokens"], 200_000);
    assert_eq!(told(&server, "rbac_decision").await, [made]);
    assert_eq!(told(&server, "budget_updated").await.len(), 1);
    // One that the registry does not know is recorded, and nobody pays.
    let stranger = json!({ "agent_id": "stranger", "cost_usd": 7 });
    let stranger = anyone.post(path).json(&stranger).send().await;
    assert_eq!(stranger.status.as_u16(), 201);
    assert_eq!(show(&anyone, "organisation").await["cost_used_usd"], 0.5);
    assert_eq!(told(&server, "rbac_decision").await.len(), 2);
}

/// The execution's status once it waits.
async fn waiting(client: &Client, execution: &str) -> Value {
    loop {
        let path = format!("/api/execution/{execution}/status");
        let status = client.get(path).send().await.ok();
        if status["status"] == "waiting" {
            return status;
        }
        assert_ne!(status["status"], "completed", "{status}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_waits_for_a_budget_and_goes_on_by_itself() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let cap = |cost: f64| json!({ "max_cost_usd": cost, "period": "life" });
    put(&anyone, "organisation", cap(1.0)).await.ok();
    let held = reserve(&anyone, json!({ "cost_usd": 0.75 })).await.json();
    let held = held["reservation_id"].as_str().unwrap().to_owned();
    let half = json!({ "reserved": 500_000, "used": 250_000 });
    // A returned reservation lets it go on.
    let first = anyone.submit("pay", half.clone()).await;
    waiting(&anyone, &first).await;
    let why = anyone.get(format!("/api/execution/{first}/why")).send();
    let why = why.await.ok();
    let summary = why["summary"].as_str().unwrap();
    assert!(summary.contains("the budget of organisation"), "{why}");
    assert!(
        why["next"].as_str().unwrap().contains("budgets raise"),
        "{why}"
    );
    anyone
        .delete(format!("/api/v1/budget/reservations/{held}"))
        .send()
        .await;
    let ended = anyone.ended(&first).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let all = show(&anyone, "organisation").await;
    assert_eq!(
        (&all["cost_used_usd"], &all["reservations"]),
        (&json!(0.25), &json!(0))
    );
    // A raised cap does, too, also after a restart.
    let big = json!({ "reserved": 2_000_000, "used": 1_000_000 });
    let second = anyone.submit("pay", big).await;
    waiting(&anyone, &second).await;
    let server = server.restarted().await;
    let anyone = server.anonymous();
    waiting(&anyone, &second).await;
    put(&anyone, "organisation", cap(3.0)).await.ok();
    let ended = anyone.ended(&second).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(show(&anyone, "organisation").await["cost_used_usd"], 1.25);
    // Where nothing waits, it fails and says why.
    let mut refusing = cap(1.25);
    refusing["waits"] = json!(false);
    put(&anyone, "organisation", refusing).await.ok();
    let third = anyone.submit("pay", half).await;
    let ended = anyone.ended(&third).await;
    assert_eq!(ended["status"], "failed", "{ended}");
    assert_eq!(ended["error_code"], "budget_exceeded", "{ended}");
    assert_eq!(show(&anyone, "organisation").await["reservations"], 0);
}
