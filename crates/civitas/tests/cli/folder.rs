//! The data folder: who can look into it, and which database it goes with.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::backup::schema;
use crate::{Server, dev_on, run};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn nobody_else_can_look_into_a_data_folder_or_a_restored_one() {
    let server = Server::start();
    let folder = server.folder.path();
    assert_eq!(mode(&folder.join("data")), 0o700);
    let archive = folder.join("backup.tar").display().to_string();
    run(["backup", &archive, "--data-dir", &server.data_dir()]).ok();
    let copy = folder.join("copy");
    let path = copy.display().to_string();
    run(["restore", &archive, "--data-dir", &path]).ok();
    assert_eq!(mode(&copy), 0o700);
}

#[test]
fn the_doctor_finds_content_that_is_missing() {
    let server = Server::start();
    server.put("plan.txt", b"The lighthouse keeper leaves in spring.");
    let lost = server.put("lost.txt", b"The harbour master stays.");
    let data_dir = server.data_dir();
    let listen = server.address.strip_prefix("http://").unwrap();
    let doctor = ["doctor", "--data-dir", &data_dir, "--listen", listen];
    let fine = run(doctor).ok();
    assert!(
        fine.out.contains("ok    content      the content of 2"),
        "{}",
        fine.out
    );
    for file in files_under(&Path::new(&data_dir).join("blobs/objects")) {
        if std::fs::read(&file).unwrap() == b"The harbour master stays." {
            std::fs::remove_file(&file).unwrap();
        }
    }
    let ill = run(doctor).fails(1, "1 of 9 checks failed");
    assert!(
        ill.out.contains("1 of 2 files is missing") && ill.out.contains(&lost),
        "{}",
        ill.out
    );
    server
        .run(["files", "get", &lost, "-o", "-"])
        .fails(1, "restore it from a backup");
}

fn files_under(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_postgresql_database_goes_with_one_data_folder() {
    let Some(database) = schema("folders") else {
        eprintln!("skipped: CIVITAS_TEST_POSTGRES_URL is not set");
        return;
    };
    let mut server = Server::start_on(Some(&database));
    let id = server.put("plan.txt", b"The lighthouse keeper leaves in spring.");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let other = server.folder.path().join("other");
    let path = other.display().to_string();
    let start = ["dev", "--listen", "127.0.0.1:0", "--data-dir", &path];
    let start: Vec<&str> = start
        .into_iter()
        .chain(["--database-url", &database])
        .collect();
    let refused = run(&start).fails(1, "another data folder");
    assert!(refused.err.contains("--data-dir"), "{}", refused.err);
    let doctor = ["doctor", "--data-dir", &path, "--database-url", &database];
    let found = run(doctor).fails(1, "1 of 9");
    assert!(found.out.contains("another data folder"), "{}", found.out);

    let own = server.folder.path().join("data");
    let (child, address) = dev_on(&own, Some(&database));
    (server.child, server.address) = (child, address);
    server.run(["files", "get", &id, "-o", "-"]).ok();

    // Whoever lost the folder may go on without it.
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    std::fs::copy(own.join("node"), other.join("node")).unwrap();
    let (child, address) = dev_on(&other, Some(&database));
    (server.child, server.address) = (child, address);
    server
        .run(["files", "get", &id, "-o", "-"])
        .fails(1, "restore it from a backup");
}
