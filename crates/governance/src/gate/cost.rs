//! What a session costs: people are told, asked, and the session is stopped, as the tables say.

use civitas_audit::{Actor as Who, NewEntry};
use civitas_model::approval::ApprovalState;
use civitas_model::{Caller, Halt, HaltScope, Money};
use civitas_policy::{COST_APPROVED, COST_ESCALATION, Decision};
use civitas_storage::{Announce, ApprovalFilter, Changeset, CommitError, Refusal};
use serde_json::json;

use super::Gate;
use super::actor::Actor;
use super::answer::Given;
use super::call::{Judged, Use};
use super::hold::is_of_cost;
use super::record::{Draft, halted};
use crate::error::Error;

/// The category of the entries that people were told.
const CATEGORY: &str = "budget";
/// Approvals of a session that nobody has used yet, at most, among which its own is looked for.
const APPROVED_MAX: u32 = 200;

impl Gate {
    /// The changes with what people are told when a session has come to cost so much, once.
    pub(super) fn cost_told(&self, changes: Changeset, draft: &Draft<'_>) -> Changeset {
        let (actor, decision) = (draft.actor, &draft.judged.decision);
        if !decision.tells_cost() {
            return changes;
        }
        let tenant = &draft.caller.tenant_id;
        let session = actor.session.session_id.as_str();
        let agent = actor.agent.as_ref();
        let facts = json!({
            "session_id": session,
            "agent_id": agent.map(|agent| &agent.agent_id),
            "agent_name": actor.name(),
            "role": agent.map(|agent| agent.role.as_str()),
            "cost_usd": Money::from_micros(decision.cost.with_call_micro_usd),
            "reached": decision.cost.reached,
        });
        let (clock, entropy) = (self.0.store.clock().as_ref(), self.0.entropy.as_ref());
        let who = Who::system(COST_ESCALATION);
        let entry = NewEntry::new(clock, entropy, tenant, who, CATEGORY, "session_cost")
            .on("agent_session", session)
            .of_tool_use(draft.call.tool_use_id.as_str())
            .with_body(&facts, entropy);
        changes.with(entry).with(Announce {
            tenant_id: tenant.clone(),
            kind: "cost_warning",
            data: facts,
        })
    }

    /// Refuses a call and stops its session, for what it costs: a halt like any other, which a person lifts.
    pub(super) async fn record_stop(
        &self,
        caller: &Caller,
        actor: &Actor,
        call: &Use,
        judged: &Judged,
    ) -> Result<Given, CommitError> {
        let mut stopped = actor.clone();
        stopped.learn(&judged.decision.gained);
        let draft = Draft::new(caller, &stopped, call, judged);
        let halt = self.cost_halt(&draft);
        let given = Given::halt(halted(&halt));
        let changes = Changeset::new()
            .with(draft.decision(&self.new_id(), Some(&given), None))
            .with(call.kept())
            .with(stopped.sighting(1, 1))
            .with_all(self.0.halts.setting(Who::system(COST_ESCALATION), &halt));
        match self.commit(self.told(changes, &draft, &given)).await {
            Ok(()) => {
                self.halts_changed(&caller.tenant_id);
                Ok(given)
            }
            // With too many halts in force it is not written down as one. Its calls are stopped one by one.
            Err(CommitError::Refused(Refusal::TooMany { .. })) => {
                let given = Given::halt(why(&judged.decision));
                let draft = Draft::new(caller, actor, call, judged);
                let changes = Changeset::new()
                    .with(draft.decision(&self.new_id(), Some(&given), None))
                    .with(call.kept())
                    .with(actor.sighting(1, 1));
                self.commit(self.told(changes, &draft, &given)).await?;
                Ok(given)
            }
            Err(error) => Err(error),
        }
    }

    /// The same while a call is held, which then hears of the halt; `false` when it could not be set.
    pub(super) async fn stop_held(
        &self,
        caller: &Caller,
        actor: &Actor,
        call: &Use,
        judged: &Judged,
    ) -> Result<bool, Error> {
        let mut stopped = actor.clone();
        stopped.learn(&judged.decision.gained);
        let halt = self.cost_halt(&Draft::new(caller, &stopped, call, judged));
        let setting = self.0.halts.setting(Who::system(COST_ESCALATION), &halt);
        match self.commit(setting.with(stopped.sighting(0, 0))).await {
            Ok(()) => {
                self.halts_changed(&caller.tenant_id);
                Ok(true)
            }
            Err(CommitError::Refused(Refusal::Changed { .. })) => Ok(true),
            Err(CommitError::Refused(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets a session go on that a person approved when the call that asked was not held any more: `true` when calls are to be
    /// judged again. The approval itself still counts once, for its own call.
    pub(super) async fn may_go_on(&self, caller: &Caller, actor: &Actor) -> Result<bool, Error> {
        let tenant = &caller.tenant_id;
        let session = actor.session.session_id.as_str();
        let filter = ApprovalFilter {
            state: Some(ApprovalState::Approved),
            now: self.0.store.clock().now(),
            session_id: Some(session.to_owned()),
            ..ApprovalFilter::default()
        };
        let approvals = self.0.store.approvals();
        let approved = approvals.list(tenant, &filter, APPROVED_MAX).await?;
        let Some(approval) = approved.iter().find(|approval| is_of_cost(approval)) else {
            return Ok(false);
        };
        let mut actor = actor.clone();
        actor.learn(&[COST_APPROVED.to_owned()]);
        let body = json!({ "approval_id": approval.approval_id, "code": approval.code() });
        let (clock, entropy) = (self.0.store.clock().as_ref(), self.0.entropy.as_ref());
        let who = Who::system(COST_ESCALATION);
        let entry = NewEntry::new(clock, entropy, tenant, who, CATEGORY, "session_cost")
            .outcome("approved")
            .on("agent_session", session)
            .with_body(&body, entropy);
        let changes = Changeset::new().with(actor.sighting(0, 0)).with(entry);
        match self.commit(changes).await {
            Ok(()) => self.changed(),
            Err(CommitError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    fn cost_halt(&self, draft: &Draft<'_>) -> Halt {
        Halt {
            tenant_id: draft.caller.tenant_id.clone(),
            halt_id: self.new_id(),
            scope: HaltScope::Session(draft.actor.session.session_id.clone()),
            reason: why(&draft.judged.decision),
            set_by: COST_ESCALATION.to_owned(),
            set_at: self.0.store.clock().now(),
            lifted_by: None,
            lifted_at: None,
        }
    }
}

/// What the rule said, as a fragment.
fn why(decision: &Decision) -> String {
    let rule = decision
        .policies
        .iter()
        .find(|policy| policy.id == COST_ESCALATION);
    let said = rule.map_or(decision.reason.as_str(), |rule| rule.reason.as_str());
    format!("what the session costs: {said}")
}
