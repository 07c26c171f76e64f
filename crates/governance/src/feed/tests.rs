//! The feed over a real store.

use std::sync::Arc;

use civitas_model::{Caller, SystemClock, SystemEntropy};
use civitas_storage::StoreOptions;
use tempfile::TempDir;

use super::*;
use crate::test_agents::{TestAgents, activate};

struct Place {
    store: Store,
    feed: Feed,
    agents: TestAgents,
    folder: TempDir,
}

async fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("civitas.db");
    let options = StoreOptions::Sqlite { path };
    let store = Store::open(&options, Arc::new(SystemClock)).await.unwrap();
    let feed = Feed::new(store.clone());
    tokio::spawn(feed.clone().run());
    let agents = TestAgents::new(store.clone(), Arc::new(SystemEntropy));
    Place {
        store,
        feed,
        agents,
        folder,
    }
}

async fn seqs(joined: &mut Joined, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        seqs.push(joined.next().await.unwrap().unwrap().seq);
    }
    seqs
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_misses_nothing_and_sees_nothing_twice() {
    let place = place().await;
    let tenant = Caller::local_operator().tenant_id;
    let agent = place.agents.add("a").await;
    for _ in 0..3 {
        activate(&place.store, &tenant, &agent).await;
    }
    let mut joined = place.feed.join(&tenant, Filter::default(), 1).unwrap();
    for _ in 0..3 {
        activate(&place.store, &tenant, &agent).await;
    }
    assert_eq!(seqs(&mut joined, 2).await, [2, 3]);
    activate(&place.store, &tenant, &agent).await;
    assert_eq!(seqs(&mut joined, 4).await, [4, 5, 6, 7]);
    assert_eq!(place.feed.watchers(&tenant), 1);
    drop(joined);
    assert_eq!(place.feed.watchers(&tenant), 0);
    drop(place.folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_let_go_and_the_others_hear_everything() {
    let place = place().await;
    let tenant = Caller::local_operator().tenant_id;
    let agent = place.agents.add("a").await;
    let mut stalled = place.feed.join(&tenant, Filter::default(), 0).unwrap();
    let mut reading = place.feed.join(&tenant, Filter::default(), 0).unwrap();
    // It is live, then never reads again.
    activate(&place.store, &tenant, &agent).await;
    assert_eq!(seqs(&mut stalled, 1).await, [1]);
    assert_eq!(seqs(&mut reading, 1).await, [1]);
    // In steps, so that who reads is never a whole queue behind, however busy the machine is.
    let (count, step) = (QUEUE_MAX + 2, 100);
    let mut heard = Vec::new();
    while heard.len() < count {
        let some = step.min(count - heard.len());
        let writing = (0..some).map(|_| activate(&place.store, &tenant, &agent));
        futures::future::join_all(writing).await;
        heard.extend(seqs(&mut reading, some).await);
    }
    let expected: Vec<u64> = (2..).take(count).collect();
    assert_eq!(heard, expected);
    drop(reading);
    stalled.stalled().notified().await;
    // What is in its queue is still given, and then the end.
    while stalled.next().await.unwrap().is_some() {}
    assert_eq!(place.feed.watchers(&tenant), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_hears_nothing_and_a_filter_is_kept() {
    let place = place().await;
    let tenant = Caller::local_operator().tenant_id;
    let agent = place.agents.add("a").await;
    let other = TenantId::trusted("other");
    let mut foreign = place.feed.join(&other, Filter::default(), 0).unwrap();
    let role = |role: &str| Filter {
        role: Some(role.into()),
        ..Filter::default()
    };
    let mut testers = place.feed.join(&tenant, role("tester"), 0).unwrap();
    let mut developers = place.feed.join(&tenant, role("developer"), 0).unwrap();
    activate(&place.store, &tenant, &agent).await;
    assert_eq!(seqs(&mut developers, 1).await, [1]);
    // Everyone who would be given it has it by now.
    assert!(foreign.ready().is_none() && testers.ready().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_not_known_is_said_to_be() {
    let place = place().await;
    let tenant = Caller::local_operator().tenant_id;
    let start = async |after| place.feed.start(after).await.unwrap();
    assert_eq!(start(None).await, Start::After(0));
    assert_eq!(start(Some(0)).await, Start::After(0));
    let agent = place.agents.add("a").await;
    activate(&place.store, &tenant, &agent).await;
    assert_eq!(start(Some(1)).await, Start::After(1));
    let (oldest, newest) = (0, 1);
    assert_eq!(start(Some(2)).await, Start::Unknown { oldest, newest });
}
