//! Sessions: the public handle under which a person's or a machine's work belongs together.

use serde_json::Value;

use crate::id::{SessionId, TenantId, UserId};
use crate::time::Timestamp;

/// A session. Its id is a public handle that stays the same when an anonymous session is upgraded.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The session's id.
    pub session_id: SessionId,
    /// The tenant its data lies in; for an anonymous session one of its own.
    pub tenant_id: TenantId,
    /// Whose it is; absent while anonymous.
    pub user_id: Option<UserId>,
    /// SHA-256 of the anonymous session's secret, in hexadecimal; absent once upgraded or when made by a user.
    pub secret_digest: Option<String>,
    /// What clients asked to keep with it.
    pub metadata: Value,
    /// What agents and intents keep with it.
    pub state: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it became a user's.
    pub upgraded_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What the tenants of anonymous sessions begin with.
const ANONYMOUS_TENANT_PREFIX: &str = "anonymous_";

/// The tenant that an anonymous session has for itself.
pub fn anonymous_tenant(session_id: &SessionId) -> TenantId {
    TenantId::trusted(format!("{ANONYMOUS_TENANT_PREFIX}{session_id}"))
}

/// The id of the session that a tenant is the anonymous tenant of, if it is one.
pub fn anonymous_session(tenant_id: &TenantId) -> Option<&str> {
    tenant_id.as_str().strip_prefix(ANONYMOUS_TENANT_PREFIX)
}

impl Session {
    /// Whether nobody has signed in to it.
    pub const fn is_anonymous(&self) -> bool {
        self.user_id.is_none()
    }
}
