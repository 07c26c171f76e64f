//! What lies in an anonymous session's tenant goes with the session when it is upgraded.

use std::collections::BTreeSet;

use civitas_model::execution::{Status, Wait};
use civitas_model::journal::{Kind, NewEntry};
use civitas_model::session::anonymous_tenant;
use civitas_model::{Record, Write};
use civitas_sql::Statement;
use civitas_storage::artifact::ArtifactFilter;
use civitas_storage::execution::{Append, ExecutionFilter, Finish, Idempotency, Outcome, Submit};
use civitas_storage::{
    Change, FileFilter, Need, PendingIntentFilter, PutTenantSetting, RecordChange, Refusal, Ticket,
    TicketChange, Upgrade, Upload,
};
use serde_json::json;

use crate::documents::{artifact, contract, file, pending_intent, upload};
use crate::fixture::{
    Fixture, append, at, complete, id, other_tenant, start, submit, suspend, tenant,
};
use crate::records::{one_record, record};
use crate::sessions::{open_session, session, upgrade};
use crate::usage::begin;

fn with_key(execution: &str, key: &str) -> Submit {
    Submit {
        idempotency: Some(Idempotency {
            key: key.into(),
            body_digest: "d".into(),
        }),
        ..submit(&tenant(), execution)
    }
}

/// A session's tenant with something in every table.
async fn fill(t: &Fixture) {
    t.commit(open_session("s", at(90))).await;
    t.commit(with_key("e", "key")).await;
    t.commit(start(&tenant(), "e", 1)).await;
    let read = json!({ "file": file("f1"), "said": "tenant-a, unquoted, stays" });
    t.commit(Append {
        entries: vec![NewEntry::new(Kind::Step, "read", read)],
        ..append(&tenant(), "e", 2, 1)
    })
    .await;
    t.commit(Finish {
        outcome: Outcome::Completed(json!({ "file": { "tenant_id": tenant() } })),
        ..complete(&tenant(), "e", 3)
    })
    .await;
    t.put(Write::Artifact(Box::new(artifact("a1")))).await;
    t.put(Write::File(Box::new(file("f1")))).await;
    t.put(Write::Contract(Box::new(contract("c1")))).await;
    t.put(Write::PendingIntent(Box::new(pending_intent("p1"))))
        .await;
    t.put(record("r1", "f1")).await;
    t.put(record("r2", "f2")).await;
    t.commit(Change::Upload(upload("u1"))).await;
    t.commit(begin("o1", 7)).await;
    t.commit(PutTenantSetting {
        tenant_id: tenant(),
        name: "rules",
        value: json!({ "rows_min": 1 }),
        changed_by: "anonymous".into(),
        expected: None,
    })
    .await;
    t.commit(TicketChange::Insert {
        digest: "ticket".into(),
        tenant_id: tenant(),
        ticket: Ticket {
            caller: json!({}),
            expires_at: at(90),
        },
    })
    .await;
}

/// The columns that name a tenant, as an id or within JSON, in some row.
async fn rows_that_name(t: &Fixture, name: &str) -> Vec<String> {
    let (_, mut writer) = t.place.database().await;
    let mut found = Vec::new();
    for table in writer.tables().await.unwrap() {
        for column in ["tenant_id", "data", "result"] {
            if !table.columns.iter().any(|known| known == column) {
                continue;
            }
            let table = &table.name;
            let count = format!(
                "SELECT COUNT(*) AS count FROM {table} WHERE {column} LIKE '%\"{name}\"%' OR {column} = '{name}'"
            );
            let statement = Statement::new(count.leak());
            let rows = writer.query(&statement, &[]).await.unwrap();
            if rows[0].count("count").unwrap() > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

/// Tables whose rows move, and those with a tenant whose rows cannot be of an anonymous session.
const MOVED: &[&str] = &[
    "artifacts",
    "contracts",
    "executions",
    "files",
    "idempotency_keys",
    "intents",
    "open_uploads",
    "outbox",
    "pending_intents",
    "records",
    "sessions",
    "tenant_settings",
    "tenant_usage",
    "uploads",
    "ws_tickets",
];
/// The audit log stays where it was written: it says what happened there, and its chain cannot be cut. So do decisions, which it
/// names, and budgets: what was spent there was paid there. Answers are for whoever asked, who is someone else now.
const KEPT: &[&str] = &[
    "kept_answers",
    "budget_buckets",
    "budget_pools",
    "budget_reservations",
    "audit_bodies",
    "audit_checkpoints",
    "audit_entries",
    "audit_heads",
    "audit_nodes",
    "policy_decisions",
];
const OF_USERS: &[&str] = &[
    "allowances",
    "approval_numbers",
    "approvals",
    "agent_metrics",
    "agent_sessions",
    "agents",
    "halts",
    "hook_events",
    "invitations",
    "memberships",
    "policy_activations",
    "policy_heads",
    "policy_versions",
    "refresh_tokens",
    "seen_agents",
    "service_tokens",
    "telemetry_events",
    "telemetry_metrics",
    "telemetry_requests",
    "telemetry_sessions",
    "tenants",
    "webhook_deliveries",
    "webhooks",
];

pub async fn every_table_with_a_tenant_has_its_place(t: Fixture) {
    let (_, mut writer) = t.place.database().await;
    let tables = writer.tables().await.unwrap();
    let with_tenant = tables
        .iter()
        .filter(|table| table.columns.iter().any(|column| column == "tenant_id"))
        .map(|table| table.name.as_str());
    let known: BTreeSet<&str> = MOVED.iter().chain(KEPT).chain(OF_USERS).copied().collect();
    assert_eq!(with_tenant.collect::<BTreeSet<&str>>(), known);
    fill(&t).await;
    let filled = rows_that_name(&t, "tenant-a").await;
    for table in MOVED {
        assert!(filled.contains(&format!("{table}.tenant_id")), "{table}");
    }
}

pub async fn everything_moves_with_an_upgrade(t: Fixture) {
    fill(&t).await;
    let b = other_tenant();
    t.commit(Upgrade {
        content: vec!["abc".into()],
        ..upgrade("s")
    })
    .await;

    let executions = t.store.executions();
    let moved = executions.find(&b, &id("e")).await.unwrap().unwrap();
    assert_eq!(moved.intent.tenant_id, b);
    assert_eq!(moved.status, Status::Completed);
    assert_eq!(moved.result.unwrap()["file"]["tenant_id"], json!(b));
    let journal = executions.journal(&b, &id("e"), 0, 9).await.unwrap();
    assert_eq!(journal.len(), 4);
    assert_eq!(journal[2].data["file"]["tenant_id"], json!(b));
    assert_eq!(journal[2].data["said"], "tenant-a, unquoted, stays");
    let again = Submit {
        idempotency: with_key("e2", "key").idempotency,
        ..submit(&b, "e2")
    };
    let again = t.refused(again).await;
    assert!(
        matches!(again, Refusal::AlreadySubmitted { .. }),
        "{again:?}"
    );

    let found = t.store.artifacts().find(&b, &id("a1")).await.unwrap();
    assert_eq!(
        found.unwrap().semantic_descriptor,
        artifact("a1").semantic_descriptor
    );
    let found = t.store.files().find(&b, &id("f1")).await.unwrap();
    assert_eq!(found.unwrap().ui_name, file("f1").ui_name);
    assert!(
        t.store
            .find_contract(&b, &id("c1"))
            .await
            .unwrap()
            .is_some()
    );
    let filter = PendingIntentFilter::default();
    let pending = t.store.list_pending_intents(&b, &filter, 9).await.unwrap();
    assert_eq!(pending.len(), 1);
    assert!(t.store.find_upload(&b, "u1").await.unwrap().is_some());
    let open = t.store.find_open_upload(&b, "o1").await.unwrap().unwrap();
    assert_ne!(open.owner, "user:someone", "whoever upgraded owns it now");
    assert!(open.owner.starts_with("user:"), "{}", open.owner);
    let used = t.store.usage(&b).await.unwrap();
    assert_eq!((used.files, used.bytes), (3, file("f1").size + 12 + 7));
    assert_eq!(t.store.need_of(&b, "abc").await.unwrap(), Need::Kept);
    let stated = t.store.find_tenant_setting(&b, "rules").await.unwrap();
    assert_eq!(stated.unwrap().value, json!({ "rows_min": 1 }));
    assert_eq!(t.store.find_ticket("ticket").await.unwrap(), None);

    the_old_tenant_is_empty(&t).await;
    the_index_hears_of_it(&t).await;
}

/// What is left are notes for the index and for whoever frees content.
async fn the_old_tenant_is_empty(t: &Fixture) {
    let a = tenant();
    let executions = t.store.executions();
    assert_eq!(executions.find(&a, &id("e")).await.unwrap(), None);
    assert_eq!(
        executions
            .list(&a, &ExecutionFilter::default(), 9)
            .await
            .unwrap(),
        []
    );
    assert_eq!(executions.journal(&a, &id("e"), 0, 9).await.unwrap(), []);
    assert_eq!(
        t.store
            .files()
            .list(&a, &FileFilter::default(), 9, 0)
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        t.store
            .artifacts()
            .count(&a, &ArtifactFilter::default())
            .await
            .unwrap(),
        0
    );
    assert_eq!(t.store.need_of(&a, "abc").await.unwrap(), Need::None);
    assert_eq!(
        rows_that_name(t, "tenant-a").await,
        ["outbox.tenant_id", "uploads.tenant_id"]
    );
    let released = t.store.released(at(0), None, 9).await.unwrap();
    assert_eq!(released.len(), 1);
    assert_eq!(released[0].tenant_id, a);
}

async fn the_index_hears_of_it(t: &Fixture) {
    let (a, b) = (tenant(), other_tenant());
    let changes = t.store.records().changes_after(2, 9).await.unwrap();
    let forget = |parent: &str| RecordChange::Forget {
        tenant_id: a.clone(),
        parent_id: parent.into(),
    };
    let moved = |name: &str, parent: &str| Record {
        tenant_id: b.clone(),
        ..one_record(name, parent)
    };
    let put = RecordChange::Put(vec![moved("r1", "f1"), moved("r2", "f2")]);
    let expected = [(3, forget("f1")), (4, forget("f2")), (5, put)];
    assert_eq!(changes, expected);
}

pub async fn what_waits_goes_on_in_the_other_tenant(t: Fixture) {
    t.commit(open_session("s", at(90))).await;
    t.started("parent").await;
    t.commit(Submit {
        parent: Some(id("parent")),
        ..submit(&tenant(), "child")
    })
    .await;
    t.commit(start(&tenant(), "child", 1)).await;
    let timer = Wait::Timer { until: at(5) };
    t.commit(suspend(&tenant(), "child", 2, timer)).await;
    let wait = Wait::Child {
        execution_id: id("child"),
    };
    t.commit(suspend(&tenant(), "parent", 2, wait)).await;
    t.commit(upgrade("s")).await;
    let b = other_tenant();
    let due = t.store.executions().due(at(5), 9).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].intent.tenant_id, b);
    t.commit(start(&b, "child", 3)).await;
    t.commit(complete(&b, "child", 4)).await;
    let due = t.store.executions().due(at(5), 9).await.unwrap();
    assert_eq!(due[0].execution_id, id("parent"), "it was woken");
    let late = t.refused(append(&tenant(), "parent", 3, 1)).await;
    assert_eq!(late, Refusal::WrongState { status: None });
}

pub async fn nothing_moves_while_something_runs(t: Fixture) {
    t.commit(open_session("s", at(90))).await;
    t.put(Write::File(Box::new(file("f1")))).await;
    t.commit(submit(&tenant(), "e")).await;
    assert_eq!(t.refused(upgrade("s")).await, Refusal::StillRunning);
    t.commit(start(&tenant(), "e", 1)).await;
    assert_eq!(t.refused(upgrade("s")).await, Refusal::StillRunning);
    let found = t.store.find_session(&id("s")).await.unwrap();
    assert_eq!(found, Some(session("s", at(90))), "all or nothing");
    let found = t.store.files().find(&tenant(), &id("f1")).await.unwrap();
    assert!(found.is_some());
    t.commit(complete(&tenant(), "e", 2)).await;
    t.commit(upgrade("s")).await;
}

pub async fn what_the_other_tenant_has_stays_its_own(t: Fixture) {
    fill(&t).await;
    let b = other_tenant();
    let mut own = pending_intent("p1");
    own.tenant_id = b.clone();
    own.context = json!("own");
    t.put(Write::PendingIntent(Box::new(own.clone()))).await;
    let same_key = Submit {
        idempotency: with_key("e2", "key").idempotency,
        ..submit(&b, "e2")
    };
    t.commit(same_key).await;
    t.commit(upgrade("s")).await;
    let filter = PendingIntentFilter::default();
    let pending = t.store.list_pending_intents(&b, &filter, 9).await.unwrap();
    assert_eq!(pending, [own]);
    let again = Submit {
        idempotency: with_key("e3", "key").idempotency,
        ..submit(&b, "e3")
    };
    let used = t.refused(again).await;
    assert!(
        matches!(used, Refusal::AlreadySubmitted { execution_id, .. } if execution_id == id("e2"))
    );
}

pub async fn nothing_is_put_where_nobody_can_reach_it(t: Fixture) {
    let anonymous = anonymous_tenant(&id("s"));
    let mut opened = session("s", at(90));
    opened.tenant_id = anonymous.clone();
    t.commit(civitas_storage::NewSession(opened)).await;
    let mut late = file("f1");
    late.tenant_id = anonymous.clone();
    let put = || Change::Write(Write::File(Box::new(late.clone())));
    t.commit(put()).await;
    t.commit(Upgrade {
        from: anonymous.clone(),
        ..upgrade("s")
    })
    .await;
    let uploaded = Upload {
        tenant_id: anonymous.clone(),
        ..upload("u")
    };
    for change in [
        put(),
        Change::Upload(uploaded),
        submit(&anonymous, "e").into(),
    ] {
        let refused = t.refused(change).await;
        assert!(matches!(refused, Refusal::NotFound { .. }), "{refused:?}");
    }
    // A tenant that is only called so is no session's.
    let named = anonymous_tenant(&id("nobody"));
    t.commit(submit(&named, "e")).await;
    let released = Write::ReleaseContent {
        tenant_id: anonymous,
        digest: "abc".into(),
    };
    let outcome = civitas_storage::Changeset::new().with(released);
    assert!(
        t.store.commit(outcome).await.is_ok(),
        "what is left is cleaned up"
    );
}
