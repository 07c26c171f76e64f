//! Lints and versions live in the workspace's manifest and nowhere else.

use toml::{Table, Value};

use super::{File, Finding, Tree};

const SECTIONS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree
        .packages
        .iter()
        .filter_map(|package| tree.file(&format!("{}/Cargo.toml", package.folder)));
    manifests.flat_map(check_manifest).collect()
}

fn check_manifest(file: &File) -> Vec<Finding> {
    let manifest: Table = match file.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => {
            return vec![Finding::new(
                &file.path,
                1,
                format!("cannot be read as TOML: {error}"),
            )];
        }
    };
    let mut findings = Vec::new();
    if !is_workspace(manifest.get("lints")) {
        findings.push(Finding::new(
            &file.path,
            1,
            "add `[lints]` with `workspace = true`",
        ));
    }
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(Value::as_table));
    for table in std::iter::once(&manifest).chain(targets) {
        for section in SECTIONS {
            let dependencies = table.get(*section).and_then(Value::as_table);
            for (name, dependency) in dependencies.into_iter().flatten() {
                if !is_workspace(Some(dependency)) {
                    let line = file
                        .lines()
                        .find(|(_, line)| line.starts_with(name.as_str()))
                        .map_or(1, |(n, _)| n);
                    let message = format!(
                        "give `{name}` its version in [workspace.dependencies] and say `{name}.workspace = true` here"
                    );
                    findings.push(Finding::new(&file.path, line, message));
                }
            }
        }
    }
    findings
}

fn is_workspace(value: Option<&Value>) -> bool {
    value
        .and_then(|value| value.get("workspace"))
        .and_then(Value::as_bool)
        == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&Tree::of(&[("crates/a/Cargo.toml", text)]).with_package("a", "crates/a", &[])).len()
    }

    #[test]
    fn inherited_lints_and_versions_are_fine() {
        assert_eq!(
            count(
                "[dependencies]\na.workspace = true\nb = { workspace = true, optional = true }\n[lints]\nworkspace = true\n"
            ),
            0
        );
    }

    #[test]
    fn missing_lints_are_found() {
        assert_eq!(count("[dependencies]\n"), 1);
    }

    #[test]
    fn an_own_version_is_found_in_every_section() {
        let lints = "[lints]\nworkspace = true\n";
        assert_eq!(count(&format!("{lints}[dependencies]\na = \"1\"\n")), 1);
        assert_eq!(
            count(&format!(
                "{lints}[dev-dependencies]\na = {{ path = \"../b\" }}\n"
            )),
            1
        );
        assert_eq!(
            count(&format!(
                "{lints}[target.'cfg(unix)'.dependencies]\na = \"1\"\n"
            )),
            1
        );
    }
}
