//! What is said in single files, in detail; the folder of several hundred is in `tests/agents`.

use super::*;

fn one(path: &str, text: &str) -> Outcome {
    let input = Input {
        path,
        text,
        name: None,
        ignores_id: false,
    };
    read(&[input]).remove(0).outcome
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
    let readings = read(&[other, settled]);
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
