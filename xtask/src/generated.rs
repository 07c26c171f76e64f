//! Files that are written by a program and committed, so that a reader finds them and `tidy` can tell a stale one.

use std::path::Path;

use anyhow::Context as _;

use crate::say;

mod error_index;

/// Makes a file's text from the workspace at the given folder.
type Make = fn(&Path) -> anyhow::Result<String>;

/// Every generated file and what makes it.
pub const FILES: &[(&str, Make)] = &[("docs/errors/README.md", error_index::make)];

/// Writes every generated file that is stale.
pub fn write(root: &Path) -> anyhow::Result<()> {
    for (path, make) in FILES {
        let text = make(root).with_context(|| format!("cannot make {path}"))?;
        let file = root.join(path);
        if std::fs::read_to_string(&file).is_ok_and(|present| present == text) {
            say::note(&format!("{path} is fresh"));
            continue;
        }
        std::fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
        say::note(&format!("{path} is written"));
    }
    Ok(())
}
