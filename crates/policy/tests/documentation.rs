//! The examples of `docs/policy.md` are compiled, and its tests are run.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and here every failure is one"
)]

use civitas_policy::{NoLinks, PolicySet, PolicySource, Tables, read_tests, run_tests};

const PAGE: &str = include_str!("../../../docs/policy.md");

/// The texts of the fences with this language.
fn fences(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    PAGE.split(&opening)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

fn documented() -> PolicySet {
    let sources: Vec<PolicySource> = fences("cedar")
        .iter()
        .enumerate()
        .map(|(at, text)| PolicySource {
            name: format!("policy.md#{at}"),
            text: (*text).to_owned(),
        })
        .collect();
    assert!(!sources.is_empty());
    PolicySet::compile(Tables::defaults().unwrap(), &sources).unwrap()
}

#[test]
fn the_examples_compile_and_their_tests_pass() {
    let set = documented();
    let text = fences("toml")
        .into_iter()
        .find(|text| text.contains("[[test]]"))
        .unwrap();
    let tests = read_tests("policy.md", text).unwrap();
    assert_eq!(tests.len(), text.matches("[[test]]").count());
    let failures: Vec<String> = run_tests(&set, &tests)
        .into_iter()
        .map(|failure| format!("{}: {}", failure.name, failure.message))
        .collect();
    assert_eq!(failures, Vec::<String>::new());
}

#[test]
fn a_test_that_is_wrong_says_what_came() {
    let set = documented();
    let tests = read_tests(
        "a.policy-test.toml",
        "[[test]]\nname = \"a\"\nrole = \"developer\"\ntool = \"Write\"\npath = \"src/ledger/a\"\nexpect = \"allow\"\n\
         [[test]]\nname = \"b\"\nrole = \"developer\"\ntool = \"Read\"\npath = \"src/a\"\nexpect = \"allow\"\npolicy = \"payments.ledger\"\n\
         [[test]]\nname = \"c\"\nrole = \"developer\"\ntool = \"Write\"\npath = \"tests/a\"\nexpect = \"allow\"\nshadow = \"ask\"\n\
         [[test]]\nname = \"d\"\nrole = \"analyst\"\ntool = \"Write\"\npath = \"src/a\"\nexpect = \"deny\"\nreason = \"nonesuch\"\n",
    )
    .unwrap();
    let messages: Vec<String> = run_tests(&set, &tests)
        .into_iter()
        .map(|failure| failure.message)
        .collect();
    assert_eq!(messages.len(), 4);
    assert_eq!(
        messages[0],
        "expected allow, got ask: Needs approval: /work/src/ledger/a: changes of the ledger are reviewed by a person."
    );
    assert_eq!(
        messages[1],
        "the policy `payments.ledger` did not apply; these did: role.developer.tools, role.developer.paths"
    );
    assert_eq!(
        messages[2],
        "watched policies were expected to say Ask, they said Some(Deny)"
    );
    assert!(
        messages[3].starts_with("`nonesuch` is not in the reason: Denied: Write: the role analyst")
    );
}

#[test]
fn a_test_file_that_cannot_be_read_says_where() {
    for (text, expected) in [
        ("[[test]]\nname = 1", "a.policy-test.toml:2:8: invalid type"),
        (
            "[[test]]\nname = \"a\"\ntool = \"Read\"\nexpects = \"deny\"",
            "unknown field `expects`",
        ),
        (
            "[[test]]\nname = \"a\"\ntool = \"Read\"\nexpect = \"maybe\"",
            "unknown variant `maybe`",
        ),
        ("", "there are 0 tests"),
    ] {
        let error = read_tests("a.policy-test.toml", text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_role_of_the_page_is_the_role_of_the_defaults() {
    let text = fences("toml")
        .into_iter()
        .find(|text| text.contains("[roles.developer]"))
        .unwrap();
    assert!(civitas_policy::DEFAULTS.contains(text));
    let set = documented();
    assert_eq!(set.decide(&read_tests("x", "[[test]]\nname = \"a\"\nrole = \"developer\"\ntool = \"Read\"\npath = \"config/a\"\nexpect = \"allow\"").unwrap()[0].request(), &NoLinks).outcome, civitas_policy::Outcome::Allow);
}
