//! Retention: bodies of old entries go, a bounded piece at a time; the entries and every proof stay.

use std::sync::Arc;
use std::time::Duration;

use civitas_audit::{Actor, DROP_BODIES, NewEntry, SELF_CATEGORY};
use civitas_model::{Entropy, TenantId, Timestamp};
use civitas_storage::{AuditChange, Changeset, DROP_MAX, Store};

/// How often to look.
const INTERVAL: Duration = Duration::from_hours(1);
/// Tenants on one page.
const PAGE: u32 = 200;

/// Drops bodies older than `keep` for as long as it is polled.
pub(crate) async fn run(store: Store, entropy: Arc<dyn Entropy>, keep: Duration) {
    let mut tick = tokio::time::interval(INTERVAL);
    loop {
        tick.tick().await;
        let before = store.clock().now().minus(keep);
        if let Err(error) = drop_all(&store, entropy.as_ref(), before).await {
            tracing::error!(%error, "old bodies of the audit log could not be dropped");
        }
    }
}

async fn drop_all(store: &Store, entropy: &dyn Entropy, before: Timestamp) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let tenants = store.audit().tenants(&after, PAGE).await?;
        for tenant in &tenants {
            drop_bodies(store, entropy, tenant, before).await?;
        }
        match tenants.last() {
            Some(last) => after = last.to_string(),
            None => return Ok(()),
        }
    }
}

/// Drops the bodies of a tenant's entries from before a time.
async fn drop_bodies(
    store: &Store,
    entropy: &dyn Entropy,
    tenant: &TenantId,
    before: Timestamp,
) -> anyhow::Result<()> {
    let audit = store.audit();
    let Some(last) = audit.last_before(tenant, before).await? else {
        return Ok(());
    };
    let head = audit.head(tenant).await?;
    let mut dropped = head.map_or(last, |head| head.dropped);
    while dropped < last {
        let through = last.min(dropped + DROP_MAX);
        let clock = store.clock().as_ref();
        let actor = Actor::system("retention");
        let change = AuditChange::DropBodies {
            spans: vec![(dropped + 1, through)],
            entry: NewEntry::new(clock, entropy, tenant, actor, SELF_CATEGORY, DROP_BODIES),
            is_retention: true,
        };
        store.commit(Changeset::new().with(change)).await?;
        dropped = through;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use civitas_audit::{SigningKey, Verifier};
    use civitas_model::{Clock, Id, SystemEntropy};
    use civitas_storage::StoreOptions;
    use serde_json::json;

    use super::*;

    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::SeqCst))
        }
    }

    #[tokio::test]
    async fn old_bodies_go_and_the_log_is_as_sound_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let clock = Arc::new(Hands(AtomicI64::new(1_700_000_000_000_000)));
        let options = StoreOptions::Sqlite { path };
        let store = Store::open(&options, clock.clone()).await.unwrap();
        let tenant: TenantId = Id::trusted("t");
        for _ in 0..3 {
            let actor = Actor::system("test");
            let entry = NewEntry::new(&*clock, &SystemEntropy, &tenant, actor, "c", "a")
                .with_body(&json!("personal"), &SystemEntropy);
            let changes = Changeset::new().with(entry);
            store.commit(changes).await.unwrap();
            clock.0.fetch_add(1_000_000, Ordering::SeqCst);
        }
        let before = Timestamp::from_micros(1_700_000_002_000_000);
        for _ in 0..2 {
            drop_all(&store, &SystemEntropy, before).await.unwrap();
        }
        let key = SigningKey::from_secret(&[1; 32]).public();
        let mut verifier = Verifier::new(&tenant, &[] as &[String], "i", &key);
        for stored in store.audit().page_after(&tenant, 0, 9).await.unwrap() {
            verifier.entry(&stored);
        }
        let report = verifier.finish();
        assert_eq!(report.findings, []);
        assert_eq!(
            (report.entries, report.bodies, report.bodies_dropped),
            (4, 1, 2)
        );
    }
}
