//! A database, a clock that stands still, and authentication over both.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use civitas_auth::{
    Auth, AuthOptions, Credentials, Error, Hashing, Registration, Secret, SignedIn,
};
use civitas_model::{Caller, Clock, Entropy, Session, SessionId, SystemEntropy, Timestamp};
use civitas_sql::Database;
use civitas_storage::{Changeset, Store, StoreOptions};
use serde_json::{Map, Value};
use tempfile::TempDir;

pub const PASSWORD: &str = "correct horse battery";

/// A clock that moves only when told to.
pub struct MockClock(AtomicI64);

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

pub struct World {
    pub auth: Auth,
    pub store: Store,
    clock: Arc<MockClock>,
    folder: TempDir,
    database: StoreOptions,
    clients: AtomicU32,
}

impl World {
    /// One world per kind of database.
    pub async fn each() -> Vec<Self> {
        let mut worlds = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("civitas.db");
        worlds.push(Self::new(folder, StoreOptions::Sqlite { path }).await);
        if let Ok(server) = std::env::var("CIVITAS_TEST_POSTGRES_URL") {
            let address = new_database(&server).await;
            let folder = tempfile::tempdir().unwrap();
            worlds.push(Self::new(folder, StoreOptions::Postgres { address }).await);
        }
        worlds
    }

    async fn new(folder: TempDir, database: StoreOptions) -> Self {
        let clock = Arc::new(MockClock(AtomicI64::new(1_800_000_000_000_000)));
        let (store, auth) = open(&database, &clock, &folder).await;
        Self {
            auth,
            store,
            clock,
            folder,
            database,
            clients: AtomicU32::new(0),
        }
    }

    /// Everything that is only in memory is gone.
    pub async fn restart(&mut self) {
        let (store, auth) = open(&self.database, &self.clock, &self.folder).await;
        self.store = store;
        self.auth = auth;
    }

    pub fn advance(&self, duration: Duration) {
        let micros = i64::try_from(duration.as_micros()).unwrap();
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// A client address not seen before, so that rate limits are not in the way.
    pub fn client(&self) -> IpAddr {
        let number = self.clients.fetch_add(1, Ordering::SeqCst);
        IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number))
    }

    pub async fn register(&self, email: &str) -> SignedIn {
        let registration = registration(email);
        self.auth
            .register(registration, self.client())
            .await
            .unwrap()
    }

    pub async fn login(&self, email: &str, password: &str) -> Result<SignedIn, Error> {
        let credentials = credentials(email, password);
        self.auth.login(&credentials, self.client()).await
    }

    /// Upgrades a session as the engine does, which moves content, too.
    pub async fn upgrade(
        &self,
        caller: &Caller,
        session_id: &SessionId,
        secret: Option<&Secret>,
        metadata: Map<String, Value>,
    ) -> Result<Session, Error> {
        let plan = self
            .auth
            .plan_upgrade(caller, session_id, secret, metadata)
            .await?;
        if let Some(upgrade) = plan {
            let changes = Changeset::new().with(upgrade);
            self.store.commit(changes).await.unwrap();
        }
        self.auth.find_session(caller, session_id).await
    }

    pub async fn caller(&self, signed_in: &SignedIn) -> Caller {
        self.authenticate(&signed_in.access_token).await.unwrap()
    }

    pub async fn authenticate(&self, token: &Secret) -> Result<Caller, Error> {
        self.auth.authenticate(token.reveal()).await
    }
}

pub fn registration(email: &str) -> Registration {
    Registration {
        email: email.into(),
        password: Secret::new(PASSWORD),
        name: "Ada".into(),
    }
}

pub fn credentials(email: &str, password: &str) -> Credentials {
    Credentials {
        email: email.into(),
        password: Secret::new(password),
    }
}

async fn open(database: &StoreOptions, clock: &Arc<MockClock>, folder: &TempDir) -> (Store, Auth) {
    let store = Store::open(database, Arc::clone(clock) as Arc<dyn Clock>)
        .await
        .unwrap();
    let mut options = AuthOptions::new(store.clone(), folder.path());
    options.hashing = Hashing {
        memory_kib: 64,
        passes: 1,
        ..Hashing::default()
    };
    (store, Auth::open(options).await.unwrap())
}

async fn new_database(server: &str) -> String {
    let name = format!("auth_{}", SystemEntropy.uuid_v4().simple());
    let (_, mut writer) = Database::open_postgres(server).await.unwrap();
    writer
        .script(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let base = match address.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            format!("{scheme}://{host}")
        }
        None => address.to_owned(),
    };
    if query.is_empty() {
        format!("{base}/{name}")
    } else {
        format!("{base}/{name}?{query}")
    }
}
