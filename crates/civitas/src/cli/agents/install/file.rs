//! A settings file: read as it is, and written as it was indented.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Value, json};

use super::place;
use crate::cli::failure::Failure;

/// The largest file that is taken for settings.
const BYTES_MAX: u64 = 4 << 20;

/// A settings file.
pub(super) struct SettingsFile {
    /// Where it lies, links followed.
    pub(super) target: PathBuf,
    /// Its bytes; `None` when there is no such file.
    pub(super) bytes: Option<Vec<u8>>,
    /// Who may read and write it.
    pub(super) mode: Option<u32>,
}

impl SettingsFile {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let target = place::target(path)?;
        let cannot =
            |error| Failure::failed(format!("{} cannot be read: {error}", target.display()));
        let (bytes, mode) = match fs::metadata(&target) {
            Err(error) if error.kind() == ErrorKind::NotFound => (None, None),
            Err(error) => return Err(cannot(error)),
            Ok(facts) if !facts.is_file() || facts.len() > BYTES_MAX => {
                let message = format!("{} is no settings file: it is left alone", target.display());
                return Err(Failure::failed(message));
            }
            Ok(facts) => {
                let bytes = fs::read(&target).map_err(cannot)?;
                (Some(bytes), Some(facts.permissions().mode() & 0o777))
            }
        };
        Ok(Self {
            target,
            bytes,
            mode,
        })
    }

    /// What it says.
    pub(super) fn json(&self) -> Result<Value, Failure> {
        parse(&self.target, self.bytes.as_deref())
    }
}

/// What the bytes of a settings file say. An empty one says nothing.
pub(super) fn parse(path: &Path, bytes: Option<&[u8]>) -> Result<Value, Failure> {
    let bytes = bytes.unwrap_or_default();
    if bytes.trim_ascii().is_empty() {
        return Ok(json!({}));
    }
    let path = path.display();
    match serde_json::from_slice(bytes) {
        Ok(settings @ Value::Object(_)) => Ok(settings),
        Ok(_) => Err(Failure::failed(format!(
            "{path} is JSON but no object: it is left alone; settings are an object"
        ))),
        Err(error) => Err(Failure::failed(format!(
            "{path} is not JSON ({error}): it is left alone; mend it, and try again"
        ))),
    }
}

/// Settings as text, indented and ended as `like` is.
pub(super) fn text(settings: &Value, like: Option<&[u8]>) -> anyhow::Result<Vec<u8>> {
    let like = like.unwrap_or_default();
    let indent = like
        .split(|byte| *byte == b'\n')
        .find(|line| line.starts_with(b" ") || line.starts_with(b"\t"))
        .map_or(&b"  "[..], |line| {
            let end = line.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
            &line[..end.unwrap_or(line.len())]
        });
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(indent);
    settings.serialize(&mut Serializer::with_formatter(&mut text, formatter))?;
    if like.is_empty() || like.ends_with(b"\n") {
        text.push(b'\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_indentation_and_its_end() {
        for like in [
            "{\n    \"b\": 1,\n    \"a\": [\n        2\n    ]\n}",
            "{\n\t\"b\": 1,\n\t\"a\": [\n\t\t2\n\t]\n}\n",
            "{\n  \"b\": 1,\n  \"a\": [\n    2\n  ]\n}\n",
        ] {
            let settings = parse(Path::new("s"), Some(like.as_bytes())).unwrap();
            let again = text(&settings, Some(like.as_bytes())).unwrap();
            assert_eq!(String::from_utf8(again).unwrap(), like);
        }
    }
}
