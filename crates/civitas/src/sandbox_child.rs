//! The confined child: this same binary, started with `sandbox-child`, reads one document and answers its structure.

use std::io::Read;
use std::process::ExitCode;

use civitas_documents::Request;
use civitas_providers::sandbox::{ChildRefusal, child_main};
use serde_json::Value;

/// The hidden command that starts the child.
pub const COMMAND: &str = "sandbox-child";

/// Reads one job from standard input and answers on standard output.
pub fn run() -> ExitCode {
    child_main(parse)
}

fn parse(request: Value, input: &mut dyn Read) -> Result<Vec<u8>, ChildRefusal> {
    let request: Request = serde_json::from_value(request)
        .map_err(|error| refusal("request", &format!("the request is not valid: {error}")))?;
    let mut bytes = Vec::new();
    input
        .read_to_end(&mut bytes)
        .map_err(|error| refusal("input", &format!("the document could not be read: {error}")))?;
    let document = civitas_documents::parse(&request, &bytes)
        .map_err(|error| refusal(error.code(), &error.to_string()))?;
    serde_json::to_vec(&document).map_err(|error| {
        refusal(
            "output",
            &format!("the structure could not be written: {error}"),
        )
    })
}

fn refusal(code: &str, message: &str) -> ChildRefusal {
    ChildRefusal {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
