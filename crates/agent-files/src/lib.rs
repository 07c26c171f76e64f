//! Agent files: Markdown with front matter that says who an agent is.
//!
//! Such files are written by people and by scripts, and many are broken. Whatever can be understood is: strict YAML first,
//! then line by line; an agent without an identity gets one by rules. What was done is said per file, and nothing is left out
//! in silence. All of it is a pure function of paths and texts, linear in their length.
//!
//! [`plan`] says what an import does to the registry, given what is known there. Every way by which files come in asks it, so that
//! they all do the same.
//!
//! Invariant: no I/O, no clock, no randomness.

mod appendix;
mod cleaning;
mod definition;
mod document;
mod export;
mod fields;
mod headers;
pub mod limits;
mod lines;
mod naming;
pub mod plan;
mod registering;
mod repairs;
pub mod roles;
mod scalar;
mod split;
mod yaml;

use civitas_model::agent::{AgentMetadata, Lifecycle, Performance, Rbac, Role};
use civitas_model::money::Money;
use civitas_model::{Agent, AgentId};
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use export::export;
pub use registering::{agent_of, audited};
use repairs::Repairs;
use roles::RoleBudgets;

/// The largest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 512 * 1024;
/// The most files of one import.
pub const FILES_MAX: usize = 10_000;

/// A file to read.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Its path below the folder that is imported, with `/` between the parts.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The agent's name, when whoever sends the file in pieces of a folder has settled it for the whole folder.
    pub name: Option<&'a str>,
    /// Whether another file of that folder says the same id before this one, which therefore gets its own.
    pub ignores_id: bool,
}

/// What a file says about an agent, completed by the template of its role.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The id, when the file says one that no file before it says.
    pub agent_id: Option<AgentId>,
    /// Whether it says one that a file before it says.
    pub shares_id: bool,
    /// The name, unique among the files that were read together.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// How sure that is, 0 to 1.
    pub role_confidence: f64,
    /// Why it has this role.
    pub role_reasoning: String,
    /// What it can do, in words.
    pub capabilities: Vec<String>,
    /// What it may use and reach.
    pub rbac: Rbac,
    /// Tokens in one session.
    pub max_tokens_per_session: u64,
    /// Money in one day.
    pub max_cost_per_day: Money,
    /// The currency of both.
    pub currency: String,
    /// What helps people find it.
    pub metadata: AgentMetadata,
    /// How it has done so far, as its file claims.
    pub performance: Performance,
    /// Where it stands in its life, when the file says so.
    pub lifecycle: Option<Lifecycle>,
    /// Who answers for it, when the file says so.
    pub owner: Option<String>,
    /// Whether its identity was made here.
    pub is_synthesised: bool,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It says everything, as it should.
    Loaded(Box<Definition>),
    /// It says who it is, but something had to be mended or was passed by.
    Repaired(Box<Definition>, Vec<String>),
    /// It does not say who it is; an identity was made by rules, after what had to be mended.
    Synthesised(Box<Definition>, Vec<String>),
    /// It is no agent's file, for this reason.
    Skipped(String),
}

impl Outcome {
    /// The name used in answers.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Loaded(_) => "loaded",
            Self::Repaired(..) => "repaired",
            Self::Synthesised(..) => "synthesised",
            Self::Skipped(_) => "skipped",
        }
    }

    /// The agent, if there is one.
    pub const fn definition(&self) -> Option<&Definition> {
        match self {
            Self::Loaded(definition)
            | Self::Repaired(definition, _)
            | Self::Synthesised(definition, _) => Some(definition),
            Self::Skipped(_) => None,
        }
    }

    /// What had to be mended.
    pub fn repairs(&self) -> &[String] {
        match self {
            Self::Repaired(_, repairs) | Self::Synthesised(_, repairs) => repairs,
            Self::Loaded(_) | Self::Skipped(_) => &[],
        }
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Its path.
    pub path: String,
    /// SHA-256 of its text, in lower-case hexadecimal.
    pub fingerprint: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl Reading {
    /// Whether an agent was read from this text.
    pub fn is_source_of(&self, agent: &Agent) -> bool {
        let source = agent.source.as_ref();
        source.is_some_and(|source| source.fingerprint == self.fingerprint)
    }
}

/// A file's agent before it is known how those of the other files are called.
struct Draft {
    definition: Definition,
    /// Whether the name is the registry's own, from an export.
    is_settled: bool,
    repairs: Repairs,
}

/// Reads files that belong together, so that names and ids are unique among them. The answer has one reading per file, in
/// the files' order. An agent whose file says no budget gets its role's.
pub fn read(files: &[Input<'_>], budgets: &RoleBudgets) -> Vec<Reading> {
    let drafts = files.iter().map(|file| draft(file, budgets));
    let mut drafts: Vec<Result<Draft, String>> = drafts.collect();
    naming::settle(files, &mut drafts);
    let outcomes = drafts.into_iter().map(|draft| match draft {
        Err(reason) => Outcome::Skipped(reason),
        Ok(draft) => outcome(draft),
    });
    files
        .iter()
        .zip(outcomes)
        .map(|(file, outcome)| Reading {
            path: file.path.to_owned(),
            fingerprint: fingerprint(file.text),
            outcome,
        })
        .collect()
}

fn outcome(draft: Draft) -> Outcome {
    let repairs = draft.repairs.into_vec();
    let definition = Box::new(draft.definition);
    if !draft.is_settled && definition.is_synthesised {
        Outcome::Synthesised(definition, repairs)
    } else if repairs.is_empty() {
        Outcome::Loaded(definition)
    } else {
        Outcome::Repaired(definition, repairs)
    }
}

fn draft(file: &Input<'_>, budgets: &RoleBudgets) -> Result<Draft, String> {
    if file.text.len() > FILE_BYTES_MAX {
        return Err(format!(
            "it has {} bytes, and an agent's file up to {FILE_BYTES_MAX}",
            file.text.len()
        ));
    }
    let mut repairs = Repairs::default();
    let text = cleaning::clean(file.text, &mut repairs);
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    let parts = split::split(&text, &mut repairs);
    let mut front = match parts.front {
        Some(front) => front_matter(front, parts.first_line, &mut repairs),
        None => Map::new(),
    };
    let headers = headers::read(parts.body);
    if let Some(reason) = document::reason(file.path, parts.front.is_some(), &front, &headers) {
        return Err(reason);
    }
    cleaning::drop_undefined(&mut front, &mut repairs);
    appendix::find(&mut front, parts.body, &mut repairs);
    let (definition, is_settled) = definition::make(file, &front, &headers, budgets, &mut repairs);
    Ok(Draft {
        definition,
        is_settled,
        repairs,
    })
}

/// Strictly as YAML, and line by line when it is none.
fn front_matter(text: &str, first_line: usize, repairs: &mut Repairs) -> Map<String, Value> {
    let mut strict = Repairs::default();
    match yaml::read(text, first_line, &mut strict) {
        Ok(front) => {
            repairs.extend(strict);
            front
        }
        Err(reason) => {
            let before = repairs.len();
            let front = lines::read(text, first_line, repairs);
            if repairs.len() == before {
                repairs.note(format!(
                    "the front matter is not valid YAML and was read line by line: {reason}"
                ));
            }
            front
        }
    }
}

/// SHA-256 of a file's text, in lower-case hexadecimal.
pub fn fingerprint(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// The text of a file's bytes: UTF-8 or, with its mark, UTF-16. What is neither is replaced by U+FFFD, which is said
/// when the text is read.
pub fn decode(bytes: &[u8]) -> String {
    let units = |read: fn([u8; 2]) -> u16| {
        let pairs = bytes.get(2..).unwrap_or_default().chunks(2);
        let units: Vec<u16> = pairs
            .map(|pair| read([pair[0], pair.get(1).copied().unwrap_or_default()]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests;
