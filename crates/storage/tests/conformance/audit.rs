//! The audit log: entries commit with what they are about, without a gap, and verify.

use std::time::Duration;

use civitas_audit::{
    Actor, Checkpoint, DROP_BODIES, ERASE_BODIES, Finding, NewEntry, Report, SELF_CATEGORY,
    SigningKey, Stored, Verifier, leaf_hash, log_origin, verify_consistency, verify_inclusion,
};
use civitas_model::{SystemEntropy, TenantId};
use civitas_sql::Statement;
use civitas_storage::{
    AuditChange, AuditFilter, AuditLog, Changeset, DROP_MAX, Refusal, Store, StoreOptions,
};
use serde_json::json;

use crate::fixture::{Fixture, at, other_tenant, refusal, submit, tenant};

pub fn audit_entry(t: &Fixture, tenant: &TenantId, actor: &str, action: &str) -> NewEntry {
    let clock = t.clock.as_ref();
    let actor = Actor::new("user", actor);
    NewEntry::new(clock, &SystemEntropy, tenant, actor, "auth", action)
        .on("session", format!("session of {action}"))
        .with_body(&json!({ "said": action, "ä": [1, 2.5] }), &SystemEntropy)
}

fn key() -> SigningKey {
    SigningKey::from_secret(&[5; 32])
}

async fn entries(t: &Fixture, tenant: &TenantId) -> Vec<Stored> {
    t.store.audit().page_after(tenant, 0, 20_000).await.unwrap()
}

/// Signs what is there.
async fn sign(t: &Fixture, tenant: &TenantId) -> u64 {
    let head = t.store.audit().head(tenant).await.unwrap().unwrap();
    let size = head.frontier.size();
    let checkpoint = Checkpoint {
        origin: log_origin("here", tenant),
        size,
        root: head.frontier.root(),
    };
    t.commit(AuditChange::Checkpoint {
        tenant_id: tenant.clone(),
        size,
        note: checkpoint.sign(&key()),
    })
    .await;
    size
}

async fn verified(t: &Fixture, tenant: &TenantId) -> Report {
    let kept = t.store.audit().checkpoints(tenant, 0, 100).await.unwrap();
    let notes: Vec<String> = kept.into_iter().map(|kept| kept.note).collect();
    let mut verifier = Verifier::new(tenant, &notes, "here", &key().public());
    for stored in entries(t, tenant).await {
        verifier.entry(&stored);
    }
    verifier.finish()
}

async fn fill(t: &Fixture, count: u64) {
    let mut commits = Vec::new();
    for number in 0..count {
        let entry = audit_entry(t, &tenant(), &format!("u{}", number % 3), "sign_in");
        let changeset = Changeset::new().with(entry);
        commits.push(t.store.enqueue(changeset).await.unwrap());
    }
    for commit in commits {
        commit.await.unwrap();
    }
}

pub async fn an_entry_is_read_back_as_it_was_hashed(t: Fixture) {
    let plain = NewEntry {
        body: None,
        subject: None,
        ..audit_entry(&t, &tenant(), "u", "plain")
    };
    let mut full = audit_entry(&t, &tenant(), "u", "full").of_tool_use("use");
    full.actor.role = Some("admin".into());
    t.commit(plain.clone()).await;
    t.commit(full.clone()).await;
    let found = entries(&t, &tenant()).await;
    let expected = full.at(2, at(0), found[0].hash);
    assert_eq!(found[1].entry, expected);
    assert_eq!(
        (found[1].hash, &found[1].body),
        (expected.hash(), &full.body)
    );
    assert_eq!((found[0].entry.seq, &found[0].body), (1, &None));
    let audit = t.store.audit();
    let again = audit.find_by_id(&tenant(), &full.entry_id).await.unwrap();
    assert_eq!(again.as_ref(), Some(&found[1]));
    assert_eq!(audit.find(&tenant(), 2).await.unwrap(), again);
    assert!(verified(&t, &tenant()).await.is_sound());
}

pub async fn a_refused_changeset_leaves_no_gap(t: Fixture) {
    t.commit(submit(&tenant(), "taken")).await;
    let mut commits = Vec::new();
    for number in 0..60 {
        let tenant_id = if number % 2 == 0 {
            tenant()
        } else {
            other_tenant()
        };
        let entry = audit_entry(&t, &tenant_id, "u", &format!("a{number}"));
        let mut changeset = Changeset::new().with(entry);
        if number % 3 == 0 {
            changeset = changeset.with(submit(&tenant(), "taken"));
        }
        commits.push(t.store.enqueue(changeset).await.unwrap());
    }
    for (number, commit) in commits.into_iter().enumerate() {
        assert_eq!(commit.await.is_ok(), number % 3 != 0);
    }
    for tenant in [tenant(), other_tenant()] {
        let found = entries(&t, &tenant).await;
        assert_eq!(found.len(), 20);
        sign(&t, &tenant).await;
        assert_eq!(verified(&t, &tenant).await.findings, []);
    }
}

pub async fn an_entry_commits_only_with_its_change(t: Fixture) {
    let both = |name: &str, execution: &str| {
        Changeset::new()
            .with(submit(&tenant(), execution))
            .with(audit_entry(&t, &tenant(), "u", name))
    };
    t.store.commit(both("first", "e")).await.unwrap();
    let refused = refusal(t.store.commit(both("second", "e")).await);
    assert!(matches!(refused, Refusal::AlreadyExists { .. }));
    let entry = audit_entry(&t, &tenant(), "u", "twice");
    t.commit(entry.clone()).await;
    // The same entry again breaks a constraint: it fails alone.
    let changeset = Changeset::new()
        .with(submit(&tenant(), "other"))
        .with(entry);
    assert!(t.store.commit(changeset).await.is_err());
    let actions: Vec<String> = entries(&t, &tenant())
        .await
        .into_iter()
        .map(|stored| stored.entry.action)
        .collect();
    assert_eq!(actions, ["first", "twice"]);
}

pub async fn a_hundred_writers_keep_a_hundred_entries_each(t: Fixture) {
    let tasks: Vec<_> = (0..100)
        .map(|task| {
            let t = t.clone();
            tokio::spawn(async move {
                for number in 0..5 {
                    let action = format!("a{task}-{number}");
                    t.commit(audit_entry(&t, &tenant(), "u", &action)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut actions: Vec<String> = entries(&t, &tenant())
        .await
        .into_iter()
        .map(|stored| stored.entry.action)
        .collect();
    actions.sort();
    actions.dedup();
    assert_eq!(actions.len(), 500);
    sign(&t, &tenant()).await;
    let report = verified(&t, &tenant()).await;
    assert_eq!((report.findings, report.signed), (vec![], 500));
}

pub async fn a_log_goes_on_after_a_reopening(mut t: Fixture) {
    fill(&t, 5).await;
    t.store = Store::open(&t.place.options(), t.clock.clone())
        .await
        .unwrap();
    fill(&t, 5).await;
    sign(&t, &tenant()).await;
    let report = verified(&t, &tenant()).await;
    assert_eq!((report.findings, report.entries), (vec![], 10));
}

pub async fn proofs_hold_beyond_the_subtrees_that_are_kept(t: Fixture) {
    fill(&t, 700).await;
    let audit = t.store.audit();
    let all = entries(&t, &tenant()).await;
    for size in [1, 255, 256, 257, 600, 700] {
        let root = audit.root(&tenant(), size).await.unwrap().unwrap();
        for seq in [1, 2, 255, 256, 257, 512, 513, 700] {
            let proof = audit.inclusion(&tenant(), seq, size).await.unwrap();
            assert_eq!(proof.is_some(), seq <= size, "{seq} of {size}");
            let Some(proof) = proof else { continue };
            let leaf = all[usize::try_from(seq - 1).unwrap()].entry.hash();
            assert!(
                verify_inclusion(&leaf, seq - 1, size, &proof, &root),
                "{seq} of {size}"
            );
            assert!(!verify_inclusion(
                &leaf_hash(b""),
                seq - 1,
                size,
                &proof,
                &root
            ));
        }
        let newest = audit.root(&tenant(), 700).await.unwrap().unwrap();
        let proof = audit
            .consistency(&tenant(), size, 700)
            .await
            .unwrap()
            .unwrap();
        assert!(
            verify_consistency(size, 700, &proof, &root, &newest),
            "{size}"
        );
    }
    for size in [0, 701] {
        assert_eq!(audit.inclusion(&tenant(), 1, size).await.unwrap(), None);
        assert_eq!(audit.consistency(&tenant(), size, 700).await.unwrap(), None);
    }
    assert_eq!(audit.consistency(&tenant(), 700, 701).await.unwrap(), None);
}

pub async fn checkpoints_are_kept_and_what_is_unsigned_is_known(t: Fixture) {
    assert_eq!(t.store.audit().unsigned(1, 9).await.unwrap(), []);
    fill(&t, 3).await;
    let audit = t.store.audit();
    let unsigned = audit.unsigned(1, 9).await.unwrap();
    assert_eq!(unsigned[0].1.size(), 3);
    assert_eq!(audit.unsigned(4, 9).await.unwrap(), []);
    sign(&t, &tenant()).await;
    assert_eq!(audit.unsigned(1, 9).await.unwrap(), []);
    fill(&t, 1).await;
    sign(&t, &tenant()).await;
    sign(&t, &tenant()).await;
    let sizes = async |newest: bool, at: u64| -> Vec<u64> {
        let audit = t.store.audit();
        let found = if newest {
            audit.newest_checkpoints(&tenant(), Some(at), 9).await
        } else {
            audit.checkpoints(&tenant(), at, 9).await
        };
        found.unwrap().iter().map(|kept| kept.size).collect()
    };
    assert_eq!(sizes(false, 0).await, [3, 4]);
    assert_eq!(sizes(false, 3).await, [4]);
    assert_eq!(sizes(true, 9).await, [4, 3]);
    assert_eq!(sizes(true, 4).await, [3]);
    assert_eq!(verified(&t, &tenant()).await.checkpoints, 2);
}

pub async fn bodies_go_and_the_log_still_verifies(t: Fixture) {
    fill(&t, 6).await;
    sign(&t, &tenant()).await;
    let say = |action: &str| NewEntry {
        body: None,
        category: SELF_CATEGORY.into(),
        ..audit_entry(&t, &tenant(), "retention", action)
    };
    let audit = t.store.audit();
    assert_eq!(
        audit.bodies_of(&tenant(), "u1", 0, 9).await.unwrap(),
        [2, 5]
    );
    t.commit(AuditChange::DropBodies {
        spans: vec![(2, 2), (5, 5)],
        entry: say(ERASE_BODIES),
        is_retention: false,
    })
    .await;
    assert!(
        audit
            .bodies_of(&tenant(), "u1", 0, 9)
            .await
            .unwrap()
            .is_empty()
    );
    for _ in 0..2 {
        t.commit(AuditChange::DropBodies {
            spans: vec![(1, DROP_MAX.min(3))],
            entry: say(DROP_BODIES),
            is_retention: true,
        })
        .await;
    }
    let report = verified(&t, &tenant()).await;
    assert_eq!(report.findings, []);
    assert_eq!((report.bodies, report.bodies_dropped), (2, 4));
    assert_eq!(report.entries, 8, "nothing to drop is not worth an entry");
    assert_eq!(audit.head(&tenant()).await.unwrap().unwrap().dropped, 3);
    let subjects: Vec<String> = entries(&t, &tenant()).await[6..]
        .iter()
        .map(|stored| stored.entry.subject.clone().unwrap().id)
        .collect();
    assert_eq!(subjects, ["2,5", "1-3"]);
    let posed = AuditChange::DropBodies {
        spans: vec![(4, 4)],
        entry: audit_entry(&t, &tenant(), "u", "posed"),
        is_retention: false,
    };
    t.refused(posed).await;
}

pub async fn a_change_behind_our_back_is_found(t: Fixture) {
    fill(&t, 10).await;
    sign(&t, &tenant()).await;
    let (_, mut writer) = t.place.database().await;
    let mut run = async |text: &'static str| {
        let changed = writer.execute(&Statement::new(text), Vec::new()).await;
        assert_eq!(changed.unwrap(), 1, "{text}");
    };
    run("UPDATE audit_bodies SET body = '{}' WHERE seq = 3").await;
    let findings = verified(&t, &tenant()).await.findings;
    assert_eq!(findings, [Finding::BodyChanged { seq: 3 }]);
    run("DELETE FROM audit_bodies WHERE seq = 3").await;
    let findings = verified(&t, &tenant()).await.findings;
    assert_eq!(findings, [Finding::BodiesMissing { first: 3, last: 3 }]);
    run("UPDATE audit_entries SET outcome = 'refused' WHERE seq = 7").await;
    let findings = verified(&t, &tenant()).await.findings;
    assert_eq!(findings[0], Finding::Changed { seq: 7 });
    run("DELETE FROM audit_entries WHERE seq = 7").await;
    let findings = verified(&t, &tenant()).await.findings;
    assert_eq!(findings[0], Finding::Missing { first: 7, last: 7 });
    run("DELETE FROM audit_entries WHERE seq = 10").await;
    let findings = verified(&t, &tenant()).await.findings;
    let cut = Finding::Truncated {
        last: 9,
        signed: 10,
    };
    assert!(findings.contains(&cut), "{findings:?}");
}

/// Four entries, a second apart: by u0 and u1 in turn, each about a session and of a tool use of its own.
async fn a_b_a_c(t: &Fixture) {
    for (number, action) in ["a", "b", "a", "c"].into_iter().enumerate() {
        let actor = format!("u{}", number % 2);
        let entry = audit_entry(t, &tenant(), &actor, action).outcome(action.to_uppercase());
        t.commit(entry.of_tool_use(format!("t{number}"))).await;
        t.clock.advance(Duration::from_secs(1));
    }
}

/// The filter that one field says.
fn only(set: impl FnOnce(&mut AuditFilter)) -> AuditFilter {
    let mut filter = AuditFilter::default();
    set(&mut filter);
    filter
}

pub async fn entries_are_filtered_and_paged(t: Fixture) {
    a_b_a_c(&t).await;
    let found = async |filter: &AuditFilter, offset: u32| -> Vec<u64> {
        let found = t.store.audit().list(&tenant(), filter, 2, offset).await;
        let found = found.unwrap();
        found.iter().map(|stored| stored.entry.seq).collect()
    };
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(found(&only(|_| {}), 0).await, [4, 3]);
    assert_eq!(found(&only(|_| {}), 2).await, [2, 1]);
    for (filter, expected) in [
        (only(|f| f.action = text("a")), vec![3, 1]),
        (only(|f| f.actor_id = text("u1")), vec![4, 2]),
        (only(|f| f.outcome = text("B")), vec![2]),
        (only(|f| f.category = text("policy")), vec![]),
        (only(|f| f.actor_kind = text("agent")), vec![]),
        (only(|f| f.subject_kind = text("file")), vec![]),
        (only(|f| f.subject_id = text("session of b")), vec![2]),
        (only(|f| f.tool_use_id = text("t3")), vec![4]),
        (only(|f| f.before = Some(3)), vec![2, 1]),
        (only(|f| f.since = Some(at(2_000_000))), vec![4, 3]),
        (only(|f| f.until = Some(at(1_000_000))), vec![1]),
        (only(|f| f.since = Some(at(9_000_000))), vec![]),
        (only(|f| f.until = Some(at(-1))), vec![]),
    ] {
        assert_eq!(found(&filter, 0).await, expected, "{filter:?}");
    }
}

pub async fn entries_are_counted_by_what_they_have_in_common(t: Fixture) {
    a_b_a_c(&t).await;
    let audit = t.store.audit();
    let stats = audit.stats(&tenant(), &only(|_| {})).await.unwrap();
    let counted: Vec<(&str, u64)> = stats.iter().map(|s| (s.action.as_str(), s.total)).collect();
    assert_eq!(counted, [("a", 2), ("b", 1), ("c", 1)]);
    assert_eq!(stats[0].actor_role, None);
    let late = only(|f| f.since = Some(at(9_000_000)));
    assert_eq!(audit.stats(&tenant(), &late).await.unwrap(), []);
}

pub async fn a_copy_is_read_without_touching_it(t: Fixture) {
    fill(&t, 3).await;
    let options = match t.place.options() {
        StoreOptions::Sqlite { path } => {
            // What the server left in its write-ahead file belongs to the copy.
            let copy = t.folder.path().join("copy 100% sure?.db");
            for end in ["", "-wal"] {
                let [from, to] = [&path, &copy].map(|path| {
                    let mut name = path.as_os_str().to_owned();
                    name.push(end);
                    name
                });
                std::fs::copy(from, to).unwrap();
            }
            StoreOptions::Sqlite { path: copy }
        }
        options @ StoreOptions::Postgres { .. } => options,
    };
    let log = AuditLog::open(&options).await.unwrap();
    assert_eq!(log.audit().tenants("", 9).await.unwrap(), [tenant()]);
    assert_eq!(
        log.audit().page_after(&tenant(), 0, 9).await.unwrap().len(),
        3
    );
    if let StoreOptions::Sqlite { path } = &options {
        let before = std::fs::read(path).unwrap();
        let log = AuditLog::open(&options).await.unwrap();
        log.audit().tenants("", 9).await.unwrap();
        assert_eq!(std::fs::read(path).unwrap(), before);
        let missing = t.folder.path().join("missing.db");
        let missing = StoreOptions::Sqlite { path: missing };
        assert!(AuditLog::open(&missing).await.is_err());
    }
}
