//! The people of a test: they decide when a handler waits for them.

use civitas_model::Timestamp;
use civitas_model::approval::ApprovalState;
use civitas_model::execution::Wait;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::host::State;
use super::world::Verdict;
use crate::approval::Decision;
use crate::host::ApprovalStep;

/// Something that was asked of people.
pub(super) struct Asked {
    approval_id: String,
    name: String,
    input: Value,
    state: ApprovalState,
    outcome: Option<String>,
    expires_at: Timestamp,
}

/// Stands in for the digest of a request.
pub(super) fn request_hash(name: &str, input: &Value) -> String {
    let digest = Sha256::digest(format!("{name} {input}"));
    digest
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl State {
    /// A use of what was used before, or of something else than was approved, is left out: the run then ends differently
    /// from what the test expects.
    pub(super) fn apply_approval(&mut self, step: ApprovalStep) {
        match step {
            ApprovalStep::Open {
                approval_id,
                request,
            } => self.approvals.push(Asked {
                approval_id,
                name: request.name,
                input: request.input,
                state: ApprovalState::Pending,
                outcome: None,
                expires_at: self.now.plus(request.lifetime),
            }),
            ApprovalStep::Use {
                approval_id,
                request_hash: hash,
                ..
            } => {
                let approved = self.approvals.iter_mut().find(|asked| {
                    asked.approval_id == approval_id
                        && asked.state == ApprovalState::Approved
                        && request_hash(&asked.name, &asked.input) == hash
                });
                if let Some(asked) = approved {
                    asked.state = ApprovalState::Used;
                    let used = (asked.name.clone(), asked.input.clone());
                    self.world.used_approvals.push(used);
                }
            }
        }
    }

    /// Has people decide what is waited for; says whether they did.
    pub(super) fn decide(&mut self, wait: &Wait) -> bool {
        let Wait::Approval { approval_id, .. } = wait else {
            return false;
        };
        let Some(asked) = self
            .approvals
            .iter_mut()
            .find(|asked| asked.approval_id == *approval_id)
        else {
            return false;
        };
        let Some(verdict) = self.world.decisions.get(&asked.name) else {
            return false;
        };
        let (state, outcome) = match verdict {
            Verdict::Approve => (ApprovalState::Approved, "approved".to_owned()),
            Verdict::ApproveInstead(input) => {
                asked.input = input.clone();
                (ApprovalState::Approved, "approved".to_owned())
            }
            Verdict::Deny(reason) => (ApprovalState::Denied, format!("denied: {reason}")),
        };
        asked.state = state;
        asked.outcome = Some(outcome);
        true
    }

    pub(super) fn decision(&self, approval_id: &str) -> Option<Decision> {
        let asked = self
            .approvals
            .iter()
            .find(|asked| asked.approval_id == approval_id)?;
        let number = self
            .approvals
            .iter()
            .take_while(|asked| asked.approval_id != approval_id)
            .count()
            + 1;
        let is_over = asked.state.is_open() && asked.expires_at <= self.now;
        Some(Decision {
            code: format!("P{number}"),
            state: if is_over {
                ApprovalState::Expired
            } else {
                asked.state
            },
            input: asked.input.clone(),
            request_hash: request_hash(&asked.name, &asked.input),
            outcome: asked.outcome.clone(),
            expires_at: asked.expires_at,
        })
    }
}
