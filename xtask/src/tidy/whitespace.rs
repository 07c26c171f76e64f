//! No line ends in white space, and the last one ends.

use super::{Finding, Tree};

const EXTENSIONS: &[&str] = &[
    "css", "html", "js", "md", "rs", "sh", "sql", "toml", "ts", "tsx", "yaml", "yml",
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| file.has_extension(EXTENSIONS) && !file.is_data())
    {
        for (number, line) in file.lines().filter(|(_, line)| line.trim_end() != *line) {
            let message = format!(
                "{} characters of trailing white space: remove them",
                line.len() - line.trim_end().len()
            );
            findings.push(Finding::new(&file.path, number, message));
        }
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            findings.push(Finding::new(
                &file.path,
                file.lines().count(),
                "end the last line with a line break",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_space_and_a_missing_end_are_found() {
        assert_eq!(
            check(&Tree::of(&[
                ("a.md", "# A \n\nb\t\n"),
                ("b.sql", "SELECT 1")
            ]))
            .len(),
            3
        );
    }

    #[test]
    fn clean_text_and_data_are_left_alone() {
        assert!(
            check(&Tree::of(&[
                ("a.md", "# A\n\n  b\n"),
                ("tests/fixtures/a.md", "a \n")
            ]))
            .is_empty()
        );
    }
}
