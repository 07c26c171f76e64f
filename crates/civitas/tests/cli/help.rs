//! Help is read as often as anything here, so it is reviewed as code.

use crate::run;

/// Every command that does something.
const COMMANDS: &[&str] = &[
    "agents activate",
    "agents drift",
    "agents export",
    "agents import",
    "agents install",
    "agents list",
    "agents retire",
    "agents selftest",
    "agents show",
    "agents suspend",
    "agents adopt",
    "agents sessions",
    "agents unregistered",
    "agents watch",
    "approvals allowances",
    "approvals approve",
    "approvals delegate",
    "approvals deny",
    "approvals list",
    "approvals show",
    "approvals watch",
    "approve",
    "audit check",
    "audit export",
    "audit key",
    "audit prove",
    "audit verify",
    "backup",
    "budgets list",
    "budgets raise",
    "budgets remove",
    "budgets set",
    "budgets show",
    "completions",
    "demo",
    "deny",
    "dev",
    "doctor",
    "executions cancel",
    "executions list",
    "executions pause",
    "executions resume",
    "executions retry",
    "executions show",
    "executions watch",
    "executions why",
    "files get",
    "files ls",
    "files put",
    "files rules set",
    "files rules show",
    "files search",
    "halt",
    "halts lift",
    "halts list",
    "hook",
    "intent list",
    "intent show",
    "intent submit",
    "login",
    "logout",
    "openapi",
    "restore",
    "serve",
    "setup",
    "token create",
    "token list",
    "token revoke",
    "user create",
    "webhooks add",
    "webhooks deliveries",
    "webhooks disable",
    "webhooks enable",
    "webhooks list",
    "webhooks remove",
    "webhooks replay",
    "webhooks rotate",
    "webhooks show",
    "webhooks test",
    "webhooks verify",
    "whoami",
];

#[test]
fn the_first_help_page_is_this() {
    insta::assert_snapshot!(run(["--help"]).ok().out);
}

#[test]
fn every_command_teaches_with_an_example() {
    for command in COMMANDS {
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
