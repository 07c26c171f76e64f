//! Outgoing webhooks and their deliveries.

use std::time::Duration;

use civitas_model::TenantId;
use civitas_storage::execution::Sweep;
use civitas_storage::{
    Attempt, Attempted, Change, Delivery, DeliveryFilter, DeliveryStatus, Plan, Refusal,
    SigningSecret, Verdict, WEBHOOKS_MAX, Webhook, WebhookChange,
};

use crate::agents::{agent, insert, metric, record};
use crate::fixture::{Fixture, at, other_tenant, tenant};

fn webhook(id: &str) -> Webhook {
    Webhook {
        tenant_id: tenant(),
        webhook_id: id.into(),
        url: "https://example.com/hook".into(),
        types: vec!["metric_recorded".into()],
        description: "for the tests".into(),
        secret: SigningSecret::new("whsec_1"),
        previous: None,
        enabled: true,
        concurrency: 2,
        position: 0,
        revision: 1,
        failing_since: None,
        failures: 0,
        last_delivered_at: None,
        disabled_reason: None,
        created_by: "someone".into(),
        created_at: at(0),
        updated_at: at(0),
    }
}

fn add(webhook: Webhook) -> WebhookChange {
    WebhookChange::Insert(Box::new(webhook))
}

fn delivery(id: &str, seq: u64) -> Delivery {
    Delivery {
        tenant_id: tenant(),
        delivery_id: id.into(),
        webhook_id: "w".into(),
        seq,
        kind: "metric_recorded".into(),
        body: "{\"ä\": 1}".into(),
        status: DeliveryStatus::Pending,
        tries: 0,
        attempts: 0,
        log: Vec::new(),
        next_try_at: Some(at(0)),
        created_at: at(0),
        finished_at: None,
    }
}

fn plan(from: u64, to: u64, deliveries: Vec<Delivery>) -> WebhookChange {
    WebhookChange::Plan(Box::new(Plan {
        tenant_id: tenant(),
        webhook_id: "w".into(),
        from,
        to,
        deliveries,
    }))
}

fn attempted(tenant: &TenantId, id: &str, tries: u32, verdict: Verdict) -> WebhookChange {
    WebhookChange::Attempted(Box::new(Attempted {
        tenant_id: tenant.clone(),
        webhook_id: "w".into(),
        delivery_id: id.into(),
        tries,
        attempt: Attempt {
            number: 0,
            at: at(0),
            duration_ms: 7,
            status: Some(500),
            error: None,
            answer: "no".into(),
        },
        verdict,
    }))
}

fn replay(tenant: &TenantId, ids: &[&str]) -> WebhookChange {
    WebhookChange::Replay {
        tenant_id: tenant.clone(),
        webhook_id: "w".into(),
        deliveries: ids.iter().map(|id| (*id).to_owned()).collect(),
    }
}

async fn found(t: &Fixture) -> Webhook {
    let found = t.store.webhooks().find(&tenant(), "w").await;
    found.unwrap().unwrap()
}

async fn delivered(t: &Fixture, id: &str) -> Delivery {
    let found = t.store.webhooks().delivery(&tenant(), "w", id).await;
    found.unwrap().unwrap()
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    let ids = deliveries.iter();
    ids.map(|delivery| delivery.delivery_id.as_str()).collect()
}

pub async fn a_webhook_is_set_up_changed_rotated_and_removed(t: Fixture) {
    t.commit(insert(agent("a"))).await;
    t.commit(record(metric("m", "a"))).await;
    t.commit(add(webhook("w"))).await;
    let mut expected = webhook("w");
    // It gets what is committed from now on.
    expected.position = 2;
    assert_eq!(found(&t).await, expected);
    let what = "a webhook with this id";
    let taken = Refusal::AlreadyExists { what };
    assert_eq!(t.refused(add(webhook("w"))).await, taken);
    let mut changed = found(&t).await;
    changed.enabled = false;
    changed.types = Vec::new();
    t.clock.advance(Duration::from_secs(1));
    let change = || WebhookChange::Update(Box::new(changed.clone()));
    t.commit(change()).await;
    let what = "the webhook";
    assert_eq!(t.refused(change()).await, Refusal::Changed { what });
    let seen = found(&t).await;
    assert_eq!((seen.revision, seen.updated_at), (2, at(1_000_000)));
    // Enabled again, it is not flooded with what happened meanwhile.
    t.commit(record(metric("m2", "a"))).await;
    let again = Webhook {
        enabled: true,
        ..seen
    };
    t.commit(WebhookChange::Update(Box::new(again))).await;
    assert_eq!(found(&t).await.position, 4);
    let all = t.store.webhooks().enabled().await.unwrap();
    assert_eq!(all, [(tenant(), "w".to_owned())]);
    t.commit(WebhookChange::Rotate {
        tenant_id: tenant(),
        webhook_id: "w".into(),
        secret: SigningSecret::new("whsec_2"),
        previous_until: at(9),
    })
    .await;
    let seen = found(&t).await;
    assert_eq!(seen.secret.reveal(), "whsec_2");
    assert_eq!(seen.previous, Some((SigningSecret::new("whsec_1"), at(9))));
    assert!(!format!("{seen:?}").contains("whsec_"), "{seen:?}");
    let remove = || WebhookChange::Delete {
        tenant_id: tenant(),
        webhook_id: "w".into(),
    };
    t.commit(remove()).await;
    let what = "webhook";
    assert_eq!(t.refused(remove()).await, Refusal::NotFound { what });
    for count in 0..WEBHOOKS_MAX {
        t.commit(add(webhook(&format!("w{count}")))).await;
    }
    let refused = t.refused(add(webhook("one more"))).await;
    assert!(matches!(refused, Refusal::TooMany { .. }), "{refused:?}");
}

pub async fn an_event_is_planned_once_and_tried_until_an_answer_is_recorded(t: Fixture) {
    t.commit(add(webhook("w"))).await;
    let both = || vec![delivery("d2", 2), delivery("d1", 1)];
    t.commit(plan(0, 2, both())).await;
    let what = "the webhook";
    assert_eq!(
        t.refused(plan(0, 2, both())).await,
        Refusal::Changed { what }
    );
    let webhooks = t.store.webhooks();
    let first = webhooks.first(&tenant(), "w", 9).await.unwrap();
    assert_eq!(ids(&first), ["d1", "d2"], "in the order of their events");
    assert_eq!(first[0], delivery("d1", 1));
    assert_eq!(webhooks.pending(&tenant(), "w").await.unwrap(), 2);
    t.clock.advance(Duration::from_secs(1));
    t.commit(attempted(&tenant(), "d1", 0, Verdict::Again(at(9))))
        .await;
    let what = "the delivery";
    let twice = attempted(&tenant(), "d1", 0, Verdict::Delivered);
    assert_eq!(t.refused(twice).await, Refusal::Changed { what });
    assert_eq!(found(&t).await.failing_since, Some(at(1_000_000)));
    let again = webhooks.again(&tenant(), "w", 9).await.unwrap();
    assert_eq!(ids(&again), ["d1"]);
    assert_eq!((again[0].tries, again[0].next_try_at), (1, Some(at(9))));
    t.commit(attempted(&tenant(), "d1", 1, Verdict::Delivered))
        .await;
    let done = delivered(&t, "d1").await;
    assert_eq!(done.status, DeliveryStatus::Delivered);
    assert_eq!(done.finished_at, Some(at(1_000_000)));
    let numbers: Vec<u32> = done.log.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(
        (done.log[0].status, &*done.log[0].answer),
        (Some(500), "no")
    );
    let seen = found(&t).await;
    assert_eq!((seen.failing_since, seen.failures), (None, 0));
    assert_eq!(seen.last_delivered_at, Some(at(1_000_000)));
    t.commit(attempted(&tenant(), "d2", 0, Verdict::Dead)).await;
    let all = webhooks.finished_since(&tenant(), "w", at(0), 9).await;
    assert_eq!(all.unwrap(), ["d1", "d2"]);
    t.commit(replay(&tenant(), &["d2"])).await;
    let again = delivered(&t, "d2").await;
    assert_eq!((again.status, again.tries), (DeliveryStatus::Pending, 0));
    assert_eq!(again.attempts, 1, "what was tried stays in the log");
    let what = "delivery";
    let nothing = t.refused(replay(&tenant(), &["d3"])).await;
    assert_eq!(nothing, Refusal::NotFound { what });
}

pub async fn deliveries_are_listed_by_page_and_swept(t: Fixture) {
    t.commit(add(webhook("w"))).await;
    t.commit(plan(0, 1, vec![delivery("d1", 1)])).await;
    t.clock.advance(Duration::from_secs(1));
    let two = vec![delivery("d2", 2), delivery("d3", 3)];
    t.commit(plan(1, 3, two)).await;
    t.commit(attempted(&tenant(), "d1", 0, Verdict::Delivered))
        .await;
    let webhooks = t.store.webhooks();
    let list = async |filter: DeliveryFilter, limit| {
        let page = webhooks.deliveries(&tenant(), "w", &filter, limit).await;
        page.unwrap()
    };
    let all = list(DeliveryFilter::default(), 2).await;
    assert_eq!(ids(&all), ["d3", "d2"]);
    let oldest = &all[1];
    let rest = DeliveryFilter {
        before: Some((oldest.created_at, oldest.delivery_id.clone())),
        ..DeliveryFilter::default()
    };
    assert_eq!(ids(&list(rest, 9).await), ["d1"]);
    let pending = DeliveryFilter {
        status: Some(DeliveryStatus::Pending),
        kind: Some("metric_recorded".into()),
        before: None,
    };
    assert_eq!(ids(&list(pending, 9).await), ["d3", "d2"]);
    t.clock.advance(Duration::from_hours(15 * 24));
    t.commit(Change::Sweep(Sweep {
        unused_since: at(0),
        records_applied: 0,
    }))
    .await;
    let left = list(DeliveryFilter::default(), 9).await;
    assert_eq!(ids(&left), ["d3", "d2"], "what is pending stays");
}

pub async fn one_that_is_disabled_gives_up_and_says_so(t: Fixture) {
    t.commit(add(webhook("w"))).await;
    t.commit(plan(0, 1, vec![delivery("d1", 1)])).await;
    let disable = || WebhookChange::Disable {
        tenant_id: tenant(),
        webhook_id: "w".into(),
        reason: "it only failed".into(),
    };
    t.commit(disable()).await;
    let seen = found(&t).await;
    assert!(!seen.enabled);
    assert_eq!(seen.disabled_reason.as_deref(), Some("it only failed"));
    assert_eq!(delivered(&t, "d1").await.status, DeliveryStatus::Dead);
    let said = t.store.published_after(&tenant(), 0, 9).await.unwrap();
    assert_eq!(said[0].kind, "webhook_disabled");
    assert!(said[0].data.contains("it only failed"), "{said:?}");
    for refused in [
        disable(),
        plan(1, 2, Vec::new()),
        replay(&tenant(), &["d1"]),
    ] {
        let refused = t.refused(refused).await;
        assert!(matches!(refused, Refusal::Changed { .. }), "{refused:?}");
    }
}

pub async fn the_stream_is_read_as_it_stands(t: Fixture) {
    assert_eq!(t.store.oldest_activity().await.unwrap(), None);
    t.commit(insert(agent("a"))).await;
    t.commit(record(metric("m", "a"))).await;
    let own = t.store.published_after(&tenant(), 1, 9).await.unwrap();
    let all = t.store.published_by_all_after(1, 9).await.unwrap();
    assert_eq!(own, all);
    assert_eq!((all[0].seq, all[0].kind.as_str()), (2, "budget_updated"));
    assert!(all[0].data.starts_with("{\"agent_id\":\"a\""), "{all:?}");
    assert_eq!(t.store.oldest_activity().await.unwrap(), Some(1));
}

pub async fn another_tenants_webhooks_stay_its_own(t: &Fixture) {
    let b = other_tenant();
    t.commit(insert(agent("a"))).await;
    t.commit(add(webhook("w"))).await;
    t.commit(plan(0, 1, vec![delivery("d1", 1)])).await;
    t.commit(record(metric("m", "a"))).await;
    let before = found(t).await;
    let webhooks = t.store.webhooks();
    assert_eq!(webhooks.find(&b, "w").await.unwrap(), None);
    assert_eq!(webhooks.list(&b).await.unwrap(), []);
    assert_eq!(webhooks.delivery(&b, "w", "d1").await.unwrap(), None);
    let filter = DeliveryFilter::default();
    let list = webhooks.deliveries(&b, "w", &filter, 9).await;
    assert_eq!(list.unwrap(), []);
    assert_eq!(webhooks.pending(&b, "w").await.unwrap(), 0);
    assert_eq!(webhooks.first(&b, "w", 9).await.unwrap(), []);
    assert_eq!(webhooks.again(&b, "w", 9).await.unwrap(), []);
    let since = webhooks.finished_since(&b, "w", at(0), 9).await;
    assert_eq!(since.unwrap(), Vec::<String>::new());
    assert_eq!(t.store.published_after(&b, 0, 9).await.unwrap(), []);
    let stolen = Webhook {
        tenant_id: b.clone(),
        ..before.clone()
    };
    let key = || (b.clone(), "w".to_owned());
    let (tenant_id, webhook_id) = key();
    let rotate = WebhookChange::Rotate {
        tenant_id,
        webhook_id,
        secret: SigningSecret::new("x"),
        previous_until: at(0),
    };
    let (tenant_id, webhook_id) = key();
    let delete = WebhookChange::Delete {
        tenant_id,
        webhook_id,
    };
    let (tenant_id, webhook_id) = key();
    let reason = String::new();
    let disable = WebhookChange::Disable {
        tenant_id,
        webhook_id,
        reason,
    };
    let keep = Delivery {
        tenant_id: b.clone(),
        ..delivery("d9", 0)
    };
    for refused in [
        WebhookChange::Update(Box::new(stolen)),
        rotate,
        delete,
        disable,
        WebhookChange::Keep(Box::new(keep)),
        attempted(&b, "d1", 0, Verdict::Delivered),
        replay(&b, &["d1"]),
    ] {
        let refused = t.refused(refused).await;
        assert!(matches!(refused, Refusal::NotFound { .. }), "{refused:?}");
    }
    assert_eq!(found(t).await, before);
    assert_eq!(delivered(t, "d1").await, delivery("d1", 1));
}
