//! `civitas dev` and `civitas serve`: where they listen, and what they take on.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::Value;

use crate::hook::{call, hook};
use crate::{Server, civitas, run};

#[test]
fn a_taken_port_is_found_out_before_anything_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let path = data_dir.display().to_string();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    for command in ["dev", "serve"] {
        let refused = run([command, "--listen", &listen, "--data-dir", &path]);
        refused.fails(1, "choose another with --listen");
        assert!(!data_dir.exists());
    }
    run(["dev", "--listen", "0.0.0.0:0", "--data-dir", &path]).fails(1, "use `civitas serve`");
    assert!(!data_dir.exists());
    run(["dev", "--listen", "localhost"]).fails(2, "localhost:8000");
}

#[test]
fn causes_are_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    std::fs::create_dir(&data_dir).unwrap();
    std::fs::write(data_dir.join("civitas.db"), vec![b'x'; 8192]).unwrap();
    let path = data_dir.display().to_string();
    let dev = ["dev", "--listen", "127.0.0.1:0", "--data-dir", &path];
    let corrupt = run(dev).fails(1, "the database cannot be opened: SQLite:");
    assert_eq!(corrupt.err.matches("SQLite:").count(), 1, "{}", corrupt.err);
    let missing = ["--database-url", "postgres://nobody@127.0.0.1:1/none"];
    let down = run(dev.into_iter().chain(missing)).fails(1, "refused");
    assert_eq!(
        down.err.matches("error connecting").count(),
        1,
        "{}",
        down.err
    );
}

#[test]
fn a_server_listens_on_a_name_and_takes_on_what_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = civitas()
        .args(["dev", "--listen", "localhost:0", "--upload-limit", "2KiB"])
        .args(["--retention", "12h", "--shutdown-grace", "1s", "--data-dir"])
        .arg(folder.path().join("data"))
        .args(["--hold", "1s", "--environment", "dev"])
        .env("CIVITAS_CONCURRENCY", "3")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap();
    let server = Server {
        child,
        address: address.to_owned(),
        folder,
    };
    let small = server.file("small.txt", &[b'a'; 2048]);
    server.run(["files", "put", &small]).ok();
    let large = server.file("large.txt", &[b'a'; 2049]);
    server
        .run(["files", "put", &large])
        .fails(1, "up to 2048 bytes");

    // In this environment a push to the main branch does not ask; what does is held for as long as it was said.
    let decided = |id: &str, command: &str| {
        let mut event: Value = serde_json::from_str(&call(command)).unwrap();
        event["tool_use_id"] = id.into();
        hook(&server.address, &["pre-tool-use"], &event.to_string()).out
    };
    let pushed = decided("t1", "git push origin main");
    assert!(
        pushed.contains(r#""permissionDecision":"allow""#),
        "{pushed}"
    );
    let held = decided("t2", "$X foo");
    assert!(held.contains("nobody has decided P1 yet"), "{held}");

    for wrong in [
        ["--retention", "30"],
        ["--upload-limit", "lots"],
        ["--concurrency", "0"],
        ["--shutdown-grace", "0s"],
        // Longer than clients wait for an answer.
        ["--hold", "10m"],
        ["--approval-lifetime", "31d"],
        ["--environment", "a\u{1}b"],
    ] {
        run(["dev"].into_iter().chain(wrong)).fails(2, wrong[0]);
    }
}
