//! What a candidate would change: recorded requests are decided by both sets, and the differences are grouped.

use crate::decision::Outcome;
use crate::path::Resolver;
use crate::request::Request;
use crate::set::PolicySet;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many examples a group keeps.
pub const EXAMPLES_MAX: usize = 5;
/// How many groups a report keeps; calls beyond are counted under the agent `…`.
pub const GROUPS_MAX: usize = 500;

/// A request of the past.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// Its id, for the examples.
    pub id: &'a str,
    /// The request.
    pub request: &'a Request,
    /// What was decided then; decided again by the current set when absent.
    pub outcome: Option<Outcome>,
}

/// What would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many requests were looked at.
    pub requests: usize,
    /// How many would come out differently.
    pub changed: usize,
    /// Of those, how many would be stricter.
    pub stricter: usize,
    /// The changes by agent, tool and direction, the most frequent first.
    pub groups: Vec<Group>,
}

/// Changes of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The agent's name; empty for calls without one.
    pub agent: String,
    /// The tool.
    pub tool: String,
    /// The outcome so far.
    pub before: Outcome,
    /// The outcome with the candidate.
    pub after: Outcome,
    /// How often.
    pub count: usize,
    /// The first few.
    pub examples: Vec<Example>,
}

/// One changed decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The recorded request's id.
    pub id: String,
    /// The candidate's reason.
    pub reason: String,
    /// The candidate's policies that applied.
    pub policies: Vec<String>,
}

/// Decides recorded requests with a candidate and reports what would change.
pub fn what_if<'a>(
    current: &PolicySet,
    candidate: &PolicySet,
    recorded: impl IntoIterator<Item = Recorded<'a>>,
    resolver: &dyn Resolver,
) -> Report {
    let mut comparison = Comparison::default();
    for recorded in recorded {
        comparison.add(current, candidate, recorded, resolver);
    }
    comparison.report()
}

/// What would change, as far as requests were looked at: for records that are read page by page.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    report: Report,
    groups: BTreeMap<(String, String, Outcome, Outcome), Group>,
}

impl Comparison {
    /// Decides one more request with the candidate.
    pub fn add(
        &mut self,
        current: &PolicySet,
        candidate: &PolicySet,
        recorded: Recorded<'_>,
        resolver: &dyn Resolver,
    ) {
        let Recorded {
            id,
            request,
            outcome,
        } = recorded;
        self.report.requests += 1;
        let before = outcome.unwrap_or_else(|| current.decide(request, resolver).outcome);
        let after = candidate.decide(request, resolver);
        if before == after.outcome {
            return;
        }
        self.report.changed += 1;
        self.report.stricter += usize::from(after.outcome > before);
        let mut agent = request
            .agent
            .as_ref()
            .map_or(String::new(), |agent| agent.name.clone());
        let mut tool = request.call.tool_name.clone();
        let groups = &mut self.groups;
        if groups.len() >= GROUPS_MAX
            && !groups.contains_key(&(agent.clone(), tool.clone(), before, after.outcome))
        {
            (agent, tool) = ("…".to_owned(), "…".to_owned());
        }
        let group = groups
            .entry((agent.clone(), tool.clone(), before, after.outcome))
            .or_insert_with(|| Group {
                agent,
                tool,
                before,
                after: after.outcome,
                count: 0,
                examples: Vec::new(),
            });
        group.count += 1;
        if group.examples.len() < EXAMPLES_MAX {
            let policies = after.policies.into_iter();
            group.examples.push(Example {
                id: id.to_owned(),
                reason: after.reason,
                policies: policies.map(|matched| matched.id).collect(),
            });
        }
    }

    /// How many requests were looked at.
    pub fn requests(&self) -> usize {
        self.report.requests
    }

    /// What would change.
    pub fn report(self) -> Report {
        let mut report = self.report;
        report.groups = self.groups.into_values().collect();
        report
            .groups
            .sort_by_key(|group| std::cmp::Reverse(group.count));
        report
    }
}
