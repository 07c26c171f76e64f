//! `/api/v1/events`, `/api/v1/agent-activity` and `/api/v1/audit`.

use civitas_audit::{Checkpoint, Hash, leaf_hash, verify_consistency, verify_inclusion};
use civitas_model::Role;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::{PASSWORD, TestServer};

async fn ingest(client: &Client, event: &Value) -> Answer {
    let path = "/api/v1/events/ingest";
    client.post(path).json(event).send().await
}

async fn get(client: &Client, path: &str) -> Value {
    client.get(path).send().await.ok()
}

fn event() -> Value {
    json!({
        "agent_id": "a-1", "agent_name": "Ada's agent", "agent_role": "developer",
        "operation_type": "tool_call", "operation_detail": "Bash", "rbac_decision": "denied",
        "rbac_reason": "not its path", "target_resource": "/etc/shadow", "target_type": "file",
        "cost_usd": 0.25, "tokens_used": 12, "context": { "line": [1, 2.5] }, "tool_use_id": "use-1",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_did_is_kept_in_the_documented_shape() {
    let server = TestServer::development().await;
    let client = server.operator().await;
    let answer = ingest(&client, &event()).await;
    assert_eq!(answer.status.as_u16(), 201);
    let made: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(made["agent"]["agent_id"], "a-1");
    assert_eq!(made["agent"]["role"], "developer");
    assert_eq!(
        made["operation"],
        json!({ "type": "tool_call", "detail": "Bash" })
    );
    let target = json!({ "resource": "/etc/shadow", "type": "file" });
    assert_eq!(made["target"], target);
    assert_eq!(
        made["rbac"],
        json!({ "decision": "denied", "reason": "not its path" })
    );
    assert_eq!(
        (&made["cost"]["usd"], &made["cost"]["tokens_used"]),
        (&json!(0.25), &json!(12))
    );
    assert_eq!(made["context"], json!({ "line": [1, 2.5] }));
    assert!(made["timestamp"].as_str().unwrap().ends_with('Z'));

    let nothing = ingest(&client, &json!({ "something": "else" })).await;
    let nothing: Value = serde_json::from_slice(&nothing.body).unwrap();
    assert_eq!(nothing["agent"]["agent_id"], "unknown");
    assert_eq!(nothing["rbac"]["decision"], "unknown");

    let listed = get(&client, "/api/v1/events/audit").await;
    assert_eq!(listed, json!([nothing, made]));
    for (query, expected) in [
        ("/audit?agent_id=a-1", json!([made])),
        ("/audit?operation_type=unknown", json!([nothing])),
        ("/audit?rbac_decision=denied&limit=1", json!([made])),
        ("/audit?skip=1", json!([made])),
        ("/audit?agent_id=nobody", json!([])),
        ("/?limit=1", json!([nothing])),
        ("?offset=1&agent_id=a-1", json!([])),
    ] {
        let found = get(&client, &format!("/api/v1/events{query}")).await;
        assert_eq!(found, expected, "{query}");
    }
    let counted = get(&client, "/api/v1/events/audit/stats").await;
    let expected = json!({
        "total_operations": 2, "rbac_decisions": { "denied": 1, "unknown": 1 },
        "operation_types": { "tool_call": 1, "unknown": 1 }, "agent_roles": { "developer": 1 },
    });
    assert_eq!(counted, expected);
    let flat = get(&client, "/api/v1/agent-activity?agent_id=a-1&hours=1").await;
    let expected = json!([{
        "activity_id": made["audit_id"], "agent_id": "a-1", "agent_name": "Ada's agent",
        "operation_type": "tool_call", "operation_detail": "Bash", "rbac_decision": "denied",
        "timestamp": made["timestamp"], "cost_usd": 0.25, "tokens_used": 12,
    }]);
    assert_eq!(flat, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_refused() {
    let server = TestServer::development().await;
    let client = server.operator().await;
    for (event, pointer) in [
        (json!({ "agent_id": "x".repeat(257) }), "/agent_id"),
        (json!({ "rbac_decision": "a\u{0}b" }), "/rbac_decision"),
        (
            json!({ "operation_detail": "x".repeat(16_385) }),
            "/operation_detail",
        ),
        (json!({ "cost_usd": -1 }), "/cost_usd"),
        (
            json!({ "context": { "a": "x".repeat(140_000) } }),
            "/context",
        ),
        (json!({ "tokens_used": "many" }), "/tokens_used"),
    ] {
        let answer = ingest(&client, &event).await;
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status.as_u16(), 422, "{problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    for path in [
        "/events/audit?limit=0",
        "/events?limit=501",
        "/agent-activity?hours=169",
    ] {
        let answer = client.get(format!("/api/v1{path}")).send().await;
        assert_eq!(answer.status.as_u16(), 422, "{path}");
    }
    assert_eq!(get(&client, "/api/v1/events").await, json!([]));
}

fn hash(value: &Value) -> Hash {
    value.as_str().unwrap().parse().unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outsider_can_check_what_the_server_says() {
    let server = TestServer::with(|config| config.audit.entries = 1).await;
    let client = server.operator().await;
    for _ in 0..5 {
        ingest(&client, &event()).await;
    }
    let audit = "/api/v1/audit";
    let mut signed = json!({ "checkpoints": [] });
    while signed["checkpoints"][0]["size"] != 5 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        signed = get(&client, &format!("{audit}/checkpoints")).await;
    }
    let key = std::fs::read_to_string(server.data_dir().join("audit/public.key")).unwrap();
    let key = key.parse().unwrap();
    let note = signed["checkpoints"][0]["note"].as_str().unwrap();
    let checkpoint = Checkpoint::open(note, &key).unwrap();
    let proof = get(&client, &format!("{audit}/proof/inclusion?seq=3")).await;
    assert_eq!(
        (&proof["size"], &proof["checkpoint"]),
        (&json!(5), &json!(note))
    );
    let leaf = leaf_hash(proof["canonical"].as_str().unwrap().as_bytes());
    let path = hashes(&proof["proof"]);
    assert!(verify_inclusion(&leaf, 2, 5, &path, &checkpoint.root));
    assert!(!verify_inclusion(&leaf, 1, 5, &path, &checkpoint.root));
    let grown = get(
        &client,
        &format!("{audit}/proof/consistency?first=2&second=5"),
    )
    .await;
    let [old, new] = ["first_root", "second_root"].map(|name| hash(&grown[name]));
    assert_eq!(new, checkpoint.root);
    assert!(verify_consistency(
        2,
        5,
        &hashes(&grown["proof"]),
        &old,
        &new
    ));
    for (path, status) in [
        ("/proof/inclusion?seq=9", 404),
        ("/proof/inclusion", 422),
        ("/proof/inclusion?seq=3&size=2", 422),
        ("/proof/inclusion?seq=3&size=6", 422),
        ("/proof/consistency?first=5&second=2", 422),
        ("/proof/consistency?first=2&second=6", 422),
    ] {
        let answer = client.get(format!("{audit}{path}")).send().await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
    }
    let stats = get(&client, &format!("{audit}/stats")).await;
    assert_eq!(
        (&stats["entries"], &stats["signed"]),
        (&json!(5), &json!(5))
    );
    assert_eq!(stats["root"], json!(checkpoint.root));
}

/// Category, action and outcome of each entry, oldest first.
async fn told(client: &Client) -> Vec<String> {
    let page = get(client, "/api/v1/audit?limit=500").await;
    let mut told: Vec<String> = page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            let entry = &found["entry"];
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            format!(
                "{} {} {}",
                text("category"),
                text("action"),
                text("outcome")
            )
        })
        .collect();
    told.reverse();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_who_may_do_what_is_in_the_log() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let viewer = server.member("viewer@x.example", Role::Viewer).await;
    let wrong = json!({ "email": "viewer@x.example", "password": "not the right one" });
    let refused = server.anonymous().post("/api/auth/login").json(&wrong);
    refused.send().await.problem(401, "authentication_failed");
    let token = json!({ "name": "machine", "scopes": ["read"] });
    let token = operator.post("/api/auth/tokens").json(&token).send();
    let token = token.await.ok()["token_id"].clone();
    let path = format!("/api/auth/tokens/{}", token.as_str().unwrap());
    operator.delete(path).send().await;
    let invitation = json!({ "role": "user", "email": "new@x.example" });
    let invited = operator.post("/api/auth/invitations").json(&invitation);
    invited.send().await.ok();
    let execution = operator.submit("hold", json!({ "seconds": 3600 })).await;
    let cancel = format!("/api/execution/{execution}/cancel");
    operator.post(cancel).send().await.ok();
    viewer.post("/api/auth/logout").send().await;
    let expected = [
        "auth set_up done",
        "auth sign_in done",
        "auth create_user done",
        "auth sign_in done",
        "auth sign_in refused",
        "auth create_service_token done",
        "auth revoke_service_token done",
        "auth invite done",
        "execution cancel done",
        "auth sign_out done",
    ];
    // Nobody waits for the record of a refused sign-in: its place may be another.
    let mut found = told(&operator).await;
    while found.len() < expected.len() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        found = told(&operator).await;
    }
    found.sort();
    let mut sorted = expected.map(str::to_owned);
    sorted.sort();
    assert_eq!(found, sorted);
    let page = get(&operator, "/api/v1/audit?action=invite").await;
    assert_eq!(
        page["entries"][0]["body"],
        json!({ "email": "new@x.example" })
    );
    assert_eq!(page["entries"][0]["entry"]["subject"]["id"], "user");
    assert_eq!(page["next_cursor"], Value::Null);
    assert!(
        !page["entries"][0]["entry"]
            .to_string()
            .contains("x.example"),
        "only bodies are personal"
    );
    assert!(!told(&operator).await.join(" ").contains(PASSWORD));

    let stranger = server.user("stranger@x.example").await;
    stranger
        .get("/api/v1/audit")
        .send()
        .await
        .problem(403, "forbidden");
    let member = server.member("user@x.example", Role::User).await;
    member
        .get("/api/v1/audit")
        .send()
        .await
        .problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_personal_is_erased_and_pages_go_on() {
    let server = TestServer::development().await;
    let client = server.operator().await;
    for number in 0..6 {
        let mut event = event();
        event["agent_id"] = json!(format!("a-{}", number % 2));
        ingest(&client, &event).await;
    }
    let erase = async |body: Value| {
        let path = "/api/v1/audit/erasures";
        client.post(path).json(&body).send().await
    };
    let gone = erase(json!({ "id": "a-1", "reason": "they asked" })).await;
    assert_eq!(gone.ok(), json!({ "erased": 3 }));
    assert_eq!(
        erase(json!({ "entries": [1, 2, 99] })).await.ok(),
        json!({ "erased": 1 })
    );
    assert_eq!(
        erase(json!({ "id": "a-1" })).await.ok(),
        json!({ "erased": 0 })
    );
    for wrong in [json!({}), json!({ "id": "a", "entries": [1] })] {
        erase(wrong).await.problem(422, "validation_failed");
    }
    let listed = get(&client, "/api/v1/events/audit?agent_id=a-1").await;
    assert_eq!(
        listed[0]["operation"],
        json!({ "type": "tool_call", "detail": null })
    );
    assert_eq!(listed[0]["agent"]["name"], Value::Null);
    let mut numbers = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(&client, &format!("/api/v1/audit?limit=3{cursor}")).await;
        for found in page["entries"].as_array().unwrap() {
            numbers.push((
                found["entry"]["seq"].as_u64().unwrap(),
                found["body_dropped"].as_bool().unwrap(),
            ));
        }
        match page["next_cursor"].as_u64() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let dropped = [1, 2, 4, 6];
    let expected: Vec<(u64, bool)> = (1..=8)
        .rev()
        .map(|seq| (seq, dropped.contains(&seq)))
        .collect();
    assert_eq!(numbers, expected);
    let erasures = get(&client, "/api/v1/audit?category=audit&action=erase_bodies").await;
    assert_eq!(erasures["entries"][1]["entry"]["subject"]["id"], "2,4,6");
    assert_eq!(erasures["entries"][1]["body"]["reason"], "they asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_known_agent_did_is_found_by_what_the_registry_says_of_it() {
    let server = TestServer::development().await;
    let client = server.operator().await;
    let body = crate::agents::agent("coder");
    let made = client.post("/api/v1/agents").json(&body).send().await;
    let id = made.json()["agent_id"].as_str().unwrap().to_owned();
    for said in [
        json!({ "agent_id": "coder", "agent_role": "wizard" }),
        json!({ "agent_name": "coder" }),
        json!({ "agent_id": id }),
    ] {
        let made = ingest(&client, &said).await;
        let made: Value = serde_json::from_slice(&made.body).unwrap();
        assert_eq!(made["agent"]["agent_id"], id, "{said}");
        assert_eq!(made["agent"]["name"], "coder", "{said}");
        assert_eq!(made["agent"]["role"], body["role"], "{said}");
    }
    let path = format!("/api/v1/events/audit?agent_id={id}");
    let found = get(&client, &path).await;
    assert_eq!(found.as_array().unwrap().len(), 3);
}
