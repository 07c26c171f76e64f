//! Links on this machine's disk, for agents that work on it.

use std::collections::VecDeque;
use std::path::Path;

use civitas_policy::Resolver;

/// Links that are followed in one path, as Linux has it: a path with more cannot be opened.
const LINKS_MAX: usize = 40;

/// Follows links as opening a file does, also when the end of the path does not exist yet. Reads the disk: not for an async
/// thread. Nothing is kept, because an agent that makes a link uses it a moment later.
#[derive(Debug, Clone, Copy, Default)]
pub struct Links;

impl Resolver for Links {
    fn resolve(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix('/')?;
        let mut left: VecDeque<String> = parts(rest).collect();
        let mut real: Vec<String> = Vec::new();
        let mut followed = 0;
        while let Some(part) = left.pop_front() {
            if part == ".." {
                real.pop();
                continue;
            }
            real.push(part);
            if followed >= LINKS_MAX {
                continue;
            }
            let here = joined(&real);
            let Ok(target) = std::fs::read_link(Path::new(&here)) else {
                continue;
            };
            // A name that is no text cannot be in any rule, and is not taken for one that is.
            let target = target.to_string_lossy();
            followed += 1;
            real.pop();
            if target.starts_with('/') {
                real.clear();
            }
            let target: Vec<String> = parts(&target).collect();
            for part in target.into_iter().rev() {
                left.push_front(part);
            }
        }
        Some(joined(&real))
    }
}

fn parts(path: &str) -> impl Iterator<Item = String> + '_ {
    path.split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .map(str::to_owned)
}

fn joined(parts: &[String]) -> String {
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_leads_where_opening_it_would() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path).display().to_string();
        std::fs::create_dir_all(root.join("work/src")).unwrap();
        std::fs::create_dir_all(root.join("secret/deep")).unwrap();
        symlink("../secret/deep", root.join("work/relative")).unwrap();
        symlink(root.join("secret"), root.join("work/absolute")).unwrap();
        symlink("again", root.join("again")).unwrap();
        for (path, expected) in [
            ("work/src/main.rs", "work/src/main.rs"),
            ("work/./src//../src/main.rs", "work/src/main.rs"),
            ("work/relative/key", "secret/deep/key"),
            ("work/relative/../key", "secret/key"),
            (
                "work/absolute/deep/not/there/yet",
                "secret/deep/not/there/yet",
            ),
            ("work/not/there/../../absolute/x", "secret/x"),
        ] {
            assert_eq!(Links.resolve(&at(path)), Some(at(expected)), "{path}");
            let existing = std::fs::canonicalize(root.join(path));
            if let Ok(real) = existing {
                assert_eq!(real.display().to_string(), at(expected));
            }
        }
        assert_eq!(Links.resolve(&at("again/x")), Some(at("again/x")));
        assert_eq!(Links.resolve("relative"), None);
        assert_eq!(Links.resolve("/../.."), Some("/".to_owned()));
    }
}
