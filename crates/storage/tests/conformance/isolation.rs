//! Tenant isolation: for every table, what tenant A wrote tenant B can neither read nor change.

use std::collections::BTreeSet;

use civitas_model::approval::{AllowanceScope, ApprovalKind, Verdict};
use civitas_model::execution::{Status, Wait};
use civitas_model::user::Membership;
use civitas_model::{Permission, Role, TenantId, UserId, Write};
use civitas_storage::artifact::ArtifactFilter;
use civitas_storage::execution::{
    Cancel, ExecutionFilter, Idempotency, Pause, Resume, Retry, Submit,
};
use civitas_storage::{
    AllowanceFilter, AnswerChange, ApprovalChange, ApprovalFilter, AuditChange, AuditFilter,
    Change, Changeset, FileFilter, MembershipChange, Need, NewApproval, OpenUploadChange,
    PendingIntentFilter, PutTenantSetting, Refusal, ServiceToken, ServiceTokenChange, Usage,
};
use serde_json::json;

use crate::answers::keep;
use crate::approvals::{allowance, new_approval, new_vote, open, person, vote};
use crate::audit::audit_entry;
use crate::documents::{artifact, contract, file, pending_intent, upload};
use crate::fixture::{
    Fixture, append, at, complete, files_under, id, other_tenant, refusal, request, source, start,
    submit, suspend, tenant,
};
use crate::records::{forget, one_record, record};
use crate::sessions::{open_session, session, set_state};
use crate::usage::begin;

/// The case of each table; those without one hold nothing of a tenant.
const TABLES: &[(&str, &str)] = &[
    ("agent_metrics", "agents"),
    ("agent_sessions", "agent_sessions"),
    ("agents", "agents"),
    ("allowances", "approvals"),
    ("approval_numbers", "approvals"),
    ("approvals", "approvals"),
    ("artifacts", "artifacts"),
    ("audit_bodies", "audit_log"),
    ("audit_checkpoints", "audit_log"),
    ("audit_entries", "audit_log"),
    ("audit_heads", "audit_log"),
    ("audit_nodes", "audit_log"),
    ("budget_buckets", "budgets"),
    ("budget_pools", "budgets"),
    ("budget_reservations", "budgets"),
    ("contracts", "contracts"),
    ("counters", "none: numbers only"),
    ("executions", "executions"),
    ("files", "files"),
    ("halts", "agent_sessions"),
    ("hook_events", "agent_sessions"),
    ("idempotency_keys", "idempotency_keys"),
    ("intents", "executions"),
    ("invitations", "none: found by the digest of its secret"),
    ("kept_answers", "kept_answers"),
    ("leases", "none: the engine's own"),
    ("memberships", "memberships"),
    ("open_uploads", "open_uploads"),
    ("outbox", "outbox"),
    ("pending_intents", "pending_intents"),
    ("policy_activations", "policies"),
    ("policy_decisions", "decisions"),
    ("policy_heads", "policies"),
    ("policy_versions", "policies"),
    ("rate_limits", "none: keys only"),
    ("records", "records"),
    ("refresh_tokens", "none: found by the digest of its secret"),
    ("schema_migrations", "none: versions only"),
    ("seen_agents", "agent_sessions"),
    ("service_tokens", "service_tokens"),
    ("sessions", "sessions"),
    ("settings", "none: the server's own"),
    ("telemetry_events", "telemetry"),
    ("telemetry_metrics", "telemetry"),
    ("telemetry_requests", "telemetry"),
    ("telemetry_sessions", "telemetry"),
    ("tenant_settings", "tenant_settings"),
    ("tenant_usage", "open_uploads"),
    ("tenants", "none: found by its own id"),
    ("uploads", "uploads"),
    ("users", "none: a user belongs to no tenant"),
    ("webhook_deliveries", "webhooks"),
    ("webhooks", "webhooks"),
    ("ws_tickets", "none: found by the digest of its secret"),
];

/// The case of each reading, as `file::function`; those without one are not a tenant's.
const READINGS: &[(&str, &str)] = &[
    ("activity::activity_after", "agents"),
    ("answer::find_kept_answer", "kept_answers"),
    ("answer::scope", "none: it reads nothing"),
    ("activity::last_activity", "none: a number only"),
    ("activity::oldest_activity", "none: a number only"),
    ("activity::published_after", "webhooks"),
    (
        "activity::published_by_all_after",
        "none: the feed's own, for every tenant",
    ),
    ("webhook::again", "webhooks"),
    ("webhook::deliveries", "webhooks"),
    ("webhook::delivery", "webhooks"),
    (
        "webhook::enabled",
        "none: the sender's own, of every tenant",
    ),
    ("webhook::find", "webhooks"),
    ("webhook::finished_since", "webhooks"),
    ("webhook::first", "webhooks"),
    ("webhook::list", "webhooks"),
    ("webhook::pending", "webhooks"),
    (
        "read::checkpoints_of_all",
        "none: the sender's own, of every tenant",
    ),
    ("agent::find", "agents"),
    ("agent::find_by_name", "agents"),
    ("agent::list", "agents"),
    ("agent::source", "agents"),
    ("agent::stats", "agents"),
    ("agent_session::acting", "agent_sessions"),
    ("agent_session::find", "agent_sessions"),
    ("agent_session::list", "agent_sessions"),
    ("agent_session::unregistered", "agent_sessions"),
    ("halt::find_halt", "agent_sessions"),
    ("halt::halts_in_force", "agent_sessions"),
    ("hook_event::hook_events", "agent_sessions"),
    ("metric::list", "agents"),
    ("metric::summary", "agents"),
    ("artifact::count", "artifacts"),
    ("artifact::find", "artifacts"),
    ("artifact::list", "artifacts"),
    ("artifact::made_from", "artifacts"),
    ("readings::allowance", "approvals"),
    ("readings::allowances", "approvals"),
    (
        "readings::expired",
        "none: the sweep's own, for every tenant",
    ),
    ("readings::find", "approvals"),
    ("readings::find_allowance", "approvals"),
    ("readings::list", "approvals"),
    ("readings::open_for", "approvals"),
    (
        "readings::orphaned",
        "none: the sweep's own, for every tenant",
    ),
    (
        "readings::to_escalate",
        "none: the sweep's own, for every tenant",
    ),
    ("reading::by_agent", "telemetry"),
    ("reading::by_day", "telemetry"),
    ("reading::by_model", "telemetry"),
    ("reading::is_metered", "telemetry"),
    ("reading::model_requests", "telemetry"),
    ("reading::session", "telemetry"),
    ("reading::session_events", "telemetry"),
    ("reading::sessions", "telemetry"),
    ("reading::totals", "telemetry"),
    ("read::open", "none: the auditor's own, of every tenant"),
    ("proof::consistency", "audit_log"),
    ("proof::inclusion", "audit_log"),
    ("proof::root", "audit_log"),
    ("read::bodies_of", "audit_log"),
    ("read::checkpoints", "audit_log"),
    ("read::find_by_id", "audit_log"),
    ("read::head", "audit_log"),
    ("read::last_before", "audit_log"),
    ("read::newest_checkpoints", "audit_log"),
    ("read::nodes", "audit_log"),
    ("read::page_after", "audit_log"),
    ("read::strays", "audit_log"),
    ("read::stats", "audit_log"),
    ("read::tenants", "none: the auditor's own, of every tenant"),
    (
        "read::tenants_with_entries",
        "none: the auditor's own, of every tenant",
    ),
    ("read::unsigned", "none: the signer's own, for every tenant"),
    (
        "backup::backup",
        "none: the operator's own, of every tenant",
    ),
    (
        "backup::restore",
        "none: the operator's own, of every tenant",
    ),
    ("read::charge", "budgets"),
    ("read::next_expiry", "none: a time only"),
    ("read::reservation", "budgets"),
    ("read::resets_at", "budgets"),
    ("read::state", "budgets"),
    ("content::need_of", "files"),
    (
        "content::released",
        "none: the engine's own, for every tenant",
    ),
    ("contract::find_contract", "contracts"),
    ("decision::find", "decisions"),
    ("decision::find_by_id", "decisions"),
    ("decision::list", "decisions"),
    ("decision::since", "decisions"),
    (
        "decision::tenants_with_decisions_before",
        "none: retention's own, for every tenant",
    ),
    ("file::find", "files"),
    ("file::list", "files"),
    ("file::sample", "none: the operator's own, of every tenant"),
    (
        "invitation::find_invitation",
        "none: found by the digest of its secret",
    ),
    ("lease::acquire_lease", "none: the engine's own"),
    ("lease::lease_holder", "none: the engine's own"),
    ("membership::count", "memberships"),
    ("membership::find", "memberships"),
    ("membership::list", "memberships"),
    (
        "membership::list_by_user",
        "none: a user's own, in every tenant",
    ),
    (
        "open_upload::expired_uploads",
        "none: the engine's own, for every tenant",
    ),
    ("open_upload::find_open_upload", "open_uploads"),
    ("pending_intent::list_pending_intents", "pending_intents"),
    ("policy::activations", "policies"),
    ("policy::active", "policies"),
    ("policy::find", "policies"),
    ("policy::head", "policies"),
    ("policy::list", "policies"),
    ("rate_limit::retry_at", "none: keys only"),
    ("read::count_by_status", "executions"),
    ("read::due", "none: the engine's own, for every tenant"),
    ("read::find", "executions"),
    (
        "read::has_expired",
        "none: the engine's own, for every tenant",
    ),
    ("read::journal", "outbox"),
    ("read::list", "executions"),
    (
        "read::next_wake",
        "none: the engine's own, for every tenant",
    ),
    (
        "read::open_after",
        "none: the engine's own, for every tenant",
    ),
    ("read::open_children", "executions"),
    (
        "record::changes_after",
        "none: the search index's own, for every tenant",
    ),
    ("record::last_change", "none: a number only"),
    ("record::existing", "records"),
    (
        "record::page_after",
        "none: the search index's own, for every tenant",
    ),
    (
        "refresh_token::find",
        "none: found by the digest of its secret",
    ),
    (
        "refresh_token::sessions_of_family",
        "none: a family has one user",
    ),
    (
        "refresh_token::sessions_revoked_since",
        "none: authentication's own, for every tenant",
    ),
    (
        "refresh_token::successors",
        "none: found by the digest of its secret",
    ),
    (
        "service_token::find_by_digest",
        "none: found by the digest of its secret",
    ),
    ("service_token::list", "service_tokens"),
    (
        "session::find_session",
        "none: the owner is checked by whoever shows it",
    ),
    (
        "session::find_session_by_secret",
        "none: found by the digest of its secret",
    ),
    ("setting::find_setting", "none: the server's own"),
    ("store::commit", "none: not a reading"),
    ("store::enqueue", "none: not a reading"),
    ("store::next", "none: ids and numbers, for this node only"),
    ("store::open", "none: not a reading"),
    ("store::open_with", "none: not a reading"),
    ("store::schema_version", "none: the database's own"),
    ("tenant::find_tenant", "none: found by its own id"),
    ("tenant_setting::find_tenant_setting", "tenant_settings"),
    (
        "ticket::find_ticket",
        "none: found by the digest of its secret",
    ),
    ("upload::find_upload", "uploads"),
    ("usage::usage", "open_uploads"),
    ("user::find", "none: a user belongs to no tenant"),
    ("user::find_by_email", "none: a user belongs to no tenant"),
    (
        "user::token_versions_raised_since",
        "none: authentication's own, for every tenant",
    ),
];

pub async fn every_table_and_reading_has_a_case(t: Fixture) {
    let (_, mut writer) = t.place.database().await;
    let tables = writer.tables().await.unwrap();
    let found: BTreeSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(found, TABLES.iter().map(|(table, _)| *table).collect());

    let mut readings = BTreeSet::new();
    for path in files_under(&source("src")) {
        if path.extension().is_none_or(|extension| extension != "rs")
            || path.components().any(|part| part.as_os_str() == "backup")
        {
            continue;
        }
        let module = path.file_stem().unwrap().to_str().unwrap();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            if let Some(rest) = line.trim_start().strip_prefix("pub async fn ") {
                let name = rest.split(['(', '<']).next().unwrap();
                readings.insert(format!("{module}::{name}"));
            }
        }
    }
    let listed: BTreeSet<String> = READINGS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(readings, listed);

    let cases = std::fs::read_to_string(source("tests/conformance/isolation.rs")).unwrap();
    for (_, case) in TABLES.iter().chain(READINGS) {
        let exists = cases.contains(&format!("pub async fn {case}(t: Fixture)"));
        assert!(
            exists || case.starts_with("none: "),
            "there is no case {case}"
        );
    }
}

pub async fn executions(t: Fixture) {
    let b = other_tenant();
    t.started("e").await;
    t.commit(Submit {
        parent: Some(id("e")),
        ..submit(&tenant(), "c")
    })
    .await;
    let before = t.find("e").await;
    let executions = t.store.executions();
    assert_eq!(executions.find(&b, &id("e")).await.unwrap(), None);
    assert_eq!(executions.open_children(&b, &id("e")).await.unwrap(), []);
    assert_eq!(executions.count_by_status(&b).await.unwrap(), []);
    let filter = ExecutionFilter::default();
    assert_eq!(executions.list(&b, &filter, 9).await.unwrap(), []);
    let missing = Refusal::WrongState { status: None };
    assert_eq!(t.refused(start(&b, "e", 2)).await, missing);
    assert_eq!(t.refused(append(&b, "e", 2, 1)).await, missing);
    let wait = Wait::Timer { until: at(1) };
    assert_eq!(t.refused(suspend(&b, "e", 2, wait)).await, missing);
    assert_eq!(t.refused(complete(&b, "e", 2)).await, missing);
    let asked = || request(&b, "e");
    for change in [
        Change::Cancel(Cancel(asked())),
        Change::Pause(Pause(asked())),
        Change::Resume(Resume(asked())),
        Change::Retry(Retry(asked())),
    ] {
        let missing = Refusal::NotFound { what: "execution" };
        assert_eq!(t.refused(change).await, missing);
    }
    // The id is taken, but that is all B learns of it.
    t.refused(submit(&b, "e")).await;
    assert_eq!(t.find("e").await, before);
    // Who waits for another tenant's execution is not told when it ends.
    t.commit(submit(&b, "b")).await;
    t.commit(start(&b, "b", 1)).await;
    let wait = Wait::Child {
        execution_id: id("e"),
    };
    t.commit(suspend(&b, "b", 2, wait)).await;
    let told = executions.find(&b, &id("b")).await.unwrap().unwrap();
    assert_eq!(told.status, Status::Waiting);
}

pub async fn outbox(t: Fixture) {
    t.started("e").await;
    let executions = t.store.executions();
    let journal = executions.journal(&other_tenant(), &id("e"), 0, 9).await;
    assert_eq!(journal.unwrap(), []);
    t.refused(append(&other_tenant(), "e", 2, 1)).await;
    assert_eq!(t.journal("e").await.len(), 2);
}

pub async fn idempotency_keys(t: Fixture) {
    let with_key = |tenant: &TenantId, execution: &str| Submit {
        idempotency: Some(Idempotency {
            key: "key".into(),
            body_digest: "d".into(),
        }),
        ..submit(tenant, execution)
    };
    t.commit(with_key(&tenant(), "e1")).await;
    t.commit(with_key(&other_tenant(), "e2")).await;
    let used = t.refused(with_key(&tenant(), "e3")).await;
    assert!(
        matches!(used, Refusal::AlreadySubmitted { execution_id, .. } if execution_id == id("e1"))
    );
}

pub async fn kept_answers(t: Fixture) {
    let (a, b) = (tenant(), other_tenant());
    t.commit(keep(&a, "first", "ours")).await;
    assert_eq!(t.store.find_kept_answer(&b, "k").await.unwrap(), None);
    t.commit(keep(&b, "second", "theirs")).await;
    t.commit(AnswerChange::ForgetBodies {
        tenant_id: b.clone(),
    })
    .await;
    let body = async |tenant: &TenantId| {
        let found = t.store.find_kept_answer(tenant, "k").await.unwrap();
        found.unwrap().body
    };
    assert_eq!(body(&a).await.as_deref(), Some("ours"));
    assert_eq!(body(&b).await, None);
}

pub async fn artifacts(t: Fixture) {
    let (b, a1) = (other_tenant(), artifact("a1"));
    t.put(Write::Artifact(Box::new(a1.clone()))).await;
    let filter = ArtifactFilter::default();
    let artifacts = t.store.artifacts();
    assert_eq!(artifacts.find(&b, &id("a1")).await.unwrap(), None);
    assert_eq!(artifacts.list(&b, &filter, 9, 0).await.unwrap(), []);
    assert_eq!(artifacts.count(&b, &filter).await.unwrap(), 0);
    assert_eq!(artifacts.made_from(&b, &id("file-1"), 9).await.unwrap(), []);
    let mut same = a1.clone();
    same.tenant_id = b;
    same.semantic_descriptor = json!("b");
    t.put(Write::Artifact(Box::new(same))).await;
    let found = artifacts.find(&tenant(), &id("a1")).await.unwrap();
    assert_eq!(found, Some(a1));
}

pub async fn files(t: Fixture) {
    let (b, f1) = (other_tenant(), file("f1"));
    t.put(Write::File(Box::new(f1.clone()))).await;
    let files = t.store.files();
    assert_eq!(files.find(&b, &id("f1")).await.unwrap(), None);
    assert_eq!(
        files.list(&b, &FileFilter::default(), 9, 0).await.unwrap(),
        []
    );
    assert_eq!(t.store.need_of(&b, "abc").await.unwrap(), Need::None);
    let mut same = f1.clone();
    same.tenant_id = b;
    same.ui_name = "b".into();
    t.put(Write::File(Box::new(same))).await;
    assert_eq!(files.find(&tenant(), &id("f1")).await.unwrap(), Some(f1));
}

pub async fn uploads(t: Fixture) {
    let b = other_tenant();
    t.commit(Change::Upload(upload("u"))).await;
    assert_eq!(t.store.find_upload(&b, "u").await.unwrap(), None);
    let mut same = upload("u");
    same.tenant_id = b;
    same.digest = "b".into();
    t.commit(Change::Upload(same)).await;
    let found = t.store.find_upload(&tenant(), "u").await.unwrap();
    assert_eq!(found, Some(upload("u")));
}

pub async fn open_uploads(t: Fixture) {
    let b = other_tenant();
    t.commit(begin("u", 10)).await;
    assert_eq!(t.store.find_open_upload(&b, "u").await.unwrap(), None);
    assert_eq!(t.store.usage(&b).await.unwrap(), Usage::default());
    let foreign = OpenUploadChange::Advance {
        tenant_id: b.clone(),
        upload_id: "u".into(),
        from: 0,
        received: 5,
        digest: None,
    };
    assert!(matches!(t.refused(foreign).await, Refusal::Changed { .. }));
    t.commit(OpenUploadChange::Remove {
        tenant_id: b,
        upload_id: "u".into(),
    })
    .await;
    let found = t.store.find_open_upload(&tenant(), "u").await.unwrap();
    assert_eq!(found.unwrap().received, 0);
}

pub async fn tenant_settings(t: Fixture) {
    let b = other_tenant();
    let stated = |tenant: &TenantId, value: &str, expected| PutTenantSetting {
        tenant_id: tenant.clone(),
        name: "rules",
        value: json!({ "value": value }),
        changed_by: format!("someone of {tenant}"),
        expected,
    };
    let found = async |tenant: &TenantId| {
        let found = t.store.find_tenant_setting(tenant, "rules").await;
        found.unwrap().map(|found| (found.version, found.value))
    };
    t.commit(stated(&tenant(), "a", Some(0))).await;
    assert_eq!(found(&b).await, None);
    // The other's versions are its own.
    assert!(matches!(
        t.refused(stated(&b, "b", Some(1))).await,
        Refusal::Changed { .. }
    ));
    t.commit(stated(&b, "b", Some(0))).await;
    t.commit(stated(&b, "b2", None)).await;
    assert_eq!(found(&tenant()).await, Some((1, json!({ "value": "a" }))));
    assert_eq!(found(&b).await, Some((2, json!({ "value": "b2" }))));
    assert!(matches!(
        t.refused(stated(&b, "b3", Some(1))).await,
        Refusal::Changed { .. }
    ));
    let other = t.store.find_tenant_setting(&b, "other").await.unwrap();
    assert_eq!(other, None);
}

pub async fn contracts(t: Fixture) {
    let (b, c) = (other_tenant(), contract("c"));
    t.put(Write::Contract(Box::new(c.clone()))).await;
    assert_eq!(t.store.find_contract(&b, &id("c")).await.unwrap(), None);
    let mut same = c.clone();
    same.tenant_id = b;
    same.contract_terms = json!("b");
    t.put(Write::Contract(Box::new(same))).await;
    let found = t.store.find_contract(&tenant(), &id("c")).await.unwrap();
    assert_eq!(found, Some(c));
}

pub async fn pending_intents(t: Fixture) {
    let (b, p) = (other_tenant(), pending_intent("p"));
    t.put(Write::PendingIntent(Box::new(p.clone()))).await;
    let filter = PendingIntentFilter::default();
    let list = t.store.list_pending_intents(&b, &filter, 9).await.unwrap();
    assert_eq!(list, []);
    let mut same = p.clone();
    same.tenant_id = b;
    same.context = json!("b");
    t.put(Write::PendingIntent(Box::new(same))).await;
    let list = t.store.list_pending_intents(&tenant(), &filter, 9).await;
    assert_eq!(list.unwrap(), [p]);
}

pub async fn records(t: Fixture) {
    t.put(record("r", "p")).await;
    let mut same = one_record("r", "p");
    same.tenant_id = other_tenant();
    same.body = "b".into();
    t.put(Write::Records {
        records: vec![same],
    })
    .await;
    t.put(Write::ForgetRecords {
        tenant_id: other_tenant(),
        parent_id: "p".into(),
    })
    .await;
    let page = t.store.records().page_after(None, 9).await.unwrap();
    assert_eq!(page, [one_record("r", "p")]);
    let ids = [id("r"), id("never")];
    let records = t.store.records();
    let existing = records.existing(&tenant(), &ids).await.unwrap();
    assert_eq!(existing, [id("r")].into());
    let existing = records.existing(&other_tenant(), &ids).await.unwrap();
    assert_eq!(existing, [].into());
}

pub async fn sessions(t: Fixture) {
    t.commit(open_session("s", at(9))).await;
    t.put(Write::SessionState {
        tenant_id: other_tenant(),
        session_id: id("s"),
        key: "k".into(),
        value: json!("b"),
    })
    .await;
    let found = t.store.find_session(&id("s")).await.unwrap();
    assert_eq!(found, Some(session("s", at(9))));
}

pub async fn memberships(t: Fixture) {
    let (b, u) = (other_tenant(), UserId::trusted("u"));
    let membership = |tenant_id, role| Membership {
        tenant_id,
        user_id: u.clone(),
        role,
    };
    t.commit(MembershipChange::Insert(membership(tenant(), Role::Admin)))
        .await;
    let memberships = t.store.memberships();
    assert_eq!(memberships.find(&b, &u).await.unwrap(), None);
    assert_eq!(memberships.list(&b, 9, 0).await.unwrap(), []);
    assert_eq!(memberships.count(&b, Role::Admin).await.unwrap(), 0);
    let missing = Refusal::NotFound { what: "member" };
    for change in [
        MembershipChange::SetRole(membership(b.clone(), Role::Viewer)),
        MembershipChange::Delete {
            tenant_id: b.clone(),
            user_id: u.clone(),
        },
    ] {
        assert_eq!(t.refused(change).await, missing);
    }
    t.commit(MembershipChange::Insert(membership(b, Role::Viewer)))
        .await;
    let found = memberships.find(&tenant(), &u).await.unwrap();
    assert_eq!(found, Some(membership(tenant(), Role::Admin)));
}

pub async fn service_tokens(t: Fixture) {
    let b = other_tenant();
    let token = ServiceToken {
        token_id: "id".into(),
        tenant_id: tenant(),
        name: "n".into(),
        scopes: vec![Permission::Read],
        created_by: "c".into(),
        created_at: at(0),
        expires_at: at(9),
        last_used_at: None,
        revoked_at: None,
    };
    t.commit(ServiceTokenChange::Insert {
        digest: "d".into(),
        token: token.clone(),
    })
    .await;
    let tokens = t.store.service_tokens();
    assert_eq!(tokens.list(&b, 9, 0).await.unwrap(), []);
    let revoke = ServiceTokenChange::Revoke {
        tenant_id: b,
        token_id: "id".into(),
    };
    let missing = Refusal::NotFound {
        what: "service token",
    };
    assert_eq!(t.refused(revoke).await, missing);
    assert_eq!(tokens.list(&tenant(), 9, 0).await.unwrap(), [token]);
}

pub async fn agents(t: Fixture) {
    crate::agents::another_tenants_agents_stay_its_own(&t).await;
}

pub async fn telemetry(t: Fixture) {
    crate::telemetry::another_tenants_telemetry_stays_its_own(&t).await;
}

pub async fn agent_sessions(t: Fixture) {
    crate::agent_sessions::another_tenants_sessions_stay_its_own(&t).await;
}

pub async fn policies(t: Fixture) {
    crate::policies::another_tenants_policies_stay_its_own(&t).await;
}

pub async fn decisions(t: Fixture) {
    crate::policies::another_tenants_decisions_stay_its_own(&t).await;
}

pub async fn budgets(t: Fixture) {
    crate::budgets::another_tenants_budgets_stay_its_own(&t).await;
}

/// What tenant B tries with tenant A's approval and allowance.
async fn nobody_else_changes_it(t: &Fixture) {
    let b = other_tenant();
    let (tenant_id, approval_id) = (|| b.clone(), || "p".to_owned());
    let allowance_id = || "l".to_owned();
    for change in [
        ApprovalChange::Vote {
            tenant_id: tenant_id(),
            approval_id: approval_id(),
            vote: Box::new(new_vote("bob", Verdict::Deny)),
        },
        ApprovalChange::Delegate {
            tenant_id: tenant_id(),
            approval_id: approval_id(),
            by: person("bob"),
            to: "admin".into(),
            comment: None,
        },
        ApprovalChange::Escalate {
            tenant_id: tenant_id(),
            approval_id: approval_id(),
        },
        ApprovalChange::Expire {
            tenant_id: tenant_id(),
            approval_id: approval_id(),
        },
        ApprovalChange::Withdraw {
            tenant_id: tenant_id(),
            approval_id: approval_id(),
            reason: "b wants it".into(),
        },
        ApprovalChange::Use {
            tenant_id: tenant_id(),
            approval_id: approval_id(),
            request_hash: "hash".into(),
        },
    ] {
        let missing = Refusal::NotFound { what: "approval" };
        assert_eq!(t.refused(change).await, missing);
    }
    t.refused(ApprovalChange::Revoke {
        tenant_id: tenant_id(),
        allowance_id: allowance_id(),
        by: "bob".into(),
    })
    .await;
    t.refused(ApprovalChange::UseAllowance {
        tenant_id: tenant_id(),
        allowance_id: allowance_id(),
    })
    .await;
}

pub async fn approvals(t: Fixture) {
    let b = other_tenant();
    let asked = new_approval("p", ApprovalKind::ToolCall);
    t.commit(open(asked.clone())).await;
    t.commit(vote("p", "ada", Verdict::Approve)).await;
    let allowance = allowance("l", "p", AllowanceScope::Tool);
    t.commit(ApprovalChange::Allow(Box::new(allowance))).await;
    let approvals = t.store.approvals();
    let before = approvals.find(&tenant(), "P1").await.unwrap();
    for key in ["p", "P1"] {
        assert_eq!(approvals.find(&b, key).await.unwrap(), None);
    }
    let filter = ApprovalFilter::default();
    assert_eq!(approvals.list(&b, &filter, 9).await.unwrap(), []);
    let hash = &before.as_ref().unwrap().original_hash;
    let waiting = approvals.open_for(&tenant(), hash, at(0)).await.unwrap();
    assert_eq!(waiting, before);
    assert_eq!(approvals.open_for(&b, hash, at(0)).await.unwrap(), None);
    let request = before.as_ref().unwrap().asked();
    let covering = approvals
        .allowance(&tenant(), &request, at(0))
        .await
        .unwrap();
    assert!(covering.is_some());
    let covering = approvals.allowance(&b, &request, at(0)).await.unwrap();
    assert_eq!(covering, None);
    assert_eq!(approvals.find_allowance(&b, "l").await.unwrap(), None);
    let filter = AllowanceFilter::default();
    assert_eq!(approvals.allowances(&b, &filter, 9).await.unwrap(), []);
    nobody_else_changes_it(&t).await;
    assert_eq!(approvals.find(&tenant(), "P1").await.unwrap(), before);
    // Numbers are counted per tenant.
    let own = NewApproval {
        tenant_id: b.clone(),
        ..asked
    };
    t.commit(open(own)).await;
    let own = approvals.find(&b, "P1").await.unwrap().unwrap();
    assert_eq!(own.tenant_id, b);
}

pub async fn webhooks(t: Fixture) {
    crate::webhooks::another_tenants_webhooks_stay_its_own(&t).await;
}

pub async fn audit_log(t: Fixture) {
    let b = other_tenant();
    let entry = audit_entry(&t, &tenant(), "u", "a");
    let entry_id = entry.entry_id.clone();
    t.commit(entry).await;
    t.commit(AuditChange::Checkpoint {
        tenant_id: tenant(),
        size: 1,
        note: "note".into(),
    })
    .await;
    let audit = t.store.audit();
    let found = audit.find(&tenant(), 1).await.unwrap();
    assert_eq!(audit.find(&b, 1).await.unwrap(), None);
    assert_eq!(audit.find_by_id(&b, &entry_id).await.unwrap(), None);
    let filter = AuditFilter::default();
    assert_eq!(audit.list(&b, &filter, 9, 0).await.unwrap(), []);
    assert_eq!(audit.page_after(&b, 0, 9).await.unwrap(), []);
    assert_eq!(audit.stats(&b, &filter).await.unwrap(), []);
    let strays = audit.strays(&b).await.unwrap();
    assert_eq!((strays.entries, strays.bodies), (0, 0));
    assert_eq!(audit.head(&b).await.unwrap(), None);
    assert_eq!(audit.checkpoints(&b, 0, 9).await.unwrap(), []);
    assert_eq!(audit.newest_checkpoints(&b, None, 9).await.unwrap(), []);
    assert_eq!(audit.last_before(&b, at(9)).await.unwrap(), None);
    assert!(audit.bodies_of(&b, "u", 0, 9).await.unwrap().is_empty());
    assert_eq!(audit.inclusion(&b, 1, 1).await.unwrap(), None);
    assert_eq!(audit.consistency(&b, 1, 1).await.unwrap(), None);
    assert_eq!(audit.root(&b, 1).await.unwrap(), None);
    assert_eq!(audit.nodes(&b, (0, 0), 9).await.unwrap(), []);
    let mut drop = audit_entry(&t, &b, "u", "erase_bodies");
    drop.category = "audit".into();
    t.commit(AuditChange::DropBodies {
        spans: vec![(1, 1)],
        entry: drop,
        is_retention: true,
    })
    .await;
    assert_eq!(audit.find(&tenant(), 1).await.unwrap(), found);
    assert_eq!(audit.head(&b).await.unwrap(), None);
    // Each log has its own numbers and its own chain.
    t.commit(audit_entry(&t, &b, "u", "b")).await;
    let other = audit.find(&b, 1).await.unwrap().unwrap().entry;
    assert_eq!(other.previous, civitas_audit::Hash::NONE);
}

pub async fn a_write_into_another_tenant_is_refused(t: Fixture) {
    let b = other_tenant();
    t.commit(submit(&b, "e")).await;
    t.commit(start(&b, "e", 1)).await;
    let writes = [
        Write::Artifact(Box::new(artifact("a"))),
        Write::File(Box::new(file("f"))),
        Write::Contract(Box::new(contract("c"))),
        Write::PendingIntent(Box::new(pending_intent("p"))),
        record("r", "p"),
        forget("p"),
        set_state("s", "k", json!(1)),
    ];
    for write in writes {
        let changeset = Changeset::new()
            .with(append(&b, "e", 2, 1))
            .with_writes(vec![write]);
        assert_eq!(
            refusal(t.store.commit(changeset).await),
            Refusal::ForeignTenant
        );
    }
    let changeset = Changeset::new()
        .with(append(&b, "e", 2, 1))
        .with(submit(&tenant(), "c"));
    assert_eq!(
        refusal(t.store.commit(changeset).await),
        Refusal::ForeignTenant
    );
    let mut mixed = vec![one_record("r1", "p"), one_record("r2", "p")];
    mixed[1].tenant_id = b;
    let mixed = Write::Records { records: mixed };
    assert_eq!(t.refused(mixed).await, Refusal::ForeignTenant);
}
