//! Agents: their files, and the registry on a real store.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot go on fails the test"
)]

#[cfg(test)]
mod files;
#[cfg(test)]
mod generator;
#[cfg(test)]
mod registry;
