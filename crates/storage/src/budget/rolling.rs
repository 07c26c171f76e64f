//! Rolling windows: what was used when, in sixty pieces to a window.
//!
//! A piece leaves the window as a whole, once the last of it is old enough: usage counts a sixtieth longer than the window,
//! never shorter.

use std::time::Duration;

use civitas_model::budget::{Amount, Period, Scope};
use civitas_model::{Money, TenantId, Timestamp};
use civitas_sql::{Error, Row, Statement};

use crate::transaction::{Meaning, Stop, Transaction};

const ADD_BUCKET: Statement = Statement::new(include_str!("../queries/budget/add_bucket.sql"));
const END_BUCKETS: Statement = Statement::new(include_str!("../queries/budget/end_buckets.sql"));
pub(super) const NEXT_BUCKET: Statement =
    Statement::new(include_str!("../queries/budget/next_bucket.sql"));

/// When what is used now leaves a window of so many hours.
fn ends_at(now: Timestamp, hours: u32) -> Timestamp {
    let piece = Duration::from_mins(u64::from(hours)).as_micros();
    let piece = i64::try_from(piece).unwrap_or(i64::MAX).max(1);
    let next = now.as_micros().div_euclid(piece).saturating_add(1);
    let end = Timestamp::from_micros(next.saturating_mul(piece));
    end.plus(Duration::from_hours(u64::from(hours)))
}

/// Notes what is used now.
pub(super) async fn add(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
    period: Period,
    amount: Amount,
) -> Result<(), Stop> {
    let Period::Rolling { hours } = period else {
        return Ok(());
    };
    let ends_at = ends_at(tx.now, hours);
    put(tx, tenant, scope, ends_at, amount).await
}

async fn put(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
    ends_at: Timestamp,
    amount: Amount,
) -> Result<(), Stop> {
    let params = vec![
        tenant.as_str().into(),
        scope.to_string().into(),
        ends_at.as_micros().into(),
        amount.tokens.into(),
        amount.cost.as_micros().into(),
    ];
    tx.execute_later(&ADD_BUCKET, params, Meaning::Nothing)
        .await
}

/// Forgets what has left the window; says how much that is.
pub(super) async fn end_buckets(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
) -> Result<Amount, Stop> {
    let until = tx.now;
    Ok(sum(&take(tx, tenant, scope, until).await?)?)
}

async fn take(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
    until: Timestamp,
) -> Result<Vec<Row>, Stop> {
    let params = [
        tenant.as_str().into(),
        scope.to_string().into(),
        until.as_micros().into(),
    ];
    tx.query(&END_BUCKETS, &params).await
}

/// What the pieces that end by a time add up to.
pub(super) fn sum(rows: &[Row]) -> Result<Amount, Error> {
    rows.iter().try_fold(Amount::ZERO, |sum, row| {
        let cost = Money::from_micros(row.count("cost")?);
        Ok(sum.plus(Amount::new(row.count("tokens")?, cost)))
    })
}

/// Goes over to another period: what was used of a day or a window is used of the new window, too.
pub(super) async fn change(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
    (from, to): (Period, Period),
    used: Amount,
) -> Result<(), Stop> {
    let all = Timestamp::from_micros(i64::MAX);
    let Period::Rolling { hours } = to else {
        take(tx, tenant, scope, all).await?;
        return Ok(());
    };
    let Period::Rolling { hours: before } = from else {
        return add(tx, tenant, scope, to, used).await;
    };
    if hours == before {
        return Ok(());
    }
    for row in take(tx, tenant, scope, all).await? {
        let spent = Timestamp::from_micros(row.int("ends_at")?)
            .minus(Duration::from_hours(u64::from(before)));
        let ends = spent.plus(Duration::from_hours(u64::from(hours)));
        let amount = sum(std::slice::from_ref(&row))?;
        put(tx, tenant, scope, ends, amount).await?;
    }
    Ok(())
}

/// When the first piece leaves the window.
pub(super) async fn next_end(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    scope: &Scope,
) -> Result<Option<Timestamp>, Stop> {
    let params = [tenant.as_str().into(), scope.to_string().into()];
    let row = tx.query_one(&NEXT_BUCKET, &params).await?;
    let next = row.map(|row| row.optional_int("ends_at")).transpose()?;
    Ok(next.flatten().map(Timestamp::from_micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_counts_for_the_window_and_a_sixtieth_at_most() {
        let hour = 3_600_000_000;
        for now in [0, 1, 59_999_999, 60_000_000, 7 * hour + 13] {
            let counts = ends_at(Timestamp::from_micros(now), 1).as_micros() - now;
            assert!(counts >= hour && counts <= hour + hour / 60, "{counts}");
        }
    }
}
