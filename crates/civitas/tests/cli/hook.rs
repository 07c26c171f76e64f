//! `civitas hook`: what passes, what is held back, and that nothing passes by accident.

use std::io::Write;
use std::process::{Command, Stdio};

use civitas_hooks::{Answer, CORPUS, Event, Name, OnFailure};
use serde_json::{Value, json};

use crate::Ran;
use crate::stand_in::{Home, Manner, StandIn};

/// Runs a command with an input, whose end does not come before the command's.
fn feed(command: &mut Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that has made up its mind need not read on.
    drop(stdin.write_all(input.as_bytes()));
    if input.trim_end().ends_with('}') {
        let ran = child.wait_with_output().unwrap().into();
        drop(stdin);
        return ran;
    }
    drop(stdin);
    child.wait_with_output().unwrap().into()
}

pub(crate) fn hook(address: &str, arguments: &[&str], input: &str) -> Ran {
    let home = Home::with_claude(None);
    let mut command = home.command();
    command
        .arg("hook")
        .args(arguments)
        .env("CIVITAS_SERVER", address);
    feed(&mut command, input)
}

fn recorded(name: &str) -> &'static str {
    CORPUS
        .iter()
        .find(|recorded| recorded.name == name)
        .unwrap()
        .json
}

pub(crate) fn call(command: &str) -> String {
    let mut event: Value = serde_json::from_str(recorded("pre-tool-use")).unwrap();
    event["tool_input"]["command"] = json!(command);
    event.to_string()
}

#[test]
fn what_is_denied_ends_with_two_and_what_is_not_with_nothing() {
    let server = StandIn::start(Manner::Right);
    let passed = hook(&server.address, &["pre-tool-use"], &call("ls")).ok();
    assert_eq!(
        passed.json()["hookSpecificOutput"]["permissionDecision"],
        "allow"
    );
    let denied = hook(&server.address, &["pre-tool-use"], &call("rm -rf /"))
        .fails(2, "nobody removes everything");
    assert_eq!(
        denied.json()["hookSpecificOutput"]["permissionDecision"],
        "deny"
    );
    assert_eq!(denied.err, "civitas: nobody removes everything\n");
    // Without the event's name it is known from the event.
    hook(&server.address, &[], &call("rm -rf /")).fails(2, "nobody removes everything");
    assert_eq!(server.events().len(), 3);
}

#[test]
fn every_recorded_event_arrives_as_it_was() {
    let server = StandIn::start(Manner::Right);
    let mut count = 0;
    for recorded in CORPUS
        .iter()
        .filter(|recorded| !recorded.name.contains('.'))
    {
        if recorded.name == "worktree-create" {
            hook(&server.address, &[], recorded.json).fails(2, "take it out of the settings");
            continue;
        }
        let passed = hook(&server.address, &[], recorded.json).ok();
        let event = Event::parse(serde_json::from_str(recorded.json).unwrap()).unwrap();
        let allow = Answer::Allow {
            reason: String::new(),
            updated_input: None,
        };
        assert_eq!(passed.json(), allow.render(&event), "{}", recorded.name);
        count += 1;
    }
    let events = server.events();
    assert_eq!(events.len(), count);
    for (event, _) in events {
        let sent = |recorded: &&civitas_hooks::Recorded| {
            serde_json::from_str::<Value>(recorded.json).unwrap() == event
        };
        assert!(CORPUS.iter().any(|recorded| sent(&recorded)), "{event}");
    }
}

/// Each way in which an answer can be missing, and what is said about it.
const MISHAPS: [(Manner, &str); 14] = [
    (Manner::Status(500), "no"),
    (Manner::Status(404), "knows no hooks"),
    (Manner::Status(401), "agents install claude-code"),
    (
        Manner::Text("<html>welcome</html>"),
        "does not answer like a Civitas server",
    ),
    (Manner::Text("[]"), "does not answer like a Civitas server"),
    (
        Manner::Text(
            "{\"hookSpecificOutput\":{\"hookEventName\":\"Stop\",\"permissionDecision\":\"allow\"}}",
        ),
        "does not answer like",
    ),
    (
        Manner::Text(
            "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",\"permissionDecision\":\"yes\"}}",
        ),
        "does not answer like",
    ),
    (Manner::Silent, "did not answer within"),
    // What decides nothing is as if there were no policy.
    (Manner::Empty, "does not answer like"),
    (Manner::Text(""), "does not answer like"),
    (Manner::Text("{}"), "does not answer like"),
    (Manner::Text("{\"a\":1}"), "does not answer like"),
    (Manner::Long(2 << 20), "more than 1048576 bytes"),
    (Manner::Elsewhere("/allow"), "307"),
];

#[test]
fn without_an_answer_an_event_is_held_back_if_it_can_be() {
    let server = StandIn::start(Manner::Right);
    for (manner, says) in MISHAPS {
        server.behave(manner);
        let ran = hook(&server.address, &["--timeout", "1"], &call("ls")).fails(2, says);
        assert!(
            ran.err
                .contains("refused, because Civitas could not decide"),
            "{}",
            ran.err
        );
        assert_eq!(ran.out, "", "{manner:?}");
        // Where the person at the client is being asked already, nothing need be said.
        let is_object = matches!(manner, Manner::Text("{}" | "{\"a\":1}"));
        if manner == Manner::Silent || is_object {
            continue;
        }
        let ran = hook(&server.address, &[], recorded("permission-request")).ok();
        let decision = &ran.json()["hookSpecificOutput"]["decision"];
        assert_eq!(decision["behavior"], "deny", "{manner:?}");
    }
    // Of what may go on without a decision, an answer there must be all the same.
    server.behave(Manner::Text("{}"));
    hook(&server.address, &[], recorded("user-prompt-submit")).ok();
    server.behave(Manner::Empty);
    hook(&server.address, &[], recorded("user-prompt-submit")).fails(2, "does not answer like");
}

#[test]
fn without_a_server_each_event_ends_as_it_should() {
    let nobody = "http://127.0.0.1:1";
    for name in Name::ALL {
        let ran = hook(nobody, &[], recorded(&name.kebab()));
        match name.on_failure() {
            OnFailure::Block => drop(ran.fails(2, "refused")),
            OnFailure::Deny => {
                let ran = ran.ok();
                assert_eq!(
                    ran.json()["hookSpecificOutput"]["decision"]["behavior"],
                    "deny"
                );
            }
            OnFailure::Proceed => {
                let ran = ran.ok();
                assert!(
                    ran.err.contains("not reported to Civitas"),
                    "{name:?}: {}",
                    ran.err
                );
                let is_told = ran.out.contains("systemMessage");
                assert_eq!(is_told, name == Name::SessionStart, "{name:?}: {}", ran.out);
            }
        }
    }
    hook(nobody, &[], recorded("unknown-event")).fails(2, "cannot be reached");
}

#[test]
fn what_is_no_event_is_held_back() {
    let server = StandIn::start(Manner::Right);
    let long = format!("{{\"a\":\"{}", "a".repeat(17 << 20));
    for (input, says) in [
        ("", "there is no event"),
        ("  \n", "there is no event"),
        ("PreToolUse", "is not whole JSON"),
        ("{\"session_id\":\"s\",", "is not whole JSON"),
        ("[1]", "is a JSON object"),
        ("{\"session_id\":\"s\"}", "`hook_event_name`"),
        ("{\"hook_event_name\":\"PreToolUse\"}", "`session_id`"),
    ] {
        hook(&server.address, &["pre-tool-use"], input).fails(2, says);
        hook(&server.address, &[], input).fails(2, says);
        hook(&server.address, &["something-new"], input).fails(2, says);
    }
    hook(&server.address, &[], &long).fails(2, "over 16777216 bytes");
    let denied = hook(&server.address, &["permission-request"], "").ok();
    assert_eq!(
        denied.json()["hookSpecificOutput"]["decision"]["behavior"],
        "deny"
    );
    hook(&server.address, &["stop"], "").ok();
    // What cannot be typed is held back as well.
    hook(
        &server.address,
        &["pre-tool-use", "--nonsense"],
        &call("ls"),
    )
    .fails(2, "--nonsense");
    assert_eq!(server.events().len(), 0);
}

#[test]
fn a_halted_session_hears_it_from_every_event() {
    let server = StandIn::start(Manner::Text(
        "{\"continue\":false,\"stopReason\":\"stopped by ada\"}",
    ));
    for name in [
        "pre-tool-use",
        "post-tool-use",
        "user-prompt-submit",
        "stop",
    ] {
        let halted = hook(&server.address, &[], recorded(name)).ok();
        assert_eq!(halted.json()["continue"], false, "{name}");
    }
}

#[test]
fn the_installed_token_goes_to_the_installed_server_only() {
    let (server, other) = (StandIn::start(Manner::Right), StandIn::start(Manner::Right));
    let home = Home::with_claude(None);
    home.write(
        &json!({ "env": { "CIVITAS_SERVER": server.address, "CIVITAS_TOKEN": "t1" } }).to_string(),
    );
    let run = |command: &mut Command| feed(command.arg("hook"), &call("ls")).ok();
    run(&mut home.command());
    run(home.command().env("CIVITAS_SERVER", &server.address));
    run(home.command().env("CIVITAS_SERVER", &other.address));
    run(home
        .command()
        .env("CIVITAS_SERVER", &other.address)
        .env("CIVITAS_TOKEN", "t2"));
    let credentials = |server: &StandIn| -> Vec<Option<String>> {
        server
            .events()
            .into_iter()
            .map(|(_, credential)| credential)
            .collect()
    };
    assert_eq!(
        credentials(&server),
        [Some("Bearer t1".to_owned()), Some("Bearer t1".to_owned())]
    );
    assert_eq!(credentials(&other), [None, Some("Bearer t2".to_owned())]);
}
