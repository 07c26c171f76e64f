//! Measures decisions with 1,000 policies: `cargo run --release -p civitas-policy --example speed`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people at a terminal, which stops when something is wrong"
)]

use civitas_policy::{Agent, NoLinks, Place, PolicySet, PolicySource, Request, Tables, ToolCall};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};

const ROUNDS: usize = 4_000;

/// A thousand policies of a tenant: by role and folder, by agent, by program, by interface, and one in twenty that
/// names nobody and so is looked at by every question of its action.
fn policies() -> String {
    let mut text = String::new();
    let roles = ["developer", "backend", "frontend", "tester", "database"];
    for at in 0..1_000 {
        let role = roles[at % roles.len()];
        let body = match at % 20 {
            0 => format!(
                "forbid (principal, action == Action::\"write_path\", resource) when {{ resource.relative like \"src/area{at}/*/generated/*\" }}"
            ),
            1 => format!(
                "forbid (principal == Agent::\"agent{at}\", action == Action::\"run_command\", resource) when {{ resource.name == \"tool{at}\" }}"
            ),
            2 | 3 => format!(
                "forbid (principal in Role::\"{role}\", action == Action::\"run_command\", resource) when {{ resource.name == \"tool{at}\" }}"
            ),
            4..=6 => format!(
                "forbid (principal in Role::\"{role}\", action == Action::\"call_api\", resource in Api::\"server{at}\")"
            ),
            7..=9 => format!(
                "forbid (principal in Team::\"team{}\", action == Action::\"use_tool\", resource == Tool::\"Tool{at}\")",
                at % 7
            ),
            _ => format!(
                "@require(\"approval\") forbid (principal in Role::\"{role}\", action == Action::\"write_path\", resource in Scope::\"src/area{at}/**\")"
            ),
        };
        writeln!(text, "@id(\"p{at}\") @reason(\"rule {at}\") {body};").unwrap();
    }
    text
}

fn request(tool: &str, input: Value) -> Request {
    let mut agent = Agent::new("agent1", "developer");
    agent.teams = vec!["team1".to_owned()];
    let place = Place {
        home: Some("/home/agent".to_owned()),
        ..Place::at("/work")
    };
    Request {
        agent: Some(agent),
        ..Request::new(ToolCall::new(tool, input), place)
    }
}

fn main() {
    let source = PolicySource {
        name: "speed.cedar".to_owned(),
        text: policies(),
    };
    let started = Instant::now();
    let set = PolicySet::compile(Tables::defaults().unwrap(), &[source]).unwrap();
    println!(
        "{} policies compiled in {} ms",
        set.len(),
        started.elapsed().as_millis()
    );
    let megabyte = "echo a; ".repeat(1 << 17);
    for (name, request) in [
        (
            "Read",
            request("Read", json!({"file_path": "/work/src/area10/main.rs"})),
        ),
        (
            "Edit",
            request("Edit", json!({"file_path": "/work/src/area10/main.rs"})),
        ),
        ("mcp", request("mcp__github__create_issue", json!({}))),
        (
            "Bash: one command",
            request("Bash", json!({"command": "cargo test --workspace"})),
        ),
        (
            "Bash: six commands and a file",
            request(
                "Bash",
                json!({"command": "cd src && grep -rn todo area1 | sort | uniq -c > /work/tests/out && (git add -A; git commit -m 'x')"}),
            ),
        ),
        (
            "Bash: 1 MB, refused",
            request("Bash", json!({"command": megabyte})),
        ),
    ] {
        let mut times: Vec<Duration> = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let decision = set.decide(&request, &NoLinks);
            times.push(started.elapsed());
            std::hint::black_box(decision);
        }
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 1000].as_nanos() / 100;
        let micros = |tenths: u128| format!("{}.{} µs", tenths / 10, tenths % 10);
        println!(
            "{name}: p50 {}, p99 {}, {:?}",
            micros(at(500)),
            micros(at(990)),
            set.decide(&request, &NoLinks).outcome
        );
    }
}
