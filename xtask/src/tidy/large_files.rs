//! The repository stays small: what is big is generated, fetched, or listed here with its reason.

use super::{Finding, Tree};

const BYTES_MAX: u64 = 512 * 1024;

/// Files that are worth their size, each with the reason in a comment.
const ALLOWED: &[&str] = &[
    // The API's description, a line per member, so that changes of it are read in a review.
    "docs/openapi.json",
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let large = tree
        .files
        .iter()
        .filter(|file| file.size > BYTES_MAX && !ALLOWED.contains(&file.path.as_str()));
    large
        .map(|file| {
            let message = format!(
                "{} KiB, at most {}: generate it, make it smaller, or list it in xtask/src/tidy/large_files.rs with the reason",
                file.size.div_ceil(1024),
                BYTES_MAX / 1024,
            );
            Finding::new(&file.path, 1, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_counted_in_bytes_up_to_the_limit() {
        let mut tree = Tree::of(&[("a.pdf", "")]);
        tree.files[0].size = BYTES_MAX;
        assert!(check(&tree).is_empty());
        tree.files[0].size = BYTES_MAX + 1;
        assert_eq!(check(&tree).len(), 1);
    }
}
