//! A `mod.rs` is a table of contents: modules, uses and visible lists, no logic.

use super::{Finding, Tree, rust};

/// Keywords that mean something is decided or implemented.
const LOGIC: &[&str] = &["if", "match", "while", "loop", "impl"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .rust()
        .filter(|file| file.name() == "mod.rs" && !file.is_test())
    {
        rust::walk(rust::tokens(&file.text), false, &mut |token, rest| {
            // `-> impl Trait` and `x: impl Trait` are types, not implementations: only one at the start of a line counts.
            let starts_line = file
                .text
                .lines()
                .nth(token.span().start().line - 1)
                .is_some_and(|line| {
                    line.get(..token.span().start().column)
                        .is_some_and(|before| before.trim().is_empty())
                });
            let implements = rust::is_ident(token, "impl");
            let decides = LOGIC.iter().any(|word| rust::is_ident(token, word));
            // `for<'a>` is a type as well.
            let repeats = rust::is_ident(token, "for")
                && starts_line
                && !rest.first().is_some_and(|next| rust::is_punct(next, '<'));
            if (decides && (!implements || starts_line)) || repeats {
                let message = format!(
                    "`{token}` in a mod.rs: keep modules, uses and lists here and move logic to a named file"
                );
                findings.push(Finding::new(&file.path, token.span().start().line, message));
            }
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_table_of_contents_is_fine() {
        let text = "//! Routes.\nmod a;\npub use a::A;\n\npub fn all() -> impl Iterator<Item = A> {\n    list().route(a::get).route(a::put)\n}\n";
        assert_eq!(count("crates/api/src/routes/mod.rs", text), 0);
    }

    #[test]
    fn decisions_and_implementations_are_found() {
        assert_eq!(count("src/mod.rs", "fn a() {\n    if b() {\n    }\n}\n"), 1);
        assert_eq!(count("src/mod.rs", "impl A {}\n"), 1);
        assert_eq!(
            count("src/mod.rs", "fn a() {\n    for b in c {\n    }\n}\n"),
            1
        );
        assert_eq!(count("src/a.rs", "impl A {}\n"), 0);
    }
}
