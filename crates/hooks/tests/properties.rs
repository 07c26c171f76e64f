//! Whatever comes in is survived, and whatever goes out is what the client accepts.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "corpus/schema.rs"]
mod schema;

use civitas_hooks::{
    Answer, CORPUS, Event, EventKind, Malformed, Name, TEXT_BYTES_MAX, Verdict, WORD_CHARS_MAX,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any JSON, a few levels deep, with the fields' own names among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "\\PC{250,270}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_key(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "session_id",
        "hook_event_name",
        "cwd",
        "tool_name",
        "tool_input",
        "tool_use_id",
        "tool_calls",
        "mcp_server",
        "effort",
        "level",
        "duration_ms",
        "stop_hook_active",
        "source",
        "agent_id",
        "context_tokens",
        "globs",
    ];
    prop_oneof![
        prop::sample::select(KNOWN).prop_map(str::to_owned),
        ".{0,12}"
    ]
}

/// An event of any name whose fields are a recorded one's, some of them replaced.
fn any_event() -> impl Strategy<Value = Event> {
    let name = prop_oneof![
        4 => prop::sample::select(&Name::ALL[..]).prop_map(|name| name.as_str().to_owned()),
        1 => "[A-Za-z]{1,20}",
    ];
    let recorded = prop::sample::select(CORPUS);
    (
        name,
        recorded,
        prop::collection::vec((any_key(), any_json()), 0..4),
    )
        .prop_filter_map("who acts must be said", |(name, recorded, replaced)| {
            let mut raw: Value = serde_json::from_str(recorded.json).unwrap();
            for (key, value) in replaced {
                raw[key] = value;
            }
            raw["hook_event_name"] = json!(name);
            raw["session_id"] = json!("s");
            Event::parse(raw).ok()
        })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,200}",
        Just(String::new()),
        (0_usize..3).prop_map(|more| "ü".repeat(9_999 + more)),
        (0_usize..3).prop_map(|more| "😀".repeat(4_999 + more)),
    ]
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::None),
        (any_text(), prop::option::of(any_json())).prop_map(|(reason, updated_input)| {
            Answer::Allow {
                reason,
                updated_input,
            }
        }),
        any_text().prop_map(|reason| Answer::Deny { reason }),
        any_text().prop_map(|reason| Answer::Ask { reason }),
        any_text().prop_map(|reason| Answer::Block { reason }),
        any_text().prop_map(|reason| Answer::Halt { reason }),
        any_text().prop_map(Answer::Context),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_json_is_an_event_or_says_what_is_wrong(json in any_json()) {
        let kept = json.clone();
        match Event::parse(json) {
            Ok(event) => {
                prop_assert_eq!(event.raw, kept);
                prop_assert!(!event.common.session_id.is_empty());
            }
            Err(Malformed::NotAnObject) => prop_assert!(!kept.is_object()),
            Err(Malformed::Field { field }) => prop_assert!(kept.is_object() && WORDS.contains(&field)),
            Err(Malformed::Folder) => prop_assert!(kept["cwd"].as_str().is_none_or(|cwd| !cwd.is_empty())),
        }
    }

    #[test]
    fn what_is_answered_is_always_valid_for_the_event(event in any_event(), answer in any_answer()) {
        let rendered = answer.render(&event);
        let violations = schema::violations(&event.common.hook_event_name, &rendered);
        prop_assert!(violations.is_empty(), "{rendered}: {violations:?}");
        prop_assert!(Verdict::of(&event, &rendered).is_some(), "{rendered}");
    }

    #[test]
    fn a_tool_that_is_refused_is_never_allowed(event in any_event(), reason in any_text()) {
        for answer in [Answer::Deny { reason: reason.clone() }, Answer::Halt { reason: reason.clone() }] {
            let rendered = answer.render(&event);
            match event.name() {
                Some(Name::PreToolUse) => prop_assert_eq!(&rendered["hookSpecificOutput"]["permissionDecision"], "deny"),
                Some(Name::PermissionRequest) => prop_assert_eq!(&rendered["hookSpecificOutput"]["decision"]["behavior"], "deny"),
                _ => {}
            }
        }
    }
}

/// The fields that must be read, when they are there.
const WORDS: [&str; 5] = [
    "session_id",
    "hook_event_name",
    "agent_id",
    "agent_type",
    "tool_use_id",
];

fn with(field: &str, value: &Value) -> Result<Event, Malformed> {
    let mut raw = json!({ "session_id": "s", "hook_event_name": "PreToolUse", "tool_name": "Bash", "cwd": "/work" });
    raw[field] = value.clone();
    Event::parse(raw)
}

#[test]
fn a_session_and_a_name_are_needed_and_nothing_else() {
    for field in ["session_id", "hook_event_name"] {
        let longest = "a".repeat(WORD_CHARS_MAX);
        assert!(with(field, &json!(longest)).is_ok());
        let unusable = [
            json!(null),
            json!(""),
            json!(7),
            json!({}),
            json!("a\nb"),
            json!(format!("{longest}a")),
        ];
        for value in unusable {
            let error = with(field, &value).unwrap_err();
            assert_eq!(error, Malformed::Field { field });
            assert!(error.to_string().contains(field));
        }
    }
    for body in [json!(null), json!([]), json!("{}"), json!(1)] {
        assert_eq!(Event::parse(body), Err(Malformed::NotAnObject));
    }
    let least = json!({ "session_id": "s", "hook_event_name": "SomethingNew" });
    assert_eq!(Event::parse(least).unwrap().kind, EventKind::Unknown);
}

#[test]
fn who_acts_where_is_refused_when_it_cannot_be_read() {
    for field in ["agent_id", "agent_type", "tool_use_id"] {
        for value in [
            json!(5),
            json!([]),
            json!("a\nb"),
            json!("a".repeat(WORD_CHARS_MAX + 1)),
        ] {
            assert_eq!(
                with(field, &value),
                Err(Malformed::Field { field }),
                "{value}"
            );
        }
        assert!(with(field, &json!(null)).is_ok());
    }
    for value in [json!(5), json!("/work".repeat(10_000)), json!("a\0b")] {
        assert_eq!(with("cwd", &value), Err(Malformed::Folder));
    }
}

#[test]
fn what_is_over_its_limit_is_absent_and_not_cut() {
    let event = with("tool_name", &json!("Bash".repeat(100))).unwrap();
    assert_eq!(event.tool_call().unwrap().tool_name, "");
    let prompt = json!({ "session_id": "s", "hook_event_name": "UserPromptSubmit", "prompt": "a".repeat(TEXT_BYTES_MAX + 1) });
    let EventKind::UserPromptSubmit { prompt, .. } = Event::parse(prompt).unwrap().kind else {
        unreachable!()
    };
    assert_eq!(prompt, "");
}

#[test]
fn counts_may_come_with_a_fraction_and_never_wrap() {
    let count = |value: Value| {
        with("duration_ms", &value)
            .unwrap()
            .tool_call()
            .unwrap()
            .duration_ms
    };
    assert_eq!(count(json!(12)), Some(12));
    assert_eq!(count(json!(12.9)), Some(12));
    assert_eq!(count(json!(-1)), None);
    assert_eq!(count(json!(1e300)), None);
    assert_eq!(count(json!("12")), None);
}
