//! How the child confines itself, in two moves: at its start, and once it knows its limits.
//!
//! Both happen before the first byte of a document is read, in a process of one thread.
//!
//! `RLIMIT_NPROC` is left alone: it counts threads too, which a parser may start, and does not hold for root. That no
//! process is started is the filter's and Landlock's matter.

mod landlock;
mod seccomp;

use std::fs::File;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::fs::FileExt;

use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use serde::{Deserialize, Serialize};

use super::Limits;
use super::protocol::Held;

/// A guard of the kernel's that not every kernel has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// It guards the child; in which version, or how completely.
    Active(String),
    /// It does not, and why.
    Missing(String),
}

/// What came of the second move.
pub(super) struct Confined {
    pub(super) landlock: Layer,
    pub(super) seccomp: Layer,
    pub(super) parent: Pid,
    /// Stays open: nothing can be opened any more.
    statm: File,
    base: u64,
}

impl Confined {
    pub(super) fn held(&self) -> io::Result<Held> {
        Ok(Held {
            base: self.base,
            now: address_space(&self.statm)?,
        })
    }
}

/// The first move: needs nothing but the process itself.
pub(super) fn at_start() -> io::Result<()> {
    // A server that is killed cannot kill its children. The kernel ties this to the thread that started the child,
    // which is why the parent has one for it that lives as long as the sandbox.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::thread::set_no_new_privs(true)?;
    close_inherited_files()?;
    // A child that a document took over cannot trace its siblings or read their memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// The second move.
pub(super) fn to(limits: &Limits, parent: u32) -> io::Result<Confined> {
    let parent = getppid()
        .filter(|now| u32::try_from(now.as_raw_pid()) == Ok(parent))
        .ok_or_else(|| io::Error::other("the parent is gone"))?;
    let statm = File::open("/proc/self/statm")?;
    let base = address_space(&statm)?;
    // The parent moves the soft limits of memory and CPU time forward from job to job, up to the hard ones.
    lower(
        Resource::As,
        base.saturating_add(limits.memory_bytes),
        limits.memory_hard(base),
    )?;
    // At the soft limit comes SIGXCPU, by which the parent knows the reason; the hard limit is for a child that
    // ignores it.
    lower(Resource::Cpu, limits.cpu_seconds, limits.cpu_seconds_hard())?;
    lower(Resource::Fsize, 0, 0)?;
    lower(Resource::Core, 0, 0)?;
    let landlock = landlock::restrict();
    // What is open stays open; nothing else can be: no file, no socket, no pipe.
    lower(Resource::Nofile, 0, 0)?;
    // Last, because it allows none of the calls above.
    let seccomp = seccomp::restrict();
    Ok(Confined {
        landlock,
        seccomp,
        parent,
        statm,
        base,
    })
}

/// Sets a limit, or keeps a tighter one that the child was started with.
fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let inherited = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit {
        current: Some(soft.min(inherited)),
        maximum: Some(hard.min(inherited)),
    };
    Ok(setrlimit(resource, limit)?)
}

/// The address space in use now, in bytes (first field of `/proc/self/statm`, in pages; proc(5)).
fn address_space(statm: &File) -> io::Result<u64> {
    let mut line = [0; 128];
    let length = statm.read_at(&mut line, 0)?;
    let pages = String::from_utf8_lossy(&line[..length])
        .split_whitespace()
        .next()
        .and_then(|pages| pages.parse::<u64>().ok())
        .ok_or_else(|| io::Error::other("/proc/self/statm has no size"))?;
    Ok(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// Closes every file descriptor but the three standard ones. Rust opens files close-on-exec, but whatever started the
/// server may have left it some that are not.
fn close_inherited_files() -> io::Result<()> {
    let mut inherited = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let number = entry?.file_name().to_string_lossy().parse::<RawFd>();
        inherited.extend(number.ok().filter(|number| *number > 2));
    }
    for number in inherited {
        // The listing's own descriptor is closed by now: that error, and any other, leaves nothing open.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}
