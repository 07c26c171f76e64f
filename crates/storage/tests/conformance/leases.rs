//! Leases: who may write.

use std::time::Duration;

use civitas_storage::{Change, Changeset, Lease, LeaseChange, Refusal};

use crate::fixture::{Fixture, refusal, submit, tenant};

const MINUTE: Duration = Duration::from_mins(1);

fn acquire(holder: &str) -> Change {
    Change::Lease(LeaseChange::Acquire {
        name: "engine".into(),
        holder: holder.into(),
        lifetime: MINUTE,
    })
}

impl Fixture {
    async fn lease(&self, holder: &str) -> Lease {
        self.store
            .acquire_lease("engine", holder, MINUTE)
            .await
            .unwrap()
    }

    async fn not_leased(&self, holder: &str) {
        let outcome = self.store.acquire_lease("engine", holder, MINUTE).await;
        assert_eq!(refusal(outcome), Refusal::LeaseLost);
    }
}

pub async fn a_lease_is_held_by_one_until_it_ends(t: Fixture) {
    assert_eq!(t.store.lease_holder("engine").await.unwrap(), None);
    let first = t.lease("n1").await;
    t.not_leased("n2").await;
    t.clock.advance(MINUTE);
    t.not_leased("n2").await;
    t.clock.advance(Duration::from_micros(1));
    let second = t.lease("n2").await;
    assert_eq!((first.epoch, second.epoch), (1, 2));
    let holder = t.store.lease_holder("engine").await.unwrap().unwrap();
    assert_eq!(holder.holder, "n2");
}

pub async fn the_same_holder_may_take_it_again(t: Fixture) {
    let first = t.lease("n1").await;
    let again = t.lease("n1").await;
    assert_eq!(again.epoch, first.epoch + 1);
    let changeset = Changeset::new().under(&first).with(submit(&tenant(), "e"));
    assert_eq!(refusal(t.store.commit(changeset).await), Refusal::LeaseLost);
}

pub async fn an_old_epoch_is_refused(t: Fixture) {
    let first = t.lease("n1").await;
    let changeset = Changeset::new().under(&first).with(submit(&tenant(), "e1"));
    t.store.commit(changeset).await.unwrap();
    t.clock.advance(MINUTE * 2);
    let second = t.lease("n2").await;
    let changeset = Changeset::new().under(&first).with(submit(&tenant(), "e2"));
    assert_eq!(refusal(t.store.commit(changeset).await), Refusal::LeaseLost);
    let renew = LeaseChange::Renew {
        lease: first,
        lifetime: MINUTE,
    };
    assert_eq!(t.refused(Change::Lease(renew)).await, Refusal::LeaseLost);
    let changeset = Changeset::new()
        .under(&second)
        .with(submit(&tenant(), "e2"));
    t.store.commit(changeset).await.unwrap();
    let unknown = Lease {
        name: "unknown".into(),
        epoch: 1,
    };
    let changeset = Changeset::new()
        .under(&unknown)
        .with(submit(&tenant(), "e3"));
    assert_eq!(refusal(t.store.commit(changeset).await), Refusal::LeaseLost);
}

pub async fn an_old_epoch_is_refused_in_the_transaction_of_the_take_over(t: Fixture) {
    let first = t.lease("n1").await;
    t.clock.advance(MINUTE * 2);
    // What is queued without waiting shares a transaction: the epoch is read, then taken over, then asked for again.
    let mut commits = Vec::new();
    for round in 0..20 {
        let before = Changeset::new()
            .under(&first)
            .with(submit(&tenant(), &format!("b{round}")));
        let after = Changeset::new()
            .under(&first)
            .with(submit(&tenant(), &format!("a{round}")));
        commits.push((true, t.store.enqueue(before).await.unwrap()));
        if round == 10 {
            let take_over = Changeset::new().with(acquire("n2"));
            t.store.enqueue(take_over).await.unwrap();
        }
        commits.push((false, t.store.enqueue(after).await.unwrap()));
    }
    let mut applied = Vec::new();
    for (_, commit) in commits {
        applied.push(commit.await.is_ok());
    }
    let expected: Vec<bool> = (0..40).map(|number| number <= 20).collect();
    assert_eq!(applied, expected);
}

pub async fn a_refused_take_over_changes_nothing(t: Fixture) {
    let lease = t.lease("n1").await;
    t.clock.advance(MINUTE * 2);
    t.commit(submit(&tenant(), "taken")).await;
    let refused = Changeset::new()
        .with(acquire("n2"))
        .with(submit(&tenant(), "taken"));
    let refused = t.store.enqueue(refused).await.unwrap();
    let changeset = Changeset::new().under(&lease).with(submit(&tenant(), "e"));
    let applied = t.store.enqueue(changeset).await.unwrap();
    assert!(matches!(
        refusal(refused.await),
        Refusal::AlreadyExists { .. }
    ));
    applied.await.unwrap();
}

pub async fn a_renewed_lease_lasts_and_a_released_one_is_free(t: Fixture) {
    let lease = t.lease("n1").await;
    t.clock.advance(MINUTE);
    t.commit(Change::Lease(LeaseChange::Renew {
        lease: lease.clone(),
        lifetime: MINUTE,
    }))
    .await;
    t.clock.advance(MINUTE);
    t.not_leased("n2").await;
    t.commit(Change::Lease(LeaseChange::Release { lease }))
        .await;
    t.lease("n2").await;
}
