//! Roles and what each of them may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing a caller may be allowed to do within its tenant.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Read executions, artifacts, files and catalogues.
    Read,
    /// Submit intents, upload files, cancel and retry executions.
    Write,
    /// Decide approvals. Never granted to a machine.
    Approve,
    /// Manage users, roles, tokens and settings of the tenant.
    Admin,
    /// Read the server's metrics, which are of all tenants. A scope of service tokens; no role has it.
    Metrics,
    /// Report what agents do and ask what they may: hooks, telemetry, events, metrics, deductions. A scope of service
    /// tokens, enough for an agent's machine; whoever may write may do this too.
    Hooks,
}

impl Permission {
    /// Every permission; those that roles grant first, weakest first.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Write,
        Self::Approve,
        Self::Admin,
        Self::Metrics,
        Self::Hooks,
    ];

    /// The name used in tokens, tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Approve => "approve",
            Self::Admin => "admin",
            Self::Metrics => "metrics",
            Self::Hooks => "hooks",
        }
    }

    /// The permission of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.as_str() == name)
    }
}

/// A user's standing in a tenant.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything in the tenant, changes nothing.
    Viewer,
    /// Works: submits, uploads, cancels.
    User,
    /// Works and decides approvals.
    Operator,
    /// Everything, including who else may.
    Admin,
}

impl Role {
    /// Every role, least powerful first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::User, Self::Operator, Self::Admin];

    /// The name used in tokens, tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// What the role grants. A `user` has exactly the contract's default, `read` and `write`.
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Viewer => &[Permission::Read],
            Self::User => &[Permission::Read, Permission::Write],
            Self::Operator => &[Permission::Read, Permission::Write, Permission::Approve],
            Self::Admin => &[
                Permission::Read,
                Permission::Write,
                Permission::Approve,
                Permission::Admin,
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_to_what_they_name() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(permission));
        }
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn each_role_grants_what_the_one_below_it_grants() {
        for pair in Role::ALL.windows(2) {
            for permission in pair[0].permissions() {
                assert!(pair[1].permissions().contains(permission));
            }
        }
    }
}
