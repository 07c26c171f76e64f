//! What needs no server: compiling a folder and running its tests.

use std::path::PathBuf;

use anyhow::Context;
use civitas_governance::Finding;
use civitas_governance::policies::{Compiled, Draft};
use civitas_policy::{PolicySet, read_tests, run_tests};
use serde_json::json;

use super::folder;
use crate::cli::failure::{Failure, document};
use crate::cli::output::{self, BAD, BOLD, DIM, GOOD, clean, counted, data, note};

/// `civitas policy validate`.
pub(super) async fn validate(path: PathBuf, machine: bool) -> anyhow::Result<()> {
    let mut draft = folder::read(path).await?;
    draft.tests.clear();
    let compiled = compile(draft).await?;
    let policies = compiled.set.len();
    if machine {
        let answer = json!({ "policies": policies, "fingerprint": compiled.set.fingerprint() });
        return Ok(output::json(&answer)?);
    }
    note(&format!(
        "{GOOD}valid{GOOD:#}: {}, fingerprint {}",
        counted(policies, "policy"),
        short(&compiled.set)
    ));
    Ok(())
}

/// `civitas policy test`.
pub(super) async fn test(path: PathBuf, machine: bool) -> anyhow::Result<()> {
    let draft = folder::read(path).await?;
    let untested = Draft {
        tests: Vec::new(),
        ..draft.clone()
    };
    let compiled = compile(untested).await?;
    let (results, passed, failed) =
        tokio::task::spawn_blocking(move || tested(&draft, &compiled.set))
            .await
            .context("the tests were stopped")??;
    if machine {
        output::json(&json!({ "passed": passed, "failed": failed, "tests": results }))?;
    } else {
        let mut file = "";
        for result in &results {
            let name = result["file"].as_str().unwrap_or_default();
            if name != file {
                data(&format!("{BOLD}{}{BOLD:#}", clean(name)))?;
                file = name;
            }
            let title = clean(result["name"].as_str().unwrap_or_default());
            match result["message"].as_str() {
                None => data(&format!("  {GOOD}✓{GOOD:#} {title}"))?,
                Some(message) => {
                    data(&format!("  {BAD}✗ {title}{BAD:#}"))?;
                    data(&format!("    {}", clean(message)))?;
                }
            }
        }
    }
    if failed > 0 {
        return Err(Failure::failed(format!("{failed} of {} tests fail", passed + failed)).into());
    }
    if !machine {
        let verb = if passed == 1 { "passes" } else { "pass" };
        note(&format!("{GOOD}{} {verb}{GOOD:#}", counted(passed, "test")));
    }
    Ok(())
}

type Tested = (Vec<serde_json::Value>, usize, usize);

fn tested(draft: &Draft, set: &PolicySet) -> Result<Tested, Failure> {
    let (mut results, mut passed, mut failed) = (Vec::new(), 0, 0);
    for file in &draft.tests {
        let tests = read_tests(&file.name, &file.text)
            .map_err(|error| Failure::failed(error.to_string()))?;
        for test in &tests {
            let failure = run_tests(set, std::slice::from_ref(test)).pop();
            match failure {
                None => passed += 1,
                Some(_) => failed += 1,
            }
            let message = failure.map(|failure| failure.message);
            results.push(json!({ "file": file.name, "name": test.name, "message": message }));
        }
    }
    if results.is_empty() {
        let message = "the folder has no tests: write some in files named *.test.toml";
        return Err(Failure::NotFound(message.to_owned()));
    }
    Ok((results, passed, failed))
}

/// Compiles a draft, its tests included, or says everything that is wrong with it.
pub(super) async fn compile(draft: Draft) -> anyhow::Result<Compiled> {
    let compiling = tokio::task::spawn_blocking(move || draft.compile());
    let compiled = compiling.await.context("compiling was stopped")?;
    Ok(compiled.map_err(|findings| refused(&findings))?)
}

/// What is wrong, one line each, as a compiler says it.
fn refused(findings: &[Finding]) -> Failure {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    let mut problem = document("validation_failed", &lines.join("\n"));
    problem["problems"] = json!(findings);
    let count = match findings.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    Failure::Told {
        message: format!("{count}\n  {}", lines.join("\n  ")),
        code: "validation_failed".to_owned(),
        problem: Box::new(problem),
    }
}

/// The beginning of a fingerprint, as people compare them.
pub(super) fn short(set: &PolicySet) -> String {
    format!("{DIM}{}{DIM:#}", &set.fingerprint()[..12])
}
