//! Tickets: a credential for opening one WebSocket, soon, where a header cannot be sent and a token must not be logged.

use civitas_model::{Caller, CallerKind, Permission, Role, SessionId, TenantId, UserId};
use civitas_storage::{Changeset, CommitError, Refusal, Ticket, TicketChange};
use serde::{Deserialize, Serialize};

use crate::auth::Auth;
use crate::error::Error;
use crate::secret::Secret;
use crate::standing::Standing;

/// A caller, written down for half a minute.
#[derive(Serialize, Deserialize)]
struct Bearer {
    kind: Kind,
    tenant_id: TenantId,
    user_id: Option<UserId>,
    session_id: Option<SessionId>,
    name: String,
    roles: Vec<Role>,
    permissions: Vec<Permission>,
    /// The version of the user's tokens when the ticket was given.
    token_version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    User,
    Service,
    Anonymous,
    LocalOperator,
}

impl Auth {
    /// Gives the caller a ticket: works once, for 30 seconds.
    pub async fn issue_ticket(&self, caller: &Caller) -> Result<Secret, Error> {
        let token_version = match &caller.user_id {
            Some(_) => self.account(caller).await?.token_version,
            None => 0,
        };
        let bearer = serde_json::to_value(Bearer::new(caller.clone(), token_version))
            .map_err(|error| Error::Internal(error.to_string()))?;
        let secret = self.new_secret("ticket_");
        let change = TicketChange::Insert {
            digest: secret.digest(),
            tenant_id: caller.tenant_id.clone(),
            ticket: Ticket {
                caller: bearer,
                expires_at: self.now().plus(self.lifetimes.ticket),
            },
        };
        self.store.commit(Changeset::new().with(change)).await?;
        Ok(secret)
    }

    /// Who was given this ticket, and what it stands for from now on. Uses it up. A user who logged out meanwhile is refused.
    pub async fn redeem_ticket(&self, ticket: &Secret) -> Result<(Caller, Standing), Error> {
        let digest = ticket.digest();
        let found = self.store.find_ticket(&digest).await?;
        let found = found.ok_or(Error::InvalidToken)?;
        let taken = self
            .store
            .commit(Changeset::new().with(TicketChange::Take { digest }))
            .await;
        match taken {
            Ok(_) => {}
            Err(CommitError::Refused(Refusal::NotFound { .. })) => return Err(Error::InvalidToken),
            Err(error) => return Err(error.into()),
        }
        let bearer: Bearer = serde_json::from_value(found.caller)
            .map_err(|error| Error::Internal(error.to_string()))?;
        let ended = bearer.user_id.as_ref().is_some_and(|user| {
            let session = bearer.session_id.as_ref();
            !self.revocations.allow(user, bearer.token_version, session)
        });
        if ended {
            return Err(Error::InvalidToken);
        }
        let token_version = bearer.token_version;
        let caller = bearer.into_caller();
        let standing = self.standing_of(&caller, token_version);
        Ok((caller, standing))
    }
}

impl Bearer {
    fn new(caller: Caller, token_version: u64) -> Self {
        Self {
            kind: match caller.kind {
                CallerKind::User => Kind::User,
                CallerKind::Service => Kind::Service,
                CallerKind::Anonymous => Kind::Anonymous,
                CallerKind::LocalOperator => Kind::LocalOperator,
            },
            tenant_id: caller.tenant_id,
            user_id: caller.user_id,
            session_id: caller.session_id,
            name: caller.name,
            roles: caller.roles,
            permissions: caller.permissions,
            token_version,
        }
    }

    fn into_caller(self) -> Caller {
        Caller {
            kind: match self.kind {
                Kind::User => CallerKind::User,
                Kind::Service => CallerKind::Service,
                Kind::Anonymous => CallerKind::Anonymous,
                Kind::LocalOperator => CallerKind::LocalOperator,
            },
            tenant_id: self.tenant_id,
            user_id: self.user_id,
            session_id: self.session_id,
            name: self.name,
            roles: self.roles,
            permissions: self.permissions,
        }
    }
}
