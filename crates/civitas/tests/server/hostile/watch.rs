//! What a hostile file costs: the memory of this process, which is the server, and of its children, and the time that
//! others wait meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::client::Client;

/// The most memory, in bytes, that was seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peaks {
    pub(super) server_growth: u64,
    pub(super) child: u64,
}

/// Looks again and again, on a thread of its own, until it is asked what it saw.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    server: Arc<AtomicU64>,
    child: Arc<AtomicU64>,
    before: u64,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    pub(super) fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (server, child) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let before = resident("self").unwrap();
        let looking = (Arc::clone(&stop), Arc::clone(&server), Arc::clone(&child));
        let thread = std::thread::spawn(move || {
            let (stop, server, child) = looking;
            while !stop.load(Ordering::Relaxed) {
                server.fetch_max(resident("self").unwrap_or(0), Ordering::Relaxed);
                child.fetch_max(largest_child(), Ordering::Relaxed);
                std::thread::park_timeout(Duration::from_millis(10));
            }
        });
        Self {
            stop,
            server,
            child,
            before,
            thread,
        }
    }

    pub(super) fn end(self) -> Peaks {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().unwrap();
        let server = self.server.load(Ordering::Relaxed);
        Peaks {
            server_growth: server.saturating_sub(self.before),
            child: self.child.load(Ordering::Relaxed),
        }
    }
}

/// The largest resident memory of a process that this one started.
fn largest_child() -> u64 {
    let own = std::process::id().to_string();
    let mut largest = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().filter(|name| name.parse::<u32>().is_ok()) else {
            continue;
        };
        if field(id, "PPid:").as_deref() == Some(&own) {
            largest = largest.max(resident(id).unwrap_or(0));
        }
    }
    largest
}

fn resident(process: &str) -> Option<u64> {
    Some(field(process, "VmRSS:")?.parse::<u64>().ok()? << 10)
}

/// The first word behind a name in `/proc/ID/status`.
fn field(process: &str, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next().map(str::to_owned)
}

/// How long `/health` and the status of an execution took, asked in turns until `until` is over; the 99th percentile.
pub(super) async fn p99_while<T>(
    client: &Client,
    execution: &str,
    until: impl Future<Output = T>,
) -> (T, Duration, usize) {
    let mut until = std::pin::pin!(until);
    let mut every = tokio::time::interval(Duration::from_millis(5));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut taken = Vec::new();
    let paths = [
        "/health".to_owned(),
        format!("/api/execution/{execution}/status"),
    ];
    let outcome = loop {
        let probe = async {
            every.tick().await;
            let began = Instant::now();
            let path = &paths[taken.len() % paths.len()];
            client.get(path.as_str()).send().await.ok();
            began.elapsed()
        };
        tokio::select! {
            outcome = &mut until => break outcome,
            time = probe => taken.push(time),
        }
    };
    taken.sort_unstable();
    let place = (taken.len() * 99 / 100).min(taken.len().saturating_sub(1));
    let p99 = taken.get(place).copied().unwrap_or_default();
    (outcome, p99, taken.len())
}
