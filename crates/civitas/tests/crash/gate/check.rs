//! The comparison of what agents and people were told with what is there.

use std::collections::HashMap;

use super::evidence::{Evidence, Said};
use super::facts::{Amount, Decision, Entry, Facts, Pool};
use super::setting::TEAM;

/// A broken promise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Finding {
    /// A call was answered, and no decision is there.
    Lost { tool_use_id: String },
    /// One call was decided several times.
    Twice { tool_use_id: String },
    /// The same call was answered differently.
    Contradicted {
        tool_use_id: String,
        before: Said,
        now: Said,
    },
    /// The decision is not what was answered.
    Unlike { tool_use_id: String, said: Said },
    /// Nobody waits for it any more, and it has no answer.
    Pending { tool_use_id: String },
    /// Somebody was refused for no reason of their own.
    Refused(String),
    /// An approval does not hold, or lets through more or less than one call.
    Approval { approval_id: String, what: String },
    /// A budget does not hold what decisions took out of it.
    Pool { scope: String, what: String },
    /// The audit log does not say exactly what happened to a call.
    Entries { tool_use_id: String, what: String },
    /// The audit log does not verify.
    Audit(String),
}

impl Finding {
    /// What it means that a call has so many decisions.
    pub(super) fn of_count(tool_use_id: &str, count: usize) -> Option<Self> {
        let tool_use_id = tool_use_id.to_owned();
        match count {
            0 => Some(Self::Lost { tool_use_id }),
            1 => None,
            _ => Some(Self::Twice { tool_use_id }),
        }
    }

    fn approval(approval_id: &str, what: String) -> Self {
        let approval_id = approval_id.to_owned();
        Self::Approval { approval_id, what }
    }

    fn pool(scope: &str, what: String) -> Self {
        let scope = scope.to_owned();
        Self::Pool { scope, what }
    }

    fn entries(tool_use_id: &str, what: String) -> Self {
        let tool_use_id = tool_use_id.to_owned();
        Self::Entries { tool_use_id, what }
    }
}

impl Decision {
    fn is_allowed(&self) -> bool {
        self.reservation_id.is_some()
    }
}

/// Every broken promise, once every call was answered.
pub(crate) fn check(evidence: &Evidence, facts: &Facts) -> Vec<Finding> {
    let mut findings = evidence.findings.clone();
    let mut made: HashMap<&str, Vec<&Decision>> = HashMap::new();
    for decision in &facts.decisions {
        let id = decision.tool_use_id.as_str();
        made.entry(id).or_default().push(decision);
    }
    for (id, decisions) in &made {
        if decisions.len() > 1 {
            findings.extend(Finding::of_count(id, decisions.len()));
        }
        findings.extend(entries(decisions[0], facts));
        if decisions[0].is_pending {
            let tool_use_id = (*id).to_owned();
            findings.push(Finding::Pending { tool_use_id });
        }
    }
    for (id, said) in &evidence.answered {
        match made.get(id.as_str()) {
            None => findings.extend(Finding::of_count(id, 0)),
            Some(decisions) if decisions[0].is_allowed() == said.is_allowed => {}
            Some(_) => findings.push(Finding::Unlike {
                tool_use_id: id.clone(),
                said: said.clone(),
            }),
        }
    }
    for id in &evidence.reported {
        if outcomes(facts, id) != 1 {
            let what = format!("it ran, of which there are {} entries", outcomes(facts, id));
            findings.push(Finding::entries(id, what));
        }
    }
    findings.extend(approvals(evidence, facts));
    findings.extend(pools(facts));
    findings
}

fn of_call<'a>(facts: &'a Facts, tool_use_id: &str) -> &'a [Entry] {
    facts.entries.get(tool_use_id).map_or(&[], Vec::as_slice)
}

/// How many entries say that a call ran.
fn outcomes(facts: &Facts, tool_use_id: &str) -> usize {
    let entries = of_call(facts, tool_use_id).iter();
    entries
        .filter(|entry| entry.action == "tool_result")
        .count()
}

/// One entry says that it was tried and what was decided, one more that it was held, if it was, and one at most that it ran.
fn entries(decision: &Decision, facts: &Facts) -> Option<Finding> {
    let id = &decision.tool_use_id;
    let said = |outcome: &str| {
        let entries = of_call(facts, id).iter();
        let tried = entries.filter(|entry| entry.action == "tool_use");
        tried.filter(|entry| entry.outcome == outcome).count()
    };
    let found = [
        said("allowed"),
        said("denied"),
        said("held"),
        outcomes(facts, id),
    ];
    let is_allowed = usize::from(decision.is_allowed());
    let is_decided = usize::from(!decision.is_pending);
    let is_held = usize::from(decision.approval_id.is_some());
    let expected = [is_allowed, is_decided.saturating_sub(is_allowed), is_held];
    let is_right = found[..3] == expected && found[3] <= is_allowed;
    (!is_right).then(|| {
        let what = format!("allowed, denied, held, ran: {found:?}, not {expected:?}");
        Finding::entries(id, what)
    })
}

/// A yes lets one call through, a no lets none.
fn approvals(evidence: &Evidence, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut let_through: HashMap<&str, usize> = HashMap::new();
    let allowed = facts.decisions.iter().filter(|one| one.is_allowed());
    for approval in allowed.filter_map(|one| one.approval_id.as_deref()) {
        *let_through.entry(approval).or_default() += 1;
    }
    for (id, state) in &facts.approvals {
        let count = let_through.remove(id.as_str()).unwrap_or(0);
        if count != usize::from(state == "used") {
            let what = format!("is {state}, and let {count} calls through");
            findings.push(Finding::approval(id, what));
        }
        let deeds = facts.deeds.get(id).map_or(&[][..], Vec::as_slice);
        let done = |action: &str| deeds.iter().filter(|deed| *deed == action).count();
        let (is_used, is_no) = (state == "used", state == "denied");
        let is_yes = is_used || state == "approved";
        let votes = [done("approve"), done("deny")];
        if votes != [is_yes, is_no].map(usize::from) || done("use") != usize::from(is_used) {
            let what = format!("is {state}, and the audit log says {deeds:?}");
            findings.push(Finding::approval(id, what));
        }
    }
    for (id, count) in let_through {
        let what = format!("is not there, and let {count} calls through");
        findings.push(Finding::approval(id, what));
    }
    for (id, is_yes) in &evidence.decided {
        // Whoever waited for it asked until they were answered: what was approved is used.
        let expected = if *is_yes { "used" } else { "denied" };
        let state = facts.approvals.get(id).map(String::as_str);
        if state != Some(expected) {
            let what = format!("was decided ({is_yes}), and is {state:?}");
            findings.push(Finding::approval(id, what));
        }
    }
    findings
}

/// What was taken out of each budget: what allowed calls were expected to use, settled once they ran.
fn pools(facts: &Facts) -> Vec<Finding> {
    let mut expected: HashMap<String, Pool> = HashMap::new();
    let mut smallest: HashMap<&str, u64> = HashMap::new();
    for decision in &facts.decisions {
        let id = &decision.tool_use_id;
        let tried = of_call(facts, id)
            .iter()
            .find(|entry| entry.action == "tool_use");
        let amount = tried.map_or(Amount::default(), |entry| entry.amount);
        if !decision.is_allowed() {
            if decision.reason.contains("budget") {
                let least = smallest.entry(&decision.session_id).or_insert(u64::MAX);
                *least = amount.tokens.min(*least);
            }
            continue;
        }
        for scope in [
            "organisation".to_owned(),
            TEAM.to_owned(),
            format!("agent:{}", decision.agent_id),
            format!("session:{}", decision.session_id),
        ] {
            let pool = expected.entry(scope).or_default();
            if outcomes(facts, id) > 0 {
                pool.used = pool.used.plus(amount);
            } else {
                pool.reserved = pool.reserved.plus(amount);
                pool.reservations += 1;
            }
        }
    }
    let mut findings = Vec::new();
    for (scope, pool) in &facts.pools {
        let max_tokens = pool.max_tokens;
        let expected = expected.remove(scope).unwrap_or_default();
        let expected = Pool {
            max_tokens,
            ..expected
        };
        if *pool != expected {
            let what = format!("holds {pool:?}, not {expected:?}");
            findings.push(Finding::pool(scope, what));
        }
        let taken = pool.used.plus(pool.reserved).tokens;
        let Some(max) = max_tokens else { continue };
        if taken > max {
            let what = format!("{taken} of {max} tokens are taken");
            findings.push(Finding::pool(scope, what));
        }
        let session = scope.strip_prefix("session:").unwrap_or_default();
        if let Some(least) = smallest.get(session)
            && taken.saturating_add(*least) <= max
        {
            let what = format!("{taken} of {max} tokens are taken, and {least} were refused");
            findings.push(Finding::pool(scope, what));
        }
    }
    for scope in expected.into_keys() {
        findings.push(Finding::pool(&scope, "is not there".to_owned()));
    }
    findings
}

mod tests {
    use super::*;

    const READ: Amount = Amount {
        tokens: 100,
        micros: 150,
    };

    fn decision(id: &str, approval: Option<&str>) -> Decision {
        Decision {
            tool_use_id: id.into(),
            session_id: "s".into(),
            agent_id: "a".into(),
            is_pending: false,
            reason: "allowed".into(),
            approval_id: approval.map(str::to_owned),
            reservation_id: Some(format!("s/{id}")),
        }
    }

    fn entry(action: &str, outcome: &str) -> Entry {
        Entry {
            action: action.into(),
            outcome: outcome.into(),
            amount: READ,
        }
    }

    fn yes() -> Said {
        Said {
            is_allowed: true,
            reason: "allowed".into(),
        }
    }

    /// A call that ran, and one that a person let through and that did not run yet.
    fn good() -> (Evidence, Facts) {
        let evidence = Evidence {
            answered: HashMap::from([("one".into(), yes()), ("two".into(), yes())]),
            reported: ["one".to_owned()].into(),
            decided: HashMap::from([("p".into(), true)]),
            ..Evidence::default()
        };
        let ran = vec![
            entry("tool_use", "allowed"),
            entry("tool_result", "completed"),
        ];
        let held = vec![entry("tool_use", "held"), entry("tool_use", "allowed")];
        let pool = Pool {
            max_tokens: Some(1_000),
            used: READ,
            reserved: READ,
            reservations: 1,
        };
        let scopes = ["organisation", TEAM, "agent:a", "session:s"];
        let facts = Facts {
            decisions: vec![decision("one", None), decision("two", Some("p"))],
            entries: HashMap::from([("one".into(), ran), ("two".into(), held)]),
            approvals: HashMap::from([("p".into(), "used".into())]),
            deeds: HashMap::from([("p".into(), vec!["approve".into(), "use".into()])]),
            pools: scopes.map(|scope| (scope.to_owned(), pool)).into(),
        };
        (evidence, facts)
    }

    /// What the checker says once `break_it` was done to something that is in order.
    fn findings(break_it: impl FnOnce(&mut Evidence, &mut Facts)) -> Vec<Finding> {
        let (mut evidence, mut facts) = good();
        break_it(&mut evidence, &mut facts);
        check(&evidence, &facts)
    }

    /// Whether one of them is like this.
    fn any(findings: &[Finding], is: impl Fn(&Finding) -> bool) {
        assert!(findings.iter().any(is), "{findings:#?}");
    }

    #[test]
    fn what_is_in_order_passes() {
        assert_eq!(findings(|_, _| {}), []);
    }

    #[test]
    fn a_decision_that_is_gone_doubled_or_another_is_found() {
        let lost = findings(|_, facts| {
            facts.decisions.remove(0);
        });
        any(&lost, |one| matches!(one, Finding::Lost { .. }));
        let twice = findings(|_, facts| facts.decisions.push(decision("one", None)));
        any(&twice, |one| matches!(one, Finding::Twice { .. }));
        any(&twice, |one| matches!(one, Finding::Pool { .. }));
        let unlike = findings(|_, facts| facts.decisions[0].reservation_id = None);
        any(&unlike, |one| matches!(one, Finding::Unlike { .. }));
        let pending = findings(|_, facts| facts.decisions[1].is_pending = true);
        any(&pending, |one| matches!(one, Finding::Pending { .. }));
    }

    #[test]
    fn an_approval_that_lets_two_through_or_does_not_hold_is_found() {
        let twice = findings(|_, facts| facts.decisions.push(decision("three", Some("p"))));
        any(&twice, |one| matches!(one, Finding::Approval { .. }));
        for state in ["pending", "approved", "denied"] {
            let found = findings(|_, facts| {
                facts.approvals.insert("p".into(), state.into());
            });
            any(&found, |one| matches!(one, Finding::Approval { .. }));
        }
        for deeds in [
            &["deny"][..],
            &[],
            &["approve", "approve"],
            &["approve"],
            &["approve", "use", "use"],
        ] {
            let deeds: Vec<_> = deeds.iter().map(|&deed| deed.to_owned()).collect();
            let found = findings(|_, facts| drop(facts.deeds.insert("p".into(), deeds)));
            assert!(
                matches!(found[..], [Finding::Approval { .. }]),
                "{found:#?}"
            );
        }
        let gone = findings(|_, facts| facts.approvals.clear());
        any(&gone, |one| matches!(one, Finding::Approval { .. }));
        let no = findings(|evidence, _| {
            evidence.decided.insert("p".into(), false);
        });
        any(&no, |one| matches!(one, Finding::Approval { .. }));
    }

    #[test]
    fn a_budget_that_was_charged_too_much_too_little_or_over_its_cap_is_found() {
        type Break = fn(&mut Pool);
        let broken: [Break; 4] = [
            |pool| pool.reservations = 2,
            |pool| pool.reserved = Amount::default(),
            |pool| pool.used = READ.plus(READ),
            |pool| pool.max_tokens = Some(199),
        ];
        for broken in broken {
            let found = findings(|_, facts| broken(facts.pools.get_mut("session:s").unwrap()));
            assert!(matches!(found[..], [Finding::Pool { .. }]), "{found:#?}");
        }
        let refused = |max_tokens| {
            findings(|_, facts| {
                let mut refused = decision("three", None);
                refused.reservation_id = None;
                refused.reason = "the budget of the session has no room".into();
                facts.decisions.push(refused);
                let entries = vec![entry("tool_use", "denied")];
                facts.entries.insert("three".into(), entries);
                facts.pools.get_mut("session:s").unwrap().max_tokens = Some(max_tokens);
            })
        };
        assert_eq!(refused(299), []);
        assert!(matches!(refused(300)[..], [Finding::Pool { .. }]));
    }

    #[test]
    fn an_entry_that_is_missing_doubled_or_of_another_outcome_is_found() {
        type Break = fn(&mut Vec<Entry>);
        let broken: [Break; 4] = [
            |entries| drop(entries.remove(0)),
            |entries| drop(entries.remove(1)),
            |entries| entries.push(entry("tool_use", "allowed")),
            |entries| entries[0].outcome = "denied".into(),
        ];
        for broken in broken {
            for id in ["one", "two"] {
                let found = findings(|_, facts| broken(facts.entries.get_mut(id).unwrap()));
                any(&found, |one| matches!(one, Finding::Entries { .. }));
            }
        }
        let ran_twice = findings(|_, facts| {
            let entries = facts.entries.get_mut("one").unwrap();
            entries.push(entry("tool_result", "completed"));
        });
        any(&ran_twice, |one| matches!(one, Finding::Entries { .. }));
    }
}
