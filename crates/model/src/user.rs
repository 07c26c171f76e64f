//! Users and their standing in tenants.

use crate::id::{TenantId, UserId};
use crate::permission::Role;
use crate::time::Timestamp;

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub user_id: UserId,
    /// The e-mail address as given.
    pub email: String,
    /// The name people see.
    pub name: String,
    /// The tenant they act in unless they say otherwise.
    pub home_tenant: TenantId,
    /// When they registered.
    pub created_at: Timestamp,
}

/// A user's standing in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The user.
    pub user_id: UserId,
    /// What they may do there.
    pub role: Role,
}
