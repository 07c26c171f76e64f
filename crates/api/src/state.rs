//! What handlers share: a list of handles.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use civitas_auth::Auth;
use civitas_governance::gate::Gate;
use civitas_governance::{
    Approvals, Budgets, Feed, Halts, Policies, Registry, Telemetry, Webhooks,
};
use civitas_model::{Clock, Entropy};
use civitas_providers::blobs::Blobs;
use civitas_runtime::Runtime;
use civitas_search::Index;
use civitas_storage::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use crate::once::UnderWay;
use crate::places::Places;
use crate::uploads::Receiving;

/// What every handler can reach: one pointer, since layers and handlers clone it several times per request.
#[derive(Clone)]
pub struct AppState(Arc<Services>);

impl AppState {
    /// Shares the services.
    pub fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// Handles to the services behind the API.
pub struct Services {
    /// The engine.
    pub runtime: Runtime,
    /// Who asks.
    pub auth: Auth,
    /// Who the agents are.
    pub agents: Registry,
    /// What decides every tool call.
    pub gate: Gate,
    /// What agents may do.
    pub policies: Policies,
    /// What agents' clients report.
    pub telemetry: Telemetry,
    /// What is stopped.
    pub halts: Halts,
    /// What waits for people.
    pub approvals: Approvals,
    /// What they may spend.
    pub budgets: Budgets,
    /// What they do, for whoever watches.
    pub feed: Feed,
    /// What they do, for addresses that tenants chose.
    pub webhooks: Webhooks,
    /// Readings of what the engine and others wrote.
    pub store: Store,
    /// Stored content.
    pub blobs: Blobs,
    /// The search index.
    pub search: Arc<Index>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What Prometheus scrapes.
    pub metrics: PrometheusHandle,
    /// How the server is set up.
    pub settings: Settings,
    /// Uploads that somebody sends a piece of.
    pub receiving: Receiving,
    /// Requests with an idempotency key that are being done.
    pub under_way: UnderWay,
    /// Places of open streams and sockets.
    pub streams: Places,
    /// Cancelled when the server stops: long answers end.
    pub stopping: CancellationToken,
}

/// How the server is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether callers need a credential.
    pub access: Access,
    /// Origins that browsers may call from, such as `https://app.example.com`; used with [`Access::Credentials`].
    pub origins: Vec<String>,
    /// Limits of what is taken in.
    pub limits: Limits,
    /// Whether a long-lived token may stand in a WebSocket's URL; otherwise only a ticket.
    pub query_tokens: bool,
    /// Whether the client's address is taken from `X-Forwarded-For`, because a proxy of ours sets it.
    pub trust_proxy: bool,
}

/// Whether callers need a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// On loopback only: who shows none is the local operator.
    Development,
    /// Everyone but at the public routes.
    Credentials,
}

/// Limits of what is taken in.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A body of JSON, in bytes.
    pub body_bytes: usize,
    /// The body of a submission, which may carry a small file, in bytes.
    pub submission_bytes: usize,
    /// One uploaded file, in bytes.
    pub upload_bytes: u64,
    /// Streams and sockets open at the same time.
    pub streams: usize,
    /// The same of one tenant.
    pub tenant_streams: usize,
    /// How long a client of a stream may take to accept one message before it counts as stalled.
    pub send_patience: Duration,
    /// How often the credential of an open stream is looked at again.
    pub stream_checks: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            submission_bytes: 20 << 20,
            upload_bytes: 5 << 30,
            streams: 2000,
            tenant_streams: 1000,
            send_patience: Duration::from_secs(10),
            stream_checks: Duration::from_secs(10),
        }
    }
}
