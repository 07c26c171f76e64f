//! The lease keeper: holds the right to write for as long as the engine runs.

use std::sync::Arc;
use std::time::Duration;

use civitas_storage::{Change, Changeset, CommitError, Lease, LeaseChange, Refusal, Store};

use crate::error::StartError;
use crate::runtime::Engine;

/// The one lease there is while one node runs the engine.
const NAME: &str = "engine";
/// How long it lasts unless renewed: how long a second node would wait after this one vanished.
const LIFETIME: Duration = Duration::from_secs(15);
/// How often it is renewed; a third of the lifetime leaves room for two failures.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) async fn acquire(store: &Store, node: &str) -> Result<Lease, StartError> {
    match store.acquire_lease(NAME, node, LIFETIME).await {
        Ok(lease) => Ok(lease),
        Err(CommitError::Refused(_)) => {
            let holder = store.lease_holder(NAME).await.ok().flatten();
            Err(match holder {
                Some(held) => StartError::AnotherNode {
                    holder: held.holder,
                    until: held.expires_at,
                },
                None => {
                    StartError::Lease("it was taken and given back meanwhile: start again".into())
                }
            })
        }
        Err(error) => Err(StartError::Lease(error.to_string())),
    }
}

/// Renews the lease until the engine stops; stops the engine when someone else took it.
pub(crate) async fn keep(engine: Arc<Engine>) {
    loop {
        tokio::select! {
            () = engine.stopping.cancelled() => return,
            () = tokio::time::sleep(RENEWAL_INTERVAL) => {}
        }
        let lease = engine.lease.clone();
        let renewal = Change::Lease(LeaseChange::Renew {
            lease,
            lifetime: LIFETIME,
        });
        match engine.store.commit(Changeset::new().with(renewal)).await {
            Ok(_) => {}
            Err(CommitError::Refused(Refusal::LeaseLost)) => {
                engine.lose_lease();
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the lease could not be renewed; it is tried again");
            }
        }
    }
}

/// Gives the lease back, so that the next node need not wait for its end.
pub(crate) async fn release(engine: &Engine) {
    let change = Change::Lease(LeaseChange::Release {
        lease: engine.lease.clone(),
    });
    if let Err(error) = engine.store.commit(Changeset::new().with(change)).await {
        tracing::warn!(%error, "the lease could not be given back; it ends by itself");
    }
}
