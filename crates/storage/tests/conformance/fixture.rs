//! What a case gets: a store in a database of its own, a clock that stands still, and makers of things to store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use civitas_model::execution::{Intent, Wait};
use civitas_model::journal::{Entry, Kind as EntryKind, NewEntry};
use civitas_model::{Clock, Execution, Id, TenantId, Timestamp, Write};
use civitas_sql::{Database, Writer};
use civitas_storage::execution::{Append, Finish, Outcome, Request, Start, Submit, Suspend};
use civitas_storage::{Change, Changeset, CommitError, Refusal, Store, StoreOptions};
use serde_json::json;
use tempfile::TempDir;

pub const POSTGRES_URL: &str = "CIVITAS_TEST_POSTGRES_URL";
pub const START: i64 = 1_700_000_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub fn other(self) -> Self {
        match self {
            Self::Sqlite => Self::Postgres,
            Self::Postgres => Self::Sqlite,
        }
    }
}

/// A clock that moves only when told.
pub struct StillClock(AtomicI64);

impl StillClock {
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Default for StillClock {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Where a database lies. It is removed by [`Place::discard`].
pub enum Place {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

impl Place {
    /// An empty database; `None` when there is no server.
    pub async fn new(kind: Kind) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        match kind {
            Kind::Sqlite => Some(Self::Sqlite(tempfile::tempdir().unwrap())),
            Kind::Postgres => {
                let server = std::env::var(POSTGRES_URL).ok()?;
                let count = COUNT.fetch_add(1, Ordering::SeqCst);
                let name = format!("civitas_test_{}_{count}", std::process::id());
                let mut admin = admin(&server).await;
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                admin.script(&drop).await.unwrap();
                let create = format!("CREATE DATABASE {name} TEMPLATE template0");
                admin.script(&create).await.unwrap();
                Some(Self::Postgres { server, name })
            }
        }
    }

    pub fn options(&self) -> StoreOptions {
        match self {
            Self::Sqlite(folder) => StoreOptions::Sqlite {
                path: folder.path().join("civitas.db"),
            },
            Self::Postgres { server, name } => StoreOptions::Postgres {
                address: with_database(server, name),
            },
        }
    }

    /// The door under the store's, to look at and to break things.
    pub async fn database(&self) -> (Database, Writer) {
        match self.options() {
            StoreOptions::Sqlite { path } => Database::open_sqlite(&path).unwrap(),
            StoreOptions::Postgres { address } => Database::open_postgres(&address).await.unwrap(),
        }
    }

    /// Cuts every connection. Nothing to cut on SQLite.
    pub async fn disconnect(&self) {
        if let Self::Postgres { server, name } = self {
            let cut = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            );
            admin(server).await.script(&cut).await.unwrap();
        }
    }

    pub async fn discard(&self) {
        if let Self::Postgres { server, name } = self {
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            admin(server).await.script(&drop).await.unwrap();
        }
    }
}

async fn admin(server: &str) -> Writer {
    Database::open_postgres(server).await.unwrap().1
}

/// The address of another database on the same server.
fn with_database(server: &str, name: &str) -> String {
    let (scheme, rest) = server.split_once("://").unwrap();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = path.split_once('/').map_or(path, |(host, _)| host);
    if query.is_empty() {
        format!("{scheme}://{host}/{name}")
    } else {
        format!("{scheme}://{host}/{name}?{query}")
    }
}

#[derive(Clone)]
pub struct Fixture {
    pub kind: Kind,
    pub store: Store,
    pub clock: Arc<StillClock>,
    pub place: Arc<Place>,
    /// For files a case writes.
    pub folder: Arc<TempDir>,
}

/// Runs a case on a new database, and removes the database whatever became of the case.
pub async fn run<F: Future<Output = ()> + Send + 'static>(
    kind: Kind,
    case: impl FnOnce(Fixture) -> F,
) {
    let Some(place) = Place::new(kind).await else {
        println!("SKIPPED: {POSTGRES_URL} is not set");
        return;
    };
    let place = Arc::new(place);
    let clock = Arc::new(StillClock::default());
    let store = Store::open(&place.options(), clock.clone()).await.unwrap();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let fixture = Fixture {
        kind,
        store,
        clock,
        place: place.clone(),
        folder,
    };
    let outcome = tokio::spawn(case(fixture)).await;
    place.discard().await;
    if let Err(error) = outcome {
        std::panic::resume_unwind(error.into_panic());
    }
}

pub fn id<K>(value: &str) -> Id<K> {
    Id::new(value).unwrap()
}

pub fn tenant() -> TenantId {
    id("tenant-a")
}

pub fn other_tenant() -> TenantId {
    id("tenant-b")
}

pub fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(START + micros)
}

pub fn intent(tenant: &TenantId) -> Intent {
    Intent {
        intent_id: id("intent-1"),
        intent_type: "parse_content".into(),
        tenant_id: tenant.clone(),
        session_id: id("session-1"),
        solution_id: id("default"),
        user_id: Some(id("user-1")),
        parameters: json!({ "file_id": "f", "depth": [1, 2.5, null, true] }),
        metadata: json!({ "label": "ä" }),
        created_at: at(0),
    }
}

pub fn submit(tenant: &TenantId, execution: &str) -> Submit {
    Submit {
        execution_id: id(execution),
        intent: intent(tenant),
        parent: None,
        idempotency: None,
    }
}

pub fn entry(kind: EntryKind) -> NewEntry {
    NewEntry::bare(kind)
}

pub fn start(tenant: &TenantId, execution: &str, after_seq: u64) -> Start {
    Start {
        tenant_id: tenant.clone(),
        execution_id: id(execution),
        after_seq,
        entries: vec![entry(EntryKind::Started)],
    }
}

pub fn append(tenant: &TenantId, execution: &str, after_seq: u64, count: usize) -> Append {
    Append {
        tenant_id: tenant.clone(),
        execution_id: id(execution),
        after_seq,
        entries: vec![NewEntry::new(EntryKind::Step, "s", json!({ "n": 1 })); count],
    }
}

pub fn suspend(tenant: &TenantId, execution: &str, after_seq: u64, wait: Wait) -> Suspend {
    Suspend {
        tenant_id: tenant.clone(),
        execution_id: id(execution),
        after_seq,
        entries: vec![entry(EntryKind::Waiting)],
        wait,
    }
}

pub fn complete(tenant: &TenantId, execution: &str, after_seq: u64) -> Finish {
    Finish {
        tenant_id: tenant.clone(),
        execution_id: id(execution),
        after_seq,
        entries: vec![entry(EntryKind::Completed)],
        outcome: Outcome::Completed(json!({ "ok": true })),
    }
}

pub fn fail(tenant: &TenantId, execution: &str, after_seq: u64) -> Finish {
    Finish {
        outcome: Outcome::Failed(civitas_model::execution::Failure {
            code: "intent_rejected".into(),
            message: "no".into(),
        }),
        entries: vec![entry(EntryKind::Failed)],
        ..complete(tenant, execution, after_seq)
    }
}

pub fn request(tenant: &TenantId, execution: &str) -> Request {
    Request {
        tenant_id: tenant.clone(),
        execution_id: id(execution),
        by: "someone".into(),
    }
}

impl Fixture {
    /// Commits changes that must be applied.
    pub async fn commit(&self, change: impl Into<Change>) {
        let changeset = Changeset::new().with(change);
        self.store.commit(changeset).await.unwrap();
    }

    pub async fn put(&self, write: Write) {
        self.commit(write).await;
    }

    /// Commits a change that must be refused, and says why it was.
    pub async fn refused(&self, change: impl Into<Change>) -> Refusal {
        refusal(self.store.commit(Changeset::new().with(change)).await)
    }

    pub async fn find(&self, execution: &str) -> Execution {
        let found = self
            .store
            .executions()
            .find(&tenant(), &id(execution))
            .await;
        found.unwrap().unwrap()
    }

    pub async fn journal(&self, execution: &str) -> Vec<Entry> {
        let executions = self.store.executions();
        let journal = executions
            .journal(&tenant(), &id(execution), 0, 10_000)
            .await;
        journal.unwrap()
    }

    /// Asserts that the journal is numbered 1, 2, 3, … up to the execution's last entry.
    pub async fn assert_gap_free(&self, execution: &str) {
        let numbers: Vec<u64> = self
            .journal(execution)
            .await
            .iter()
            .map(|entry| entry.seq)
            .collect();
        let last = self.find(execution).await.last_seq;
        assert_eq!(numbers, (1..=last).collect::<Vec<u64>>());
    }

    /// Submits and starts an execution, which then has two entries.
    pub async fn started(&self, execution: &str) {
        self.commit(submit(&tenant(), execution)).await;
        self.commit(start(&tenant(), execution, 1)).await;
    }
}

pub fn refusal<T: std::fmt::Debug>(outcome: Result<T, CommitError>) -> Refusal {
    match outcome {
        Err(CommitError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// The path of the source tree of the crate.
pub fn source(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every file under a folder.
pub fn files_under(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
