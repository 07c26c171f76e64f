//! Which file holds the settings, and where its record is kept.

use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;

/// Where settings lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The user's own, for everything they do.
    User,
    /// The user's own for the project in the current folder.
    Project,
    /// The organisation's, above everyone's.
    Managed,
}

impl Place {
    /// In the order in which the client lets them prevail.
    pub(crate) const ALL: [Self; 3] = [Self::Managed, Self::Project, Self::User];

    /// The file.
    pub(crate) fn path(self) -> Result<PathBuf, Failure> {
        match self {
            Self::User => Ok(configuration()?.join("settings.json")),
            Self::Project => Ok(PathBuf::from(".claude/settings.local.json")),
            Self::Managed => Ok(PathBuf::from(managed())),
        }
    }
}

/// The client's own folder.
fn configuration() -> Result<PathBuf, Failure> {
    match std::env::var_os("CLAUDE_CONFIG_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(home()?.join(".claude")),
    }
}

/// Where the client looks for an organisation's settings.
const fn managed() -> &'static str {
    if cfg!(target_os = "macos") {
        "/Library/Application Support/ClaudeCode/managed-settings.json"
    } else if cfg!(windows) {
        r"C:\Program Files\ClaudeCode\managed-settings.json"
    } else {
        "/etc/claude-code/managed-settings.json"
    }
}

/// Where records and backups are kept: out of the folders that people put under version control, because they hold a token.
pub(super) fn records() -> Result<PathBuf, Failure> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = match state.filter(|folder| folder.is_absolute()) {
        Some(state) => state,
        None => home()?.join(".local/state"),
    };
    Ok(state.join("civitas/installed"))
}

fn home() -> Result<PathBuf, Failure> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    home.ok_or_else(|| Failure::failed("there is no home folder: set HOME"))
}

/// The file that is meant, links followed; one that does not exist yet lies where it was named.
pub(super) fn target(path: &Path) -> Result<PathBuf, Failure> {
    let cannot = |error| Failure::failed(format!("{} cannot be read: {error}", path.display()));
    match std::fs::canonicalize(path) {
        Ok(target) => Ok(target),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if path.symlink_metadata().is_ok() {
                let message = format!(
                    "{} is a link to nothing: make its file, or remove the link",
                    path.display()
                );
                return Err(Failure::failed(message));
            }
            std::path::absolute(path).map_err(cannot)
        }
        Err(error) => Err(cannot(error)),
    }
}
