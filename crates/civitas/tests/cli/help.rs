//! Help is read as often as anything here, so it is reviewed as code.

use crate::run;

#[test]
fn the_first_help_page_is_this() {
    insta::assert_snapshot!(run(["--help"]).ok().out);
}

#[test]
fn every_command_teaches_with_an_example() {
    let groups = [
        "dev",
        "serve",
        "demo",
        "doctor",
        "audit verify",
        "audit prove",
        "audit check",
        "audit export",
        "audit key",
        "backup",
        "restore",
        "openapi",
        "completions",
        "files put",
        "files get",
        "files ls",
        "files search",
        "files rules show",
        "files rules set",
        "intent submit",
        "intent list",
        "intent show",
        "agents watch",
        "webhooks list",
        "webhooks add",
        "webhooks show",
        "webhooks enable",
        "webhooks disable",
        "webhooks remove",
        "webhooks test",
        "webhooks deliveries",
        "webhooks replay",
        "webhooks rotate",
        "webhooks verify",
        "executions list",
        "executions show",
        "executions watch",
        "executions cancel",
        "executions pause",
        "executions resume",
        "executions retry",
        "executions why",
        "agents import",
        "agents list",
        "agents show",
        "agents export",
        "agents drift",
        "agents activate",
        "agents suspend",
        "agents retire",
        "budgets list",
        "budgets show",
        "budgets set",
        "budgets raise",
        "budgets remove",
        "approvals list",
        "approvals show",
        "approvals approve",
        "approvals deny",
        "approvals delegate",
        "approvals watch",
        "approvals allowances",
        "approve",
        "deny",
        "agents install",
        "agents selftest",
        "hook",
        "user create",
        "token create",
        "token list",
        "token revoke",
    ];
    for command in groups {
        let help = run(command.split(' ').chain(["--help"])).ok();
        assert!(help.out.contains("Example"), "{command}: {}", help.out);
        assert!(
            help.out.contains(&format!("civitas {command}")),
            "{command}: {}",
            help.out
        );
    }
}

#[test]
fn shells_and_programs_get_their_descriptions() {
    for shell in ["bash", "zsh", "fish"] {
        let completions = run(["completions", shell]).ok();
        assert!(completions.out.contains("executions"), "{shell}");
    }
    let document = run(["openapi"]).ok().json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/api/intent/submit"]["post"].is_object());
}
