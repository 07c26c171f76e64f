//! What the audit log says about who signs in, and about who may do what.

use civitas_audit::{Actor, NewEntry};
use civitas_model::{Caller, TenantId, UserId};

use crate::auth::Auth;

/// The category of these entries.
const CATEGORY: &str = "auth";

impl Auth {
    /// Something that a caller did in their tenant.
    pub(crate) fn entry_by(&self, caller: &Caller, action: &str) -> NewEntry {
        self.entry(&caller.tenant_id, caller.into(), action)
    }

    /// Something that a user did who is not a caller yet.
    pub(crate) fn entry_of(&self, tenant: &TenantId, user: &UserId, action: &str) -> NewEntry {
        self.entry(tenant, Actor::new("user", user.as_str()), action)
    }

    /// Something that someone did.
    pub(crate) fn entry(&self, tenant: &TenantId, actor: Actor, action: &str) -> NewEntry {
        let (clock, entropy) = (self.store.clock().as_ref(), self.entropy.as_ref());
        NewEntry::new(clock, entropy, tenant, actor, CATEGORY, action)
    }

    /// Records a refused sign-in of an account that exists. Nobody waits for it: who guesses must not learn from the time it
    /// takes which accounts there are.
    pub(crate) fn note_refused_sign_in(&self, tenant: &TenantId, user: &UserId) {
        let entry = self.entry_of(tenant, user, "sign_in").outcome("refused");
        let store = self.store.clone();
        tokio::spawn(async move {
            let changes = civitas_storage::Changeset::new().with(entry);
            if let Err(error) = store.commit(changes).await {
                tracing::warn!(%error, "a refused sign-in was not recorded");
            }
        });
    }
}
