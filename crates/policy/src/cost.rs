//! What money calls for: the tables' thresholds of what a session costs, and an agent's own of what one call does.
//!
//! A session's cost is what was charged and reserved for it before, with what the call is expected to cost. Each threshold
//! counts once in a session; which of them are behind it is among its facts. A person who approves lets it go on up to the next
//! one, and a person who lifts the halt of the last one decided that it goes on: budgets still bind.

use crate::analysis::Finding;
use crate::decision::{Effect, Expected, Matched, Outcome, Step};
use crate::facts::{COST_APPROVED, COST_NOTIFIED, COST_STOPPED, SessionFacts};
use crate::request::Request;
use crate::tables::{CostAction, Tables};
use serde::Serialize;

/// The rule by which a session's cost holds or stops it, as decisions name it.
pub const COST_ESCALATION: &str = "cost-escalation";
/// The rule by which an agent's own threshold holds a call.
pub const APPROVAL_THRESHOLD: &str = "approval-threshold";

/// What a session costs, and what follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SessionCost {
    /// What it has cost before this call, with what is reserved, in millionths of a US dollar.
    pub before_micro_usd: u64,
    /// The same with this call, unless something else refuses it.
    pub with_call_micro_usd: u64,
    /// What the tables' thresholds say to that.
    pub reached: CostAction,
    /// What is still to be done: what was done before in this session is not done again.
    pub due: CostAction,
}

impl SessionCost {
    /// What the session costs with a call; a call that is refused adds nothing.
    pub(crate) fn of(
        request: &Request,
        tables: &Tables,
        expected: Expected,
        is_refused: bool,
    ) -> Self {
        let before = request.session_micro_usd;
        let added = if is_refused { 0 } else { expected.micro_usd };
        let with_call = before.saturating_add(added);
        let reached = tables.cost_action(usd(with_call));
        Self {
            before_micro_usd: before,
            with_call_micro_usd: with_call,
            reached,
            due: due(reached, &request.facts),
        }
    }

    /// What it refuses or holds.
    pub(crate) fn finding(&self, tables: &Tables) -> Option<Finding> {
        let (outcome, threshold) = match self.due {
            CostAction::None | CostAction::Notify => return None,
            CostAction::PauseAndApprove => (Outcome::Ask, tables.costs.approve_usd),
            CostAction::Terminate => (Outcome::Deny, tables.costs.terminate_usd),
        };
        let cost = usd(self.with_call_micro_usd);
        let what = match self.due {
            CostAction::Terminate => "the session ends",
            _ => "a person decides whether the session goes on",
        };
        Some(Finding {
            step: Step::Budget,
            outcome,
            subject: "what the session costs".to_owned(),
            reason: format!(
                "it is {cost:.2} USD with this call, and from {threshold} USD on {what}"
            ),
            rule: Some(COST_ESCALATION),
        })
    }

    /// What is done in the end: where nothing is held or stopped, people are told.
    pub(crate) fn settle(&mut self, outcome: Outcome, facts: &SessionFacts) {
        let is_told = [COST_NOTIFIED, COST_APPROVED, COST_STOPPED]
            .iter()
            .any(|fact| facts.contains(fact));
        if outcome == Outcome::Allow && self.due > CostAction::Notify {
            self.due = if is_told {
                CostAction::None
            } else {
                CostAction::Notify
            };
        }
    }

    /// The fact that the session has when what is due was done.
    pub(crate) fn gained(&self) -> Option<&'static str> {
        match self.due {
            CostAction::None => None,
            CostAction::Notify => Some(COST_NOTIFIED),
            CostAction::PauseAndApprove => Some(COST_APPROVED),
            CostAction::Terminate => Some(COST_STOPPED),
        }
    }
}

fn due(reached: CostAction, facts: &SessionFacts) -> CostAction {
    let is_over = match reached {
        CostAction::None => true,
        CostAction::Notify => [COST_NOTIFIED, COST_APPROVED, COST_STOPPED]
            .iter()
            .any(|fact| facts.contains(fact)),
        CostAction::PauseAndApprove => [COST_APPROVED, COST_STOPPED]
            .iter()
            .any(|fact| facts.contains(fact)),
        CostAction::Terminate => facts.contains(COST_STOPPED),
    };
    if is_over { CostAction::None } else { reached }
}

/// What an agent's own threshold says to a call.
pub(crate) fn of_call(request: &Request, expected: Expected) -> Option<Finding> {
    let threshold = request.agent.as_ref()?.approval_threshold_micro_usd?;
    (expected.micro_usd >= threshold).then(|| Finding {
        step: Step::Approval,
        outcome: Outcome::Ask,
        subject: request.call.tool_name.chars().take(256).collect(),
        reason: format!(
            "it is expected to cost {} USD, and from {} USD on a person approves each call of this agent",
            usd(expected.micro_usd),
            usd(threshold)
        ),
        rule: Some(APPROVAL_THRESHOLD),
    })
}

/// A rule as decisions list it.
pub(crate) fn matched(rule: &str, finding: &Finding) -> Matched {
    let source = match rule {
        APPROVAL_THRESHOLD => "the agent's approval_threshold",
        _ => "tables: costs",
    };
    Matched {
        id: rule.to_owned(),
        reason: finding.reason.clone(),
        source: source.to_owned(),
        effect: Effect::Forbid,
        requires_approval: finding.outcome == Outcome::Ask,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sums of money far below 2^53 micro-dollars are exact, and above it a threshold is passed anyway"
)]
fn usd(micro_usd: u64) -> f64 {
    micro_usd as f64 / 1e6
}

#[cfg(test)]
mod tests;
