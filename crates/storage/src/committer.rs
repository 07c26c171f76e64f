//! The committer: takes everything that is queued, applies it in one transaction, commits once, answers everyone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use civitas_model::{Clock, Timestamp};
use civitas_sql::{Error, Writer};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::changeset::{Changeset, CommitError, Receipt, Refusal};
use crate::execution::find_status;
use crate::notice::Notice;
use crate::transaction::{Stop, Transaction};
use crate::usage::Quotas;
use crate::write::apply;

/// Changesets per transaction, at most. More would only make the first of them wait.
const BATCH_MAX: usize = 1024;
/// Pages of SQLite's write-ahead file (256 MiB) at which the committer itself waits for readers to let go of it.
const LOG_PAGES_MAX: u64 = 65_536;
/// How long to wait before connecting again after the connection was lost.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);

/// A changeset on its way, and who waits for it.
pub(crate) struct Request {
    pub(crate) changeset: Changeset,
    pub(crate) answer: oneshot::Sender<Result<Receipt, CommitError>>,
}

/// Notices of one transaction, shared by all receivers.
pub(crate) type Batch = Arc<[Notice]>;

/// Why the newest writing failed, while that is so; shared with whoever asks how the store is.
#[derive(Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// The reason, or nothing when the newest writing worked.
    pub(crate) fn reason(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, reason: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}

pub(crate) struct Committer {
    pub(crate) writer: Writer,
    pub(crate) trouble: Trouble,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) notices: broadcast::Sender<Batch>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) quotas: Arc<Quotas>,
}

/// What became of each changeset of a batch, in order.
type Verdicts = Vec<Result<(), CommitError>>;

/// A batch that was committed.
struct Committed {
    verdicts: Verdicts,
    notices: Vec<Notice>,
    /// Why the database did not take one of the changesets, if no rule of ours or of the schema refused it.
    trouble: Option<String>,
}

impl Committer {
    /// Runs until every sender is gone.
    ///
    /// On SQLite each call blocks, so this future is driven by a thread of its own.
    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while self.requests.recv_many(&mut batch, BATCH_MAX).await > 0 {
            self.commit_batch(&mut batch).await;
            if let Err(error) = self.writer.bound_log(LOG_PAGES_MAX) {
                tracing::warn!(%error, "the write-ahead file could not be checkpointed");
            }
        }
    }

    async fn commit_batch(&mut self, batch: &mut Vec<Request>) {
        // A changeset is applied even when its caller went away: one queued after it may rely on it.
        let now = self.clock.now();
        // Refusals are rare: try without a savepoint per changeset first, and pay for them only when one was refused.
        let outcome = match self.transact(batch, now, Isolation::Shared).await {
            Ok(None) => self.transact(batch, now, Isolation::Savepoints).await,
            outcome => outcome,
        };
        match outcome {
            Ok(Some(Committed {
                verdicts,
                notices,
                trouble,
            })) => {
                if verdicts.iter().any(Result::is_ok) {
                    self.trouble.set(None);
                } else if trouble.is_some() {
                    self.trouble.set(trouble);
                }
                if !notices.is_empty() {
                    // Nobody listening is fine.
                    let _ = self.notices.send(notices.into());
                }
                for (request, verdict) in batch.drain(..).zip(verdicts) {
                    let _ = request
                        .answer
                        .send(verdict.map(|()| Receipt { committed_at: now }));
                }
            }
            Ok(None) => {
                self.fail(batch, "the transaction could not be isolated")
                    .await;
            }
            Err(error) => {
                tracing::error!(%error, changesets = batch.len(), "a transaction failed");
                self.fail(batch, &error.to_string()).await;
                self.recover(&error).await;
            }
        }
    }

    async fn fail(&mut self, batch: &mut Vec<Request>, reason: &str) {
        self.trouble.set(Some(reason.to_owned()));
        // The transaction may be gone with the connection; then there is nothing to roll back.
        let _ = self.writer.rollback().await;
        for request in batch.drain(..) {
            let _ = request
                .answer
                .send(Err(CommitError::Unavailable(reason.to_owned())));
        }
    }

    async fn recover(&mut self, error: &Error) {
        if !error.is_connection_lost() && !self.writer.is_closed() {
            return;
        }
        tokio::time::sleep(RECONNECT_DELAY).await;
        if let Err(error) = self.writer.reconnect().await {
            tracing::error!(%error, "connecting again failed");
        }
    }

    /// Applies and commits the batch. `None` means that a changeset was refused although none was expected to be:
    /// everything is rolled back, and nothing was answered.
    async fn transact(
        &mut self,
        batch: &[Request],
        now: Timestamp,
        isolation: Isolation,
    ) -> Result<Option<Committed>, Error> {
        self.writer.begin().await?;
        let mut verdicts = Vec::with_capacity(batch.len());
        let mut trouble = None;
        let mut transaction = Transaction::new(&mut self.writer, &self.quotas, now);
        for request in batch {
            let said = transaction.notices.len();
            if isolation == Isolation::Savepoints {
                transaction.mark().await?;
            }
            let mut applied = apply(&mut transaction, &request.changeset).await;
            if applied.is_ok() && isolation == Isolation::Savepoints {
                applied = transaction.flush().await;
            }
            match (applied, isolation) {
                (Err(Stop::Failed(error)), _) if error.is_connection_lost() => return Err(error),
                (Ok(()), Isolation::Shared) => verdicts.push(Ok(())),
                (Err(_), Isolation::Shared) => {
                    self.writer.rollback().await?;
                    return Ok(None);
                }
                (Ok(()), Isolation::Savepoints) => {
                    transaction.keep().await?;
                    verdicts.push(Ok(()));
                }
                (Err(stop), Isolation::Savepoints) => {
                    if let Stop::Failed(error) = &stop
                        && !error.is_constraint_violation()
                    {
                        trouble = Some(error.to_string());
                    }
                    transaction.undo(said).await?;
                    verdicts.push(Err(explain(&mut transaction, stop).await?));
                }
            }
        }
        let settled = match crate::audit::settle(&mut transaction).await {
            Ok(()) => transaction.flush().await,
            stop => stop,
        };
        match settled {
            Ok(()) => {}
            Err(Stop::Failed(error)) if error.is_connection_lost() => return Err(error),
            Err(_) => {
                self.writer.rollback().await?;
                return Ok(None);
            }
        }
        let notices = transaction.notices;
        self.writer.commit().await?;
        Ok(Some(Committed {
            verdicts,
            notices,
            trouble,
        }))
    }
}

/// What to tell the caller of a changeset that was undone.
async fn explain(transaction: &mut Transaction<'_>, stop: Stop) -> Result<CommitError, Error> {
    match stop {
        Stop::Refused(refusal) => Ok(CommitError::Refused(refusal)),
        Stop::WrongState(tenant, execution) => {
            let status = find_status(transaction, &tenant, &execution).await?;
            Ok(CommitError::Refused(Refusal::WrongState { status }))
        }
        // A constraint that no precondition names: ours to fix, but it must not take the batch down with it.
        Stop::Failed(error) => {
            tracing::error!(%error, "a changeset failed");
            Ok(CommitError::Unavailable(error.to_string()))
        }
    }
}

/// How changesets of one transaction are kept from undoing each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Isolation {
    /// Not at all: a refusal undoes the whole transaction.
    Shared,
    /// Each has a savepoint: a refusal undoes only its own changeset.
    Savepoints,
}
