//! What is said in single files, in detail; the folder of several hundred is in `tests/agents`.

use super::*;
use crate::roles::{RoleBudget, RoleBudgets};

fn one(path: &str, text: &str) -> Outcome {
    let input = Input {
        path,
        text,
        name: None,
        ignores_id: false,
    };
    read(&[input], &RoleBudgets::default()).remove(0).outcome
}

#[test]
fn the_common_form_gets_an_identity_by_rules() {
    let text = "---\nname: code-reviewer\ndescription: Reviews code\ntools: Read, Grep\nmodel: opus\n---\nYou review.\n";
    let Outcome::Synthesised(agent, repairs) = one(".claude/agents/code-reviewer.md", text) else {
        unreachable!("it says no identity");
    };
    assert_eq!(repairs, [] as [String; 0]);
    assert_eq!(
        (agent.name.as_str(), agent.role),
        ("code-reviewer", Role::Reviewer)
    );
    assert_eq!(agent.rbac.allowed_tools, ["Read", "Grep"]);
    assert!(agent.is_synthesised);
}

#[test]
fn a_name_settled_before_counts() {
    let text = "---\nname: twin\nidentity:\n  agent_id: i\n  role: tester\n---\n";
    let settled = Input {
        path: "a/x.md",
        text,
        name: Some("mine"),
        ignores_id: false,
    };
    let other = Input {
        path: "b/y.md",
        text: "---\nname: mine\n---\n",
        name: None,
        ignores_id: false,
    };
    let readings = read(&[other, settled], &RoleBudgets::default());
    let names: Vec<&str> = readings
        .iter()
        .filter_map(|reading| Some(reading.outcome.definition()?.name.as_str()))
        .collect();
    assert_eq!(names, ["y", "mine"]);
}

#[test]
fn bytes_are_read_as_what_they_are() {
    assert_eq!(decode(b"\xff\xfea\0b\0"), "ab");
    assert_eq!(decode(b"\xfe\xff\0a\0b"), "ab");
    assert_eq!(decode("ä".as_bytes()), "ä");
    assert_eq!(decode(b"\xe4"), "\u{fffd}");
}

#[test]
fn prose_that_speaks_of_roles_gives_none() {
    let text = "# Helper\n\nidentity:\n  role: admin\n\nrole: admin\n";
    let outcome = one("x.md", text);
    let agent = outcome.definition().unwrap();
    assert_eq!(agent.role, Role::Analyst);
    assert!(agent.is_synthesised);
}

#[test]
fn what_a_file_does_not_say_of_its_budget_is_what_its_role_has_now() {
    let mut budgets = RoleBudgets::default();
    let tester = RoleBudget {
        tokens_per_session: 7,
        usd_per_day: Money::from_micros(9),
    };
    budgets.set(Role::Tester, tester);
    let budgets = RoleBudgets::stated(Some(serde_json::json!(budgets)));
    let text = "---\nname: a\nidentity:\n  agent_id: a1\n  role: tester\nbudget:\n  max_tokens_per_session: 5\n---\nx\n";
    let input = Input {
        path: "a.md",
        text,
        name: None,
        ignores_id: false,
    };
    let figures = |budgets: &RoleBudgets| {
        let reading = read(&[input], budgets).remove(0);
        let said = reading.outcome.definition().unwrap().clone();
        (
            said.max_tokens_per_session,
            said.max_cost_per_day.as_micros(),
        )
    };
    assert_eq!(figures(&budgets), (5, 9));
    assert_eq!(figures(&RoleBudgets::default()), (5, 20_000_000));
    let odd = RoleBudgets::stated(Some(serde_json::json!("x")));
    assert_eq!(odd, RoleBudgets::default());
    assert_eq!(budgets.of(Role::Admin).tokens_per_session, 500_000);
}
