//! A statement that differs for one database stands beside the common one and says why.

use super::{Finding, Tree};

const QUERIES: &str = "crates/storage/src/queries/";

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .files
        .iter()
        .filter(|file| file.path.starts_with(QUERIES))
    {
        let Some(stem) = file.path.strip_suffix(".postgres.sql") else {
            continue;
        };
        if tree.file(&format!("{stem}.sql")).is_none() {
            let message = format!(
                "there is no {stem}.sql beside it: a variant needs the statement it varies"
            );
            findings.push(Finding::new(&file.path, 1, message));
        }
        if !file.text.starts_with("--") {
            findings.push(Finding::new(
                &file.path,
                1,
                "start it with a `--` comment that says why PostgreSQL needs its own",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: &str = "crates/storage/src/queries/execution/claim.sql";
    const POSTGRES: &str = "crates/storage/src/queries/execution/claim.postgres.sql";

    #[test]
    fn a_pair_with_a_reason_is_fine() {
        assert!(
            check(&Tree::of(&[
                (CLAIM, "SELECT 1"),
                (POSTGRES, "-- Rows are locked.\nSELECT 1")
            ]))
            .is_empty()
        );
    }

    #[test]
    fn a_lone_variant_and_a_missing_reason_are_found() {
        assert_eq!(
            check(&Tree::of(&[(POSTGRES, "-- Why.\nSELECT 1")])).len(),
            1
        );
        assert_eq!(
            check(&Tree::of(&[(CLAIM, "SELECT 1"), (POSTGRES, "SELECT 1")])).len(),
            1
        );
    }
}
