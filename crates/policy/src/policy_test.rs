//! Tests of policies in files, for those who write policies rather than Rust.
//!
//! ```toml
//! # payments.policy-test.toml
//! [[test]]
//! name = "developers do not edit the ledger"
//! role = "developer"
//! tool = "Edit"
//! input = { file_path = "/work/src/ledger/book.rs", old_string = "", new_string = "" }
//! expect = "deny"
//! policy = "payments.ledger"
//! ```
//!
//! The root is `/work` and the home folder `/home/agent`, unless a test says otherwise. `policy` must be among the
//! policies that applied, `reason` must occur in the reason; both may be left out.

use crate::decision::{Decision, Outcome};
use crate::error::{Error, line_and_column};
use crate::facts::SessionFacts;
use crate::path::{NoLinks, Place};
use crate::request::{Agent, Request, ToolCall};
use crate::set::PolicySet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many tests one file may have.
pub const TESTS_MAX: usize = 2_000;
/// The longest file, in bytes.
pub const TEST_FILE_LENGTH_MAX: usize = 1024 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    test: Vec<PolicyTest>,
}

/// One test: a call and what must come out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyTest {
    /// What it shows, as a sentence.
    pub name: String,
    /// The role of an agent without further traits; neither this nor `agent` is a call without an agent.
    pub role: Option<String>,
    /// A whole agent.
    pub agent: Option<Agent>,
    /// The tool.
    pub tool: String,
    /// Its input.
    #[serde(default)]
    pub input: Value,
    /// The command of `Bash`, instead of `input`.
    pub command: Option<String>,
    /// The file of `Read`, `Write` and `Edit`, instead of `input`.
    pub path: Option<String>,
    /// The project's root.
    pub root: Option<String>,
    /// The environment.
    #[serde(default)]
    pub environment: String,
    /// What is known of the session.
    #[serde(default)]
    pub facts: SessionFacts,
    /// What the session has cost before, in US dollars.
    #[serde(default)]
    pub session_usd: f64,
    /// What must come out.
    pub expect: Outcome,
    /// The `@id` of a policy that must apply.
    pub policy: Option<String>,
    /// Words that must be in the reason.
    pub reason: Option<String>,
    /// What watched policies must make of it.
    pub shadow: Option<Outcome>,
}

/// A test that did not pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// The test's name.
    pub name: String,
    /// What was expected and what came.
    pub message: String,
    /// The decision.
    pub decision: Decision,
}

/// Reads a file of tests.
///
/// # Errors
///
/// The line that cannot be read, and why.
pub fn read_tests(file: &str, text: &str) -> Result<Vec<PolicyTest>, Error> {
    if text.len() > TEST_FILE_LENGTH_MAX {
        return Err(Error::at(
            file,
            format!(
                "the file has {} bytes, and {TEST_FILE_LENGTH_MAX} are allowed",
                text.len()
            ),
        ));
    }
    let parsed: File = toml::from_str(text).map_err(|error| {
        let (line, column) = line_and_column(text, error.span().map_or(0, |span| span.start));
        Error::at(format!("{file}:{line}:{column}"), error.message())
    })?;
    if parsed.test.is_empty() || parsed.test.len() > TESTS_MAX {
        return Err(Error::at(
            file,
            format!(
                "there are {} tests, 1 to {TESTS_MAX} are allowed: each begins with [[test]]",
                parsed.test.len()
            ),
        ));
    }
    Ok(parsed.test)
}

/// Runs tests; an empty answer means that all passed.
pub fn run_tests(set: &PolicySet, tests: &[PolicyTest]) -> Vec<Failure> {
    tests.iter().filter_map(|test| run(set, test)).collect()
}

impl PolicyTest {
    /// The request that the test stands for.
    pub fn request(&self) -> Request {
        let mut input = self.input.clone();
        for (field, value) in [("command", &self.command), ("file_path", &self.path)] {
            if let Some(value) = value {
                if !input.is_object() {
                    input = Value::Object(serde_json::Map::new());
                }
                input[field] = Value::String(value.clone());
            }
        }
        let place = Place {
            home: Some("/home/agent".to_owned()),
            ..Place::at(self.root.as_deref().unwrap_or("/work"))
        };
        Request {
            agent: self
                .agent
                .clone()
                .or_else(|| self.role.as_ref().map(|role| Agent::new("tested", role))),
            environment: self.environment.clone(),
            facts: self.facts.clone(),
            session_micro_usd: micro_usd(self.session_usd),
            ..Request::new(ToolCall::new(&self.tool, input), place)
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates: an amount below nothing is nothing"
)]
fn micro_usd(usd: f64) -> u64 {
    (usd * 1e6).round() as u64
}

/// An outcome in the word that tests are written in.
const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allow",
        Outcome::Ask => "ask",
        Outcome::Deny => "deny",
    }
}

fn run(set: &PolicySet, test: &PolicyTest) -> Option<Failure> {
    let decision = set.decide(&test.request(), &NoLinks);
    let applied = |id: &String| {
        let watched = decision.shadow.iter().flat_map(|shadow| &shadow.policies);
        decision
            .policies
            .iter()
            .chain(watched)
            .any(|matched| matched.id == *id)
    };
    let message = if decision.outcome != test.expect {
        format!(
            "expected {}, got {}: {}",
            word(test.expect),
            word(decision.outcome),
            decision.reason
        )
    } else if let Some(id) = test.policy.as_ref().filter(|id| !applied(id)) {
        let ids: Vec<&str> = decision
            .policies
            .iter()
            .map(|matched| matched.id.as_str())
            .collect();
        format!(
            "the policy `{id}` did not apply; these did: {}",
            ids.join(", ")
        )
    } else if let Some(words) = test
        .reason
        .as_ref()
        .filter(|words| !decision.reason.contains(words.as_str()))
    {
        format!("`{words}` is not in the reason: {}", decision.reason)
    } else if let Some(shadow) = test
        .shadow
        .filter(|shadow| decision.shadow.as_ref().map(|shadow| shadow.outcome) != Some(*shadow))
    {
        format!(
            "watched policies were expected to say {shadow:?}, they said {:?}",
            decision.shadow.as_ref().map(|shadow| shadow.outcome)
        )
    } else {
        return None;
    };
    Some(Failure {
        name: test.name.clone(),
        message,
        decision,
    })
}
