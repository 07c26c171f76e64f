//! `/api/v1/policy` and `/api/v1/decisions`.

use std::time::Instant;

use civitas_governance::policies::{EventKey, recorded};
use civitas_model::{Role, TenantId};
use civitas_policy::{Agent, Place, Request, ToolCall};
use civitas_storage::{Changeset, DecisionChange};
use serde_json::{Value, json};

use crate::client::Client;
use crate::server::TestServer;

const VERSIONS: &str = "/api/v1/policy/versions";

/// Nobody writes below `src/ledger`, with a test that says so.
fn ledger() -> Value {
    let policy = "@id(\"ledger\")\n@reason(\"the ledger is closed\")\nforbid (principal, action == Action::\"write_path\", resource in Scope::\"src/ledger/**\");\n";
    let test = "[[test]]\nname = \"the ledger is closed\"\nrole = \"developer\"\ntool = \"Write\"\npath = \"src/ledger/a\"\nexpect = \"deny\"\npolicy = \"ledger\"\n";
    json!({
        "sources": [{ "name": "ledger.cedar", "text": policy }],
        "tests": [{ "name": "ledger.test.toml", "text": test }],
        "note": "the ledger",
    })
}

async fn check(client: &Client, body: Value) -> Value {
    client
        .post("/api/v1/policy/check")
        .json(&body)
        .send()
        .await
        .ok()
}

async fn outcome(client: &Client, role: &str, tool: &str, input: Value) -> String {
    let body = json!({ "role": role, "tool_name": tool, "tool_input": input });
    let said = check(client, body).await;
    said["outcome"].as_str().unwrap().to_owned()
}

async fn save(client: &Client, mut body: Value, based_on: u64, activate: bool) -> Value {
    body["based_on"] = json!(based_on);
    body["activate"] = json!(activate);
    let saved = client.post(VERSIONS).json(&body).send().await;
    assert_eq!(saved.status.as_u16(), 201, "{}", saved.text());
    saved.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_decides_from_the_answer_on_that_activates_it() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let write = || json!({ "file_path": "/work/src/ledger/a", "content": "x" });
    assert_eq!(
        outcome(&anyone, "developer", "Write", write()).await,
        "allow"
    );
    let saved = save(&anyone, ledger(), 0, false).await;
    assert_eq!(
        (saved["version"].as_u64(), saved["tests"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(
        outcome(&anyone, "developer", "Write", write()).await,
        "allow"
    );
    let path = format!("{VERSIONS}/1/activate");
    // Of a version that there is none of, as of any other that is not active.
    let wrong = anyone.post(&path).json(&json!({ "expected_active": 5 }));
    wrong.send().await.problem(409, "conflict");
    let body = json!({ "note": "now", "expected_active": 0 });
    let active = anyone.post(&path).json(&body).send().await.ok();
    assert_eq!(active["fingerprint"], saved["fingerprint"]);
    let said = check(
        &anyone,
        json!({ "role": "developer", "tool_name": "Write", "tool_input": write() }),
    )
    .await;
    assert_eq!(
        (said["outcome"].as_str(), said["version"].as_u64()),
        (Some("deny"), Some(1))
    );
    assert_eq!(said["decision"]["fingerprint"], saved["fingerprint"]);
    let applied = said["decision"]["policies"].as_array().unwrap();
    let ledger = applied.iter().find(|one| one["id"] == "ledger").unwrap();
    assert_eq!(ledger["source"], "ledger.cedar");
    // Without its say, back to what everyone starts with.
    let stale = anyone
        .post(format!("{VERSIONS}/0/activate"))
        .json(&body)
        .send()
        .await;
    stale.problem(409, "conflict");
    anyone
        .post(format!("{VERSIONS}/0/activate"))
        .send()
        .await
        .ok();
    assert_eq!(
        outcome(&anyone, "developer", "Write", write()).await,
        "allow"
    );
    let listed = anyone.get(VERSIONS).send().await.ok();
    assert_eq!(
        (listed["active"].as_u64(), listed["newest"].as_u64()),
        (Some(0), Some(1))
    );
    assert_eq!(listed["activations"].as_array().unwrap().len(), 2);
    for (version, number) in [("1", 1), ("active", 0), ("0", 0)] {
        let shown = anyone
            .get(format!("{VERSIONS}/{version}"))
            .send()
            .await
            .ok();
        assert_eq!(shown["version"], number);
    }
    for version in ["2", "-1", "+1", "x"] {
        let none = anyone.get(format!("{VERSIONS}/{version}")).send().await;
        none.problem(404, "not_found");
    }
    what_happened_is_told(&server, &anyone).await;
}

async fn what_happened_is_told(server: &TestServer, anyone: &Client) {
    let audit = anyone
        .get("/api/v1/audit?category=policy")
        .send()
        .await
        .ok();
    let entries = audit["entries"].as_array().unwrap();
    let actions: Vec<&str> = entries
        .iter()
        .map(|one| one["entry"]["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["activate_policies", "activate_policies", "save_policies"]
    );
    assert!(entries[0]["body"]["fingerprint"].is_string());
    let tenant = TenantId::trusted("default_tenant");
    let activity = server.state.store.activity_after(&tenant, 0, 9).await;
    let kinds: Vec<String> = activity.unwrap().into_iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["policy_activated", "policy_activated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_file_line_and_column() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let mut body = ledger();
    body["sources"][0]["text"] = json!("\n\nforbid (principal, action, resource);");
    body["tests"][0]["text"] = json!("[[test]]\nname = 1\n");
    for path in [VERSIONS, "/api/v1/policy/validate"] {
        let mut body = body.clone();
        if path != VERSIONS {
            body.as_object_mut().unwrap().remove("note");
        }
        let refused = anyone.post(path).json(&body).send().await;
        let problem = refused.problem(422, "validation_failed");
        let found = &problem["problems"][0];
        assert_eq!(
            (&found["file"], &found["line"], &found["column"]),
            (&json!("ledger.cedar"), &json!(3), &json!(1))
        );
        assert_eq!(problem["errors"][0]["pointer"], "/sources/0");
    }
    let tables = "[roles.developer]\nlevel = 8\n";
    let body = json!({ "tables": tables });
    let refused = anyone
        .post("/api/v1/policy/validate")
        .json(&body)
        .send()
        .await;
    let problem = refused.problem(422, "validation_failed");
    assert_eq!(problem["problems"][0]["file"], "tables.toml");
    assert_eq!(problem["errors"][0]["pointer"], "/tables");
    // Deeply nested, and too large.
    let nested = format!(
        "@id(\"n\") @reason(\"n\") forbid (principal, action, resource) when {{ {}true{} }};",
        "(".repeat(10_000),
        ")".repeat(10_000)
    );
    let body = json!({ "sources": [{ "name": "n.cedar", "text": nested }] });
    let refused = anyone
        .post("/api/v1/policy/validate")
        .json(&body)
        .send()
        .await;
    let problem = refused.problem(422, "validation_failed");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("nested deeper than"),
        "{problem}"
    );
    let body = json!({ "sources": [{ "name": "n.cedar", "text": " ".repeat(3 << 20) }] });
    let refused = anyone.post(VERSIONS).json(&body).send().await;
    assert!(
        refused.problem(422, "validation_failed")["detail"]
            .as_str()
            .unwrap()
            .contains("all files together")
    );
    let scope = "@id(\"s\") @reason(\"s\") forbid (principal, action == Action::\"write_path\", resource in Scope::\"{a,b}{c,d}{e,f}**/*/*\");";
    let body = json!({ "sources": [{ "name": "s.cedar", "text": scope }] });
    anyone
        .post(VERSIONS)
        .json(&body)
        .send()
        .await
        .problem(422, "validation_failed");
    let good = anyone
        .post("/api/v1/policy/validate")
        .json(&json!({}))
        .send()
        .await
        .ok();
    assert!(good["policies"].as_u64().unwrap() > 50);
    assert!(
        good["generated"]
            .as_str()
            .unwrap()
            .contains("role.developer.tools")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_changed_by_people_who_administer() {
    let server = TestServer::credentials().await;
    let operator = server.operator().await;
    let member = server.member("member@x.example", Role::User).await;
    let token = json!({ "name": "machine", "scopes": ["admin", "read", "write"] });
    let token = operator
        .post("/api/auth/tokens")
        .json(&token)
        .send()
        .await
        .ok();
    let machine = Client::new(server.address, token["token"].as_str().map(str::to_owned));
    for client in [&member, &machine] {
        let refused = client.post(VERSIONS).json(&ledger()).send().await;
        refused.problem(403, "forbidden");
        let refused = client.post(format!("{VERSIONS}/0/activate")).send().await;
        refused.problem(403, "forbidden");
        client.get(VERSIONS).send().await.ok();
    }
    save(&operator, ledger(), 0, true).await;
    // A second person who started from the same version.
    let mut second = ledger();
    second["based_on"] = json!(0);
    let refused = operator.post(VERSIONS).json(&second).send().await;
    let problem = refused.problem(409, "conflict");
    assert!(
        problem["detail"].as_str().unwrap().contains("`based_on` 1"),
        "{problem}"
    );
    let refused = operator.post(VERSIONS).json(&ledger()).send().await;
    refused.problem(409, "conflict");
    save(&operator, ledger(), 1, false).await;
    // A machine that only reports may ask.
    let token = json!({ "name": "hooks", "scopes": ["hooks"] });
    let token = operator
        .post("/api/auth/tokens")
        .json(&token)
        .send()
        .await
        .ok();
    let hooks = Client::new(server.address, token["token"].as_str().map(str::to_owned));
    let input = json!({ "file_path": "/work/src/ledger/a" });
    assert_eq!(outcome(&hooks, "developer", "Write", input).await, "deny");
    hooks.get(VERSIONS).send().await.problem(403, "forbidden");
}

const ROLES: &str =
    "admin developer coordinator security database backend reviewer frontend tester analyst";
/// Roles that see every path.
const EVERYWHERE: &str = "admin coordinator security reviewer analyst";

/// Tools by name, with the roles that may use them.
const TOOLS: [(&str, &str); 10] = [
    (
        "Grep",
        "admin developer coordinator security backend reviewer frontend tester analyst",
    ),
    (
        "Glob",
        "admin developer coordinator security backend reviewer frontend tester analyst",
    ),
    ("TodoWrite", "admin developer coordinator"),
    ("BashOutput", "admin developer backend"),
    ("WebSearch", "admin analyst"),
    ("WebFetch", "admin security analyst"),
    ("Task", "admin developer coordinator security backend"),
    ("Write", "admin developer backend tester"),
    ("Edit", "admin developer backend tester"),
    ("MultiEdit", "admin developer backend"),
];
/// Files, with the roles that read them besides those that see everything, and those that write them besides `admin`.
const FILES: [(&str, &str, &str); 10] = [
    (
        "tests/a",
        "developer backend tester",
        "developer backend tester",
    ),
    ("src/a", "developer", "developer"),
    ("config/a", "developer", "developer"),
    ("backend/a", "database backend", "database backend"),
    ("migrations/a", "database", "database"),
    ("src/api/a", "developer backend", "developer backend"),
    (
        "src/components/a",
        "developer frontend",
        "developer frontend",
    ),
    ("e2e/a", "tester", "tester"),
    ("x/a.test.js", "tester", "tester"),
    ("docs/a", "", ""),
];
/// Interfaces, with the roles that may use them.
const INTERFACES: [(&str, &str); 5] = [
    (
        "github",
        "admin developer security backend reviewer frontend tester analyst",
    ),
    ("gitlab", "admin developer backend"),
    ("memory-mcp", ROLES),
    ("flow-nexus", "admin coordinator"),
    ("connascence-analyzer", "admin security reviewer"),
];
/// Commands, with the roles that run them, and those that wait for a person.
const COMMANDS: [(&str, &str, &str); 7] = [
    ("ls", "admin developer database backend frontend tester", ""),
    ("rm tests/a", "developer backend tester", "admin"),
    ("rm -rf /", "", ""),
    (
        "git push origin main",
        "",
        "admin developer database backend frontend tester",
    ),
    ("make deploy-prod", "", "admin developer"),
    ("alembic -x env=prod upgrade head", "", "database"),
    ("civitas approve P7", "", ""),
];

/// What is asked, with the roles that are allowed, and those that have to ask; the others are denied.
type Row = (&'static str, Value, String, &'static str);

fn rows() -> Vec<Row> {
    let file = |path: &str| json!({ "file_path": format!("/work/{path}") });
    let mut rows: Vec<Row> = Vec::new();
    for (tool, roles) in TOOLS {
        let input = json!({
            "file_path": "/work/tests/a", "pattern": "x", "query": "x", "url": "https://example.com/",
            "subagent_type": "x",
        });
        rows.push((tool, input, roles.to_owned(), ""));
    }
    rows.push((
        "KillShell",
        json!({ "shell_id": "1" }),
        String::new(),
        "admin",
    ));
    for (path, readers, writers) in FILES {
        rows.push(("Read", file(path), format!("{EVERYWHERE} {readers}"), ""));
        rows.push(("Write", file(path), format!("admin {writers}"), ""));
    }
    rows.push(("Read", file("tests/.env"), "admin security".to_owned(), ""));
    for (api, roles) in INTERFACES {
        rows.push((
            format!("mcp__{api}__go").leak(),
            json!({}),
            roles.to_owned(),
            "",
        ));
    }
    for (command, allowed, asked) in COMMANDS {
        rows.push((
            "Bash",
            json!({ "command": command }),
            allowed.to_owned(),
            asked,
        ));
    }
    rows
}

/// The decision table of roles, tools, paths, interfaces, sub-agents, secrets and operations, asked cell by cell.
#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_roles_is_answered_as_it_is_written() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let mut wrong = Vec::new();
    for (tool, input, allowed, asked) in rows() {
        for role in ROLES.split(' ') {
            let listed = |roles: &str| roles.split(' ').any(|listed| listed == role);
            let expected = match (listed(&allowed), listed(asked)) {
                (true, _) => "allow",
                (_, true) => "ask",
                _ => "deny",
            };
            let said = outcome(&anyone, role, tool, input.clone()).await;
            if said != expected {
                wrong.push(format!("{role} {tool} {input}: {said}, not {expected}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_agent_is_judged_by_its_own_lists_and_its_budget() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let mut ada = crate::agents::agent("ada");
    ada["rbac_path_scopes"] = json!(["src/app/**"]);
    let ada = anyone.post("/api/v1/agents").json(&ada).send().await.json();
    let read = |agent: &Value, path: &str| json!({ "agent": agent, "tool_name": "Read", "tool_input": { "file_path": path } });
    for who in [json!("ada"), ada["agent_id"].clone()] {
        let inside = check(&anyone, read(&who, "/work/src/app/a")).await;
        assert_eq!(inside["outcome"], "allow", "{inside}");
        assert_eq!(inside["agent"]["name"], "ada");
        let scopes: Vec<&str> = inside["budgets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["scope"].as_str().unwrap())
            .collect();
        assert!(
            scopes.iter().any(|scope| scope.starts_with("agent:")),
            "{scopes:?}"
        );
        let outside = check(&anyone, read(&who, "/work/src/other")).await;
        assert_eq!(outside["outcome"], "deny", "{outside}");
        assert!(
            outside["reason"].as_str().unwrap().contains("its own")
                || outside["reason"].as_str().unwrap().contains("agent's own"),
            "{outside}"
        );
    }
    // What is left of its day is not enough.
    let spent = json!({
        "agent_id": ada["agent_id"], "metric_type": "cost", "cost_usd": ada["budget"]["max_cost_per_day"],
    });
    let recorded = anyone.post("/api/v1/metrics").json(&spent).send().await;
    assert_eq!(recorded.status.as_u16(), 201, "{}", recorded.text());
    let broke = check(&anyone, read(&json!("ada"), "/work/src/app/a")).await;
    assert_eq!(broke["outcome"], "deny", "{broke}");
    assert_eq!(broke["decision"]["step"], "budget");
    let nobody = read(&json!("nobody"), "/x");
    let held = check(&anyone, nobody).await;
    assert_eq!(held["outcome"], "ask", "{held}");
    assert_eq!(held["request"]["unregistered"], "nobody");
    let mut both = read(&json!("ada"), "/x");
    both["role"] = json!("admin");
    let refused = anyone.post("/api/v1/policy/check").json(&both).send().await;
    refused.problem(422, "validation_failed");
    let suspend = format!(
        "/api/v1/agents/{}/suspend",
        ada["agent_id"].as_str().unwrap()
    );
    anyone.post(suspend).send().await.ok();
    let asleep = check(&anyone, read(&json!("ada"), "/work/src/app/a")).await;
    assert_eq!(asleep["outcome"], "deny");
    assert!(
        asleep["reason"].as_str().unwrap().contains("suspended"),
        "{asleep}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_calls_get_a_clear_answer() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    let started = Instant::now();
    for (tool, input, expected) in [
        (
            "Bash",
            json!({ "command": "echo a; ".repeat(130_000) }),
            "deny",
        ),
        ("Bash", json!({ "command": "$(".repeat(20_000) }), "ask"),
        // To a shell this is the name of a program.
        ("Bash", json!({ "command": "{".repeat(30_000) }), "allow"),
        ("Bash", json!({ "command": "\u{0}\u{1}\u{7f}" }), "ask"),
        ("Read", json!({ "file_path": "../".repeat(3_000) }), "deny"),
        ("Glob", json!({ "pattern": "{a,".repeat(2_000) }), "allow"),
        ("Read", json!({ "file_path": ["a"] }), "deny"),
        ("WebFetch", json!({ "url": "javascript:alert(1)" }), "deny"),
        ("WebFetch", json!({ "url": "x".repeat(1 << 20) }), "deny"),
    ] {
        let body = json!({ "role": "admin", "tool_name": tool, "tool_input": &input });
        let said = check(&anyone, body).await;
        let shown: String = said["reason"].as_str().unwrap().chars().take(200).collect();
        let outcome = said["outcome"].as_str().unwrap();
        let start: String = input.to_string().chars().take(60).collect();
        assert!(
            outcome == expected,
            "{tool} {start} {expected}: {outcome}: {shown}"
        );
        assert!(said.to_string().len() < 700_000, "{tool}");
    }
    let long = check(&anyone, json!({ "role": "admin", "tool_name": "Bash", "tool_input": { "command": "x".repeat(1 << 20) } })).await;
    assert!(
        long["reason"]
            .as_str()
            .unwrap()
            .contains("the command has 1048576 bytes, and 65536 are read")
    );
    for body in [
        json!({}),
        json!({ "tool_name": "Bash", "facts": ["x".repeat(65)] }),
        json!({ "tool_name": "Bash", "facts": (0..65).map(|n| format!("f{n}")).collect::<Vec<_>>() }),
        json!({ "tool_name": "Bash", "place": { "root": 7 } }),
        json!({ "tool_name": "Bash", "surprise": true }),
    ] {
        let refused = anyone.post("/api/v1/policy/check").json(&body).send().await;
        refused.problem(422, "validation_failed");
    }
    let nested = format!(
        "{{\"tool_name\":\"x\",\"tool_input\":{}1{}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let refused = anyone
        .post("/api/v1/policy/check")
        .header("content-type", "application/json")
        .body(nested.into_bytes())
        .send()
        .await;
    refused.problem(400, "malformed_body");
    // Refused by what it announces: nobody has to send it first.
    let announced = format!(
        "POST /api/v1/policy/check HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        21 << 20
    );
    let answer = anyone.raw(announced.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(started.elapsed().as_secs() < 60);
}

/// Records what a developer was answered to a few writes, as the gate does.
async fn record(server: &TestServer, count: usize) {
    let tenant = TenantId::trusted("default_tenant");
    let policies = &server.state.policies;
    let set = policies.current(&tenant).await.unwrap();
    for number in 0..count {
        let folder = if number % 4 == 0 { "ledger" } else { "app" };
        let input =
            json!({ "file_path": format!("/work/src/{folder}/{number}"), "content": "secret" });
        let mut request = Request::new(ToolCall::new("Write", input), Place::at("/work"));
        request.agent = Some(Agent::new("ada", "developer"));
        let (request, decision) = policies.decide(&set, request).await.unwrap();
        let key = EventKey {
            session_id: if number < 2 { "first" } else { "second" },
            tool_use_id: &format!("u{number}"),
            event: "PreToolUse",
        };
        let answer = json!({ "outcome": "allow" });
        let id = format!("00000000-0000-7000-8000-{number:012}");
        let record = recorded(&tenant, id, key, &request, &decision, answer);
        let change = DecisionChange::Record(Box::new(record));
        server
            .state
            .store
            .commit(Changeset::new().with(change))
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_candidate_would_change_is_said_with_examples() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    record(&server, 12).await;
    let ask = async |body: Value| {
        let answer = anyone
            .post("/api/v1/policy/what-if")
            .json(&body)
            .send()
            .await;
        answer.ok()
    };
    let draft = json!({ "sources": ledger()["sources"], "days": 1 });
    let said = ask(draft.clone()).await;
    assert_eq!(
        (
            said["requests"].as_u64(),
            said["changed"].as_u64(),
            said["stricter"].as_u64()
        ),
        (Some(12), Some(3), Some(3))
    );
    assert_eq!(said["complete"], true);
    let group = &said["groups"][0];
    assert_eq!(
        (&group["agent"], &group["before"], &group["after"]),
        (&json!("ada"), &json!("allow"), &json!("deny"))
    );
    let example = &group["examples"][0];
    let policies = example["policies"].as_array().unwrap();
    assert!(
        policies.contains(&json!("role.developer.tools")),
        "{example}"
    );
    assert!(
        example["policies"].to_string().contains("ledger"),
        "{example}"
    );
    let id = example["id"].as_str().unwrap();
    let decision = anyone
        .get(format!("/api/v1/decisions/{id}"))
        .send()
        .await
        .ok();
    assert_eq!(decision["decision"]["outcome"], "allow");
    assert_eq!(
        decision["request"]["call"]["tool_input"]["file_path"],
        "/work/src/ledger/0"
    );
    save(&anyone, ledger(), 0, true).await;
    assert_eq!(ask(json!({ "version": 1 })).await["changed"], 3);
    assert_eq!(
        ask(json!({ "version": 1, "against": "active" })).await["changed"],
        0
    );
    assert_eq!(
        ask(json!({ "version": 0, "against": "active" })).await["stricter"],
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_is_none_is_refused() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    for (body, code) in [
        (json!({}), 422),
        (json!({ "version": 0, "tables": "" }), 422),
        (json!({ "version": 0, "days": 0 }), 422),
        (json!({ "version": 0, "days": 366 }), 422),
        (
            json!({ "sources": [{ "name": "a.cedar", "text": "x" }] }),
            422,
        ),
        (json!({ "version": 9 }), 404),
    ] {
        let refused = anyone
            .post("/api/v1/policy/what-if")
            .json(&body)
            .send()
            .await;
        assert_eq!(refused.status.as_u16(), code, "{body}: {}", refused.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_listed_filtered_and_paged() {
    let server = TestServer::development().await;
    let anyone = server.anonymous();
    record(&server, 7).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = anyone
            .get(format!("/api/v1/decisions?limit=3{cursor}"))
            .send()
            .await
            .ok();
        let decisions = page["decisions"].as_array().unwrap();
        seen.extend(
            decisions
                .iter()
                .map(|one| one["tool_use_id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["u6", "u5", "u4", "u3", "u2", "u1", "u0"]);
    for (query, count) in [
        ("agent_id=ada", 7),
        ("agent_name=ada", 7),
        ("agent_id=bob", 0),
        ("session_id=first", 2),
        ("outcome=deny", 0),
        ("tool_name=Write&outcome=allow", 7),
        ("since=2999-01-01T00:00:00Z", 0),
    ] {
        let page = anyone
            .get(format!("/api/v1/decisions?{query}"))
            .send()
            .await
            .ok();
        assert_eq!(
            page["decisions"].as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    for query in [
        "cursor=x",
        "cursor=-1-2",
        "limit=0",
        "since=lunch",
        "nonsense=1",
    ] {
        let refused = anyone
            .get(format!("/api/v1/decisions?{query}"))
            .send()
            .await;
        refused.problem(422, "validation_failed");
    }
    let none = anyone.get("/api/v1/decisions/nonesuch").send().await;
    none.problem(404, "not_found");
}
