//! `civitas agents selftest`: it passes where hooks bind, and fails where they do not.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::Server;
use crate::stand_in::{Home, Manner, StandIn};

const SELFTEST: &[&str] = &["agents", "selftest"];
const MACHINE: &[&str] = &["agents", "selftest", "--json"];

/// What became of a check.
fn status(report: &Value, check: &str) -> String {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|row| row["check"] == check).unwrap();
    found["status"].as_str().unwrap().to_owned()
}

#[test]
fn hooks_that_bind_pass() {
    let (server, home) = (
        StandIn::start(Manner::Right),
        Home::with_claude(Some("2.1.329")),
    );
    home.install(&server, &[]).ok();
    let passed = home.run(&server, SELFTEST).ok();
    assert!(
        passed.out.contains("✓") && !passed.out.contains('✗') && !passed.out.contains('–'),
        "{}",
        passed.out
    );
    assert!(passed.err.contains("agents are bound by"), "{}", passed.err);
    let report = home.run(&server, MACHINE).ok().json();
    assert_eq!(report["passed"], true);
    let credential = |(_, credential): (Value, Option<String>)| {
        credential.as_deref() == Some("Bearer secret-of-token-1")
    };
    assert!(server.events().into_iter().all(credential));
}

#[test]
fn a_server_that_allows_everything_fails() {
    let (server, home) = (StandIn::start(Manner::Lax), Home::with_claude(None));
    let ran = home.run(&server, MACHINE).fails(1, "checks failed");
    let report = ran.json();
    assert_eq!(report["passed"], false);
    for check in [
        "deny",
        "deny: sub-agent",
        "deny: prompt",
        "command: deny",
        "halt",
    ] {
        assert_eq!(status(&report, check), "failed", "{check}");
    }
    for check in ["all events", "command: away", "command: garbage"] {
        assert_eq!(status(&report, check), "passed", "{check}");
    }
    assert_eq!(status(&report, "claude"), "skipped");
    home.run(&server, SELFTEST).fails(1, "agents are not bound");
}

#[test]
fn a_server_that_answers_nonsense_fails() {
    let (server, home) = (
        StandIn::start(Manner::Text("{\"decision\":\"approve\"}")),
        Home::with_claude(None),
    );
    let report = home.run(&server, MACHINE).fails(1, "checks failed").json();
    assert_eq!(status(&report, "all events"), "failed");
}

#[test]
fn settings_that_do_not_bind_fail() {
    let (server, other) = (StandIn::start(Manner::Right), StandIn::start(Manner::Right));
    let home = Home::with_claude(Some("2.1.329"));
    let settings = |server: &StandIn| {
        let report = home.run(server, MACHINE).fails(1, "1 of").json();
        let row = report["checks"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(row["check"], "settings");
        row["text"].as_str().unwrap().to_owned()
    };
    assert!(settings(&server).contains("not installed here"));
    home.install(&other, &[]).ok();
    assert!(settings(&server).contains("they point to"));
    home.install(&server, &[]).ok();
    home.run(&server, SELFTEST).ok();
    let installed = home.text();
    for (from, to, says) in [
        (
            "\"onFailure\": \"block\"",
            "\"onFailure\": \"allow\"",
            "passes when its hook fails",
        ),
        (
            "\"matcher\": \"*\"",
            "\"matcher\": \"Bash\"",
            "nothing is sent of PreToolUse",
        ),
        (
            "\"PreToolUse\"",
            "\"PreToolUsed\"",
            "nothing is sent of PreToolUse",
        ),
        ("{\n", "{\n  \"disableAllHooks\": true,\n", "turns them off"),
    ] {
        assert!(installed.contains(from));
        home.write(&installed.replacen(from, to, 1));
        let said = settings(&server);
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn http_hooks_of_an_old_client_fail() {
    let (server, home) = (
        StandIn::start(Manner::Right),
        Home::with_claude(Some("2.1.329")),
    );
    home.install(&server, &[]).ok();
    let script = home.path("bin/claude");
    let text = std::fs::read_to_string(&script)
        .unwrap()
        .replace("2.1.329", "2.1.294");
    std::fs::write(&script, text).unwrap();
    let report = home.run(&server, MACHINE).fails(1, "1 of").json();
    assert_eq!(status(&report, "settings"), "failed");
    home.install(&server, &[]).ok();
    home.run(&server, SELFTEST).ok();
}

#[test]
fn without_a_server_there_is_nothing_to_test() {
    let home = Home::with_claude(None);
    let mut command = home.command();
    command
        .args(SELFTEST)
        .env("CIVITAS_SERVER", "http://127.0.0.1:1");
    let ran: crate::Ran = command.output().unwrap().into();
    ran.fails(3, "cannot reach");
}

#[test]
fn a_real_server_binds_a_real_installation() {
    let server = Server::start();
    for version in ["2.1.329", "2.1.200"] {
        let home = Home::with_claude(Some(version));
        let run = |arguments: &[&str]| -> crate::Ran {
            let mut command = home.command();
            command
                .args(arguments)
                .env("CIVITAS_SERVER", &server.address);
            command.output().unwrap().into()
        };
        run(&["agents", "install", "claude-code"]).ok();
        let passed = run(SELFTEST).ok();
        assert!(
            !passed.out.contains('✗') && !passed.out.contains('–'),
            "{}",
            passed.out
        );
        let listed = || run(&["token", "list", "--json"]).ok().json()["tokens"].clone();
        let made = listed()[0].clone();
        assert_eq!(made["scopes"], serde_json::json!(["hooks"]));
        assert_eq!(made["revoked_at"], Value::Null);
        run(&["agents", "install", "claude-code", "--uninstall"]).ok();
        assert!(!home.settings().exists());
        assert_ne!(listed()[0]["revoked_at"], Value::Null);
    }
    // Nothing is left behind that stops, waits or is to be taken on.
    for path in [
        "halts",
        "approvals?state=pending",
        "agents/unregistered",
        "agents/sessions?open=true",
    ] {
        let answer = get(&server, path);
        let body = answer.split("\r\n\r\n").last().unwrap();
        assert!(body.contains("[]"), "{path}: {answer}");
    }
}

fn get(server: &Server, path: &str) -> String {
    let host = server.address.strip_prefix("http://").unwrap();
    let mut asked = TcpStream::connect(host).unwrap();
    write!(
        asked,
        "GET /api/v1/{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    asked.read_to_string(&mut answer).unwrap();
    answer
}
