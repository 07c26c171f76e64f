//! Rate limits: who did what how often of late. Kept here so that a restart forgives nobody.

use std::time::Duration;

use civitas_model::Timestamp;
use civitas_sql::{Error, Statement};

use crate::changeset::{Change, Refusal};
use crate::json;
use crate::store::Store;
use crate::transaction::{Stop, Transaction};

const FIND: Statement = Statement::new(include_str!("queries/rate_limit/find.sql"));
const PUT: Statement = Statement::new(include_str!("queries/rate_limit/put.sql"));
const DELETE_EXPIRED: Statement =
    Statement::new(include_str!("queries/rate_limit/delete_expired.sql"));

/// One more try at something that is limited to `limit` tries in any `window`; refused with [`Refusal::RateLimited`]
/// when they are used up. A refused try does not count.
///
/// Every try within the window is remembered by its time, so `limit` should be small (at most about a hundred).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Try {
    /// Of what, by whom.
    pub key: String,
    /// How many tries.
    pub limit: u32,
    /// In how much time.
    pub window: Duration,
}

impl From<Try> for Change {
    fn from(change: Try) -> Self {
        Self::Try(change)
    }
}

impl Try {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let row = tx.query_one(&FIND, &[self.key.as_str().into()]).await?;
        let mut tries: Vec<i64> = match &row {
            Some(row) => json::read(row, "hits")?,
            None => Vec::new(),
        };
        if let Some(retry_at) = self.retry_at(&mut tries, tx.now) {
            return Err(Refusal::RateLimited { retry_at }.into());
        }
        tries.push(tx.now.as_micros());
        let params = [
            self.key.as_str().into(),
            json::text(&tries)?,
            tx.now.plus(self.window).as_micros().into(),
        ];
        tx.execute(&PUT, params.into()).await?;
        Ok(())
    }

    /// Forgets tries outside the window, then says when the next one is allowed if it is not now.
    fn retry_at(&self, tries: &mut Vec<i64>, now: Timestamp) -> Option<Timestamp> {
        let start = now.minus(self.window).as_micros();
        // A try in the future was noted before the clock was set back: it must not lock anyone out for long.
        tries.retain(|at| *at > start && *at <= now.as_micros());
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let oldest = tries.len().checked_sub(limit)?;
        tries
            .get(oldest)
            .map(|at| Timestamp::from_micros(*at).plus(self.window))
            .or(Some(now.plus(self.window)))
    }
}

pub(crate) async fn delete_expired(tx: &mut Transaction<'_>) -> Result<(), Stop> {
    tx.execute(&DELETE_EXPIRED, vec![tx.now.as_micros().into()])
        .await?;
    Ok(())
}

impl Store {
    /// When the try would be allowed, if it is not now. Looking is cheap and counts for nothing; only committing does.
    pub async fn retry_at(&self, attempt: &Try) -> Result<Option<Timestamp>, Error> {
        let params = vec![attempt.key.as_str().into()];
        let Some(row) = self.database.query_one(&FIND, params).await? else {
            return Ok(None);
        };
        let mut tries = json::read(&row, "hits")?;
        Ok(attempt.retry_at(&mut tries, self.clock().now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_try_is_allowed_when_the_oldest_leaves_the_window() {
        let attempt = Try {
            key: "k".into(),
            limit: 2,
            window: Duration::from_micros(10),
        };
        let at = |now, tries: &[i64]| {
            attempt
                .retry_at(&mut tries.to_vec(), Timestamp::from_micros(now))
                .map(Timestamp::as_micros)
        };
        assert_eq!(at(100, &[]), None);
        assert_eq!(at(100, &[95]), None);
        assert_eq!(at(100, &[93, 95]), Some(103));
        assert_eq!(at(103, &[93, 95]), None);
        assert_eq!(at(100, &[500, 600]), None, "the clock was set back");
    }
}
