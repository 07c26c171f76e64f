//! `civitas backup`, `civitas restore` and `civitas doctor`.

use std::os::unix::fs::PermissionsExt;

use crate::{Server, dev, run};

#[test]
fn a_running_node_is_backed_up_and_its_restored_copy_answers_the_same() {
    let server = Server::start();
    let id = server.put("plan.txt", b"The lighthouse keeper leaves in spring.");
    let folder = server.folder.path();
    let archive = folder.join("backup.tar").display().to_string();
    run(["backup", &archive, "--data-dir", &server.data_dir()]).ok();
    let mode = std::fs::metadata(&archive).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "the keys are in it");
    run(["backup", &archive, "--data-dir", &server.data_dir()]).fails(1, "--force");
    // The node goes on.
    server.put("more.txt", b"And the harbour master too.");

    let copy = folder.join("copy");
    run(["restore", &archive, "--data-dir", &server.data_dir()]).fails(1, "not empty");
    run([
        "restore",
        &archive,
        "--data-dir",
        &copy.display().to_string(),
    ])
    .ok();
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
    run(["doctor", "--database-url", missing]).fails(1, "1 of 7 checks failed");
}
