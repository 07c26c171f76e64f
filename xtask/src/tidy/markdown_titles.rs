//! A page has one title.

use super::{File, Finding, Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let pages = tree
        .files
        .iter()
        .filter(|file| file.has_extension(&["md"]) && !file.is_data());
    pages
        .filter_map(|file| {
            let titles = titles(file);
            match titles.as_slice() {
                [_] => None,
                [] => Some(Finding::new(
                    &file.path,
                    1,
                    "give the page a title: one line that starts with `# `",
                )),
                [_, second, ..] => Some(Finding::new(
                    &file.path,
                    *second,
                    "a second title: make it a section with `## `",
                )),
            }
        })
        .collect()
}

/// The lines of first-level headings, outside code blocks.
fn titles(file: &File) -> Vec<usize> {
    let mut inside = false;
    let mut titles = Vec::new();
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside && line.starts_with("# ") {
            titles.push(number);
        }
    }
    titles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_title_is_right_and_comments_in_code_are_none() {
        assert!(check(&Tree::of(&[("a.md", "# A\n\n```sh\n# b\n```\n\n## C\n")])).is_empty());
    }

    #[test]
    fn none_and_two_are_found() {
        let findings = check(&Tree::of(&[("a.md", "A\n"), ("b.md", "# A\n\n# B\n")]));
        assert_eq!(
            findings
                .iter()
                .map(|finding| finding.line)
                .collect::<Vec<_>>(),
            [1, 3]
        );
    }
}
