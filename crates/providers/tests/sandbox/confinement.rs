//! What a child cannot do, whichever of the kernel's guards sees to it.

use std::net::TcpListener;

use civitas_providers::sandbox::{Confinement, Deed, Layer, Sandbox, SandboxConfig, SandboxError};
use serde_json::json;

use super::{LIMITS, config, no_input, sandbox, tenant};

async fn told(request: serde_json::Value) -> String {
    let answer = sandbox(LIMITS)
        .run(&tenant(), &request, None, no_input())
        .await;
    String::from_utf8(answer.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_child_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new");
    let told = told(json!({ "do": "write", "path": path })).await;
    assert!(told.starts_with("refused"), "{told}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_child_does_not_write_to_a_file_that_is_there() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let told = told(json!({ "do": "write", "path": file.path() })).await;
    assert!(told.starts_with("refused"), "{told}");
    assert_eq!(file.as_file().metadata().unwrap().len(), 0);
}

#[tokio::test]
async fn a_child_reads_no_file() {
    let told = told(json!({ "do": "open" })).await;
    assert!(told.starts_with("refused"), "{told}");
}

#[tokio::test]
async fn a_child_reaches_no_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let told = told(json!({ "do": "connect", "address": address })).await;
    assert!(told.starts_with("refused"), "{told}");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "someone connected");
}

/// Whether this kernel has one of the guards at least.
fn is_guarded(found: &Confinement) -> bool {
    [&found.landlock, &found.seccomp]
        .iter()
        .any(|layer| matches!(layer, Layer::Active(_)))
}

#[tokio::test]
async fn a_child_starts_no_process_and_becomes_no_other_program() {
    if !is_guarded(&sandbox(LIMITS).confinement().await.unwrap()) {
        return;
    }
    let told = told(json!({ "do": "fork" })).await;
    assert!(told.starts_with("refused"), "{told}");
    let request = json!({ "do": "become" });
    let turned = sandbox(LIMITS)
        .run(&tenant(), &request, None, no_input())
        .await;
    assert!(matches!(
        turned,
        Err(SandboxError::Rejected { code, .. }) if code == "test"
    ));
}

#[tokio::test]
async fn a_parser_may_use_threads() {
    assert_eq!(told(json!({ "do": "thread" })).await, "Ok(1048576)");
}

/// Each of the two guards refuses all of it alone. Without either, the limit on open files is left.
#[tokio::test]
async fn the_confinement_is_found_out_by_trying() {
    let found = sandbox(LIMITS).confinement().await.unwrap();
    let tried: Vec<_> = found.attempts.iter().map(|attempt| attempt.what).collect();
    let all = [
        Deed::ReadFile,
        Deed::WriteFile,
        Deed::UseNetwork,
        Deed::SignalServer,
        Deed::StartProcess,
        Deed::RunProgram,
    ];
    assert_eq!(tried, all);
    let guarded = is_guarded(&found);
    for attempt in &found.attempts {
        let always = [Deed::ReadFile, Deed::WriteFile, Deed::UseNetwork];
        if guarded || always.contains(&attempt.what) {
            assert!(attempt.refused.is_some(), "{found:?}");
        }
    }
}

#[tokio::test]
async fn a_program_that_is_no_child_has_no_confinement_to_tell_of() {
    let sandbox = Sandbox::new(SandboxConfig {
        program: "/bin/false".into(),
        ..config()
    });
    let found = sandbox.unwrap().confinement().await;
    assert!(matches!(found, Err(SandboxError::Io(_))), "{found:?}");
}
