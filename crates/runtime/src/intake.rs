//! Intake: checks a submission, records it, and only then says "accepted".

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use civitas_model::execution::Intent;
use civitas_model::{
    Caller, ExecutionId, Id, IntentId, SessionId, SolutionId, TenantId, Timestamp,
};
use civitas_storage::execution::{Idempotency, Submit};
use civitas_storage::{Changeset, Commit, CommitError, Receipt, Refusal};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::child;
use crate::error::SubmitError;
use crate::queue::Ready;
use crate::runtime::Engine;

/// How full the committer's queue may be before submissions are turned away.
const LOAD_MAX: f64 = 0.9;
/// The longest idempotency key, in characters.
pub const KEY_LENGTH_MAX: usize = 256;
/// The session of submissions whose credential implies none.
const DEFAULT_SESSION: &str = "default";
/// The solution of submissions that name none.
const DEFAULT_SOLUTION: &str = "default";

/// What a client submits.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// The intent's own id; made here when absent.
    pub intent_id: Option<IntentId>,
    /// Which intent.
    pub intent_type: String,
    /// The tenant, when the client names one; must be the caller's.
    pub tenant_id: Option<TenantId>,
    /// The session; the credential's when absent.
    pub session_id: Option<SessionId>,
    /// The solution; from the metadata, the parameters, or `default` when absent.
    pub solution_id: Option<SolutionId>,
    /// The parameters: an object.
    pub parameters: Map<String, Value>,
    /// Free-form labels.
    pub metadata: Map<String, Value>,
    /// The key under which a repetition is the same submission.
    pub idempotency_key: Option<String>,
}

/// The answer to a submission: it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The execution.
    pub execution_id: ExecutionId,
    /// The intent.
    pub intent_id: IntentId,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Whether this repeats an earlier submission with the same idempotency key.
    pub replayed: bool,
}

/// Idempotency keys whose submission is being recorded.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashSet<(TenantId, String)>>);

/// Holds a key while its submission is being recorded.
struct Hold<'a> {
    keys: &'a InFlight,
    key: (TenantId, String),
}

impl InFlight {
    fn hold(&self, tenant: &TenantId, key: &str) -> Result<Hold<'_>, SubmitError> {
        let key = (tenant.clone(), key.to_owned());
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.insert(key.clone()) {
            return Err(SubmitError::KeyInFlight);
        }
        Ok(Hold { keys: self, key })
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.keys
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

/// A submission on its way. A caller that goes away before it is answered must not leave an accepted intent that
/// nobody runs: then it is followed in the background.
struct OnItsWay<'a> {
    engine: &'a Arc<Engine>,
    following: Option<(Commit, Ready)>,
}

impl OnItsWay<'_> {
    async fn follow(mut self) -> Result<Receipt, CommitError> {
        let Some((commit, _)) = &mut self.following else {
            return Err(CommitError::Unavailable("it was followed before".into()));
        };
        let receipt = commit.await;
        if let (Some((_, ready)), Ok(_)) = (self.following.take(), &receipt) {
            self.engine.queue.push_fresh(ready);
        }
        receipt
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        let (Some((commit, ready)), Ok(runtime)) =
            (self.following.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let engine = Arc::clone(self.engine);
        runtime.spawn(async move {
            if commit.await.is_ok() {
                engine.queue.push_fresh(ready);
            }
        });
    }
}

/// Accepts a submission.
pub(crate) async fn submit(
    engine: &Arc<Engine>,
    caller: &Caller,
    mut submission: Submission,
) -> Result<Accepted, SubmitError> {
    let parameters = Value::Object(std::mem::take(&mut submission.parameters));
    check(engine, caller, &submission, &parameters)?;
    if let Some(definition) = engine.registry.find(&submission.intent_type) {
        // Whatever it was called, it is recorded under its own name.
        definition.name().clone_into(&mut submission.intent_type);
    }
    let tenant = &caller.tenant_id;
    let key = submission.idempotency_key.clone();
    let idempotency = key.map(|key| Idempotency {
        body_digest: body_digest(&submission, &parameters),
        key,
    });
    let _hold = idempotency
        .as_ref()
        .map(|idempotency| engine.in_flight.hold(tenant, &idempotency.key))
        .transpose()?;
    let intent = intent(engine, caller, submission, parameters);
    let execution_id: ExecutionId = Id::generate(&*engine.clock, &*engine.entropy);
    let ready = Ready::fresh(child::accepted(execution_id.clone(), intent.clone()));
    let accepted = Accepted {
        execution_id: execution_id.clone(),
        intent_id: intent.intent_id.clone(),
        created_at: intent.created_at,
        replayed: false,
    };
    let intent_type = intent.intent_type.clone();
    let submit = Submit {
        execution_id,
        intent,
        parent: None,
        idempotency,
    };
    let changeset = Changeset::new().with(submit).under(&engine.lease);
    let commit = engine.store.enqueue(changeset).await?;
    let on_its_way = OnItsWay {
        engine,
        following: Some((commit, ready)),
    };
    match on_its_way.follow().await {
        Ok(_) => {}
        Err(CommitError::Refused(Refusal::LeaseLost)) => {
            engine.lose_lease();
            return Err(STOPPING);
        }
        Err(CommitError::Refused(Refusal::AlreadySubmitted {
            execution_id,
            intent_id,
            created_at,
        })) => {
            return Ok(Accepted {
                execution_id,
                intent_id,
                created_at,
                replayed: true,
            });
        }
        Err(error) => return Err(error.into()),
    }
    metrics::counter!("civitas_intents_accepted_total", "intent_type" => intent_type).increment(1);
    Ok(accepted)
}

/// What submitters are told while the node stops.
const STOPPING: SubmitError = SubmitError::Busy {
    reason: "the server is stopping",
    retry_after: 5,
};

/// Everything that is checked before anything is recorded.
fn check(
    engine: &Engine,
    caller: &Caller,
    submission: &Submission,
    parameters: &Value,
) -> Result<(), SubmitError> {
    check_tenant(caller, submission, parameters)?;
    let key = submission.idempotency_key.as_ref();
    if key.is_some_and(|key| key.is_empty() || key.chars().count() > KEY_LENGTH_MAX) {
        return Err(SubmitError::KeyLength {
            limit: KEY_LENGTH_MAX,
        });
    }
    let name = submission.intent_type.as_str();
    let Some(definition) = engine.registry.find(name) else {
        let intent_type = name.chars().take(KEY_LENGTH_MAX).collect();
        return Err(SubmitError::UnknownType {
            intent_type,
            nearest: engine.registry.nearest(name),
        });
    };
    let needed = definition.policy().permission;
    if !caller.may(needed) {
        return Err(SubmitError::Forbidden {
            intent_type: name.to_owned(),
            needed,
        });
    }
    if let Err(errors) = engine.registry.check(name, parameters) {
        return Err(SubmitError::InvalidParameters {
            intent_type: name.to_owned(),
            errors,
        });
    }
    if engine.stopping.is_cancelled() {
        return Err(STOPPING);
    }
    if engine.store.load() > LOAD_MAX {
        return Err(SubmitError::Busy {
            reason: "too many writes are waiting",
            retry_after: 1,
        });
    }
    Ok(())
}

/// A tenant may be named in the submission, its metadata or its parameters, but must be the caller's.
fn check_tenant(
    caller: &Caller,
    submission: &Submission,
    parameters: &Value,
) -> Result<(), SubmitError> {
    let named = [
        ("/tenant_id", submission.tenant_id.as_ref().map(Id::as_str)),
        (
            "/metadata/tenant_id",
            submission.metadata.get("tenant_id").and_then(Value::as_str),
        ),
        (
            "/parameters/tenant_id",
            parameters.get("tenant_id").and_then(Value::as_str),
        ),
    ];
    let foreign = named
        .into_iter()
        .find(|(_, named)| named.is_some_and(|named| named != caller.tenant_id.as_str()));
    foreign.map_or(Ok(()), |(place, named)| {
        let named = named.unwrap_or_default();
        Err(SubmitError::ForeignTenant {
            place,
            named: named.chars().take(KEY_LENGTH_MAX).collect(),
        })
    })
}

fn intent(engine: &Engine, caller: &Caller, submission: Submission, parameters: Value) -> Intent {
    let solution_id = submission.solution_id.unwrap_or_else(|| {
        let named = [
            submission.metadata.get("solution_id"),
            parameters.get("solution_id"),
        ]
        .into_iter()
        .find_map(|named| SolutionId::new(named?.as_str()?).ok());
        named.unwrap_or_else(|| SolutionId::trusted(DEFAULT_SOLUTION))
    });
    Intent {
        intent_id: submission
            .intent_id
            .unwrap_or_else(|| Id::generate(&*engine.clock, &*engine.entropy)),
        intent_type: submission.intent_type,
        tenant_id: caller.tenant_id.clone(),
        session_id: submission
            .session_id
            .or_else(|| caller.session_id.clone())
            .unwrap_or_else(|| SessionId::trusted(DEFAULT_SESSION)),
        solution_id,
        user_id: caller.user_id.clone(),
        parameters,
        metadata: Value::Object(submission.metadata),
        created_at: engine.clock.now(),
    }
}

/// SHA-256 over the parts of a submission that make it what it is, with the keys of objects in order.
fn body_digest(submission: &Submission, parameters: &Value) -> String {
    let mut hasher = Sha256::new();
    let ids = [
        submission.intent_id.as_ref().map(Id::as_str),
        Some(submission.intent_type.as_str()),
        submission.session_id.as_ref().map(Id::as_str),
        submission.solution_id.as_ref().map(Id::as_str),
    ];
    for id in ids {
        hasher.update(id.unwrap_or_default());
        hasher.update([0]);
    }
    let metadata = Value::Object(submission.metadata.clone());
    for part in [parameters, &metadata] {
        hasher.update(sorted(part).to_string());
        hasher.update([0]);
    }
    let digest = hasher.finalize();
    digest.iter().fold(String::with_capacity(64), |text, byte| {
        text + &format!("{byte:02x}")
    })
}

/// The same value with the keys of every object in order, however the map type keeps them.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(parameters: &Value) -> String {
        let submission = Submission {
            intent_type: "t".into(),
            ..Submission::default()
        };
        body_digest(&submission, parameters)
    }

    #[test]
    fn the_order_of_keys_does_not_change_a_body() {
        let one = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let other = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();
        assert_eq!(digest(&one), digest(&other));
    }

    #[test]
    fn another_value_is_another_body() {
        assert_ne!(digest(&json!({ "a": 1 })), digest(&json!({ "a": 2 })));
    }
}
