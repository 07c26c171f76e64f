//! SQL lives in `storage` and `sql` only.

use proc_macro2::TokenTree;

use super::{Finding, Tree, rust};

/// Where SQL may be, and this rule itself.
const ALLOWED: &[&str] = &[
    "crates/storage/",
    "crates/sql/",
    "xtask/src/tidy/sql_strings.rs",
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Tests may hold SQL as hostile input.
    for file in tree.rust().filter(|file| !file.is_test()) {
        if ALLOWED.iter().any(|prefix| file.path.starts_with(prefix)) {
            continue;
        }
        rust::walk(rust::tokens(&file.text), false, &mut |token, _| {
            let TokenTree::Literal(literal) = token else {
                return;
            };
            let text = literal.to_string();
            if text.contains('"') && is_sql(&text) {
                let line = token.span().start().line;
                let message = "SQL outside storage: add a query file to crates/storage/src/queries and a reading or a change";
                findings.push(Finding::new(&file.path, line, message));
            }
        });
    }
    findings
}

/// Whether a literal holds a statement. SQL keywords are upper case in this house, so prose is not mistaken for it.
fn is_sql(literal: &str) -> bool {
    let text = literal.replace("\\n", " ");
    let words: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let follows = |first: &str, second: &str| words.windows(2).any(|pair| pair == [first, second]);
    let update = words
        .iter()
        .position(|word| *word == "UPDATE")
        .is_some_and(|at| words.iter().skip(at + 1).any(|word| *word == "SET"));
    words.contains(&"SELECT") || update || follows("INSERT", "INTO") || follows("DELETE", "FROM")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn statements_in_strings_are_found() {
        for sql in [
            "SELECT 1",
            "INSERT INTO t VALUES (1)",
            "UPDATE t AS u SET a = 1",
            "DELETE FROM t",
        ] {
            assert_eq!(
                count("crates/api/src/a.rs", &format!("fn a() {{ b(\"{sql}\") }}")),
                1,
                "{sql}"
            );
            assert_eq!(
                count(
                    "crates/api/src/a.rs",
                    &format!("fn a() {{ b(r#\"\n{sql}\"#) }}")
                ),
                1,
                "{sql}"
            );
        }
    }

    #[test]
    fn prose_comments_tests_and_storage_are_left_alone() {
        assert_eq!(
            count(
                "crates/api/src/a.rs",
                "const A: &str = \"select a file, update the set\";"
            ),
            0
        );
        assert_eq!(
            count(
                "crates/api/src/a.rs",
                "/// SELECT 1\nfn a() {} // DELETE FROM t"
            ),
            0
        );
        assert_eq!(
            count(
                "crates/api/src/a.rs",
                "#[cfg(test)]\nmod tests { const A: &str = \"DELETE FROM t\"; }"
            ),
            0
        );
        assert_eq!(
            count("crates/storage/src/a.rs", "const A: &str = \"SELECT 1\";"),
            0
        );
    }
}
