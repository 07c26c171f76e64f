//! The engine: accepts intents, runs them durably, shows them while they run, and recovers them after a crash.
//!
//! [`Runtime`] is the handle: [`Runtime::submit`] accepts an intent, [`Runtime::watch`] follows its journal,
//! [`Runtime::cancel`] and its siblings steer it. Behind it, the *scheduler* decides what runs next, the *executor* runs
//! one handler, the *host* carries out what the handler asks of its context, the *lease keeper* holds the right to write,
//! and *retention* forgets what finished long ago.
//!
//! Promise: an acknowledged intent is never lost; internal effects happen exactly once; external effects happen at
//! least once, with a stable key.
//!
//! How it is kept:
//! - A submission is answered after its commit, never before.
//! - A handler's changes are gathered while it is at work, sent when it waits for something, and become durable in that
//!   order. Each changeset says which journal entry it follows, so one that got lost takes everything after it along: a
//!   prefix is what survives, and a replay starts from it.
//! - Only an effect on the outside world, a wait and the end wait for durability.
//! - Every write of the engine carries the lease's epoch: a node that was superseded can write nothing.

mod adoption;
mod approval;
mod audited;
mod budget;
mod child;
mod content;
mod control;
mod error;
mod exclusion;
mod executor;
mod host;
mod intake;
mod lease;
mod live;
mod pipeline;
mod queue;
mod reading;
mod recovery;
mod registry;
mod retention;
mod runtime;
mod scheduler;
mod schema;
mod services;

pub use adoption::UpgradeError;
pub use civitas_intent::Invalid;
pub use control::Explanation;
pub use error::{ControlError, StartError, SubmitError};
pub use intake::{Accepted, KEY_LENGTH_MAX, Submission};
pub use live::Watch;
pub use registry::{Registry, RegistryError, nearest};
pub use retention::Retention;
pub use runtime::{Options, Runtime};
pub use services::{SearchPort, Services};
