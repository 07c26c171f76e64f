//! What can go wrong for whoever asks the registry.

use std::fmt;
use std::sync::Arc;

use civitas_model::budget::Scope;
use civitas_model::{Money, Timestamp};
use civitas_storage::{CommitError, Refusal, SqlError};
use serde::Serialize;

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What, and what would fit.
    pub detail: String,
}

/// One thing that is wrong with policies, their tables or their tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file: one of the names that were given, or `tables.toml`.
    pub file: String,
    /// The line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, from 1, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What, and what to do, as a lowercase fragment.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// What a budget has no room for. Amounts are whole tokens, or units of its currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Over {
    /// Whose budget.
    pub scope: Scope,
    /// Of what: `tokens` or `cost`.
    pub what: &'static str,
    /// What may be used.
    pub cap: f64,
    /// What is used.
    pub used: f64,
    /// What is reserved.
    pub reserved: f64,
    /// What was asked for.
    pub asked: f64,
    /// When some of what is used is forgotten, if it ever is.
    pub retry_at: Option<Timestamp>,
}

fn no_room(over: &Over) -> String {
    let Over {
        scope,
        cap,
        used,
        reserved,
        asked,
        ..
    } = over;
    let unit = if over.what == "tokens" { " tokens" } else { "" };
    format!(
        "the budget of {scope} has no room for it: {used} of {cap}{unit} are used, {reserved} are reserved and {asked} are asked for: settle or release what is reserved, wait until it is reset, or ask an administrator to raise it (`civitas budgets raise {scope}`)"
    )
}

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The request is well-formed but not valid.
    #[error("{}", summary(.0))]
    Invalid(Vec<Invalid>),
    /// There is no such agent in the tenant.
    #[error("{0}")]
    NotFound(String),
    /// Another agent has the name.
    #[error("Agent with name '{0}' already exists")]
    NameTaken(String),
    /// The state of the agent does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// The caller may not do it.
    #[error("{0}")]
    Forbidden(String),
    /// The tenant's policies can no longer be used, so nothing may be allowed.
    #[error("{0}")]
    Unusable(Arc<str>),
    /// Policies were not saved: what is wrong with them, place by place.
    #[error("{}", found(.0))]
    Policies(Vec<Finding>),
    /// A budget has no room for it.
    #[error("{}", no_room(.0))]
    OverBudget(Box<Over>),
    /// Storage cannot be used now.
    #[error("storage is not available: {0}")]
    Unavailable(String),
}

fn summary(errors: &[Invalid]) -> String {
    // The empty pointer is the whole request.
    errors.first().map_or_else(String::new, |error| {
        let Invalid { pointer, detail } = error;
        match pointer.as_str() {
            "" => detail.clone(),
            pointer => format!("{pointer}: {detail}"),
        }
    })
}

fn found(findings: &[Finding]) -> String {
    let first = findings.first().map(Finding::to_string);
    match (first, findings.len()) {
        (None, _) => String::new(),
        (Some(first), 1) => first,
        (Some(first), count) => format!("{first} (and {} more)", count - 1),
    }
}

impl Error {
    /// There is no agent with this id.
    pub fn no_agent(id: &str) -> Self {
        Self::NotFound(format!("Agent with ID '{id}' not found"))
    }

    /// There is no agent with this name.
    pub fn no_agent_called(name: &str) -> Self {
        Self::NotFound(format!("Agent with name '{name}' not found"))
    }
}

impl From<SqlError> for Error {
    fn from(error: SqlError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal @ Refusal::NotFound { .. }) => {
                Self::NotFound(refusal.to_string())
            }
            CommitError::Refused(refusal @ Refusal::Changed { .. }) => {
                Self::Conflict(format!("{refusal}: read it again, and decide again"))
            }
            CommitError::Refused(Refusal::OverBudget {
                scope,
                what,
                cap,
                used,
                reserved,
                asked,
                retry_at,
                ..
            }) => {
                let show = |count: u64| match what {
                    "cost" => Money::from_micros(count).as_units(),
                    _ => whole(count),
                };
                Self::OverBudget(Box::new(Over {
                    scope,
                    what,
                    cap: show(cap),
                    used: show(used),
                    reserved: show(reserved),
                    asked: show(asked),
                    retry_at,
                }))
            }
            CommitError::Refused(refusal) => Self::Conflict(refusal.to_string()),
            CommitError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of tokens that is shown; beyond 2^53 the last ones do not matter"
)]
const fn whole(count: u64) -> f64 {
    count as f64
}
