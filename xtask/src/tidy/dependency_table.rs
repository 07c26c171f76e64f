//! Who may depend on whom: the layers of the house, compared with what Cargo sees.

use super::{Finding, Package, Tree};

/// For each crate folder, the crates of ours it may use. A crate need not exist yet; one that is not here fails.
///
/// Dev-dependencies are free, because tests may look at anything; only `testkit` must be nothing else.
const TABLE: &[(&str, &[&str])] = &[
    // Nouns.
    ("crates/model", &[]),
    // Ports.
    ("crates/intent", &["model"]),
    ("crates/bus", &["model"]),
    ("crates/sql", &["model"]),
    // Linked alone by whoever checks a log.
    ("crates/audit", &["model"]),
    ("crates/storage", &["model", "sql", "audit"]),
    // Pure decisions and readings.
    ("crates/otlp", &[]),
    ("crates/agent-files", &["model"]),
    ("crates/policy", &["model"]),
    ("crates/hooks", &[]),
    // The outside world.
    ("crates/documents", &["model"]),
    ("crates/providers", &["model", "intent", "documents"]),
    // Services.
    ("crates/auth", &["model", "storage", "audit"]),
    ("crates/search", &["model", "storage"]),
    (
        "crates/governance",
        &[
            "model",
            "audit",
            "storage",
            "bus",
            "intent",
            "policy",
            "hooks",
            "otlp",
            "agent-files",
            // Webhooks call out.
            "providers",
        ],
    ),
    (
        "crates/runtime",
        &["model", "storage", "bus", "intent", "providers", "audit"],
    ),
    (
        "crates/assistant",
        &["model", "storage", "bus", "intent", "providers"],
    ),
    // Edges.
    ("crates/api", API),
    ("crates/mcp", SERVICES),
    // The domain.
    ("realms/content", REALM),
    ("realms/fleet", REALM),
    ("realms/insights", REALM),
    ("realms/journey", REALM),
    ("realms/outcomes", REALM),
    ("realms/staff", REALM),
    // The binary, and what tests it.
    ("crates/civitas", EVERYTHING),
    ("crates/testkit", EVERYTHING),
    ("crates/bench", EVERYTHING),
    // Chores: must work when nothing else compiles.
    ("xtask", &[]),
];

/// The API also recognises what is uploaded, checks policies and reads hook events, by the pure functions that do.
const API: &[&str] = &[
    "model",
    "intent",
    "storage",
    "bus",
    "providers",
    "runtime",
    "auth",
    "governance",
    "search",
    "assistant",
    "documents",
    "policy",
    "hooks",
    "audit",
    "otlp",
];

/// What an edge may use: services and ports, no database, no parser.
const SERVICES: &[&str] = &[
    "model",
    "intent",
    "storage",
    "bus",
    "providers",
    "runtime",
    "auth",
    "governance",
    "search",
    "assistant",
];

/// What a realm may use. No storage, no network: those are behind its context.
const REALM: &[&str] = &["intent", "model", "documents", "agent-files"];

/// Everything but `testkit`.
const EVERYTHING: &[&str] = &[
    "model",
    "intent",
    "sql",
    "audit",
    "storage",
    "bus",
    "providers",
    "documents",
    "policy",
    "otlp",
    "hooks",
    "runtime",
    "auth",
    "governance",
    "search",
    "assistant",
    "api",
    "mcp",
    "civitas",
    "agent-files",
    "content",
    "fleet",
    "insights",
    "journey",
    "outcomes",
    "staff",
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let Some((_, allowed)) = TABLE.iter().find(|(folder, _)| *folder == package.folder) else {
            let message = "this crate is not in the dependency table: add it with its reason, or make it a module";
            findings.push(Finding::new(&manifest, 1, message));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| !dependency.dev)
        {
            let Some(target) = tree
                .packages
                .iter()
                .find(|other| other.name == dependency.name)
            else {
                continue;
            };
            let target = short(target);
            if !allowed.contains(&target) {
                let line = tree
                    .file(&manifest)
                    .map_or(1, |file| file.line_of(&dependency.name));
                let message = if target == "testkit" {
                    "`testkit` is for tests: move it to [dev-dependencies]".to_owned()
                } else {
                    format!(
                        "{} may not depend on `{target}`, only on [{}]: pass what it needs in from above, or change the table with a reason",
                        package.folder,
                        allowed.join(", "),
                    )
                };
                findings.push(Finding::new(&manifest, line, message));
            }
        }
    }
    findings
}

/// The crate's folder without its parent.
fn short(package: &Package) -> &str {
    package.folder.rsplit('/').next().unwrap_or(&package.folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::of(&[])
            .with_package("civitas-model", "crates/model", &["serde"])
            .with_package("civitas-storage", "crates/storage", &["civitas-model"])
            .with_package("civitas-testkit", "crates/testkit", &["civitas-storage"])
    }

    #[test]
    fn the_table_itself_is_accepted() {
        let tree = tree().with_package(
            "civitas-auth",
            "crates/auth",
            &["civitas-storage", "dev:civitas-testkit"],
        );
        assert!(check(&tree).is_empty());
    }

    #[test]
    fn a_realm_may_not_reach_storage() {
        let findings =
            check(&tree().with_package("civitas-content", "realms/content", &["civitas-storage"]));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("may not depend on `storage`"));
    }

    #[test]
    fn the_testkit_is_for_tests() {
        let findings =
            check(&tree().with_package("civitas-api", "crates/api", &["civitas-testkit"]));
        assert!(findings[0].message.contains("dev-dependencies"));
    }

    #[test]
    fn an_unknown_crate_fails() {
        let findings = check(&tree().with_package("civitas-utils", "crates/utils", &[]));
        assert!(findings[0].message.contains("not in the dependency table"));
    }
}
