//! Calls that wait: for a person, or for room in a budget.

mod ending;

use civitas_model::approval::{
    Allowance, Approval, ApprovalKind, ApprovalState, Asked, HUMAN, Verdict, request,
};
use civitas_model::{Agent, Caller, Halt, Timestamp};
use civitas_policy::{After, COST_APPROVED, COST_ESCALATION, CostAction, Outcome};
use civitas_storage::{Changeset, CommitError, DecisionChange, NewApproval, Refusal};
use serde_json::json;
use tokio::sync::watch;

use super::Gate;
use super::actor::{Actor, Seen};
use super::answer::Given;
use super::call::{Judged, TRIES_MAX, Use};
use super::record::{Draft, halted};
use super::room::no_room;
use crate::approvals::request_hash;
use crate::error::Error;

/// A call that waits for a person.
struct Held<'a> {
    caller: &'a Caller,
    seen: &'a Seen,
    call: &'a Use,
    decision_id: String,
    approval_id: String,
}

impl Held<'_> {
    /// What the call is told in the end.
    fn answer(&self, given: &Given, reservation_id: Option<String>) -> DecisionChange {
        DecisionChange::Answer {
            tenant_id: self.caller.tenant_id.clone(),
            decision_id: self.decision_id.clone(),
            answer: json!(given),
            approval_id: Some(self.approval_id.clone()),
            reservation_id,
        }
    }
}

/// What a commit for a call may lead to.
type Committed = Result<Result<Given, Error>, CommitError>;

impl Gate {
    /// Holds a call until people have decided: `Err` when it is to be judged again.
    pub(super) async fn hold(
        &self,
        caller: &Caller,
        seen: &Seen,
        actor: &Actor,
        call: &Use,
        judged: &Judged,
    ) -> Committed {
        let tenant = &caller.tenant_id;
        let hash = digest(actor, seen, call);
        let approvals = self.0.store.approvals();
        let now = self.0.store.clock().now();
        // What was allowed for a while is a tool or a request, not that a session costs more.
        if judged.decision.cost.due == CostAction::PauseAndApprove {
            match self.may_go_on(caller, actor).await {
                Ok(false) => {}
                Ok(true) => {
                    return Err(Refusal::Changed {
                        what: "the session",
                    }
                    .into());
                }
                Err(error) => return Ok(Err(error)),
            }
        } else {
            match self.allowance(caller, actor, call, judged, &hash).await {
                Ok(Some(allowance)) => {
                    return self
                        .allow_always((caller, seen), actor, call, judged, &allowance)
                        .await;
                }
                Ok(None) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        let known = match approvals.open_for(tenant, &hash, now).await {
            Ok(known) => known,
            Err(error) => return Ok(Err(error.into())),
        };
        let decision_id = self.new_id();
        let draft = Draft::new(caller, actor, call, judged);
        let mut changes = Changeset::new();
        let approval_id = match known {
            Some(known) => known.approval_id,
            None => {
                let opened = self.new_approval(&draft, seen, hash);
                let approval_id = opened.approval_id.clone();
                changes = changes.with_all(self.0.approvals.opening(actor.who(), opened));
                approval_id
            }
        };
        let held = Some(approval_id.clone());
        let changes = changes
            .with(draft.decision(&decision_id, None, held))
            .with(call.kept())
            .with(actor.sighting(1, 0));
        let reason = judged.decision.reason.as_str();
        self.commit(self.told_as(changes, &draft, "held", reason))
            .await?;
        let held = Held {
            caller,
            seen,
            call,
            decision_id,
            approval_id,
        };
        Ok(Box::pin(self.await_people(&held)).await)
    }

    /// The allowance that answers a call, if a person gave one.
    async fn allowance(
        &self,
        caller: &Caller,
        actor: &Actor,
        call: &Use,
        judged: &Judged,
        hash: &str,
    ) -> Result<Option<Allowance>, Error> {
        let asking = judged.asking();
        let asked = Asked {
            kind: ApprovalKind::ToolCall,
            agent_id: actor.agent.as_ref().map(|agent| &agent.agent_id),
            agent_name: actor.name(),
            session_id: Some(&actor.session.session_id),
            tool_name: &call.call.tool_name,
            request_hash: hash,
            policies: &asking,
            approvers: &judged.decision.approvers,
            quorum: judged.decision.people.quorum,
        };
        let (approvals, now) = (self.0.store.approvals(), self.0.store.clock().now());
        Ok(approvals.allowance(&caller.tenant_id, &asked, now).await?)
    }

    /// Goes on waiting for a call that was held before.
    pub(super) async fn hold_again(
        &self,
        caller: &Caller,
        seen: &Seen,
        call: &Use,
        decision_id: String,
        approval_id: String,
    ) -> Result<Given, Error> {
        let held = Held {
            caller,
            seen,
            call,
            decision_id,
            approval_id,
        };
        Box::pin(self.await_people(&held)).await
    }

    async fn allow_always(
        &self,
        (caller, seen): (&Caller, &Seen),
        actor: &Actor,
        call: &Use,
        judged: &Judged,
        allowance: &Allowance,
    ) -> Committed {
        let mut actor = actor.clone();
        actor.learn(&judged.decision.gained);
        let given = Given::allow(format!(
            "Allowed: {} allows this until {}.",
            allowance.granted_by, allowance.expires_at
        ));
        let draft = Draft::new(caller, &actor, call, judged);
        let hash = digest(&actor, seen, call);
        let tool_use = Some(call.tool_use_id.as_str());
        let approvals = &self.0.approvals;
        let changes = Changeset::new()
            .with(draft.decision(&self.new_id(), Some(&given), None))
            .with(call.kept())
            .with(actor.sighting(1, 0))
            .with_all(approvals.using_allowance(actor.who(), allowance, &hash, tool_use));
        let changes = self.let_through(changes, &draft);
        self.commit(self.told(changes, &draft, &given)).await?;
        Ok(Ok(given))
    }

    fn new_approval(&self, draft: &Draft<'_>, seen: &Seen, request_hash: String) -> NewApproval {
        let (actor, call, judged) = (draft.actor, draft.call, draft.judged);
        let now = self.0.store.clock().now();
        let people = judged.decision.people;
        let approvers = judged.decision.approvers.clone();
        let after = people.escalate_after.map(After::duration);
        // Whom a policy names is not widened unless it says when.
        let is_open = approvers.iter().any(|name| name == HUMAN);
        let escalation = after.or_else(|| is_open.then_some(self.0.options.escalation));
        NewApproval {
            tenant_id: draft.caller.tenant_id.clone(),
            approval_id: self.new_id(),
            kind: ApprovalKind::ToolCall,
            summary: super::summary::detail(&call.call),
            tool_name: call.call.tool_name.clone(),
            input: call.call.tool_input.clone(),
            request_hash,
            agent_id: actor.agent.as_ref().map(|agent| agent.agent_id.clone()),
            agent_name: actor.name().to_owned(),
            session_id: Some(actor.session.session_id.clone()),
            tool_use_id: Some(call.tool_use_id.clone()),
            cwd: seen.cwd.clone(),
            execution_id: None,
            reason: judged.decision.reason.clone(),
            policies: judged.asking(),
            approvers,
            amount: judged.amount(),
            quorum: people.quorum,
            expires_at: now.plus(self.0.options.approval),
            escalate_at: escalation.map(|after| now.plus(after)),
        }
    }

    /// Waits until people have decided, the session is halted, or the time that the client waits is over.
    async fn await_people(&self, held: &Held<'_>) -> Result<Given, Error> {
        let Ok(_permit) = self.0.held.try_acquire() else {
            let reason = "Denied: more calls wait for people than this server holds open: try again once it was approved.";
            return self.answer(held, Given::deny(reason.to_owned())).await;
        };
        let tenant = &held.caller.tenant_id;
        let until = self.0.store.clock().now().plus(self.0.options.hold);
        let mut news = self.0.changes.subscribe();
        loop {
            let actor = self.actor(held.caller, held.seen).await?;
            if let Some(halt) = self.stopping(held.caller, &actor).await? {
                return self.answer(held, Given::halt(halted(&halt))).await;
            }
            if let Some(given) = self.go_on(held, &actor).await? {
                return Ok(given);
            }
            let approval = tokio::select! {
                () = self.0.stopping.cancelled() => {
                    return Err(stopping());
                }
                _ = news.changed() => continue,
                approval = self.0.approvals.wait(tenant, &held.approval_id, until) => approval?,
            };
            return self.decided(held, &approval, until).await;
        }
    }

    /// Lets a call run that was held only for what its session costs, once a person has let the session go on for another call:
    /// its own question is taken back.
    async fn go_on(&self, held: &Held<'_>, actor: &Actor) -> Result<Option<Given>, Error> {
        if !actor.session.facts.iter().any(|fact| fact == COST_APPROVED) {
            return Ok(None);
        }
        let (caller, seen, call) = (held.caller, held.seen, held.call);
        let judged = self.judge(caller, seen, actor, call, None).await?;
        if judged.decision.outcome != Outcome::Allow {
            return Ok(None);
        }
        let approvals = self.0.store.approvals();
        let found = approvals.find(&caller.tenant_id, &held.approval_id).await?;
        let Some(approval) = found.filter(is_of_cost) else {
            return Ok(None);
        };
        let mut actor = actor.clone();
        actor.learn(&judged.decision.gained);
        let given = Given::allow(judged.decision.reason.clone());
        let draft = Draft::new(caller, &actor, call, &judged);
        let reason = "the session was let go on for another call";
        let approvals = &self.0.approvals;
        let changes = Changeset::new()
            .with(held.answer(&given, Some(draft.reservation_id())))
            .with_all(approvals.withdrawing(actor.who(), &approval, reason))
            .with(actor.sighting(0, 0));
        let changes = self.let_through(changes, &draft);
        match self.commit(self.told(changes, &draft, &given)).await {
            Ok(()) => Ok(Some(given)),
            Err(CommitError::Refused(Refusal::AlreadyExists { .. })) => {
                self.answered(held).await.map(Some)
            }
            // It was decided meanwhile, or there is no room: it waits as before.
            Err(CommitError::Refused(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn decided(
        &self,
        held: &Held<'_>,
        approval: &Approval,
        until: Timestamp,
    ) -> Result<Given, Error> {
        let code = approval.code();
        let reason = match approval.state_at(self.0.store.clock().now()) {
            ApprovalState::Approved => return self.use_approval(held, approval, until).await,
            ApprovalState::Pending => format!(
                "Denied for now: nobody has decided {code} yet. It stays in the inbox until {}; ask again once it was approved.",
                approval.expires_at
            ),
            ApprovalState::Denied => {
                let vote = approval.votes.last();
                let by = vote.map_or("a person", |vote| vote.person.as_str());
                match vote.and_then(|vote| vote.comment.as_deref()) {
                    Some(comment) => format!("Denied by {by} ({code}): {comment}"),
                    None => format!("Denied by {by} ({code})."),
                }
            }
            ApprovalState::Expired => format!("Denied: nobody decided {code} in time."),
            ApprovalState::Withdrawn => format!("Denied: {code} was withdrawn."),
            ApprovalState::Used => format!("Denied: {code} was used by another call."),
        };
        self.answer(held, Given::deny(reason)).await
    }

    /// Lets a call run that was approved: once, for what was approved, and as far as policies and budgets still allow it.
    async fn use_approval(
        &self,
        held: &Held<'_>,
        approval: &Approval,
        until: Timestamp,
    ) -> Result<Given, Error> {
        let (caller, seen) = (held.caller, held.seen);
        let mut call = held.call.clone();
        let is_edited = approval.original_input.is_some();
        call.call.tool_input.clone_from(&approval.input);
        let by = approver(approval);
        let approvals = &self.0.approvals;
        let mut news = self.0.changes.subscribe();
        let mut tries = 0;
        loop {
            news.borrow_and_update();
            let mut actor = self.actor(caller, seen).await?;
            if let Some(halt) = self.stopping(caller, &actor).await? {
                return self.answer(held, Given::halt(halted(&halt))).await;
            }
            let judged = self.judge(caller, seen, &actor, &call, None).await?;
            if judged.decision.stops_session() && tries < TRIES_MAX {
                tries += 1;
                if self.stop_held(caller, &actor, &call, &judged).await? {
                    continue;
                }
            }
            if judged.decision.outcome == Outcome::Deny {
                return self.forbidden(held, judged.decision.reason).await;
            }
            if judged.decision.people.quorum > approval.quorum {
                return self.too_few(held, approval, &judged).await;
            }
            if !self.might_agree(caller, approval, &judged).await? {
                return self.others_decide(held, approval, &judged).await;
            }
            let gained = gained(&judged, approval);
            actor.learn(&gained);
            let mut given = Given::allow(format!("Allowed by {by} ({}).", approval.code()));
            given.updated_input = is_edited.then(|| approval.input.clone());
            let draft = Draft::new(caller, &actor, &call, &judged);
            // The digest of what will run, not the one that the approval says: they must be the same.
            let request_hash = digest(&actor, seen, &call);
            let changes = Changeset::new()
                .with(held.answer(&given, Some(draft.reservation_id())))
                .with_all(approvals.using(actor.who(), approval, &request_hash))
                .with(actor.sighting(0, 0));
            let changes = self.let_through(changes, &draft);
            match self.commit(self.told(changes, &draft, &given)).await {
                Ok(()) => {
                    if gained.iter().any(|fact| fact == COST_APPROVED) {
                        self.changed();
                    }
                    return Ok(given);
                }
                Err(CommitError::Refused(Refusal::Changed { .. })) if tries < TRIES_MAX => {
                    tries += 1;
                }
                Err(CommitError::Refused(Refusal::AlreadyExists { .. })) => {
                    return self.answered(held).await;
                }
                Err(CommitError::Refused(refusal @ Refusal::OverBudget { waits, .. })) => {
                    if !(waits && self.room(&mut news, until).await?) {
                        let given = Given::deny(format!("Denied: {}.", no_room(&actor, refusal)));
                        return self.answer(held, given).await;
                    }
                }
                Err(CommitError::Refused(refusal @ Refusal::Approval(_))) => {
                    let given = Given::deny(format!("Denied: {}: {refusal}.", approval.code()));
                    return self.answer(held, given).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until some budget may have room again; `false` when the time is over.
    pub(super) async fn room(
        &self,
        news: &mut watch::Receiver<u64>,
        until: Timestamp,
    ) -> Result<bool, Error> {
        let left = until.since(self.0.store.clock().now());
        tokio::select! {
            () = self.0.stopping.cancelled() => Err(stopping()),
            heard = news.changed() => Ok(heard.is_ok()),
            () = tokio::time::sleep(left) => Ok(false),
        }
    }

    pub(super) async fn stopping(
        &self,
        caller: &Caller,
        actor: &Actor,
    ) -> Result<Option<Halt>, Error> {
        let session = &actor.session.session_id;
        let agents: Vec<&Agent> = actor.agents().collect();
        let halts = &self.0.halts;
        halts.stopping(&caller.tenant_id, session, &agents).await
    }
}

/// What a session gains by a call that was approved; that it may go on, only when people were asked that.
fn gained(judged: &Judged, approval: &Approval) -> Vec<String> {
    let mut gained = judged.decision.gained.clone();
    gained.retain(|fact| fact != COST_APPROVED || is_of_cost(approval));
    gained
}

/// Whether people were asked whether the session goes on, although it costs so much.
pub(super) fn is_of_cost(approval: &Approval) -> bool {
    approval.policies.iter().any(|id| id == COST_ESCALATION)
}

fn stopping() -> Error {
    Error::Unavailable("the server is stopping: ask again".to_owned())
}

/// Who said yes last.
fn approver(approval: &Approval) -> &str {
    let mut votes = approval.votes.iter().rev();
    let vote = votes.find(|vote| vote.verdict == Verdict::Approve);
    vote.map_or("a person", |vote| vote.person.as_str())
}

/// The digest of what a person is asked: who would do exactly what, where.
fn digest(actor: &Actor, seen: &Seen, call: &Use) -> String {
    request_hash(&request(
        actor.agent.as_ref().map(|agent| &agent.agent_id),
        actor.name(),
        Some(&actor.session.session_id),
        &call.call.tool_name,
        &call.call.tool_input,
        seen.cwd.as_deref(),
    ))
}
