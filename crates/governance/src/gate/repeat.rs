//! The same call once more: a client that lost the answer gets the same one.

use civitas_model::Caller;
use civitas_policy::{Place, Request};
use serde_json::Value;

use super::Gate;
use super::actor::Seen;
use super::answer::Given;
use super::call::Use;
use crate::error::Error;
use crate::policies::recordable;

impl Gate {
    /// What a call was answered, or will be: one that is still held is waited for.
    pub(super) async fn repeat(
        &self,
        caller: &Caller,
        seen: &Seen,
        call: &Use,
    ) -> Result<Given, Error> {
        let decisions = self.0.store.decisions();
        let (tenant, session) = (&caller.tenant_id, seen.session_id.as_str());
        let found = decisions
            .find(tenant, session, &call.tool_use_id, call.event)
            .await?;
        let lost = || Error::Unavailable("the decision cannot be read: ask again".to_owned());
        let found = found.ok_or_else(lost)?;
        if found.tool_name != call.call.tool_name {
            let reason = "Denied: this tool use was decided for another tool: each call has an id of its own.";
            return Ok(Given::deny(reason.to_owned()));
        }
        if !is_same(&found.request, seen, call) {
            let reason = "Denied: this tool use was decided with another input or in another folder: each call has an id of its own.";
            return Ok(Given::deny(reason.to_owned()));
        }
        match (found.answer, found.approval_id) {
            (Value::Null, Some(approval_id)) => {
                let decision_id = found.decision_id;
                Box::pin(self.hold_again(caller, seen, call, decision_id, approval_id)).await
            }
            (answer, _) => serde_json::from_value(answer).map_err(|_| lost()),
        }
    }
}

/// Whether what was decided is what is asked: an answer to one call is none to another under the same id, nor to the same one in
/// another folder.
fn is_same(recorded: &Value, seen: &Seen, call: &Use) -> bool {
    let mut place = Place::at("/");
    place.cwd.clone_from(&seen.cwd);
    let asked = recordable(&Request::new(call.call.clone(), place));
    ["/call/tool_input", "/place/cwd"]
        .into_iter()
        .all(|member| recorded.pointer(member) == asked.pointer(member))
}
