//! What an execution answers: structured artifacts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Result, retry};

/// An artifact as clients read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StructuredArtifact {
    /// What kind of result it is: the artifact's canonical key.
    pub result_type: String,
    /// Ids and facts, always kept.
    pub semantic_payload: Value,
    /// Documents, charts, previews.
    pub renderings: Map<String, Value>,
    /// Anything else worth saying.
    #[serde(skip_serializing_if = "Value::is_null", default)]
    pub metadata: Value,
}

/// A handler's answer: the payload, and what goes with it.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    payload: T,
    renderings: Map<String, Value>,
    metadata: Value,
    others: Vec<(&'static str, StructuredArtifact)>,
}

impl<T> From<T> for Answer<T> {
    fn from(payload: T) -> Self {
        Self {
            payload,
            renderings: Map::new(),
            metadata: Value::Null,
            others: Vec::new(),
        }
    }
}

impl<T> Answer<T> {
    /// An answer with a payload only.
    pub fn new(payload: T) -> Self {
        payload.into()
    }

    /// Adds a rendering: a document, chart or preview.
    #[must_use]
    pub fn rendering(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.renderings.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a second artifact under its own key.
    #[must_use]
    pub fn with(mut self, key: &'static str, artifact: StructuredArtifact) -> Self {
        self.others.push((key, artifact));
        self
    }

    /// The payload.
    pub const fn payload(&self) -> &T {
        &self.payload
    }
}

impl<T: Serialize> Answer<T> {
    /// The artifacts by key; the first is the payload's.
    pub(crate) fn into_artifacts(self, key: &str) -> Result<Map<String, Value>> {
        let main = StructuredArtifact {
            result_type: key.to_owned(),
            semantic_payload: to_value(&self.payload)?,
            renderings: self.renderings,
            metadata: self.metadata,
        };
        let mut artifacts = Map::new();
        artifacts.insert(key.to_owned(), to_value(&main)?);
        for (key, artifact) in self.others {
            artifacts.insert(key.to_owned(), to_value(&artifact)?);
        }
        Ok(artifacts)
    }
}

fn to_value(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| retry(format!("the answer cannot be written: {error}")))
}
