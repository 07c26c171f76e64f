//! `/api/v1/agents`, `/api/v1/registry` and `/api/v1/metrics`.

use axum::http::Method;
use civitas_model::Role;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::server::TestServer;

/// A body that registers an agent.
pub(crate) fn agent(name: &str) -> Value {
    json!({
        "name": name,
        "role": "developer",
        "capabilities": ["coding"],
        "rbac_allowed_tools": ["Read", "Write"],
        "rbac_path_scopes": ["src/**"],
        "budget_max_tokens_per_session": 200_000,
        "budget_max_cost_per_day": 30.5,
        "metadata_category": "foundry",
    })
}

async fn create(client: &Client, body: &Value) -> Answer {
    client.post("/api/v1/agents/").json(body).send().await
}

/// Registers an agent and answers its id.
async fn created(client: &Client, name: &str) -> String {
    let answer = create(client, &agent(name)).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
    answer.json()["agent_id"].as_str().unwrap().to_owned()
}

async fn get(client: &Client, path: &str) -> Value {
    client.get(path).send().await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_registered_shown_changed_and_taken_out() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let answer = create(&anyone, &agent("coder")).await;
    assert_eq!(answer.status.as_u16(), 201);
    let made = answer.json();
    let id = made["agent_id"].as_str().unwrap();
    assert_eq!(
        (id.len(), id.as_bytes()[14]),
        (36, b'4'),
        "a UUID of version 4"
    );
    assert_eq!(made["role_confidence"], 0.0);
    let rbac = json!({
        "allowed_tools": ["Read", "Write"], "denied_tools": [], "path_scopes": ["src/**"], "api_access": [],
        "requires_approval": false, "approval_threshold": 10.0,
    });
    assert_eq!(made["rbac"], rbac);
    assert_eq!(made["budget"]["max_cost_per_day"], 30.5);
    assert_eq!(made["budget"]["currency"], "USD");
    let metadata =
        json!({ "category": "foundry", "specialist": false, "version": "1.0.0", "tags": [] });
    assert_eq!(made["metadata"], metadata);
    let performance = json!({
        "success_rate": 0.0, "avg_execution_time_ms": 0.0, "quality_score": 0.0, "total_tasks_completed": 0,
    });
    assert_eq!(made["performance"], performance);
    assert_eq!(made["timestamps"]["last_active_at"], Value::Null);
    assert!(
        made["timestamps"]["created_at"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );

    let by_id = format!("/api/v1/agents/{id}");
    for path in [
        by_id.as_str(),
        &format!("{by_id}/"),
        "/api/v1/agents/name/coder",
        "/api/v1/agents/name/coder/",
    ] {
        assert_eq!(get(&anyone, path).await["agent_id"], id, "{path}");
    }
    let taken = create(&anyone, &agent("coder"))
        .await
        .problem(409, "already_exists");
    assert_eq!(taken["detail"], "Agent with name 'coder' already exists");

    let change = json!({ "role": "tester", "rbac_allowed_tools": ["Read"], "metadata_tags": ["x"], "rbac_requires_approval": true, "rbac_approval_threshold": 2.5 });
    let changed = anyone
        .request(Method::PUT, by_id.clone())
        .json(&change)
        .send()
        .await
        .ok();
    assert_eq!(changed["role"], "tester");
    assert_eq!(changed["rbac"]["allowed_tools"], json!(["Read"]));
    assert_eq!(
        changed["rbac"]["path_scopes"],
        json!(["src/**"]),
        "what is not sent stays"
    );
    assert_eq!(
        (
            &changed["rbac"]["requires_approval"],
            &changed["rbac"]["approval_threshold"]
        ),
        (&json!(true), &json!(2.5))
    );
    assert_eq!(changed["registry"]["revision"], 2);

    let gone = anyone.delete(by_id.clone()).send().await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    let missing = anyone
        .delete(by_id.clone())
        .send()
        .await
        .problem(404, "not_found");
    assert_eq!(missing["detail"], format!("Agent with ID '{id}' not found"));
    let missing = anyone
        .get("/api/v1/agents/name/coder")
        .send()
        .await
        .problem(404, "not_found");
    assert_eq!(missing["detail"], "Agent with name 'coder' not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_agent_is_said_place_by_place() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for (field, value, says) in [
        ("name", json!("Benchmark Suite"), "^[a-z0-9-]+$"),
        ("role", json!("wizard"), "must be one of"),
        ("role_confidence", json!(1.5), "from 0 to 1"),
        ("budget_max_tokens_per_session", json!(0), "from 1"),
        ("budget_max_cost_per_day", json!(0), "above 0"),
        ("budget_currency", json!("XXX"), "among USD"),
        ("metadata_category", json!(""), "a text of 1"),
        ("rbac_path_scopes", json!(["src/**", "["]), "not valid"),
        ("rbac_path_scopes", json!(["../x"]), "would match nothing"),
        (
            "capabilities",
            json!(["a", "\u{1b}[2J"]),
            "control characters",
        ),
    ] {
        let mut body = agent("x");
        body[field] = value;
        let problem = create(&anyone, &body)
            .await
            .problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert!(
            error["pointer"]
                .as_str()
                .unwrap()
                .starts_with(&format!("/{field}")),
            "{problem}"
        );
        assert!(
            error["detail"].as_str().unwrap().contains(says),
            "{problem}"
        );
    }
    let mut body = agent("x");
    body.as_object_mut().unwrap().remove("capabilities");
    create(&anyone, &body)
        .await
        .problem(422, "validation_failed");
    assert_eq!(get(&anyone, "/api/v1/agents").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_listed_filtered_and_counted_under_every_path() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    created(&anyone, "b").await;
    let mut special = agent("a");
    special["role"] = json!("tester");
    special["metadata_category"] = json!("quality");
    special["metadata_specialist"] = json!(true);
    create(&anyone, &special).await;
    for path in [
        "/api/v1/agents",
        "/api/v1/agents/",
        "/api/v1/agents/registry",
        "/api/v1/registry/agents",
    ] {
        let listed = get(&anyone, path).await;
        let names: Vec<&str> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["a", "b"], "{path}");
        let page = get(&anyone, &format!("{path}?skip=1&limit=1")).await;
        assert_eq!(page[0]["name"], "b");
        assert_eq!(
            get(&anyone, &format!("{path}?role=tester")).await[0]["name"],
            "a"
        );
    }
    for query in [
        "category=quality",
        "specialist=true",
        "lifecycle=active&role=tester",
    ] {
        let found = get(&anyone, &format!("/api/v1/agents?{query}")).await;
        assert_eq!(found.as_array().unwrap().len(), 1, "{query}");
    }
    for query in [
        "limit=0",
        "limit=501",
        "skip=-1",
        "role=wizard",
        "specialist=maybe",
    ] {
        let path = format!("/api/v1/agents?{query}");
        anyone
            .get(path)
            .send()
            .await
            .problem(422, "validation_failed");
    }
    let expected = json!({
        "total_agents": 2,
        "role_distribution": { "developer": 1, "tester": 1 },
        "category_distribution": { "foundry": 1, "quality": 1 },
        "specialists": 1,
        "generalists": 1,
    });
    assert_eq!(get(&anyone, "/api/v1/agents/stats/summary").await, expected);
}

/// Records two metrics of an agent, and answers the first as it was recorded.
async fn measure(anyone: &Client, id: &str) -> Value {
    let metric = json!({
        "agent_id": id, "metric_type": "execution", "execution_time_ms": 100, "success": true, "tokens_used": 1500,
        "cost_usd": 0.25, "quality_score": 90, "code_violations": 2, "api_calls": 3, "tasks_completed": 1,
        "context": { "task": "x" },
    });
    let recorded = anyone.post("/api/v1/metrics/").json(&metric).send().await;
    assert_eq!(recorded.status.as_u16(), 201, "{}", recorded.text());
    let recorded = recorded.json();
    assert_eq!(recorded["quality_score"], 0.9);
    assert_eq!(recorded["tasks_failed"], Value::Null);
    let second = json!({ "agent_id": id, "metric_type": "cost", "success": false, "cost_usd": 0.5, "tasks_failed": 1 });
    anyone.post("/api/v1/metrics").json(&second).send().await;
    recorded
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_moves_its_agent_in_the_same_commit() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let id = created(&anyone, "coder").await;
    let recorded = measure(&anyone, &id).await;
    let agent = get(&anyone, &format!("/api/v1/agents/{id}")).await;
    assert_eq!(agent["budget"]["tokens_used_today"], 1500);
    assert_eq!(agent["budget"]["cost_used_today"], 0.75);
    assert_eq!(agent["performance"]["success_rate"], 0.5);
    assert_eq!(agent["performance"]["quality_score"], 0.9);
    assert_eq!(agent["performance"]["total_tasks_completed"], 1);
    assert!(agent["timestamps"]["last_active_at"].is_string());

    let tenant = civitas_model::TenantId::trusted("default_tenant");
    let activity = server
        .state
        .store
        .activity_after(&tenant, 0, 9)
        .await
        .unwrap();
    let kinds: Vec<&str> = activity.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "metric_recorded",
            "budget_updated",
            "metric_recorded",
            "budget_updated"
        ]
    );
    let mut published = activity[0].data.clone();
    let named = published.as_object_mut().unwrap();
    let who = [named.remove("agent_name"), named.remove("role")];
    assert_eq!(who, [Some(json!("coder")), Some(json!("developer"))]);
    assert_eq!(
        published, recorded,
        "what is published is the row as it is answered, and whose it is"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_listed_and_added_up() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let id = created(&anyone, "coder").await;
    let summary = format!("/api/v1/metrics/agent/{id}/summary");
    let empty =
        json!({ "agent_id": id, "total_metrics": 0, "performance": {}, "cost": {}, "quality": {} });
    assert_eq!(get(&anyone, &summary).await, empty);
    let nothing = json!({
        "count": 0, "avg_execution_time_ms": 0.0, "success_rate": 0.0, "total_cost_usd": 0.0, "total_tokens_used": 0,
        "avg_quality_score": 0.0,
    });
    assert_eq!(get(&anyone, "/api/v1/metrics/aggregate").await, nothing);

    let recorded = measure(&anyone, &id).await;
    let listed = get(&anyone, "/api/v1/metrics").await;
    assert_eq!(listed[1], recorded, "newest first");
    assert_eq!(
        get(&anyone, "/api/v1/metrics?metric_type=cost")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let later = "/api/v1/metrics?start_date=2999-01-01T00:00:00";
    assert_eq!(get(&anyone, later).await, json!([]));
    anyone
        .get("/api/v1/metrics?start_date=lunch")
        .send()
        .await
        .problem(422, "validation_failed");

    let expected = json!({
        "count": 2, "avg_execution_time_ms": 100.0, "success_rate": 0.5, "total_cost_usd": 0.75,
        "total_tokens_used": 1500, "avg_quality_score": 0.9, "time_range_days": 30,
    });
    assert_eq!(
        get(&anyone, "/api/v1/metrics/aggregate?days=30").await,
        expected
    );
    let expected = json!({
        "overall_quality_score": 0.9, "total_code_violations": 2, "metrics_analyzed": 1, "period_days": 7,
    });
    assert_eq!(get(&anyone, "/api/v1/metrics/quality/").await, expected);
    let expected = json!({
        "total_tokens_used": 1500, "total_cost_usd": 0.75, "total_api_calls": 3, "period_days": 7,
    });
    let path = format!("/api/v1/metrics/resources/usage/?agent_id={id}");
    assert_eq!(get(&anyone, &path).await, expected);
    let expected = json!({
        "agent_id": id, "total_metrics": 2,
        "performance": {
            "avg_execution_time_ms": 100.0, "success_rate": 0.5, "total_tasks_completed": 1, "total_tasks_failed": 1,
        },
        "cost": { "total_cost_usd": 0.75, "total_tokens_used": 1500 },
        "quality": { "avg_quality_score": 0.9 },
    });
    assert_eq!(get(&anyone, &summary).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_that_is_wrong_or_of_nobody_is_refused() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let unknown = json!({ "agent_id": "nobody", "metric_type": "execution" });
    let refused = anyone.post("/api/v1/metrics").json(&unknown).send().await;
    assert_eq!(
        refused.problem(404, "not_found")["detail"],
        "Agent with ID 'nobody' not found"
    );
    anyone
        .get("/api/v1/metrics/agent/nobody/summary")
        .send()
        .await
        .problem(404, "not_found");
    let id = created(&anyone, "coder").await;
    for (field, value) in [
        ("tokens_used", json!(-1)),
        ("cost_usd", json!(-0.5)),
        ("quality_score", json!(101)),
        ("execution_time_ms", json!(-1)),
        ("context", json!("text")),
        ("metric_type", json!("")),
    ] {
        let mut body = json!({ "agent_id": id, "metric_type": "execution" });
        body[field] = value;
        let problem = anyone
            .post("/api/v1/metrics")
            .json(&body)
            .send()
            .await
            .problem(422, "validation_failed");
        assert_eq!(
            problem["errors"][0]["pointer"],
            format!("/{field}"),
            "{problem}"
        );
    }
    assert_eq!(get(&anyone, "/api/v1/metrics").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_read_workers_measure_and_administrators_decide() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let id = created(&operator, "coder").await;
    let viewer = server.member("viewer@x.example", Role::Viewer).await;
    let worker = server.member("worker@x.example", Role::User).await;
    let path = format!("/api/v1/agents/{id}");
    assert_eq!(get(&viewer, &path).await["name"], "coder");
    create(&worker, &agent("other"))
        .await
        .problem(403, "forbidden");
    let metric = json!({ "agent_id": id, "metric_type": "execution", "success": true });
    viewer
        .post("/api/v1/metrics")
        .json(&metric)
        .send()
        .await
        .problem(403, "forbidden");
    let recorded = worker.post("/api/v1/metrics").json(&metric).send().await;
    assert_eq!(recorded.status.as_u16(), 201);
    let active = worker.post(format!("{path}/activate")).send().await.ok();
    assert!(active["timestamps"]["last_active_at"].is_string());
    worker
        .post(format!("{path}/suspend"))
        .send()
        .await
        .problem(403, "forbidden");
    let suspended = operator.post(format!("{path}/suspend")).send().await.ok();
    assert_eq!(suspended["registry"]["lifecycle"], "suspended");
    worker
        .post(format!("{path}/activate"))
        .send()
        .await
        .problem(403, "forbidden");
    let active = operator.post(format!("{path}/activate/")).send().await.ok();
    assert_eq!(active["registry"]["lifecycle"], "active");
    operator.post(format!("{path}/retire")).send().await.ok();
    operator
        .post(format!("{path}/activate"))
        .send()
        .await
        .problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_imported_and_it_is_said_what_became_of_each() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let broken = "---\nname: broken\ndescription: Use this: always\nidentity:\n  agent_id: of-its-own\n  role: security\nrbac:\n  path_scopes:\n    - **\n---\nBody\n";
    let files = json!([
        { "path": "security/broken.md", "text": broken },
        { "path": "quality/plain.md", "text": "# Plain\n" },
        { "path": "README.md", "text": "# All of them\n" },
    ]);
    let import = async |dry_run: bool| {
        let body = json!({ "files": files, "dry_run": dry_run });
        anyone
            .post("/api/v1/registry/import")
            .json(&body)
            .send()
            .await
            .ok()
    };
    let dry = import(true).await;
    assert_eq!(dry["files"][0]["action"], "created");
    assert_eq!(get(&anyone, "/api/v1/agents").await, json!([]));
    let done = import(false).await;
    let expected =
        json!({ "total": 3, "repaired": 1, "synthesised": 1, "skipped": 1, "created": 2 });
    assert_eq!(done["summary"], expected);
    assert_eq!(
        done["files"][0]["repairs"].as_array().unwrap().len(),
        2,
        "{done}"
    );
    assert_eq!(done["files"][0]["agent"]["agent_id"], "of-its-own");
    assert_eq!(done["files"][1]["agent"]["lifecycle"], "draft");
    assert!(
        done["files"][2]["reason"]
            .as_str()
            .unwrap()
            .contains("README")
    );
    let agent = get(&anyone, "/api/v1/agents/of-its-own").await;
    assert_eq!(agent["rbac"]["path_scopes"], json!(["**"]));
    assert_eq!(agent["registry"]["source_path"], "security/broken.md");
    assert_eq!(import(false).await["summary"]["unchanged"], 2);
    let file = get(&anyone, "/api/v1/agents/of-its-own/file").await;
    assert_eq!(file["path"], "security/broken.md");
    assert!(
        file["text"]
            .as_str()
            .unwrap()
            .contains("description: Use this: always\n")
    );
    for body in [
        json!({ "files": [] }),
        json!({ "files": [{ "path": "", "text": "" }] }),
    ] {
        let refused = anyone
            .post("/api/v1/registry/import")
            .json(&body)
            .send()
            .await;
        refused.problem(422, "validation_failed");
    }
}
