//! `civitas approvals`, with an agent whose call is held until somebody decides.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::Server;

/// Sends JSON, and answers the body of the answer once it comes.
fn post(server: &Server, path: &str, body: &Value) -> JoinHandle<Value> {
    let host = server.address.strip_prefix("http://").unwrap().to_owned();
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        let mut socket = TcpStream::connect(host).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let (from, to) = (body.find('{').unwrap(), body.rfind('}').unwrap());
        serde_json::from_str(&body[from..=to]).unwrap()
    })
}

/// A server that knows the developer `ada`.
fn server() -> Server {
    let server = Server::start();
    let ada = json!({
        "name": "ada", "role": "developer", "capabilities": ["coding"], "rbac_allowed_tools": ["*"],
        "rbac_path_scopes": ["**"], "budget_max_tokens_per_session": 200_000,
        "budget_max_cost_per_day": 30.5, "metadata_category": "foundry",
    });
    let created = post(&server, "/api/v1/agents", &ada).join().unwrap();
    assert_eq!(created["name"], "ada", "{created}");
    server
}

/// Pushing to the main branch needs a person.
fn push(server: &Server, id: &str) -> JoinHandle<Value> {
    let event = json!({
        "session_id": "s", "hook_event_name": "PreToolUse", "cwd": "/work", "permission_mode": "default",
        "transcript_path": "/x.jsonl", "agent_type": "ada", "tool_name": "Bash", "tool_use_id": id,
        "tool_input": { "command": "git push origin main", "description": "publish" },
    });
    post(server, "/api/v1/hooks/claude-code", &event)
}

/// Waits until something waits, and answers its code.
fn code(server: &Server) -> String {
    loop {
        let page = server.run(["approvals", "list", "--json"]).ok().json();
        if let Some(code) = page["approvals"][0]["code"].as_str() {
            return code.to_owned();
        }
    }
}

fn decision(held: JoinHandle<Value>) -> String {
    let said = held.join().unwrap();
    said["hookSpecificOutput"]["permissionDecision"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn what_an_agent_asks_is_read_and_decided_from_the_command_line() {
    let server = server();
    let held = push(&server, "t1");
    let code_of_first = code(&server);
    let listed = server.run(["approvals", "list"]).ok();
    assert!(listed.out.contains(&code_of_first), "{}", listed.out);
    let shown = server.run(["approvals", "show", &code_of_first]).ok();
    for said in ["git push origin main", "publish", "ada", "/work", "human"] {
        assert!(shown.out.contains(said), "{said}: {}", shown.out);
    }
    let lower = code_of_first.to_lowercase();
    let approved = server.run(["approve", &lower]).ok();
    assert!(approved.err.contains("is approved"), "{}", approved.err);
    assert_eq!(decision(held), "allow");

    let held = push(&server, "t2");
    let second = code(&server);
    assert_ne!(second, code_of_first);
    server
        .run(["deny", &second, "--comment", "not on a Friday"])
        .ok();
    assert_eq!(decision(held), "deny");
    server.run(["deny", &second]).fails(1, "denied");
    server.run(["approve", "P99"]).fails(5, "P99");
    let held = push(&server, "t3");
    let third = code(&server);
    let withdrawn = server
        .run(["approvals", "withdraw", &third, "--comment", "by hand"])
        .ok();
    assert!(withdrawn.err.contains("is withdrawn"), "{}", withdrawn.err);
    assert_eq!(decision(held), "deny");
    let denied = server
        .run(["approvals", "list", "--state", "denied", "--json"])
        .ok()
        .json();
    assert_eq!(denied["approvals"][0]["code"], second.as_str());
    let nothing = server.run(["approvals", "list"]).ok();
    assert!(nothing.err.contains("nothing waits"), "{}", nothing.err);
}

#[test]
fn what_is_always_allowed_is_listed_and_taken_back() {
    let server = server();
    let held = push(&server, "t1");
    let waiting = code(&server);
    server
        .run(["approve", &waiting, "--always", "request", "--for", "7d"])
        .ok();
    assert_eq!(decision(held), "allow");
    assert_eq!(decision(push(&server, "t2")), "allow");
    let page = server
        .run(["approvals", "allowances", "--json"])
        .ok()
        .json();
    let allowance = &page["allowances"][0];
    assert_eq!(
        (&allowance["scope"], &allowance["uses"]),
        (&json!("request"), &json!(1))
    );
    let id = allowance["allowance_id"].as_str().unwrap();
    let listed = server.run(["approvals", "allowances"]).ok();
    assert!(listed.out.contains(id), "{}", listed.out);
    server.run(["approvals", "allowances", "--revoke", id]).ok();
    let page = server
        .run(["approvals", "allowances", "--json"])
        .ok()
        .json();
    assert_eq!(page["allowances"], json!([]));
}
