//! How long telemetry is kept.

use std::time::Duration;

use civitas_sql::Statement;

use crate::transaction::{Meaning, Stop, Transaction};

/// Events, which are many: long enough to look into what happened.
const EVENTS_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// Sessions and their totals: as long as what hooks say of them.
const SESSIONS_LIFETIME: Duration = Duration::from_hours(90 * 24);
/// Requests: a year can be held against the one before.
const LIFETIME: Duration = Duration::from_hours(800 * 24);
/// Rows of each table that one sweep removes, so that no commit takes long.
const SWEPT_MAX: u32 = 10_000;

const DELETIONS: [(Statement, Duration); 4] = [
    (
        Statement::new(include_str!("../queries/telemetry/delete_old_events.sql")),
        EVENTS_LIFETIME,
    ),
    (
        Statement::new(include_str!("../queries/telemetry/delete_old_requests.sql")),
        LIFETIME,
    ),
    (
        Statement::new(include_str!("../queries/telemetry/delete_old_metrics.sql")),
        SESSIONS_LIFETIME,
    ),
    (
        Statement::new(include_str!("../queries/telemetry/delete_old_sessions.sql")),
        SESSIONS_LIFETIME,
    ),
];

pub(crate) async fn delete_old(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    for (statement, lifetime) in &DELETIONS {
        let before = tx.now.minus(*lifetime).as_micros();
        let params = vec![before.into(), before.into(), SWEPT_MAX.into()];
        tx.execute_later(statement, params, Meaning::Nothing)
            .await?;
    }
    Ok(())
}
