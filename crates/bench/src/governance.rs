//! What governance does besides deciding over HTTP: policies alone, the audit log's verification, agents from files.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use civitas_audit::{
    Actor, Checkpoint, Frontier, Hash, NewEntry, SigningKey, Stored, Verifier, log_origin,
};
use civitas_model::{Clock as _, Id, SystemClock, SystemEntropy, TenantId};
use civitas_policy::{
    Agent, NoLinks, Outcome, Place, PolicySet, PolicySource, Request, Tables, ToolCall,
};
use serde_json::{Value, json};

use crate::cases::rate;
use crate::process::Process;
use crate::report::{Case, Report, Times, milliseconds};

/// Policies of the tenant, besides those of the tables.
const POLICIES: usize = 1_000;
/// Files of the import.
const FILES: usize = 200;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Decisions of each call.
    pub(crate) decisions: usize,
    /// Entries of the log.
    pub(crate) entries: u64,
}

pub(crate) async fn run(report: &mut Report, folder: &Path, sizes: Sizes) -> anyhow::Result<()> {
    policies(report, sizes.decisions)?;
    verification(report, sizes.entries)?;
    import(report, folder).await
}

/// A thousand policies of a tenant: by role and folder, by agent, by program, by interface, and one in twenty that
/// names nobody and so is looked at by every question of its action.
fn rules() -> anyhow::Result<String> {
    let mut text = String::new();
    let roles = ["developer", "backend", "frontend", "tester", "database"];
    for at in 0..POLICIES {
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
        writeln!(text, "@id(\"p{at}\") @reason(\"rule {at}\") {body};")?;
    }
    Ok(text)
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

/// Decisions without a server: the call taken apart, every question asked, the answer put together.
fn policies(report: &mut Report, decisions: usize) -> anyhow::Result<()> {
    let source = PolicySource {
        name: "rules.cedar".to_owned(),
        text: rules()?,
    };
    let began = Instant::now();
    let set = PolicySet::compile(Tables::defaults()?, &[source])?;
    let compiled = began.elapsed();
    report.add(Case {
        name: format!("policies compiled, {POLICIES} and the tables'"),
        count: Some(set.len()),
        per_second: Some(rate(set.len(), compiled)),
        figures: vec![("compiled_ms".to_owned(), milliseconds(compiled))],
        ..Case::default()
    });
    let edited = json!({ "file_path": "/work/src/area10/main.rs" });
    let six = "cd src && grep -rn todo area1 | sort | uniq -c > /work/tests/out && (git add -A; git commit -m 'x')";
    for (name, tool, input, outcome) in [
        ("Read", "Read", edited.clone(), Outcome::Allow),
        ("Edit, held", "Edit", edited, Outcome::Ask),
        (
            "an MCP tool",
            "mcp__github__create_issue",
            json!({}),
            Outcome::Allow,
        ),
        (
            "Bash, one command",
            "Bash",
            json!({ "command": "cargo test --workspace" }),
            Outcome::Allow,
        ),
        (
            "Bash, six commands and a file",
            "Bash",
            json!({ "command": six }),
            Outcome::Allow,
        ),
        (
            "Bash, 1 MB, refused",
            "Bash",
            json!({ "command": "echo a; ".repeat(1 << 17) }),
            Outcome::Deny,
        ),
    ] {
        let request = request(tool, input);
        decided(report, &set, (name, &request, outcome), decisions)?;
    }
    Ok(())
}

/// One call, decided so often; its outcome must be this one.
fn decided(
    report: &mut Report,
    set: &PolicySet,
    (name, request, outcome): (&str, &Request, Outcome),
    decisions: usize,
) -> anyhow::Result<()> {
    let decided = set.decide(request, &NoLinks);
    ensure!(
        decided.outcome == outcome,
        "{name}: {:?}: {}",
        decided.outcome,
        decided.reason
    );
    let mut times = Vec::with_capacity(decisions);
    let began = Instant::now();
    for _ in 0..decisions {
        let began = Instant::now();
        black_box(set.decide(request, &NoLinks));
        times.push(began.elapsed());
    }
    let elapsed = began.elapsed();
    let times = Times::of(times);
    let figures = [50, 99].into_iter().filter_map(|percent| {
        let figure = times.microseconds(percent)?;
        Some((format!("decided_p{percent}_us"), figure))
    });
    report.add(Case {
        name: format!("policy alone, {name}"),
        count: Some(decisions),
        per_second: Some(rate(decisions, elapsed)),
        figures: figures.collect(),
        ..Case::default()
    });
    Ok(())
}

/// A log in memory, with its bodies: entries, chain, tree and signature are checked.
fn verification(report: &mut Report, count: u64) -> anyhow::Result<()> {
    let tenant = Id::trusted("tenant");
    let (log, root) = log(&tenant, count);
    let key = SigningKey::from_secret(&[1; 32]);
    let note = Checkpoint {
        origin: log_origin("bench", &tenant),
        size: count,
        root,
    }
    .sign(&key);
    let began = Instant::now();
    let mut verifier = Verifier::new(&tenant, &[note], "bench", &key.public());
    for stored in &log {
        verifier.entry(stored);
    }
    let sound = verifier.finish().is_sound();
    let elapsed = began.elapsed();
    ensure!(sound, "the log that was just made is not sound");
    report.add(Case {
        name: "audit log verified, from memory".to_owned(),
        count: Some(log.len()),
        per_second: Some(rate(log.len(), elapsed)),
        ..Case::default()
    });
    Ok(())
}

fn log(tenant: &TenantId, count: u64) -> (Vec<Stored>, Hash) {
    let (clock, entropy) = (SystemClock, SystemEntropy);
    let (mut log, mut frontier, mut previous) = (Vec::new(), Frontier::default(), Hash::NONE);
    let body = json!({ "command": "cargo test", "path": "/work/src/lib.rs", "policy": "p-7" });
    for seq in 1..=count {
        let actor = Actor::new("agent", "018f6a5e-7b1a-7c3d-9e2f-000000000000");
        let new = NewEntry::new(&clock, &entropy, tenant, actor, "agent", "Bash")
            .on("session", "0190c2b4-0000-7000-8000-000000000001")
            .outcome("allow")
            .of_tool_use(format!("toolu_{seq:020}"))
            .with_body(&body, &entropy);
        let entry = new.at(seq, clock.now(), previous);
        previous = entry.hash();
        frontier.append(previous);
        log.push(Stored {
            entry,
            hash: previous,
            body: new.body,
        });
    }
    (log, frontier.root())
}

/// A file of an agent as they are found: with an identity, without one, and with front matter that is no YAML.
fn file(number: usize) -> Value {
    let said = match number % 4 {
        0 | 1 => {
            "identity:\n  role: developer\n  capabilities: [coding]\nrbac:\n  allowed_tools: [Read, Write]\n  path_scopes: [\"src/**\"]\n"
        }
        2 => "tools: Read, Grep\n",
        _ => "description: does this: and that\ncolor: **\n",
    };
    let text = format!(
        "---\nname: agent-{number}\n{said}---\n# Agent {number}\n\n{}",
        "It does its work as it is told to.\n".repeat(60)
    );
    json!({ "path": format!("foundry/agent-{number}.md"), "text": text })
}

/// Files that nobody knows yet, in one request: each read, mended, registered and audited.
async fn import(report: &mut Report, folder: &Path) -> anyhow::Result<()> {
    let process = Process::start(&folder.join("import")).await?;
    let mut client = process.client().await?;
    let files: Vec<Value> = (0..FILES).map(file).collect();
    let body = Bytes::from(json!({ "files": files }).to_string());
    let began = Instant::now();
    let answer = client.post("/api/v1/registry/import", body).await?;
    let elapsed = began.elapsed();
    let answer: Value = serde_json::from_slice(&answer)?;
    let done = answer["files"]
        .as_array()
        .context("no files are answered")?;
    let created = done.iter().filter(|one| one["action"] == "created");
    ensure!(
        created.count() == FILES,
        "not every file made an agent: {answer}"
    );
    report.add(Case {
        name: "agent files imported, in one request".to_owned(),
        count: Some(FILES),
        per_second: Some(rate(FILES, elapsed)),
        figures: vec![("imported_ms".to_owned(), milliseconds(elapsed))],
        ..Case::default()
    });
    process.kill().await
}
