//! The registry on a real store: files in, agents out, and what happens when either changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use civitas_governance::agent_file::decode;
use civitas_governance::{Action, AgentPatch, Error, ImportFile, NewMetric, Registry};
use civitas_model::agent::{Lifecycle, Role};
use civitas_model::{Caller, Id, Permission, SystemClock, SystemEntropy};
use civitas_storage::{AgentFilter, MetricFilter, Store, StoreOptions};
use tempfile::TempDir;

use crate::generator;

async fn registry() -> (Registry, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("civitas.db");
    let options = StoreOptions::Sqlite { path };
    let store = Store::open(&options, Arc::new(SystemClock)).await.unwrap();
    let registry = Registry::new(store, Arc::new(SystemEntropy));
    (registry, folder)
}

fn file(path: &str, text: &str) -> ImportFile {
    ImportFile {
        path: path.into(),
        text: text.into(),
        name: None,
        ignores_id: false,
    }
}

const CODER: &str = "---\nname: coder\nidentity:\n  agent_id: 7a1d0d6e-9f5f-4c62-8d7b-0d9f6f2b1c11\n  role: developer\nrbac:\n  allowed_tools: [Read, Write]\n---\nBody\n";

#[tokio::test]
async fn a_folder_is_imported_once_and_a_second_time_changes_nothing() {
    let (registry, _folder) = registry().await;
    let caller = Caller::local_operator();
    let files: Vec<ImportFile> = generator::folder(1)
        .iter()
        .map(|made| file(&made.path, &decode(&made.bytes)))
        .collect();
    let dry = registry.import(&caller, files.clone(), true).await.unwrap();
    assert!(dry.iter().any(|one| one.action == Action::Created));
    let none = registry.list(&caller, &AgentFilter::default(), 9, 0).await;
    assert_eq!(none.unwrap().len(), 0, "a dry run changes nothing");
    let started = Instant::now();
    let first = registry
        .import(&caller, files.clone(), false)
        .await
        .unwrap();
    println!("{} files imported in {:?}", files.len(), started.elapsed());
    assert_eq!(first.len(), files.len());
    let count = |all: &[civitas_governance::Imported], action| {
        all.iter().filter(|one| one.action == action).count()
    };
    let agents = count(&first, Action::Created);
    assert!(agents >= 200);
    assert_eq!(agents + count(&first, Action::Skipped), files.len());
    let stats = registry.stats(&caller).await.unwrap();
    let registered: u64 = stats.iter().map(|one| one.count).sum();
    assert_eq!(registered, u64::try_from(agents).unwrap());
    let again = registry
        .import(&caller, files.clone(), false)
        .await
        .unwrap();
    assert_eq!(count(&again, Action::Unchanged), agents);
}

#[tokio::test]
async fn what_changed_in_the_registry_stays_until_the_file_changes() {
    let (registry, _folder) = registry().await;
    let caller = Caller::local_operator();
    let import = async |text: &str| {
        let files = vec![file("foundry/coder.md", text)];
        registry
            .import(&caller, files.clone(), false)
            .await
            .unwrap()
            .remove(0)
    };
    let created = import(CODER).await.agent.unwrap();
    assert_eq!(created.metadata.category, "foundry");
    let patch = AgentPatch {
        allowed_tools: Some(vec!["Read".into()]),
        ..AgentPatch::default()
    };
    let patched = registry.update(&caller, &created.agent_id, patch).await;
    assert_eq!(patched.unwrap().revision, 2);
    let kept = import(CODER).await;
    assert_eq!((kept.action, kept.changes), (Action::Kept, vec!["rbac"]));
    let updated = import(&CODER.replace("developer", "tester")).await;
    assert_eq!(updated.action, Action::Updated);
    assert_eq!(updated.changes, ["role", "rbac", "budget"]);
    let agent = registry.find_by_name(&caller, "coder").await.unwrap();
    assert_eq!((agent.role, agent.revision), (Role::Tester, 3));
    assert_eq!(agent.rbac.allowed_tools, ["Read", "Write"]);
    // What goes out comes back as it is.
    let (place, text) = registry.export(&caller, &agent.agent_id).await.unwrap();
    assert_eq!(place, "foundry/coder.md");
    let back = import(&text).await;
    assert_eq!((back.action, back.changes), (Action::Unchanged, vec![]));
    // A file that says `active` puts no suspended agent to work.
    let id = agent.agent_id;
    let suspended = registry.set_lifecycle(&caller, &id, Lifecycle::Suspended);
    suspended.await.unwrap();
    import(&format!("{text}more\n")).await;
    let agent = registry.find(&caller, &id).await.unwrap();
    assert_eq!(agent.lifecycle, Lifecycle::Suspended);
}

#[tokio::test]
async fn a_name_that_is_taken_fails_that_file_alone() {
    let (registry, _folder) = registry().await;
    let caller = Caller::local_operator();
    let other = CODER.replace("7a1d", "8a1d");
    let named = |path: &str, text: &str, name: &str| ImportFile {
        name: Some(name.into()),
        ..file(path, text)
    };
    let files = vec![
        named("a.md", CODER, "coder"),
        named("b.md", &other, "other"),
    ];
    registry
        .import(&caller, files.clone(), false)
        .await
        .unwrap();
    // The second file takes the first one's name while it is still there.
    let renamed = format!("{other}more\n");
    let files = vec![named("b.md", &renamed, "coder"), file("c.md", "# New\n")];
    let done = registry
        .import(&caller, files.clone(), false)
        .await
        .unwrap();
    assert_eq!(done[0].action, Action::Failed);
    assert!(done[0].reason.as_ref().unwrap().contains("`coder`"));
    assert_eq!(done[1].action, Action::Created);
}

#[tokio::test]
async fn only_who_administers_puts_a_suspended_agent_to_work() {
    let (registry, _folder) = registry().await;
    let admin = Caller::local_operator();
    let mut worker = Caller::local_operator();
    worker.permissions = vec![Permission::Read, Permission::Write];
    let files = vec![file("coder.md", CODER), file("draft.md", "# Draft\n")];
    let done = registry.import(&admin, files.clone(), false).await.unwrap();
    let id = |at: usize| done[at].agent.as_ref().unwrap().agent_id.clone();
    assert!(
        registry
            .activate(&worker, &id(0))
            .await
            .unwrap()
            .last_active_at
            .is_some()
    );
    let refused = registry.activate(&worker, &id(1)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "a draft");
    let active = registry.activate(&admin, &id(1)).await.unwrap();
    assert_eq!(active.lifecycle, Lifecycle::Active);
    let coder = id(0);
    let suspended = registry.set_lifecycle(&admin, &coder, Lifecycle::Suspended);
    assert_eq!(suspended.await.unwrap().lifecycle, Lifecycle::Suspended);
    let refused = registry.activate(&worker, &id(0)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "suspended");
    registry
        .set_lifecycle(&admin, &id(0), Lifecycle::Retired)
        .await
        .unwrap();
    let refused = registry.activate(&admin, &id(0)).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "retired");
    let unknown = registry.activate(&admin, &Id::trusted("x")).await;
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "Agent with ID 'x' not found"
    );
}

#[tokio::test]
async fn a_hundred_metrics_at_once_are_all_counted() {
    let (registry, _folder) = registry().await;
    let caller = Caller::local_operator();
    let files = vec![file("coder.md", CODER)];
    let done = registry
        .import(&caller, files.clone(), false)
        .await
        .unwrap();
    let agent_id = done[0].agent.as_ref().unwrap().agent_id.clone();
    let tasks = (0..100).map(|number| {
        let (registry, caller, agent_id) = (registry.clone(), caller.clone(), agent_id.clone());
        tokio::spawn(async move {
            let new = NewMetric {
                agent_id,
                metric_type: "execution".into(),
                execution_time_ms: Some(f64::from(number)),
                success: Some(number % 2 == 0),
                tokens_used: Some(10),
                api_calls: None,
                cost_usd: Some(0.1),
                quality_score: Some(80.0),
                code_violations: None,
                tasks_completed: Some(1),
                tasks_failed: None,
                context: None,
            };
            registry.record(&caller, new).await.unwrap()
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let agent = registry.find(&caller, &agent_id).await.unwrap();
    assert_eq!(agent.budget.tokens_used_today, 1000);
    assert_eq!(agent.budget.cost_used_today.as_micros(), 10_000_000);
    assert_eq!(agent.performance.total_tasks_completed, 100);
    assert!((agent.performance.success_rate - 0.5).abs() < 1e-9);
    assert!((agent.performance.quality_score - 0.8).abs() < 1e-9);
    let sum = registry
        .aggregate(&caller, MetricFilter::default(), 1)
        .await
        .unwrap();
    assert_eq!((sum.count, sum.tokens_used), (100, 1000));
    assert!((sum.avg_execution_time_ms.unwrap() - 49.5).abs() < 1e-9);
    tokio::time::timeout(
        Duration::from_secs(5),
        registry.agent_summary(&caller, &agent_id),
    )
    .await
    .unwrap()
    .unwrap();
}

#[tokio::test]
async fn every_change_of_the_registry_is_in_the_audit_log_and_what_was_refused_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("civitas.db");
    let options = StoreOptions::Sqlite { path };
    let store = Store::open(&options, Arc::new(SystemClock)).await.unwrap();
    let registry = Registry::new(store.clone(), Arc::new(SystemEntropy));
    let caller = Caller::local_operator();
    let imported = registry
        .import(&caller, vec![file("coder.md", CODER)], false)
        .await
        .unwrap();
    let id = imported[0].agent.clone().unwrap().agent_id;
    let tagged = AgentPatch {
        tags: Some(vec!["night".into()]),
        ..AgentPatch::default()
    };
    registry.update(&caller, &id, tagged).await.unwrap();
    registry.activate(&caller, &id).await.unwrap();
    for to in [Lifecycle::Suspended, Lifecycle::Retired] {
        registry.set_lifecycle(&caller, &id, to).await.unwrap();
    }
    registry.activate(&caller, &id).await.unwrap_err();
    registry.delete(&caller, &id).await.unwrap();
    registry.delete(&caller, &id).await.unwrap_err();
    let entries = store.audit().page_after(&caller.tenant_id, 0, 99).await;
    let entries = entries.unwrap();
    let actions: Vec<&str> = entries
        .iter()
        .map(|stored| stored.entry.action.as_str())
        .collect();
    assert_eq!(
        actions,
        [
            "register_agent",
            "change_agent",
            "suspend_agent",
            "retire_agent",
            "remove_agent"
        ]
    );
    let changed = entries[1].body.as_ref().unwrap();
    assert!(changed.text.contains("night"), "{changed:?}");
}
