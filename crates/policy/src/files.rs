//! The questions that a file raises, in every form that it may have.

use crate::analysis::Analysis;
use crate::decision::{Action, Outcome, Step};
use crate::effects::Access;
use crate::generate::SECRET_ACCESS;
use crate::intersect::may_match;
use crate::path::{CanonicalPath, PathError, canonical_paths};
use crate::resource::Resource;

impl Analysis<'_> {
    /// A file, in every form that it may have.
    pub fn path(&mut self, text: &str, access: Access, program: &str, is_pattern: bool) {
        let paths = match canonical_paths(text, &self.request.place, self.resolver) {
            Ok(paths) => paths,
            Err(_) if access == Access::Mention => return,
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
        // A secret is one in any spelling.
        let secret = !set.secrets.matching(&path, true).is_empty();
        let maybe_secret = is_pattern
            && set
                .tables
                .secret_files
                .iter()
                .any(|scope| may_match(path.as_str(), scope));
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
            Access::Read | Access::Mention => Action::ReadPath,
            Access::Write => Action::WritePath,
            Access::Search => Action::SearchPath,
        };
        let resource = Resource::Path {
            path,
            scopes,
            secret,
        };
        self.ask(Step::Path, action, resource, maybe, program);
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
            if !rule.files.matching(path, true).is_empty() {
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
