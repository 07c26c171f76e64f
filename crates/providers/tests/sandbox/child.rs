//! The child that the tests of the sandbox start: its request names what it does with its input.
//!
//! With the arguments `serve MARK` it is a server instead, which a test can kill: it runs one job that loops, in a
//! child with the argument MARK. With `misbehave HOW` it is a child that does not keep to the protocol.

use std::convert::Infallible;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use civitas_model::TenantId;
use civitas_providers::sandbox::{
    ChildRefusal, Input, Limits, Sandbox, SandboxConfig, SandboxError, child_main,
};
use futures::stream;
use nix::time::ClockId;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    match &arguments[..] {
        [_, serve, mark] if serve == "serve" => match run_a_job_that_loops(mark) {
            Ok(_) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        [_, misbehaves, how] if misbehaves == "misbehave" => misbehave(how),
        _ => {
            let mut memory = Vec::new();
            child_main(|request, input| handle(&request, input, &mut memory))
        }
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
    runtime.block_on(sandbox.run(&TenantId::trusted("a"), &request, None, input))
}

/// `memory` outlives the job, as what a parser leaks does.
fn handle(
    request: &Value,
    input: &mut Input<'_>,
    memory: &mut Vec<Vec<u8>>,
) -> Result<Vec<u8>, ChildRefusal> {
    match request["do"].as_str() {
        Some("echo") => input.read_whole().map_err(refuse),
        Some("who") => {
            input.read_whole().map_err(refuse)?;
            Ok(std::process::id().to_string().into_bytes())
        }
        Some("leak") => {
            input.read_whole().map_err(refuse)?;
            let bytes = request["bytes"].as_u64().unwrap_or_default();
            memory.push(vec![1; usize::try_from(bytes).unwrap_or_default()]);
            Ok(std::process::id().to_string().into_bytes())
        }
        Some("use CPU") => {
            input.read_whole().map_err(refuse)?;
            let until = Duration::from_millis(request["millis"].as_u64().unwrap_or_default());
            let start = cpu_time();
            while cpu_time().saturating_sub(start) < until {
                black_box(());
            }
            Ok(std::process::id().to_string().into_bytes())
        }
        Some("thread") => {
            let joined = std::thread::Builder::new()
                .name("helper".to_owned())
                .spawn(|| vec![7_u8; 1 << 20].len())
                .map_err(refuse)?
                .join();
            Ok(format!("{joined:?}").into_bytes())
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
        _ => escape(request).unwrap_or_else(|| end(request)),
    }
}

/// What a child must not be able to do.
fn escape(request: &Value) -> Option<Result<Vec<u8>, ChildRefusal>> {
    Some(match request["do"].as_str() {
        Some("fork") => {
            let started = Command::new("/proc/self/exe").spawn();
            Ok(tell(started))
        }
        Some("become") => Err(refuse(Command::new("/proc/self/exe").exec())),
        Some("open") => Ok(tell(File::open("/proc/self/status"))),
        Some("connect") => Ok(tell(TcpStream::connect(
            request["address"].as_str().unwrap_or_default(),
        ))),
        Some("write") => {
            let path = request["path"].as_str().unwrap_or_default();
            Ok(tell(std::fs::write(path, "x")))
        }
        _ => return None,
    })
}

/// Ways in which a job does not end, or ends badly.
fn end(request: &Value) -> Result<Vec<u8>, ChildRefusal> {
    match request["do"].as_str() {
        Some("sleep") => loop {
            std::thread::park();
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
fn describe() -> Vec<u8> {
    let environment: Vec<_> = std::env::vars().collect();
    // By closing each number, which needs no other descriptor and is not forbidden: whoever is asked is at its end.
    let open = (4..64)
        .filter(|number| nix::unistd::close(*number).is_ok())
        .collect::<Vec<_>>();
    let seen = json!({
        "environment": environment,
        "open": open,
    });
    seen.to_string().into_bytes()
}

fn cpu_time() -> Duration {
    let now = ClockId::CLOCK_PROCESS_CPUTIME_ID.now();
    now.map(Duration::from).unwrap_or_default()
}

/// How something went that should not have.
fn tell<T>(outcome: std::io::Result<T>) -> Vec<u8> {
    match outcome {
        Ok(_) => b"done".to_vec(),
        Err(error) => format!("refused: {error}").into_bytes(),
    }
}

/// A child that was taken over: it does not keep to the protocol.
fn misbehave(how: &str) -> ExitCode {
    let mut pipe = std::io::stdout();
    match how {
        "mid-frame" => {
            let _ = pipe.write_all(&[b'A', 0, 0, 0, 0, 0, 0, 0, 100, b'x']);
            let _ = pipe.flush();
        }
        "flood" => {
            let _ = pipe.write_all(&[b'A', 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
            while pipe.write_all(&[b'x'; 8192]).is_ok() {}
        }
        // An answer, and then, instead of being ready, another.
        "two answers" => {
            let mut read = [0; 4096];
            let _ = std::io::stdin().read(&mut read);
            for _ in 0..2 {
                let _ = pipe.write_all(&[b'A', 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
            }
            let _ = pipe.flush();
            loop {
                std::thread::park();
            }
        }
        // It is never read from, and says nothing.
        _ => loop {
            std::thread::park();
        },
    }
    ExitCode::SUCCESS
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
