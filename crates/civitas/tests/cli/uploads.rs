//! `civitas files put` of large files, over breaks and kills.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use crate::{Ran, Server, civitas, dev};

const MIB: u64 = 1 << 20;

/// A line between client and server that breaks when it is told to.
struct Line {
    address: String,
    state: Arc<State>,
    broken: Receiver<()>,
}

struct State {
    server: Mutex<String>,
    /// How many bytes go through before the line breaks, once.
    left: AtomicI64,
    passed: AtomicU64,
    /// Whether a broken line is silent instead of closed.
    is_silent: bool,
    breaks: SyncSender<()>,
    silent: Mutex<Vec<TcpStream>>,
}

impl Line {
    fn to(server: &str, left: u64, is_silent: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (breaks, broken) = sync_channel(1);
        let state = Arc::new(State {
            server: Mutex::new(server.to_owned()),
            left: AtomicI64::new(i64::try_from(left).unwrap()),
            passed: AtomicU64::new(0),
            is_silent,
            breaks,
            silent: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, state) = (client.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || state.connect(client));
            }
        });
        Self {
            address,
            state,
            broken,
        }
    }

    fn lead_to(&self, server: &str) {
        server.clone_into(&mut self.state.server.lock().unwrap());
        for stream in self.state.silent.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    fn connect(self: Arc<Self>, mut client: TcpStream) {
        let address = self.server.lock().unwrap().replace("http://", "");
        let Ok(mut server) = TcpStream::connect(address) else {
            return;
        };
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            if server.write_all(&buffer[..count]).is_err() {
                break;
            }
            self.passed.fetch_add(count as u64, Ordering::SeqCst);
            let count = i64::try_from(count).unwrap();
            let left = self.left.fetch_sub(count, Ordering::SeqCst);
            if left > 0 && left <= count {
                if self.is_silent {
                    let _ = self.breaks.try_send(());
                    self.silent.lock().unwrap().push(client);
                    self.silent.lock().unwrap().push(server);
                    return;
                }
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
        let _ = client.shutdown(Shutdown::Both);
    }
}

fn put(server: &Server, line: &Line, path: &str) -> Child {
    civitas()
        .args(["files", "put", path, "--json", "--server", &line.address])
        .env("XDG_STATE_HOME", server.folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn bytes() -> Vec<u8> {
    (0..10_u32 << 20).flat_map(u32::to_le_bytes).collect()
}

#[track_caller]
fn is_stored(server: &Server, put: Child, bytes: &[u8]) {
    let put = Ran::from(put.wait_with_output().unwrap()).ok().json();
    let id = put["files"][0]["file_id"].as_str().unwrap();
    let shown = server.run(["files", "ls", "--json"]).ok().out;
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
    assert!(shown.contains(id) && shown.contains(&digest), "{shown}");
    let kept = std::fs::read_dir(server.folder.path().join("civitas/uploads")).unwrap();
    assert_eq!(kept.count(), 0, "what is done is not remembered");
}

/// Whether the server says that some of the upload on its way is durable.
fn has_checkpoint(server: &Server) -> bool {
    let folder = server.folder.path().join("civitas/uploads");
    let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let id = std::fs::read_to_string(entry.path()).unwrap();
    let address = server.address.replace("http://", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "HEAD /api/content/uploads/{id} HTTP/1.1\r\nHost: {address}\r\nTus-Resumable: 1.0.0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("upload-offset: "), "{answer}");
    !answer.contains("upload-offset: 0\r\n")
}

#[test]
fn a_broken_line_is_gone_on_with() {
    let server = Server::start();
    let bytes = bytes();
    let path = server.file("big.bin", &bytes);
    let line = Line::to(&server.address, 25 * MIB, false);
    is_stored(&server, put(&server, &line, &path), &bytes);
    let passed = line.state.passed.load(Ordering::SeqCst);
    assert!(passed < 60 * MIB, "{passed} is everything twice");
}

#[test]
fn a_put_that_was_killed_goes_on_where_it_was() {
    let server = Server::start();
    let bytes = bytes();
    let path = server.file("big.bin", &bytes);
    let line = Line::to(&server.address, 25 * MIB, true);
    let mut killed = put(&server, &line, &path);
    line.broken.recv().unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    line.lead_to(&server.address);
    line.state.passed.store(0, Ordering::SeqCst);
    is_stored(&server, put(&server, &line, &path), &bytes);
    let passed = line.state.passed.load(Ordering::SeqCst);
    assert!(passed < 25 * MIB, "{passed} is not only the rest");
}

#[test]
fn a_put_outlives_a_kill_of_the_server() {
    let mut server = Server::start();
    let bytes = bytes();
    let path = server.file("big.bin", &bytes);
    let line = Line::to(&server.address, 25 * MIB, true);
    let put = put(&server, &line, &path);
    line.broken.recv().unwrap();
    // What went through may not count yet.
    while !has_checkpoint(&server) {
        std::thread::yield_now();
    }
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let (child, address) = dev(server.data_dir().as_ref());
    (server.child, server.address) = (child, address);
    line.state.passed.store(0, Ordering::SeqCst);
    line.lead_to(&server.address);
    is_stored(&server, put, &bytes);
    let passed = line.state.passed.load(Ordering::SeqCst);
    assert!(
        passed < 30 * MIB,
        "{passed} is more than what did not count yet"
    );
}
