//! The recorded events: each is read, none is forgotten, and each answer to each of them is written down.
//!
//! `UPDATE_GOLDEN=1 cargo nextest run -p civitas-hooks` writes the answers again: read the difference as the client would.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "corpus/schema.rs"]
mod schema;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use civitas_hooks::{Answer, CORPUS, Event, EventKind, Name, Recorded, Verdict};
use serde_json::{Map, Value, json};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn event(recorded: &Recorded) -> Event {
    Event::parse(serde_json::from_str(recorded.json).unwrap()).unwrap()
}

fn recorded(name: &str) -> Event {
    event(
        CORPUS
            .iter()
            .find(|recorded| recorded.name == name)
            .unwrap(),
    )
}

/// Every kind of answer, under the name that the goldens give it.
fn answers() -> Vec<(&'static str, Answer)> {
    let reason = || "policy `ledger`: changes of the ledger are reviewed".to_owned();
    let allow = |updated_input| Answer::Allow {
        reason: "policy `tests`: tests may run".to_owned(),
        updated_input,
    };
    vec![
        ("none", Answer::None),
        ("allow", allow(None)),
        (
            "allow_changed",
            allow(Some(json!({ "command": "cargo test" }))),
        ),
        (
            "allow_changed_to_no_object",
            allow(Some(json!("cargo test"))),
        ),
        ("deny", Answer::Deny { reason: reason() }),
        (
            "deny_without_reason",
            Answer::Deny {
                reason: " ".to_owned(),
            },
        ),
        ("ask", Answer::Ask { reason: reason() }),
        ("block", Answer::Block { reason: reason() }),
        (
            "halt",
            Answer::Halt {
                reason: "stopped by ada".to_owned(),
            },
        ),
        (
            "context",
            Answer::Context("The budget of today is used to 95 %.".to_owned()),
        ),
    ]
}

#[test]
fn the_list_is_the_folder() {
    let files: BTreeSet<String> = std::fs::read_dir(folder("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> = CORPUS
        .iter()
        .map(|recorded| format!("{}.json", recorded.name))
        .collect();
    assert_eq!(listed, files);
    assert_eq!(listed.len(), CORPUS.len());
}

#[test]
fn every_event_is_recorded_and_understood() {
    let mut seen = BTreeSet::new();
    for recorded in CORPUS {
        let event = event(recorded);
        assert_eq!(
            event.raw,
            serde_json::from_str::<Value>(recorded.json).unwrap()
        );
        let Some(name) = event.name() else {
            assert_eq!(event.kind, EventKind::Unknown);
            continue;
        };
        assert_ne!(event.kind, EventKind::Unknown, "{}", recorded.name);
        let file = recorded.name.split('.').next().unwrap();
        assert_eq!(file, name.kebab());
        seen.insert(name);
    }
    assert_eq!(seen, BTreeSet::from(Name::ALL));
}

#[test]
fn each_answer_to_each_event_is_as_it_was_reviewed() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for recorded in CORPUS {
        let event = event(recorded);
        let rendered: Map<String, Value> = answers()
            .into_iter()
            .map(|(name, answer)| (name.to_owned(), answer.render(&event)))
            .collect();
        for (answer, value) in &rendered {
            let violations = schema::violations(&event.common.hook_event_name, value);
            assert!(
                violations.is_empty(),
                "{} {answer}: {violations:?}",
                recorded.name
            );
        }
        let path = folder("tests/golden").join(format!("{}.json", recorded.name));
        let text = format!("{}\n", serde_json::to_string_pretty(&rendered).unwrap());
        if update {
            std::fs::write(&path, text).unwrap();
            continue;
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            golden == text,
            "{} is answered differently; look at the change with UPDATE_GOLDEN=1 and git diff",
            recorded.name
        );
    }
}

#[test]
fn no_golden_is_left_over() {
    for entry in std::fs::read_dir(folder("tests/golden")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let known = CORPUS
            .iter()
            .any(|recorded| file == format!("{}.json", recorded.name));
        assert!(known, "{file} belongs to no recorded event: delete it");
    }
}

#[test]
fn what_was_meant_to_hold_back_never_comes_out_as_leave() {
    let means_no = |event: &Event, answer: &Answer| {
        matches!(
            Verdict::of(event, &answer.render(event)),
            Some(Verdict::Refused(_) | Verdict::Halted(_))
        )
    };
    let gates = [
        "pre-tool-use",
        "pre-tool-use.subagent",
        "pre-tool-use.mcp",
        "permission-request",
        "user-prompt-submit",
        "user-prompt-expansion",
        "pre-model-switch",
        "config-change",
        "pre-compact",
        "post-tool-batch",
        "task-created",
        "elicitation",
        "elicitation-result",
    ];
    for name in gates {
        let event = recorded(name);
        for answer in ["deny", "deny_without_reason", "block", "halt"] {
            let (_, meant) = answers()
                .into_iter()
                .find(|(known, _)| *known == answer)
                .unwrap();
            assert!(means_no(&event, &meant), "{name} {answer}");
        }
    }
    let changed_wrongly = Answer::Allow {
        reason: String::new(),
        updated_input: Some(json!([])),
    };
    assert!(means_no(&recorded("pre-tool-use"), &changed_wrongly));
}

#[test]
fn a_session_is_halted_from_every_event() {
    for recorded in CORPUS {
        let halt = Answer::Halt {
            reason: "stopped by ada".to_owned(),
        };
        let value = halt.render(&event(recorded));
        assert_eq!(value["continue"], json!(false), "{}", recorded.name);
        assert_eq!(value["stopReason"], "stopped by ada", "{}", recorded.name);
    }
}

#[test]
fn fields_are_where_the_client_puts_them() {
    let event = recorded("pre-tool-use.subagent");
    assert!(event.is_subagent());
    assert_eq!(event.common.agent_type.as_deref(), Some("code-reviewer"));
    assert_eq!(event.common.effort.as_deref(), Some("high"));
    assert_eq!(
        event.tool_input()["command"],
        "git push --force origin main"
    );

    let event = recorded("pre-tool-use.mcp");
    let call = event.tool_call().unwrap();
    assert_eq!(call.mcp_server.as_ref().unwrap().name, "github");
    assert_eq!(
        call.tool_use_id.as_deref(),
        Some("toolu_01D8hLm3BvNc6Xz1QwErTyUiOp")
    );

    let event = recorded("pre-tool-use.unknown-fields");
    assert_eq!(event.raw["nested"]["list"][1], 2.5);
    assert_eq!(
        event.common.scratchpad_dir.as_deref(),
        Some("/tmp/claude-1000/5b1f0c7e")
    );

    assert_eq!(
        recorded("pre-tool-use.windows").common.cwd.as_deref(),
        Some("C:\\shop")
    );
    assert_eq!(
        recorded("permission-request")
            .tool_call()
            .unwrap()
            .tool_use_id,
        None
    );
    assert_eq!(
        recorded("post-tool-use").tool_call().unwrap().duration_ms,
        Some(48_211)
    );
    assert_eq!(recorded("post-tool-batch").batch().count(), 2);

    let EventKind::SessionStart {
        source, resumed, ..
    } = recorded("session-start.resume").kind
    else {
        unreachable!()
    };
    assert_eq!(source, "resume");
    assert_eq!(resumed.context_tokens, Some(88_102));
}

#[test]
fn an_answer_that_a_client_would_drop_is_no_verdict() {
    let event = recorded("pre-tool-use");
    let specific = |output: Value| json!({ "hookSpecificOutput": output });
    let dropped = [
        json!([]),
        json!("deny"),
        json!({ "decision": "approve" }),
        json!({ "continue": "no" }),
        specific(json!({ "permissionDecision": "deny" })),
        specific(json!({ "hookEventName": "PostToolUse", "permissionDecision": "deny" })),
        specific(json!({ "hookEventName": "PreToolUse", "permissionDecision": "forbid" })),
        specific(json!("PreToolUse")),
    ];
    for answer in dropped {
        assert_eq!(Verdict::of(&event, &answer), None, "{answer}");
    }
    let verdict = |answer: Answer| Verdict::of(&event, &answer.render(&event)).unwrap();
    assert_eq!(verdict(Answer::None), Verdict::Silent);
    assert_eq!(verdict(Answer::Context("so".to_owned())), Verdict::Silent);
    let reason = || "why".to_owned();
    assert_eq!(
        verdict(Answer::Allow {
            reason: reason(),
            updated_input: None
        }),
        Verdict::Allowed
    );
    assert_eq!(verdict(Answer::Ask { reason: reason() }), Verdict::Asked);
    assert_eq!(
        verdict(Answer::Deny { reason: reason() }),
        Verdict::Refused(reason())
    );
    assert_eq!(
        verdict(Answer::Halt { reason: reason() }),
        Verdict::Halted(reason())
    );
}
