//! What comes with a key is done once, and its answer kept.

use std::time::Duration;

use civitas_model::TenantId;
use civitas_storage::execution::{Submit, Sweep};
use civitas_storage::{AnswerChange, Change, Changeset, Claim, CommitError, KeptAnswer, Refusal};

use crate::fixture::{Fixture, at, id, other_tenant, refusal, submit, tenant};

fn claim(tenant: &TenantId, attempt: &str) -> Claim {
    Claim {
        tenant_id: tenant.clone(),
        key: "k".into(),
        body_digest: "d".into(),
        attempt: attempt.into(),
    }
}

/// Keeps the answer of a request with the key `k`.
pub fn keep(tenant: &TenantId, attempt: &str, body: &str) -> AnswerChange {
    AnswerChange::Keep {
        claim: claim(tenant, attempt),
        status: 201,
        body: Some(body.into()),
    }
}

async fn found(t: &Fixture) -> Option<KeptAnswer> {
    t.store.find_kept_answer(&tenant(), "k").await.unwrap()
}

/// Commits under the key, as a request would.
async fn under(t: &Fixture, attempt: &str, change: Submit) -> Result<(), CommitError> {
    let commit = t.store.commit(Changeset::new().with(change));
    claim(&tenant(), attempt).scope(commit).await.map(drop)
}

pub async fn what_is_done_under_a_key_takes_it_in_the_same_commit(t: Fixture) {
    under(&t, "first", submit(&tenant(), "e1")).await.unwrap();
    let cut_off = found(&t).await.unwrap();
    assert_eq!((cut_off.status, cut_off.body), (None, None));
    assert_eq!(cut_off.attempt, "first");
    // The same request goes on, another one does nothing.
    under(&t, "first", submit(&tenant(), "e2")).await.unwrap();
    let refused = under(&t, "second", submit(&tenant(), "e3")).await;
    assert_eq!(refusal(refused), Refusal::KeyTaken);
    let executions = t.store.executions();
    for (execution, is_there) in [("e1", true), ("e2", true), ("e3", false)] {
        let there = executions.find(&tenant(), &id(execution)).await.unwrap();
        assert_eq!(there.is_some(), is_there, "{execution}");
    }
}

pub async fn what_is_refused_leaves_its_key_free(t: Fixture) {
    t.commit(submit(&tenant(), "e")).await;
    let refused = under(&t, "first", submit(&tenant(), "e")).await;
    assert!(matches!(refusal(refused), Refusal::AlreadyExists { .. }));
    assert_eq!(found(&t).await, None);
    under(&t, "second", submit(&tenant(), "e2")).await.unwrap();
    assert_eq!(found(&t).await.unwrap().attempt, "second");
}

pub async fn of_two_requests_with_one_key_one_is_done(t: Fixture) {
    // Queued together, so that they come into one transaction.
    let (one, other) = tokio::join!(
        under(&t, "first", submit(&tenant(), "e1")),
        under(&t, "second", submit(&tenant(), "e2")),
    );
    let outcomes = [one, other];
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(done, 1, "{outcomes:?}");
    let refused = outcomes.into_iter().find_map(Result::err);
    assert!(matches!(
        refused,
        Some(CommitError::Refused(Refusal::KeyTaken))
    ));
}

pub async fn an_answer_is_kept_once_and_forgotten_in_time(t: Fixture) {
    t.commit(AnswerChange::Claim(claim(&tenant(), "first")))
        .await;
    t.commit(keep(&tenant(), "first", "ours")).await;
    t.commit(keep(&tenant(), "first", "ours again")).await;
    let refused = t.refused(keep(&tenant(), "second", "another")).await;
    assert_eq!(refused, Refusal::KeyTaken);
    t.commit(keep(&other_tenant(), "second", "theirs")).await;
    let kept = found(&t).await.unwrap();
    assert_eq!(
        (kept.status, kept.body.as_deref()),
        (Some(201), Some("ours"))
    );
    t.commit(AnswerChange::ForgetBodies {
        tenant_id: tenant(),
    })
    .await;
    let kept = found(&t).await.unwrap();
    assert_eq!((kept.status, kept.body), (Some(201), None));
    t.clock.advance(Duration::from_micros(100));
    let sweep = |unused_since| {
        Change::Sweep(Sweep {
            unused_since,
            records_applied: 0,
        })
    };
    t.commit(sweep(kept.created_at)).await;
    assert!(found(&t).await.is_some());
    t.commit(sweep(at(100))).await;
    assert_eq!(found(&t).await, None);
}
