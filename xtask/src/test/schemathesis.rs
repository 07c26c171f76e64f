//! A development server against what Schemathesis makes of its OpenAPI document: whatever is sent, no answer is a server
//! error, and every answer is one the document describes.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use cargo_metadata::MetadataCommand;
use tempfile::TempDir;

use crate::{command, python};

use super::Run;

/// The version whose options are used below.
const VERSION: &str = "4.32.5";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";
/// The same requests in every run; a development server needs no credential, and would refuse a made-up one.
const OPTIONS: &[&str] = &[
    "--phases=examples,coverage,fuzzing",
    "--max-examples=20",
    "--seed=1",
    "--generation-database=none",
    "--generation-with-security-parameters=false",
    "--workers=1",
    "--request-timeout=30",
    // It answers without end.
    "--exclude-path=/api/v1/agents/activity/stream",
    "--continue-on-failure",
    "--warnings=off",
];

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .current_dir(&run.root)
        .no_deps()
        .exec();
    let target = metadata
        .context("cannot read the workspace")?
        .target_directory;
    let name = format!("schemathesis-{VERSION}");
    let package = format!("schemathesis=={VERSION}");
    let programs = python::environment(target.as_std_path(), &name, &[&package]).context(
        "Schemathesis cannot be installed: provide python3 with venv and a package index, or leave this step out with `--without schemathesis`",
    )?;
    let mut cargo = run.cargo();
    command::run(cargo.args([
        "build",
        "--package",
        "civitas",
        "--bin",
        "civitas",
        "--locked",
    ]))?;
    let server = Server::start(target.join("debug/civitas").as_std_path())?;
    let mut schemathesis = Command::new(programs.join("schemathesis"));
    schemathesis
        .args([
            "run",
            &format!("{}/openapi.json", server.url),
            "--checks",
            CHECKS,
        ])
        .args(OPTIONS)
        .env(
            "SCHEMATHESIS_HOOKS",
            run.root.join("xtask/src/test/schemathesis_hooks.py"),
        )
        .current_dir(server.folder.path());
    command::run(&mut schemathesis)
}

/// A server of our own; it is stopped when this is dropped.
struct Server {
    process: Child,
    url: String,
    /// Holds its data, and what Schemathesis notes; removed once the server has ended.
    folder: TempDir,
}

impl Server {
    fn start(program: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("civitas-schemathesis-")
            .tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let process = Command::new(program)
            .args(["dev", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .env("CIVITAS_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start civitas")?;
        let mut server = Self {
            process,
            url: String::new(),
            folder,
        };
        let output = server
            .process
            .stdout
            .take()
            .context("civitas has no output")?;
        for line in BufReader::new(output).lines() {
            let line = line.context("cannot read what civitas says")?;
            if let Some(url) = line.strip_prefix("listening on ") {
                url.clone_into(&mut server.url);
                return Ok(server);
            }
        }
        bail!("civitas ended before it listened");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        let stopped = Command::new("kill").args(["-TERM", &id]).status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}
