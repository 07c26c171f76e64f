//! JSON that is given to a command, as an argument, in a file or on standard input.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::failure::Failure;

/// The text of a file; of standard input where the path is `-`.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    if path.as_os_str() == "-" {
        let mut all = String::new();
        std::io::stdin()
            .read_to_string(&mut all)
            .context("standard input cannot be read")?;
        return Ok(all);
    }
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The object that a text is; `what` it should be, and an `example`, are for who typed it.
pub(super) fn object(json: &str, what: &str, example: &str) -> Result<Value, Failure> {
    match serde_json::from_str(json) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Failure::Usage(format!(
            "{what} must be one JSON object, such as {example}"
        ))),
        Err(error) => Err(Failure::Usage(format!("{what} are not JSON: {error}"))),
    }
}
