//! Sessions as clients make them: their own, anonymous ones, and the upgrade from one to the other.

use std::net::IpAddr;

use civitas_model::session::anonymous_tenant;
use civitas_model::{Caller, CallerKind, Permission, Session, SessionId};
use civitas_storage::{Changeset, NewSession, Upgrade};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use crate::auth::Auth;
use crate::error::Error;
use crate::rate_limit::address_key;
use crate::secret::Secret;

/// Metadata at most, as JSON text.
const METADATA_BYTES_MAX: usize = 16 * 1024;

impl Auth {
    /// Opens a session of the caller, under an id of the client's choice when there is one.
    pub async fn create_session(
        &self,
        caller: &Caller,
        requested: Option<SessionId>,
        metadata: Map<String, Value>,
    ) -> Result<Session, Error> {
        if caller.kind == CallerKind::Anonymous {
            return Err(Error::Forbidden(
                "an anonymous caller has one session: sign in to open another",
            ));
        }
        let now = self.now();
        let session = Session {
            session_id: requested.unwrap_or_else(|| self.new_id()),
            tenant_id: caller.tenant_id.clone(),
            user_id: caller.user_id.clone(),
            secret_digest: None,
            metadata: checked(metadata)?,
            state: json!({}),
            created_at: now,
            upgraded_at: None,
            expires_at: now.plus(self.lifetimes.session),
        };
        self.open_session(session).await
    }

    /// Opens a session for someone who has not signed in, in a tenant of its own. The secret is shown once.
    ///
    /// Refused after thirty sessions in a minute from one address.
    pub async fn create_anonymous(
        &self,
        metadata: Map<String, Value>,
        client: IpAddr,
    ) -> Result<(Session, Secret), Error> {
        let metadata = checked(metadata)?;
        self.rate_limits
            .anonymous_session
            .take(&self.store, "anonymous_session", &address_key(client))
            .await?;
        let now = self.now();
        let session_id = self.new_id();
        let secret = self.new_secret("session_");
        let session = Session {
            tenant_id: anonymous_tenant(&session_id),
            session_id,
            user_id: None,
            secret_digest: Some(secret.digest()),
            metadata,
            state: json!({}),
            created_at: now,
            upgraded_at: None,
            expires_at: now.plus(self.lifetimes.session),
        };
        Ok((self.open_session(session).await?, secret))
    }

    /// Who holds the secret of an anonymous session.
    pub async fn authenticate_session_token(&self, secret: &Secret) -> Result<Caller, Error> {
        let session = self.store.find_session_by_secret(&secret.digest()).await?;
        session
            .filter(|session| self.now() < session.expires_at)
            .map(|session| Caller::anonymous(session.session_id, session.tenant_id))
            .ok_or(Error::InvalidToken)
    }

    /// What gives an anonymous session, and everything done in it, to the caller, who must be a user; the engine commits it.
    /// The id stays, the secret stops working, metadata is merged. `None` when the session is the caller's already.
    ///
    /// The session's secret is the proof that it is the caller's to give: its id is a public handle. Without the right
    /// secret there is no such session for the caller. Who may not write in their tenant may not bring anything into it.
    pub async fn plan_upgrade(
        &self,
        caller: &Caller,
        session_id: &SessionId,
        secret: Option<&Secret>,
        metadata: Map<String, Value>,
    ) -> Result<Option<Upgrade>, Error> {
        let user_id = caller
            .user_id
            .clone()
            .ok_or(Error::Forbidden("only a user who signed in can do this"))?;
        let session = self.live(session_id).await?;
        if owns(caller, &session) {
            return Ok(None);
        }
        if session.tenant_id != anonymous_tenant(session_id)
            || !session.is_anonymous()
            || !secret.is_some_and(|secret| opens(secret, &session))
        {
            return Err(not_found(session_id));
        }
        if !caller.may(Permission::Write) {
            return Err(Error::Forbidden(
                "your role only reads, so nothing can be brought into your tenant: ask an administrator",
            ));
        }
        let mut merged = match session.metadata {
            Value::Object(metadata) => metadata,
            _ => Map::new(),
        };
        merged.extend(metadata);
        Ok(Some(Upgrade {
            session_id: session_id.clone(),
            from: session.tenant_id,
            content: Vec::new(),
            tenant_id: caller.tenant_id.clone(),
            user_id,
            metadata: checked(merged)?,
            expires_at: self.now().plus(self.lifetimes.session),
        }))
    }

    /// A session of the caller's own.
    ///
    /// Owners are: the user in the tenant it was made in, the holder of an anonymous session's secret, and for a session
    /// made by a machine or by the local operator the machines, or the local operator, of its tenant.
    pub async fn find_session(
        &self,
        caller: &Caller,
        session_id: &SessionId,
    ) -> Result<Session, Error> {
        let session = self.live(session_id).await?;
        if owns(caller, &session) {
            Ok(session)
        } else {
            Err(not_found(session_id))
        }
    }

    async fn live(&self, session_id: &SessionId) -> Result<Session, Error> {
        let session = self.store.find_session(session_id).await?;
        session
            .filter(|session| self.now() < session.expires_at)
            .ok_or_else(|| not_found(session_id))
    }

    async fn open_session(&self, session: Session) -> Result<Session, Error> {
        let changes = Changeset::new().with(NewSession(session.clone()));
        self.store.commit(changes).await?;
        Ok(session)
    }
}

fn owns(caller: &Caller, session: &Session) -> bool {
    if caller.tenant_id != session.tenant_id {
        return false;
    }
    match caller.kind {
        CallerKind::User => session.user_id.is_some() && caller.user_id == session.user_id,
        CallerKind::Anonymous => caller.session_id.as_ref() == Some(&session.session_id),
        CallerKind::Service | CallerKind::LocalOperator => session.user_id.is_none(),
    }
}

fn opens(secret: &Secret, session: &Session) -> bool {
    session
        .secret_digest
        .as_ref()
        .is_some_and(|expected| secret.digest().as_bytes().ct_eq(expected.as_bytes()).into())
}

fn not_found(session_id: &SessionId) -> Error {
    Error::NotFound(format!("Session {session_id} not found"))
}

fn checked(metadata: Map<String, Value>) -> Result<Value, Error> {
    check_metadata(&metadata)?;
    Ok(Value::Object(metadata))
}

/// Refuses metadata that is too large.
pub(crate) fn check_metadata(metadata: &Map<String, Value>) -> Result<(), Error> {
    let text =
        serde_json::to_string(metadata).map_err(|error| Error::Internal(error.to_string()))?;
    if text.len() > METADATA_BYTES_MAX {
        let detail = format!("the metadata must have at most {METADATA_BYTES_MAX} bytes");
        return Err(Error::invalid("/metadata", detail));
    }
    Ok(())
}
