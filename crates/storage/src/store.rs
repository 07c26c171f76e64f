//! Opening a store and committing to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use civitas_model::Clock;
use civitas_sql::{Database, Writer};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::answer::Claim;
use crate::changeset::{Changeset, CommitError, Receipt};
use crate::committer::{Batch, Committer, Request, Trouble};
use crate::notice::Notice;
use crate::usage::Quotas;

/// Changesets that may wait for the committer. A full queue makes callers wait, which intake turns into a 503.
const QUEUE_MAX: usize = 8192;
/// Batches of notices a slow receiver may lag behind before it must read from storage instead.
const NOTICES_MAX: usize = 1024;
/// How often SQLite's write-ahead file is moved into the database, and from how many pages (4 MiB) on.
const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(500);
const CHECKPOINT_PAGES_MIN: u64 = 1024;

/// Which database to open.
#[derive(Debug, Clone)]
pub enum StoreOptions {
    /// SQLite in a file, created when missing.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// PostgreSQL.
    Postgres {
        /// An address such as `postgres://user@host:5432/database`.
        address: String,
    },
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be reached or is damaged.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] civitas_sql::Error),
    /// The database was written by a newer version.
    #[error(
        "the database has schema version {found}, this binary knows up to {known}: use a newer binary"
    )]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version this binary knows.
        known: i64,
    },
    /// The committer's thread cannot be started.
    #[error("the committer cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// The schema version of an existing database, 0 when it is empty, and the newest this binary knows. Changes nothing
/// that a running node relies on: the schema is not brought up to date.
pub async fn schema_version(options: &StoreOptions) -> Result<(i64, i64), OpenError> {
    let (_, mut writer) = match options {
        StoreOptions::Sqlite { path } => Database::open_sqlite(path)?,
        StoreOptions::Postgres { address } => Database::open_postgres(address).await?,
    };
    let found = crate::migrate::found_version(&mut writer).await?;
    Ok((found, crate::migrate::known_version()))
}

/// A handle to durable state; cheap to clone. The committer stops when the last handle is dropped.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    requests: mpsc::Sender<Request>,
    notices: broadcast::Sender<Batch>,
    trouble: Trouble,
    clock: Arc<dyn Clock>,
    pub(crate) quotas: Arc<Quotas>,
}

impl Store {
    /// Opens the database, brings its schema up to date, and starts the committer. Tenants keep as much as they like.
    ///
    /// Must be called within a tokio runtime.
    pub async fn open(options: &StoreOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_with(options, clock, Quotas::unlimited()).await
    }

    /// The same, and tenants keep as much as their quotas allow.
    ///
    /// Must be called within a tokio runtime.
    pub async fn open_with(
        options: &StoreOptions,
        clock: Arc<dyn Clock>,
        quotas: Quotas,
    ) -> Result<Self, OpenError> {
        let (database, mut writer) = match options {
            StoreOptions::Sqlite { path } => Database::open_sqlite(path)?,
            StoreOptions::Postgres { address } => Database::open_postgres(address).await?,
        };
        let known = crate::migrate::known_version();
        crate::migrate::run(&mut writer, database.backend(), clock.now(), known).await?;
        let quotas = Arc::new(quotas);
        let (requests, queue) = mpsc::channel(QUEUE_MAX);
        let (notices, _) = broadcast::channel(NOTICES_MAX);
        let trouble = Trouble::default();
        let committer = Committer {
            writer,
            trouble: trouble.clone(),
            requests: queue,
            notices: notices.clone(),
            clock: Arc::clone(&clock),
            quotas: Arc::clone(&quotas),
        };
        start(committer)?;
        start_checkpoints(database.clone(), requests.downgrade());
        Ok(Self {
            database,
            requests,
            notices,
            trouble,
            clock,
            quotas,
        })
    }

    /// Applies a changeset atomically and durably, or refuses it.
    pub async fn commit(&self, changeset: Changeset) -> Result<Receipt, CommitError> {
        self.enqueue(changeset).await?.await
    }

    /// Queues a changeset; the returned [`Commit`] says what became of it.
    ///
    /// Changesets queued one after the other by one task are applied in that order. A later one may rely on an earlier
    /// one of the same execution without waiting for it: it is refused when that one was not applied, because it says
    /// which journal entry it follows. Dropping the [`Commit`] does not withdraw the changeset.
    pub async fn enqueue(&self, changeset: Changeset) -> Result<Commit, CommitError> {
        let changeset = Claim::put_before(changeset);
        let (answer, receipt) = oneshot::channel();
        self.requests
            .send(Request { changeset, answer })
            .await
            .map_err(|_| CommitError::Unavailable("the committer stopped".into()))?;
        Ok(Commit(receipt))
    }

    /// How full the committer's queue is, from 0 to 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rough share of a small number"
    )]
    pub fn load(&self) -> f64 {
        1.0 - self.requests.capacity() as f64 / QUEUE_MAX as f64
    }

    /// Why the newest commit failed for a reason that is not its caller's, such as a full disk; nothing once one worked.
    pub fn trouble(&self) -> Option<String> {
        if self.requests.is_closed() {
            return Some("the committer stopped".to_owned());
        }
        self.trouble.reason()
    }

    /// Hears what is committed from now on.
    pub fn subscribe(&self) -> Notices {
        Notices(self.notices.subscribe())
    }

    /// The clock that commits are stamped with.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Which database this is.
    pub const fn backend(&self) -> civitas_sql::Backend {
        self.database.backend()
    }
}

/// A changeset on its way.
pub struct Commit(oneshot::Receiver<Result<Receipt, CommitError>>);

impl Future for Commit {
    type Output = Result<Receipt, CommitError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(context).map(|answer| {
            answer.unwrap_or_else(|_| Err(CommitError::Unavailable("the committer stopped".into())))
        })
    }
}

/// Hears notices in the order of commits.
pub struct Notices(broadcast::Receiver<Batch>);

impl Notices {
    /// The next batch if one was said already, without waiting; `None` inside means that some were missed.
    pub fn try_next(&mut self) -> Option<Option<Arc<[Notice]>>> {
        match self.0.try_recv() {
            Ok(batch) => Some(Some(batch)),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(None),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => {
                None
            }
        }
    }

    /// The next batch; `None` inside means that some were missed, and `None` outside that the store is closed.
    pub async fn next(&mut self) -> Option<Option<Arc<[Notice]>>> {
        match self.0.recv().await {
            Ok(batch) => Some(Some(batch)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(None),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// SQLite blocks, so the committer has a thread of its own; PostgreSQL waits on a socket, so it is a task.
fn start(committer: Committer) -> Result<(), std::io::Error> {
    if matches!(committer.writer, Writer::Postgres(_)) {
        tokio::spawn(committer.run());
        return Ok(());
    }
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("committer".into())
        .spawn(move || runtime.block_on(committer.run()))?;
    Ok(())
}

fn start_checkpoints(database: Database, requests: mpsc::WeakSender<Request>) {
    if database.backend() != civitas_sql::Backend::Sqlite {
        return;
    }
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(CHECKPOINT_INTERVAL).await;
            if requests.upgrade().is_none() {
                return;
            }
            if let Err(error) = database.checkpoint(CHECKPOINT_PAGES_MIN).await {
                tracing::warn!(%error, "a checkpoint failed; it is tried again");
            }
        }
    });
}
