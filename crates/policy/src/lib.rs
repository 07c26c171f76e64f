//! Decides what a tool call of an agent may do: allow, ask a person, or deny, with the whole explanation.
//!
//! ```
//! use civitas_policy::{Agent, NoLinks, Outcome, Place, PolicySet, PolicySource, Request, Tables, ToolCall};
//!
//! let policies = PolicySource {
//!     name: "ledger.cedar".to_owned(),
//!     text: r#"
//!         @id("ledger")
//!         @reason("changes of the ledger are reviewed")
//!         @require("approval")
//!         forbid (principal, action == Action::"write_path", resource in Scope::"src/ledger/**");
//!     "#.to_owned(),
//! };
//! let set = PolicySet::compile(Tables::defaults()?, &[policies])?;
//!
//! let call = ToolCall::new("Bash", serde_json::json!({ "command": "cd src && echo 1 >> ledger/book" }));
//! let mut request = Request::new(call, Place::at("/work"));
//! request.agent = Some(Agent::new("ada", "developer"));
//!
//! let decision = set.decide(&request, &NoLinks);
//! assert_eq!(decision.outcome, Outcome::Ask);
//! assert_eq!(decision.reason, "Needs approval: /work/src/ledger/book: changes of the ledger are reviewed.");
//! # Ok::<(), civitas_policy::Error>(())
//! ```
//!
//! # How a decision comes about
//!
//! 1. The call is read by its tool ([`Call`]), its command line is taken apart ([`shell`]), its paths are made canonical
//!    ([`canonical_paths`]). What comes out is a list of questions: *may this agent do this action to this resource?*
//! 2. Each question is put to Cedar with the policies whose heads can apply to it. [`Tables`] are compiled into policies
//!    too, so there is one engine and one explanation.
//! 3. The strictest answer holds ([`Outcome`]); among equally strict ones, the first [`Step`] gives the reason.
//!
//! # What a policy means
//!
//! To one question, all policies that apply are looked at together: a `forbid` without `@require` denies; without any
//! `permit` it is denied; otherwise any policy with `@require("approval")`, permit or forbid, makes it ask; else it is
//! allowed. `@mode("shadow")` takes a policy out of this and reports what it would have changed ([`Shadow`]). Every policy has an `@id` and
//! a `@reason`. [`SCHEMA`] lists the entities, attributes and context; `docs/policy.md` teaches by examples.
//!
//! # Invariants
//!
//! - **Pure.** No disk, network, clock or randomness: links are followed by the caller's [`Resolver`], budgets are judged by
//!   the caller's ledger and come in as [`Budget`]. Only `elapsed_us` differs between two decisions of the same request.
//! - **What is not known is not allowed.** A text that cannot be parsed asks; an input that cannot be judged, an unknown role
//!   and a forbid that fails to evaluate deny.
//! - **Another forbid never widens**, whatever its annotations; an agent's own lists only narrow.
//! - **A set never changes.** [`PolicySet`] is immutable and known by its fingerprint; a new one replaces it in an `Arc`.
//! - **Everything has a limit**, and all work on a command line is linear in its length.

mod address;
mod agents;
mod analysis;
mod awk;
mod buckets;
mod call;
mod classes;
mod commands;
mod cost;
mod danger;
mod decide;
mod decision;
mod effects;
mod error;
mod facts;
mod files;
mod generate;
mod git;
mod interpreters;
mod intersect;
mod options;
mod path;
mod policy_test;
mod request;
mod requests;
mod resource;
mod scope;
mod sed;
mod set;
pub mod shell;
mod source;
mod subcommands;
mod tables;
mod values;
mod what_if;

pub use analysis::{NAME_LENGTH_MAX, QUESTIONS_MAX};
pub use call::{Call, CallError};
pub use cost::{APPROVAL_THRESHOLD, COST_ESCALATION, SessionCost};
pub use danger::DANGERS;
pub use decision::{
    Action, Budget, Decision, Effect, Expected, JUDGED_MAX, Judged, Matched, Outcome, People,
    Shadow, Step, approvers_of_both,
};
pub use error::{Error, PROBLEMS_MAX, Problem};
pub use facts::{COST_APPROVED, COST_NOTIFIED, COST_STOPPED, FACTS, FACTS_MAX, SessionFacts};
pub use path::{
    CanonicalPath, NoLinks, PATH_LENGTH_MAX, PathError, Place, Resolver, canonical_paths,
};
pub use policy_test::{
    Failure, PolicyTest, TEST_FILE_LENGTH_MAX, TESTS_MAX, read_tests, run_tests,
};
pub use request::{AGENT_ENTRY_LENGTH_MAX, AGENT_LIST_MAX, Agent, Request, ToolCall};
pub use scope::{SCOPE_LENGTH_MAX, SCOPES_MAX, check as check_scope};
pub use set::{PolicySet, SCHEMA};
pub use source::{POLICIES_MAX, PolicySource, SOURCE_LENGTH_MAX, SOURCES_MAX};
pub use tables::{
    APPROVERS, After, CostAction, Costs, DEFAULTS, Escalation, Estimate, Estimates, Mode, NoAgent,
    OperationRule, ProgramOptions, QUORUM_MAX, Role, SYSTEM_ROLE, Tables, Unregistered,
};
pub use what_if::{
    Comparison, EXAMPLES_MAX, Example, GROUPS_MAX, Group, Recorded, Report, what_if,
};
