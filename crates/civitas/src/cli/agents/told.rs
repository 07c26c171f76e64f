//! An event of the live feed in a line: when, what became of it, who, and what.

use anstyle::Style;
use serde_json::Value;

use crate::cli::output::{BAD, BOLD, DIM, DO, GOOD, WARN, clean, moment, short, text};

/// Characters of what an event says that are shown.
const WHAT_WIDTH: usize = 300;
/// Characters of a name.
const NAME_WIDTH: usize = 24;

/// What is shown of an event.
struct Told {
    style: Style,
    /// What became of it, or what it is.
    word: String,
    /// The agent, or what else it is about.
    who: String,
    what: String,
}

/// The line of an event.
pub(super) fn line(message: &Value) -> String {
    let told = told(text(message, "type"), &message["data"]);
    let style = told.style;
    let who = match told.who.as_str() {
        "" => "-",
        who => who,
    };
    format!(
        "{} {DIM}{:>6}{DIM:#}  {style}{:<10}{style:#}  {BOLD}{:<18}{BOLD:#}  {}",
        moment(message, "timestamp"),
        message["seq"].to_string(),
        short(&told.word, 20),
        short(who, NAME_WIDTH),
        short(&told.what, WHAT_WIDTH)
    )
}

fn told(kind: &str, data: &Value) -> Told {
    let own = |name: &str| text(data, name).to_owned();
    match kind {
        "rbac_decision" => decision(data),
        "approval_requested" => asked(data),
        "approval_decided" => decided(data),
        "agent_activated" | "agent_completed" => {
            let word = if kind == "agent_activated" {
                "begins"
            } else {
                "ends"
            };
            let session = text(data, "session_id");
            let what = match (text(data, "event"), session) {
                ("", _) => format!("as {}", text(data, "role")),
                (event, session) => format!("{event} of session {session}"),
            };
            of(DIM, word, own("agent_name"), what)
        }
        "budget_updated" => of(DIM, "budget", budget_name(data), spent(data)),
        "budget_warning" => {
            let word = format!("{} % spent", data["level"]);
            of(WARN, &word, budget_name(data), spent(data))
        }
        "cost_warning" => {
            let (cost, session) = (&data["cost_usd"], text(data, "session_id"));
            let what = format!("session {session} has come to {cost} USD");
            of(WARN, "cost", own("agent_name"), what)
        }
        "halted" => {
            let scope = &data["scope"];
            let who = format!("{} {}", text(scope, "kind"), text(scope, "id"));
            let by = format!("by {}", text(data, "set_by"));
            of(BAD, "halted", who, because(&[text(data, "reason"), &by]))
        }
        "halt_lifted" => {
            let by = format!("by {}", text(data, "lifted_by"));
            of(GOOD, "lifted", "halt".to_owned(), by)
        }
        "policy_activated" => {
            let what = format!(
                "version {} decides, instead of {}, by {}",
                data["version"],
                data["previous"],
                text(data, "activated_by")
            );
            of(
                DO,
                "policy",
                own("fingerprint"),
                because(&[&what, text(data, "note")]),
            )
        }
        _ => of(DO, kind, own("agent_name"), facts(data)),
    }
}

/// A decision about a call, or an operation that somebody reported.
fn decision(data: &Value) -> Told {
    let (rbac, operation) = (&data["rbac"], &data["operation"]);
    let word = text(rbac, "decision");
    let style = match word {
        "allowed" => GOOD,
        "denied" | "halted" => BAD,
        _ => WARN,
    };
    let detail = match text(operation, "detail") {
        "" => text(operation, "type"),
        detail => detail,
    };
    let who = text(&data["agent"], "name").to_owned();
    of(style, word, who, because(&[detail, text(rbac, "reason")]))
}

/// Something that waits for people.
fn asked(data: &Value) -> Told {
    let word = if data["escalated"] == true {
        "still asks"
    } else {
        "asks"
    };
    let code = text(data, "code");
    let what = because(&[text(data, "summary"), text(data, "reason")]);
    let what = format!(
        "{code}  {}  `civitas approve {code}` or `deny {code}`",
        short(&what, 200)
    );
    of(WARN, word, text(data, "agent_name").to_owned(), what)
}

/// What became of it.
fn decided(data: &Value) -> Told {
    let (word, code) = (text(data, "state"), text(data, "code"));
    let style = match word {
        "approved" | "used" => GOOD,
        "denied" => BAD,
        _ => WARN,
    };
    let what = format!("{code}  {}", text(data, "outcome"));
    of(style, word, text(data, "agent_name").to_owned(), what)
}

fn of(style: Style, word: &str, who: String, what: String) -> Told {
    Told {
        style,
        word: word.to_owned(),
        who,
        what,
    }
}

/// What there is to say, each said once.
fn because(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("  ← ")
}

fn budget_name(data: &Value) -> String {
    match text(data, "scope") {
        "" => text(data, "agent_id").to_owned(),
        scope => scope.to_owned(),
    }
}

/// What is spent of a budget, in the words of `civitas budgets`.
fn spent(data: &Value) -> String {
    let of_cap = |used: &Value, cap: &Value, unit: &str| match cap {
        Value::Null => format!("{used} {unit}"),
        cap => format!("{used} of {cap} {unit}"),
    };
    if data["scope"].is_null() {
        let cost = of_cap(&data["cost_used_today"], &data["max_cost_per_day"], "USD");
        return format!("{cost}, {} tokens today", data["tokens_used_today"]);
    }
    let cost = of_cap(&data["cost_used"], &data["max_cost"], "USD");
    let tokens = of_cap(&data["tokens_used"], &data["max_tokens"], "tokens");
    let reserved = format!(
        "{} USD and {} tokens reserved",
        data["cost_reserved"], data["tokens_reserved"]
    );
    format!("{cost}, {tokens}; {reserved}")
}

/// Whatever an event says that has no words of its own here.
fn facts(data: &Value) -> String {
    let facts = data.as_object().into_iter().flatten();
    let facts: Vec<String> = facts
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        })
        .collect();
    clean(&facts.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(kind: &str, data: &Value) -> String {
        let message = json!({ "type": kind, "data": data, "seq": 7, "timestamp": "2026-11-21T09:14:07.000001Z" });
        anstream::adapter::strip_str(&line(&message)).to_string()
    }

    #[test]
    fn a_decision_says_who_what_and_why() {
        let data = json!({
            "audit_id": "a", "agent": { "agent_id": "5f", "name": "code-reviewer", "role": "reviewer" },
            "session_id": "s", "operation": { "type": "tool_use", "detail": "Read: /w/.env" },
            "rbac": { "decision": "denied", "reason": "it holds secrets" },
        });
        assert_eq!(
            plain("rbac_decision", &data),
            "2026-11-21 09:14:07      7  denied      code-reviewer       Read: /w/.env  ← it holds secrets"
        );
    }

    #[test]
    fn what_waits_says_its_code_and_what_to_type() {
        let data = json!({ "code": "P7", "agent_name": "ada", "summary": "Bash: git push", "reason": "a protected branch" });
        let line = plain("approval_requested", &data);
        for said in [
            "asks",
            "ada",
            "P7",
            "git push",
            "a protected branch",
            "`civitas approve P7`",
        ] {
            assert!(line.contains(said), "{said}: {line}");
        }
        let data = json!({ "code": "P7", "agent_name": "ada", "state": "denied", "outcome": "denied by bo: no" });
        assert!(
            plain("approval_decided", &data)
                .contains("denied      ada                 P7  denied by bo: no")
        );
    }

    #[test]
    fn an_event_of_another_kind_is_shown_with_its_facts() {
        let line = plain(
            "metric_recorded",
            &json!({ "agent_name": "ada", "tokens": 3, "none": null }),
        );
        assert!(line.ends_with("agent_name=ada tokens=3"), "{line}");
        let line = plain(
            "budget_updated",
            &json!({ "scope": "team:x", "max_cost": 5.0, "max_tokens": null,
            "cost_used": 1.5, "tokens_used": 10, "cost_reserved": 0.0, "tokens_reserved": 2 }),
        );
        assert!(
            line.contains("team:x              1.5 of 5.0 USD, 10 tokens;"),
            "{line}"
        );
    }

    #[test]
    fn what_an_agent_typed_cannot_steer_the_terminal() {
        let data = json!({ "operation": { "detail": "Bash: a\u{1b}[2Jb\nc" }, "rbac": { "decision": "allowed" } });
        let line = plain("rbac_decision", &data);
        assert!(!line.contains('\n') && !line.contains('\u{1b}'), "{line:?}");
    }
}
