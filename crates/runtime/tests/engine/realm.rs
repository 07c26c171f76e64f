//! The realm of the tests: intents that do one thing each, and probes that see them do it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use civitas_intent::host::Stored;
use civitas_intent::prelude::*;
use civitas_model::artifact::Lifecycle;
use civitas_model::{ArtifactId, RecordId, Write};
use tokio::sync::watch;

static PROBES: LazyLock<Mutex<HashMap<String, Arc<Probe>>>> = LazyLock::new(Mutex::default);

/// What a test sees of the handlers it named it to.
pub(crate) struct Probe {
    counts: Mutex<HashMap<String, u64>>,
    total: watch::Sender<u64>,
    gate: watch::Sender<bool>,
    inside: watch::Sender<usize>,
    most_inside: watch::Sender<usize>,
}

impl Probe {
    /// The probe of this name; the same for the same name.
    pub(crate) fn named(name: &str) -> Arc<Self> {
        let mut probes = PROBES.lock().unwrap();
        let probe = probes.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(Self {
                counts: Mutex::default(),
                total: watch::channel(0).0,
                gate: watch::channel(false).0,
                inside: watch::channel(0).0,
                most_inside: watch::channel(0).0,
            })
        });
        Arc::clone(probe)
    }

    pub(crate) fn count(&self, what: &str) -> u64 {
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(what.to_owned()).or_default();
        *count += 1;
        let count = *count;
        drop(counts);
        self.total.send_modify(|total| *total += 1);
        count
    }

    pub(crate) fn counted(&self, what: &str) -> u64 {
        self.counts.lock().unwrap().get(what).copied().unwrap_or(0)
    }

    pub(crate) fn counts(&self) -> HashMap<String, u64> {
        self.counts.lock().unwrap().clone()
    }

    pub(crate) fn open(&self) {
        self.gate.send_replace(true);
    }

    pub(crate) fn most_inside(&self) -> usize {
        *self.most_inside.borrow()
    }

    /// Waits until so many handlers stand at the gate.
    pub(crate) async fn wait_inside(&self, wanted: usize) {
        let mut inside = self.inside.subscribe();
        inside.wait_for(|inside| *inside >= wanted).await.unwrap();
    }

    /// Waits until so many things were counted.
    pub(crate) async fn wait_total(&self, wanted: u64) {
        let mut total = self.total.subscribe();
        total.wait_for(|total| *total >= wanted).await.unwrap();
    }

    async fn pass(self: Arc<Self>) {
        let _inside = Inside::enter(&self);
        let mut gate = self.gate.subscribe();
        gate.wait_for(|open| *open).await.unwrap();
    }
}

/// Counts a handler as inside for as long as it is not dropped.
struct Inside(Arc<Probe>);

impl Inside {
    fn enter(probe: &Arc<Probe>) -> Self {
        probe.inside.send_modify(|inside| *inside += 1);
        let now = *probe.inside.borrow();
        probe.most_inside.send_if_modified(|most| {
            let more = now > *most;
            *most = now.max(*most);
            more
        });
        Self(Arc::clone(probe))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.send_modify(|inside| *inside -= 1);
    }
}

const QUICK: Policy = Policy {
    retries_max: 3,
    retry_delay: Duration::from_millis(1),
    retry_delay_max: Duration::from_millis(4),
    ..Policy::DEFAULT
};

/// An answer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    value: u64,
}

fn done(value: u64) -> Answer<Done> {
    Done { value }.into()
}

fn count(probe: &str, what: &str) -> u64 {
    Probe::named(probe).count(what)
}

/// Count to three.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ThreeSteps {
    probe: String,
    number: u64,
}

impl Intent for ThreeSteps {
    const NAME: &'static str = "three_steps";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = Policy {
        concurrency_max: 10_000,
        ..QUICK
    };
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        let mut value = self.number;
        for name in ["one", "two", "three"] {
            let before = value;
            value = cx
                .step(name, async {
                    count(&self.probe, name);
                    Ok(before + 1)
                })
                .await?;
        }
        Ok(done(value))
    }
}

/// Write a search record in each of two steps, and announce it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Writes {
    probe: String,
}

impl Intent for Writes {
    const NAME: &'static str = "writes";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        for part in ["first", "second"] {
            let record = Record {
                record_id: RecordId::trusted(cx.new_id()),
                tenant_id: cx.tenant_id().clone(),
                source: "test".into(),
                parent_id: cx.execution_id().to_string(),
                title: part.into(),
                heading: String::new(),
                body: part.into(),
                kind: "text".into(),
                date: cx.now().await?,
                metadata: json!({}),
            };
            cx.write(Write::Records {
                records: vec![record],
            })
            .await?;
            cx.emit("written", json!({ "part": part })).await?;
            count(&self.probe, "written");
        }
        Ok(done(2))
    }
}

/// Pay someone, outside.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Pays {
    probe: String,
}

impl Intent for Pays {
    const NAME: &'static str = "pays";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        let probe = Probe::named(&self.probe);
        let value = cx
            .effect("pay", |key| async move { Ok(probe.count(&key)) })
            .await?;
        Ok(done(value))
    }
}

/// Sleep.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Naps {
    probe: String,
    millis: u64,
}

impl Intent for Naps {
    const NAME: &'static str = "naps";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        cx.step("before", async { Ok(count(&self.probe, "before")) })
            .await?;
        cx.sleep(Duration::from_millis(self.millis)).await?;
        let value = cx
            .step("after", async { Ok(count(&self.probe, "after")) })
            .await?;
        Ok(done(value))
    }
}

/// Fail some times, then succeed.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Flaky {
    probe: String,
    times: u64,
    /// How: `retry`, `panic` or `reject`.
    how: String,
}

impl Intent for Flaky {
    const NAME: &'static str = "flaky";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        cx.step("sure", async { Ok(count(&self.probe, "sure")) })
            .await?;
        let tried = count(&self.probe, "tried");
        if tried <= self.times {
            match self.how.as_str() {
                "panic" => panic!("the dice fell badly"),
                "reject" => return Err(reject("the dice are loaded: bring others")),
                _ => return Err(retry("the dice fell badly")),
            }
        }
        Ok(done(tried))
    }
}

/// Stand at a gate until it opens.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Gated {
    probe: String,
}

impl Intent for Gated {
    const NAME: &'static str = "gated";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = Policy {
        concurrency_max: 3,
        ..QUICK
    };
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        let probe = Probe::named(&self.probe);
        cx.emit("arrived", json!({})).await?;
        cx.step("gate", async {
            Arc::clone(&probe).pass().await;
            Ok(probe.count("passed"))
        })
        .await?;
        Ok(done(1))
    }
}

/// Take longer than allowed, once.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Late {
    probe: String,
}

impl Intent for Late {
    const NAME: &'static str = "late";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = Policy {
        attempt_timeout: Duration::from_millis(20),
        ..QUICK
    };
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        let probe = Probe::named(&self.probe);
        if probe.count("tried") == 1 {
            cx.step("gate", async {
                probe.pass().await;
                Ok(())
            })
            .await?;
        }
        Ok(done(1))
    }
}

/// Make an artifact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Makes {}

impl Intent for Makes {
    const NAME: &'static str = "makes";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        let now = cx.now().await?;
        let made = Artifact {
            artifact_id: ArtifactId::trusted(cx.execution_id().as_str()),
            artifact_type: "thing".into(),
            tenant_id: cx.tenant_id().clone(),
            produced_by: cx.produced_by(),
            lifecycle_state: Lifecycle::Ready,
            semantic_descriptor: json!({}),
            parent_artifacts: Vec::new(),
            materializations: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        cx.put_artifact(made).await?;
        Ok(done(1))
    }
}

/// Compute for as long as the gate is shut.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Computes {
    probe: String,
}

impl Intent for Computes {
    const NAME: &'static str = "computes";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        let probe = Probe::named(&self.probe);
        let runtime = tokio::runtime::Handle::current();
        let computed = cx.compute(move || {
            runtime.block_on(Arc::clone(&probe).pass());
            probe.count("computed")
        });
        Ok(done(computed.await?))
    }
}

/// Keep a text, and fail.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Keeps {
    text: String,
}

impl Intent for Keeps {
    const NAME: &'static str = "keeps";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        let _: Stored = cx.step("store", cx.put_blob(self.text.into())).await?;
        Err(reject("it fails after it stored"))
    }
}

/// Say much.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Chatty {
    events: u64,
}

impl Intent for Chatty {
    const NAME: &'static str = "chatty";
    const ARTIFACT: &'static str = "done";
    const EVENTS: &'static [&'static str] = &["said"];
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        for number in 0..self.events {
            cx.emit("said", json!({ "number": number })).await?;
        }
        Ok(done(self.events))
    }
}

/// Call another intent.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Calls {
    probe: String,
    child: String,
    parameters: Value,
    /// Whether to go on when the child fails.
    #[serde(default)]
    tolerant: bool,
    /// Whether to fail in the end.
    #[serde(default)]
    fails: bool,
}

impl Intent for Calls {
    const NAME: &'static str = "calls";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = QUICK;
    type Output = Done;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Done>> {
        cx.step("before", async { Ok(count(&self.probe, "before")) })
            .await?;
        let called = cx.call(&self.child, self.parameters).await;
        let value = match called {
            Err(_) if self.tolerant => 0,
            called => called?["done"]["semantic_payload"]["value"]
                .as_u64()
                .unwrap_or(0),
        };
        cx.step("after", async { Ok(count(&self.probe, "after")) })
            .await?;
        if self.fails {
            return Err(reject("it fails in the end"));
        }
        Ok(done(value))
    }
}

/// Do what only administrators may.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Rules {}

impl Intent for Rules {
    const NAME: &'static str = "rules";
    const ARTIFACT: &'static str = "done";
    const POLICY: Policy = Policy {
        permission: Permission::Admin,
        ..QUICK
    };
    type Output = Done;

    async fn handle(self, _: &mut Context) -> Result<Answer<Done>> {
        Ok(done(1))
    }
}

pub(crate) fn realm() -> Realm {
    Realm::new("test", "What the tests run")
        .intent::<ThreeSteps>()
        .intent::<Writes>()
        .intent::<Pays>()
        .intent::<Naps>()
        .intent::<Flaky>()
        .intent::<Gated>()
        .intent::<Late>()
        .intent::<Chatty>()
        .intent::<Makes>()
        .intent::<Computes>()
        .intent::<Keeps>()
        .intent::<Calls>()
        .intent::<Rules>()
}
