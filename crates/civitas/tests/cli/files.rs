//! `civitas files`.

use std::fs;

use crate::{Server, run};

#[test]
fn a_file_comes_back_byte_for_byte_and_a_partial_one_is_completed() {
    let server = Server::start();
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let path = server.file("numbers.bin", &bytes);
    let put = server.run(["files", "put", &path, "--json"]).ok().json();
    let id = put["files"][0]["file_id"].as_str().unwrap();

    let listed = server.run(["files", "ls"]).ok();
    assert!(
        listed.out.contains("numbers.bin") && listed.out.contains(id),
        "{}",
        listed.out
    );

    let target = server.folder.path().join("back.bin");
    let back = target.display().to_string();
    server.run(["files", "get", id, "-o", &back]).ok();
    assert_eq!(fs::read(&target).unwrap(), bytes);

    fs::write(&target, &bytes[..1000]).unwrap();
    server.run(["files", "get", id, "-o", &back]).ok();
    assert_eq!(fs::read(&target).unwrap(), bytes);
    let again = server.run(["files", "get", id, "-o", &back]).ok();
    assert!(again.err.contains("there already"), "{}", again.err);
}

#[test]
fn nothing_that_is_there_is_overwritten_without_force() {
    let server = Server::start();
    let id = server.put("note.txt", b"the harbour opens at six");
    let target = server.folder.path().join("mine.txt");
    let path = target.display().to_string();
    for mine in ["short", "something of mine that is longer than the file"] {
        fs::write(&target, mine).unwrap();
        server
            .run(["files", "get", &id, "-o", &path])
            .fails(1, "--force");
        assert_eq!(fs::read_to_string(&target).unwrap(), mine);
    }
    server
        .run(["files", "get", &id, "-o", &path, "--force"])
        .ok();
    assert_eq!(
        fs::read_to_string(&target).unwrap(),
        "the harbour opens at six"
    );
}

#[test]
fn what_was_read_is_found_with_its_place() {
    let server = Server::start();
    server.put(
        "plan.md",
        b"# Harbour plan\n\nThe lighthouse keeper leaves in spring.\n",
    );
    // At once: `--wait` waited for the index, too.
    let found = server.run(["files", "search", "lighthouse", "keeper"]).ok();
    assert!(
        found.out.contains("plan.md") && found.out.contains("lighthouse keeper"),
        "{}",
        found.out
    );
    let json = server.run(["search", "lighthouse", "--json"]).ok().json();
    assert_eq!(json["total"], 1);
    let without = ["search", "lighthouse", "-harbour", "--limit", "3", "--json"];
    assert_eq!(server.run(without).ok().json()["total"], 0);
    server.run(["files", "search", "-lighthouse"]).ok();
}

#[test]
fn a_search_counts_explains_narrows_and_goes_on() {
    let server = Server::start();
    server.put(
        "one.md",
        b"# Harbour plan\n\nThe lighthouse keeper leaves.\n",
    );
    server.put("two.txt", b"A lighthouse needs no keeper.\n");
    let all = server
        .run([
            "search",
            "lighthouse",
            "--facets",
            "--why",
            "--after",
            "2020",
        ])
        .ok();
    for shown in [
        "type",
        "md 1, txt 1",
        "upload 2",
        "lighthouse found in text",
    ] {
        assert!(all.out.contains(shown), "{shown}: {}", all.out);
    }
    let none = ["search", "lighthouse", "--before", "2020", "--json"];
    assert_eq!(server.run(none).ok().json()["total"], 0);
    let found = server
        .run(["search", "lighthouse", "--source", "upload", "--json"])
        .ok()
        .json();
    assert_eq!(found["total"], 2);
    let file = found["hits"][0]["parent_id"].as_str().unwrap();
    let url = found["hits"][0]["url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("/api/content/files/{file}/content#line=")),
        "{url}"
    );
    server.run(["files", "tag", file, "Coast"]).ok();
    let tagged = [
        "search",
        "lighthouse",
        "--limit",
        "1",
        "--cursor",
        "",
        "--json",
    ];
    let first = server.run(tagged).ok().json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = [
        "search",
        "lighthouse",
        "--limit",
        "1",
        "--cursor",
        cursor,
        "--json",
    ];
    let second = server.run(next).ok().json();
    assert_ne!(
        first["hits"][0]["parent_id"],
        second["hits"][0]["parent_id"]
    );
    assert!(second.get("next_cursor").is_none(), "{second}");
    server
        .run(["search", "x", "--after", "lunch"])
        .fails(1, "2026-03-15");
}

#[test]
fn folders_are_taken_in_only_when_asked_and_failures_are_summed_up() {
    let server = Server::start();
    let folder = server.folder.path().join("reports");
    fs::create_dir_all(folder.join("inner")).unwrap();
    fs::write(folder.join("a.txt"), "first").unwrap();
    fs::write(folder.join("inner/b.txt"), "second").unwrap();
    fs::write(folder.join(".hidden"), "not this").unwrap();
    let path = folder.display().to_string();
    server.run(["files", "put", &path]).fails(2, "add -r");
    let put = server.run(["files", "put", "-r", &path]).ok();
    assert!(
        put.out.contains("a.txt") && put.out.contains("b.txt") && !put.out.contains("hidden"),
        "{}",
        put.out
    );

    assert!(
        put.err
            .contains("2 files: 2 put, 0 there already, 0 failed"),
        "{}",
        put.err
    );
    fs::write(folder.join("bad.pdf"), b"%PDF-1.7 nothing").unwrap();
    let put = server
        .run(["files", "put", "-r", "--wait", &path])
        .fails(1, "1 of 3 files failed");
    assert!(put.err.contains("failed bad.pdf:"), "{}", put.err);
}

#[test]
fn a_folder_that_was_put_before_is_gone_on_with() {
    let server = Server::start();
    let folder = server.folder.path().join("many");
    fs::create_dir(&folder).unwrap();
    for number in 0..25 {
        fs::write(
            folder.join(format!("{number}.txt")),
            format!("note {number}"),
        )
        .unwrap();
    }
    let path = folder.display().to_string();
    let put = ["files", "put", "-r", &path, "--json"];
    let first = server.run(put).ok().json();
    assert_eq!(first["summary"]["stored"], 25);
    fs::write(folder.join("new.txt"), "something new").unwrap();
    let second = server.run(put).ok().json();
    let expected =
        serde_json::json!({ "total": 26, "stored": 1, "there_already": 25, "failed": 0 });
    assert_eq!(second["summary"], expected);
    let again = ["files", "put", "-r", &path, "--again", "--json"];
    assert_eq!(server.run(again).ok().json()["summary"]["stored"], 26);

    let read = server.run(["files", "put", "-r", &path, "--wait"]).ok();
    assert!(
        read.err.contains("26 files: 26 put"),
        "stored is not read: {}",
        read.err
    );
    let read = server.run(["files", "put", "-r", &path, "--wait"]).ok();
    assert!(read.err.contains("26 there already"), "{}", read.err);
}

#[test]
fn a_file_is_tagged_archived_restored_and_purged() {
    let server = Server::start();
    let id = server.put(
        "plan.md",
        b"# Harbour plan\n\nThe lighthouse keeper leaves.\n",
    );
    let tagged = server.run(["files", "tag", &id, "Contract", "draft"]).ok();
    assert!(tagged.err.contains("Contract, draft"), "{}", tagged.err);
    server.run(["files", "tag", &id, "--remove", "DRAFT"]).ok();
    let listed = |arguments: &[&str]| {
        let mut all = vec!["files", "ls", "--json"];
        all.extend(arguments);
        server.run(all).ok().json()["count"].clone()
    };
    assert_eq!(listed(&["--tag", "contract"]), 1);
    assert_eq!(listed(&["--tag", "draft"]), 0);
    let info = server.run(["files", "info", &id]).ok();
    assert!(
        info.out.contains("plan.md") && info.out.contains("Contract"),
        "{}",
        info.out
    );
    server
        .run(["files", "restore", &id])
        .fails(1, "only an archived file");
    server
        .run(["files", "archive", &id, "--reason", "old"])
        .ok();
    assert_eq!(listed(&[]), 0);
    assert_eq!(listed(&["--status", "archived"]), 1);
    server.run(["files", "restore", &id]).ok();
    assert_eq!(listed(&["--name", "PLAN"]), 1);
    server.run(["files", "purge", &id]).fails(2, "--yes");
    server.run(["files", "purge", &id, "--yes"]).ok();
    assert_eq!(listed(&["--status", "any"]), 1);
    server.run(["files", "get", &id, "-o", "-"]).fails(5, "");
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let server = Server::start();
    let unknown = "00000000-0000-7000-8000-000000000000";
    server
        .run(["executions", "show", unknown])
        .fails(5, "there is no such execution");
    server
        .run(["intent", "show", "pars_content"])
        .fails(5, "perhaps you mean parse_content");
    server
        .run(["files", "ls", "--token", "forged"])
        .fails(4, "--token");
    server.run(["token", "revoke", unknown]).fails(2, "--yes");
    server
        .run(["files", "put", "/nowhere/at/all"])
        .fails(5, "/nowhere/at/all");
    server
        .run(["files", "get", unknown])
        .fails(5, "there is no file");
    run(["files", "ls", "--server", "http://127.0.0.1:1"]).fails(3, "civitas dev");
    run(["files", "ls", "--server", "nonsense"]).fails(2, "http://127.0.0.1:8000");
    run(["files", "nonsense"]).fails(2, "Usage");
}

#[test]
fn a_failure_for_machines_is_one_line_of_json() {
    let server = Server::start();
    let unknown = "00000000-0000-7000-8000-000000000000";
    let last = |failed: &crate::Ran| {
        let line = failed.err.lines().last().unwrap();
        serde_json::from_str::<serde_json::Value>(line).unwrap()
    };
    let refused = server
        .run(["executions", "show", unknown, "--json"])
        .fails(5, "");
    let problem = last(&refused);
    assert_eq!(problem["code"], "not_found");
    assert_eq!(problem["status"], 404, "the API's own document");
    let failed = server.run(["files", "get", unknown, "--json"]).fails(5, "");
    assert_eq!(last(&failed)["code"], "not_found");
    let offline = run(["files", "ls", "--server", "http://127.0.0.1:1", "--json"]).fails(3, "");
    assert_eq!(last(&offline)["code"], "unreachable");
    let nowhere = run(["backup", "x.tar", "--data-dir", "/nowhere", "--json"]).fails(5, "");
    assert_eq!(last(&nowhere)["code"], "not_found");
}

#[test]
fn rules_are_stated_once_and_shown() {
    let server = Server::start();
    let none = server.run(["files", "rules", "show"]).ok();
    assert!(none.err.contains("no rules are stated"), "{}", none.err);
    let rules = r#"{"allowed_types": ["csv"], "required_columns": ["id"]}"#;
    let path = server.file("rules.json", rules.as_bytes());
    let stated = server.run(["files", "rules", "set", &path]).ok();
    assert!(stated.out.contains(r#"["id"]"#), "{}", stated.out);
    assert!(stated.err.contains("version 1"), "{}", stated.err);
    let shown = server.run(["files", "rules", "show", "--json"]).ok().json();
    assert_eq!(shown["validation_rules"]["allowed_types"][0], "csv");
    server
        .run(["files", "rules", "set", &path, "--if-version", "0"])
        .fails(1, "were changed since");
    server
        .run(["files", "rules", "set", &path, "--if-version", "1"])
        .ok();
    let wrong = server.file("wrong.json", br#"{"colour": "red"}"#);
    server
        .run(["files", "rules", "set", &wrong])
        .fails(1, "/validation_rules/colour");
    let list = server.file("list.json", b"[]");
    server
        .run(["files", "rules", "set", &list])
        .fails(2, "one JSON object");
}
