//! Whether the confinement holds: a child tries what it must not be able to do, and says how that went.

use std::fs::{self, File};
use std::io;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::test_kill_process;
use serde::{Deserialize, Serialize};

use super::confine::{Confined, Layer};

/// What the kernel keeps a child from, as found out by trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// The kernel's guard of files and ports.
    pub landlock: Layer,
    /// The kernel's guard of system calls.
    pub seccomp: Layer,
    /// What was tried.
    pub attempts: Vec<Attempt>,
}

/// Something a child tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What it tried.
    pub what: Deed,
    /// The system's words where it was refused; nothing where it was not.
    pub refused: Option<String>,
}

/// What a child must not be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Read a file of the system.
    ReadFile,
    /// Make a file.
    WriteFile,
    /// Make a socket, or connect one.
    UseNetwork,
    /// Signal the server.
    SignalServer,
    /// Start another process.
    StartProcess,
    /// Become another program.
    RunProgram,
}

impl Deed {
    /// Every deed; the last replaces the child where it is not refused.
    pub(super) const ALL: [Self; 6] = [
        Self::ReadFile,
        Self::WriteFile,
        Self::UseNetwork,
        Self::SignalServer,
        Self::StartProcess,
        Self::RunProgram,
    ];

    /// What it is, as a lowercase fragment.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadFile => "reading files",
            Self::WriteFile => "writing files",
            Self::UseNetwork => "the network",
            Self::SignalServer => "signals to the server",
            Self::StartProcess => "starting processes",
            Self::RunProgram => "running programs",
        }
    }
}

/// What the parent asks.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Question {
    Layers,
    Try(Deed),
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Found {
    Layers { landlock: Layer, seccomp: Layer },
    Tried { refused: Option<String> },
}

/// The child's side.
pub(super) fn answer(question: Question, confined: &Confined) -> Found {
    match question {
        Question::Layers => Found::Layers {
            landlock: confined.landlock.clone(),
            seccomp: confined.seccomp.clone(),
        },
        Question::Try(deed) => Found::Tried {
            refused: attempt(deed, confined).err().map(|error| error.to_string()),
        },
    }
}

/// Tries it, and undoes what it did. An error means that it is refused.
fn attempt(deed: Deed, confined: &Confined) -> io::Result<()> {
    match deed {
        Deed::ReadFile => File::open("/etc/passwd").map(drop),
        Deed::WriteFile => {
            let path = PathBuf::from(format!("/tmp/civitas-probe-{}", std::process::id()));
            File::create_new(&path)?;
            fs::remove_file(path)
        }
        Deed::UseNetwork => network(),
        // The null signal: it only asks whether it could be sent.
        Deed::SignalServer => Ok(test_kill_process(confined.parent)?),
        Deed::StartProcess => {
            // It finds its standard input closed and ends; where it does not, it is ended.
            let mut child = Command::new("/proc/self/exe").spawn()?;
            child.kill()?;
            child.wait().map(drop)
        }
        // It only returns where it failed.
        Deed::RunProgram => Err(Command::new("/proc/self/exe").exec()),
    }
}

/// Refused only where every kind of socket is.
fn network() -> io::Result<()> {
    if UdpSocket::bind("127.0.0.1:0").is_ok() || UnixDatagram::unbound().is_ok() {
        return Ok(());
    }
    match TcpStream::connect("127.0.0.1:9") {
        // Nobody listens, which only somebody who may connect is told.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        other => other.map(drop),
    }
}
