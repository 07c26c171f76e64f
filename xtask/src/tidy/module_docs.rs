//! Every Rust file says in its first line what it is for.

use super::{Finding, Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| file.name() != "build.rs" && !file.text.starts_with("//!"))
        .map(|file| {
            Finding::new(
                &file.path,
                1,
                "start the file with a `//!` line that says what it is for",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_starts_with_its_purpose() {
        assert!(
            check(&Tree::of(&[
                ("a.rs", "//! A.\n"),
                ("build.rs", "fn main() {}\n"),
                ("a.md", "# A\n")
            ]))
            .is_empty()
        );
        assert_eq!(
            check(&Tree::of(&[
                ("a.rs", "// A.\n"),
                ("tests/b.rs", "\n//! B.\n")
            ]))
            .len(),
            2
        );
    }
}
