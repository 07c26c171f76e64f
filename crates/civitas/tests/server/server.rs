//! A real node for one test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use civitas::config::Config;
use civitas::node::{Node, realms};
use civitas_api::{Access, AppState};
use civitas_auth::{NewUser, Registration, Secret};
use civitas_model::{Clock, Role, SystemClock, TenantId, Timestamp};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::realm;

/// The password of everyone.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A node with a folder of its own, on a free port. It fails its test when executions are left unfinished.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) state: AppState,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<anyhow::Result<()>>>,
    operator: OnceCell<Client>,
    users: AtomicU32,
    unfinished_allowed: AtomicBool,
    clock: Arc<Shifted>,
    // Alone while it is started again.
    kept: Option<Kept>,
}

/// What outlives a stop.
struct Kept {
    folder: TempDir,
    config: Config,
}

/// The machine's clock, put forward.
#[derive(Debug, Default)]
struct Shifted(AtomicU64);

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        let ahead = Duration::from_micros(self.0.load(Ordering::Relaxed));
        SystemClock.now().plus(ahead)
    }
}

impl TestServer {
    /// Nobody signs in.
    pub(crate) async fn development() -> Self {
        Self::with(|_| {}).await
    }

    /// Everyone signs in.
    pub(crate) async fn credentials() -> Self {
        Self::with(|config| config.access = Access::Credentials).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::development(data.path().join("data"));
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.grace = Duration::from_secs(5);
        change(&mut config);
        let folder = data;
        Self::start(Kept { folder, config }, Arc::default()).await
    }

    async fn start(kept: Kept, clock: Arc<Shifted>) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_civitas"));
        let mut realms = realms();
        realms.push(realm::realm());
        let shown: Arc<dyn Clock> = Arc::<Shifted>::clone(&clock);
        let node = Node::start_at(kept.config.clone(), program, realms, shown)
            .await
            .unwrap();
        let state = node.state().clone();
        let listener = node.listen().await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(node.serve(listener, async move {
            let _ = stopped.await;
        }));
        Self {
            address,
            state,
            stop: Some(stop),
            serving: Some(serving),
            operator: OnceCell::new(),
            users: AtomicU32::new(0),
            unfinished_allowed: AtomicBool::new(false),
            clock,
            kept: Some(kept),
        }
    }

    /// The data folder.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.kept.as_ref().unwrap().folder.path().join("data")
    }

    /// Puts the server's clock forward.
    pub(crate) fn advance(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap();
        self.clock.0.fetch_add(micros, Ordering::Relaxed);
    }

    /// Lets this test leave executions behind.
    pub(crate) fn allow_unfinished(&self) {
        self.unfinished_allowed.store(true, Ordering::Relaxed);
    }

    /// Someone without a credential.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.address, None)
    }

    /// The first administrator of the default tenant; in development, whoever shows no credential.
    pub(crate) async fn operator(&self) -> Client {
        let sign_in = async {
            if self.state.settings.access == Access::Development {
                return self.anonymous();
            }
            let token = self.state.auth.setup_token().await.unwrap().unwrap();
            let administrator =
                json!({ "email": "operator@x.example", "password": PASSWORD, "name": "Operator" });
            let body = json!({ "setup_token": token.reveal(), "administrator": administrator });
            let answer = self.anonymous().post("/api/auth/setup").json(&body).send();
            Client::signed_in(self.address, &answer.await.ok())
        };
        self.operator.get_or_init(|| sign_in).await.clone()
    }

    /// A user with a tenant of their own.
    pub(crate) async fn user(&self, email: &str) -> Client {
        let signed_in = self
            .state
            .auth
            .register(registration(email), self.somewhere());
        let token = signed_in.await.unwrap().access_token;
        Client::new(self.address, Some(token.reveal().to_owned()))
    }

    /// A member of the default tenant in this role.
    pub(crate) async fn member(&self, email: &str, role: Role) -> Client {
        let new = NewUser {
            registration: registration(email),
            role,
            tenant_id: TenantId::trusted("default_tenant"),
        };
        let operator = civitas_model::Caller::local_operator();
        self.state.auth.create_user(new, &operator).await.unwrap();
        let credentials = civitas_auth::Credentials {
            email: email.to_owned(),
            password: Secret::new(PASSWORD),
        };
        let signed_in = self.state.auth.login(&credentials, self.somewhere()).await;
        let token = signed_in.unwrap().access_token;
        Client::new(self.address, Some(token.reveal().to_owned()))
    }

    /// Stops the node as a supervisor would, and waits for its end.
    pub(crate) async fn stop(mut self) {
        self.end().await;
    }

    /// Stops the node and starts it again, by the same clock, in the same folder.
    pub(crate) async fn restarted(mut self) -> Self {
        self.end().await;
        let (kept, clock) = (self.kept.take().unwrap(), Arc::clone(&self.clock));
        // Whatever still holds the stores must let go of them.
        drop(self);
        Self::start(kept, clock).await
    }

    async fn end(&mut self) {
        drop(self.stop.take());
        let serving = self.serving.take().unwrap();
        serving.await.unwrap().unwrap();
    }

    /// An address nobody was rate limited at.
    fn somewhere(&self) -> IpAddr {
        let number = self.users.fetch_add(1, Ordering::Relaxed);
        IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0001 + number))
    }
}

fn registration(email: &str) -> Registration {
    Registration {
        email: email.to_owned(),
        password: Secret::new(PASSWORD),
        name: "Someone".to_owned(),
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if std::thread::panicking() || self.unfinished_allowed.load(Ordering::Relaxed) {
            return;
        }
        // An execution is seen to end a moment before its place is free.
        let patience = Instant::now() + Duration::from_secs(10);
        while self.state.runtime.depth() != (0, 0) {
            assert!(Instant::now() < patience, "executions are left");
            std::thread::yield_now();
        }
    }
}
