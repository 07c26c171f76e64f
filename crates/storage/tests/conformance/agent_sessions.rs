//! Agent sessions, unregistered names, halts and kept events.

use std::time::Duration;

use civitas_model::budget::{Amount, Reserve, Scope};
use civitas_model::{AgentSession, Halt, HaltScope, Money};
use civitas_storage::execution::Sweep;
use civitas_storage::{
    AgentSessionChange, AgentSessionFilter, BudgetChange, Change, HaltChange, HookEvent,
    KeepHookEvent, Refusal, Sighting,
};

use crate::agents::{agent, insert};
use crate::fixture::{Fixture, at, id, other_tenant, tenant};

fn session(session_id: &str) -> AgentSession {
    AgentSession {
        tenant_id: tenant(),
        session_id: session_id.into(),
        agent_id: Some(id("a")),
        agent_name: "ada".into(),
        client: "claude-code".into(),
        model: "m".into(),
        root: "/work".into(),
        permission_mode: "default".into(),
        reported_by: "token".into(),
        facts: vec!["read_secret".into()],
        revision: 1,
        calls: 0,
        denied: 0,
        first_seen_at: at(0),
        last_seen_at: at(0),
        ended_at: None,
    }
}

fn seen(session: AgentSession, read: Option<u64>) -> Sighting {
    Sighting {
        session,
        read,
        calls: 2,
        denied: 1,
    }
}

async fn found(t: &Fixture, session_id: &str) -> AgentSession {
    let sessions = t.store.agent_sessions();
    let found = sessions.find(&tenant(), session_id).await.unwrap();
    found.unwrap()
}

pub async fn a_session_changes_only_from_the_revision_that_was_read(t: Fixture) {
    t.commit(seen(session("s"), None)).await;
    let first = AgentSession {
        calls: 2,
        denied: 1,
        ..session("s")
    };
    assert_eq!(found(&t, "s").await, first);

    let changed = Refusal::Changed {
        what: "the agent session",
    };
    assert_eq!(t.refused(seen(session("s"), None)).await, changed);
    t.clock.advance(Duration::from_secs(1));
    let mut more = session("s");
    more.facts.push("used_privilege".into());
    more.revision = 2;
    more.ended_at = Some(at(7));
    t.commit(seen(more.clone(), Some(1))).await;
    assert_eq!(t.refused(seen(session("s"), Some(1))).await, changed);
    more.calls = 4;
    more.denied = 2;
    more.last_seen_at = at(1_000_000);
    assert_eq!(found(&t, "s").await, more);
}

pub async fn who_may_act_is_read_together_and_of_one_tenant(t: Fixture) {
    let nobody = t.store.agent_sessions();
    let nobody = nobody.acting(&tenant(), "s", [None, Some("ada")]).await;
    let nobody = nobody.unwrap();
    assert!(nobody.session.is_none() && nobody.pool.is_none());
    assert_eq!(nobody.agents, [None, None]);

    t.commit(insert(agent("ada"))).await;
    t.commit(insert(agent("bea"))).await;
    t.commit(seen(session("s"), None)).await;
    t.commit(BudgetChange::Reserve(Reserve {
        tenant_id: tenant(),
        reservation_id: "r".into(),
        pools: vec![Scope::Session("s".into())],
        amount: Amount {
            tokens: 7,
            cost: Money::from_micros(9),
        },
        lifetime: Duration::from_mins(1),
    }))
    .await;
    let sessions = t.store.agent_sessions();
    let names = [Some("bea"), None, Some("ada"), Some("nobody")];
    let acting = sessions.acting(&tenant(), "s", names).await.unwrap();
    assert_eq!(acting.session, Some(found(&t, "s").await));
    assert_eq!(acting.pool.unwrap().reserved.tokens, 7);
    let ids = acting.agents.map(|agent| agent.map(|agent| agent.agent_id));
    assert_eq!(ids, [Some(id("bea")), None, Some(id("ada")), None]);

    let others = sessions.acting(&other_tenant(), "s", names).await.unwrap();
    assert!(others.session.is_none() && others.pool.is_none());
    assert_eq!(others.agents, [None, None, None, None]);
}

pub async fn sessions_are_listed_newest_first_page_by_page(t: Fixture) {
    for (count, name) in ["x", "y", "z"].into_iter().enumerate() {
        let mut one = session(name);
        one.agent_id = (count > 0).then(|| id("a"));
        t.commit(seen(one, None)).await;
        t.clock.advance(Duration::from_secs(1));
    }
    let sessions = t.store.agent_sessions();
    let names = async |filter: AgentSessionFilter, limit| {
        let page = sessions.list(&tenant(), &filter, limit).await.unwrap();
        let names = page.iter().map(|one| one.session_id.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(AgentSessionFilter::default(), 2).await, ["z", "y"]);
    let after = AgentSessionFilter {
        after: Some((at(1_000_000), "y".into())),
        ..AgentSessionFilter::default()
    };
    assert_eq!(names(after, 9).await, ["x"]);
    let unregistered = AgentSessionFilter {
        is_unregistered: true,
        is_open: true,
        ..AgentSessionFilter::default()
    };
    assert_eq!(names(unregistered, 9).await, ["x"]);
    let of_agent = AgentSessionFilter {
        agent_id: Some(id("a")),
        ..AgentSessionFilter::default()
    };
    assert_eq!(names(of_agent, 9).await, ["z", "y"]);
}

fn see(name: &str) -> AgentSessionChange {
    AgentSessionChange::SeeUnregistered {
        tenant_id: tenant(),
        name: name.into(),
        session_id: "s".into(),
    }
}

pub async fn a_name_is_unregistered_until_an_agent_has_it(t: Fixture) {
    t.commit(see("a")).await;
    t.commit(see("b")).await;
    t.clock.advance(Duration::from_secs(1));
    t.commit(see("a")).await;
    let sessions = t.store.agent_sessions();
    let names = sessions.unregistered(&tenant(), "", 9).await.unwrap();
    assert_eq!(names.len(), 2);
    assert_eq!((names[0].name.as_str(), names[0].sightings), ("a", 2));
    assert_eq!(names[0].first_seen_at, at(0));
    assert_eq!(names[0].last_seen_at, at(1_000_000));
    let after = sessions.unregistered(&tenant(), "a", 9).await.unwrap();
    assert_eq!(after[0].name, "b");

    t.commit(insert(agent("a"))).await;
    let left = sessions.unregistered(&tenant(), "", 9).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].name, "b");
}

fn halt(halt_id: &str, scope: HaltScope) -> Halt {
    Halt {
        tenant_id: tenant(),
        halt_id: halt_id.into(),
        scope,
        reason: "it went wild".into(),
        set_by: "someone".into(),
        set_at: at(0),
        lifted_by: None,
        lifted_at: None,
    }
}

fn lift(halt_id: &str) -> HaltChange {
    HaltChange::Lift {
        tenant_id: tenant(),
        halt_id: halt_id.into(),
        by: "another".into(),
    }
}

pub async fn a_halt_is_in_force_until_it_is_lifted_once(t: Fixture) {
    for (halt_id, scope) in [
        ("1", HaltScope::All),
        ("2", HaltScope::Team("t".into())),
        ("3", HaltScope::Agent(id("a"))),
        ("4", HaltScope::Session("s".into())),
    ] {
        t.commit(HaltChange::Set(Box::new(halt(halt_id, scope))))
            .await;
    }
    let in_force = t.store.halts_in_force(&tenant()).await.unwrap();
    assert_eq!(in_force.len(), 4);
    assert_eq!(in_force[1], halt("2", HaltScope::Team("t".into())));
    t.commit(lift("2")).await;
    assert_eq!(t.store.halts_in_force(&tenant()).await.unwrap().len(), 3);
    let lifted = t.store.find_halt(&tenant(), "2").await.unwrap().unwrap();
    assert_eq!(lifted.lifted_by.as_deref(), Some("another"));
    let missing = Refusal::NotFound {
        what: "halt in force",
    };
    assert_eq!(t.refused(lift("2")).await, missing);
    let published = t.store.activity_after(&tenant(), 0, 9).await.unwrap();
    let kinds: Vec<&str> = published.iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["halted", "halted", "halted", "halted", "halt_lifted"]
    );
}

fn event(key: &str) -> KeepHookEvent {
    KeepHookEvent(Box::new(HookEvent {
        tenant_id: tenant(),
        session_id: "s".into(),
        event_key: key.into(),
        name: "Stop".into(),
        tool_use_id: None,
        raw: "{}".into(),
        created_at: at(0),
    }))
}

pub async fn an_event_is_kept_once_and_for_a_week(t: Fixture) {
    t.commit(event("1")).await;
    t.commit(event("2")).await;
    let known = Refusal::AlreadyExists { what: "this event" };
    assert_eq!(t.refused(event("1")).await, known);
    let page = t.store.hook_events(&tenant(), "s", (at(0), "1"), 9).await;
    assert_eq!(page.unwrap(), [*event("2").0]);
    let sweep = || {
        Change::Sweep(Sweep {
            unused_since: at(0),
            records_applied: 0,
        })
    };
    t.commit(sweep()).await;
    let all = async || {
        let page = t.store.hook_events(&tenant(), "s", (at(-1), ""), 9).await;
        page.unwrap().len()
    };
    assert_eq!(all().await, 2);
    t.clock.advance(Duration::from_hours(7 * 24 + 1));
    t.commit(sweep()).await;
    assert_eq!(all().await, 0);
}

pub async fn a_session_that_is_long_gone_is_forgotten(t: Fixture) {
    t.commit(seen(session("old"), None)).await;
    t.commit(see("b")).await;
    t.clock.advance(Duration::from_hours(91 * 24));
    t.commit(seen(session("new"), None)).await;
    t.commit(Change::Sweep(Sweep {
        unused_since: at(0),
        records_applied: 0,
    }))
    .await;
    let sessions = t.store.agent_sessions();
    let filter = AgentSessionFilter::default();
    let left = sessions.list(&tenant(), &filter, 9).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].session_id, "new");
    assert_eq!(sessions.unregistered(&tenant(), "", 9).await.unwrap(), []);
}

pub async fn another_tenants_sessions_stay_its_own(t: &Fixture) {
    let b = other_tenant();
    t.commit(seen(session("s"), None)).await;
    t.commit(see("x")).await;
    t.commit(HaltChange::Set(Box::new(halt("1", HaltScope::All))))
        .await;
    t.commit(event("1")).await;
    let before = found(t, "s").await;
    let sessions = t.store.agent_sessions();
    assert_eq!(sessions.find(&b, "s").await.unwrap(), None);
    let filter = AgentSessionFilter::default();
    assert_eq!(sessions.list(&b, &filter, 9).await.unwrap(), []);
    assert_eq!(sessions.unregistered(&b, "", 9).await.unwrap(), []);
    assert_eq!(t.store.halts_in_force(&b).await.unwrap(), []);
    assert_eq!(t.store.find_halt(&b, "1").await.unwrap(), None);
    let events = t.store.hook_events(&b, "s", (at(-1), ""), 9).await;
    assert_eq!(events.unwrap(), []);

    let mut stolen = session("s");
    stolen.tenant_id = b.clone();
    let changed = Refusal::Changed {
        what: "the agent session",
    };
    assert_eq!(t.refused(seen(stolen, Some(1))).await, changed);
    let missing = Refusal::NotFound {
        what: "halt in force",
    };
    let lift = HaltChange::Lift {
        tenant_id: b.clone(),
        halt_id: "1".into(),
        by: "someone".into(),
    };
    assert_eq!(t.refused(lift).await, missing);
    assert_eq!(found(t, "s").await, before);
    let names = sessions.unregistered(&tenant(), "", 9).await.unwrap();
    assert_eq!(names.len(), 1);
}
