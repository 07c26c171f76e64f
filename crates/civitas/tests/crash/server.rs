//! The server under test: a process of the real binary, and where it keeps its things.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a start may take, recovery included.
const START_MAX: Duration = Duration::from_mins(1);

/// Where everything that must survive lies.
pub(crate) struct Place {
    folder: TempDir,
    database: Option<Schema>,
}

/// A schema of its own in someone's PostgreSQL.
struct Schema {
    server: String,
    name: String,
}

impl Schema {
    async fn run(&self, script: &str) {
        let (_, mut writer) = civitas_sql::Database::open_postgres(&self.server)
            .await
            .unwrap();
        writer.script(script).await.unwrap();
    }

    fn address(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        let Self { server, name } = self;
        format!("{server}{separator}options=-c%20search_path%3D{name}")
    }
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            database: None,
        }
    }

    /// In the PostgreSQL that the environment names, if it names one.
    pub(crate) async fn postgres() -> Option<Self> {
        let schema = Schema {
            server: std::env::var("CIVITAS_TEST_POSTGRES_URL").ok()?,
            name: format!("crash_{}", std::process::id()),
        };
        let name = &schema.name;
        schema
            .run(&format!(
                "DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name};"
            ))
            .await;
        Some(Self {
            database: Some(schema),
            ..Self::sqlite()
        })
    }

    pub(crate) async fn discard(&self) {
        if let Some(schema) = &self.database {
            schema
                .run(&format!("DROP SCHEMA {} CASCADE", schema.name))
                .await;
        }
    }

    /// The embedded database's file.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.path().join("data/civitas.db")
    }

    fn with_database(&self, command: &mut Command) {
        if let Some(schema) = &self.database {
            command.arg("--database-url").arg(schema.address());
        }
    }

    /// Verifies the audit log as it was left, without a server: how many entries it has, or what is wrong with it.
    pub(crate) async fn verify(&self) -> Result<u64, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_civitas"));
        command
            .args(["audit", "verify", "--json", "--data-dir"])
            .arg(self.folder.path().join("data"));
        self.with_database(&mut command);
        let output = command.output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let report: Value = serde_json::from_str(&told).unwrap_or_default();
        if !output.status.success() || report["sound"] != true {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{told}{error}"));
        }
        Ok(report["logs"][0]["entries"].as_u64().unwrap_or(0))
    }

    /// Starts the server.
    pub(crate) fn spawn(&self) -> Starting {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("server.log"))
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_civitas"));
        command
            .args(["dev", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(self.folder.path().join("data"))
            .env("CIVITAS_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        self.with_database(&mut command);
        Starting {
            child: command.spawn().unwrap(),
            log: self.folder.path().join("server.log"),
        }
    }
}

/// A server that may not listen yet.
pub(crate) struct Starting {
    child: Child,
    log: std::path::PathBuf,
}

impl Starting {
    /// `kill -9`, at once.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it listens.
    pub(crate) async fn ready(mut self) -> Server {
        let output = self.child.stdout.take().unwrap();
        let mut lines = BufReader::new(output).lines();
        let first = tokio::time::timeout(START_MAX, lines.next_line()).await;
        let line = first
            .ok()
            .and_then(|line| line.unwrap())
            .unwrap_or_else(|| {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                panic!("the server did not start: {log}")
            });
        let address = line.strip_prefix("listening on http://").unwrap();
        Server {
            address: address.parse().unwrap(),
            child: self.child,
        }
    }
}

/// A server that listens.
pub(crate) struct Server {
    address: SocketAddr,
    child: Child,
}

impl Server {
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `kill -9`, and waits until the kernel has buried it.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
