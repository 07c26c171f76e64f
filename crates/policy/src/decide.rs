//! The decision: every question is put to the policies, and the strictest answer holds.

use crate::analysis::{Analysis, Finding, Question, analyse};
use crate::buckets::Applied;
use crate::cost::{self, SessionCost};
use crate::decision::{
    Action, Decision, Effect, Expected, JUDGED_MAX, Judged, Matched, Outcome, People, Shadow, Step,
    approvers_of_both, everyone,
};
use crate::path::Resolver;
use crate::request::Request;
use crate::resource::{self, Fault, Resource};
use crate::set::PolicySet;
use crate::source::Known;
use crate::tables::{Mode, SYSTEM_ROLE};
use cedar_policy::{Context, Entities, PolicyId, Request as CedarRequest};
use std::time::Instant;

/// What the policies say to one question.
#[derive(Debug, Default)]
struct Verdict<'a> {
    applied: Vec<&'a Known>,
    failed: Vec<&'a Known>,
    watched: Vec<&'a Known>,
}

impl<'a> Verdict<'a> {
    fn binding(&self) -> Outcome {
        combine(self.applied.iter().copied(), !self.failed.is_empty())
    }

    fn with_watched(&self) -> Outcome {
        combine(
            self.applied.iter().chain(&self.watched).copied(),
            !self.failed.is_empty(),
        )
    }

    /// How many people the policies ask that hold it.
    fn people(&self) -> People {
        let asking = self.applied.iter().filter(|known| known.requires_approval);
        asking.fold(People::default(), |people, known| people.and(known.people))
    }

    /// The policy that the outcome is owed to.
    fn decisive(&self, outcome: Outcome, watched: bool) -> Option<&'a Known> {
        let watched = if watched {
            self.watched.as_slice()
        } else {
            &[]
        };
        let mut all = self.failed.iter().chain(&self.applied).chain(watched);
        match outcome {
            Outcome::Allow => None,
            Outcome::Ask => all.find(|known| known.requires_approval).copied(),
            Outcome::Deny => all
                .find(|known| known.effect == Effect::Forbid && !known.requires_approval)
                .copied(),
        }
    }
}

/// Denied by a forbid, or by the lack of a permit; held by any policy that requires approval; else allowed.
fn combine<'a>(mut applied: impl Iterator<Item = &'a Known> + Clone, failed: bool) -> Outcome {
    let forbidden = applied
        .clone()
        .any(|known| known.effect == Effect::Forbid && !known.requires_approval);
    let permitted = applied.clone().any(|known| known.effect == Effect::Permit);
    if forbidden || failed || !permitted {
        Outcome::Deny
    } else if applied.any(|known| known.requires_approval) {
        Outcome::Ask
    } else {
        Outcome::Allow
    }
}

/// What is the same for every question of a call.
struct Asker<'a> {
    agent: resource::Known,
    request: &'a Request,
    facts: &'a [String],
}

impl Asker<'_> {
    fn context(&self, program: &str) -> Result<Context, Fault> {
        resource::context(self.request, program, self.facts)
    }
}

/// An answer in the making.
struct Draft {
    judged: Vec<Judged>,
    matched: Vec<Matched>,
    watched: Vec<Matched>,
    /// The same answers with the watched policies.
    shadow: Vec<(Step, Outcome, String)>,
    /// How many people the policies that hold it ask.
    people: People,
}

impl PolicySet {
    /// Decides a tool call. Never fails: what cannot be judged is denied or held, with the reason.
    pub fn decide(&self, request: &Request, resolver: &dyn Resolver) -> Decision {
        let started = Instant::now();
        let analysis = analyse(self, request, resolver);
        let mut facts = request.facts.clone();
        facts.join(&analysis.gained);
        let facts: Vec<String> = facts.iter().map(str::to_owned).collect();
        let mut draft = Draft {
            judged: Vec::new(),
            matched: Vec::new(),
            watched: Vec::new(),
            shadow: Vec::new(),
            people: People::default(),
        };
        for finding in &analysis.findings {
            draft.finding(finding);
        }
        if let Err(fault) = self.questions(&analysis, &facts, &mut draft) {
            draft.finding(&Finding {
                step: Step::Agent,
                outcome: Outcome::Deny,
                subject: request.call.tool_name.clone(),
                reason: format!("the request cannot be judged: {fault}"),
                rule: None,
            });
        }
        let cost = self.cost(request, &mut draft);
        let mut decision = self.conclude(analysis, draft, facts, cost);
        decision.elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        decision
    }

    /// What money calls for, once everything else was judged.
    fn cost(&self, request: &Request, draft: &mut Draft) -> SessionCost {
        let expected = self.expected(request);
        let is_refused = self.tables.mode == Mode::Enforce
            && draft
                .judged
                .iter()
                .any(|judged| judged.outcome == Outcome::Deny);
        let cost = SessionCost::of(request, &self.tables, expected, is_refused);
        let findings = [cost.finding(&self.tables), cost::of_call(request, expected)];
        for finding in findings.into_iter().flatten() {
            draft.finding(&finding);
        }
        cost
    }

    fn expected(&self, request: &Request) -> Expected {
        let (tokens, micro_usd) = self.tables.estimate(&request.call.tool_name);
        Expected { tokens, micro_usd }
    }

    fn questions(
        &self,
        analysis: &Analysis<'_>,
        facts: &[String],
        draft: &mut Draft,
    ) -> Result<(), Fault> {
        if analysis.questions.is_empty() {
            return Ok(());
        }
        let asker = Asker {
            agent: resource::principal(analysis.request.agent.as_ref(), &self.tables)?,
            request: analysis.request,
            facts,
        };
        // Questions of one command come one after the other, and see the same.
        let mut seen: Option<(&str, Context)> = None;
        for question in &analysis.questions {
            let context = match &seen {
                Some((program, context)) if *program == question.program => context.clone(),
                _ => asker.context(&question.program)?,
            };
            seen = Some((&question.program, context.clone()));
            let verdict = self.verdict(&asker, question.action, &question.resource, &context)?;
            let mut outcome = verdict.binding();
            draft.people = draft.people.and(verdict.people());
            let mut reason = self.reason(question, &verdict, outcome, false, analysis.request);
            if outcome == Outcome::Allow
                && let Some(maybe) = &question.maybe
            {
                let other = self.verdict(&asker, question.action, maybe, &context)?;
                draft.people = draft.people.and(other.people());
                if other.binding() != Outcome::Allow {
                    outcome = Outcome::Ask;
                    let owed =
                        self.reason(question, &other, other.binding(), false, analysis.request);
                    reason = format!("which files the pattern names cannot be known, and {owed}");
                }
            }
            let step = question.step;
            let shadow = if verdict.watched.is_empty() {
                (step, outcome, reason.clone())
            } else {
                draft.remember_watched(&verdict.watched);
                let watched = verdict.with_watched();
                let reason = self.reason(question, &verdict, watched, true, analysis.request);
                (step, watched, reason)
            };
            draft.shadow.push(shadow);
            draft.remember(verdict.applied.iter().chain(&verdict.failed).copied());
            draft.judged.push(Judged {
                step,
                action: Some(question.action),
                subject: question.resource.subject().to_owned(),
                outcome,
                reason,
                policies: verdict
                    .applied
                    .iter()
                    .map(|known| known.id.clone())
                    .collect(),
            });
        }
        Ok(())
    }

    fn verdict(
        &self,
        from: &Asker<'_>,
        action: Action,
        asked: &Resource,
        context: &Context,
    ) -> Result<Verdict<'_>, Fault> {
        let agent = &from.agent;
        let asked = asked.entity()?;
        let fault = |error: &dyn std::fmt::Display| error.to_string();
        // Tests look at every request with the schema's eyes; a release trusts its own construction.
        let schema = cfg!(debug_assertions).then_some(&self.schema);
        let request = CedarRequest::new(
            agent.entity.uid(),
            resource::uid("Action", action.name())?,
            asked.entity.uid(),
            context.clone(),
            schema,
        )
        .map_err(|error| fault(&error))?;
        let entities = Entities::from_entities([agent.entity.clone(), asked.entity], schema)
            .map_err(|error| fault(&error))?;
        let ask = |buckets: &crate::buckets::Buckets| {
            buckets.ask(
                action,
                &agent.with_parents,
                &asked.with_parents,
                &request,
                &entities,
            )
        };
        let Applied { ids, failed } = ask(&self.binding);
        let watched = if self.shadow.is_empty() {
            Applied::default()
        } else {
            ask(&self.shadow)
        };
        Ok(Verdict {
            applied: self.known(&ids),
            failed: self.known(&failed),
            watched: self.known(&watched.ids),
        })
    }

    fn known(&self, ids: &[PolicyId]) -> Vec<&Known> {
        let mut known: Vec<&Known> = ids.iter().filter_map(|id| self.policies.get(id)).collect();
        known.sort_by(|one, other| one.id.cmp(&other.id));
        known
    }

    /// Why a question has its answer, as a fragment about its subject.
    fn reason(
        &self,
        question: &Question,
        verdict: &Verdict<'_>,
        outcome: Outcome,
        watched: bool,
        request: &Request,
    ) -> String {
        if outcome == Outcome::Allow {
            return String::new();
        }
        if let Some(known) = verdict.decisive(outcome, watched) {
            return known.reason.clone();
        }
        let role = request
            .agent
            .as_ref()
            .map_or(SYSTEM_ROLE, |agent| agent.role.as_str());
        let table = self.tables.roles.get(role);
        let list = |entries: Option<&Vec<String>>| match entries {
            Some(entries) if !entries.is_empty() => entries.join(", "),
            _ => "none".to_owned(),
        };
        match question.action {
            Action::UseTool => format!(
                "the role {role} does not have this tool; its tools are {}",
                list(table.map(|role| &role.tools))
            ),
            Action::ReadPath | Action::WritePath => format!(
                "it is outside the paths of the role {role}, which are {}",
                list(table.map(|role| &role.paths))
            ),
            Action::CallApi => format!(
                "the role {role} may not use this interface; its interfaces are {}",
                list(table.map(|role| &role.apis))
            ),
            Action::SpawnAgent => format!("the role {role} may not start agents"),
            Action::Perform => format!("the role {role} may not perform it"),
            Action::RunCommand | Action::SearchPath | Action::FetchUrl => {
                "no policy permits it".to_owned()
            }
        }
    }

    fn conclude(
        &self,
        analysis: Analysis<'_>,
        mut draft: Draft,
        facts: Vec<String>,
        mut cost: SessionCost,
    ) -> Decision {
        let tool = &analysis.request.call.tool_name;
        draft
            .judged
            .sort_by_key(|judged| (std::cmp::Reverse(judged.outcome), judged.step));
        let (mut outcome, mut step, mut reason) = match draft.judged.first() {
            Some(judged) if judged.outcome != Outcome::Allow => (
                judged.outcome,
                Some(judged.step),
                sentence(judged.outcome, &judged.subject, &judged.reason),
            ),
            _ => (
                Outcome::Allow,
                None,
                format!("Allowed: everything that {tool} was judged for is permitted."),
            ),
        };
        let mut shadow = draft.shadowed(outcome);
        if self.tables.mode == Mode::Shadow && outcome != Outcome::Allow {
            let (watched_outcome, watched_reason) = (outcome, reason);
            reason =
                format!("Allowed, because policy is only watched. Otherwise: {watched_reason}");
            (outcome, step) = (Outcome::Allow, None);
            shadow.get_or_insert(Shadow {
                outcome: watched_outcome,
                reason: watched_reason,
                policies: Vec::new(),
            });
        }
        let (approvers, people) = if outcome == Outcome::Ask {
            let people = draft.people.and(self.people(&draft.judged));
            (self.approvers(&draft.judged), people)
        } else {
            (Vec::new(), People::default())
        };
        let audited = |name: &String| {
            self.tables
                .escalations
                .get(name)
                .is_some_and(|escalation| escalation.audit)
        };
        let audit = analysis.audit || analysis.operations.iter().any(audited);
        cost.settle(outcome, &analysis.request.facts);
        let gained = analysis.gained.iter().chain(cost.gained());
        let gained = gained.map(str::to_owned).collect();
        // What decided stays, in the order of the steps.
        draft.judged.truncate(JUDGED_MAX);
        draft.judged.sort_by_key(|judged| judged.step);
        Decision {
            outcome,
            reason,
            step,
            policies: draft.matched,
            judged: draft.judged,
            facts,
            gained,
            operations: analysis.operations,
            approvers,
            people,
            audit,
            warnings: analysis.warnings,
            budget: analysis.request.budget.clone(),
            expected: self.expected(analysis.request),
            cost,
            shadow,
            fingerprint: self.fingerprint().to_owned(),
            elapsed_us: 0,
        }
    }

    /// What the tables say of the operations that are held.
    fn people(&self, judged: &[Judged]) -> People {
        let held = judged.iter().filter(|judged| {
            judged.outcome == Outcome::Ask && judged.action == Some(Action::Perform)
        });
        let escalations = held.filter_map(|judged| self.tables.escalations.get(&judged.subject));
        escalations.fold(People::default(), |people, escalation| {
            people.and(People {
                quorum: escalation.quorum.unwrap_or(1),
                escalate_after: escalation.escalate_after,
            })
        })
    }

    /// Who may decide everything that is held.
    fn approvers(&self, judged: &[Judged]) -> Vec<String> {
        let asked = judged
            .iter()
            .filter(|judged| judged.outcome == Outcome::Ask);
        let mut approvers = asked
            .filter(|judged| judged.action == Some(Action::Perform))
            .map(|judged| self.tables.approvers(&judged.subject))
            .fold(everyone(), |all, some| approvers_of_both(&all, &some));
        approvers.sort();
        approvers.dedup();
        approvers
    }
}

impl Draft {
    fn finding(&mut self, finding: &Finding) {
        self.shadow
            .push((finding.step, finding.outcome, finding.reason.clone()));
        self.judged.push(Judged {
            step: finding.step,
            action: None,
            subject: finding.subject.clone(),
            outcome: finding.outcome,
            reason: finding.reason.clone(),
            policies: finding.rule.iter().map(|&rule| rule.to_owned()).collect(),
        });
        if let Some(rule) = finding.rule {
            self.matched.push(cost::matched(rule, finding));
        }
    }

    fn remember<'a>(&mut self, applied: impl Iterator<Item = &'a Known>) {
        for known in applied {
            add(&mut self.matched, known);
        }
    }

    fn remember_watched(&mut self, applied: &[&Known]) {
        for known in applied {
            add(&mut self.watched, known);
        }
    }

    /// What the watched policies would have changed, if any applied.
    fn shadowed(&mut self, binding: Outcome) -> Option<Shadow> {
        if self.watched.is_empty() {
            return None;
        }
        self.shadow
            .sort_by_key(|(step, outcome, _)| (std::cmp::Reverse(*outcome), *step));
        let (outcome, reason) = self
            .shadow
            .first()
            .map_or((binding, String::new()), |(_, outcome, reason)| {
                (*outcome, reason.clone())
            });
        Some(Shadow {
            outcome,
            reason,
            policies: std::mem::take(&mut self.watched),
        })
    }
}

fn add(list: &mut Vec<Matched>, known: &Known) {
    if list.iter().any(|matched| matched.id == known.id) {
        return;
    }
    list.push(Matched {
        id: known.id.clone(),
        reason: known.reason.clone(),
        source: known.source.clone(),
        effect: known.effect,
        requires_approval: known.requires_approval,
    });
}

fn sentence(outcome: Outcome, subject: &str, reason: &str) -> String {
    let verb = match outcome {
        Outcome::Allow => "Allowed",
        Outcome::Ask => "Needs approval",
        Outcome::Deny => "Denied",
    };
    let subject: String = subject.chars().take(160).collect();
    in_one_line(&format!("{verb}: {subject}: {reason}."))
}

/// The text with control characters written as escapes, so that a name of a file cannot look like a line of the answer.
fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

#[cfg(test)]
mod tests;
