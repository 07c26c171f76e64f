//! Typed identifiers: one generic wrapper, so that an execution's id cannot be passed where a session's is meant.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::entropy::Entropy;
use crate::time::Clock;

/// The longest id a client may choose, in characters.
pub const ID_LENGTH_MAX: usize = 256;

/// An identifier of something of kind `K`: 1 to [`ID_LENGTH_MAX`] characters, none of them a control character.
///
/// Ids made here are canonical UUIDs (version 7, so they sort by time); where the contract lets a client choose, any
/// string within the limit is kept as it is. Cloning is cheap.
pub struct Id<K> {
    value: Arc<str>,
    kind: PhantomData<fn() -> K>,
}

/// Why a string is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// The string is empty.
    #[error("an id must not be empty")]
    Empty,
    /// The string is longer than [`ID_LENGTH_MAX`] characters.
    #[error("an id has at most {ID_LENGTH_MAX} characters")]
    TooLong,
    /// The string holds a control character.
    #[error("an id must not hold control characters")]
    ControlCharacter,
}

impl<K> Id<K> {
    /// Accepts an id chosen by a client.
    pub fn new(value: impl Into<Arc<str>>) -> Result<Self, InvalidId> {
        let value = value.into();
        if value.is_empty() {
            return Err(InvalidId::Empty);
        }
        if value.chars().count() > ID_LENGTH_MAX {
            return Err(InvalidId::TooLong);
        }
        if value.chars().any(char::is_control) {
            return Err(InvalidId::ControlCharacter);
        }
        Ok(Self::trusted(value))
    }

    /// Wraps an id that was checked when it was first accepted, such as one read back from storage.
    pub fn trusted(value: impl Into<Arc<str>>) -> Self {
        Self {
            value: value.into(),
            kind: PhantomData,
        }
    }

    /// Makes a new id: a version 7 UUID (RFC 9562), ordered by the time of the clock.
    pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
        Self::trusted(entropy.uuid_v7(clock.now()).to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        Self::trusted(Arc::clone(&self.value))
    }
}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

impl<K> AsRef<str> for Id<K> {
    fn as_ref(&self) -> &str {
        &self.value
    }
}

impl<K> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(value: &str) -> Result<Self, InvalidId> {
        Self::new(value)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.value)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = String::deserialize(deserializer)?;
        Self::new(value).map_err(serde::de::Error::custom)
    }
}

impl<K> JsonSchema for Id<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": ID_LENGTH_MAX })
    }
}

/// Marks the id of a tenant: the boundary that no read or write crosses.
pub enum TenantKind {}
/// Marks the id of a user.
pub enum UserKind {}
/// Marks the id of a session.
pub enum SessionKind {}
/// Marks the id of an intent as submitted.
pub enum IntentKind {}
/// Marks the id of an execution of an intent.
pub enum ExecutionKind {}
/// Marks the id of a solution, the label under which a client groups its work.
pub enum SolutionKind {}
/// Marks the id of an artifact.
pub enum ArtifactKind {}
/// Marks the id of a stored file; the artifact that represents the file carries the same id.
pub enum FileKind {}
/// Marks the id of a boundary contract.
pub enum ContractKind {}
/// Marks the id of a search record.
pub enum RecordKind {}
/// Marks the id of an agent.
pub enum AgentKind {}
/// Marks the id of a metric.
pub enum MetricKind {}

/// A tenant's id.
pub type TenantId = Id<TenantKind>;
/// A user's id.
pub type UserId = Id<UserKind>;
/// A session's id.
pub type SessionId = Id<SessionKind>;
/// An intent's id.
pub type IntentId = Id<IntentKind>;
/// An execution's id.
pub type ExecutionId = Id<ExecutionKind>;
/// A solution's id.
pub type SolutionId = Id<SolutionKind>;
/// An artifact's id.
pub type ArtifactId = Id<ArtifactKind>;
/// A file's id.
pub type FileId = Id<FileKind>;
/// A boundary contract's id.
pub type ContractId = Id<ContractKind>;
/// A search record's id.
pub type RecordId = Id<RecordKind>;
/// An agent's id.
pub type AgentId = Id<AgentKind>;
/// A metric's id.
pub type MetricId = Id<MetricKind>;

impl FileId {
    /// The id of the artifact that represents this file: the same text.
    pub fn to_artifact_id(&self) -> ArtifactId {
        ArtifactId::trusted(Arc::clone(&self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_within_the_limits_is_kept_as_it_is() {
        let id = TenantId::new("größe 1").unwrap();
        assert_eq!(id.as_str(), "größe 1");
    }

    #[test]
    fn empty_long_and_control_character_ids_are_refused() {
        assert_eq!(TenantId::new(""), Err(InvalidId::Empty));
        assert_eq!(TenantId::new("x".repeat(257)), Err(InvalidId::TooLong));
        assert_eq!(TenantId::new("a\u{0}b"), Err(InvalidId::ControlCharacter));
        assert!(TenantId::new("x".repeat(256)).is_ok());
    }

    #[test]
    fn deserialising_an_invalid_id_says_why() {
        let error = serde_json::from_str::<TenantId>("\"\"").unwrap_err();
        assert!(error.to_string().contains("must not be empty"));
    }
}
