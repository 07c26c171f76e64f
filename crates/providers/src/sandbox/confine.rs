//! How the child confines itself, in two moves: at its start, and once it knows its limits.
//!
//! Both happen before the first byte of the document is read, in a process of one thread.
//!
//! `RLIMIT_NPROC` is left alone: it counts all processes and threads of the user, the server's included, so no number is
//! both safe for the server and tight for the child.

use std::fs;
use std::io;
use std::os::fd::RawFd;

use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};

use super::Limits;

/// File descriptors the child may hold: its pipes and a few to spare.
const OPEN_FILES_MAX: u64 = 16;

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
pub(super) fn to(limits: &Limits, parent: u32) -> io::Result<()> {
    if getppid().map(Pid::as_raw_pid) != i32::try_from(parent).ok() {
        return Err(io::Error::other("the parent is gone"));
    }
    let base = address_space()?;
    let memory = base.saturating_add(limits.memory_bytes);
    lower(Resource::As, memory, memory)?;
    // At the soft limit comes SIGXCPU, by which the parent knows the reason; the hard limit is for a child that
    // ignores it.
    lower(
        Resource::Cpu,
        limits.cpu_seconds,
        limits.cpu_seconds.saturating_add(1),
    )?;
    lower(Resource::Fsize, 0, 0)?;
    lower(Resource::Core, 0, 0)?;
    lower(Resource::Nofile, OPEN_FILES_MAX, OPEN_FILES_MAX)?;
    Ok(())
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
fn address_space() -> io::Result<u64> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm
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
    for entry in fs::read_dir("/proc/self/fd")? {
        let number = entry?.file_name().to_string_lossy().parse::<RawFd>();
        inherited.extend(number.ok().filter(|number| *number > 2));
    }
    for number in inherited {
        // The listing's own descriptor is closed by now: that error, and any other, leaves nothing open.
        let _ = nix::unistd::close(number);
    }
    Ok(())
}
