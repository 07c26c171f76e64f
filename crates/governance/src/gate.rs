//! The gate: every tool call of every agent is decided here before it runs.
//!
//! A decision is one changeset: what was decided, what is reserved for it, what its session has learned, and the audit entry. Nothing
//! of it is answered before it is durable, and the same call asked again gets the same answer.
//!
//! What was read to decide (the session's facts, its agent) is a precondition of the commit, so two calls of one session
//! cannot each miss what the other learns; the one that comes second decides again.

mod actor;
mod answer;
mod call;
mod cost;
mod event;
mod hold;
mod record;
mod repeat;
mod report;
mod room;
mod summary;

use std::sync::Arc;
use std::time::Duration;

use civitas_model::{Entropy, TenantId};
use civitas_storage::{Notice, Store};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::approvals::Approvals;
use crate::halts::Halts;
use crate::policies::Policies;

/// Calls that are held open at the same time on a node, at most.
const HELD_MAX: usize = 4096;

/// How the gate is set up.
#[derive(Debug, Clone)]
pub struct GateOptions {
    /// How long a call that waits for a person is held open before it is denied; below the client's own limit.
    pub hold: Duration,
    /// How long what is reserved for a call stays reserved when its outcome is never reported.
    pub reservation: Duration,
    /// How long a person has for an approval.
    pub approval: Duration,
    /// When an approval that nobody decided is shown to more people.
    pub escalation: Duration,
    /// The environment that policies see, such as `dev`.
    pub environment: String,
}

impl Default for GateOptions {
    fn default() -> Self {
        Self {
            hold: Duration::from_mins(9),
            reservation: Duration::from_mins(30),
            approval: Duration::from_hours(24),
            escalation: Duration::from_hours(1),
            environment: String::new(),
        }
    }
}

/// Decides tool calls. Cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    store: Store,
    entropy: Arc<dyn Entropy>,
    policies: Policies,
    approvals: Approvals,
    halts: Halts,
    options: GateOptions,
    stopping: CancellationToken,
    held: Semaphore,
    /// Counts what may let a held call go on or stop it: budgets and halts that changed.
    changes: watch::Sender<u64>,
}

/// The services that a decision takes part in.
pub struct GateServices {
    /// Where everything is committed.
    pub store: Store,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What is allowed.
    pub policies: Policies,
    /// Who is asked.
    pub approvals: Approvals,
    /// What is stopped.
    pub halts: Halts,
    /// Cancelled when the server stops: whoever is held asks again.
    pub stopping: CancellationToken,
}

impl Gate {
    /// A gate before these services.
    pub fn new(services: GateServices, options: GateOptions) -> Self {
        Self(Arc::new(Inner {
            store: services.store,
            entropy: services.entropy,
            policies: services.policies,
            approvals: services.approvals,
            halts: services.halts,
            options,
            stopping: services.stopping,
            held: Semaphore::new(HELD_MAX),
            changes: watch::channel(0).0,
        }))
    }

    /// Passes on what was committed to calls that are held; runs until the store is closed.
    pub async fn listen(self) {
        let mut notices = self.0.store.subscribe();
        while let Some(batch) = notices.next().await {
            let Some(batch) = batch else {
                // Some were missed: everything may have changed.
                self.0.halts.forget(None);
                self.changed();
                continue;
            };
            for notice in batch.iter() {
                match notice {
                    Notice::Halt { tenant_id } => self.halts_changed(tenant_id),
                    Notice::Budget { .. } => self.changed(),
                    _ => {}
                }
            }
        }
    }

    fn halts_changed(&self, tenant: &TenantId) {
        self.0.halts.forget(Some(tenant));
        self.changed();
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }
}
