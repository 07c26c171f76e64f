//! The command line, driven as people drive it: the real binary against a real server.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers: a failure is the test's failure"
)]

mod agents;
mod approvals;
mod audit;
mod backup;
mod budgets;
mod demo;
mod executions;
mod files;
mod folder;
mod help;
mod hook;
mod install;
mod policy;
mod readme;
mod selftest;
mod serving;
mod sign_in;
mod stand_in;
mod telemetry;
mod uploads;
mod webhooks;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_civitas");

/// The binary, with nothing of this process's settings.
fn civitas() -> Command {
    let mut command = Command::new(BINARY);
    for name in [
        "SERVER",
        "TOKEN",
        "DATA_DIR",
        "DATABASE_URL",
        "LISTEN",
        "LOG",
    ] {
        command.env_remove(format!("CIVITAS_{name}"));
    }
    // Nobody's sign-in is used unless a test keeps one.
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command.stdin(Stdio::null());
    command
}

/// What a command did.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    fn fails(self, code: i32, says: &str) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.out, self.err
        );
        assert!(self.err.contains(says), "{} does not say {says}", self.err);
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs a command without a server.
fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    civitas().args(arguments).output().unwrap().into()
}

/// A running `civitas dev`, stopped with the test.
struct Server {
    child: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        Self::start_on(None)
    }

    /// The same, on a PostgreSQL database.
    fn start_on(database_url: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let (child, address) = dev_on(&data_dir, database_url);
        Self {
            child,
            address,
            folder,
        }
    }

    fn data_dir(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Runs a command against this server.
    fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        let mut command = civitas();
        command.args(arguments).env("CIVITAS_SERVER", &self.address);
        command.output().unwrap().into()
    }

    /// Writes a file to put, and answers its path.
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    /// Puts one file with `--wait` and answers its id.
    #[track_caller]
    /// Stops the server as a supervisor would, and leaves its folder.
    fn stop(mut self) -> tempfile::TempDir {
        let id = self.child.id().to_string();
        Command::new("kill").arg(id).status().unwrap();
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.file(name, bytes);
        let put = self
            .run(["files", "put", &path, "--wait", "--json"])
            .ok()
            .json();
        put["files"][0]["file_id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn dev(data_dir: &Path) -> (Child, String) {
    dev_on(data_dir, None)
}

/// The same, on a PostgreSQL database.
fn dev_on(data_dir: &Path, database_url: Option<&str>) -> (Child, String) {
    let mut child = civitas()
        .args(["dev", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .args(database_url.iter().flat_map(|url| ["--database-url", url]))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let address = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned();
    (child, address)
}
