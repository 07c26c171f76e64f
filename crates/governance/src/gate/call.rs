//! One tool call: judged, and committed as it was judged.

use civitas_model::budget::{Amount, Scope, scopes_of};
use civitas_model::{Caller, Money};
use civitas_policy::{
    Budget, Decision, JUDGED_MAX, Outcome, Place, Request, SessionFacts, ToolCall,
    approvers_of_both,
};
use civitas_storage::{CommitError, HookEvent, KeepHookEvent, Refusal};

use super::Gate;
use super::actor::{Actor, Seen};
use super::answer::Given;
use super::room::no_room;
use crate::error::Error;
use crate::policies::principal;

/// How often a call is judged anew because its session changed meanwhile, at most.
pub(super) const TRIES_MAX: u32 = 16;

/// The longest reason that stands for what is built in, in characters.
const REASON_MAX: usize = 300;

/// A call of a tool.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// The event that asked, under which the decision is kept.
    pub event: &'static str,
    /// Its id; for an event that has none, one of our own.
    pub tool_use_id: String,
    pub call: ToolCall,
    /// The event as it came.
    pub kept: HookEvent,
}

impl Use {
    /// The event, to be kept with the first thing that is committed for it.
    pub(super) fn kept(&self) -> KeepHookEvent {
        KeepHookEvent(Box::new(self.kept.clone()))
    }
}

/// A call with its judgement.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub request: Request,
    pub decision: Decision,
}

impl Judged {
    /// What it is expected to use.
    pub(super) const fn amount(&self) -> Amount {
        let expected = self.decision.expected;
        Amount {
            tokens: expected.tokens,
            cost: Money::from_micros(expected.micro_usd),
        }
    }

    /// The policies that applied.
    pub(super) fn policies(&self) -> Vec<String> {
        let policies = self.decision.policies.iter();
        policies.map(|policy| policy.id.clone()).collect()
    }

    /// What wants a person to be asked: policies by their ids, and what is built in by its reason.
    pub(super) fn asking(&self) -> Vec<String> {
        let decision = &self.decision;
        let policies = decision.policies.iter();
        let asking: Vec<&str> = policies
            .filter(|policy| policy.requires_approval)
            .map(|policy| policy.id.as_str())
            .collect();
        let mut ids: Vec<String> = Vec::new();
        for judged in &decision.judged {
            if judged.outcome != Outcome::Ask {
                continue;
            }
            let mut named = judged.policies.iter();
            let before = ids.len();
            ids.extend(
                named
                    .by_ref()
                    .filter(|id| asking.contains(&id.as_str()))
                    .cloned(),
            );
            if ids.len() == before {
                ids.push(judged.reason.chars().take(REASON_MAX).collect());
            }
        }
        ids.sort();
        ids.dedup();
        ids
    }
}

impl Gate {
    /// Decides a call, and answers when the decision is durable.
    pub(super) async fn decide(
        &self,
        caller: &Caller,
        seen: &Seen,
        call: &Use,
    ) -> Result<Given, Error> {
        let until = self.0.store.clock().now().plus(self.0.options.hold);
        let (mut budget, mut tries) = (None, 0);
        let mut news = self.0.changes.subscribe();
        loop {
            // What changes from here on is noticed, should the call have to wait.
            news.borrow_and_update();
            let mut actor = self.actor(caller, seen).await?;
            let judged = self
                .judge(caller, seen, &actor, call, budget.clone())
                .await?;
            let halt = self.stopping(caller, &actor).await?;
            let committed = match judged.decision.outcome {
                _ if let Some(halt) = &halt => {
                    self.record_halt(caller, &actor, call, &judged, halt).await
                }
                Outcome::Allow => {
                    actor.learn(&judged.decision.gained);
                    self.record_allowed(caller, &actor, call, &judged).await
                }
                Outcome::Deny if judged.decision.stops_session() => {
                    self.record_stop(caller, &actor, call, &judged).await
                }
                Outcome::Deny => self.record_denied(caller, &actor, call, &judged).await,
                Outcome::Ask => {
                    match Box::pin(self.hold(caller, seen, &actor, call, &judged)).await {
                        Ok(given) => return given,
                        Err(error) => Err(error),
                    }
                }
            };
            match committed {
                Ok(given) => return Ok(given),
                Err(CommitError::Refused(Refusal::AlreadyExists { .. })) => {
                    return Box::pin(self.repeat(caller, seen, call)).await;
                }
                Err(CommitError::Refused(refusal @ Refusal::OverBudget { waits, .. })) => {
                    if !(waits && self.room(&mut news, until).await?) {
                        budget = Some(Budget {
                            outcome: Outcome::Deny,
                            reason: no_room(&actor, refusal),
                        });
                    }
                }
                Err(CommitError::Refused(Refusal::Changed { .. })) if tries < TRIES_MAX => {
                    tries += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What policies say of a call now.
    pub(super) async fn judge(
        &self,
        caller: &Caller,
        seen: &Seen,
        actor: &Actor,
        call: &Use,
        budget: Option<Budget>,
    ) -> Result<Judged, Error> {
        let set = self.0.policies.current(&caller.tenant_id).await?;
        let mut request = Request::new(call.call.clone(), place(seen, actor));
        request.agent = actor.agent.as_ref().map(principal);
        request.unregistered = actor.is_unknown.then(|| actor.name().to_owned());
        request.environment.clone_from(&self.0.options.environment);
        let mode = &actor.session.permission_mode;
        request.permission_mode.clone_from(mode);
        request.sub_agent = actor.is_sub_agent;
        request.facts = facts(actor);
        request.budget = budget;
        request.session_micro_usd = actor.session_cost.as_micros();
        let (mut request, mut decision) = self.0.policies.decide(&set, request).await?;
        if let Some(also) = actor.limited_by(&set) {
            // Held to the limits of both.
            let mut other = request.clone();
            other.agent = Some(principal(also));
            let (other, stricter) = self.0.policies.decide(&set, other).await?;
            if stricter.outcome > decision.outcome {
                (request, decision) = (other, stricter);
            } else if stricter.outcome == Outcome::Ask {
                ask_both(&mut decision, stricter);
            }
        }
        if let Some(reason) = actor.barred() {
            decision.outcome = Outcome::Deny;
            decision.reason = reason;
        }
        Ok(Judged { request, decision })
    }
}

/// Has people asked as two decisions want it that both ask.
fn ask_both(decision: &mut Decision, other: Decision) {
    if decision.outcome != Outcome::Ask {
        return;
    }
    decision.people = decision.people.and(other.people);
    decision.approvers = approvers_of_both(&decision.approvers, &other.approvers);
    for policy in other.policies {
        if !decision.policies.contains(&policy) {
            decision.policies.push(policy);
        }
    }
    decision.judged.extend(other.judged);
    decision.judged.truncate(JUDGED_MAX);
}

fn facts(actor: &Actor) -> SessionFacts {
    actor.session.facts.iter().map(String::as_str).collect()
}

/// Where the call happens. The session's first folder is the project's root: a call cannot widen its scopes by changing
/// folders.
fn place(seen: &Seen, actor: &Actor) -> Place {
    let root = actor.session.root.clone();
    let is_windows = is_windows(&root);
    let mut place = Place::at(root);
    place.cwd.clone_from(&seen.cwd);
    place.home.clone_from(&seen.home);
    place.windows = is_windows;
    place.ignores_case = is_windows || place.root.starts_with("/Users/");
    place
}

fn is_windows(path: &str) -> bool {
    let drive =
        |bytes: &[u8]| bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    path.starts_with("\\\\") || drive(path.as_bytes())
}

/// The pools that a call is paid from.
pub(super) fn pools(actor: &Actor) -> Vec<Scope> {
    let session = actor.session.session_id.as_str();
    match &actor.agent {
        Some(agent) => scopes_of(agent, Some(session)),
        None => vec![Scope::Organisation, Scope::Session(session.to_owned())],
    }
}
