//! `civitas policy`, from a folder to what is decided.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::json;

use crate::{Server, civitas, run};

const LEDGER: &str = "@id(\"ledger\")\n@reason(\"the ledger is closed\")\nforbid (principal, action == Action::\"write_path\", resource in Scope::\"src/ledger/**\");\n";
const TEST: &str = "[[test]]\nname = \"the ledger is closed\"\nrole = \"developer\"\ntool = \"Write\"\npath = \"src/ledger/a\"\nexpect = \"deny\"\n";

/// A folder with one policy and its test.
fn folder(root: &std::path::Path) -> String {
    let folder = root.join("policies");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("ledger.cedar"), LEDGER).unwrap();
    fs::write(folder.join("ledger.test.toml"), TEST).unwrap();
    folder.display().to_string()
}

#[test]
fn a_folder_is_validated_and_tested_without_a_server() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path());
    let valid = run(["policy", "validate", &folder]).ok();
    assert!(valid.err.contains("valid"), "{}", valid.err);
    let tested = run(["policy", "test", &folder]).ok();
    assert!(
        tested.out.contains("✓ the ledger is closed"),
        "{}",
        tested.out
    );
    fs::write(
        format!("{folder}/ledger.test.toml"),
        TEST.replace("deny", "allow"),
    )
    .unwrap();
    let failed = run(["policy", "test", &folder]).fails(1, "1 of 1 tests fail");
    assert!(
        failed.out.contains("✗ the ledger is closed")
            && failed.out.contains("expected allow, got deny"),
        "{}",
        failed.out
    );
    fs::write(
        format!("{folder}/b.cedar"),
        "\nforbid (principal, action, resource);",
    )
    .unwrap();
    run(["policy", "validate", &folder]).fails(1, "b.cedar:2:1: a policy has no `@id");
    let machine = run(["policy", "validate", &folder, "--json"]);
    assert!(machine.err.contains("\"line\":2"), "{}", machine.err);
    run(["policy", "validate", "/nowhere"]).fails(5, "/nowhere is no folder");
}

#[test]
fn what_would_come_out_differently_is_said_before_it_decides() {
    let server = Server::start();
    let event = |id: &str| {
        json!({
            "session_id": "s", "hook_event_name": "PreToolUse", "cwd": "/work", "permission_mode": "default",
            "transcript_path": "/x.jsonl", "tool_name": "Write", "tool_use_id": id,
            "tool_input": { "file_path": "/work/notes.txt", "content": "x" },
        })
    };
    for id in ["t1", "t2"] {
        crate::hook::hook(&server.address, &["pre-tool-use"], &event(id).to_string()).ok();
    }
    let root = server.folder.path().join("closed");
    fs::create_dir(&root).unwrap();
    let closed = "@id(\"closed\")\n@reason(\"closed\")\nforbid (principal, action, resource);\n";
    fs::write(root.join("closed.cedar"), closed).unwrap();
    let folder = root.display().to_string();
    // Nobody is there to be asked: a script is told, and goes on.
    let applied = server.run(["policy", "apply", &folder]).ok();
    let said = "2 of 2 calls of the last 7 days would come out differently: 2 stricter, 0 looser";
    assert!(
        applied.err.contains(said) && applied.err.contains("version 1 decides"),
        "{}",
        applied.err
    );
    fs::write(root.join("closed.cedar"), format!("{closed}// the same\n")).unwrap();
    let applied = server.run(["policy", "apply", &folder]).ok();
    assert!(!applied.err.contains("differently"), "{}", applied.err);
    server
        .run(["policy", "show", "tables.toml"])
        .fails(2, "civitas policy show active --file");
}

#[test]
fn policies_are_pulled_changed_applied_and_rolled_back() {
    let server = Server::start();
    let root = server.folder.path().join("mine");
    let mine = root.display().to_string();
    let pulled = server.run(["policy", "pull", &mine]).ok();
    assert!(pulled.err.contains("version 0"), "{}", pulled.err);
    server.run(["policy", "diff", &mine]).ok();
    fs::write(root.join("ledger.cedar"), LEDGER).unwrap();
    fs::write(root.join("ledger.test.toml"), TEST).unwrap();
    let differs = server
        .run(["policy", "diff", &mine])
        .fails(1, "2 files differ");
    assert!(differs.out.contains("+ @id(\"ledger\")"), "{}", differs.out);
    let applied = server
        .run(["policy", "apply", &mine, "--note", "close it"])
        .ok();
    assert!(applied.err.contains("version 1 decides"), "{}", applied.err);
    let again = server.run(["policy", "apply", &mine]).ok();
    assert!(again.err.contains("nothing to do"), "{}", again.err);
    // Somebody else who started from the same version.
    let theirs = server.folder.path().join("theirs").display().to_string();
    server
        .run(["policy", "pull", &theirs, "--policy-version", "0"])
        .ok();
    server
        .run(["policy", "apply", &theirs])
        .fails(2, "does not know from which version");
    server
        .run(["policy", "apply", &theirs, "--based-on", "0"])
        .fails(1, "`based_on` 1");
    let versions = server.run(["policy", "versions"]).ok();
    assert!(
        versions.out.contains("1 (active)") && versions.out.contains("close it"),
        "{}",
        versions.out
    );
    let shown = server
        .run(["policy", "show", "--file", "ledger.cedar"])
        .ok();
    assert_eq!(shown.out.trim_end(), LEDGER.trim_end());
    let shown = server.run(["policy", "show"]).ok();
    assert!(shown.out.contains("developer"), "{}", shown.out);
    let back = server
        .run(["policy", "rollback", "--note", "too early"])
        .ok();
    assert!(back.err.contains("version 0 decides"), "{}", back.err);
    server.run(["policy", "activate", "1"]).ok();
    server
        .run(["policy", "activate", "9"])
        .fails(5, "no version 9");
    server
        .run(["policy", "pull", &mine, "--policy-version", "0"])
        .ok();
}

#[test]
fn a_check_explains_itself() {
    let server = Server::start();
    let denied = server
        .run(["policy", "check", "rm -rf /", "--role", "developer"])
        .ok();
    for said in [
        "✗ DENIED",
        "danger.rm_root",
        "what was judged",
        "policies that applied",
        "permits",
        "forbids",
        "decided by: version 0",
    ] {
        assert!(denied.out.contains(said), "{said}: {}", denied.out);
    }
    let held = server
        .run([
            "policy",
            "check",
            "git push origin main",
            "--role",
            "developer",
        ])
        .ok();
    assert!(
        held.out.contains("? NEEDS APPROVAL") && held.out.contains("approvers: human"),
        "{}",
        held.out
    );
    let allowed = server
        .run([
            "policy",
            "check",
            "--role",
            "developer",
            "--tool",
            "Read",
            "--path",
            "src/a",
            "--expect",
            "allow",
        ])
        .ok();
    assert!(allowed.out.contains("✓ ALLOWED"), "{}", allowed.out);
    server
        .run(["policy", "check", "ls", "--expect", "deny"])
        .fails(1, "expected deny, got allow");
    server
        .run([
            "policy", "check", "ls", "--agent", "nobody", "--expect", "ask",
        ])
        .ok();
    server
        .run(["policy", "check"])
        .fails(2, "say what to judge");
    let machine = server.run(["policy", "check", "ls", "--json"]).ok().json();
    assert_eq!(machine["outcome"], "allow");
}

#[test]
fn a_what_if_without_decisions_changes_nothing() {
    let server = Server::start();
    let folder = folder(server.folder.path());
    let said = server
        .run(["policy", "what-if", &folder, "--days", "30"])
        .ok();
    assert!(said.out.contains("0 of 0 calls"), "{}", said.out);
    let said = server.run(["policy", "what-if", "0", "--json"]).ok().json();
    assert_eq!(said["complete"], true);
}

#[test]
fn a_watched_folder_is_applied_on_each_save() {
    let server = Server::start();
    let folder = folder(server.folder.path());
    let mut watching = civitas()
        .args(["policy", "watch", &folder])
        .env("CIVITAS_SERVER", &server.address)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(watching.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    let mut until = |says: &str| {
        let found = lines.find(|line| line.contains(says));
        assert!(found.is_some(), "{says}");
    };
    until("version 1 decides");
    fs::write(format!("{folder}/ledger.cedar"), "nonsense").unwrap();
    until("not applied");
    let open = LEDGER.replace("closed", "shut");
    fs::write(format!("{folder}/ledger.cedar"), open).unwrap();
    until("version 2 decides");
    watching.kill().unwrap();
    watching.wait().unwrap();
}
