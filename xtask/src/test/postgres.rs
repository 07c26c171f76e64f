//! A private PostgreSQL for the tests, in a temporary folder, gone when the run ends.
//!
//! It listens on a free loopback port and wants a random password. It never syncs: what it holds is thrown away.
//! PostgreSQL refuses to run as root, so root runs it as the user `postgres` that Debian's package makes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use crate::{command, say};

use super::Run;

/// The variable in which tests find a server where they may create databases.
pub(super) const VARIABLE: &str = "CIVITAS_TEST_POSTGRES_URL";

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_mins(1);

const OPTIONS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "logging_collector=off",
    "lc_messages=C",
];

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    if std::env::var_os(VARIABLE).is_some() {
        say::note(&format!("using the server that {VARIABLE} names"));
        return Ok(());
    }
    let folder = if let Some(folder) = binaries() {
        folder
    } else {
        command::install(&["postgresql"], "the tests against PostgreSQL")?;
        binaries().context("PostgreSQL is installed, but `initdb` and `postgres` are not found")?
    };
    let server = Server::start(&folder)?;
    say::note(&format!("listening on 127.0.0.1:{}", server.port));
    run.postgres = Some(server);
    Ok(())
}

/// A running server. Dropping it stops it and removes its folder.
pub(super) struct Server {
    postmaster: Child,
    port: u16,
    password: String,
    /// Ends when the server has closed its log, which is when it has ended.
    log: Receiver<String>,
    /// Taken and removed once the server has ended.
    folder: Option<TempDir>,
}

impl Server {
    /// Makes a database cluster with the programs in `binaries` and starts it.
    pub(super) fn start(binaries: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("civitas-postgres-")
            .tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let owner = owner()?;
        let password = password()?;
        let secret = folder.path().join("password");
        std::fs::write(&secret, &password).context("cannot write the password file")?;
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group))?;
            std::os::unix::fs::chown(&secret, Some(user), Some(group))?;
        }
        let data = folder.path().join("data");
        let mut initdb = unprivileged(Command::new(binaries.join("initdb")), owner);
        initdb.args(["--username=civitas", "--auth=password", "--encoding=UTF8"]);
        initdb
            .args(["--locale=C.UTF-8", "--no-sync", "--pwfile"])
            .arg(&secret);
        initdb.arg("--pgdata").arg(&data).current_dir(folder.path());
        command::run(initdb.stdout(Stdio::null()))?;

        let port = free_port()?;
        let mut postgres = unprivileged(outlived_by_nobody(&binaries.join("postgres")), owner);
        postgres
            .arg("-D")
            .arg(&data)
            .arg("-p")
            .arg(port.to_string());
        for option in OPTIONS {
            postgres.args(["-c", option]);
        }
        // A group of its own: Ctrl-C reaches the tests first, and the server is stopped after them.
        postgres.process_group(0).current_dir(folder.path());
        postgres
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut postmaster = postgres.spawn().context("cannot start postgres")?;
        let log = follow(&mut postmaster);
        let server = Self {
            postmaster,
            port,
            password,
            log,
            folder: Some(folder),
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Where the tests connect, as a user who may create databases.
    pub(super) fn url(&self) -> String {
        format!(
            "postgres://civitas:{}@127.0.0.1:{}/postgres",
            self.password, self.port
        )
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let mut said = Vec::new();
        while let Ok(line) = self.log.recv_timeout(PATIENCE) {
            if line.contains("ready to accept connections") {
                return Ok(());
            }
            said.push(line);
        }
        bail!("PostgreSQL did not start; it said:\n{}", said.join("\n"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT asks for a fast shutdown: open connections are closed, nothing is waited for.
        let id = self.postmaster.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).status();
        while self.log.recv_timeout(PATIENCE).is_ok() {}
        let _ = self.postmaster.kill();
        let _ = self.postmaster.wait();
        if let Some(folder) = self.folder.take() {
            let _ = folder.close();
        }
    }
}

/// Passes the server's log on until it ends. What nobody waits for is dropped, so the server never blocks on it.
fn follow(postmaster: &mut Child) -> Receiver<String> {
    let (sender, receiver) = sync_channel(256);
    if let Some(stderr) = postmaster.stderr.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.try_send(line);
            }
        });
    }
    receiver
}

/// Where `initdb` and `postgres` are: on the path, or in the folders that Debian and Red Hat use; the newest first.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
    {
        let version = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        versions.push((version.unwrap_or(0), entry.path().join("bin")));
    }
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    folders.push("/usr/pgsql/bin".into());
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// The user and group to run as, when we are root.
fn owner() -> anyhow::Result<Option<(u32, u32)>> {
    if command::user_id() != Some(0) {
        return Ok(None);
    }
    let number = |flag: &str| -> Option<u32> {
        command::output(Command::new("id").args([flag, "postgres"]))?
            .parse()
            .ok()
    };
    match (number("-u"), number("-g")) {
        (Some(user), Some(group)) => Ok(Some((user, group))),
        _ => {
            bail!("PostgreSQL does not run as root and there is no user `postgres`: please add one")
        }
    }
}

fn unprivileged(mut command: Command, owner: Option<(u32, u32)>) -> Command {
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

/// The program, told by the kernel to stop should we be killed before we can stop it (where `setpriv` exists).
fn outlived_by_nobody(program: &Path) -> Command {
    let help = command::output(Command::new("setpriv").arg("--help")).unwrap_or_default();
    if !help.contains("--pdeathsig") {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]).arg(program);
    command
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}

fn password() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    let mut random = std::fs::File::open("/dev/urandom").context("cannot open /dev/urandom")?;
    random
        .read_exact(&mut bytes)
        .context("cannot read /dev/urandom")?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_starts_answers_and_leaves_nothing_behind() {
        // Run outside `cargo xtask test` on a machine without PostgreSQL, there is nothing to try.
        let Some(folder) = binaries() else { return };
        let server = Server::start(&folder).unwrap();
        let psql = |server: &Server| {
            let mut psql = Command::new(folder.join("psql"));
            psql.args([
                &server.url(),
                "-Atqc",
                "create database one",
                "-c",
                "select 1 + 1",
            ]);
            command::output(psql.env_clear())
        };
        let answer = folder.join("psql").is_file().then(|| psql(&server));
        let path = server.folder.as_ref().unwrap().path().to_owned();
        let port = server.port;
        drop(server);
        if let Some(answer) = answer {
            assert!(answer.is_some_and(|answer| answer == "2"));
        }
        assert!(!path.exists());
        assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }

    #[test]
    fn passwords_differ() {
        assert_ne!(password().unwrap(), password().unwrap());
    }
}
