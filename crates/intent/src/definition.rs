//! Intents and realms: what is declared once and feeds everything else.

use std::sync::Arc;
use std::time::Duration;

use civitas_model::Permission;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::context::Context;
use crate::error::{Error, Result};
use civitas_model::ErrorCode;

/// Something Civitas can be asked to do. The fields are its parameters, their doc comments the user's text.
pub trait Intent: DeserializeOwned + JsonSchema + Send + 'static {
    /// The intent's type, such as `parse_content`.
    const NAME: &'static str;
    /// The key its answer appears under.
    const ARTIFACT: &'static str;
    /// Further keys under which older clients read the same artifact.
    const ALIASES: &'static [&'static str] = &[];
    /// Further types under which it may be submitted. What is recorded is [`Self::NAME`].
    const SYNONYMS: &'static [&'static str] = &[];
    /// The names of events it may emit.
    const EVENTS: &'static [&'static str] = &[];
    /// Limits and rights.
    const POLICY: Policy = Policy::DEFAULT;
    /// The payload of its answer.
    type Output: Serialize + JsonSchema + Send;

    /// Does it.
    fn handle(self, cx: &mut Context) -> impl Future<Output = Result<Answer<Self::Output>>> + Send;
}

/// An intent's limits and rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What a caller needs to submit it.
    pub permission: Permission,
    /// How often it is tried again after a platform error.
    pub retries_max: u32,
    /// The wait before the first retry; it doubles each time, with jitter.
    pub retry_delay: Duration,
    /// The longest wait between retries.
    pub retry_delay_max: Duration,
    /// How many run at the same time on a node.
    pub concurrency_max: usize,
    /// How long one attempt may take before it counts as failed.
    pub attempt_timeout: Duration,
}

impl Policy {
    /// What an intent has unless it says otherwise.
    pub const DEFAULT: Self = Self {
        permission: Permission::Write,
        retries_max: 5,
        retry_delay: Duration::from_millis(200),
        retry_delay_max: Duration::from_mins(1),
        concurrency_max: 256,
        attempt_timeout: Duration::from_mins(10),
    };

    /// For an intent that only reads.
    pub const READING: Self = Self {
        permission: Permission::Read,
        ..Self::DEFAULT
    };
}

type Run = dyn for<'a> Fn(Value, &'a mut Context) -> BoxFuture<'a, Result<Map<String, Value>>>
    + Send
    + Sync;

/// An intent as the catalogue knows it.
#[derive(Clone)]
pub struct Definition {
    name: &'static str,
    description: String,
    parameters: Value,
    output: Value,
    artifact: &'static str,
    aliases: &'static [&'static str],
    synonyms: &'static [&'static str],
    events: &'static [&'static str],
    policy: Policy,
    run: Arc<Run>,
}

impl Definition {
    fn of<I: Intent>() -> Self {
        let parameters = schemars::schema_for!(I).to_value();
        let description = parameters
            .get("description")
            .and_then(Value::as_str)
            .map_or_else(|| I::NAME.to_owned(), str::to_owned);
        Self {
            name: I::NAME,
            description,
            parameters,
            output: schemars::schema_for!(I::Output).to_value(),
            artifact: I::ARTIFACT,
            aliases: I::ALIASES,
            synonyms: I::SYNONYMS,
            events: I::EVENTS,
            policy: I::POLICY,
            run: Arc::new(|parameters, cx| {
                Box::pin(async move {
                    // Intake validated against the schema; what a type refuses beyond its schema is still the caller's.
                    let intent: I = serde_json::from_value(parameters).map_err(|error| {
                        Error::rejected(
                            ErrorCode::ValidationFailed,
                            format!("the parameters are not valid: {error}"),
                        )
                    })?;
                    intent.handle(cx).await?.into_artifacts(I::ARTIFACT)
                })
            }),
        }
    }

    /// The intent's type.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it does, for people.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The JSON Schema (draft 2020-12) of its parameters.
    pub const fn parameters(&self) -> &Value {
        &self.parameters
    }

    /// The JSON Schema of its answer's payload.
    pub const fn output(&self) -> &Value {
        &self.output
    }

    /// The key its answer appears under.
    pub const fn artifact(&self) -> &'static str {
        self.artifact
    }

    /// Further keys for older clients.
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Further types under which it may be submitted.
    pub const fn synonyms(&self) -> &'static [&'static str] {
        self.synonyms
    }

    /// The names of events it may emit.
    pub const fn events(&self) -> &'static [&'static str] {
        self.events
    }

    /// Its limits and rights.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn run<'a>(
        &self,
        parameters: Value,
        cx: &'a mut Context,
    ) -> BoxFuture<'a, Result<Map<String, Value>>> {
        (self.run)(parameters, cx)
    }
}

/// A realm: a bounded context of the domain, with its intents.
#[derive(Clone)]
pub struct Realm {
    name: &'static str,
    description: &'static str,
    definitions: Vec<Definition>,
}

impl Realm {
    /// A realm without intents yet.
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            definitions: Vec::new(),
        }
    }

    /// Registers an intent.
    #[must_use]
    pub fn intent<I: Intent>(mut self) -> Self {
        self.definitions.push(Definition::of::<I>());
        self
    }

    /// The realm's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it is for.
    pub const fn description(&self) -> &'static str {
        self.description
    }

    /// Its intents, in the order they were registered.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }
}
