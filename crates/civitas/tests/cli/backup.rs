//! `civitas backup`, `civitas restore` and `civitas doctor`.

use std::os::unix::fs::PermissionsExt;

use crate::{Server, dev, dev_on, run};

#[test]
fn a_running_node_is_backed_up_and_its_restored_copy_answers_the_same() {
    let server = Server::start();
    let id = server.put("plan.txt", b"The lighthouse keeper leaves in spring.");
    let folder = server.folder.path();
    let archive = folder.join("backup.tar").display().to_string();
    let written = [
        "backup",
        &archive,
        "--data-dir",
        &server.data_dir(),
        "--json",
    ];
    let written = run(written).ok().json();
    assert_eq!(written["file"], archive.as_str());
    assert_eq!(written["rows"]["files"], 1);
    let mode = std::fs::metadata(&archive).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "the keys are in it");
    run(["backup", &archive, "--data-dir", &server.data_dir()]).fails(1, "--force");
    // The node goes on.
    server.put("more.txt", b"And the harbour master too.");

    let copy = folder.join("copy");
    run(["restore", &archive, "--data-dir", &server.data_dir()]).fails(1, "not empty");
    let path = copy.display().to_string();
    let restored = run(["restore", &archive, "--data-dir", &path, "--json"]);
    assert_eq!(restored.ok().json()["rows"]["files"], 1);
    // One changed byte of content is noticed.
    let mut bytes = std::fs::read(&archive).unwrap();
    let content = b"The lighthouse keeper";
    let at = bytes
        .windows(content.len())
        .rposition(|some| some == content)
        .unwrap();
    bytes[at] = b'X';
    let damaged = folder.join("damaged.tar").display().to_string();
    std::fs::write(&damaged, bytes).unwrap();
    let target = folder.join("never").display().to_string();
    run(["restore", &damaged, "--data-dir", &target]).fails(1, "damaged");

    let (child, address) = dev(&copy);
    let second = Server {
        child,
        address,
        folder: tempfile::tempdir().unwrap(),
    };
    let back = second.run(["files", "get", &id, "-o", "-"]).ok();
    assert_eq!(back.out, "The lighthouse keeper leaves in spring.");
    let listed = second.run(["files", "ls", "--json"]).ok().json();
    assert_eq!(listed["count"], 1);
}

/// A schema of its own in the PostgreSQL that the environment names, if it names one; as an address.
pub(crate) fn schema(name: &str) -> Option<String> {
    let server = std::env::var("CIVITAS_TEST_POSTGRES_URL").ok()?;
    let name = format!("{name}_{}", std::process::id());
    let script = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name};");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (_, mut writer) = civitas_sql::Database::open_postgres(&server).await.unwrap();
        writer.script(&script).await.unwrap();
    });
    let separator = if server.contains('?') { '&' } else { '?' };
    Some(format!(
        "{server}{separator}options=-c%20search_path%3D{name}"
    ))
}

#[test]
fn a_node_on_postgresql_is_backed_up_and_restored_into_either_database() {
    let (Some(from), Some(to)) = (schema("backed_up"), schema("restored")) else {
        eprintln!("skipped: CIVITAS_TEST_POSTGRES_URL is not set");
        return;
    };
    let server = Server::start_on(Some(&from));
    let id = server.put("plan.txt", b"The lighthouse keeper leaves in spring.");
    let folder = server.folder.path();
    let archive = folder.join("backup.tar").display().to_string();
    let data_dir = server.data_dir();
    let backup = ["backup", &archive, "--data-dir", &data_dir];
    run(backup.into_iter().chain(["--database-url", &from])).ok();

    for (name, database) in [("postgres", Some(to.as_str())), ("sqlite", None)] {
        let copy = folder.join(name);
        let path = copy.display().to_string();
        let restore = ["restore", &archive, "--data-dir", &path];
        let target = database.iter().flat_map(|url| ["--database-url", url]);
        run(restore.into_iter().chain(target)).ok();
        assert_eq!(copy.join("civitas.db").exists(), database.is_none());
        let (child, address) = dev_on(&copy, database);
        let second = Server {
            child,
            address,
            folder: tempfile::tempdir().unwrap(),
        };
        let back = second.run(["files", "get", &id, "-o", "-"]).ok();
        assert_eq!(back.out, "The lighthouse keeper leaves in spring.");
        second.put("more.txt", b"And it takes new work.");
    }
    // What is not empty is not written over.
    let again = folder.join("again").display().to_string();
    let over = [
        "restore",
        &archive,
        "--data-dir",
        &again,
        "--database-url",
        &to,
    ];
    run(over).fails(1, "empty");
    assert!(!folder.join("again").exists());
}

#[test]
fn what_is_no_backup_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("photo.tar");
    std::fs::write(&file, [7; 4096]).unwrap();
    let target = folder.path().join("data");
    let (file, path) = (file.display().to_string(), target.display().to_string());
    run(["restore", &file, "--data-dir", &path]).fails(1, "no backup");
    assert!(!target.exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    run(["backup", "x.tar", "--data-dir", &path]).fails(5, "no data folder");
}

#[test]
fn the_doctor_finds_this_machine_fit_and_says_what_is_not() {
    let server = Server::start();
    let listen = server.address.strip_prefix("http://").unwrap();
    let report = run([
        "doctor",
        "--data-dir",
        &server.data_dir(),
        "--listen",
        listen,
    ])
    .ok();
    for line in [
        "ok    data folder",
        "ok    database",
        "ok    content      there are no files yet",
        "ok    sandbox",
        "ok    confinement  tried and refused: reading files, writing files, the network",
        "ok    port",
        "ok    clock",
    ] {
        assert!(report.out.contains(line), "{}", report.out);
    }
    assert!(
        report.out.contains("a Civitas server listens"),
        "{}",
        report.out
    );
    let missing = "postgres://nobody@127.0.0.1:1/none";
    let ill = run(["doctor", "--database-url", missing]).fails(1, "1 of 9 checks failed");
    assert_eq!(
        ill.out.matches("error connecting").count(),
        2,
        "{}",
        ill.out
    );
    assert!(ill.out.contains("refused"), "the root cause: {}", ill.out);
}
