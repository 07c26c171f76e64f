//! Which crates keep an outside dependency to themselves, and where one may not come at all.

use super::{Finding, Package, Tree};

/// An outside dependency with the only crates of ours that may use it.
struct Owned {
    dependencies: &'static [&'static str],
    owners: &'static [&'static str],
    /// Whether tests elsewhere may use it all the same.
    in_tests: bool,
}

const OWNED: &[Owned] = &[
    // `api` is the only crate that knows HTTP; a test may serve a stand-in for an outside service.
    Owned {
        dependencies: &["axum", "tower-http", "utoipa-axum"],
        owners: &["api", "testkit"],
        in_tests: true,
    },
    // `sql` is the only crate that knows a driver, tests included.
    Owned {
        dependencies: &["rusqlite", "tokio-postgres", "deadpool-postgres"],
        owners: &["sql"],
        in_tests: false,
    },
    // `providers` is the only one that calls out; the command line and the tests are HTTP clients of our own server.
    Owned {
        dependencies: &["reqwest"],
        owners: &["providers", "civitas", "testkit", "xtask"],
        in_tests: true,
    },
    Owned {
        dependencies: &["object_store"],
        owners: &["providers"],
        in_tests: false,
    },
    Owned {
        dependencies: &["tantivy"],
        owners: &["search"],
        in_tests: false,
    },
    Owned {
        dependencies: &["pdf_oxide"],
        owners: &["documents"],
        in_tests: false,
    },
    // `policy` is the only one that knows the policy engine.
    Owned {
        dependencies: &["cedar-policy", "cedar-policy-core"],
        owners: &["policy"],
        in_tests: false,
    },
    Owned {
        dependencies: &["jsonwebtoken", "argon2"],
        owners: &["auth"],
        in_tests: true,
    },
];

/// Where the asynchronous runtime may not come: a realm's waiting goes through its context, and nouns, decisions and
/// parsers do not wait. Their tests may use it.
const WITHOUT_TOKIO: &[&str] = &[
    "crates/model",
    "crates/policy",
    "crates/documents",
    "realms/",
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        let crate_name = package.folder.rsplit('/').next().unwrap_or_default();
        for owned in OWNED
            .iter()
            .filter(|owned| !owned.owners.contains(&crate_name))
        {
            for dependency in &package.dependencies {
                let excused = dependency.dev && owned.in_tests;
                if owned.dependencies.contains(&dependency.name.as_str()) && !excused {
                    let owners = owned.owners.join(", ");
                    let message = format!(
                        "`{}` belongs to [{owners}]: call their interface instead",
                        dependency.name
                    );
                    findings.push(finding(tree, package, &dependency.name, &message));
                }
            }
        }
        let waits = package
            .dependencies
            .iter()
            .any(|dependency| dependency.name == "tokio" && !dependency.dev);
        if waits
            && WITHOUT_TOKIO
                .iter()
                .any(|prefix| package.folder.starts_with(prefix))
        {
            let message = "no tokio here outside dev-dependencies: go through the context, or stay synchronous";
            findings.push(finding(tree, package, "tokio", message));
        }
    }
    findings
}

fn finding(tree: &Tree, package: &Package, dependency: &str, message: &str) -> Finding {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let line = tree
        .file(&manifest)
        .map_or(1, |file| file.line_of(dependency));
    Finding::new(&manifest, line, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(folder: &str, dependencies: &[&str]) -> usize {
        check(&Tree::of(&[]).with_package("p", folder, dependencies)).len()
    }

    #[test]
    fn owners_and_tests_may_use_what_others_may_not() {
        assert_eq!(count("crates/api", &["axum"]), 0);
        assert_eq!(
            count("crates/providers", &["reqwest", "object_store", "dev:axum"]),
            0
        );
        assert_eq!(count("crates/runtime", &["axum", "reqwest"]), 2);
    }

    #[test]
    fn a_driver_is_not_for_tests_elsewhere() {
        assert_eq!(count("crates/sql", &["rusqlite"]), 0);
        assert_eq!(count("crates/storage", &["dev:rusqlite"]), 1);
    }

    #[test]
    fn realms_wait_through_their_context() {
        assert_eq!(count("realms/content", &["dev:tokio"]), 0);
        assert_eq!(count("realms/content", &["tokio"]), 1);
    }

    #[test]
    fn the_finding_points_at_the_line_of_the_manifest() {
        let tree = Tree::of(&[(
            "crates/auth/Cargo.toml",
            "[dependencies]\nserde = \"1\"\naxum = \"1\"\n",
        )])
        .with_package("civitas-auth", "crates/auth", &["axum"]);
        assert_eq!(check(&tree)[0].line, 3);
    }
}
