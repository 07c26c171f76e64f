//! Sessions as clients make them: their own, anonymous ones, and the upgrade from one to the other.

use std::net::IpAddr;

use civitas_model::{Caller, CallerKind, Session, SessionId, TenantId};
use civitas_storage::{Changeset, CommitError, NewSession, Refusal, Upgrade};
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

    /// Gives an anonymous session to the caller, who must be a user. The id stays, the secret stops working, metadata is
    /// merged; what intents stored under the session's anonymous tenant stays there.
    ///
    /// A secret that is shown must be the right one. It may be absent because clients of the contract send only the
    /// access token: then the session's id, 74 random bits that only its maker was told, is the proof. Upgrading a session
    /// that is the caller's already changes nothing.
    pub async fn upgrade(
        &self,
        caller: &Caller,
        session_id: &SessionId,
        secret: Option<&Secret>,
        metadata: Map<String, Value>,
    ) -> Result<Session, Error> {
        let user_id = caller
            .user_id
            .clone()
            .ok_or(Error::Forbidden("only a user who signed in can do this"))?;
        let session = self.live(session_id).await?;
        if owns(caller, &session) {
            return Ok(session);
        }
        if session.tenant_id != anonymous_tenant(session_id) || !session.is_anonymous() {
            return Err(not_found(session_id));
        }
        if let Some(secret) = secret {
            let digest = secret.digest();
            let expected = session.secret_digest.as_deref().unwrap_or_default();
            if !bool::from(digest.as_bytes().ct_eq(expected.as_bytes())) {
                return Err(Error::InvalidToken);
            }
        }
        let mut merged = match session.metadata {
            Value::Object(metadata) => metadata,
            _ => Map::new(),
        };
        merged.extend(metadata);
        let change = Upgrade {
            session_id: session_id.clone(),
            tenant_id: caller.tenant_id.clone(),
            user_id,
            metadata: checked(merged)?,
            expires_at: self.now().plus(self.lifetimes.session),
        };
        match self.store.commit(Changeset::new().with(change)).await {
            Ok(_) => self.find_session(caller, session_id).await,
            Err(CommitError::Refused(Refusal::NotFound { .. })) => Err(not_found(session_id)),
            Err(error) => Err(error.into()),
        }
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

fn anonymous_tenant(session_id: &SessionId) -> TenantId {
    TenantId::trusted(format!("anonymous_{session_id}"))
}

fn not_found(session_id: &SessionId) -> Error {
    Error::NotFound(format!("Session {session_id} not found"))
}

fn checked(metadata: Map<String, Value>) -> Result<Value, Error> {
    let metadata = Value::Object(metadata);
    if metadata.to_string().len() > METADATA_BYTES_MAX {
        let detail = format!("the metadata must have at most {METADATA_BYTES_MAX} bytes");
        return Err(Error::invalid("/metadata", detail));
    }
    Ok(metadata)
}
