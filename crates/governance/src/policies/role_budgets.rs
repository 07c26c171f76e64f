//! What agents of each role may spend, as the tables say: it holds from the activation on that says so.
//!
//! An agent that never got a figure of its own has its role's, and follows the role: in the same commit.

use civitas_audit::NewEntry;
use civitas_model::agent::Role;
use civitas_model::{Caller, Money};
use civitas_policy::Tables;
use civitas_storage::{AgentChange, Changeset, PutTenantSetting, RoleChange, RoleLimits};
use serde_json::json;

use super::Policies;
use crate::error::Error;
use crate::limits::TOKENS_MAX;
use crate::roles::{RoleBudget, RoleBudgets};

/// The category of these entries: what the registry says of agents changes.
const CATEGORY: &str = "registry";

/// The tables' figures; those of a role that they do not name stay as they were.
fn of_tables(tables: &Tables, before: &RoleBudgets) -> RoleBudgets {
    let mut budgets = before.clone();
    for (name, row) in &tables.roles {
        if let (Some(role), Some(usd_per_day)) =
            (Role::parse(name), Money::from_units(row.usd_per_day))
        {
            let tokens_per_session = row.tokens_per_session.min(TOKENS_MAX);
            budgets.set(
                role,
                RoleBudget {
                    tokens_per_session,
                    usd_per_day,
                },
            );
        }
    }
    budgets
}

const fn limits(budget: RoleBudget) -> RoleLimits {
    RoleLimits {
        tokens_per_session: budget.tokens_per_session,
        cost_per_day: budget.usd_per_day,
    }
}

impl Policies {
    /// What an activation changes of the budgets of roles and of their agents, with an entry for each role.
    pub(super) async fn follow_roles(
        &self,
        caller: &Caller,
        tables: &Tables,
        number: u64,
    ) -> Result<Changeset, Error> {
        let (store, tenant) = (&self.inner.store, &caller.tenant_id);
        let stated = store.find_tenant_setting(tenant, RoleBudgets::SETTING);
        let stated = stated.await?;
        let version = stated.as_ref().map_or(0, |stated| stated.version);
        let before = RoleBudgets::stated(stated.map(|stated| stated.value));
        let after = of_tables(tables, &before);
        let mut changes = Changeset::new();
        if before == after {
            return Ok(changes);
        }
        for role in Role::ALL {
            let (from, to) = (before.of(role), after.of(role));
            if from == to {
                continue;
            }
            let (clock, entropy) = (store.clock().as_ref(), self.inner.entropy.as_ref());
            let actor = caller.into();
            let entry = NewEntry::new(clock, entropy, tenant, actor, CATEGORY, "role_budget")
                .on("role", role.as_str())
                .with_body(
                    &json!({ "version": number, "from": from, "to": to }),
                    entropy,
                );
            let following = RoleChange {
                tenant_id: tenant.clone(),
                role,
                from: limits(from),
                to: limits(to),
            };
            changes = changes.with(AgentChange::FollowRole(following)).with(entry);
        }
        Ok(changes.with(PutTenantSetting {
            tenant_id: tenant.clone(),
            name: RoleBudgets::SETTING,
            value: json!(after),
            changed_by: caller.name.clone(),
            expected: Some(version),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::roles::template;

    #[test]
    fn what_is_compiled_in_is_what_the_tables_begin_with() {
        let tables = Tables::defaults().unwrap();
        let of_tables = of_tables(&tables, &RoleBudgets::default());
        for role in Role::ALL {
            assert_eq!(of_tables.of(role), RoleBudgets::default().of(role));
            let (row, template) = (&tables.roles[role.as_str()], template(role));
            assert_eq!(row.tools, template.tools, "{role:?}");
            assert_eq!(row.paths, template.paths, "{role:?}");
            let alias = |name: &str| tables.api_aliases.get(name).cloned();
            let apis = template.apis.iter().map(|&name| name.to_owned());
            let apis: BTreeSet<String> = apis.map(|name| alias(&name).unwrap_or(name)).collect();
            assert_eq!(row.apis.iter().cloned().collect::<BTreeSet<_>>(), apis);
        }
        assert_eq!(tables.roles.len(), Role::ALL.len());
    }
}
