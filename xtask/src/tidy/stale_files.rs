//! A generated file is what its generator makes today.

use super::{Finding, Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let stale = tree.stale.iter();
    stale
        .map(|path| {
            Finding::new(
                path,
                1,
                "it is stale: run `cargo xtask gen` and commit the result",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stale_file_is_found() {
        let mut tree = Tree::of(&[]);
        assert!(check(&tree).is_empty());
        tree.stale.push("docs/errors/README.md");
        assert_eq!(check(&tree).len(), 1);
    }
}
