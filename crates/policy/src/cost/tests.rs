//! Thresholds of money: what each calls for, once, and what stands above them.

use crate::path::{NoLinks, Place};
use crate::request::{Agent, Request, ToolCall};
use crate::set::PolicySet;
use crate::tables::{CostAction, DEFAULTS, Tables};
use crate::{
    APPROVAL_THRESHOLD, COST_APPROVED, COST_ESCALATION, COST_NOTIFIED, COST_STOPPED, Decision,
    Outcome,
};
use serde_json::json;
use std::sync::LazyLock;

static DEFAULT: LazyLock<PolicySet> = LazyLock::new(|| with("mode = \"enforce\""));

fn with(mode: &str) -> PolicySet {
    let tables = DEFAULTS.replace("mode = \"enforce\"", mode);
    PolicySet::compile(Tables::from_toml(&tables).unwrap(), &[]).unwrap()
}

/// A reading of `path` in a session that has cost so many micro-dollars; it is expected to cost 150 more.
fn reading(path: &str, micro_usd: u64, facts: &[&str]) -> Request {
    let call = ToolCall::new("Read", json!({ "file_path": path }));
    Request {
        agent: Some(Agent::new("ada", "developer")),
        session_micro_usd: micro_usd,
        facts: facts.iter().copied().collect(),
        ..Request::new(call, Place::at("/work"))
    }
}

fn decided(micro_usd: u64, facts: &[&str]) -> Decision {
    DEFAULT.decide(&reading("/work/src/a.rs", micro_usd, facts), &NoLinks)
}

fn rules(decision: &Decision) -> Vec<&str> {
    let policies = decision.policies.iter();
    let built_in = [COST_ESCALATION, APPROVAL_THRESHOLD];
    let ids = policies.map(|policy| policy.id.as_str());
    ids.filter(|id| built_in.contains(id)).collect()
}

#[test]
fn each_threshold_counts_with_the_call_that_reaches_it() {
    let usd = 1_000_000;
    for (before, outcome, due) in [
        (10 * usd - 151, Outcome::Allow, CostAction::None),
        (10 * usd - 150, Outcome::Allow, CostAction::Notify),
        (25 * usd - 151, Outcome::Allow, CostAction::Notify),
        (25 * usd - 150, Outcome::Ask, CostAction::PauseAndApprove),
        (50 * usd - 151, Outcome::Ask, CostAction::PauseAndApprove),
        (50 * usd - 150, Outcome::Deny, CostAction::Terminate),
        (u64::MAX, Outcome::Deny, CostAction::Terminate),
    ] {
        let decision = decided(before, &[]);
        assert_eq!(
            (decision.outcome, decision.cost.due),
            (outcome, due),
            "{before}"
        );
        assert_eq!(decision.stops_session(), due == CostAction::Terminate);
        assert_eq!(
            rules(&decision).is_empty(),
            outcome == Outcome::Allow,
            "{before}"
        );
        assert_eq!(
            decision.cost.with_call_micro_usd,
            before.saturating_add(150)
        );
    }
}

#[test]
fn a_threshold_is_acted_upon_once_in_a_session() {
    let usd = 1_000_000;
    for (before, facts, outcome, due) in [
        (12, &[COST_NOTIFIED][..], Outcome::Allow, CostAction::None),
        (
            30,
            &[COST_NOTIFIED],
            Outcome::Ask,
            CostAction::PauseAndApprove,
        ),
        (30, &[COST_APPROVED], Outcome::Allow, CostAction::None),
        (
            60,
            &[COST_NOTIFIED, COST_APPROVED],
            Outcome::Deny,
            CostAction::Terminate,
        ),
        (60, &[COST_STOPPED], Outcome::Allow, CostAction::None),
        (12, &[COST_APPROVED], Outcome::Allow, CostAction::None),
    ] {
        let decision = decided(before * usd, facts);
        assert_eq!(
            (decision.outcome, decision.cost.due),
            (outcome, due),
            "{before} {facts:?}"
        );
    }
    let asked = decided(30 * usd, &[]);
    assert_eq!(asked.gained, [COST_APPROVED]);
    assert_eq!(decided(12 * usd, &[]).gained, [COST_NOTIFIED]);
    assert_eq!(decided(60 * usd, &[]).gained, [COST_STOPPED]);
    assert!(asked.reason.contains("30.00 USD"), "{}", asked.reason);
}

#[test]
fn what_policy_denies_stays_denied_and_costs_nothing() {
    let denied = |usd: u64| {
        let request = reading("/work/.env", usd * 1_000_000, &[]);
        DEFAULT.decide(&request, &NoLinks)
    };
    let decision = denied(30);
    assert_eq!(decision.outcome, Outcome::Deny);
    assert!(!decision.stops_session());
    assert_eq!(decision.cost.with_call_micro_usd, 30_000_000);
    assert!(
        denied(50).stops_session(),
        "it has cost too much without this call"
    );
}

#[test]
fn a_call_at_the_threshold_of_its_agent_asks() {
    let with_threshold = |micro_usd: u64| {
        let mut request = reading("/work/src/a.rs", 0, &[]);
        request.agent.as_mut().unwrap().approval_threshold_micro_usd = Some(micro_usd);
        DEFAULT.decide(&request, &NoLinks)
    };
    assert_eq!(with_threshold(151).outcome, Outcome::Allow);
    let asked = with_threshold(150);
    assert_eq!(asked.outcome, Outcome::Ask);
    assert_eq!(rules(&asked), [APPROVAL_THRESHOLD]);
    assert!(asked.reason.contains("0.00015 USD"), "{}", asked.reason);
}

#[test]
fn where_policy_is_only_watched_nothing_is_held_and_people_are_told() {
    let watched = with("mode = \"shadow\"");
    for before in [30, 60] {
        let request = reading("/work/src/a.rs", before * 1_000_000, &[]);
        let decision = watched.decide(&request, &NoLinks);
        assert_eq!(decision.outcome, Outcome::Allow);
        assert!(decision.shadow.is_some());
        assert_eq!(decision.cost.due, CostAction::Notify);
        assert_eq!(decision.gained, [COST_NOTIFIED]);
    }
}
