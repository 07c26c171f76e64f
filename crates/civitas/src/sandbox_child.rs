//! The confined child: this same binary, started with `sandbox-child`, reads documents and answers their structure.

use std::process::ExitCode;

use civitas_documents::Request;
use civitas_providers::sandbox::{ChildRefusal, Input, child_main};
use serde_json::Value;

/// The hidden command that starts the child.
pub const COMMAND: &str = "sandbox-child";

/// Reads jobs from standard input and answers on standard output, until the server closes the pipe.
pub fn run() -> ExitCode {
    child_main(parse)
}

fn parse(request: Value, input: &mut Input<'_>) -> Result<Vec<u8>, ChildRefusal> {
    let request: Request = serde_json::from_value(request)
        .map_err(|error| refusal("request", &format!("the request is not valid: {error}")))?;
    let bytes = input
        .read_whole()
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
