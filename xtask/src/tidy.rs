//! The house rules that a program can check.
//!
//! One rule is one file under `tidy/` and one line in [`RULES`]. A rule looks at the [`Tree`] and reports what it
//! finds; it changes nothing.

use std::fmt;
use std::path::Path;

use anyhow::bail;

use crate::say;

mod banned_words;
mod bans;
mod dependency_owners;
mod dependency_table;
mod file_length;
mod large_files;
mod licenses;
mod manifests;
mod markdown_titles;
mod mod_files;
mod module_docs;
mod query_pairs;
mod rust;
mod schema_names;
mod sql_strings;
mod stale_files;
mod tree;
mod unfinished;
mod whitespace;

pub use tree::{File, Package, Tree};

/// One house rule.
struct Rule {
    /// Its name in messages: the name of its file.
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

/// Every rule.
const RULES: &[Rule] = &[
    Rule {
        name: "banned_words",
        check: banned_words::check,
    },
    Rule {
        name: "bans",
        check: bans::check,
    },
    Rule {
        name: "dependency_owners",
        check: dependency_owners::check,
    },
    Rule {
        name: "dependency_table",
        check: dependency_table::check,
    },
    Rule {
        name: "file_length",
        check: file_length::check,
    },
    Rule {
        name: "large_files",
        check: large_files::check,
    },
    Rule {
        name: "licenses",
        check: licenses::check,
    },
    Rule {
        name: "manifests",
        check: manifests::check,
    },
    Rule {
        name: "markdown_titles",
        check: markdown_titles::check,
    },
    Rule {
        name: "mod_files",
        check: mod_files::check,
    },
    Rule {
        name: "module_docs",
        check: module_docs::check,
    },
    Rule {
        name: "query_pairs",
        check: query_pairs::check,
    },
    Rule {
        name: "schema_names",
        check: schema_names::check,
    },
    Rule {
        name: "sql_strings",
        check: sql_strings::check,
    },
    Rule {
        name: "stale_files",
        check: stale_files::check,
    },
    Rule {
        name: "unfinished",
        check: unfinished::check,
    },
    Rule {
        name: "whitespace",
        check: whitespace::check,
    },
];

/// A breach of a rule: where it is and what to do about it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    /// A breach in the line with this number, counted from 1.
    fn new(path: &str, line: usize, message: impl fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.to_string(),
        }
    }
}

/// Checks every rule on the workspace at `root`, prints the findings and fails if there is one.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let lines = findings(&Tree::read(root)?);
    for line in &lines {
        say::result(line);
    }
    if lines.is_empty() {
        say::note(&format!("{} rules hold", RULES.len()));
        return Ok(());
    }
    bail!("{} breaches of the house rules, listed above", lines.len());
}

/// The findings of every rule, as lines.
fn findings(tree: &Tree) -> Vec<String> {
    let mut lines = Vec::new();
    for rule in RULES {
        let mut found = (rule.check)(tree);
        found.sort();
        for Finding {
            path,
            line,
            message,
        } in found
        {
            lines.push(format!("{path}:{line}: {}: {message}", rule.name));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_rules() {
        let lines = findings(&Tree::read(&crate::root()).unwrap());
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    #[test]
    fn a_message_names_the_place_and_the_rule() {
        let tree = Tree::of(&[("crates/model/src/a.rs", "fn a() {}\n")]);
        let lines = findings(&tree);
        assert!(lines.contains(&"crates/model/src/a.rs:1: module_docs: start the file with a `//!` line that says what it is for".to_owned()), "{lines:?}");
    }
}
