//! What may be done with an approval, and what it makes of it.

use serde_json::Value;

use super::{
    Approval, ApprovalKind, ApprovalState, DELEGATIONS_MAX, Delegation, HUMAN, Person, Verdict,
    Vote,
};
use crate::id::AgentId;
use crate::permission::Role;
use crate::time::Timestamp;

/// Why something was not done with an approval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalRefusal {
    /// It was decided before.
    #[error("it is {} already", .0.as_str())]
    Decided(ApprovalState),
    /// Its time is over, which means no.
    #[error("it expired at {0}: what asked for it has to ask again")]
    Expired(Timestamp),
    /// Nothing was approved that could be used.
    #[error("it is {}, not approved", .0.as_str())]
    NotApproved(ApprovalState),
    /// What was approved was done before.
    #[error("it was used before: each approval counts once")]
    Used,
    /// What was approved, or looked at, is something else.
    #[error("it is about another request than this one: read it again")]
    OtherRequest,
    /// The person is none of its approvers.
    #[error("it is decided by {}", .0.join(", "))]
    NotApprover(Vec<String>),
    /// The person answers for what asks, and more than one has to agree.
    #[error("more than one person has to agree, and you answer for what asks: others decide")]
    OwnRequest,
    /// The person said so before.
    #[error("you said so before: {0} more must agree")]
    Voted(u32),
    /// It is not time yet.
    #[error("it is not time for that yet")]
    Early,
    /// Too many people were asked.
    #[error("it was delegated {DELEGATIONS_MAX} times: decide it")]
    Delegations,
    /// The time it is to wait is over, or longer than approvals last.
    #[error("it must end in the future, within 30 days")]
    Lifetime,
    /// How many people must agree is out of bounds.
    #[error("1 to 20 people may have to agree")]
    Quorum,
    /// An allowance would let one person decide what several have to.
    #[error("several people have to agree each time: approve it without `always`")]
    AllowanceOfMany,
    /// An allowance goes beyond the approval it was given with.
    #[error("an allowance is given with an approval, and for no more than what was approved")]
    Allowance,
    /// An allowance was taken back, or its time is over.
    #[error("the allowance ended")]
    AllowanceEnded,
    /// Nobody in an anonymous session's tenant can decide.
    #[error("nobody can decide it in an anonymous session: sign in first")]
    Anonymous,
}

/// Another input, with the digest of the request that it makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The input.
    pub input: Value,
    /// The digest.
    pub request_hash: String,
}

/// A vote about to be counted.
#[derive(Debug, Clone, PartialEq)]
pub struct NewVote {
    /// Who votes.
    pub person: Person,
    /// What they say.
    pub verdict: Verdict,
    /// Why.
    pub comment: Option<String>,
    /// The request they looked at, when they say so: a vote of another is refused.
    pub request_hash: Option<String>,
    /// What they approve instead of what was asked for.
    pub edit: Option<Edit>,
}

/// A request, as far as it tells whether what was answered before holds for it, too.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What asks.
    pub kind: ApprovalKind,
    /// The agent, when it is registered.
    pub agent_id: Option<&'a AgentId>,
    /// The agent's name; of an execution, its intent's type.
    pub agent_name: &'a str,
    /// The session it came up in.
    pub session_id: Option<&'a str>,
    /// The tool, or the name of the point in a handler.
    pub tool_name: &'a str,
    /// The digest of the request.
    pub request_hash: &'a str,
    /// What asks for people: policies, and steps of the judgement.
    pub policies: &'a [String],
    /// Who may decide.
    pub approvers: &'a [String],
    /// How many people must agree.
    pub quorum: u32,
}

impl Approval {
    /// The request that it is about.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            kind: self.kind,
            agent_id: self.agent_id.as_ref(),
            agent_name: &self.agent_name,
            session_id: self.session_id.as_deref(),
            tool_name: &self.tool_name,
            request_hash: &self.request_hash,
            policies: &self.policies,
            approvers: &self.approvers,
            quorum: self.quorum,
        }
    }

    /// Whether what a person allowed from now on, deciding this, answers another request of the same tool: one person may
    /// decide that, too, and it is asked for by nothing that this person was not asked by. Without a registered agent
    /// a call is only known by its session.
    pub fn answers(&self, asked: &Asked<'_>) -> bool {
        let is_held_alike = asked.policies.iter().all(|id| self.policies.contains(id));
        let may_decide = |name: &String| self.first_approvers().any(|first| first == name);
        let is_somebodys = asked.kind == ApprovalKind::Execution
            || asked.agent_id.is_some()
            || asked.session_id == self.session_id.as_deref();
        asked.quorum <= 1 && is_held_alike && is_somebodys && asked.approvers.iter().all(may_decide)
    }

    /// Who might decide when it was asked for, without those who were asked afterwards.
    fn first_approvers(&self) -> impl Iterator<Item = &String> {
        let named = self.approvers.iter().enumerate();
        let first = named.filter(|(place, name)| {
            let is_delegate = self.delegations.iter().any(|to| to.to == **name);
            let is_later = *place > 0 && *name == HUMAN && self.escalated_at.is_some();
            !is_delegate && !is_later
        });
        first.map(|(_, name)| name)
    }

    /// Where it stands at a time.
    pub fn state_at(&self, now: Timestamp) -> ApprovalState {
        if self.state.is_open() && self.expires_at <= now {
            ApprovalState::Expired
        } else {
            self.state
        }
    }

    /// How many more people must agree.
    pub fn missing(&self) -> u32 {
        let agreed = self.agreed().count();
        let agreed = u32::try_from(agreed).unwrap_or(u32::MAX);
        self.quorum.saturating_sub(agreed)
    }

    /// The votes that let it happen.
    pub fn agreed(&self) -> impl Iterator<Item = &Vote> {
        self.votes.iter().filter(|vote| self.agrees(vote))
    }

    /// A vote for another request than the one that would be used does not count.
    fn agrees(&self, vote: &Vote) -> bool {
        vote.verdict == Verdict::Approve && vote.request_hash == self.request_hash
    }

    fn check_pending(&self, now: Timestamp) -> Result<(), ApprovalRefusal> {
        match self.state_at(now) {
            ApprovalState::Pending => Ok(()),
            ApprovalState::Expired => Err(ApprovalRefusal::Expired(self.expires_at)),
            state => Err(ApprovalRefusal::Decided(state)),
        }
    }

    /// Whether a person may decide it. A role stands for those above it, too; an admin always may, so that there is somebody who
    /// can, whatever names stand there.
    pub fn check_approver(&self, person: &Person) -> Result<(), ApprovalRefusal> {
        let is_admin = person.roles.contains(&Role::Admin);
        let is_named = |name: &String| {
            let role = Role::parse(name);
            name == HUMAN
                || role.is_some_and(|role| person.roles.iter().any(|held| *held >= role))
                || *name == person.id
                || name.eq_ignore_ascii_case(&person.name)
        };
        if !is_admin && !self.approvers.iter().any(is_named) {
            let mut approvers = self.approvers.clone();
            if !approvers.iter().any(|name| name == Role::Admin.as_str()) {
                approvers.push(Role::Admin.as_str().to_owned());
            }
            return Err(ApprovalRefusal::NotApprover(approvers));
        }
        let owns = |owner: &String| *owner == person.id || *owner == person.name;
        if self.quorum > 1 && self.owner.as_ref().is_some_and(owns) {
            return Err(ApprovalRefusal::OwnRequest);
        }
        Ok(())
    }

    /// Counts a vote. One no decides; so does the last yes that was missing.
    pub fn vote(&mut self, new: NewVote, now: Timestamp) -> Result<(), ApprovalRefusal> {
        self.check_pending(now)?;
        self.check_approver(&new.person)?;
        if new
            .request_hash
            .is_some_and(|hash| hash != self.request_hash)
        {
            return Err(ApprovalRefusal::OtherRequest);
        }
        if let Some(edit) = new
            .edit
            .filter(|edit| edit.request_hash != self.request_hash)
        {
            let asked = std::mem::replace(&mut self.input, edit.input);
            self.original_input.get_or_insert(asked);
            self.request_hash = edit.request_hash;
        }
        let id = &new.person.id;
        let before = self.votes.iter().find(|vote| vote.person_id == *id);
        if new.verdict == Verdict::Approve && before.is_some_and(|vote| self.agrees(vote)) {
            return Err(ApprovalRefusal::Voted(self.missing()));
        }
        self.votes.retain(|vote| vote.person_id != *id);
        self.votes.push(Vote {
            person_id: new.person.id,
            person: new.person.name,
            verdict: new.verdict,
            comment: new.comment,
            request_hash: self.request_hash.clone(),
            at: now,
        });
        match new.verdict {
            Verdict::Deny => self.decide(ApprovalState::Denied, now),
            Verdict::Approve if self.missing() == 0 => self.decide(ApprovalState::Approved, now),
            Verdict::Approve => {}
        }
        Ok(())
    }

    fn decide(&mut self, state: ApprovalState, now: Timestamp) {
        let mut people = Vec::new();
        for vote in &self.votes {
            if self.agrees(vote) || vote.verdict == Verdict::Deny {
                people.push(match &vote.comment {
                    Some(comment) => format!("{}: {comment}", vote.person),
                    None => vote.person.clone(),
                });
            }
        }
        if state == ApprovalState::Denied {
            // The last vote is the one that decided.
            people = people.pop().into_iter().collect();
        }
        self.end(
            state,
            format!("{} by {}", state.as_str(), people.join(", ")),
            now,
        );
    }

    fn end(&mut self, state: ApprovalState, outcome: String, now: Timestamp) {
        self.state = state;
        self.decided_at = Some(now);
        self.outcome = Some(outcome);
    }

    /// Approves it because an allowance covers it.
    pub fn allow(&mut self, allowance_id: &str, now: Timestamp) {
        let outcome = format!("approved by the allowance {allowance_id}");
        self.end(ApprovalState::Approved, outcome, now);
    }

    /// Lets someone else decide, too.
    pub fn delegate(
        &mut self,
        by: &Person,
        to: &str,
        comment: Option<String>,
        now: Timestamp,
    ) -> Result<(), ApprovalRefusal> {
        self.check_pending(now)?;
        self.check_approver(by)?;
        if self.delegations.len() >= DELEGATIONS_MAX {
            return Err(ApprovalRefusal::Delegations);
        }
        self.admit(to);
        self.delegations.push(Delegation {
            by_id: by.id.clone(),
            by: by.name.clone(),
            to: to.to_owned(),
            comment,
            at: now,
        });
        Ok(())
    }

    fn admit(&mut self, approver: &str) {
        if !self.approvers.iter().any(|known| known == approver) {
            self.approvers.push(approver.to_owned());
        }
    }

    /// Lets everyone decide who may decide approvals, once its time for that has come.
    pub fn escalate(&mut self, now: Timestamp) -> Result<(), ApprovalRefusal> {
        self.check_pending(now)?;
        if self.escalated_at.is_some() || self.escalate_at.is_none_or(|at| now < at) {
            return Err(ApprovalRefusal::Early);
        }
        self.admit(HUMAN);
        self.escalated_at = Some(now);
        Ok(())
    }

    /// Writes down that its time is over.
    pub fn expire(&mut self, now: Timestamp) -> Result<(), ApprovalRefusal> {
        let outcome = match self.state {
            _ if now < self.expires_at => return Err(ApprovalRefusal::Early),
            ApprovalState::Pending => "expired: nobody decided it in time, which means no",
            ApprovalState::Approved => "expired: it was approved, but not used in time",
            state => return Err(ApprovalRefusal::Decided(state)),
        };
        self.end(ApprovalState::Expired, outcome.to_owned(), now);
        Ok(())
    }

    /// Takes it back, because what asked for it ended.
    pub fn withdraw(&mut self, reason: &str, now: Timestamp) -> Result<(), ApprovalRefusal> {
        match self.state_at(now) {
            ApprovalState::Pending | ApprovalState::Approved => {
                self.end(
                    ApprovalState::Withdrawn,
                    format!("withdrawn: {reason}"),
                    now,
                );
                Ok(())
            }
            ApprovalState::Expired => Err(ApprovalRefusal::Expired(self.expires_at)),
            state => Err(ApprovalRefusal::Decided(state)),
        }
    }

    /// Consumes it, for exactly the request that was approved.
    pub fn use_once(&mut self, request_hash: &str, now: Timestamp) -> Result<(), ApprovalRefusal> {
        match self.state_at(now) {
            ApprovalState::Approved if request_hash == self.request_hash => {
                self.state = ApprovalState::Used;
                self.used_at = Some(now);
                Ok(())
            }
            ApprovalState::Approved => Err(ApprovalRefusal::OtherRequest),
            ApprovalState::Used => Err(ApprovalRefusal::Used),
            ApprovalState::Expired => Err(ApprovalRefusal::Expired(self.expires_at)),
            state => Err(ApprovalRefusal::NotApproved(state)),
        }
    }
}

#[cfg(test)]
mod tests;
