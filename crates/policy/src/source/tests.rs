//! What is refused in policy texts, and where the error points.

use crate::error::Error;
use crate::set::PolicySet;
use crate::source::{PolicySource, SOURCE_LENGTH_MAX};
use crate::tables::Tables;

fn compile(text: &str) -> Result<PolicySet, Error> {
    let source = PolicySource {
        name: "a.cedar".to_owned(),
        text: text.to_owned(),
    };
    PolicySet::compile(Tables::defaults().unwrap(), &[source])
}

#[expect(clippy::too_many_lines, reason = "one table of cases")]
#[test]
fn every_error_has_its_line_and_what_to_do() {
    for (text, place, part) in [
        (
            "permit (principal, action, resource)",
            "a.cedar:1:",
            "unexpected end of input",
        ),
        (
            "\n\npermit (principal, action, resource);",
            "a.cedar:3:1",
            "has no `@id",
        ),
        (
            "@id(\"a\") permit (principal, action, resource);",
            "a.cedar:1:1",
            "has no `@reason",
        ),
        (
            "\n@id(\"a\") @reason(\"r\") @requires(\"approval\") permit (principal, action, resource);",
            "a.cedar:2:1",
            "there is no annotation `@requires`: use one of @id",
        ),
        (
            "@id(\"a\") @reason(\"r\") @require(\"review\") permit (principal, action, resource);",
            "a.cedar:1:1",
            "can only be \"approval\"",
        ),
        (
            "@id(\"a\") @reason(\"r\") @require permit (principal, action, resource);",
            "a.cedar:1:1",
            "can only be \"approval\"",
        ),
        (
            "@id(\"a\") @reason(\"r\") @mode(\"dark\") permit (principal, action, resource);",
            "a.cedar:1:1",
            "\"enforce\" or \"shadow\"",
        ),
        (
            "@id(\"a b\") @reason(\"r\") permit (principal, action, resource);",
            "a.cedar:1:1",
            "letters a-z",
        ),
        (
            "@id(\"base.fetch\") @reason(\"r\") permit (principal, action, resource);",
            "a.cedar:1:1",
            "`base.fetch` is taken",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal in Role::\"develper\", action, resource);",
            "a.cedar:1:1",
            "there is no role `develper`: there are admin,",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal, action == Action::\"read\", resource);",
            "a.cedar:2:",
            "Action::\"read\"",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal, action == Action::\"use_tool\", resource)\nwhen { resource.secret };",
            "a.cedar:3:",
            "secret",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal, action == Action::\"write_path\", resource in Scope::\"a/../b\");",
            "a.cedar:1:1",
            "`..`",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal, action == Action::\"run_command\", resource in CommandClass::\"net\");",
            "a.cedar:1:1",
            "there is no class of commands `net`",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal, action == Action::\"use_tool\", resource == Tool::\"Agent\");",
            "a.cedar:1:1",
            "another name of `Task`",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal == ?principal, action, resource);",
            "a.cedar:1:1",
            "templates",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal, action, resource) when { principal.allowed_tools.contains(\"x\") };",
            "a.cedar:2:",
            "allowed_tools",
        ),
        (
            "@id(\"a\") @reason(\"r\")\nforbid (principal, action, resource) when { false };",
            "a.cedar:1:1",
            "false",
        ),
    ] {
        let error = compile(text).expect_err(text).to_string();
        assert!(
            error.contains(place) && error.contains(part),
            "{text}\n{error}"
        );
    }
}

#[test]
fn there_are_limits() {
    let error = compile(&" ".repeat(SOURCE_LENGTH_MAX + 1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("split it"), "{error}");
    let source = |at: usize| PolicySource {
        name: at.to_string(),
        text: String::new(),
    };
    let many: Vec<PolicySource> = (0..65).map(source).collect();
    assert!(PolicySet::compile(Tables::defaults().unwrap(), &many).is_err());
    let deep = format!(
        "@id(\"a\") @reason(\"r\") forbid (principal, action, resource) when {{ {}true{} }};",
        "(".repeat(50_000),
        ")".repeat(50_000)
    );
    assert!(
        compile(&deep)
            .unwrap_err()
            .to_string()
            .contains("nested deeper")
    );
    for chain in [" && true", " || true", ".a", " + 1"] {
        let long = |times: usize| {
            format!(
                "@id(\"a\") @reason(\"r\") forbid (principal, action, resource) when {{ true{} }};",
                chain.repeat(times)
            )
        };
        assert!(
            compile(&long(50_000))
                .unwrap_err()
                .to_string()
                .contains("split it")
        );
        // As long as is allowed: answered, and the stack holds.
        let _ = compile(&long(195));
    }
    let negated = format!(
        "@id(\"a\") @reason(\"r\") forbid (principal, action, resource) when {{ {}true }};",
        "!".repeat(390)
    );
    assert!(compile(&negated).is_err());
}

#[test]
fn the_policies_of_the_tables_can_be_read_and_compiled_again() {
    let set = PolicySet::compile(Tables::defaults().unwrap(), &[]).unwrap();
    let text = set.generated_text();
    assert!(text.contains("@id(\"role.developer.tools\")\n@reason(\"the role developer has this tool\")\n@source(\"roles.developer.tools\")\npermit (principal in Role::\"developer\", action in [Action::\"use_tool\"], resource)"), "{text}");
    assert_eq!(text.matches("@id(").count(), set.len());
}
