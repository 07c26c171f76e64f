//! How a call that was held is answered, and what becomes of its question then.

use civitas_model::approval::{ApprovalState, HUMAN, Person, Vote};
use civitas_model::{Approval, Caller, Id};
use civitas_storage::{Changeset, CommitError, Refusal};

use super::Held;
use crate::error::Error;
use crate::gate::Gate;
use crate::gate::actor::Actor;
use crate::gate::answer::{Given, Verdict};
use crate::gate::call::{Judged, TRIES_MAX};
use crate::gate::record::Draft;

impl Gate {
    /// Refuses what fewer people agreed to than policy wants for it by now, or for what somebody made of it.
    pub(super) async fn too_few(
        &self,
        held: &Held<'_>,
        approval: &Approval,
        judged: &Judged,
    ) -> Result<Given, Error> {
        let (code, asked) = (approval.code(), approval.quorum);
        let wanted = judged.decision.people.quorum;
        let reason = format!(
            "Denied: {wanted} people must agree to it, and {code} was asked of {asked}: it is taken back, ask again."
        );
        let why = "more people are to be asked";
        self.end(held, Given::deny(reason), Some(why)).await
    }

    /// Whether everyone who agreed may decide what will run, as policy names people by now and for what somebody made of it.
    pub(super) async fn might_agree(
        &self,
        caller: &Caller,
        approval: &Approval,
        judged: &Judged,
    ) -> Result<bool, Error> {
        let mut wanted = approval.clone();
        wanted.approvers.clone_from(&judged.decision.approvers);
        if wanted.approvers.iter().any(|name| name == HUMAN) {
            return Ok(true);
        }
        for vote in approval.agreed() {
            let person = self.voter(caller, vote).await?;
            if wanted.check_approver(&person).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Who voted, with the role that they have now.
    async fn voter(&self, caller: &Caller, vote: &Vote) -> Result<Person, Error> {
        let operator = Person::from(&Caller::local_operator());
        if vote.person_id == operator.id {
            return Ok(operator);
        }
        let memberships = self.0.store.memberships();
        let user = Id::trusted(vote.person_id.as_str());
        let found = memberships.find(&caller.tenant_id, &user).await?;
        Ok(Person {
            id: vote.person_id.clone(),
            name: vote.person.clone(),
            roles: found.into_iter().map(|found| found.role).collect(),
        })
    }

    /// Refuses what others have to agree to than those who did.
    pub(super) async fn others_decide(
        &self,
        held: &Held<'_>,
        approval: &Approval,
        judged: &Judged,
    ) -> Result<Given, Error> {
        let (code, who) = (approval.code(), judged.decision.approvers.join(" or "));
        let reason = format!(
            "Denied: {who} decides this, and somebody else agreed to {code}: it is taken back, ask again."
        );
        let why = "other people decide what would run";
        self.end(held, Given::deny(reason), Some(why)).await
    }

    /// Refuses what people agreed to and policy does not allow, by now or as somebody edited it. The question is taken back, so
    /// that the same call is asked about anew.
    pub(super) async fn forbidden(&self, held: &Held<'_>, reason: String) -> Result<Given, Error> {
        let why = "policy does not allow what was approved";
        self.end(held, Given::deny(reason), Some(why)).await
    }

    /// Answers a call that was held, durably; when another asker was answered meanwhile, the same as that one.
    pub(super) async fn answer(&self, held: &Held<'_>, given: Given) -> Result<Given, Error> {
        let is_halted = given.verdict == Verdict::Halt;
        let why = is_halted.then_some("its call was halted");
        self.end(held, given, why).await
    }

    /// The same, with its question taken back in the same commit when a reason is given.
    async fn end(&self, held: &Held<'_>, given: Given, why: Option<&str>) -> Result<Given, Error> {
        for _ in 0..TRIES_MAX {
            let (caller, seen, call) = (held.caller, held.seen, held.call);
            let actor = self.actor(caller, seen).await?;
            let judged = self.judge(caller, seen, &actor, call, None).await?;
            let draft = Draft::new(caller, &actor, call, &judged);
            let changes = Changeset::new()
                .with(held.answer(&given, None))
                .with(actor.sighting(0, 1))
                .with_all(self.taken_back(held, &actor, why).await?);
            match self.commit(self.told(changes, &draft, &given)).await {
                Ok(()) => return Ok(given),
                // The session changed, or its approval was decided meanwhile.
                Err(CommitError::Refused(Refusal::Changed { .. } | Refusal::Approval(_))) => {}
                Err(CommitError::Refused(Refusal::AlreadyExists { .. })) => {
                    return self.answered(held).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        // It is not let through, whatever else was to be noted.
        Ok(given)
    }

    /// What takes the question of a call back, unless it is over.
    async fn taken_back(
        &self,
        held: &Held<'_>,
        actor: &Actor,
        why: Option<&str>,
    ) -> Result<Changeset, Error> {
        let Some(why) = why else {
            return Ok(Changeset::new());
        };
        let (store, tenant) = (&self.0.store, &held.caller.tenant_id);
        let found = store.approvals().find(tenant, &held.approval_id).await?;
        let now = store.clock().now();
        let is_open = |approval: &Approval| {
            let state = approval.state_at(now);
            matches!(state, ApprovalState::Pending | ApprovalState::Approved)
        };
        Ok(match found.filter(is_open) {
            Some(approval) => {
                let approvals = &self.0.approvals;
                approvals.withdrawing(actor.who(), &approval, why)
            }
            None => Changeset::new(),
        })
    }

    pub(super) async fn answered(&self, held: &Held<'_>) -> Result<Given, Error> {
        let tenant = &held.caller.tenant_id;
        let decisions = self.0.store.decisions();
        let found = decisions.find_by_id(tenant, &held.decision_id).await?;
        let given = found.and_then(|found| serde_json::from_value(found.answer).ok());
        given.ok_or_else(|| Error::Unavailable("the answer cannot be read: ask again".to_owned()))
    }
}
