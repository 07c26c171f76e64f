//! What is committed for a decision: the decision itself, what is reserved for it, what its session learned, the audit entry and what
//! the live feed says, all or nothing.

use civitas_audit::{Actor as Who, NewEntry};
use civitas_model::agent::as_name;
use civitas_model::budget::Reserve;
use civitas_model::{Caller, Halt};
use civitas_storage::{
    AgentSessionChange, Announce, BudgetChange, Changeset, CommitError, DecisionChange,
};
use serde_json::{Value, json};

use super::Gate;
use super::actor::Actor;
use super::answer::{Given, Verdict};
use super::call::{Judged, Use, pools};
use super::summary::{detail, target};
use crate::policies::{EventKey, recorded};

/// The category of entries about what agents do, and the kind of their actors.
const AGENT: &str = "agent";
/// The operation that a tool call is.
const TOOL_USE: &str = "tool_use";

/// A decision in the making.
pub(super) struct Draft<'a> {
    pub caller: &'a Caller,
    pub actor: &'a Actor,
    pub call: &'a Use,
    pub judged: &'a Judged,
}

impl Gate {
    /// Lets a call run.
    pub(super) async fn record_allowed(
        &self,
        caller: &Caller,
        actor: &Actor,
        call: &Use,
        judged: &Judged,
    ) -> Result<Given, CommitError> {
        let given = Given::allow(judged.decision.reason.clone());
        let draft = Draft::new(caller, actor, call, judged);
        let changes = Changeset::new()
            .with(draft.decision(&self.new_id(), Some(&given), None))
            .with(call.kept())
            .with(actor.sighting(1, 0));
        let changes = self.let_through(changes, &draft);
        self.commit(self.told(changes, &draft, &given)).await?;
        Ok(given)
    }

    /// Refuses a call.
    pub(super) async fn record_denied(
        &self,
        caller: &Caller,
        actor: &Actor,
        call: &Use,
        judged: &Judged,
    ) -> Result<Given, CommitError> {
        let given = Given::deny(judged.decision.reason.clone());
        let draft = Draft::new(caller, actor, call, judged);
        let changes = Changeset::new()
            .with(draft.decision(&self.new_id(), Some(&given), None))
            .with(call.kept())
            .with(actor.sighting(1, 1));
        self.commit(self.told(changes, &draft, &given)).await?;
        Ok(given)
    }

    /// Tells a session that is halted to stop.
    pub(super) async fn record_halt(
        &self,
        caller: &Caller,
        actor: &Actor,
        call: &Use,
        judged: &Judged,
        halt: &Halt,
    ) -> Result<Given, CommitError> {
        let given = Given::halt(halted(halt));
        let draft = Draft::new(caller, actor, call, judged);
        let changes = Changeset::new()
            .with(draft.decision(&self.new_id(), Some(&given), None))
            .with(call.kept())
            .with(actor.sighting(1, 1));
        self.commit(self.told(changes, &draft, &given)).await?;
        Ok(given)
    }

    /// The changes with what a call that runs takes out of its pools until its outcome is known, and with what people are told of
    /// its session's cost.
    pub(super) fn let_through(&self, changes: Changeset, draft: &Draft<'_>) -> Changeset {
        let changes = changes.with(BudgetChange::Reserve(Reserve {
            tenant_id: draft.caller.tenant_id.clone(),
            reservation_id: draft.reservation_id(),
            pools: pools(draft.actor),
            amount: draft.judged.amount(),
            lifetime: self.0.options.reservation,
        }));
        self.cost_told(changes, draft)
    }

    /// The changes with the audit entry and what the feed says of them.
    pub(super) fn told(&self, changes: Changeset, draft: &Draft<'_>, given: &Given) -> Changeset {
        self.told_as(changes, draft, given.verdict.decision(), &given.reason)
    }

    /// The same of what is not answered yet.
    pub(super) fn told_as(
        &self,
        changes: Changeset,
        draft: &Draft<'_>,
        decision: &str,
        reason: &str,
    ) -> Changeset {
        let (caller, actor, call) = (draft.caller, draft.actor, draft.call);
        let facts = draft.facts(reason);
        let entry = self
            .entry(caller, actor, TOOL_USE)
            .outcome(decision)
            .of_tool_use(call.tool_use_id.as_str())
            .on("tool", call.call.tool_name.as_str())
            .with_body(&facts, self.0.entropy.as_ref());
        let data = json!({
            "audit_id": entry.entry_id,
            "agent": { "agent_id": entry.actor.id, "name": actor.name(), "role": entry.actor.role },
            "session_id": actor.session.session_id,
            "tool_use_id": call.tool_use_id,
            "operation": { "type": TOOL_USE, "detail": facts["operation_detail"] },
            "target": { "resource": facts["target_resource"], "type": facts["target_type"] },
            "rbac": { "decision": decision, "reason": reason },
            "cost": { "usd": facts["cost_usd"], "tokens_used": facts["tokens_used"] },
            "context": facts["context"],
            "timestamp": null,
        });
        let changes = changes.with(entry).with(Announce {
            tenant_id: caller.tenant_id.clone(),
            kind: "rbac_decision",
            data,
        });
        match &actor.unregistered {
            Some(name) => changes.with(AgentSessionChange::SeeUnregistered {
                tenant_id: caller.tenant_id.clone(),
                name: as_name(name).unwrap_or_else(|| name.clone()),
                session_id: actor.session.session_id.clone(),
            }),
            None => changes,
        }
    }

    /// An entry about what an agent does.
    pub(super) fn entry(&self, caller: &Caller, actor: &Actor, action: &str) -> NewEntry {
        let (clock, entropy) = (self.0.store.clock().as_ref(), self.0.entropy.as_ref());
        NewEntry::new(
            clock,
            entropy,
            &caller.tenant_id,
            actor.who(),
            AGENT,
            action,
        )
    }

    pub(super) async fn commit(&self, changes: Changeset) -> Result<(), CommitError> {
        self.0.store.commit(changes).await.map(drop)
    }
}

impl Actor {
    /// Who acts, in the audit log.
    pub(super) fn who(&self) -> Who {
        let agent = self.agent.as_ref();
        let id = agent.map_or("unknown", |agent| agent.agent_id.as_str());
        Who {
            role: agent.map(|agent| agent.role.as_str().to_owned()),
            ..Who::new(AGENT, id)
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) const fn new(
        caller: &'a Caller,
        actor: &'a Actor,
        call: &'a Use,
        judged: &'a Judged,
    ) -> Self {
        Self {
            caller,
            actor,
            call,
            judged,
        }
    }

    /// The decision as it is kept. Without an answer the call is held.
    pub(super) fn decision(
        &self,
        decision_id: &str,
        given: Option<&Given>,
        approval_id: Option<String>,
    ) -> DecisionChange {
        let (actor, call, judged) = (self.actor, self.call, self.judged);
        let key = EventKey {
            session_id: &actor.session.session_id,
            tool_use_id: &call.tool_use_id,
            event: call.event,
        };
        let tenant = &self.caller.tenant_id;
        let answer = given.map_or(Value::Null, |given| json!(given));
        let mut decision = recorded(
            tenant,
            decision_id,
            key,
            &judged.request,
            &judged.decision,
            answer,
        );
        actor.name().clone_into(&mut decision.agent_name);
        decision.approval_id = approval_id;
        match given.map(|given| (given, given.verdict)) {
            Some((given, Verdict::Halt)) => {
                "halt".clone_into(&mut decision.outcome);
                // Policy may have allowed it.
                decision.reason.clone_from(&given.reason);
            }
            Some((_, Verdict::Allow)) => decision.reservation_id = Some(self.reservation_id()),
            _ => {}
        }
        DecisionChange::Record(Box::new(decision))
    }

    /// Under which the call's money is reserved: the same for the same call.
    pub(super) fn reservation_id(&self) -> String {
        reservation_id(&self.actor.session.session_id, &self.call.tool_use_id)
    }

    /// What the entry's body says.
    fn facts(&self, reason: &str) -> Value {
        let (call, decision) = (&self.call.call, &self.judged.decision);
        let amount = self.judged.amount();
        let (target_type, resource) = target(call);
        json!({
            "agent_name": self.actor.name(),
            "operation_detail": detail(call),
            "target_resource": resource,
            "target_type": target_type,
            "rbac_reason": reason,
            "cost_usd": amount.cost,
            "tokens_used": amount.tokens,
            "context": {
                "session_id": self.actor.session.session_id,
                "tool_name": call.tool_name,
                "event": self.call.event,
                "is_sub_agent": self.actor.is_sub_agent,
                "also_named": self.actor.also_named(),
                "judged": decision.outcome,
                "policies": self.judged.policies(),
                "fingerprint": decision.fingerprint,
                "shadow": decision.shadow.as_ref().map(|shadow| shadow.outcome),
            },
            "reported_by": self.caller.name,
        })
    }
}

/// The reservation of a tool use.
pub(super) fn reservation_id(session_id: &str, tool_use_id: &str) -> String {
    format!("{session_id}/{tool_use_id}")
}

/// What whoever is halted is told.
pub(super) fn halted(halt: &Halt) -> String {
    crate::halts::told(halt)
}
