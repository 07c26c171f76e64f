//! The test harness: runs a handler, crashing it before each operation in turn and resuming it.
//!
//! Every intent test is thereby a recovery test: whatever was committed before the crash must lead, together with what
//! the resumed run does, to exactly the same end and the same world as a run that never crashed.

mod approvals;
mod host;
mod ledger;
mod world;

use std::sync::Arc;
use std::time::Duration;

use civitas_model::execution::{Intent, Wait};
use civitas_model::{
    ErrorCode, ExecutionId, IntentId, SessionId, SolutionId, TenantId, Timestamp, UserId,
};
use serde_json::{Map, Value};

pub use ledger::Ledger;
pub use world::{Verdict, World};

use crate::context::Context;
use crate::definition::{Definition, Realm};
use crate::host::Ended;
use host::TestHost;

/// Resumptions before a run counts as stuck.
const RESUMPTIONS_MAX: usize = 100;

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With artifacts by key.
    Completed(Map<String, Value>),
    /// The caller must change something.
    Rejected {
        /// The code.
        code: ErrorCode,
        /// The message.
        message: String,
    },
    /// The platform could not do it now.
    Retry(String),
}

/// A run of an intent in a world made for the test.
pub struct TestRun {
    definition: Definition,
    execution_id: ExecutionId,
    intent: Arc<Intent>,
    world: World,
}

/// What a test asserts on.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub outcome: Outcome,
    /// The world afterwards.
    pub world: World,
    /// How many commits the run made: it was crashed before each of them.
    pub commits: usize,
}

impl Finished {
    /// The artifact under a key.
    ///
    /// # Panics
    ///
    /// When the run did not complete with it.
    #[expect(clippy::panic, reason = "a test harness reports by panicking")]
    pub fn artifact(&self, key: &str) -> &Value {
        match &self.outcome {
            Outcome::Completed(artifacts) if artifacts.contains_key(key) => &artifacts[key],
            other => panic!("no artifact `{key}` in {other:?}"),
        }
    }

    /// The message the run was rejected with.
    ///
    /// # Panics
    ///
    /// When it was not rejected.
    #[expect(clippy::panic, reason = "a test harness reports by panicking")]
    pub fn rejection(&self) -> &str {
        match &self.outcome {
            Outcome::Rejected { message, .. } => message,
            other => panic!("not rejected: {other:?}"),
        }
    }
}

impl TestRun {
    /// A run of a realm's intent with these parameters, in the world given.
    ///
    /// # Panics
    ///
    /// When the realm has no such intent.
    #[expect(clippy::panic, reason = "a test harness reports by panicking")]
    pub fn new(realm: &Realm, intent_type: &str, parameters: Value, world: World) -> Self {
        let definition = realm
            .definitions()
            .iter()
            .find(|known| known.name() == intent_type);
        let Some(definition) = definition else {
            panic!("no intent `{intent_type}`")
        };
        let intent = Intent {
            intent_id: IntentId::trusted("intent-1"),
            intent_type: intent_type.to_owned(),
            tenant_id: TenantId::trusted(World::TENANT),
            session_id: SessionId::trusted(World::SESSION),
            solution_id: SolutionId::trusted("default"),
            user_id: Some(UserId::trusted("user-1")),
            parameters,
            metadata: Value::Object(Map::new()),
            created_at: World::START,
        };
        Self {
            definition: definition.clone(),
            execution_id: ExecutionId::trusted(World::EXECUTION),
            intent: Arc::new(intent),
            world,
        }
    }

    /// Runs it as another execution than [`World::EXECUTION`]: one that meets what an earlier run left must differ from
    /// it, as the ids a handler makes derive from its execution's.
    #[must_use]
    pub fn execution(mut self, execution_id: &str) -> Self {
        self.execution_id = ExecutionId::trusted(execution_id);
        self
    }

    /// Runs it once undisturbed, then once for every commit it made, crashed before that commit and resumed.
    ///
    /// # Panics
    ///
    /// When a crashed and resumed run ends in another way, or leaves another world, than the undisturbed one.
    pub async fn run(self) -> Finished {
        let undisturbed = self.attempt(None).await;
        for commit in 0..undisturbed.commits {
            let resumed = self.attempt(Some(commit)).await;
            assert_eq!(
                resumed.outcome, undisturbed.outcome,
                "crashed before commit {commit}, the run ended differently"
            );
            assert_eq!(
                resumed.world, undisturbed.world,
                "crashed before commit {commit}, the run left another world"
            );
        }
        undisturbed
    }

    /// Runs it crashed before a commit, and resumed in the world that `meanwhile` makes of the one the crash left: what
    /// others did in between.
    pub async fn crashed<F: Future<Output = World>>(
        &self,
        before: usize,
        meanwhile: impl FnOnce(World) -> F,
    ) -> Finished {
        let host = Arc::new(TestHost::new(self.world.clone(), Some(before)));
        if let Some(finished) = self.resume(&host).await {
            return finished;
        }
        host.replace_world(meanwhile(host.world()).await);
        self.finish(&host).await
    }

    async fn attempt(&self, crash_before: Option<usize>) -> Finished {
        let host = Arc::new(TestHost::new(self.world.clone(), crash_before));
        self.finish(&host).await
    }

    #[expect(clippy::panic, reason = "a test harness reports by panicking")]
    async fn finish(&self, host: &Arc<TestHost>) -> Finished {
        for _ in 0..RESUMPTIONS_MAX {
            if let Some(finished) = self.resume(host).await {
                return finished;
            }
        }
        panic!("the run was resumed {RESUMPTIONS_MAX} times without an end");
    }

    /// One run, to its end or to where it crashes or waits.
    async fn resume(&self, host: &Arc<TestHost>) -> Option<Finished> {
        let context = Context::new(
            self.execution_id.clone(),
            Arc::clone(&self.intent),
            host.journal(),
            Arc::<TestHost>::clone(host),
        );
        let outcome = match context.run(&self.definition).await {
            Ended::Completed { artifacts, last } => {
                host.commit(last).ok()?;
                Outcome::Completed(artifacts)
            }
            Ended::Suspended { wait, last } => {
                if host.commit(last).is_ok() {
                    host.pass(&wait);
                }
                return None;
            }
            Ended::Superseded => return None,
            Ended::Rejected {
                code,
                message,
                last,
            } => {
                if !last.writes.is_empty() {
                    host.commit(last).ok()?;
                }
                Outcome::Rejected { code, message }
            }
            Ended::Retry { error } => Outcome::Retry(error),
        };
        Some(Finished {
            outcome,
            world: host.world(),
            commits: host.commits(),
        })
    }
}

/// How far a wait moves the clock.
fn waited(wait: &Wait, now: Timestamp) -> Duration {
    wait.until()
        .map_or(Duration::ZERO, |until| until.since(now))
}
