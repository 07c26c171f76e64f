//! Path scopes: the patterns that say which files a rule is about.
//!
//! - `src/**` is everything below `src` in the project, `src/*` only what is directly in it; `*` and `?` never match a
//!   `/`, `**` stands for any number of folders and must be a whole part. `[a-z]` and `{a,b}` work as in a shell.
//! - A scope is relative to the project's root and reaches nothing outside it. One that begins with `/` is absolute:
//!   `/tmp/**`, or `/**/.env` for files of that name anywhere.
//! - `**` alone is everything, outside the project too.
//! - `src/**` includes the folder `src` itself, because creating or listing it is about what is in it.

use crate::path::CanonicalPath;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use std::sync::OnceLock;

/// The longest scope, in bytes.
pub const SCOPE_LENGTH_MAX: usize = 256;
/// How many scopes a policy set may use.
pub const SCOPES_MAX: usize = 1024;
/// How many `*`, `{` and `[` one scope may have.
const WILDCARDS_MAX: usize = 24;

/// Compiled scopes, asked all at once.
#[derive(Debug)]
pub(crate) struct Scopes {
    texts: Vec<String>,
    exact: Matcher,
    /// Built when a place that ignores case is first seen.
    folded: OnceLock<Matcher>,
}

#[derive(Debug, Default)]
struct Matcher {
    set: GlobSet,
    /// For each pattern of the set, the scope's place.
    places: Vec<usize>,
}

/// What is wrong with a scope, as a lowercase fragment.
///
/// # Errors
///
/// It can match nothing, or is too long.
pub fn check(scope: &str) -> Result<(), String> {
    if scope.is_empty() {
        return Err("a scope is empty: write `**` for everything".to_owned());
    }
    if scope.len() > SCOPE_LENGTH_MAX {
        return Err(format!(
            "a scope has {} bytes, and {SCOPE_LENGTH_MAX} are allowed",
            scope.len()
        ));
    }
    if scope
        .chars()
        .any(|letter| letter.is_control() || letter == '"' || letter == '\\')
    {
        return Err(
            "a scope holds a control character, a quote or a back-slash: write `/` between folders"
                .to_owned(),
        );
    }
    if scope.split('/').any(|part| part == "..") {
        return Err("a scope holds `..`: paths are compared after it was resolved, so it would match nothing".to_owned());
    }
    if scope
        .split('/')
        .any(|part| part.contains("**") && part != "**")
    {
        return Err("`**` must be a whole part between slashes: write `src/**/*.rs`".to_owned());
    }
    let wildcards = scope.bytes().filter(|byte| b"*{[?".contains(byte)).count();
    if wildcards > WILDCARDS_MAX || scope.bytes().filter(|byte| *byte == b'{').count() > 2 {
        return Err(format!(
            "a scope has more than {WILDCARDS_MAX} wildcards or more than two `{{`: split it"
        ));
    }
    glob(scope, false)
        .map(|_| ())
        .map_err(|error| format!("the pattern is not valid: {}", error.kind()))
}

fn glob(pattern: &str, folded: bool) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(false)
        .case_insensitive(folded)
        .build()
}

/// The patterns to compare with the absolute path (`true`) or the one below the root (`false`).
fn patterns(scope: &str) -> Vec<(bool, String)> {
    if scope == "**" {
        return vec![(true, "/**".to_owned())];
    }
    let absolute = scope.starts_with('/');
    let pattern = scope
        .strip_prefix("./")
        .unwrap_or(scope)
        .trim_end_matches('/');
    let mut patterns = vec![(absolute, pattern.to_owned())];
    if let Some(folder) = pattern
        .strip_suffix("/**")
        .filter(|folder| !folder.is_empty())
    {
        patterns.push((absolute, folder.to_owned()));
    }
    patterns
}

impl Matcher {
    fn new(scopes: &[String], folded: bool) -> Result<Self, String> {
        let mut builder = GlobSetBuilder::new();
        let mut places = Vec::new();
        for (place, scope) in scopes.iter().enumerate() {
            for (absolute, pattern) in patterns(scope) {
                // Relative paths are compared with a `:` in front, which no absolute one begins with: one automaton.
                let pattern = if absolute {
                    pattern
                } else {
                    format!(":/{pattern}")
                };
                builder.add(glob(&pattern, folded).map_err(|error| error.to_string())?);
                places.push(place);
            }
        }
        let set = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { set, places })
    }

    fn find(&self, path: &CanonicalPath, found: &mut Vec<usize>) {
        let mut add =
            |text: &str| found.extend(self.set.matches(text).into_iter().map(|at| self.places[at]));
        add(path.as_str());
        if let Some(relative) = path.relative() {
            add(&format!(":/{relative}"));
        }
        found.sort_unstable();
        found.dedup();
    }
}

impl Scopes {
    /// Compiles scopes that [`check`] accepted.
    pub fn new(mut texts: Vec<String>) -> Result<Self, String> {
        texts.sort();
        texts.dedup();
        if texts.len() > SCOPES_MAX {
            return Err(format!(
                "{} different scopes are used, and {SCOPES_MAX} are allowed",
                texts.len()
            ));
        }
        let exact = Matcher::new(&texts, false)?;
        Ok(Self {
            texts,
            exact,
            folded: OnceLock::new(),
        })
    }

    /// Whether this very scope was compiled.
    pub fn knows(&self, scope: &str) -> bool {
        self.texts
            .binary_search_by(|text| text.as_str().cmp(scope))
            .is_ok()
    }

    /// Every scope, sorted.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The scopes that a path is in.
    pub fn matching(&self, path: &CanonicalPath, ignores_case: bool) -> Vec<&str> {
        let matcher = if ignores_case {
            self.folded
                .get_or_init(|| Matcher::new(&self.texts, true).unwrap_or_default())
        } else {
            &self.exact
        };
        let mut found = Vec::new();
        matcher.find(path, &mut found);
        found
            .into_iter()
            .map(|at| self.texts[at].as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{NoLinks, Place, canonical_paths};
    use proptest::prelude::*;

    fn matches(scope: &str, path: &str) -> bool {
        let path = &canonical_paths(path, &Place::at("/work/app"), &NoLinks).unwrap()[0];
        !Scopes::new(vec![scope.to_owned()])
            .unwrap()
            .matching(path, false)
            .is_empty()
    }

    #[test]
    fn scopes_mean_what_they_say() {
        for (scope, path, expected) in [
            ("src/**", "src/a/b/c.rs", true),
            ("src/**", "src", true),
            ("src/**", "srcs/a", false),
            ("src/**", "src/../config/a", false),
            ("src/*", "src/a", true),
            ("src/*", "src/a/b", false),
            ("**/*.test.*", "a/b/x.test.ts", true),
            ("**/*.test.*", "x.test.ts", true),
            ("**/*.test.*", "/etc/x.test.ts", false),
            ("src/api/**", "src/apix/a", false),
            ("**", "/etc/passwd", true),
            ("**", "src/a", true),
            ("/**/.env", "/etc/.env", true),
            ("/**/.env", "sub/.env", true),
            ("/tmp/**", "/tmp/a/b", true),
            ("/tmp/**", "tmp/a", false),
            ("src/{a,b}/*", "src/b/x", true),
            ("a?c", "a/c", false),
        ] {
            assert_eq!(matches(scope, path), expected, "{scope} on {path}");
        }
    }

    #[test]
    fn case_counts_unless_the_place_ignores_it() {
        let place = Place {
            ignores_case: true,
            ..Place::at("/work")
        };
        let path = &canonical_paths("SRC/A", &place, &NoLinks).unwrap()[0];
        let scopes = Scopes::new(vec!["Src/**".to_owned()]).unwrap();
        assert_eq!(scopes.matching(path, true), ["Src/**"]);
        assert!(scopes.matching(path, false).is_empty());
    }

    #[test]
    fn hostile_scopes_are_refused_with_what_to_do() {
        for (scope, part) in [
            ("", "write `**`"),
            ("a/../b", "`..`"),
            ("src**", "whole part"),
            ("a\\b", "back-slash"),
            ("[", "not valid"),
            ("{{{a}}}", "split it"),
        ] {
            assert!(check(scope).unwrap_err().contains(part), "{scope}");
        }
        assert!(check(&"*a".repeat(40)).is_err());
        assert!(check(&"a".repeat(300)).is_err());
    }

    proptest! {
        #[test]
        fn a_scope_that_is_accepted_compiles(scope in "[a-c*?/.{},\\[\\]!-]{1,24}") {
            if check(&scope).is_ok() {
                prop_assert!(Scopes::new(vec![scope]).is_ok());
            }
        }
    }
}
