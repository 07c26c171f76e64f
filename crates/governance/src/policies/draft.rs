//! Policies as somebody wrote them: compiled and tested, with the place of everything that is wrong.

use std::collections::BTreeSet;

use civitas_policy::{DEFAULTS, PolicySet, Tables, read_tests, run_tests};
use civitas_storage::{POLICY_BYTES_MAX, PolicyText};

use super::compile;
use super::locate::Located;
use crate::error::Finding;

/// The file of the tables.
pub const TABLES_FILE: &str = "tables.toml";
/// Files of tests, at most.
pub const TEST_FILES_MAX: usize = 64;
/// Tests of all files together, at most.
pub const TESTS_MAX: usize = 5_000;

/// Policies as somebody wrote them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// The tables (TOML); those that every tenant starts with when absent.
    pub tables: Option<String>,
    /// Files of policies (Cedar), whose names end in `.cedar`.
    pub sources: Vec<PolicyText>,
    /// Files of tests (TOML), whose names end in `test.toml`.
    pub tests: Vec<PolicyText>,
}

/// A draft that compiles, and whose tests pass.
#[derive(Debug)]
pub struct Compiled {
    /// What it is from now on.
    pub set: PolicySet,
    /// How many tests passed.
    pub tests: usize,
}

impl Draft {
    /// The text of the tables.
    pub fn tables(&self) -> &str {
        self.tables.as_deref().unwrap_or(DEFAULTS)
    }

    /// Compiles and tests it. Takes a while: not for an async thread.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, with file, line and column where there are any.
    pub fn compile(&self) -> Result<Compiled, Vec<Finding>> {
        let findings = self.names();
        if !findings.is_empty() {
            return Err(findings);
        }
        let tables = Located::new(TABLES_FILE, self.tables());
        Tables::from_toml(self.tables()).map_err(|error| tables.findings(&error))?;
        let set = compile(self.tables(), self.sources.clone())
            .map_err(|error| error.problems.iter().map(of_source).collect::<Vec<_>>())?;
        let tests = self.test(&set)?;
        Ok(Compiled { set, tests })
    }

    fn names(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut add = |file: &str, message: String| {
            findings.push(Finding {
                file: file.chars().take(200).collect(),
                line: None,
                column: None,
                message,
            });
        };
        let mut taken = BTreeSet::new();
        for (texts, ending) in [(&self.sources, ".cedar"), (&self.tests, "test.toml")] {
            for PolicyText { name, .. } in texts {
                let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
                let parts = || name.split('/');
                if name.is_empty()
                    || name.len() > 128
                    || !name.bytes().all(valid)
                    || parts().any(|part| part.is_empty() || part.starts_with('.'))
                {
                    add(
                        name,
                        "a file's name has 1 to 128 of the letters a-z, A-Z, 0-9 and . _ - with / between folders, and no part begins with a dot".to_owned(),
                    );
                } else if !name.ends_with(ending) {
                    add(
                        name,
                        format!("the name of this file must end in `{ending}`"),
                    );
                } else if !taken.insert(name.as_str()) {
                    add(name, "two files have this name".to_owned());
                }
            }
        }
        let texts = self.sources.iter().chain(&self.tests);
        let bytes = self.tables().len()
            + texts
                .map(|text| text.name.len() + text.text.len())
                .sum::<usize>();
        if bytes > POLICY_BYTES_MAX {
            let message = format!(
                "all files together have {bytes} bytes, and {POLICY_BYTES_MAX} are allowed"
            );
            add(TABLES_FILE, message);
        }
        if self.tests.len() > TEST_FILES_MAX {
            let count = self.tests.len();
            let message =
                format!("there are {count} files of tests, and {TEST_FILES_MAX} are allowed");
            add(&self.tests[0].name, message);
        }
        findings
    }

    fn test(&self, set: &PolicySet) -> Result<usize, Vec<Finding>> {
        let (mut findings, mut count) = (Vec::new(), 0);
        for PolicyText { name, text } in &self.tests {
            let tests = match read_tests(name, text) {
                Ok(tests) => tests,
                Err(error) => {
                    findings.extend(error.problems.iter().map(of_source));
                    continue;
                }
            };
            count += tests.len();
            if count > TESTS_MAX {
                let message = format!("there are more than {TESTS_MAX} tests in all files");
                findings.push(Finding {
                    file: name.clone(),
                    line: None,
                    column: None,
                    message,
                });
                break;
            }
            let place = Located::new(name, text);
            for (at, test) in tests.iter().enumerate() {
                for failure in run_tests(set, std::slice::from_ref(test)) {
                    let message = format!("the test `{}` fails: {}", failure.name, failure.message);
                    findings.push(place.finding(&format!("test[{at}]"), message));
                }
            }
        }
        if findings.is_empty() {
            Ok(count)
        } else {
            Err(findings)
        }
    }
}

/// A problem whose place is `file:line:column`, or a file.
fn of_source(problem: &civitas_policy::Problem) -> Finding {
    let mut parts = problem.place.rsplitn(3, ':');
    let column = parts.next().and_then(|part| part.parse().ok());
    let line = parts.next().and_then(|part| part.parse().ok());
    let (file, line, column) = match (parts.next(), line, column) {
        (Some(file), Some(line), Some(column)) => (file, Some(line), Some(column)),
        _ => (problem.place.as_str(), None, None),
    };
    Finding {
        file: file.to_owned(),
        line,
        column,
        message: problem.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, text: &str) -> PolicyText {
        PolicyText {
            name: name.into(),
            text: text.into(),
        }
    }

    fn said(draft: &Draft) -> Vec<String> {
        let findings = draft.compile().map(|compiled| compiled.tests).unwrap_err();
        findings.iter().map(Finding::to_string).collect()
    }

    const LEDGER: &str = "@id(\"ledger\") @reason(\"r\")\nforbid (principal, action == Action::\"write_path\", resource in Scope::\"src/ledger/**\");\n";
    const TEST: &str = "[[test]]\nname = \"the ledger\"\nrole = \"developer\"\ntool = \"Write\"\npath = \"src/ledger/a\"\nexpect = \"deny\"\n";

    #[test]
    fn what_every_tenant_starts_with_compiles() {
        let compiled = Draft::default().compile().unwrap();
        assert_eq!(compiled.tests, 0);
        let draft = Draft {
            sources: vec![text("ledger.cedar", LEDGER)],
            tests: vec![text("ledger.test.toml", TEST)],
            ..Draft::default()
        };
        assert_eq!(draft.compile().unwrap().tests, 1);
    }

    #[test]
    fn the_mark_that_some_editors_write_first_is_no_error() {
        let marked = |text: &str| format!("\u{feff}{text}");
        let draft = Draft {
            tables: Some(marked(DEFAULTS)),
            sources: vec![text("ledger.cedar", &marked(LEDGER))],
            tests: vec![text("ledger.test.toml", &marked(TEST))],
        };
        assert_eq!(draft.compile().map(|compiled| compiled.tests), Ok(1));
    }

    #[test]
    fn everything_that_is_wrong_is_named_with_its_place() {
        let tables = civitas_policy::DEFAULTS.replace(
            "level = 8\ntools = [\"Read\", \"Write\"",
            "level = 99\ntools = [\"R ead\", \"Write\"",
        );
        let line = tables[..tables.find("level = 99").unwrap()].lines().count() + 1;
        let draft = Draft {
            tables: Some(tables),
            ..Draft::default()
        };
        assert_eq!(
            said(&draft),
            [
                format!("tables.toml:{line}:9: 99 is above 10"),
                format!(
                    "tables.toml:{}:10: a name has 1 to 128 of the letters a-z, A-Z, 0-9 and _ - . / : @",
                    line + 1
                ),
            ]
        );
        let draft = Draft {
            tables: Some("no_agent = maybe\n".to_owned()),
            ..Draft::default()
        };
        assert!(
            said(&draft)[0].starts_with("tables.toml:1:12: "),
            "{:?}",
            said(&draft)
        );
        let draft = Draft {
            sources: vec![
                text("a.cedar", "\nforbid (principal, action, resource);"),
                text(
                    "b.cedar",
                    "@id(\"b\") @reason(\"r\") permit (principal, action, rsource);",
                ),
            ],
            ..Draft::default()
        };
        let found = said(&draft);
        assert!(
            found[0].starts_with("a.cedar:2:1: a policy has no `@id"),
            "{found:?}"
        );
        assert!(found[1].starts_with("b.cedar:1:"), "{found:?}");
    }

    #[test]
    fn a_test_that_fails_is_named_with_its_line() {
        let passes = TEST.replace("deny", "allow");
        let fails = format!(
            "# a comment\n{passes}\n{}",
            TEST.replace("the ledger", "again")
        );
        let draft = Draft {
            tests: vec![text("ledger.test.toml", &fails), text("b.test.toml", "x")],
            ..Draft::default()
        };
        let found = said(&draft);
        assert_eq!(
            found[0],
            "ledger.test.toml:9:1: the test `again` fails: expected deny, got allow: Allowed: everything that Write was judged for is permitted."
        );
        assert!(found[1].starts_with("b.test.toml:1:"), "{found:?}");
    }

    #[test]
    fn names_that_are_no_files_are_refused() {
        for (name, says) in [
            ("../a.cedar", "no part begins with a dot"),
            ("a//b.cedar", "no part begins with a dot"),
            ("a b.cedar", "has 1 to 128"),
            ("", "has 1 to 128"),
            ("a.txt", "must end in `.cedar`"),
        ] {
            let draft = Draft {
                sources: vec![text(name, LEDGER)],
                ..Draft::default()
            };
            let found = said(&draft);
            assert!(found[0].contains(says), "{found:?}");
        }
        let twice = Draft {
            sources: vec![text("a.cedar", LEDGER), text("a.cedar", LEDGER)],
            ..Draft::default()
        };
        assert_eq!(said(&twice), ["a.cedar: two files have this name"]);
        let large = Draft {
            sources: vec![text("a.cedar", &" ".repeat(POLICY_BYTES_MAX))],
            ..Draft::default()
        };
        assert!(
            said(&large)[0].contains("all files together"),
            "{:?}",
            said(&large)
        );
    }
}
