//! What others are told of budgets.

use civitas_audit::{Actor, NewEntry};
use civitas_model::budget::Pool;
use civitas_model::{Entropy, Money, TenantId};
use civitas_sql::Statement;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::transaction::{Meaning, Stop, Transaction};
use crate::{activity, audit};

const SET_WARNED: Statement = Statement::new(include_str!("../queries/budget/set_warned.sql"));

/// The category of these entries.
const CATEGORY: &str = "budget";

/// Bytes for an id that are the same whenever the same is told: storage draws no random numbers.
struct Derived([u8; 32]);

impl Entropy for Derived {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, derived) in bytes.iter_mut().zip(self.0) {
            *byte = derived;
        }
    }
}

/// Warns once per period and level: an event, and an entry of the audit log.
pub(super) async fn warn(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    pool: &Pool,
) -> Result<(), Stop> {
    let level = pool.level();
    if level <= pool.warned {
        return Ok(());
    }
    let scope = pool.scope.to_string();
    let params = vec![
        u64::from(level).into(),
        tenant.as_str().into(),
        scope.as_str().into(),
    ];
    tx.execute_later(&SET_WARNED, params, Meaning::Nothing)
        .await?;
    let said = format!("{tenant}\n{scope}\n{level}\n{}\n{:?}", tx.now, pool.used);
    let derived = Derived(Sha256::digest(said.as_bytes()).into());
    let entry = NewEntry {
        tenant_id: tenant.clone(),
        entry_id: derived.uuid_v7(tx.now).to_string(),
        actor: Actor::system("budgets"),
        category: CATEGORY.to_owned(),
        action: format!("warn_{level}"),
        subject: None,
        outcome: "done".to_owned(),
        tool_use_id: None,
        body: None,
    };
    audit::append(tx, &entry.on("budget", scope.as_str())).await?;
    let mut event = facts(pool);
    event["level"] = level.into();
    activity::publish(tx, tenant, "budget_warning", event).await
}

/// Says what may be used of a pool from now on.
pub(super) async fn limited(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    pool: &Pool,
) -> Result<(), Stop> {
    activity::publish(tx, tenant, "budget_updated", facts(pool)).await
}

fn facts(pool: &Pool) -> serde_json::Value {
    let units = |cost: Option<Money>| cost.map(Money::as_units);
    json!({
        "scope": pool.scope,
        "kind": pool.scope.kind(),
        "max_tokens": pool.caps.tokens,
        "max_cost": units(pool.caps.cost),
        "tokens_used": pool.used.tokens,
        "cost_used": pool.used.cost,
        "tokens_reserved": pool.reserved.tokens,
        "cost_reserved": pool.reserved.cost,
    })
}
