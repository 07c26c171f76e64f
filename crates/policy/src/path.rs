//! Paths in one form, so that a rule about a folder cannot be walked around.
//!
//! A canonical path is absolute, has `/` between its parts and neither `.`, `..` nor empty parts; a drive is its first
//! part (`/c:/work`), as is the host of a network share (`/unc:/host/share`). Links are followed by the caller's
//! [`Resolver`], because this crate reads no disk.

use serde::{Deserialize, Serialize};

/// The longest path that is judged, in bytes.
pub const PATH_LENGTH_MAX: usize = 4096;

/// Where a call happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The project's folder, absolute. Relative scopes are relative to it.
    pub root: String,
    /// The folder in which the call runs, absolute; the root when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The home folder, for `~`. Without it, a path that begins with `~` cannot be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// `A` and `a` are the same file (Windows, macOS).
    #[serde(default)]
    pub ignores_case: bool,
    /// Dots and blanks at the end of a name do not count, and `name:stream` is the file `name`.
    #[serde(default)]
    pub windows: bool,
}

impl Place {
    /// A case-sensitive place with this root.
    pub fn at(root: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            cwd: None,
            home: None,
            ignores_case: false,
            windows: false,
        }
    }
}

/// Follows symbolic links. The only thing that this crate asks of the outside world.
pub trait Resolver {
    /// The real path of an absolute one that may hold `..`, also when the file does not exist yet (then of the deepest
    /// folder that does, with the rest); `None` when nothing is known.
    fn resolve(&self, path: &str) -> Option<String>;
}

/// Takes every path for what it says.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLinks;

impl Resolver for NoLinks {
    fn resolve(&self, _: &str) -> Option<String> {
        None
    }
}

/// A canonical path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalPath {
    absolute: String,
    /// Below the root, without it.
    relative: Option<String>,
}

impl CanonicalPath {
    /// The whole path, for instance `/work/app/src/main.rs`.
    pub fn as_str(&self) -> &str {
        &self.absolute
    }

    /// The path below the project's root (`src/main.rs`, empty for the root itself), if it is inside.
    pub fn relative(&self) -> Option<&str> {
        self.relative.as_deref()
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.absolute.rsplit('/').next().unwrap_or_default()
    }
}

/// Why a path cannot be judged, as a lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing is there.
    #[error("the path is empty")]
    Empty,
    /// Longer than [`PATH_LENGTH_MAX`].
    #[error("the path is longer than {PATH_LENGTH_MAX} bytes")]
    TooLong,
    /// Holds what no honest path holds.
    #[error("the path holds a control character")]
    ControlCharacter,
    /// `~` without a known home, or another user's.
    #[error("the path is in a home folder that is not known")]
    UnknownHome,
    /// A root or working folder that is not absolute.
    #[error("the folder of the call is not absolute")]
    NotAbsolute,
}

/// The canonical forms of a path as a tool gets it: what it says, and what it really is when links lead elsewhere.
/// Each must be allowed.
///
/// # Errors
///
/// The path cannot be judged, and a call with it must not run.
pub fn canonical_paths(
    path: &str,
    place: &Place,
    resolver: &dyn Resolver,
) -> Result<Vec<CanonicalPath>, PathError> {
    let root = lexical(&place.root, place)?;
    let absolute = absolute(path, place)?;
    let mut found = vec![finish(&lexical(&absolute, place)?, &root, place)];
    if path.contains('\\') && !place.windows && !absolute.starts_with("/unc:") {
        // Where a back-slash is a letter of a name, it is also judged as one.
        let literal = path.replace('\\', "\u{29f5}");
        if let Ok(absolute) = self::absolute(&literal, place) {
            found.push(finish(&lexical(&absolute, place)?, &root, place));
        }
    }
    if let Some(real) = resolver.resolve(&absolute) {
        let real_root = resolver
            .resolve(&root)
            .map_or(Ok(root), |real| lexical(&real, place))?;
        found.push(finish(&lexical(&real, place)?, &real_root, place));
    }
    found.dedup();
    Ok(found)
}

/// Joins the path to the working folder, without looking at `..`.
fn absolute(path: &str, place: &Place) -> Result<String, PathError> {
    if path.is_empty() {
        return Err(PathError::Empty);
    }
    if path.len() > PATH_LENGTH_MAX {
        return Err(PathError::TooLong);
    }
    if path.chars().any(char::is_control) {
        return Err(PathError::ControlCharacter);
    }
    let slashed = path.replace('\\', "/");
    if let Some(rest) = slashed.strip_prefix('~') {
        if !rest.is_empty() && !rest.starts_with('/') {
            return Err(PathError::UnknownHome);
        }
        let home = place.home.as_deref().ok_or(PathError::UnknownHome)?;
        return Ok(format!("{}{rest}", home.replace('\\', "/")));
    }
    if let Some(share) = slashed
        .strip_prefix("//?/")
        .or_else(|| slashed.strip_prefix("//./"))
    {
        return Ok(match share.strip_prefix("UNC/") {
            Some(share) => format!("/unc:/{share}"),
            None => format!("/{share}"),
        });
    }
    if path.starts_with("\\\\") {
        return Ok(format!("/unc:{}", &slashed[1..]));
    }
    if slashed.starts_with('/') {
        return Ok(slashed);
    }
    if has_drive(&slashed) {
        return Ok(format!("/{slashed}"));
    }
    let cwd = place.cwd.as_deref().unwrap_or(&place.root);
    Ok(format!("{}/{slashed}", cwd.replace('\\', "/")))
}

fn has_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() >= 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes.get(2), None | Some(b'/'))
}

/// Removes empty parts, `.` and `..`.
fn lexical(path: &str, place: &Place) -> Result<String, PathError> {
    let slashed = path.replace('\\', "/");
    let slashed = if has_drive(&slashed) {
        format!("/{slashed}")
    } else {
        slashed
    };
    if !slashed.starts_with('/') {
        return Err(PathError::NotAbsolute);
    }
    let mut parts: Vec<String> = Vec::new();
    for part in slashed.split('/') {
        let cut = if place.windows {
            cut_windows(part)
        } else {
            part
        };
        match cut {
            "" | "." => {}
            ".." => {
                // Above a drive or the root there is nothing.
                if !(parts.len() == 1 && parts[0].ends_with(':')) {
                    parts.pop();
                }
            }
            part if parts.is_empty() && has_drive(part) => parts.push(part.to_ascii_lowercase()),
            part => parts.push(part.to_owned()),
        }
    }
    let path = format!("/{}", parts.join("/"));
    Ok(if place.ignores_case {
        path.to_lowercase()
    } else {
        path
    })
}

/// What Windows makes of a name: no dots or blanks at its end, no stream.
fn cut_windows(part: &str) -> &str {
    if matches!(part, "." | "..") || has_drive(part) || part == "unc:" {
        return part;
    }
    let name = part.split_once(':').map_or(part, |(name, _)| name);
    let cut = name.trim_end_matches(['.', ' ']);
    // `..  ` is `..` for Windows.
    if cut.is_empty() && name.trim_end().starts_with("..") {
        ".."
    } else {
        cut
    }
}

fn finish(absolute: &str, root: &str, place: &Place) -> CanonicalPath {
    let root = if place.ignores_case {
        root.to_lowercase()
    } else {
        root.to_owned()
    };
    let relative = if root == "/" {
        Some(absolute.trim_start_matches('/').to_owned())
    } else {
        absolute
            .strip_prefix(&root)
            .and_then(|rest| {
                if rest.is_empty() {
                    Some("")
                } else {
                    rest.strip_prefix('/')
                }
            })
            .map(str::to_owned)
    };
    CanonicalPath {
        absolute: absolute.to_owned(),
        relative,
    }
}

#[cfg(test)]
mod tests;
