//! The binary as a library: configuration, wiring and commands, so that tests can start a node in their own process.
//!
//! This is the only crate that names a concrete database and the list of realms.

mod audit;
pub mod cli;
mod client;
pub mod config;
mod folder;
mod governance;
pub mod node;
pub mod origin;
pub mod sandbox_child;
pub mod telemetry;

/// Most of what a request allocates is small and short-lived, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
