//! What the rules look at: the files git knows or would add, and the packages Cargo sees.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, TargetKind};

use crate::command;

/// Folders of data that is kept as it came: examples, test inputs, expected outputs.
const DATA_FOLDERS: &[&str] = &[
    "corpus",
    "fixtures",
    "golden",
    "samples",
    "snapshots",
    "testdata",
];

/// The workspace.
pub struct Tree {
    pub files: Vec<File>,
    /// The workspace's own packages.
    pub packages: Vec<Package>,
    /// Every package in the lock file, ours included.
    pub locked: Vec<Locked>,
    /// Generated files that differ from what their generator makes now.
    pub stale: Vec<&'static str>,
}

/// One file.
pub struct File {
    /// From the workspace's root, with `/`.
    pub path: String,
    /// The content; empty when it is not UTF-8.
    pub text: String,
    /// In bytes.
    pub size: u64,
}

/// One package of the workspace.
pub struct Package {
    pub name: String,
    /// From the workspace's root, with `/`.
    pub folder: String,
    pub has_library: bool,
    pub dependencies: Vec<Dependency>,
}

/// A dependency as a manifest declares it.
pub struct Dependency {
    pub name: String,
    /// Whether only tests, examples and benchmarks see it.
    pub dev: bool,
}

/// A package of the lock file.
pub struct Locked {
    pub name: String,
    pub version: cargo_metadata::semver::Version,
    pub license: Option<String>,
}

impl Tree {
    /// Reads the workspace at `root`.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .other_options(["--locked".to_owned()])
            .exec()
            .context("cargo metadata failed")?;
        let mut stale = Vec::new();
        for (path, make) in crate::generated::FILES {
            let fresh = make(root).with_context(|| format!("cannot make {path}"))?;
            if !std::fs::read_to_string(root.join(path)).is_ok_and(|text| text == fresh) {
                stale.push(*path);
            }
        }
        Ok(Self {
            files: files(root)?,
            packages: packages(&metadata, root),
            locked: locked(&metadata),
            stale,
        })
    }

    /// The Rust sources.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files
            .iter()
            .filter(|file| file.has_extension(&["rs"]) && !file.is_data())
    }

    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of these files, without packages.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
            size: text.len() as u64,
        };
        Self {
            files: files.iter().map(file).collect(),
            packages: Vec::new(),
            locked: Vec::new(),
            stale: Vec::new(),
        }
    }

    /// The same tree with a package that depends on others; a leading `dev:` makes a dev-dependency.
    pub fn with_package(mut self, name: &str, folder: &str, dependencies: &[&str]) -> Self {
        let dependency = |name: &&str| Dependency {
            name: name.trim_start_matches("dev:").to_owned(),
            dev: name.starts_with("dev:"),
        };
        self.packages.push(Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            has_library: true,
            dependencies: dependencies.iter().map(dependency).collect(),
        });
        self
    }

    /// The same tree with a package in its lock file.
    pub fn with_locked(mut self, name: &str, version: &str, license: Option<&str>) -> Self {
        self.locked.push(Locked {
            name: name.to_owned(),
            version: version.parse().unwrap(),
            license: license.map(str::to_owned),
        });
        self
    }
}

impl File {
    /// Whether the name ends in one of these.
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    /// Whether it is kept as it came, so that rules of style do not apply.
    pub fn is_data(&self) -> bool {
        self.path
            .split('/')
            .any(|part| DATA_FOLDERS.contains(&part))
    }

    /// The file's own name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether the whole file is test code.
    pub fn is_test(&self) -> bool {
        self.name() == "tests.rs"
            || self
                .path
                .split('/')
                .any(|part| matches!(part, "tests" | "benches"))
    }

    /// The lines with their numbers, counted from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The number of the first line that contains `needle`, else 1.
    pub fn line_of(&self, needle: &str) -> usize {
        self.lines()
            .find(|(_, line)| line.contains(needle))
            .map_or(1, |(number, _)| number)
    }
}

fn files(root: &Path) -> anyhow::Result<Vec<File>> {
    // A build machine may run as another user than the clone's owner, which git refuses without being told.
    let mut git = Command::new("git");
    git.current_dir(root)
        .args(["-c", "safe.directory=*", "ls-files", "-z"]);
    git.args(["--cached", "--others", "--exclude-standard"]);
    let list = command::output(&mut git).context("git ls-files failed: is this a clone?")?;
    let mut paths: Vec<&str> = list.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        // A file that was deleted but is still in the index has no content to judge.
        let Ok(bytes) = std::fs::read(root.join(path)) else {
            continue;
        };
        files.push(File {
            path: path.to_owned(),
            size: bytes.len() as u64,
            text: String::from_utf8(bytes).unwrap_or_default(),
        });
    }
    Ok(files)
}

fn packages(metadata: &Metadata, root: &Path) -> Vec<Package> {
    let members = metadata.workspace_packages();
    let folder = |manifest: &Path| {
        let folder = manifest.parent().unwrap_or(root);
        folder
            .strip_prefix(root)
            .unwrap_or(folder)
            .display()
            .to_string()
    };
    members
        .into_iter()
        .map(|package| Package {
            name: package.name.to_string(),
            folder: folder(package.manifest_path.as_std_path()),
            has_library: package
                .targets
                .iter()
                .any(|target| target.kind.contains(&TargetKind::Lib)),
            dependencies: package
                .dependencies
                .iter()
                .map(|dependency| Dependency {
                    name: dependency.name.clone(),
                    dev: dependency.kind == DependencyKind::Development,
                })
                .collect(),
        })
        .collect()
}

fn locked(metadata: &Metadata) -> Vec<Locked> {
    let locked = metadata.packages.iter().map(|package| Locked {
        name: package.name.to_string(),
        version: package.version.clone(),
        license: package.license.clone(),
    });
    locked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_folders_and_test_files_are_told_apart_from_code() {
        let tree = Tree::of(&[
            ("crates/documents/tests/fixtures/a.md", ""),
            ("crates/documents/src/pdf/tests.rs", ""),
            ("crates/documents/src/pdf.rs", ""),
        ]);
        let judged: Vec<_> = tree
            .files
            .iter()
            .map(|file| (file.is_data(), file.is_test()))
            .collect();
        assert_eq!(judged, [(true, true), (false, true), (false, false)]);
    }

    #[test]
    fn the_workspace_itself_can_be_read() {
        let tree = Tree::read(&crate::root()).unwrap();
        assert!(tree.file("xtask/src/main.rs").is_some());
        assert!(
            tree.packages
                .iter()
                .any(|package| package.folder == "crates/model")
        );
        assert!(tree.locked.len() > tree.packages.len());
    }
}
