//! The engine as its callers see it: over real databases and files, from submission to the end, through restarts and
//! crashes. Nothing here sleeps: tests wait for states.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers, too"
)]

mod accepting;
mod crashing;
mod leasing;
mod loading;
mod realm;
mod retention;
mod running;
mod steering;
mod watching;
mod world;
