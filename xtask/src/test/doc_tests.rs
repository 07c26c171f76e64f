//! The examples in doc comments compile and run, where there are any.

use crate::tidy::Tree;
use crate::{command, say};

use super::Run;

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    let tree = Tree::read(&run.root)?;
    let packages: Vec<&str> = tree
        .packages
        .iter()
        .filter(|package| package.has_library && has_examples(&tree, &package.folder))
        .map(|package| package.name.as_str())
        .collect();
    if packages.is_empty() {
        say::note("no crate has doc tests");
        return Ok(());
    }
    let mut cargo = run.cargo();
    cargo.args(["test", "--doc", "--locked", "--quiet"]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    command::run(&mut cargo)
}

/// Whether a doc comment under `folder` opens a code block that rustdoc would compile.
fn has_examples(tree: &Tree, folder: &str) -> bool {
    let prefix = format!("{folder}/src/");
    tree.rust()
        .filter(|file| file.path.starts_with(&prefix))
        .any(|file| opens_example(&file.text))
}

fn opens_example(text: &str) -> bool {
    let mut inside = false;
    for line in text.lines() {
        let line = line.trim_start();
        let Some(doc) = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
        else {
            continue;
        };
        if let Some(info) = doc.trim().strip_prefix("```") {
            inside = !inside;
            let rust = info.split(',').all(|word| {
                matches!(
                    word.trim(),
                    "" | "rust" | "no_run" | "should_panic" | "compile_fail"
                )
            });
            if inside && rust {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rust_blocks_in_doc_comments_count() {
        assert!(opens_example("/// ```\n/// a();\n/// ```\n"));
        assert!(opens_example("//! ```no_run\n//! a();\n//! ```\n"));
        assert!(!opens_example("/// ```text\n/// a\n/// ```\n"));
        assert!(!opens_example(
            "/// ```json\n/// {}\n/// ```\nlet a = \"```\";\n"
        ));
    }
}
