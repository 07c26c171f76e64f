//! A file is short enough to be read in one go.

use super::{File, Finding, Tree, rust};

/// Lines of code in one file, without tests, comments and empty lines. Aim at a third of it.
const LINES_MAX: usize = 500;

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust().filter(|file| !file.is_test()) {
        let lines = code_lines(file);
        if lines > LINES_MAX {
            let message = format!(
                "{lines} lines of code, at most {LINES_MAX}: divide it by what its parts are about"
            );
            findings.push(Finding::new(&file.path, 1, message));
        }
    }
    findings
}

fn code_lines(file: &File) -> usize {
    let tests = rust::test_modules(&file.text);
    file.lines()
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
        .filter(|(number, _)| !tests.iter().any(|range| range.contains(number)))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, lines: usize, end: &str) -> usize {
        let text = format!("//! A.\n\n{}{end}", "fn a() {}\n".repeat(lines));
        check(&Tree::of(&[(path, &text)])).len()
    }

    #[test]
    fn comments_empty_lines_and_tests_do_not_count() {
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "fn b() {}\n".repeat(400)
        );
        assert_eq!(count("a.rs", LINES_MAX, &tests), 0);
        assert_eq!(count("a/tests.rs", LINES_MAX + 1, ""), 0);
        assert_eq!(count("tests/a.rs", LINES_MAX + 1, ""), 0);
    }

    #[test]
    fn one_line_too_many_is_found() {
        assert_eq!(count("a.rs", LINES_MAX + 1, ""), 1);
    }
}
