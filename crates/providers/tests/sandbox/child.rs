//! The child that the tests of the sandbox start: its request names what it does with its input.

use std::hint::black_box;
use std::io::{Read, Write};
use std::process::ExitCode;

use civitas_providers::sandbox::{ChildRefusal, child_main};
use serde_json::{Value, json};

fn main() -> ExitCode {
    child_main(handle)
}

fn handle(request: Value, input: &mut dyn Read) -> Result<Vec<u8>, ChildRefusal> {
    match request["do"].as_str() {
        Some("echo") => {
            let mut read = Vec::new();
            input.read_to_end(&mut read).map_err(refuse)?;
            Ok(read)
        }
        Some("ignore") => Ok(b"not read".to_vec()),
        Some("print") => {
            writeln!(std::io::stdout(), "a library greets").map_err(refuse)?;
            Ok(b"clean".to_vec())
        }
        Some("refuse") => Err(ChildRefusal {
            code: "not_a_pdf".to_owned(),
            message: "the file is not a PDF: send one".to_owned(),
        }),
        Some("describe") => describe().map_err(refuse),
        Some("allocate") => {
            let bytes = request["bytes"].as_u64().unwrap_or(u64::MAX);
            let taken = vec![1_u8; usize::try_from(bytes).unwrap_or(usize::MAX / 2)];
            Ok(black_box(taken)[..1].to_vec())
        }
        Some("allocate forever") => {
            let mut taken = Vec::new();
            loop {
                taken.push(black_box(vec![1_u8; 1024 * 1024]));
            }
        }
        Some("loop") => loop {
            black_box(());
        },
        Some("wait") => {
            // Its input does not end, so neither does this.
            std::io::copy(input, &mut std::io::sink()).map_err(refuse)?;
            Ok(Vec::new())
        }
        Some("large answer") => Ok(vec![b'x'; 1024 * 1024]),
        Some("print forever") => loop {
            let _ = std::io::stdout().write_all(&[b'x'; 8192]);
        },
        Some("abort") => {
            let _ = writeln!(std::io::stderr(), "the parser is lost");
            std::process::abort()
        }
        Some("exit") => std::process::exit(3),
        Some("panic") => {
            let empty: &[u8] = black_box(&[]);
            Ok(vec![empty[0]])
        }
        Some("panic inside") => {
            // As a library may do on its own.
            let caught = std::panic::catch_unwind(|| black_box(&[0_u8][..0])[0]);
            Ok(caught.is_err().to_string().into_bytes())
        }
        Some("recurse") => Ok(vec![recurse(0)]),
        other => Err(refuse(format!("unknown test {other:?}"))),
    }
}

/// What the child sees of the world.
fn describe() -> std::io::Result<Vec<u8>> {
    let environment: Vec<_> = std::env::vars().collect();
    // Counted by asking for each number: the child cannot list /proc/self once it is not traceable.
    let open = (0..16)
        .filter(|number| std::fs::metadata(format!("/dev/fd/{number}")).is_ok())
        .collect::<Vec<_>>();
    let create = std::fs::File::create("here").map_err(|error| error.to_string());
    let mut grown = std::fs::File::create(std::env::temp_dir().join("civitas-sandbox-test"))?;
    let grow = grown.write(b"x");
    let seen = json!({
        "environment": environment,
        "open": open,
        "create": create.err(),
        "grow": grow.is_err(),
    });
    Ok(seen.to_string().into_bytes())
}

#[expect(unconditional_recursion, reason = "the stack must end it")]
fn recurse(depth: u64) -> u8 {
    let frame = black_box([u8::try_from(depth % 251).unwrap_or(0); 4096]);
    recurse(depth + 1).wrapping_add(frame[7])
}

fn refuse(error: impl std::fmt::Display) -> ChildRefusal {
    ChildRefusal {
        code: "test".to_owned(),
        message: error.to_string(),
    }
}
