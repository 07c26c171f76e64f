//! Retention: what finished long ago is forgotten, a bounded piece at a time.

use civitas_model::Timestamp;
use civitas_sql::Statement;

use crate::transaction::{Meaning, Stop, Transaction};
use crate::{
    activity, agent_session, answer, approval, budget, hook_event, idempotency, invitation, metric,
    outbox, rate_limit, refresh_token, session, telemetry, ticket, webhook,
};

const EXPIRED: Statement = Statement::new(include_str!("../queries/execution/expired.sql"));
const DELETE: Statement = Statement::new(include_str!("../queries/execution/delete.sql"));
const DELETE_INTENT: Statement =
    Statement::new(include_str!("../queries/execution/delete_intent.sql"));

/// Forgets finished executions with their intents and journals. Artifacts stay, and still name their execution.
///
/// A child stays as long as its parent is there, which may yet ask, or ask again, how it ended.
#[derive(Debug)]
pub struct Expire {
    /// Those that finished before this.
    pub finished_before: Timestamp,
    /// How many at most, so that no commit takes long.
    pub limit: u32,
}

/// Removes ended sessions and credentials, old idempotency keys and the answers under them, metrics, telemetry, activity, ended
/// reservations and deliveries of webhooks.
#[derive(Debug)]
pub struct Sweep {
    /// Idempotency keys and the answers under them from before this.
    pub unused_since: Timestamp,
    /// Entries of the records stream up to this number, which the search index has applied.
    pub records_applied: u64,
}

impl Expire {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let params = [self.finished_before.as_micros().into(), self.limit.into()];
        for row in tx.query(&EXPIRED, &params).await? {
            let execution = row.text("execution_id")?;
            if tx.execute(&DELETE, vec![execution.into()]).await? == 1 {
                tx.execute_later(&DELETE_INTENT, vec![execution.into()], Meaning::Nothing)
                    .await?;
                outbox::delete_stream(tx, execution).await?;
            }
        }
        Ok(())
    }
}

impl Sweep {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        idempotency::delete_old(tx, self.unused_since).await?;
        answer::delete_old(tx, self.unused_since).await?;
        session::delete_expired(tx).await?;
        invitation::delete_expired(tx).await?;
        refresh_token::delete_expired(tx).await?;
        ticket::delete_expired(tx).await?;
        rate_limit::delete_expired(tx).await?;
        metric::delete_old(tx).await?;
        activity::delete_old(tx).await?;
        telemetry::delete_old(tx).await?;
        agent_session::delete_old(tx).await?;
        hook_event::delete_old(tx).await?;
        budget::sweep(tx).await?;
        approval::delete_old(tx).await?;
        webhook::delete_old(tx).await?;
        outbox::trim(tx, outbox::RECORDS, self.records_applied).await
    }
}
