//! `civitas agents`, with a folder of several hundred files that are broken in every way.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use serde_json::{Value, json};

use crate::Server;

#[path = "../../../governance/tests/agents/generator.rs"]
mod generator;

/// Writes the folder, and answers its path and what it holds.
fn folder(server: &Server) -> (String, Vec<generator::Made>) {
    let root = server.folder.path().join("agents");
    let made = generator::folder(3);
    for file in &made {
        let path = root.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.bytes).unwrap();
    }
    (root.display().to_string(), made)
}

/// Every file became what it must.
fn account(made: &[generator::Made], dry: &Value) {
    for file in made {
        let files = dry["files"].as_array().unwrap();
        let said = files
            .iter()
            .find(|one| one["path"] == file.path.as_str())
            .unwrap();
        assert_eq!(said["outcome"], file.outcome, "{}: {said}", file.kind);
        assert!(
            said.to_string().contains(file.says),
            "{}: {said}",
            file.kind
        );
        let name = said["agent"]["name"].as_str();
        assert_eq!(name, file.name.as_deref(), "{}: {said}", file.kind);
    }
}

#[test]
fn a_folder_is_imported_and_every_file_is_accounted_for() {
    let server = Server::start();
    let (folder, made) = folder(&server);
    let agents = made.iter().filter(|file| file.outcome != "skipped").count();
    let dry = server
        .run(["agents", "import", &folder, "--dry-run", "--json"])
        .ok()
        .json();
    assert_eq!(dry["summary"]["created"], agents);
    account(&made, &dry);
    assert_eq!(
        server
            .run(["agents", "list", "--json"])
            .ok()
            .json()
            .as_array()
            .unwrap()
            .len(),
        0
    );
    let imported = server.run(["agents", "import", &folder]).ok();
    for said in [
        "loaded",
        "repaired",
        "synthesised",
        "skipped",
        "`**` stands without quotes",
        "is a document",
    ] {
        assert!(imported.out.contains(said), "{said}: {}", imported.out);
    }
    assert!(
        imported.err.contains(&format!("{} files", made.len())),
        "{}",
        imported.err
    );
    let listed = server.run(["agents", "list", "--json"]).ok().json();
    assert_eq!(listed.as_array().unwrap().len(), agents);
    let again = server
        .run(["agents", "import", &folder, "--json"])
        .ok()
        .json();
    assert_eq!(again["summary"]["unchanged"], agents);
    let same = server.run(["agents", "drift", &folder]).ok();
    assert!(same.err.contains("say the same"), "{}", same.err);

    // What goes out comes back as it is.
    let out = server.folder.path().join("out").display().to_string();
    let exported = server.run(["agents", "export", &out, "--json"]).ok().json();
    assert_eq!(exported["files"].as_array().unwrap().len(), agents);
    let back = server
        .run(["agents", "import", &out, "--dry-run", "--json"])
        .ok()
        .json();
    assert_eq!(back["summary"]["unchanged"], agents);
    server.run(["agents", "drift", &out]).ok();
    for file in back["files"].as_array().unwrap() {
        assert_eq!(file["changes"], Value::Array(Vec::new()), "{file}");
    }
    server.run(["agents", "export", &out]).ok();
}

#[test]
fn an_agent_is_looked_at_steered_and_its_drift_seen() {
    let server = Server::start();
    let root = server.folder.path().join("mine");
    fs::create_dir(&root).unwrap();
    let file = root.join("code-reviewer.md");
    fs::write(
        &file,
        "---\nname: code-reviewer\ndescription: Reviews\ntools: Read, Grep\n---\nYou review.\n",
    )
    .unwrap();
    let folder = root.display().to_string();
    server
        .run(["agents", "drift", &folder])
        .fails(1, "1 agent differs");
    let imported = server.run(["agents", "import", &folder]).ok();
    let last = imported.err.lines().last().unwrap();
    assert_eq!(
        last,
        "1 agent waits as a draft: its calls are denied until civitas agents activate code-reviewer"
    );
    let shown = server.run(["agents", "show", "code-reviewer"]).ok();
    assert!(
        shown.out.contains("draft") && shown.out.contains("Read, Grep"),
        "{}",
        shown.out
    );
    let active = server.run(["agents", "activate", "code-reviewer"]).ok();
    assert!(active.err.contains("is active"), "{}", active.err);
    let again = server.run(["agents", "import", &folder]).ok();
    assert!(!again.err.contains("draft"), "{}", again.err);
    let listed = server.run(["agents", "list", "--state", "active"]).ok();
    assert!(listed.out.contains("code-reviewer"), "{}", listed.out);
    server.run(["agents", "suspend", "code-reviewer"]).ok();
    fs::write(
        &file,
        "---\nname: code-reviewer\ntools: Read\n---\nYou review.\n",
    )
    .unwrap();
    let drift = server.run(["agents", "drift", &folder]).fails(1, "differ");
    assert!(
        drift.out.contains("file changed") && drift.out.contains("rbac"),
        "{}",
        drift.out
    );
    fs::remove_file(&file).unwrap();
    let drift = server.run(["agents", "drift", &folder]).fails(1, "differ");
    assert!(drift.out.contains("no file"), "{}", drift.out);
    server
        .run(["agents", "retire", "code-reviewer"])
        .fails(2, "--yes");
    server
        .run(["agents", "retire", "code-reviewer", "--yes"])
        .ok();
    server
        .run(["agents", "activate", "code-reviewer"])
        .fails(1, "retired");
    server
        .run(["agents", "show", "nobody"])
        .fails(5, "there is no agent nobody");
    server
        .run(["agents", "import", "/nowhere"])
        .fails(5, "/nowhere");
}

#[test]
fn links_to_files_are_followed_and_what_is_no_file_is_named() {
    let server = Server::start();
    let root = server.folder.path().join("linked");
    let shared = server.folder.path().join("shared");
    fs::create_dir(&root).unwrap();
    fs::create_dir(&shared).unwrap();
    let coder = "---\nname: coder\ndescription: Codes\ntools: Read\n---\nYou code.\n";
    fs::write(shared.join("coder.md"), coder).unwrap();
    let link = |to: &Path, name: &str| symlink(to, root.join(name)).unwrap();
    link(&shared.join("coder.md"), "coder.md");
    link(&shared, "folder");
    link(&root.join("loop.md"), "loop.md");
    link(Path::new("/nowhere/at-all.md"), "lost.md");
    link(Path::new("/dev/zero"), "zero.md");
    let made = std::process::Command::new("mkfifo")
        .arg(root.join("pipe.md"))
        .status();
    assert!(made.unwrap().success());
    link(&root.join("pipe.md"), "to-pipe.md");
    let _listener = UnixListener::bind(root.join("socket.md")).unwrap();
    let folder = root.display().to_string();
    let run = ["agents", "import", &folder, "--json"];
    let done = server.run(run).ok().json();
    for (path, says) in [
        ("folder", "a link to a folder"),
        ("loop.md", "leads to nothing"),
        ("lost.md", "leads to nothing"),
        ("pipe.md", "a named pipe"),
        ("socket.md", "a socket"),
        ("to-pipe.md", "a link to a named pipe"),
        ("zero.md", "a link to a device"),
    ] {
        let files = done["files"].as_array().unwrap();
        let said = files.iter().find(|one| one["path"] == path).unwrap();
        assert_eq!(
            (&said["outcome"], &said["action"]),
            (&json!("skipped"), &json!("skipped"))
        );
        assert!(said["reason"].as_str().unwrap().contains(says), "{said}");
    }
    assert_eq!(
        (&done["summary"]["created"], &done["summary"]["total"]),
        (&json!(1), &json!(8))
    );
}

#[test]
fn a_file_with_the_name_of_an_agent_that_was_registered_without_one_does_not_change_it() {
    let server = Server::start();
    let root = server.folder.path().join("taken");
    fs::create_dir(&root).unwrap();
    let agent = |role: &str| {
        format!(
            "---\nname: ada\ndescription: Codes\ntools: Read\nx-civitas:\n  role: {role}\n---\nYou code.\n"
        )
    };
    fs::write(root.join("ada.md"), agent("reviewer")).unwrap();
    let event = r#"{"session_id":"s","hook_event_name":"SessionStart","source":"startup","agent_type":"ada"}"#;
    let sent = server.folder.path().join("event.json");
    fs::write(&sent, event).unwrap();
    let hook = std::process::Command::new(env!("CARGO_BIN_EXE_civitas"))
        .arg("hook")
        .env("CIVITAS_SERVER", &server.address)
        .stdin(fs::File::open(&sent).unwrap())
        .status();
    assert!(hook.unwrap().success());
    server
        .run(["agents", "adopt", "ada", "--role", "developer"])
        .ok();
    fs::write(root.join("ada.md"), agent("admin")).unwrap();
    let folder = root.display().to_string();
    for more in [&["--dry-run"][..], &[]] {
        let mut run = vec!["agents", "import", &folder];
        run.extend(more);
        let said = server.run(run.clone()).ok();
        for text in ["kept", "was not registered from a file", "differs in role"] {
            assert!(said.out.contains(text), "{text}: {}", said.out);
        }
        assert!(said.err.contains("1 file: 1 loaded"), "{}", said.err);
    }
    let shown = server.run(["agents", "show", "ada"]).ok();
    assert!(shown.out.contains("developer"), "{}", shown.out);
}

#[test]
fn drafts_are_put_to_work_by_name_or_all_at_once() {
    let server = Server::start();
    let root = server.folder.path().join("mine");
    fs::create_dir(&root).unwrap();
    for name in ["a", "b", "c", "d"] {
        let text =
            format!("---\nname: {name}\ndescription: Reviews\ntools: Read\n---\nYou review.\n");
        fs::write(root.join(format!("{name}.md")), text).unwrap();
    }
    let folder = root.display().to_string();
    let dry = server.run(["agents", "import", &folder, "--dry-run"]).ok();
    assert!(
        dry.err.contains("4 agents would wait as drafts"),
        "{}",
        dry.err
    );
    let imported = server.run(["agents", "import", &folder]).ok();
    assert!(
        imported
            .err
            .contains("denied until civitas agents activate --drafts"),
        "{}",
        imported.err
    );
    let states = || {
        let agents = server.run(["agents", "list", "--json"]).ok().json();
        let states = agents.as_array().unwrap().iter();
        let states: Vec<String> = states
            .map(|agent| agent["registry"]["lifecycle"].as_str().unwrap().to_owned())
            .collect();
        states.join(" ")
    };
    // One that is not there leaves the others as they are.
    server
        .run(["agents", "activate", "a", "nobody"])
        .fails(5, "no agent nobody");
    assert_eq!(states(), "draft draft draft draft");
    server.run(["agents", "activate", "a", "b"]).ok();
    assert_eq!(states(), "active active draft draft");
    let asked = server.run(["agents", "activate", "--drafts"]);
    assert!(asked.out.contains("analyst  Read"), "{}", asked.out);
    asked.fails(2, "2 drafts would be put to work: add --yes");
    assert_eq!(states(), "active active draft draft");
    server.run(["agents", "activate", "--drafts", "--yes"]).ok();
    assert_eq!(states(), "active active active active");
    let none = server.run(["agents", "activate", "--drafts"]).ok();
    assert!(none.err.contains("there are no drafts"), "{}", none.err);
    server.run(["agents", "activate"]).fails(2, "--drafts");
}

#[test]
fn what_is_watched_says_what_was_decided() {
    let server = Server::start();
    let event = json!({
        "session_id": "s", "hook_event_name": "PreToolUse", "cwd": "/work", "permission_mode": "default",
        "transcript_path": "/x.jsonl", "tool_name": "Bash", "tool_use_id": "t1",
        "tool_input": { "command": "rm -rf /" },
    });
    crate::hook::hook(&server.address, &["pre-tool-use"], &event.to_string());
    let mut watch = crate::civitas()
        .args(["agents", "watch", "--after", "0", "--type", "rbac_decision"])
        .env("CIVITAS_SERVER", &server.address)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = watch.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    watch.kill().unwrap();
    watch.wait().unwrap();
    for said in ["denied", "Bash: rm -rf /", "root"] {
        assert!(line.contains(said), "{said}: {line}");
    }
}
