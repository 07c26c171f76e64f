//! Versions of policies, which one is active, and recorded decisions.

use std::time::Duration;

use civitas_storage::{
    Change, Changeset, DECISION_BYTES_MAX, Decision, DecisionChange, DecisionCursor,
    DecisionFilter, Notice, POLICY_BYTES_MAX, POLICY_VERSIONS_KEPT, PolicyChange, PolicyHead,
    PolicyText, PolicyVersion, Refusal,
};
use serde_json::{Value, json};

use crate::fixture::{Fixture, at, id, other_tenant, tenant};

fn version(number: u64, based_on: u64) -> PolicyVersion {
    let text = |name: &str, text: &str| PolicyText {
        name: name.into(),
        text: text.into(),
    };
    PolicyVersion {
        tenant_id: tenant(),
        number,
        tables: "# ä\nno_agent = \"allow\"\n".into(),
        sources: vec![text("a.cedar", "permit;\u{1F600}")],
        tests: vec![text("a.test.toml", "[[test]]")],
        fingerprint: format!("f{number}"),
        note: "because".into(),
        based_on,
        created_by: "ada".into(),
        created_at: at(0),
    }
}

fn save(version: PolicyVersion) -> PolicyChange {
    PolicyChange::Save(Box::new(version))
}

fn activate(number: u64, expected: Option<u64>) -> PolicyChange {
    PolicyChange::Activate {
        tenant_id: tenant(),
        number,
        fingerprint: format!("f{number}"),
        expected,
        note: "now".into(),
        by: "grace".into(),
    }
}

const CHANGED: Refusal = Refusal::Changed {
    what: "the tenant's policies",
};

pub async fn a_version_is_saved_from_the_one_before_it(t: Fixture) {
    let policies = t.store.policies();
    assert_eq!(
        policies.head(&tenant()).await.unwrap(),
        PolicyHead::default()
    );
    t.commit(save(version(1, 0))).await;
    let found = policies.find(&tenant(), 1).await.unwrap();
    assert_eq!(found, Some(version(1, 0)));
    assert_eq!(t.refused(save(version(1, 0))).await, CHANGED);
    assert_eq!(t.refused(save(version(2, 0))).await, CHANGED);
    assert_eq!(t.refused(save(version(3, 1))).await, CHANGED);
    t.commit(save(version(2, 1))).await;
    // Who goes back to an older one goes on from there.
    t.commit(activate(1, None)).await;
    assert_eq!(t.refused(save(version(3, 2))).await, CHANGED);
    t.commit(save(version(3, 1))).await;
    let listed = policies.list(&tenant(), None, 2).await.unwrap();
    let numbers: Vec<u64> = listed.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [3, 2]);
    let rest = policies.list(&tenant(), Some(2), 9).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!((rest[0].note.as_str(), rest[0].based_on), ("because", 0));
    let head = PolicyHead {
        newest: 3,
        active: 1,
        base: 3,
        activations: 1,
    };
    assert_eq!(policies.head(&tenant()).await.unwrap(), head);
}

pub async fn of_many_who_save_at_once_one_does(t: Fixture) {
    let mut saving = Vec::new();
    for _ in 0..50 {
        let store = t.store.clone();
        saving.push(tokio::spawn(async move {
            let change = Changeset::new().with(save(version(1, 0)));
            store.commit(change).await.is_ok()
        }));
    }
    let mut saved = 0;
    for one in saving {
        saved += usize::from(one.await.unwrap());
    }
    assert_eq!(saved, 1);
}

pub async fn an_activation_is_noted_published_and_remembered(t: Fixture) {
    let missing = Refusal::NotFound {
        what: "version of the policies",
    };
    assert_eq!(t.refused(activate(1, None)).await, missing);
    t.commit(save(version(1, 0))).await;
    let policies = t.store.policies();
    assert_eq!(policies.active(&tenant()).await.unwrap(), None);
    assert_eq!(t.refused(activate(1, Some(7))).await, CHANGED);
    let mut notices = t.store.subscribe();
    t.commit(activate(1, Some(0))).await;
    let said = notices.try_next().unwrap().unwrap();
    let noted = Notice::Policy {
        tenant_id: tenant(),
    };
    assert!(said.contains(&noted), "{said:?}");
    assert!(notices.try_next().is_none());
    let active = policies.active(&tenant()).await.unwrap();
    assert_eq!(active, Some(version(1, 0)));
    let activity = t.store.activity_after(&tenant(), 0, 9).await.unwrap();
    assert_eq!(activity[0].kind, "policy_activated");
    let data = json!({
        "version": 1, "previous": 0, "fingerprint": "f1", "note": "now", "activated_by": "grace",
    });
    assert_eq!(activity[0].data, data);
    // Back to what everyone starts with.
    t.commit(activate(0, None)).await;
    assert_eq!(policies.active(&tenant()).await.unwrap(), None);
    let history = policies.activations(&tenant(), 9).await.unwrap();
    let steps: Vec<(u64, u64, u64)> = history
        .iter()
        .map(|one| (one.seq, one.previous, one.number))
        .collect();
    assert_eq!(steps, [(2, 1, 0), (1, 0, 1)]);
    assert_eq!(history[0].activated_by, "grace");
}

pub async fn old_versions_go_and_the_active_one_stays(t: Fixture) {
    t.commit(save(version(1, 0))).await;
    t.commit(activate(1, None)).await;
    let last = POLICY_VERSIONS_KEPT + 3;
    let mut changes = Changeset::new();
    for number in 2..=last {
        changes = changes.with(save(version(number, number - 1)));
    }
    t.store.commit(changes).await.unwrap();
    let policies = t.store.policies();
    let listed = policies.list(&tenant(), None, 1000).await.unwrap();
    let numbers: Vec<u64> = listed.iter().map(|version| version.number).collect();
    let mut kept: Vec<u64> = (4..=last).rev().collect();
    kept.push(1);
    assert_eq!(numbers, kept);
}

pub async fn texts_have_a_limit(t: Fixture) {
    let mut large = version(1, 0);
    large.tables = "x".repeat(POLICY_BYTES_MAX);
    let refused = t.refused(save(large)).await;
    assert!(matches!(refused, Refusal::TooLarge { .. }), "{refused}");
    for request in [
        json!({ "text": "x".repeat(DECISION_BYTES_MAX) }),
        Value::Null,
    ] {
        let mut large = decision("d", "u");
        if request.is_null() {
            large.tool_name = "x".repeat(2000);
        } else {
            large.request = request;
        }
        let refused = t.refused(DecisionChange::Record(Box::new(large))).await;
        assert!(matches!(refused, Refusal::TooLarge { .. }), "{refused}");
    }
}

fn decision(decision_id: &str, tool_use_id: &str) -> Decision {
    Decision {
        tenant_id: tenant(),
        decision_id: decision_id.into(),
        session_id: "s".into(),
        tool_use_id: tool_use_id.into(),
        event: "PreToolUse".into(),
        agent_id: Some(id("a")),
        agent_name: "ada".into(),
        tool_name: "Bash".into(),
        outcome: "ask".into(),
        reason: "Needs approval: ä.".into(),
        request: json!({ "call": { "tool_name": "Bash", "tool_input": { "command": "ls" } } }),
        answer: Value::Null,
        fingerprint: "f".into(),
        approval_id: None,
        reservation_id: None,
        shadow: Some("deny".into()),
        at: at(0),
    }
}

fn record(decision: Decision) -> DecisionChange {
    DecisionChange::Record(Box::new(decision))
}

pub async fn a_decision_is_recorded_once_and_found(t: Fixture) {
    t.commit(record(decision("d1", "u"))).await;
    let recorded = Refusal::AlreadyExists {
        what: "a decision on this event of the tool use",
    };
    assert_eq!(t.refused(record(decision("d2", "u"))).await, recorded);
    let mut after = decision("d2", "u");
    after.event = "PostToolUse".into();
    t.commit(record(after)).await;
    let decisions = t.store.decisions();
    let found = decisions
        .find(&tenant(), "s", "u", "PreToolUse")
        .await
        .unwrap();
    assert_eq!(found, Some(decision("d1", "u")));
    let same = decisions.find_by_id(&tenant(), "d1").await.unwrap();
    assert_eq!(same, found);
    let none = decisions.find(&tenant(), "s", "u2", "PreToolUse").await;
    assert_eq!(none.unwrap(), None);
}

pub async fn a_held_decision_is_answered_once(t: Fixture) {
    let answer = |decision_id: &str| DecisionChange::Answer {
        tenant_id: tenant(),
        decision_id: decision_id.into(),
        answer: json!({ "outcome": "allow" }),
        approval_id: Some("p".into()),
        reservation_id: None,
    };
    let missing = Refusal::NotFound { what: "decision" };
    assert_eq!(t.refused(answer("d1")).await, missing);
    let mut held = decision("d1", "u");
    held.reservation_id = Some("r".into());
    t.commit(record(held)).await;
    t.commit(answer("d1")).await;
    let answered = Refusal::AlreadyExists {
        what: "an answer to this decision",
    };
    assert_eq!(t.refused(answer("d1")).await, answered);
    let found = t.store.decisions().find_by_id(&tenant(), "d1").await;
    let found = found.unwrap().unwrap();
    assert_eq!(found.answer["outcome"], "allow");
    assert_eq!(found.approval_id.as_deref(), Some("p"));
    assert_eq!(found.reservation_id.as_deref(), Some("r"));
    assert_eq!(found.outcome, "ask", "what policy said stays");
}

/// Ten decisions, two in each microsecond.
async fn ten(t: &Fixture) {
    for number in 0..10 {
        let mut one = decision(&format!("d{number}"), &format!("u{number}"));
        if number % 2 == 1 {
            one.agent_id = None;
            one.agent_name = "someone".into();
            one.outcome = "allow".into();
            one.session_id = "s2".into();
        }
        t.commit(record(one)).await;
        t.clock.advance(Duration::from_micros(number % 2));
    }
}

pub async fn decisions_are_paged_from_both_ends(t: Fixture) {
    ten(&t).await;
    let decisions = t.store.decisions();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let filter = DecisionFilter::default();
        let page = decisions
            .list(&tenant(), &filter, cursor.as_ref(), 3)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        cursor = Some(DecisionCursor::of(last));
        seen.extend(page.into_iter().map(|decision| decision.decision_id));
    }
    assert_eq!(
        seen,
        ["d9", "d8", "d7", "d6", "d5", "d4", "d3", "d2", "d1", "d0"]
    );
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = decisions
            .since(&tenant(), at(1), cursor.as_ref(), 3)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        cursor = Some(DecisionCursor::of(last));
        seen.extend(page.into_iter().map(|decision| decision.decision_id));
    }
    assert_eq!(seen, ["d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9"]);
}

pub async fn decisions_are_filtered_by_every_fact(t: Fixture) {
    type Set = fn(&mut DecisionFilter);
    ten(&t).await;
    let cases: [(Set, usize); 9] = [
        (|filter| filter.agent_id = Some(id("a")), 5),
        (|filter| filter.agent_name = Some("someone".into()), 5),
        (|filter| filter.session_id = Some("s2".into()), 5),
        (|filter| filter.tool_use_id = Some("u3".into()), 1),
        (|filter| filter.tool_name = Some("Read".into()), 0),
        (|filter| filter.outcome = Some("allow".into()), 5),
        (|filter| filter.fingerprint = Some("f".into()), 10),
        (|filter| filter.since = Some(at(4)), 2),
        (|filter| filter.until = Some(at(4)), 8),
    ];
    let decisions = t.store.decisions();
    for (set, count) in cases {
        let mut filter = DecisionFilter::default();
        set(&mut filter);
        let found = decisions.list(&tenant(), &filter, None, 99).await.unwrap();
        assert_eq!(found.len(), count, "{filter:?}");
    }
}

pub async fn old_decisions_are_forgotten_a_piece_at_a_time(t: Fixture) {
    ten(&t).await;
    let mut foreign = decision("x", "x");
    foreign.tenant_id = other_tenant();
    t.commit(record(foreign)).await;
    let decisions = t.store.decisions();
    let old = async |before| {
        decisions
            .tenants_with_decisions_before(before, 9)
            .await
            .unwrap()
    };
    assert_eq!(old(at(0)).await, []);
    assert_eq!(old(at(1)).await, [tenant()]);
    assert_eq!(old(at(9)).await, [tenant(), other_tenant()]);
    let forget = |before| DecisionChange::Forget {
        tenant_id: tenant(),
        before,
    };
    t.commit(forget(at(4))).await;
    assert_eq!(old(at(4)).await, []);
    let left = decisions.since(&tenant(), at(0), None, 99).await.unwrap();
    assert_eq!(left.len(), 2);
    let theirs = decisions.find_by_id(&other_tenant(), "x").await.unwrap();
    assert!(theirs.is_some());
}

pub async fn another_tenants_policies_stay_its_own(t: &Fixture) {
    let b = other_tenant();
    t.commit(save(version(1, 0))).await;
    t.commit(activate(1, None)).await;
    let policies = t.store.policies();
    assert_eq!(policies.active(&b).await.unwrap(), None);
    assert_eq!(policies.find(&b, 1).await.unwrap(), None);
    assert_eq!(policies.head(&b).await.unwrap(), PolicyHead::default());
    assert_eq!(policies.list(&b, None, 9).await.unwrap(), []);
    assert_eq!(policies.activations(&b, 9).await.unwrap(), []);
    let before = policies.head(&tenant()).await.unwrap();
    let foreign = PolicyChange::Activate {
        tenant_id: b.clone(),
        number: 1,
        fingerprint: "f1".into(),
        expected: None,
        note: String::new(),
        by: "b".into(),
    };
    let missing = Refusal::NotFound {
        what: "version of the policies",
    };
    assert_eq!(t.refused(foreign).await, missing);
    let mut theirs = version(1, 0);
    theirs.tenant_id = b;
    t.commit(save(theirs)).await;
    assert_eq!(policies.head(&tenant()).await.unwrap(), before);
}

pub async fn another_tenants_decisions_stay_its_own(t: &Fixture) {
    let b = other_tenant();
    t.commit(record(decision("d", "u"))).await;
    let decisions = t.store.decisions();
    let found = decisions.find(&b, "s", "u", "PreToolUse").await.unwrap();
    assert_eq!(found, None);
    assert_eq!(decisions.find_by_id(&b, "d").await.unwrap(), None);
    let filter = DecisionFilter::default();
    assert_eq!(decisions.list(&b, &filter, None, 9).await.unwrap(), []);
    assert_eq!(decisions.since(&b, at(0), None, 9).await.unwrap(), []);
    let answer = DecisionChange::Answer {
        tenant_id: b.clone(),
        decision_id: "d".into(),
        answer: json!({}),
        approval_id: None,
        reservation_id: None,
    };
    let missing = Refusal::NotFound { what: "decision" };
    assert_eq!(t.refused(answer).await, missing);
    t.commit(Change::from(DecisionChange::Forget {
        tenant_id: b.clone(),
        before: at(99),
    }))
    .await;
    // Ids and tool uses are free in each tenant.
    let mut theirs = decision("d", "u");
    theirs.tenant_id = b;
    t.commit(record(theirs)).await;
    let mine = decisions.find_by_id(&tenant(), "d").await.unwrap();
    assert_eq!(mine, Some(decision("d", "u")));
}
