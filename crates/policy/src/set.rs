//! A policy set: tables and policies, checked, compiled, and from then on never changed.

use crate::buckets::Buckets;
use crate::error::{Error, Problems};
use crate::generate;
use crate::path::CanonicalPath;
use crate::requests::Requests;
use crate::scope::Scopes;
use crate::source::{self, Known, POLICIES_MAX, PolicySource, SOURCES_MAX};
use crate::tables::{OperationRule, Tables};
use cedar_policy::{PolicyId, Schema};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// The schema that policies are checked against, in Cedar's language.
pub const SCHEMA: &str = include_str!("schema.cedarschema");

/// Changes with every change of what the same policies mean.
const MEANING: &str = "civitas-policy 4";

/// A compiled, immutable set of policies. Cheap to share in an `Arc`, and to swap for another one.
#[derive(Debug)]
pub struct PolicySet {
    pub(crate) tables: Tables,
    pub(crate) schema: Schema,
    pub(crate) policies: HashMap<PolicyId, Known>,
    pub(crate) binding: Buckets,
    pub(crate) shadow: Buckets,
    pub(crate) scopes: Scopes,
    pub(crate) secrets: Scopes,
    pub(crate) not_secrets: Scopes,
    pub(crate) operations: Vec<Operation>,
    fingerprint: String,
    text: String,
}

/// A rule of the tables, compiled.
#[derive(Debug)]
pub(crate) struct Operation {
    pub name: String,
    pub programs: GlobSet,
    pub subcommands: Vec<GlobSet>,
    pub arguments: Vec<GlobSet>,
    pub unless: GlobSet,
    pub addresses: GlobSet,
    pub changes: GlobSet,
    pub files: Scopes,
    /// Files that are not even read.
    pub reads: Scopes,
    /// The folders that hold them, which are moved and replaced with them.
    pub folders: Scopes,
    pub has_files: bool,
}

impl PolicySet {
    /// Checks and compiles tables and the tenant's own policies.
    ///
    /// # Errors
    ///
    /// Every problem with its file, line and column, or its field, and what to do.
    pub fn compile(tables: Tables, sources: &[PolicySource]) -> Result<Self, Error> {
        let schema = schema()?;
        let generated = PolicySource {
            name: "tables".to_owned(),
            text: generate::policies(&tables),
        };
        let mut problems = Problems::default();
        let mut taken = HashSet::new();
        if sources.len() > SOURCES_MAX {
            return Err(Error::at(
                "policies",
                format!(
                    "there are {} texts, and {SOURCES_MAX} are allowed: join some",
                    sources.len()
                ),
            ));
        }
        let mut known = source::read(&generated, &schema, &tables, &mut taken, &mut problems);
        let of_tables = known.len();
        for source in sources {
            known.extend(source::read(
                source,
                &schema,
                &tables,
                &mut taken,
                &mut problems,
            ));
        }
        if known.len() - of_tables > POLICIES_MAX {
            problems.add(
                "policies",
                format!(
                    "there are {} policies, and {POLICIES_MAX} are allowed",
                    known.len() - of_tables
                ),
            );
        }
        problems.into_result()?;
        let whole = |message: String| Error::at("policies", message);
        let scopes = known
            .iter()
            .flat_map(|known| known.policy.entity_literals())
            .filter(|uid| uid.type_name().to_string() == "Scope")
            .map(|uid| uid.id().unescaped().to_owned())
            .collect();
        Ok(Self {
            binding: Buckets::new(known.iter().filter(|known| !known.shadow)).map_err(whole)?,
            shadow: Buckets::new(known.iter().filter(|known| known.shadow)).map_err(whole)?,
            scopes: Scopes::new(scopes).map_err(whole)?,
            secrets: Scopes::new(tables.secret_files.clone()).map_err(whole)?,
            not_secrets: Scopes::new(tables.secret_exceptions.clone()).map_err(whole)?,
            operations: tables
                .operations
                .iter()
                .map(Operation::new)
                .collect::<Result<_, _>>()
                .map_err(whole)?,
            policies: known
                .into_iter()
                .map(|known| (PolicyId::new(&known.id), known))
                .collect(),
            fingerprint: fingerprint(&tables, sources),
            text: generated.text,
            tables,
            schema,
        })
    }

    /// The tables it was compiled from.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The SHA-256, in hexadecimal, of what it was compiled from: equal for equal content.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// How many policies it holds, those of the tables included.
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    /// Whether a file is a secret, in any spelling: in a scope of secrets, and in none of their exceptions.
    pub(crate) fn is_secret(&self, path: &CanonicalPath) -> bool {
        !self.secrets.matching(path, true).is_empty()
            && self.not_secrets.matching(path, true).is_empty()
    }

    /// Never: the tables always make some.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// The policies made of the tables, as Cedar text.
    pub fn generated_text(&self) -> &str {
        &self.text
    }
}

fn schema() -> Result<Schema, Error> {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA)
        .map_err(|error| Error::at("schema", error.to_string()))?;
    Ok(schema)
}

impl Operation {
    /// Whether it is about what a command asks of servers.
    pub fn has_addresses(&self) -> bool {
        !self.addresses.is_empty() || !self.changes.is_empty()
    }

    /// Whether what a command asks of servers is the operation.
    pub fn is_requested(&self, requests: &Requests) -> bool {
        let matches = |patterns: &GlobSet| {
            let is_one =
                |path: &String| patterns.is_match(path) || patterns.is_match(format!("{path}/"));
            requests.paths.iter().any(is_one)
        };
        matches(&self.addresses) || requests.changes && matches(&self.changes)
    }

    /// Whether writing a file or folder is the operation.
    pub fn is_written(&self, path: &CanonicalPath) -> bool {
        !self.files.matching(path, true).is_empty() || !self.folders.matching(path, true).is_empty()
    }

    fn new(rule: &OperationRule) -> Result<Self, String> {
        let patterns = |patterns: &[String]| -> Result<GlobSet, String> {
            let mut builder = GlobSetBuilder::new();
            for pattern in patterns {
                let glob = GlobBuilder::new(pattern)
                    .case_insensitive(true)
                    .build()
                    .map_err(|error| error.to_string())?;
                builder.add(glob);
            }
            builder.build().map_err(|error| error.to_string())
        };
        let each = |list: &[String]| -> Result<Vec<GlobSet>, String> {
            let single = list.chunks(1);
            single.map(patterns).collect()
        };
        Ok(Self {
            name: rule.operation.clone(),
            programs: patterns(&rule.programs)?,
            subcommands: each(&rule.subcommands)?,
            arguments: each(&rule.arguments)?,
            unless: patterns(&rule.unless)?,
            addresses: patterns(&rule.addresses)?,
            changes: patterns(&rule.changes)?,
            files: Scopes::new(rule.files.clone())?,
            reads: Scopes::new(rule.reads.clone())?,
            folders: Scopes::new(
                rule.files
                    .iter()
                    .filter_map(|file| folder_of(file))
                    .collect(),
            )?,
            has_files: !rule.files.is_empty(),
        })
    }
}

/// The folder in which the files of a scope are, if it is one of its own: hidden, or at a place that the scope names whole.
fn folder_of(scope: &str) -> Option<String> {
    let folder = match scope.strip_suffix("/**") {
        Some(folder) => folder,
        None => scope.rsplit_once('/')?.0,
    };
    let name = folder.rsplit('/').next()?;
    let is_own = name.starts_with('.') || name.contains("civitas") || name.contains("claude");
    (is_own && !name.contains('*')).then(|| folder.to_owned())
}

fn fingerprint(tables: &Tables, sources: &[PolicySource]) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    part(MEANING.as_bytes());
    part(SCHEMA.as_bytes());
    part(&serde_json::to_vec(tables).unwrap_or_default());
    let mut sources: Vec<&PolicySource> = sources.iter().collect();
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    for source in sources {
        part(source.name.as_bytes());
        part(source.text.as_bytes());
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}
