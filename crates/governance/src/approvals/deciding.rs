//! What callers do with approvals: decide, delegate, withdraw, take allowances back.

use std::time::Duration;

use civitas_audit::Actor;
use civitas_model::approval::{
    Allowance, AllowanceScope, ApprovalState, Edit, NewVote, Person, Verdict,
};
use civitas_model::{Approval, Caller, CallerKind, Permission, Role, TenantId};
use civitas_storage::{
    APPROVAL_LIFETIME_MAX, ApprovalChange, Changeset, CommitError, NewApproval, Refusal,
};
use serde_json::{Value, json};

use super::{Approvals, no_approval, refused, request_hash};
use crate::error::{Error, Invalid};

/// The longest comment, in characters.
const COMMENT_MAX: usize = 2_000;
/// The largest edited input, in bytes of JSON.
const INPUT_MAX: usize = 1 << 20;
/// Members that are looked through for the one whom something is delegated to.
const MEMBERS_MAX: u32 = 1_000;
/// How often a decision is tried again because the approval changed while it was made.
const TRIES_MAX: usize = 5;

/// That what is approved need not be asked again for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Always {
    /// What it covers.
    pub scope: AllowanceScope,
    /// For how long, up to 30 days.
    pub expires_in: Duration,
}

/// What a person decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Decide {
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub comment: Option<String>,
    /// The digest of the request they looked at; a decision about another is refused.
    pub request_hash: Option<String>,
    /// What they approve instead of what was asked for.
    pub input: Option<Value>,
    /// That it need not be asked again for a while.
    pub always: Option<Always>,
}

impl Decide {
    /// A plain decision.
    pub const fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            comment: None,
            request_hash: None,
            input: None,
            always: None,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, detail: String| {
            errors.push(Invalid {
                pointer: pointer.to_owned(),
                detail,
            });
        };
        if let Err(detail) = check_comment(self.comment.as_deref()) {
            wrong("/comment", detail);
        }
        if self.verdict == Verdict::Deny && self.input.is_some() {
            let detail = "what is denied is not edited: leave it out";
            wrong("/input", detail.to_owned());
        }
        if self.verdict == Verdict::Deny && self.always.is_some() {
            let detail = "only what is approved is allowed for a while: leave it out";
            wrong("/always", detail.to_owned());
        }
        let size = self
            .input
            .as_ref()
            .map_or(0, |input| input.to_string().len());
        if size > INPUT_MAX {
            wrong("/input", format!("must have at most {INPUT_MAX} bytes"));
        }
        if let Some(always) = self.always
            && (always.expires_in.is_zero() || always.expires_in > APPROVAL_LIFETIME_MAX)
        {
            let detail = "must be more than 0 and at most 30 days".to_owned();
            wrong("/always/expires_in", detail);
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(errors))
        }
    }
}

fn check_comment(comment: Option<&str>) -> Result<(), String> {
    if comment.unwrap_or_default().chars().count() > COMMENT_MAX {
        return Err(format!("must have at most {COMMENT_MAX} characters"));
    }
    Ok(())
}

impl Approvals {
    /// Asks for an approval on its own.
    pub async fn open(&self, actor: Actor, new: NewApproval) -> Result<Approval, Error> {
        let (tenant, id) = (new.tenant_id.clone(), new.approval_id.clone());
        self.commit(self.opening(actor, new), &id).await?;
        self.read(&tenant, &id).await
    }

    /// Counts what a person decides. The answer says whether that decided it.
    pub async fn decide(
        &self,
        caller: &Caller,
        key: &str,
        decide: Decide,
    ) -> Result<Approval, Error> {
        let action = decide.verdict.as_str();
        let person = self.person(caller, action, key).await?;
        decide.check()?;
        let mut tries = 0;
        loop {
            let approval = self.find(caller, key).await?;
            let changeset = self.vote(caller, &person, &approval, &decide)?;
            tries += 1;
            let id = &approval.approval_id;
            match self.store.commit(changeset).await {
                // Another vote came first. What was looked at may be decided again, unless it says another request.
                Err(CommitError::Refused(Refusal::Changed { .. })) if tries < TRIES_MAX => {}
                Err(error) => return Err(self.recorded(caller, action, id, error).await),
                Ok(_) => return self.read(&caller.tenant_id, id).await,
            }
        }
    }

    fn vote(
        &self,
        caller: &Caller,
        person: &Person,
        approval: &Approval,
        decide: &Decide,
    ) -> Result<Changeset, Error> {
        // Who agreed after somebody else's edit must have seen it.
        let is_unseen = decide.verdict == Verdict::Approve && decide.request_hash.is_none();
        if is_unseen && approval.original_input.is_some() {
            let detail = "it was edited since it was asked for: look at it again, and name its `request_hash`";
            return Err(Error::Conflict(detail.to_owned()));
        }
        let edit = decide
            .input
            .clone()
            .map(|input| edit(approval, input))
            .transpose()?;
        let asked = decide.request_hash.as_ref();
        let asked = asked.unwrap_or(&approval.request_hash).clone();
        let hash = edit.as_ref().map_or(&asked, |edit| &edit.request_hash);
        let body = json!({
            "code": approval.code(),
            "by": caller.name,
            "request_hash": hash,
            "input": decide.input,
            "comment": decide.comment,
        });
        let action = decide.verdict.as_str();
        let entry = self.about(caller.into(), action, approval, &body);
        let allowance = decide
            .always
            .map(|always| self.allowance(person, approval, hash, always));
        let vote = NewVote {
            person: person.clone(),
            verdict: decide.verdict,
            comment: decide.comment.clone(),
            // An edit that comes in between is another request than the one that was looked at.
            request_hash: Some(asked),
            edit,
        };
        let changeset = Changeset::new().with(ApprovalChange::Vote {
            tenant_id: approval.tenant_id.clone(),
            approval_id: approval.approval_id.clone(),
            vote: Box::new(vote),
        });
        let changeset = changeset.with(entry);
        let Some(allowance) = allowance else {
            return Ok(changeset);
        };
        let body = json!({
            "allowance_id": allowance.allowance_id,
            "scope": allowance.scope,
            "tool_name": allowance.tool_name,
            "agent_name": allowance.agent_name,
            "request_hash": allowance.request_hash,
            "expires_at": allowance.expires_at,
        });
        let entry = self.about(caller.into(), "allow", approval, &body);
        Ok(changeset
            .with(ApprovalChange::Allow(Box::new(allowance)))
            .with(entry))
    }

    fn allowance(
        &self,
        person: &Person,
        approval: &Approval,
        request_hash: &str,
        always: Always,
    ) -> Allowance {
        let now = self.store.clock().now();
        Allowance {
            allowance_id: self.entropy.uuid_v7(now).to_string(),
            tenant_id: approval.tenant_id.clone(),
            approval_id: approval.approval_id.clone(),
            scope: always.scope,
            tool_name: approval.tool_name.clone(),
            agent_id: approval.agent_id.clone(),
            agent_name: approval.agent_name.clone(),
            request_hash: request_hash.to_owned(),
            granted_by_id: person.id.clone(),
            granted_by: person.name.clone(),
            created_at: now,
            expires_at: now.plus(always.expires_in),
            revoked_at: None,
            revoked_by: None,
            uses: 0,
            last_used_at: None,
        }
    }

    /// Lets someone else decide, too: a person of the tenant by id or e-mail address, or a role.
    pub async fn delegate(
        &self,
        caller: &Caller,
        key: &str,
        to: &str,
        comment: Option<String>,
    ) -> Result<Approval, Error> {
        let by = self.person(caller, "delegate", key).await?;
        if let Err(detail) = check_comment(comment.as_deref()) {
            return Err(invalid("/comment", detail));
        }
        let approval = self.find(caller, key).await?;
        let to = self.delegate_of(&caller.tenant_id, to).await?;
        let body = json!({
            "code": approval.code(),
            "by": caller.name,
            "to": to,
            "comment": comment,
        });
        let entry = self.about(caller.into(), "delegate", &approval, &body);
        let change = ApprovalChange::Delegate {
            tenant_id: approval.tenant_id.clone(),
            approval_id: approval.approval_id.clone(),
            by,
            to,
            comment,
        };
        let changeset = Changeset::new().with(change).with(entry);
        let id = &approval.approval_id;
        if let Err(error) = self.store.commit(changeset).await {
            return Err(self.recorded(caller, "delegate", id, error).await);
        }
        self.read(&caller.tenant_id, id).await
    }

    /// Whom a name means. Only who may decide approvals can be asked to.
    async fn delegate_of(&self, tenant: &TenantId, to: &str) -> Result<String, Error> {
        let may = |role: Role| role.permissions().contains(&Permission::Approve);
        if let Some(role) = Role::parse(to) {
            if may(role) {
                return Ok(to.to_owned());
            }
            let detail = format!("a {to} cannot decide approvals: name operator or admin");
            return Err(invalid("/to", detail));
        }
        let memberships = self.store.memberships();
        let members = memberships.list(tenant, MEMBERS_MAX, 0).await?;
        let member = members.iter().find(|member| {
            member.membership.user_id.as_str() == to || member.email.eq_ignore_ascii_case(to)
        });
        match member {
            Some(member) if may(member.membership.role) => {
                Ok(member.membership.user_id.to_string())
            }
            Some(_) => Err(invalid(
                "/to",
                "this person cannot decide approvals: make them an operator first".to_owned(),
            )),
            None => Err(invalid(
                "/to",
                "nobody of your tenant has this id or address, and it is no role: name a member, operator or admin".to_owned(),
            )),
        }
    }

    /// Takes an approval back, which needs no person: it only means that nothing will be done.
    pub async fn withdraw(
        &self,
        caller: &Caller,
        key: &str,
        reason: Option<String>,
    ) -> Result<Approval, Error> {
        if let Err(detail) = check_comment(reason.as_deref()) {
            return Err(invalid("/comment", detail));
        }
        let approval = self.find(caller, key).await?;
        if approval.state == ApprovalState::Withdrawn {
            return Ok(approval);
        }
        let reason = reason.unwrap_or_else(|| format!("{} took it back", caller.name));
        let changeset = self.withdrawing(caller.into(), &approval, &reason);
        self.commit(changeset, &approval.approval_id).await?;
        self.read(&caller.tenant_id, &approval.approval_id).await
    }

    /// Takes an allowance back.
    pub async fn revoke(&self, caller: &Caller, allowance_id: &str) -> Result<(), Error> {
        self.person(caller, "revoke", allowance_id).await?;
        let approvals = self.store.approvals();
        let found = approvals
            .find_allowance(&caller.tenant_id, allowance_id)
            .await?;
        let missing = || {
            Error::NotFound("there is no allowance with this id that counts in your tenant".into())
        };
        let allowance = found.ok_or_else(missing)?;
        let approval = approvals
            .find(&caller.tenant_id, &allowance.approval_id)
            .await?;
        let body = json!({
            "by": caller.name,
            "allowance_id": allowance_id,
            "uses": allowance.uses,
        });
        let id = &allowance.approval_id;
        let entry = match &approval {
            Some(approval) => self.about(caller.into(), "revoke", approval, &body),
            None => self
                .attempt(caller, "revoke", id)
                .outcome("done")
                .with_body(&body, self.entropy.as_ref()),
        };
        let change = ApprovalChange::Revoke {
            tenant_id: caller.tenant_id.clone(),
            allowance_id: allowance_id.to_owned(),
            by: caller.name.clone(),
        };
        let changeset = Changeset::new().with(change).with(entry);
        match self.store.commit(changeset).await {
            Err(CommitError::Refused(Refusal::NotFound { .. })) => Err(missing()),
            outcome => Ok(outcome.map(drop)?),
        }
    }

    /// Refuses a caller who is no person that may decide approvals, and records that they tried.
    pub async fn check_person(
        &self,
        caller: &Caller,
        action: &'static str,
        key: &str,
    ) -> Result<(), Error> {
        self.person(caller, action, key).await.map(drop)
    }

    /// The person that a caller is. Anyone else is refused, and that they tried is recorded.
    async fn person(&self, caller: &Caller, action: &str, key: &str) -> Result<Person, Error> {
        let is_person = matches!(caller.kind, CallerKind::User | CallerKind::LocalOperator);
        if is_person && caller.may(Permission::Approve) {
            return Ok(caller.into());
        }
        let detail = if is_person {
            "this needs the permission `approve`: ask an administrator of your tenant"
        } else {
            "approvals are decided by people who signed in, never by a token or an anonymous session"
        };
        self.record_attempt(caller, action, key).await?;
        Err(Error::Forbidden(detail.to_owned()))
    }

    async fn record_attempt(&self, caller: &Caller, action: &str, key: &str) -> Result<(), Error> {
        let entry = self.attempt(caller, action, key);
        self.store.commit(Changeset::new().with(entry)).await?;
        Ok(())
    }

    /// What a refusal means. That someone tried who may not is recorded.
    async fn recorded(
        &self,
        caller: &Caller,
        action: &str,
        key: &str,
        error: CommitError,
    ) -> Error {
        let error = refused(error, key);
        if matches!(error, Error::Forbidden(_))
            && let Err(failed) = self.record_attempt(caller, action, key).await
        {
            return failed;
        }
        error
    }

    pub(super) async fn commit(&self, changeset: Changeset, key: &str) -> Result<(), Error> {
        match self.store.commit(changeset).await {
            Ok(_) => Ok(()),
            Err(CommitError::Refused(Refusal::NotFound { what: "approval" })) => {
                Err(no_approval(key))
            }
            Err(error) => Err(refused(error, key)),
        }
    }
}

/// Another input of the same request. Its digest is made as that of the request was, which is checked.
fn edit(approval: &Approval, input: Value) -> Result<Edit, Error> {
    let asked = approval.original_input.as_ref().unwrap_or(&approval.input);
    if request_hash(&approval.request_with(asked)) != approval.original_hash {
        let detail = "what asked for it takes no other input: approve or deny it as it is";
        return Err(Error::Conflict(detail.to_owned()));
    }
    if asked.is_object() && !input.is_object() {
        return Err(Error::Invalid(vec![Invalid {
            pointer: "/input".to_owned(),
            detail:
                "must be an object, as what was asked for is: nothing else could be done with it"
                    .to_owned(),
        }]));
    }
    let request_hash = request_hash(&approval.request_with(&input));
    Ok(Edit {
        input,
        request_hash,
    })
}

fn invalid(pointer: &str, detail: String) -> Error {
    Error::Invalid(vec![Invalid {
        pointer: pointer.to_owned(),
        detail,
    }])
}
