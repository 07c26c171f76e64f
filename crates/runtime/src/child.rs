//! Children: executions that an execution starts.

use civitas_intent::host::Child;
use civitas_intent::{Error, Result};
use civitas_model::execution::Status;
use civitas_model::{ErrorCode, Execution, ExecutionId};
use civitas_storage::execution::Submit;
use serde_json::{Map, Value};

use crate::registry::Registry;

/// How deep executions may start executions.
const DEPTH_MAX: u64 = 16;
/// Where an execution's depth is noted.
const DEPTH: &str = "depth";

/// Checks a child as intake checks a submission, and notes its depth.
pub(crate) fn check(
    registry: &Registry,
    mut child: Child,
    parent_metadata: &Value,
) -> Result<Child> {
    let intent = &mut child.intent;
    let Some(definition) = registry.find(&intent.intent_type) else {
        let message = format!("no realm registers the child `{}`", intent.intent_type);
        return Err(Error::rejected(ErrorCode::UnknownIntentType, message));
    };
    definition.name().clone_into(&mut intent.intent_type);
    if let Err(errors) = registry.check(&intent.intent_type, &intent.parameters) {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let message = format!(
            "the parameters of the child `{}` are not valid: {}",
            intent.intent_type,
            errors.join("; ")
        );
        return Err(Error::rejected(ErrorCode::ValidationFailed, message));
    }
    let depth = parent_metadata
        .get(DEPTH)
        .and_then(Value::as_u64)
        .unwrap_or(0)
        .saturating_add(1);
    if depth > DEPTH_MAX {
        let message = format!("executions start executions more than {DEPTH_MAX} levels deep");
        return Err(Error::rejected(ErrorCode::IntentRejected, message));
    }
    let mut metadata = match std::mem::take(&mut intent.metadata) {
        Value::Object(metadata) => metadata,
        _ => Map::new(),
    };
    metadata.insert(DEPTH.to_owned(), depth.into());
    intent.metadata = Value::Object(metadata);
    Ok(child)
}

/// The change that accepts a child.
pub(crate) fn submit(child: Child, parent: &ExecutionId) -> Submit {
    Submit {
        execution_id: child.execution_id,
        intent: child.intent,
        parent: Some(parent.clone()),
        idempotency: None,
    }
}

/// The execution as it is once accepted.
pub(crate) fn execution(child: &Child) -> Execution {
    accepted(child.execution_id.clone(), child.intent.clone())
}

/// An execution as it is right after it was accepted.
pub(crate) fn accepted(
    execution_id: ExecutionId,
    intent: civitas_model::execution::Intent,
) -> Execution {
    Execution {
        execution_id,
        status: Status::Pending,
        attempt: 0,
        retries: 0,
        last_seq: 1,
        wait: None,
        parent: None,
        result: None,
        failure: None,
        updated_at: intent.created_at,
        intent,
    }
}
