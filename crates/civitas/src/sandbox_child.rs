//! The confined child: this same binary, started with `sandbox-child`, reads documents and answers their structure.

use std::io::{self, Write};
use std::process::ExitCode;

use civitas_documents::{DOCUMENT_BYTES_MAX, Request};
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
    let size = input.size();
    let document = civitas_documents::parse_stream(&request, input, size)
        .map_err(|error| refusal("input", &format!("the document could not be read: {error}")))?
        .map_err(|error| refusal(error.code(), &error.to_string()))?;
    let mut answer = Answer(Vec::new());
    serde_json::to_writer(&mut answer, &document).map_err(|error| {
        if error.is_io() {
            return refusal("too_large", &too_large());
        }
        let message = format!("the structure could not be written: {error}");
        refusal("output", &message)
    })?;
    Ok(answer.0)
}

fn too_large() -> String {
    format!(
        "what was read of the file takes more than {DOCUMENT_BYTES_MAX} bytes: split the file, or keep fewer rows or pages with parse_options.rows_max and parse_options.pages_max"
    )
}

/// A document as JSON, up to the length that is kept of one.
struct Answer(Vec<u8>);

impl Write for Answer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.0.len() + bytes.len()) as u64 > DOCUMENT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refusal(code: &str, message: &str) -> ChildRefusal {
    ChildRefusal {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
