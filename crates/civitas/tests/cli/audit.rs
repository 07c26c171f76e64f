//! `civitas audit`, on folders, copies and exports.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use civitas_sql::{Database, Statement};
use serde_json::json;

use crate::{Server, dev, run};

/// A node at rest whose log has entries, a checkpoint over all of them, and its public key.
fn stopped() -> (tempfile::TempDir, String, String) {
    let server = Server::start();
    for number in 0..12 {
        let name = format!("machine {number}");
        server.run(["token", "create", &name]).ok();
    }
    let folder = server.stop();
    let data_dir = folder.path().join("data").display().to_string();
    let key = run(["audit", "key", "--data-dir", &data_dir]).ok();
    (folder, data_dir, key.out.trim().to_owned())
}

/// A database with what lies in its write-ahead file, if there is one.
fn copy_database(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
    let [log, copy] = [from, to].map(|path| format!("{}-wal", path.display()));
    if Path::new(&log).exists() {
        std::fs::copy(log, copy).unwrap();
    }
}

/// Changes a database behind the node's back.
fn tamper(database: &Path, text: &'static str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (_, mut writer) = Database::open_sqlite(database).unwrap();
        let changed = writer.execute(&Statement::new(text), Vec::new()).await;
        assert!(changed.unwrap() > 0);
    });
}

#[test]
fn a_log_is_verified_where_it_is_in_a_copy_and_in_an_export() {
    let (folder, data_dir, key) = stopped();
    let report = run(["audit", "verify", "--data-dir", &data_dir, "--json"]);
    let report = report.ok().json();
    let entries = report["logs"][0]["entries"].as_u64().unwrap();
    assert!(entries >= 12, "{report}");
    assert_eq!(
        report["logs"][0]["signed"], entries,
        "it was signed to its end"
    );
    let said = run(["audit", "verify", "--data-dir", &data_dir]).ok();
    assert!(said.out.starts_with("sound"), "{}", said.out);

    let copy = folder.path().join("copy.db");
    copy_database(&Path::new(&data_dir).join("civitas.db"), &copy);
    let copied = copy.display().to_string();
    run(["audit", "verify", "--database", &copied]).fails(2, "--key");
    run(["audit", "verify", "--database", &copied, "--key", &key]).ok();
    let exported = folder.path().join("log.jsonl").display().to_string();
    run(["audit", "export", &exported, "--data-dir", &data_dir]).ok();
    run(["audit", "export", &exported, "--data-dir", &data_dir]).fails(1, "already");
    run(["audit", "verify", "--export", &exported, "--key", &key]).ok();
    let other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let refused = run(["audit", "verify", "--export", &exported, "--key", other]);
    assert!(
        refused
            .fails(1, "not what was written")
            .out
            .contains("checkpoint 1 cannot be used")
    );

    // Lines of an export, taken out and swapped.
    let text = std::fs::read_to_string(&exported).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut fewer = lines.clone();
    fewer.remove(lines.len() - 3);
    let damaged = folder.path().join("damaged.jsonl");
    std::fs::write(&damaged, fewer.join("\n")).unwrap();
    let path = damaged.display().to_string();
    let found = run(["audit", "verify", "--export", &path, "--key", &key]);
    assert!(found.fails(1, "1 of 1 logs").out.contains("is missing"));
    // Members that nothing hashed, or that are there twice.
    for (from, to) in [
        ("\"outcome\":", "\"outcome\":\"denied\",\"outcome\":"),
        ("\"actor\":{", "\"actor\":{\"name\":\"root\","),
    ] {
        assert!(text.contains(from), "{text}");
        let forged = text.replacen(from, to, 1);
        std::fs::write(&damaged, forged).unwrap();
        run(["audit", "verify", "--export", &path, "--key", &key]).fails(1, " of ");
    }
    std::fs::write(&damaged, "{\"note\": 1}\n").unwrap();
    run(["audit", "verify", "--export", &path, "--key", &key]).fails(1, "line 1 of");
}

/// What is done to a database, and what is said of it.
const DAMAGE: &[(&str, &str)] = &[
    (
        "UPDATE audit_entries SET outcome = 'refused' WHERE seq = 5",
        "entry 5 was changed",
    ),
    (
        "DELETE FROM audit_entries WHERE seq = 5",
        "entry 5 is missing",
    ),
    (
        "DELETE FROM audit_entries WHERE seq > 9",
        "its end was cut off",
    ),
    (
        "UPDATE audit_bodies SET body = '1' WHERE seq = (SELECT MAX(seq) FROM audit_bodies)",
        "is not the one that the entry was made with",
    ),
    (
        "DELETE FROM audit_bodies WHERE seq = (SELECT MAX(seq) FROM audit_bodies)",
        "no entry says that they were dropped",
    ),
    ("UPDATE audit_checkpoints SET note = 'none'", "it is not a"),
    (
        "UPDATE audit_heads SET hash = (SELECT hash FROM audit_entries WHERE seq = 1)",
        "(`audit_heads`) is not what the entries give",
    ),
    (
        "UPDATE audit_heads SET frontier = REPLACE(frontier, SUBSTR(frontier, 1, 2), '00')",
        "(`audit_heads`)",
    ),
    ("UPDATE audit_heads SET frontier = 'x'", "cannot be read"),
    ("DELETE FROM audit_heads", "would be the first again"),
    (
        "UPDATE audit_heads SET signed = signed + 100000",
        "are said to be signed",
    ),
    (
        "UPDATE audit_heads SET dropped = size + 1",
        "are said to be dropped",
    ),
    (
        "INSERT INTO audit_entries SELECT tenant_id, 0, 'forged', created_at, actor_kind, actor_id, actor_role, category, 'approve', subject_kind, subject_id, outcome, tool_use_id, NULL, previous, hash FROM audit_entries WHERE seq = 1",
        "have a number before the first",
    ),
    (
        "INSERT INTO audit_bodies SELECT tenant_id, 99999, salt, body FROM audit_bodies LIMIT 1",
        "belong to no entry",
    ),
    (
        "INSERT INTO audit_nodes SELECT tenant_id, 8, 0, hash FROM audit_heads",
        "of entries that there are not",
    ),
];

#[test]
fn damage_is_found_and_named() {
    let (folder, data_dir, key) = stopped();
    let original = Path::new(&data_dir).join("civitas.db");
    for (text, says) in DAMAGE {
        let copy = folder.path().join("copy.db");
        copy_database(&original, &copy);
        tamper(&copy, text);
        let path = copy.display().to_string();
        let found = run(["audit", "verify", "--database", &path, "--key", &key]);
        let found = found.fails(1, "not what was written and signed");
        assert!(found.out.contains(says), "{text}: {}", found.out);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{path}{end}"));
        }
    }
    // Who empties the tables has still signed, and the file beside the database knows.
    for table in [
        "audit_entries",
        "audit_bodies",
        "audit_heads",
        "audit_checkpoints",
    ] {
        let text: &'static str = format!("DELETE FROM {table}").leak();
        tamper(&original, text);
    }
    let found = run(["audit", "verify", "--data-dir", &data_dir]).fails(1, "1 of 1 logs");
    assert!(found.out.contains("its end was cut off"), "{}", found.out);
}

#[test]
fn what_was_named_and_holds_no_log_is_not_taken_for_sound() {
    let (folder, data_dir, key) = stopped();
    let original = Path::new(&data_dir).join("civitas.db");
    let copy = folder.path().join("copy.db");
    copy_database(&original, &copy);
    for table in [
        "audit_entries",
        "audit_bodies",
        "audit_heads",
        "audit_checkpoints",
    ] {
        let text: &'static str = format!("DELETE FROM {table}").leak();
        tamper(&copy, text);
    }
    let nothing = folder.path().join("nothing.jsonl");
    std::fs::write(&nothing, "").unwrap();
    for (option, path) in [("--database", &copy), ("--export", &nothing)] {
        let path = path.display().to_string();
        let verified = run(["audit", "verify", option, &path, "--key", &key]);
        let code = verified.code;
        verified.fails(code, "there is no audit log in what was named");
        assert_ne!(code, 0);
    }
}

#[test]
fn a_proof_is_checked_without_the_log() {
    let (folder, data_dir, key) = stopped();
    let proof = run(["audit", "prove", "4", "--data-dir", &data_dir]).ok();
    let path = folder.path().join("proof.json");
    std::fs::write(&path, &proof.out).unwrap();
    let file = path.display().to_string();
    let said = run(["audit", "check", &file, "--key", &key]).ok();
    assert!(said.out.starts_with("proved"), "{}", said.out);
    let mut document = proof.json();
    document["canonical"] = json!(
        document["canonical"]
            .as_str()
            .unwrap()
            .replace("done", "dome")
    );
    std::fs::write(&path, document.to_string()).unwrap();
    run(["audit", "check", &file, "--key", &key]).fails(1, "do not lead");
    let mut document = proof.json();
    document["leaf_index"] = json!(4);
    std::fs::write(&path, document.to_string()).unwrap();
    run(["audit", "check", &file, "--key", &key]).fails(1, "do not go together");
    run(["audit", "prove", "999", "--data-dir", &data_dir]).fails(5, "no entry 999");
    run(["audit", "key", "--data-dir", "nowhere"]).fails(5, "no key");
    let named = [
        "audit",
        "key",
        "--tenant",
        "default_tenant",
        "--data-dir",
        &data_dir,
    ];
    let named = run(named).ok().out;
    assert!(
        named.starts_with("civitas/") && named.contains("/default_tenant+"),
        "{named}"
    );
    let doctor = run(["doctor", "--data-dir", &data_dir, "--listen", "127.0.0.1:0"]);
    assert!(doctor.out.contains(&key), "{}", doctor.out);
}

/// Reports an operation over a connection of its own, and answers the id of its entry once that is durable.
fn report(address: &str, agent: &str) -> Option<String> {
    let body = json!({ "agent_id": agent, "operation_type": "tool_call" }).to_string();
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/events/ingest HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 201"), "{answer}");
    let entry: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(entry["audit_id"].as_str()?.to_owned())
}

#[test]
fn a_kill_loses_no_acknowledged_entry_and_breaks_no_chain() {
    const ENOUGH: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let path = data_dir.display().to_string();
    let mut acknowledged = BTreeSet::new();
    for _ in 0..3 {
        let (mut child, address) = dev(&data_dir);
        let address = address.trim_start_matches("http://").to_owned();
        let (sender, receiver) = std::sync::mpsc::sync_channel(1000);
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let (address, sender) = (address.clone(), sender.clone());
                std::thread::spawn(move || {
                    // Until the server is gone.
                    while let Some(id) = report(&address, &format!("a{writer}")) {
                        sender.send(id).unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        acknowledged.extend(receiver.iter().take(ENOUGH));
        // SIGKILL, while the writers go on.
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(receiver.iter());
        for writer in writers {
            writer.join().unwrap();
        }
        let export = folder.path().join("log.jsonl");
        let exported = export.display().to_string();
        run(["audit", "verify", "--data-dir", &path]).ok();
        run(["audit", "export", &exported, "--data-dir", &path]).ok();
        let text = std::fs::read_to_string(&export).unwrap();
        let missing: Vec<&String> = acknowledged
            .iter()
            .filter(|id| !text.contains(*id))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        std::fs::remove_file(&export).unwrap();
    }
    assert!(acknowledged.len() >= 3 * ENOUGH);
}

#[test]
fn where_no_database_is_no_key_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none").display().to_string();
    crate::run(["audit", "verify", "--data-dir", &path]).fails(5, "there is no database");
}
