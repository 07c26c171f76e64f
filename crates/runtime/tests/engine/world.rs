//! A database with its folder, engines opened on it, and what every test asks of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use civitas_model::execution::Status;
use civitas_model::journal::{Entry, Kind};
use civitas_model::{Caller, Clock, Execution, ExecutionId, SystemClock, SystemEntropy, TenantId};
use civitas_providers::blobs::Blobs;
use civitas_providers::sandbox::{Limits, Sandbox, SandboxConfig};
use civitas_runtime::{Accepted, Options, Retention, Runtime, Services, StartError, Submission};
use civitas_storage::{Store, StoreOptions};
use futures::FutureExt;
use serde_json::Value;

use crate::realm::{Probe, realm};

/// Longer than anything takes; what is waited for this long does not come.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

static WORLDS: AtomicU64 = AtomicU64::new(0);

/// A database, and a name for the probes of the test.
pub(crate) struct World {
    directory: tempfile::TempDir,
    options: StoreOptions,
    pub(crate) name: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) concurrency_max: usize,
    pub(crate) tenant_concurrency_max: usize,
}

/// An engine and its store.
pub(crate) struct Open {
    pub(crate) runtime: Runtime,
    pub(crate) store: Store,
}

impl World {
    fn of(directory: tempfile::TempDir, options: StoreOptions, name: String) -> Self {
        Self {
            directory,
            options,
            name,
            clock: Arc::new(SystemClock),
            concurrency_max: 256,
            tenant_concurrency_max: 256,
        }
    }

    fn name() -> String {
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        format!("engine_{}_{number}", std::process::id())
    }

    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("civitas.db");
        Self::of(directory, StoreOptions::Sqlite { path }, Self::name())
    }

    /// A schema of its own in the PostgreSQL that the environment names, if it names one.
    pub(crate) async fn postgres() -> Option<Self> {
        let address = std::env::var("CIVITAS_TEST_POSTGRES_URL").ok()?;
        let name = Self::name();
        let (_, mut writer) = civitas_sql::Database::open_postgres(&address)
            .await
            .unwrap();
        let script = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name};");
        writer.script(&script).await.unwrap();
        let separator = if address.contains('?') { '&' } else { '?' };
        let address = format!("{address}{separator}options=-c%20search_path%3D{name}");
        let directory = tempfile::tempdir().unwrap();
        Some(Self::of(
            directory,
            StoreOptions::Postgres { address },
            name,
        ))
    }

    pub(crate) fn probe(&self) -> Arc<Probe> {
        Probe::named(&self.name)
    }

    /// The database's file.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("civitas.db")
    }

    pub(crate) async fn open(&self) -> Open {
        self.try_open("node").await.unwrap()
    }

    pub(crate) async fn try_open(&self, node: &str) -> Result<Open, StartError> {
        let clock = Arc::clone(&self.clock);
        let store = Store::open(&self.options, clock.clone()).await?;
        let runtime = Runtime::start(Options {
            store: store.clone(),
            realms: vec![realm()],
            services: self.services(),
            clock,
            entropy: Arc::new(SystemEntropy),
            node: node.into(),
            concurrency_max: self.concurrency_max,
            tenant_concurrency_max: self.tenant_concurrency_max,
            retention: Retention::default(),
        })
        .await?;
        Ok(Open { runtime, store })
    }

    pub(crate) fn blobs(&self) -> Blobs {
        Blobs::local(&self.directory.path().join("blobs")).unwrap()
    }

    fn services(&self) -> Services {
        let limits = Limits {
            memory_bytes: 1 << 20,
            cpu_seconds: 1,
            wall_clock: Duration::from_secs(1),
            output_bytes: 1024,
            input_bytes: 1024,
        };
        let sandbox = Sandbox::new(SandboxConfig {
            program: PathBuf::from("/bin/false"),
            args: Vec::new(),
            limits,
            concurrency: 1,
            waiting: 1,
        });
        Services {
            blobs: Blobs::local(&self.directory.path().join("blobs")).unwrap(),
            sandbox: sandbox.unwrap(),
            search: Arc::new(|_, _| async { Ok(Value::Null) }.boxed()),
        }
    }
}

pub(crate) fn submission(intent_type: &str, parameters: Value) -> Submission {
    let Value::Object(parameters) = parameters else {
        panic!("parameters are an object")
    };
    Submission {
        intent_type: intent_type.into(),
        parameters,
        ..Submission::default()
    }
}

/// Someone who may do everything in a tenant of their own.
pub(crate) fn caller(tenant: &str) -> Caller {
    Caller {
        tenant_id: TenantId::trusted(tenant),
        ..Caller::local_operator()
    }
}

pub(crate) fn operator() -> Caller {
    Caller::local_operator()
}

impl Open {
    pub(crate) async fn submit(&self, intent_type: &str, parameters: Value) -> Accepted {
        let submission = submission(intent_type, parameters);
        self.runtime.submit(&operator(), submission).await.unwrap()
    }

    /// Submits and waits for the end.
    pub(crate) async fn run(&self, intent_type: &str, parameters: Value) -> Execution {
        let accepted = self.submit(intent_type, parameters).await;
        self.end(&accepted.execution_id).await
    }

    /// Waits for the end.
    pub(crate) async fn end(&self, execution: &ExecutionId) -> Execution {
        self.end_in(&operator().tenant_id, execution).await
    }

    pub(crate) async fn end_in(&self, tenant: &TenantId, execution: &ExecutionId) -> Execution {
        let found = self.runtime.wait(tenant, execution, PATIENCE).await;
        let found = found.unwrap().expect("the execution is known");
        assert!(found.status.is_final(), "it did not end: {found:?}");
        found
    }

    pub(crate) async fn find(&self, execution: &ExecutionId) -> Execution {
        let tenant = operator().tenant_id;
        let found = self.runtime.find(&tenant, execution).await.unwrap();
        found.expect("the execution is known")
    }

    /// Follows the journal until an entry is of this kind.
    pub(crate) async fn until(&self, execution: &ExecutionId, kind: Kind) -> Entry {
        self.until_after(execution, 0, kind).await
    }

    pub(crate) async fn until_after(
        &self,
        execution: &ExecutionId,
        after: u64,
        kind: Kind,
    ) -> Entry {
        let tenant = operator().tenant_id;
        let watch = self.runtime.watch(&tenant, execution, after).await.unwrap();
        let mut watch = watch.expect("the execution is known");
        let look = async {
            while let Some(entry) = watch.next().await.unwrap() {
                if entry.kind == kind {
                    return entry;
                }
            }
            panic!("the journal ended without {kind:?}")
        };
        let found = tokio::time::timeout(PATIENCE, look).await;
        found.unwrap_or_else(|_| panic!("no {kind:?} came"))
    }

    /// The journal, checked for gaps.
    pub(crate) async fn journal(&self, execution: &ExecutionId) -> Vec<Entry> {
        let found = self.find(execution).await;
        let journal = self
            .store
            .executions()
            .journal(&found.intent.tenant_id, execution, 0, 20_000)
            .await
            .unwrap();
        let numbers: Vec<u64> = journal.iter().map(|entry| entry.seq).collect();
        assert_eq!(numbers, (1..=found.last_seq).collect::<Vec<u64>>());
        journal
    }

    pub(crate) async fn kinds(&self, execution: &ExecutionId) -> Vec<Kind> {
        let journal = self.journal(execution).await;
        journal.iter().map(|entry| entry.kind).collect()
    }

    pub(crate) async fn stop(self) {
        self.runtime.stop(PATIENCE).await;
    }

    /// Stops at once, whatever is at work.
    pub(crate) async fn halt(self) {
        self.runtime.stop(Duration::ZERO).await;
    }
}

/// The value an execution completed with.
pub(crate) fn value(execution: &Execution) -> &Value {
    assert_eq!(execution.status, Status::Completed, "{execution:?}");
    let result = execution.result.as_ref().expect("a result");
    &result["done"]["semantic_payload"]["value"]
}

pub(crate) fn failure_code(execution: &Execution) -> &str {
    assert_eq!(execution.status, Status::Failed, "{execution:?}");
    &execution.failure.as_ref().expect("a failure").code
}

/// Makes each case a test on SQLite, and on PostgreSQL where there is one.
macro_rules! on_each_database {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::world::World::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(world) = $crate::world::World::postgres().await {
                    super::$case(world).await;
                }
            })*
        }
    };
}
pub(crate) use on_each_database;
