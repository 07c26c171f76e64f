//! The wiring: puts the services together, starts them, and stops them in the right order.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, bail};
use civitas_api::{AppState, Places, Receiving, Server, ServerOptions, Settings, UnderWay};
use civitas_auth::{Auth, AuthOptions};
use civitas_documents::DOCUMENT_BYTES_MAX;
use civitas_intent::{Realm, retry};
use civitas_model::{Clock, Entropy, SystemClock, SystemEntropy, TenantId};
use civitas_providers::blobs::Blobs;
use civitas_providers::sandbox::{Limits as SandboxLimits, Sandbox, SandboxConfig};
use civitas_runtime::{Options, Retention, Runtime, SearchPort, Services};
use civitas_search::{Error, Index, Request, search_current};
use civitas_storage::{Store, StoreOptions};
use futures::FutureExt;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::audit::{self, Signer};
use crate::config::Config;
use crate::{folder, governance};

/// How many executions of one tenant run at the same time.
const TENANT_CONCURRENCY: usize = 256;
/// How many documents are parsed at the same time, and how many wait for their turn.
const SANDBOX_CONCURRENCY: usize = 2;
const SANDBOX_WAITING: usize = 512;

/// Upper bounds of the buckets that durations are counted in, in seconds.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0, 60.0,
];
/// How often recorded durations are added up.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The realms of this binary.
pub fn realms() -> Vec<Realm> {
    vec![civitas_content::realm(), civitas_fleet::realm()]
}

/// A running node.
pub struct Node {
    state: AppState,
    config: Config,
    stopping: CancellationToken,
    signer: Arc<Signer>,
    // Held as long as the node runs, so that no second one opens the same folder.
    _lock: File,
}

impl Node {
    /// Opens the stores and starts the engine. `program` is this binary, which is started again to parse documents.
    pub async fn start(config: Config, program: &Path) -> anyhow::Result<Self> {
        Self::start_with(config, program, realms()).await
    }

    /// The same with other realms; for tests and benchmarks.
    pub async fn start_with(
        config: Config,
        program: &Path,
        realms: Vec<Realm>,
    ) -> anyhow::Result<Self> {
        Self::start_at(config, program, realms, Arc::new(SystemClock)).await
    }

    /// The same with another clock.
    pub async fn start_at(
        config: Config,
        program: &Path,
        realms: Vec<Realm>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        config.check()?;
        let lock = folder::lock(&config.data_dir)?;
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let store = open_store(&config, &clock).await?;
        let name = folder::node_name(&config.data_dir, &*entropy)?;
        if config.database_url.is_some() {
            folder::claim(&store, &config.data_dir, &name).await?;
        }
        let signer = signer(&config, &store, &name, &*entropy)?;
        let blobs = open_blobs(&config, &*clock).await?;
        let index = Arc::new(Index::open(
            &config.data_dir.join("search"),
            civitas_search::Options::default(),
        )?);
        let services = Services {
            blobs: blobs.clone(),
            sandbox: start_sandbox(program)?,
            search: search_port(Arc::clone(&index), store.clone()),
        };
        let auth = Auth::open(AuthOptions::new(store.clone(), &config.data_dir)).await?;
        let executions = config.retention;
        let options = Options {
            store: store.clone(),
            realms,
            services,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            node: name,
            concurrency_max: config.concurrency,
            tenant_concurrency_max: TENANT_CONCURRENCY,
            retention: Retention { executions },
        };
        let runtime = Runtime::start(options).await?;
        let stopping = CancellationToken::new();
        keep_searchable(&index, &store, &runtime, &stopping);
        keep_provable(&signer, &entropy, &stopping);
        let governance = governance::start(&config, &store, &entropy, &stopping)?;
        let state = AppState::new(civitas_api::Services {
            runtime,
            auth,
            agents: governance.agents,
            approvals: governance.approvals,
            budgets: governance.budgets,
            feed: governance.feed,
            gate: governance.gate,
            halts: governance.halts,
            policies: governance.policies,
            telemetry: governance.telemetry,
            webhooks: governance.webhooks,
            store,
            blobs,
            search: index,
            clock,
            entropy,
            metrics: kept_up(&stopping),
            receiving: Receiving::default(),
            under_way: UnderWay::default(),
            streams: Places::new(config.limits.streams, config.limits.tenant_streams),
            settings: settings(&config),
            stopping: stopping.clone(),
        });
        Ok(Self {
            state,
            config,
            stopping,
            signer,
            _lock: lock,
        })
    }

    /// The services, for whoever runs in the same process.
    pub const fn state(&self) -> &AppState {
        &self.state
    }

    /// Listens where the configuration says; port 0 takes any free one.
    pub async fn listen(&self) -> anyhow::Result<TcpListener> {
        let listen = self.config.listen;
        TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}: choose another with --listen"))
    }

    /// Serves until `end` resolves or the lease is lost, then stops everything in order: no new work, handlers to their
    /// end or back to the queue, sockets closed with a code.
    pub async fn serve(
        self,
        listener: TcpListener,
        end: impl Future<Output = ()> + Send,
    ) -> anyhow::Result<()> {
        let server = Server::new(self.state.clone());
        let options = ServerOptions {
            listener,
            grace: self.config.grace,
        };
        let serving = tokio::spawn(server.run(options));
        let lost = tokio::select! {
            () = end => false,
            () = self.state.runtime.lease_lost() => true,
        };
        tracing::info!("stopping");
        self.stopping.cancel();
        self.state.runtime.stop(self.config.grace).await;
        serving.await.context("the server stopped unexpectedly")?;
        // A copy of a node at rest is signed to its end.
        if let Err(error) = self.signer.sign(1).await {
            tracing::warn!(%error, "the end of the audit log is signed at the next start");
        }
        if lost {
            bail!("another node took the engine's lease over");
        }
        Ok(())
    }
}

fn settings(config: &Config) -> Settings {
    Settings {
        access: config.access,
        origins: config.origins.clone(),
        limits: config.limits,
        query_tokens: config.query_tokens,
        trust_proxy: config.trust_proxy,
    }
}

/// Feeds the index until the node stops, and tells the engine how far it is.
fn keep_searchable(
    index: &Arc<Index>,
    store: &Store,
    runtime: &Runtime,
    stopping: &CancellationToken,
) {
    let noted = runtime.clone();
    let projection = civitas_search::project(Arc::clone(index), store.clone(), move |seq| {
        noted.note_records_applied(seq);
    });
    tokio::spawn(stopping.clone().run_until_cancelled_owned(projection));
}

/// What signs the audit log; its key is made at the first start.
fn signer(
    config: &Config,
    store: &Store,
    installation: &str,
    entropy: &dyn Entropy,
) -> anyhow::Result<Arc<Signer>> {
    Ok(Arc::new(Signer {
        store: store.clone(),
        key: Arc::new(audit::key::open(&config.data_dir, entropy)?),
        installation: installation.to_owned(),
        data_dir: config.data_dir.clone(),
        config: config.audit,
    }))
}

/// Signs the audit log and drops its old bodies until the node stops.
fn keep_provable(signer: &Arc<Signer>, entropy: &Arc<dyn Entropy>, stopping: &CancellationToken) {
    let (store, keep) = (signer.store.clone(), signer.config.retention);
    let retention = audit::retention::run(store, Arc::clone(entropy), keep);
    tokio::spawn(stopping.clone().run_until_cancelled_owned(retention));
    let signing = Arc::clone(signer).run();
    tokio::spawn(stopping.clone().run_until_cancelled_owned(signing));
}

/// Stored content, without what a crash left half written.
async fn open_blobs(config: &Config, clock: &dyn Clock) -> anyhow::Result<Blobs> {
    let blobs = Blobs::local(&config.data_dir.join("blobs"))?;
    blobs.sweep_temporary(clock.now()).await?;
    Ok(blobs)
}

/// What starts confined children, with the first one on its way.
fn start_sandbox(program: &Path) -> anyhow::Result<Sandbox> {
    let sandbox = Sandbox::new(sandbox_config(program))?;
    sandbox.start_ahead();
    Ok(sandbox)
}

/// Opens the database that a configuration means.
async fn open_store(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Store> {
    let (options, quotas) = (store_options(config), config.quotas.clone());
    Ok(Store::open_with(&options, Arc::clone(clock), quotas).await?)
}

/// Which database a configuration means.
pub(crate) fn store_options(config: &Config) -> StoreOptions {
    match &config.database_url {
        Some(address) => StoreOptions::Postgres {
            address: address.clone(),
        },
        None => StoreOptions::Sqlite {
            path: config.data_dir.join("civitas.db"),
        },
    }
}

/// What one document may use of the confined child.
pub(crate) const fn sandbox_limits() -> SandboxLimits {
    SandboxLimits {
        memory_bytes: 1 << 30,
        cpu_seconds: 60,
        wall_clock: Duration::from_mins(2),
        output_bytes: DOCUMENT_BYTES_MAX,
        // As large as an upload: what is read as a whole has tighter limits, which the child knows.
        input_bytes: 5 << 30,
    }
}

/// How the confined child is started.
pub(crate) fn sandbox_config(program: &Path) -> SandboxConfig {
    SandboxConfig {
        program: program.to_owned(),
        args: vec![crate::sandbox_child::COMMAND.into()],
        limits: sandbox_limits(),
        concurrency: SANDBOX_CONCURRENCY,
        waiting: SANDBOX_WAITING,
    }
}

fn search_port(index: Arc<Index>, store: Store) -> SearchPort {
    Arc::new(move |tenant: TenantId, question: Value| {
        let (index, store) = (Arc::clone(&index), store.clone());
        async move {
            let request: Request = serde_json::from_value(question).map_err(|error| {
                civitas_intent::reject(format!("the search is not valid: {error}"))
            })?;
            search_current(index, &store, request.of(tenant))
                .await
                .map(|answer| answer.to_json())
                .map_err(|error| match error {
                    Error::Cursor | Error::CursorExpired | Error::CursorAndOffset => {
                        civitas_intent::reject(format!("the cursor {error}"))
                    }
                    error => retry(error.to_string()),
                })
        }
        .boxed()
    })
}

/// The recorder of metrics is one per process.
fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new().set_buckets(&SECONDS);
            // Only an empty list of buckets is refused.
            let recorder = builder.unwrap_or_default().build_recorder();
            let handle = recorder.handle();
            // Another recorder in the process only means that these counts stay empty.
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another recorder of metrics was installed before");
            }
            handle
        })
        .clone()
}

/// The recorder's handle, with its upkeep at work until the node stops.
fn kept_up(stopping: &CancellationToken) -> PrometheusHandle {
    let metrics = metrics();
    let upkeep = upkeep(metrics.clone());
    tokio::spawn(stopping.clone().run_until_cancelled_owned(upkeep));
    metrics
}

/// Adds up what was recorded. Until then the recorder keeps every single duration, and nobody may ever scrape.
async fn upkeep(metrics: PrometheusHandle) {
    let mut tick = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        tick.tick().await;
        metrics.run_upkeep();
    }
}
