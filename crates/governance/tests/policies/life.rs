//! The life of versions, and the set that decides.

use std::sync::Arc;

use civitas_governance::policies::{
    Baseline, Candidate, Draft, EventKey, Policies, Save, recorded,
};
use civitas_governance::{Error, Finding};
use civitas_model::{Caller, CallerKind, Id, Permission, SystemClock, SystemEntropy, TenantId};
use civitas_policy::{Agent, Outcome, Place, Request, ToolCall};
use civitas_storage::{
    Changeset, DecisionChange, PolicyChange, PolicyText, PolicyVersion, Store, StoreOptions,
};
use serde_json::{Value, json};
use tempfile::TempDir;

async fn open(resolve_links: bool) -> (Policies, Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("civitas.db");
    let options = StoreOptions::Sqlite { path };
    let store = Store::open(&options, Arc::new(SystemClock)).await.unwrap();
    let policies = Policies::new(store.clone(), Arc::new(SystemEntropy), resolve_links).unwrap();
    (policies, store, folder)
}

fn tenant() -> TenantId {
    Caller::local_operator().tenant_id
}

fn text(name: &str, text: impl Into<String>) -> PolicyText {
    PolicyText {
        name: name.into(),
        text: text.into(),
    }
}

/// Nobody writes below this folder of `src`.
fn closed(folder: &str) -> Draft {
    let policy = format!(
        "@id(\"{folder}\") @reason(\"{folder} is closed\") forbid (principal, action == Action::\"write_path\", resource in Scope::\"src/{folder}/**\");"
    );
    Draft {
        sources: vec![text("closed.cedar", policy)],
        ..Draft::default()
    }
}

fn save(draft: Draft, based_on: u64) -> Save {
    Save {
        draft,
        note: "a try".into(),
        based_on: Some(based_on),
        activate: true,
    }
}

fn write(path: &str) -> Request {
    let call = ToolCall::new("Write", json!({ "file_path": path, "content": "x" }));
    let mut request = Request::new(call, Place::at("/work"));
    request.agent = Some(Agent::new("ada", "developer"));
    request
}

async fn outcome(policies: &Policies, tenant: &TenantId, path: &str) -> Outcome {
    let set = policies.current(tenant).await.unwrap();
    let (_, decision) = policies.decide(&set, write(path)).await.unwrap();
    decision.outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_decides_the_next_call_and_a_rollback_the_one_after() {
    let (policies, store, _folder) = open(false).await;
    let caller = Caller::local_operator();
    let path = "/work/src/ledger/a";
    assert_eq!(outcome(&policies, &tenant(), path).await, Outcome::Allow);
    let saved = policies.save(&caller, save(closed("ledger"), 0)).await;
    assert_eq!(saved.unwrap().version.number, 1);
    assert_eq!(outcome(&policies, &tenant(), path).await, Outcome::Deny);
    let other = Id::trusted("another");
    assert_eq!(outcome(&policies, &other, path).await, Outcome::Allow);
    policies
        .activate(&caller, 0, Some(1), "back".into())
        .await
        .unwrap();
    assert_eq!(outcome(&policies, &tenant(), path).await, Outcome::Allow);
    let stale = policies.activate(&caller, 1, Some(1), String::new()).await;
    assert!(matches!(stale, Err(Error::Conflict(_))), "{stale:?}");
    let history = policies.activations(&tenant(), 9).await.unwrap();
    let steps: Vec<(u64, u64)> = history
        .iter()
        .map(|one| (one.previous, one.number))
        .collect();
    assert_eq!(steps, [(1, 0), (0, 1)]);
    let audit = store.audit();
    let entries = audit.page_after(&tenant(), 0, 9).await.unwrap();
    let actions: Vec<&str> = entries
        .iter()
        .map(|one| one.entry.action.as_str())
        .collect();
    assert_eq!(
        actions,
        ["save_policies", "activate_policies", "activate_policies"]
    );
    let body: Value = serde_json::from_str(&entries[1].body.as_ref().unwrap().text).unwrap();
    assert_eq!(body["previous"], 0);
    assert_ne!(body["fingerprint"], body["previous_fingerprint"]);
}

/// Whoever activates and then asks sees what was activated, while others ask all the time.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_decides_however_many_ask() {
    let (policies, store, _folder) = open(false).await;
    let caller = Caller::local_operator();
    for (number, folder) in [(1, "one"), (2, "two")] {
        let mut save = save(closed(folder), number - 1);
        save.activate = false;
        policies.save(&caller, save).await.unwrap();
    }
    let asking: Vec<_> = (0..4)
        .map(|_| {
            let policies = policies.clone();
            tokio::spawn(async move {
                for _ in 0..300 {
                    let active = policies.active(&tenant()).await.unwrap();
                    assert!(active.number <= 2);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..20 {
        let number = round % 3;
        // Not through the service: a commit is enough.
        let change = PolicyChange::Activate {
            tenant_id: tenant(),
            number,
            fingerprint: String::new(),
            expected: None,
            note: String::new(),
            by: "x".into(),
        };
        store.commit(Changeset::new().with(change)).await.unwrap();
        assert_eq!(policies.active(&tenant()).await.unwrap().number, number);
    }
    for one in asking {
        one.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_starts_from_an_old_version_is_refused() {
    let (policies, _store, _folder) = open(false).await;
    let caller = Caller::local_operator();
    let mut saving = Vec::new();
    for number in 0..8 {
        let (policies, caller) = (policies.clone(), caller.clone());
        saving.push(tokio::spawn(async move {
            policies
                .save(&caller, save(closed(&format!("f{number}")), 0))
                .await
        }));
    }
    let mut saved = 0;
    for one in saving {
        match one.await.unwrap() {
            Ok(_) => saved += 1,
            Err(error) => assert!(error.to_string().contains("`based_on` 1"), "{error}"),
        }
    }
    assert_eq!(saved, 1);
    let silent = Save {
        based_on: None,
        ..save(closed("x"), 0)
    };
    let refused = policies.save(&caller, silent).await.unwrap_err();
    assert!(
        refused.to_string().contains("policies already"),
        "{refused}"
    );
    let next = policies.save(&caller, save(closed("x"), 1)).await;
    assert_eq!(next.unwrap().version.number, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_people_who_administer_change_policies() {
    let (policies, _store, _folder) = open(false).await;
    let machine = Caller {
        kind: CallerKind::Service,
        ..Caller::local_operator()
    };
    let user = Caller {
        kind: CallerKind::User,
        permissions: vec![Permission::Read, Permission::Write],
        ..Caller::local_operator()
    };
    for caller in [machine, user] {
        let saved = policies.save(&caller, save(closed("x"), 0)).await;
        assert!(matches!(saved, Err(Error::Forbidden(_))), "{saved:?}");
        let activated = policies.activate(&caller, 0, None, String::new()).await;
        assert!(
            matches!(activated, Err(Error::Forbidden(_))),
            "{activated:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_compile_or_fails_its_tests_is_not_saved() {
    let (policies, _store, _folder) = open(false).await;
    let caller = Caller::local_operator();
    let test = "[[test]]\nname = \"open\"\nrole = \"developer\"\ntool = \"Write\"\npath = \"src/ledger/a\"\nexpect = \"allow\"\n";
    let mut draft = closed("ledger");
    draft.tests = vec![text("ledger.test.toml", test)];
    let Err(Error::Policies(findings)) = policies.save(&caller, save(draft, 0)).await else {
        panic!("its test fails");
    };
    let Finding { file, line, .. } = &findings[0];
    assert_eq!((file.as_str(), *line), ("ledger.test.toml", Some(1)));
    let (head, listed) = policies.versions(&tenant(), None, 9).await.unwrap();
    assert_eq!((head.newest, listed.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_no_longer_compiles_allows_nothing_until_another_is_activated() {
    let (policies, store, _folder) = open(false).await;
    let version = PolicyVersion {
        tenant_id: tenant(),
        number: 1,
        tables: "of another release = 1".into(),
        sources: Vec::new(),
        tests: Vec::new(),
        fingerprint: "f".into(),
        note: String::new(),
        based_on: 0,
        created_by: "x".into(),
        created_at: civitas_model::Timestamp::from_micros(0),
    };
    let activate = PolicyChange::Activate {
        tenant_id: tenant(),
        number: 1,
        fingerprint: "f".into(),
        expected: None,
        note: String::new(),
        by: "x".into(),
    };
    let changes = Changeset::new()
        .with(PolicyChange::Save(Box::new(version)))
        .with(activate);
    store.commit(changes).await.unwrap();
    for _ in 0..2 {
        let refused = policies.current(&tenant()).await.unwrap_err();
        assert!(matches!(refused, Error::Unusable(_)), "{refused}");
    }
    let caller = Caller::local_operator();
    policies
        .activate(&caller, 0, None, String::new())
        .await
        .unwrap();
    policies.current(&tenant()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_judged_by_where_it_leads_when_agents_work_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("work/src")).unwrap();
    std::os::unix::fs::symlink("/etc", root.join("work/src/out")).unwrap();
    let mut request = write(&root.join("work/src/out/passwd").display().to_string());
    request.place = Place::at(root.join("work").display().to_string());
    for (resolve_links, expected) in [(false, Outcome::Allow), (true, Outcome::Deny)] {
        let (policies, _store, _folder) = open(resolve_links).await;
        let set = policies.current(&tenant()).await.unwrap();
        let (_, decision) = policies.decide(&set, request.clone()).await.unwrap();
        assert_eq!(decision.outcome, expected, "{}", decision.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_recorded_as_it_was_made() {
    let (policies, store, _folder) = open(false).await;
    let set = policies.current(&tenant()).await.unwrap();
    let request = write("/etc/passwd");
    let (request, decision) = policies.decide(&set, request).await.unwrap();
    let key = EventKey {
        session_id: "s",
        tool_use_id: "u",
        event: "PreToolUse",
    };
    let answer = json!({ "outcome": "deny" });
    let record = recorded(&tenant(), "d1", key, &request, &decision, answer);
    let change = DecisionChange::Record(Box::new(record));
    store.commit(Changeset::new().with(change)).await.unwrap();
    let decisions = store.decisions();
    let found = decisions.find(&tenant(), "s", "u", "PreToolUse").await;
    let found = found.unwrap().unwrap();
    assert_eq!(
        (found.outcome.as_str(), found.agent_name.as_str()),
        ("deny", "ada")
    );
    assert_eq!(found.fingerprint, set.fingerprint());
    let again: Request = serde_json::from_value(found.request).unwrap();
    assert_eq!(again, request);
}

async fn record(store: &Store, policies: &Policies, id: &str, path: &str) {
    let set = policies.current(&tenant()).await.unwrap();
    let (request, decision) = policies.decide(&set, write(path)).await.unwrap();
    let key = EventKey {
        session_id: "s",
        tool_use_id: id,
        event: "PreToolUse",
    };
    let record = recorded(&tenant(), id, key, &request, &decision, json!({}));
    let change = DecisionChange::Record(Box::new(record));
    store.commit(Changeset::new().with(change)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_candidate_would_change_is_found_page_by_page() {
    let (policies, store, _folder) = open(false).await;
    for number in 0..230 {
        let folder = if number % 10 == 0 { "ledger" } else { "app" };
        let path = format!("/work/src/{folder}/{number}");
        record(&store, &policies, &format!("d{number}"), &path).await;
    }
    let candidate = || Candidate::Draft(closed("ledger"));
    let found = policies
        .what_if(&tenant(), candidate(), 1, Baseline::Recorded)
        .await
        .unwrap();
    assert_eq!((found.report.requests, found.report.changed), (230, 23));
    assert_eq!(found.report.stricter, 23);
    let group = &found.report.groups[0];
    assert_eq!((group.count, group.examples.len()), (23, 5));
    assert_eq!((group.before, group.after), (Outcome::Allow, Outcome::Deny));
    assert!(found.complete && found.unreadable == 0);
    // Once it is active, it changes what was decided, and nothing that would be decided.
    let caller = Caller::local_operator();
    let saved = policies.save(&caller, save(closed("ledger"), 0)).await;
    let version = Candidate::Version(saved.unwrap().version.number);
    let own = tenant();
    for (baseline, changed) in [(Baseline::Recorded, 23), (Baseline::Active, 0)] {
        let found = policies.what_if(&own, version.clone(), 1, baseline);
        assert_eq!(found.await.unwrap().report.changed, changed);
    }
    let other = Id::trusted("another");
    let found = policies.what_if(&other, candidate(), 1, Baseline::Recorded);
    assert_eq!(found.await.unwrap().report.requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_decisions_are_forgotten() {
    let (policies, store, _folder) = open(false).await;
    for id in ["a", "b", "c"] {
        record(&store, &policies, id, "/work/src/a").await;
    }
    let decisions = store.decisions();
    let all = decisions
        .since(&tenant(), civitas_model::Timestamp::from_micros(0), None, 9)
        .await
        .unwrap();
    policies.forget_before(all[2].at).await.unwrap();
    let left = decisions
        .since(&tenant(), all[0].at, None, 9)
        .await
        .unwrap();
    assert_eq!(left, all[2..]);
}
