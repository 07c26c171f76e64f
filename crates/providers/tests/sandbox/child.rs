//! The child that the tests of the sandbox start: its request names what it does with its input.
//!
//! With the arguments `serve MARK` it is a server instead, which a test can kill: it runs one job that loops, in a
//! child with the argument MARK.

use std::convert::Infallible;
use std::hint::black_box;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use civitas_providers::sandbox::{
    ChildRefusal, Limits, Sandbox, SandboxConfig, SandboxError, child_main,
};
use futures::stream;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    match &arguments[..] {
        [_, serve, mark] if serve == "serve" => match run_a_job_that_loops(mark) {
            Ok(_) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        _ => child_main(|request, input| handle(&request, input)),
    }
}

fn run_a_job_that_loops(mark: &str) -> Result<Bytes, SandboxError> {
    let sandbox = Sandbox::new(SandboxConfig {
        program: std::env::current_exe()?,
        args: vec![mark.into()],
        limits: Limits {
            memory_bytes: 64 << 20,
            cpu_seconds: 30,
            wall_clock: Duration::from_secs(30),
            output_bytes: 1024,
            input_bytes: 1024,
        },
        concurrency: 1,
        waiting: 0,
    })?;
    // The request is longer than the pipe holds, so the child has begun to read it when the input is asked for.
    let request = json!({ "do": "loop", "padding": " ".repeat(200_000) });
    let mut running = Some("the child runs\n");
    let input = stream::poll_fn(move |_| {
        if let Some(line) = running.take() {
            let _ = std::io::stdout().write_all(line.as_bytes());
        }
        Poll::<Option<Result<Bytes, Infallible>>>::Pending
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(sandbox.run(&request, input))
}

fn handle(request: &Value, input: &mut dyn Read) -> Result<Vec<u8>, ChildRefusal> {
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
        Some("describe") => Ok(describe()),
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
        Some("write") => {
            let path = request["path"].as_str().unwrap_or_default();
            std::fs::write(path, "x").map_err(refuse)?;
            Ok(Vec::new())
        }
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
fn describe() -> Vec<u8> {
    let environment: Vec<_> = std::env::vars().collect();
    // By asking for each number: a listing would add its own.
    let open = (0..16)
        .filter(|number| std::fs::metadata(format!("/dev/fd/{number}")).is_ok())
        .collect::<Vec<_>>();
    let create = std::fs::File::create("here").map_err(|error| error.to_string());
    let seen = json!({
        "environment": environment,
        "open": open,
        "create": create.err(),
    });
    seen.to_string().into_bytes()
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
