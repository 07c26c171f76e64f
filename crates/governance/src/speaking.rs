//! For whom a credential speaks: one that was made for an agent reports and spends for that agent alone.

use civitas_model::agent::is_name;
use civitas_model::{AgentId, Caller, CallerKind};
use civitas_storage::Store;

use crate::error::Error;

/// Refuses what a credential with an agent's name says of another agent, or of a session that runs as another one.
pub(crate) async fn check(
    store: &Store,
    caller: &Caller,
    agent: Option<&AgentId>,
    session_id: Option<&str>,
) -> Result<(), Error> {
    if caller.kind != CallerKind::Service || !is_name(&caller.name) {
        return Ok(());
    }
    let tenant = &caller.tenant_id;
    let Some(own) = store.agents().find_by_name(tenant, &caller.name).await? else {
        return Ok(());
    };
    let mut others = agent.is_some_and(|agent| *agent != own.agent_id);
    if let Some(id) = session_id {
        let session = store.agent_sessions().find(tenant, id).await?;
        let runs_as = session.and_then(|session| session.agent_id);
        others |= runs_as.is_some_and(|agent| agent != own.agent_id);
    }
    if others {
        return Err(Error::Forbidden(format!(
            "this credential is the agent {}'s, and speaks for that agent alone",
            own.name
        )));
    }
    Ok(())
}
