//! The machine that was measured.

use std::path::Path;

use serde::Serialize;

/// The machine that was measured.
#[derive(Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    memory: String,
    filesystem: String,
}

fn field(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or("unknown")
        .trim_start_matches([' ', '\t', ':'])
        .trim()
        .to_owned()
}

/// The type of the file system a folder lies on: the mount with the longest matching path.
fn filesystem(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    mounts
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

impl Machine {
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            cpu: field("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: field("/proc/sys/kernel/osrelease", ""),
            memory: field("/proc/meminfo", "MemTotal"),
            filesystem: filesystem(folder),
        }
    }
}
