//! Decides what a tool call may do.

mod analysis;
mod buckets;
mod call;
mod classes;
mod commands;
mod danger;
mod decide;
mod decision;
mod effects;
mod error;
mod facts;
mod generate;
mod git;
mod intersect;
mod path;
mod policy_test;
mod request;
mod resource;
mod scope;
mod set;
pub mod shell;
mod source;
mod tables;
mod what_if;

pub use analysis::QUESTIONS_MAX;
pub use call::{Call, CallError};
pub use danger::DANGERS;
pub use decision::{
    Action, Budget, Decision, Effect, Expected, JUDGED_MAX, Judged, Matched, Outcome, Shadow, Step,
};
pub use error::{Error, PROBLEMS_MAX, Problem};
pub use facts::{FACTS, FACTS_MAX, SessionFacts};
pub use path::{
    CanonicalPath, NoLinks, PATH_LENGTH_MAX, PathError, Place, Resolver, canonical_paths,
};
pub use policy_test::{
    Failure, PolicyTest, TEST_FILE_LENGTH_MAX, TESTS_MAX, read_tests, run_tests,
};
pub use request::{AGENT_LIST_MAX, Agent, Request, ToolCall};
pub use scope::{SCOPE_LENGTH_MAX, SCOPES_MAX};
pub use set::{PolicySet, SCHEMA};
pub use source::{POLICIES_MAX, PolicySource, SOURCE_LENGTH_MAX, SOURCES_MAX};
pub use tables::{
    CostAction, Costs, DEFAULTS, Escalation, Estimate, Estimates, Mode, NoAgent, OperationRule,
    Role, SYSTEM_ROLE, Tables,
};
pub use what_if::{EXAMPLES_MAX, Example, GROUPS_MAX, Group, Recorded, Report, what_if};
