//! `civitas agents`, with a folder of several hundred files that are broken in every way.

use std::fs;

use serde_json::Value;

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
    assert_eq!(
        back["summary"]["updated"], agents,
        "their texts have a block more"
    );
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
        .fails(1, "1 agents differ");
    server.run(["agents", "import", &folder]).ok();
    let shown = server.run(["agents", "show", "code-reviewer"]).ok();
    assert!(
        shown.out.contains("draft") && shown.out.contains("Read, Grep"),
        "{}",
        shown.out
    );
    let active = server.run(["agents", "activate", "code-reviewer"]).ok();
    assert!(active.err.contains("is active"), "{}", active.err);
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
