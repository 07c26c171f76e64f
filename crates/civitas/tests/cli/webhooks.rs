//! `civitas webhooks` and `civitas agents watch`; the receiver of docs/webhooks.md, run as it stands there.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use civitas_governance::webhooks::signature::sign;
use civitas_model::{Clock, SystemClock};
use civitas_storage::SigningSecret;

use crate::{Ran, Server, civitas, run};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A child that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Checks a message with a secret.
fn verify(secret: &str, body: &str, seconds: i64, signature: &str) -> Ran {
    let mut command = civitas();
    command
        .args(["webhooks", "verify", "-", "-H", "webhook-id: msg_1"])
        .args(["-H", &format!("Webhook-Timestamp: {seconds}")])
        .args(["-H", &format!("webhook-signature: {signature}")])
        .env("CIVITAS_WEBHOOK_SECRET", secret)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(body.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_genuine_message_is_told_from_forged_changed_and_replayed_ones() {
    let now = SystemClock.now().as_micros() / 1_000_000;
    let signed = |seconds| sign([&SigningSecret::new(SECRET)], "msg_1", seconds, b"{}").unwrap();
    verify(SECRET, "{}", now, &signed(now)).ok();
    verify(SECRET, "{} ", now, &signed(now)).fails(1, "no signature fits");
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    verify(other, "{}", now, &signed(now)).fails(1, "another secret");
    verify(SECRET, "{}", now - 301, &signed(now - 301)).fails(1, "may be a replay");
    verify("nonsense", "{}", now, &signed(now)).fails(1, "whsec_");
    run(["webhooks", "verify", "-", "-H", "x: y", "--secret", SECRET]).fails(2, "webhook-id");
}

/// The receiver that the documentation shows.
fn documented_receiver(secret: &str, port: u16) -> Running {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("```python\n").unwrap();
    let (program, _) = rest.split_once("```").unwrap();
    let mut python = Command::new("python3");
    python
        .args(["-c", program])
        .env("CIVITAS_WEBHOOK_SECRET", secret);
    python
        .env("PORT", port.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    Running(python.spawn().unwrap())
}

#[test]
fn events_reach_the_documented_receiver() {
    let server = Server::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("http://127.0.0.1:{port}/hooks");
    let made = server.run(["webhooks", "add", &url, "--json"]).ok().json();
    let id = made["webhook_id"].as_str().unwrap();
    // Nobody is there yet.
    server
        .run(["webhooks", "test", id])
        .fails(1, "did not take");
    let mut receiver = documented_receiver(made["secret"].as_str().unwrap(), port);
    let mut lines = BufReader::new(receiver.0.stdout.take().unwrap()).lines();
    while server.run(["webhooks", "test", id]).code != 0 {}
    assert!(lines.next().unwrap().unwrap().contains("webhook_test"));
    let tested = server.run([
        "webhooks",
        "deliveries",
        id,
        "--status",
        "delivered",
        "--json",
    ]);
    let tested = tested.ok().json();
    let delivery = tested["deliveries"][0]["delivery_id"].as_str().unwrap();
    server.run(["webhooks", "replay", id, delivery]).ok();
    assert!(lines.next().unwrap().unwrap().contains("webhook_test"));
    let rotated = server.run(["webhooks", "rotate", id]).ok().out;
    assert!(rotated.starts_with("whsec_"), "{rotated}");
    let shown = server.run(["webhooks", "show", id]).ok().out;
    assert!(
        shown.contains("active") && !shown.contains("whsec_"),
        "{shown}"
    );
    server.run(["webhooks", "disable", id]).ok();
    assert!(
        server
            .run(["webhooks", "list"])
            .ok()
            .out
            .contains("disabled")
    );
    server.run(["webhooks", "remove", id]).fails(2, "--yes");
    server.run(["webhooks", "remove", id, "--yes"]).ok();
    server
        .run(["webhooks", "show", id])
        .fails(5, "no such webhook");
}

#[test]
fn what_agents_do_is_watched_from_a_number_on() {
    let server = Server::start();
    let file =
        "---\nname: coder\ndescription: Writes code.\nrole: developer\n---\nYou write code.\n";
    let folder = server.folder.path().join("agents");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("coder.md"), file).unwrap();
    let folder = folder.display().to_string();
    server.run(["agents", "import", &folder]).ok();
    server.run(["agents", "activate", "coder"]).ok();
    let mut watch = civitas();
    watch
        .args([
            "agents", "watch", "--after", "0", "--agent", "coder", "--json",
        ])
        .args(["--type", "agent_activated"])
        .env("CIVITAS_SERVER", &server.address)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut watch = Running(watch.spawn().unwrap());
    let mut lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("\"agent_name\":\"coder\""), "{first}");
    server
        .run(["agents", "watch", "--after", "999"])
        .fails(1, "too old or not known");
}
