//! Asking people: what a handler wants approved, and what they approved.

use std::time::Duration;

use civitas_model::approval::ApprovalState;
use civitas_model::execution::Wait;
use civitas_model::journal::Kind;
use civitas_model::{Amount, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{Result, reject, retry};
use crate::host::{ApprovalStep, Read};

/// How long people have, unless a handler says otherwise.
const LIFETIME: Duration = Duration::from_hours(24);

/// What a handler wants people to approve before it goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRequest {
    /// The name of this point in the handler, such as `purge`.
    pub name: String,
    /// What it is about, in a line.
    pub summary: String,
    /// What exactly would be done. People may edit it: go on with [`Approval::input`].
    pub input: Value,
    /// Why people are asked.
    pub reason: String,
    /// Who may decide: `human`, roles, people; when empty, everyone who may decide approvals.
    pub approvers: Vec<String>,
    /// How many people must agree: 1 to 20.
    pub quorum: u32,
    /// What it is expected to use.
    pub amount: Amount,
    /// After this it means no: up to 30 days.
    pub lifetime: Duration,
    /// After this everyone may decide it who may decide approvals.
    pub escalate_after: Option<Duration>,
}

impl ApprovalRequest {
    /// One person is asked, for a day.
    pub fn new(name: impl Into<String>, summary: impl Into<String>, input: Value) -> Self {
        Self {
            name: name.into(),
            summary: summary.into(),
            input,
            reason: "the intent asks before it does this".to_owned(),
            approvers: Vec::new(),
            quorum: 1,
            amount: Amount::default(),
            lifetime: LIFETIME,
            escalate_after: None,
        }
    }
}

/// What people approved.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Its id.
    pub approval_id: String,
    /// What people call it, such as `P7`.
    pub code: String,
    /// What may be done: what was asked for, or what they made of it.
    pub input: Value,
    /// Who approved it and why, in a sentence.
    pub outcome: String,
}

/// What is known of an approval, as hosts answer it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What people call it.
    pub code: String,
    /// Where it stands as of now.
    pub state: ApprovalState,
    /// What may be done.
    pub input: Value,
    /// The digest of the request with this input.
    pub request_hash: String,
    /// What became of it, in a sentence.
    pub outcome: Option<String>,
    /// When it means no.
    pub expires_at: Timestamp,
}

impl Context {
    /// Asks people, and waits for them, durably: the handler is dropped, and run again when they have decided. What they
    /// approved is consumed by this execution, once. A no, and no answer in time, rejects.
    pub async fn approval(&mut self, request: ApprovalRequest) -> Result<Approval> {
        let approval_id = self.new_id();
        let name = request.name.clone();
        let asked = self.request_hash(&request);
        match self.recorded(Kind::ApprovalRequested, &name)? {
            Some(recorded) if recorded["request_hash"] != json!(asked) => {
                return Err(reject(format!(
                    "what people were asked about `{name}` is something else by now: submit the intent again"
                )));
            }
            Some(_) => {}
            None => {
                let data = json!({ "approval_id": approval_id, "request_hash": asked });
                let step = ApprovalStep::Open {
                    approval_id: approval_id.clone(),
                    request,
                };
                self.append_approval(Kind::ApprovalRequested, &name, data, step)
                    .await?;
            }
        }
        // A reading, so that a no is only recorded when the handler goes on in spite of it.
        let found: Option<Decision> = self
            .read(Read::Approval {
                approval_id: approval_id.clone(),
            })
            .await?;
        let decision = found.ok_or_else(|| retry("the approval is not there"))?;
        self.check_decision(&approval_id, &name, &decision)?;
        if self.recorded(Kind::ApprovalUsed, &name)?.is_none() {
            let request_hash = decision.request_hash;
            let data = json!({ "approval_id": approval_id, "request_hash": request_hash });
            let step = ApprovalStep::Use {
                approval_id: approval_id.clone(),
                code: decision.code.clone(),
                request_hash,
            };
            self.append_approval(Kind::ApprovalUsed, &name, data, step)
                .await?;
            // Nothing that needs it is begun before it is known to be there.
            self.flush().await?;
        }
        Ok(Approval {
            approval_id,
            code: decision.code,
            input: decision.input,
            outcome: decision.outcome.unwrap_or_default(),
        })
    }

    fn check_decision(&mut self, approval_id: &str, name: &str, decision: &Decision) -> Result<()> {
        let code = &decision.code;
        match decision.state {
            ApprovalState::Approved => Ok(()),
            ApprovalState::Pending => Err(self.suspend(Wait::Approval {
                approval_id: approval_id.to_owned(),
                code: code.clone(),
                expires_at: decision.expires_at,
            })),
            ApprovalState::Expired if decision.outcome.is_none() => {
                let end = decision.expires_at;
                Err(reject(format!(
                    "nobody decided {code} (`{name}`) before {end}, which means no: submit the intent again"
                )))
            }
            state => {
                let outcome = decision.outcome.as_deref().unwrap_or(state.as_str());
                Err(reject(format!(
                    "{code} (`{name}`) was not approved: {outcome}"
                )))
            }
        }
    }
}
