//! Callers: who asks, established once at the edge and trusted from there on.

use crate::id::{SessionId, TenantId, UserId};
use crate::permission::{Permission, Role};

/// What kind of credential the caller showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerKind {
    /// A person who signed in.
    User,
    /// A machine with a service token. Never holds [`Permission::Approve`].
    Service,
    /// Someone with the secret of an anonymous session.
    Anonymous,
    /// Whoever sits at the machine, in development on loopback.
    LocalOperator,
}

impl CallerKind {
    /// The name used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::Anonymous => "anonymous",
            Self::LocalOperator => "local_operator",
        }
    }
}

/// Who asks, and what they may do. Made only by authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// How they identified themselves.
    pub kind: CallerKind,
    /// The tenant they act in.
    pub tenant_id: TenantId,
    /// The user, when it is one.
    pub user_id: Option<UserId>,
    /// The session their credential belongs to, when it does.
    pub session_id: Option<SessionId>,
    /// The name shown where it says who did something: an e-mail address, a token's name, `anonymous`.
    pub name: String,
    /// Their roles in the tenant.
    pub roles: Vec<Role>,
    /// What they may do.
    pub permissions: Vec<Permission>,
}

impl Caller {
    /// The tenant of callers without credentials in development.
    pub const DEFAULT_TENANT: &'static str = "default_tenant";

    /// Whoever sits at the machine: may do everything in the default tenant.
    pub fn local_operator() -> Self {
        Self {
            kind: CallerKind::LocalOperator,
            tenant_id: TenantId::trusted(Self::DEFAULT_TENANT),
            user_id: None,
            session_id: None,
            name: "local operator".into(),
            roles: vec![Role::Admin],
            permissions: Role::Admin.permissions().to_vec(),
        }
    }

    /// The holder of an anonymous session's secret: works within the session's own tenant.
    pub fn anonymous(session_id: SessionId, tenant_id: TenantId) -> Self {
        Self {
            kind: CallerKind::Anonymous,
            tenant_id,
            user_id: None,
            session_id: Some(session_id),
            name: "anonymous".into(),
            roles: Vec::new(),
            permissions: vec![Permission::Read, Permission::Write],
        }
    }

    /// Whether the caller may see what is the server's and no tenant's, such as its metrics: who administers or operates
    /// the default tenant, and machines with the scope for it.
    ///
    /// In a tenant of one's own everyone may become anything, so a role there says nothing about the server.
    pub fn operates_server(&self) -> bool {
        let by_role = self.may(Permission::Admin) || self.may(Permission::Approve);
        self.tenant_id.as_str() == Self::DEFAULT_TENANT
            && (by_role || self.may(Permission::Metrics))
    }

    /// Whether the caller may report what agents do, and ask what they may.
    pub fn may_report(&self) -> bool {
        self.may(Permission::Hooks) || self.may(Permission::Write)
    }

    /// Whether the caller may do something that needs `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}
