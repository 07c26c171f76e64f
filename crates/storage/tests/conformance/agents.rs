//! Agents, their metrics, and the stream of what they do.

use std::time::Duration;

use civitas_model::agent::{
    AgentBudget, AgentMetadata, Lifecycle, Performance, Rbac, Role, SourceFile, midnight,
};
use civitas_model::{Agent, Metric, Money};
use civitas_storage::execution::Sweep;
use civitas_storage::{
    AgentChange, AgentFilter, Change, Changeset, MetricFilter, RecordMetric, Refusal,
};
use serde_json::json;

use crate::fixture::{Fixture, at, id, other_tenant, refusal, tenant};

/// An agent whose id is its name.
pub fn agent(name: &str) -> Agent {
    Agent {
        agent_id: id(name),
        tenant_id: tenant(),
        name: name.into(),
        role: Role::Developer,
        role_confidence: 0.85,
        role_reasoning: "it codes".into(),
        capabilities: vec!["coding".into()],
        rbac: Rbac {
            allowed_tools: vec!["Read".into()],
            denied_tools: vec!["Bash".into()],
            path_scopes: vec!["src/**".into()],
            api_access: vec!["github".into()],
            requires_approval: true,
            approval_threshold: Money::from_micros(10_000_000),
        },
        budget: AgentBudget {
            max_tokens_per_session: 200_000,
            max_cost_per_day: Money::from_micros(30_000_000),
            currency: "USD".into(),
            tokens_used_today: 0,
            cost_used_today: Money::default(),
            last_reset: midnight(at(0)),
        },
        metadata: AgentMetadata {
            category: "foundry".into(),
            specialist: false,
            version: "1.0.0".into(),
            tags: vec!["t".into()],
        },
        performance: Performance::default(),
        lifecycle: Lifecycle::Active,
        owner: "someone".into(),
        revision: 1,
        is_synthesised: false,
        source: Some(SourceFile {
            path: "foundry/x.md".into(),
            fingerprint: "abc".into(),
        }),
        created_at: at(0),
        updated_at: at(0),
        last_active_at: None,
    }
}

pub fn insert(agent: Agent) -> AgentChange {
    AgentChange::Insert {
        agent: Box::new(agent),
        source_text: Some("text".into()),
    }
}

pub fn update(agent: Agent) -> AgentChange {
    AgentChange::Update {
        agent: Box::new(agent),
        source_text: None,
    }
}

fn activate(name: &str, from: Lifecycle) -> AgentChange {
    AgentChange::Activate {
        tenant_id: tenant(),
        agent_id: id(name),
        from,
    }
}

pub fn metric(name: &str, of: &str) -> Metric {
    Metric {
        metric_id: id(name),
        tenant_id: tenant(),
        agent_id: id(of),
        metric_type: "execution".into(),
        execution_time_ms: Some(12.5),
        success: Some(true),
        tokens_used: Some(1000),
        api_calls: Some(2),
        cost: Some(Money::from_micros(250_000)),
        quality_score: Some(0.5),
        code_violations: Some(3),
        tasks_completed: Some(1),
        tasks_failed: Some(1),
        context: Some(json!({ "why": "ä" })),
        recorded_at: at(0),
    }
}

/// One that says only that something failed.
fn bare(name: &str, of: &str) -> Metric {
    Metric {
        execution_time_ms: None,
        success: Some(false),
        tokens_used: None,
        api_calls: None,
        cost: None,
        quality_score: None,
        code_violations: None,
        tasks_completed: None,
        tasks_failed: None,
        context: None,
        ..metric(name, of)
    }
}

pub fn record(metric: Metric) -> RecordMetric {
    RecordMetric(Box::new(metric))
}

pub async fn found(t: &Fixture, name: &str) -> Agent {
    let found = t.store.agents().find(&tenant(), &id(name)).await;
    found.unwrap().unwrap()
}

pub async fn an_agent_is_registered_once_and_found(t: Fixture) {
    t.commit(insert(agent("a"))).await;
    assert_eq!(found(&t, "a").await, agent("a"));
    let agents = t.store.agents();
    let by_name = agents.find_by_name(&tenant(), "a").await.unwrap();
    assert_eq!(by_name, Some(agent("a")));
    assert_eq!(agents.find(&tenant(), &id("b")).await.unwrap(), None);
    let source = agents.source(&tenant(), &id("a")).await.unwrap();
    assert_eq!(source.unwrap().1, "text");
    let same_name = Agent {
        agent_id: id("b"),
        ..agent("a")
    };
    let what = "an agent with this name";
    let taken = Refusal::AlreadyExists { what };
    assert_eq!(t.refused(insert(same_name)).await, taken);
    let same_id = Agent {
        agent_id: id("a"),
        ..agent("b")
    };
    let what = "an agent with this id";
    let taken = Refusal::AlreadyExists { what };
    assert_eq!(t.refused(insert(same_id)).await, taken);
}

pub async fn an_update_follows_the_revision_that_was_read(t: Fixture) {
    t.commit(insert(agent("a"))).await;
    t.commit(insert(agent("b"))).await;
    t.clock.advance(Duration::from_secs(1));
    let mut changed = agent("a");
    changed.role = Role::Tester;
    changed.name = "renamed".into();
    changed.source = None;
    t.commit(update(changed.clone())).await;
    let seen = found(&t, "a").await;
    assert_eq!((seen.role, seen.revision), (Role::Tester, 2));
    assert_eq!(seen.updated_at, at(1_000_000));
    assert_eq!(seen.source, agent("a").source, "it keeps its source");
    let late = t.refused(update(changed)).await;
    assert_eq!(late, Refusal::Changed { what: "the agent" });
    let taken = Agent {
        name: "renamed".into(),
        ..agent("b")
    };
    let taken = t.refused(update(taken)).await;
    assert!(matches!(taken, Refusal::AlreadyExists { .. }), "{taken:?}");
    let delete = || AgentChange::Delete {
        tenant_id: tenant(),
        agent_id: id("b"),
    };
    t.commit(delete()).await;
    let missing = Refusal::NotFound { what: "agent" };
    assert_eq!(t.refused(delete()).await, missing);
    assert_eq!(t.refused(update(agent("b"))).await, missing);
    assert_eq!(t.refused(record(metric("m", "b"))).await, missing);
}

pub async fn agents_are_listed_filtered_and_counted(t: Fixture) {
    let mut b = agent("b");
    b.role = Role::Tester;
    b.metadata.category = "quality".into();
    b.metadata.specialist = true;
    let mut c = agent("c");
    c.lifecycle = Lifecycle::Draft;
    for one in [c, agent("a"), b] {
        t.commit(insert(one)).await;
    }
    let names = async |filter: AgentFilter, limit, offset| -> Vec<String> {
        let agents = t.store.agents();
        let list = agents.list(&tenant(), &filter, limit, offset).await;
        list.unwrap().into_iter().map(|agent| agent.name).collect()
    };
    let all = AgentFilter::default();
    assert_eq!(names(all.clone(), 9, 0).await, ["a", "b", "c"]);
    assert_eq!(names(all, 1, 1).await, ["b"]);
    let testers = AgentFilter {
        role: Some(Role::Tester),
        category: Some("quality".into()),
        specialist: Some(true),
        lifecycle: Some(Lifecycle::Active),
    };
    assert_eq!(names(testers, 9, 0).await, ["b"]);
    let drafts = AgentFilter {
        lifecycle: Some(Lifecycle::Draft),
        ..AgentFilter::default()
    };
    assert_eq!(names(drafts, 9, 0).await, ["c"]);
    let stats = t.store.agents().stats(&tenant()).await.unwrap();
    let total: u64 = stats.iter().map(|one| one.count).sum();
    assert_eq!((stats.len(), total), (2, 3));
}

pub async fn an_agent_moves_through_its_life(t: Fixture) {
    let mut draft = agent("a");
    draft.lifecycle = Lifecycle::Draft;
    t.commit(insert(draft)).await;
    let refused = t.refused(activate("a", Lifecycle::Active)).await;
    assert!(matches!(refused, Refusal::Changed { .. }), "{refused:?}");
    t.clock.advance(Duration::from_secs(1));
    t.commit(activate("a", Lifecycle::Draft)).await;
    let seen = found(&t, "a").await;
    assert_eq!((seen.lifecycle, seen.revision), (Lifecycle::Active, 2));
    assert_eq!(seen.last_active_at, Some(at(1_000_000)));
    t.commit(activate("a", Lifecycle::Active)).await;
    assert_eq!(found(&t, "a").await.revision, 2);
    let set = |to| AgentChange::SetLifecycle {
        tenant_id: tenant(),
        agent_id: id("a"),
        to,
    };
    t.commit(set(Lifecycle::Suspended)).await;
    let refused = t.refused(activate("a", Lifecycle::Active)).await;
    assert!(matches!(refused, Refusal::Changed { .. }), "{refused:?}");
    t.commit(set(Lifecycle::Retired)).await;
    let refused = t.refused(activate("a", Lifecycle::Retired)).await;
    assert!(matches!(refused, Refusal::Changed { .. }), "{refused:?}");
    assert_eq!(found(&t, "a").await.revision, 4);
    let activity = t.store.activity_after(&tenant(), 0, 9).await.unwrap();
    assert_eq!(activity.len(), 2);
    assert_eq!(activity[0].kind, "agent_activated");
    assert_eq!(activity[0].data["agent_name"], "a");
}

pub async fn a_metric_moves_its_agent_and_is_published_with_it(t: Fixture) {
    t.commit(insert(agent("a"))).await;
    t.clock.advance(Duration::from_secs(1));
    t.commit(record(metric("m1", "a"))).await;
    // Two of one agent in one changeset.
    let two = Changeset::new()
        .with(record(metric("m2", "a")))
        .with(record(bare("m3", "a")));
    t.store.commit(two).await.unwrap();
    let seen = found(&t, "a").await;
    assert_eq!(seen.budget.tokens_used_today, 2000);
    assert_eq!(seen.budget.cost_used_today, Money::from_micros(500_000));
    assert_eq!(seen.last_active_at, Some(at(1_000_000)));
    assert_eq!(seen.revision, 1, "its definition is the same");
    let performance = &seen.performance;
    assert!((performance.success_rate - 2.0 / 3.0).abs() < 1e-9);
    assert_eq!(performance.total_tasks_completed, 2);
    let activity = t.store.activity_after(&tenant(), 0, 9).await.unwrap();
    let kinds: Vec<&str> = activity.iter().map(|one| one.kind.as_str()).collect();
    let (recorded, updated) = ("metric_recorded", "budget_updated");
    assert_eq!(kinds, [recorded, updated, recorded, updated, recorded]);
    assert_eq!(activity[3].data["cost_used_today"], 0.5);
    assert_eq!(activity[0].data["cost_usd"], 0.25);
    assert_eq!(t.store.last_activity().await.unwrap(), 5);
    // The next day counts from nothing.
    t.clock.advance(Duration::from_hours(24));
    t.commit(record(metric("m4", "a"))).await;
    let next = found(&t, "a").await.budget;
    assert_eq!(next.tokens_used_today, 1000);
    assert_eq!(next.last_reset, midnight(t.store.clock().now()));
    // What is refused leaves nothing behind.
    let refused = Changeset::new()
        .with(record(metric("m5", "a")))
        .with(record(metric("m6", "nobody")));
    let refused = refusal(t.store.commit(refused).await);
    assert_eq!(refused, Refusal::NotFound { what: "agent" });
    assert_eq!(found(&t, "a").await.budget, next);
    assert_eq!(t.store.last_activity().await.unwrap(), 7);
}

pub async fn metrics_are_listed_and_added_up(t: Fixture) {
    t.commit(insert(agent("a"))).await;
    t.commit(insert(agent("b"))).await;
    let metrics = t.store.metrics();
    let a = tenant();
    let nothing = metrics.summary(&a, &MetricFilter::default()).await;
    assert_eq!(nothing.unwrap(), civitas_storage::MetricSummary::default());
    t.commit(record(metric("m1", "a"))).await;
    t.clock.advance(Duration::from_secs(1));
    t.commit(record(bare("m2", "a"))).await;
    t.clock.advance(Duration::from_secs(1));
    let mut third = metric("m3", "b");
    third.metric_type = "cost".into();
    t.commit(record(third)).await;
    let of = |agent: Option<&str>, kind: Option<&str>, from, to| MetricFilter {
        agent_id: agent.map(id),
        metric_type: kind.map(str::to_owned),
        from,
        to,
    };
    let names = async |filter, limit, offset| -> Vec<String> {
        let metrics = t.store.metrics();
        let list = metrics.list(&tenant(), &filter, limit, offset).await;
        let names = list.unwrap().into_iter();
        names.map(|metric| metric.metric_id.to_string()).collect()
    };
    assert_eq!(
        names(of(None, None, None, None), 9, 0).await,
        ["m3", "m2", "m1"]
    );
    assert_eq!(names(of(None, None, None, None), 1, 1).await, ["m2"]);
    assert_eq!(
        names(of(Some("a"), None, None, None), 9, 0).await,
        ["m2", "m1"]
    );
    assert_eq!(
        names(of(None, Some("cost"), None, None), 9, 0).await,
        ["m3"]
    );
    let second = Some(at(1_000_000));
    assert_eq!(names(of(None, None, second, second), 9, 0).await, ["m2"]);
    let early = of(None, None, None, Some(at(0)));
    let first = metrics.list(&a, &early, 9, 0).await;
    assert_eq!(first.unwrap(), [metric("m1", "a")]);
    let of_a = of(Some("a"), None, None, None);
    let sum = metrics.summary(&a, &of_a).await.unwrap();
    assert_eq!((sum.count, sum.qualities), (2, 1));
    assert_eq!(
        (sum.success_rate, sum.avg_execution_time_ms),
        (Some(0.5), Some(12.5))
    );
    assert_eq!(
        (sum.tokens_used, sum.cost),
        (1000, Money::from_micros(250_000))
    );
    assert_eq!(
        (sum.code_violations, sum.tasks_failed, sum.api_calls),
        (3, 1, 2)
    );
}

pub async fn old_metrics_and_activity_are_swept(t: Fixture) {
    t.commit(insert(agent("a"))).await;
    t.commit(record(metric("m1", "a"))).await;
    t.clock.advance(Duration::from_hours(8 * 24));
    t.commit(record(metric("m2", "a"))).await;
    let sweep = || {
        Change::Sweep(Sweep {
            unused_since: at(0),
            records_applied: 0,
        })
    };
    t.commit(sweep()).await;
    let activity = t.store.activity_after(&tenant(), 0, 9).await.unwrap();
    let left: Vec<u64> = activity.iter().map(|one| one.seq).collect();
    assert_eq!(left, [3, 4]);
    let count = async || {
        let metrics = t.store.metrics();
        let sum = metrics.summary(&tenant(), &MetricFilter::default()).await;
        sum.unwrap().count
    };
    assert_eq!(count().await, 2);
    t.clock.advance(Duration::from_hours(796 * 24));
    t.commit(sweep()).await;
    assert_eq!(count().await, 1);
}

pub async fn another_tenants_agents_stay_its_own(t: &Fixture) {
    let b = other_tenant();
    t.commit(insert(agent("a"))).await;
    t.commit(record(metric("m", "a"))).await;
    let before = found(t, "a").await;
    let agents = t.store.agents();
    assert_eq!(agents.find(&b, &id("a")).await.unwrap(), None);
    assert_eq!(agents.find_by_name(&b, "a").await.unwrap(), None);
    assert_eq!(agents.source(&b, &id("a")).await.unwrap(), None);
    assert_eq!(agents.stats(&b).await.unwrap(), []);
    let filter = AgentFilter::default();
    assert_eq!(agents.list(&b, &filter, 9, 0).await.unwrap(), []);
    let metrics = t.store.metrics();
    let filter = MetricFilter::default();
    assert_eq!(metrics.list(&b, &filter, 9, 0).await.unwrap(), []);
    assert_eq!(metrics.summary(&b, &filter).await.unwrap().count, 0);
    assert_eq!(t.store.activity_after(&b, 0, 9).await.unwrap(), []);
    let missing = Refusal::NotFound { what: "agent" };
    let (tenant_id, agent_id) = (b.clone(), id("a"));
    let mut stolen = agent("a");
    stolen.tenant_id = b.clone();
    let mut foreign = metric("m2", "a");
    foreign.tenant_id = b.clone();
    for change in [
        Change::from(update(stolen.clone())),
        Change::from(record(foreign)),
        Change::from(AgentChange::Delete {
            tenant_id: tenant_id.clone(),
            agent_id: agent_id.clone(),
        }),
        Change::from(AgentChange::Activate {
            tenant_id: tenant_id.clone(),
            agent_id: agent_id.clone(),
            from: Lifecycle::Active,
        }),
        Change::from(AgentChange::SetLifecycle {
            tenant_id,
            agent_id,
            to: Lifecycle::Retired,
        }),
    ] {
        assert_eq!(t.refused(change).await, missing);
    }
    // Ids and names are free in each tenant.
    t.commit(insert(stolen)).await;
    assert_eq!(found(t, "a").await, before);
}
