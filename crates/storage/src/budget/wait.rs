//! Waiting for room: an execution that a pool has no room for is woken when some may have become free.

use civitas_model::budget::{Amount, Period, Scope};
use civitas_model::{TenantId, Timestamp};
use civitas_sql::Statement;

use super::{pool, rolling};
use crate::notice::Notice;
use crate::transaction::{Meaning, Stop, Transaction};

const WAKE: Statement = Statement::new(include_str!("../queries/execution/wake.sql"));
const SET_AWAITED: Statement = Statement::new(include_str!("../queries/budget/set_awaited.sql"));

/// What an execution that waits for room in a pool waits on.
pub(crate) fn wait_key(scope: &str) -> String {
    format!("budget:{scope}")
}

/// Notes that an execution waits for room; answers when it should try again by itself, which is now when there is room
/// already: nobody else would wake it.
pub(crate) async fn wait_for(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &str,
    amount: Amount,
) -> Result<Option<Timestamp>, Stop> {
    let Some(scope) = Scope::parse(scope) else {
        return Ok(Some(tx.now));
    };
    let row = pool::open_one(tx, tenant, &scope).await?;
    if row.pool.refuses(amount).is_none() || !row.pool.waits {
        return Ok(Some(tx.now));
    }
    if !row.is_awaited {
        set_awaited(tx, tenant, &scope, true).await?;
    }
    resets_at(tx, tenant, &row.pool).await
}

/// When some of what was used is forgotten.
pub(super) async fn resets_at(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    pool: &civitas_model::budget::Pool,
) -> Result<Option<Timestamp>, Stop> {
    match pool.period {
        Period::Rolling { .. } => rolling::next_end(tx, tenant, &pool.scope).await,
        _ => Ok(pool.resets_at()),
    }
}

async fn set_awaited(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
    is_awaited: bool,
) -> Result<(), Stop> {
    let params = vec![
        is_awaited.into(),
        tenant.as_str().into(),
        scope.to_string().into(),
    ];
    tx.execute_later(&SET_AWAITED, params, Meaning::Nothing)
        .await
}

/// Makes every execution that waits for room in a pool due now.
pub(super) async fn wake(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
) -> Result<(), Stop> {
    set_awaited(tx, tenant, scope, false).await?;
    let key = wait_key(&scope.to_string());
    let params = vec![
        tx.now.as_micros().into(),
        tenant.as_str().into(),
        key.into(),
    ];
    tx.execute_later(&WAKE, params, Meaning::Announced(Notice::Schedule))
        .await
}
