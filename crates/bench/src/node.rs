//! The server that is measured: a real node with two more intents.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use civitas::config::Config;
use civitas::node::{Node, realms};
use civitas::telemetry;
use civitas_api::Access;
use civitas_intent::prelude::*;
use civitas_model::{Caller, Permission, Write};
use civitas_runtime::Submission;
use civitas_storage::Changeset;
use tokio::task::JoinSet;

use crate::records::Generator;

/// As many as are asked for may run at the same time: the engine is measured, not a limit of the intent.
const POLICY: Policy = Policy {
    concurrency_max: 100_000,
    ..Policy::DEFAULT
};
/// Records put at once.
const BATCH: u64 = 1000;
/// Submissions on their way at once while pending ones are made.
const SUBMITTERS: u64 = 512;

/// Do nothing.
#[derive(Deserialize, JsonSchema)]
struct Noop {}

/// Nothing.
#[derive(Serialize, JsonSchema)]
struct Done {}

impl Intent for Noop {
    const NAME: &'static str = "noop";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = POLICY;
    type Output = Done;

    async fn handle(self, _: &mut Context) -> Result<Answer<Done>> {
        Ok(Done {}.into())
    }
}

/// Add up, in three steps.
#[derive(Deserialize, JsonSchema)]
struct ThreeSteps {
    /// Where to start.
    number: u64,
}

/// The sum.
#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: u64,
}

impl Intent for ThreeSteps {
    const NAME: &'static str = "three_steps";
    const ARTIFACT: &'static str = "sum";
    const POLICY: Policy = POLICY;
    type Output = Sum;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Sum>> {
        let one: u64 = cx.step("one", async { Ok(self.number + 1) }).await?;
        let two: u64 = cx.step("two", async { Ok(one + 1) }).await?;
        let sum: u64 = cx.step("three", async { Ok(two + 1) }).await?;
        Ok(Sum { sum }.into())
    }
}

async fn start(data_dir: PathBuf, concurrency: usize) -> anyhow::Result<Node> {
    let _telemetry = telemetry::start();
    let mut config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        access: Access::Credentials,
        concurrency,
        ..Config::development(data_dir)
    };
    // As `civitas serve` does: agents work on other machines.
    config.policy.resolve_links = false;
    let mut realms = realms();
    let measured = Realm::new("bench", "What the benchmark runs")
        .intent::<Noop>()
        .intent::<ThreeSteps>();
    realms.push(measured);
    Node::start_with(config, &std::env::current_exe()?, realms).await
}

/// Serves until it is killed. Says where it listens, and a token.
pub(crate) async fn serve(data_dir: PathBuf, concurrency: usize) -> anyhow::Result<()> {
    let node = start(data_dir, concurrency).await?;
    let scopes = [Permission::Read, Permission::Write, Permission::Admin];
    let lifetime = Duration::from_hours(24);
    let auth = &node.state().auth;
    let (_, token) = auth
        .create_service_token(&Caller::local_operator(), "bench", &scopes, lifetime)
        .await?;
    let listener = node.listen().await?;
    println!("{} {}", listener.local_addr()?, token.reveal());
    node.serve(listener, std::future::pending()).await
}

/// Fills a folder with search records and with executions that wait to be run.
pub(crate) async fn prepare(data_dir: PathBuf, records: u64, pending: u64) -> anyhow::Result<()> {
    // Nothing runs, so that what is submitted stays pending.
    let node = start(data_dir, 0).await?;
    let state = node.state();
    let mut generator = Generator::new();
    let mut left = records;
    while left > 0 {
        let count = left.min(BATCH);
        let records = (0..count).map(|_| generator.record()).collect();
        let changeset = Changeset::new().with(Write::Records { records });
        state.store.commit(changeset).await?;
        left -= count;
    }
    let mut tasks = JoinSet::new();
    for number in 0..SUBMITTERS {
        let runtime = state.runtime.clone();
        let share = (number..pending).step_by(512).count();
        tasks.spawn(async move {
            for _ in 0..share {
                let submission = Submission {
                    intent_type: Noop::NAME.to_owned(),
                    ..Submission::default()
                };
                runtime
                    .submit(&Caller::local_operator(), submission)
                    .await
                    .map_err(|error| anyhow!("{error:?}"))?;
            }
            anyhow::Ok(())
        });
    }
    for submitted in tasks.join_all().await {
        submitted?;
    }
    // The index follows the truth.
    while state.search.record_count() < records {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let listener = node.listen().await?;
    node.serve(listener, std::future::ready(())).await
}
