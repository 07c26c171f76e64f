//! The questions that a file raises, in every form that it may have.

use crate::analysis::Analysis;
use crate::decision::{Action, Outcome, Step};
use crate::effects::Access;
use crate::generate::SECRET_ACCESS;
use crate::intersect::may_match;
use crate::path::{CanonicalPath, PathError, canonical_paths};
use crate::resource::Resource;
use crate::set::Operation;
use globset::GlobBuilder;

impl Analysis<'_> {
    /// A file, in every form that it may have.
    pub fn path(&mut self, text: &str, access: Access, program: &str, is_pattern: bool) {
        let paths = match canonical_paths(text, &self.request.place, self.resolver) {
            Ok(paths) => paths,
            Err(_) if matches!(access, Access::Mention | Access::Touch) => return,
            Err(error) => {
                let outcome = if error == PathError::UnknownHome {
                    Outcome::Ask
                } else {
                    Outcome::Deny
                };
                self.refuse(Step::Path, outcome, text, error.to_string());
                return;
            }
        };
        for path in paths {
            self.canonical(path, access, program, is_pattern);
        }
    }

    fn canonical(&mut self, path: CanonicalPath, access: Access, program: &str, is_pattern: bool) {
        let set = self.set;
        let ignores_case = self.request.place.ignores_case;
        let secret = set.is_secret(&path);
        let maybe_secret = is_pattern
            && set
                .tables
                .secret_files
                .iter()
                .any(|scope| may_match(path.as_str(), scope));
        for rule in &set.operations {
            if !rule.reads.matching(&path, true).is_empty() {
                self.operation(&rule.name);
            }
        }
        let operation = self.is_operation(&path);
        let access = match access {
            Access::Touch if operation => Access::Write,
            Access::Tree if operation || path.relative().is_none() => Access::Write,
            Access::Tree => return,
            Access::Mount if path.relative().is_none() => Access::Read,
            Access::Touch | Access::Mount => Access::Mention,
            access => access,
        };
        if access == Access::Mention && !secret && !maybe_secret {
            return;
        }
        let mut scopes: Vec<String> = set
            .scopes
            .matching(&path, ignores_case)
            .into_iter()
            .map(str::to_owned)
            .collect();
        if let Some(own) = &self.own_scopes {
            scopes.extend(
                own.matching(&path, ignores_case)
                    .into_iter()
                    .map(str::to_owned),
            );
        }
        self.learned(&path, access, secret, maybe_secret);
        let maybe = is_pattern.then(|| self.possible(&path, &scopes, secret || maybe_secret));
        let action = match access {
            Access::Read | Access::Mention | Access::Mount => Action::ReadPath,
            Access::Write | Access::Touch | Access::Tree => Action::WritePath,
            Access::Search => Action::SearchPath,
        };
        let resource = Resource::Path {
            path,
            scopes,
            secret,
        };
        self.ask(Step::Path, action, resource, maybe, program);
    }

    /// A search that is limited to names of which one is a secret's looks for it. An ending alone (`*.json`) does not.
    pub fn limits(&mut self, folder: &str, patterns: &[String]) {
        let set = self.set;
        for pattern in patterns.iter().take(PATTERNS_MAX) {
            if !pattern.contains(['*', '?', '[', '{']) {
                self.path(&format!("{folder}/{pattern}"), Access::Search, "", false);
            }
            let built = GlobBuilder::new(pattern)
                .case_insensitive(true)
                .literal_separator(true)
                .build();
            let Ok(glob) = built else {
                continue;
            };
            let (glob, named) = (
                glob.compile_matcher(),
                pattern.rsplit('/').next().unwrap_or_default(),
            );
            for secret in set
                .tables
                .secret_files
                .iter()
                .filter_map(|scope| example(scope))
            {
                let name = secret.rsplit('/').next().unwrap_or_default();
                let hidden = secret
                    .split_once('/')
                    .is_some_and(|(folder, _)| folder.starts_with('.') && pattern.contains(folder));
                let only_ends = matches!(named, "*" | "**") && !hidden
                    || named.starts_with("*.") && !name.starts_with('.');
                let parts = secret.match_indices('/').map(|(at, _)| &secret[at + 1..]);
                let mut tails = std::iter::once(secret.as_str()).chain(parts);
                // A pattern with folders is seen from the folder that is searched, or from any.
                let below = pattern
                    .rsplit_once('/')
                    .map(|(folder, _)| format!("{folder}/{name}"));
                let is_it = tails.any(|tail| glob.is_match(tail))
                    || below.is_some_and(|path| glob.is_match(path));
                if is_it && !only_ends {
                    self.path(&format!("{folder}/{secret}"), Access::Search, "", false);
                }
            }
        }
    }

    /// Whether a folder that is copied or moved as a whole may hold a secret by its name, as `config` does when `config/secrets/**` is
    /// one, and the agent may not use secrets.
    pub fn may_hold_secret(&self, folder: &str) -> bool {
        let tables = &self.set.tables;
        let agent = self.request.agent.as_ref();
        let role = agent.and_then(|agent| tables.roles.get(&agent.role));
        let name = folder
            .trim_end_matches(['/', '.'])
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let holds = |scope: &String| {
            let tail = scope.strip_prefix("/**/").unwrap_or(scope);
            tail.split_once('/')
                .is_some_and(|(first, _)| first.eq_ignore_ascii_case(name))
        };
        !role.is_some_and(|role| role.secrets) && tables.secret_files.iter().any(holds)
    }

    /// Whether writing a file is an operation.
    fn is_operation(&self, path: &CanonicalPath) -> bool {
        let matches = |rule: &Operation| rule.has_files && rule.is_written(path);
        self.set.operations.iter().any(matches)
    }

    /// Facts and operations of a file that is used.
    fn learned(&mut self, path: &CanonicalPath, access: Access, secret: bool, maybe_secret: bool) {
        if secret {
            self.operation(SECRET_ACCESS);
        }
        if secret || maybe_secret {
            self.audit = true;
            if access != Access::Write {
                self.gained.learn("read_secret");
            }
        }
        if access != Access::Write {
            return;
        }
        if path.relative().is_none() {
            self.gained.learn("wrote_outside_project");
        }
        let set = self.set;
        for rule in set.operations.iter().filter(|rule| rule.has_files) {
            if rule.is_written(path) {
                self.operation(&rule.name);
            }
        }
    }

    /// What a pattern of the shell may name, with every scope that it may reach.
    fn possible(&self, path: &CanonicalPath, scopes: &[String], secret: bool) -> Resource {
        let mut possible = scopes.to_vec();
        for scope in self.set.scopes.texts() {
            let reaches = || {
                absolute_scope(scope, path)
                    .is_some_and(|absolute| may_match(path.as_str(), &absolute))
            };
            if !scopes.contains(scope) && reaches() {
                possible.push(scope.clone());
            }
        }
        Resource::Path {
            path: path.clone(),
            scopes: possible,
            secret,
        }
    }
}

/// How many patterns of one search are looked at.
const PATTERNS_MAX: usize = 32;

/// What stands for any name in an example: no name that somebody searches for.
const ANY: &str = "any-other-name";

/// A file of a scope for any place, for instance `.ssh/any-other-name` of `/**/.ssh/**`.
fn example(scope: &str) -> Option<String> {
    let tail = scope
        .strip_prefix("/**/")
        .or_else(|| scope.strip_prefix("**/"))?;
    Some(tail.replace("**", ANY).replace('*', ANY))
}

/// A relative scope as an absolute pattern; nothing for a path outside the root, which it cannot reach.
fn absolute_scope(scope: &str, path: &CanonicalPath) -> Option<String> {
    if scope.starts_with('/') {
        return Some(scope.to_owned());
    }
    let root = path.as_str().strip_suffix(path.relative()?)?;
    Some(format!(
        "{root}/{}",
        scope.strip_prefix("./").unwrap_or(scope)
    ))
}
