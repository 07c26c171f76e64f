//! Interpreters that are told what to run, and those that run what they read.

use crate::shell::{Command, Word};

/// Whether an interpreter is told what to run, so that what it reads is data: `python3 -m json.tool`, `node -e …`, `psql -c …`.
pub(crate) fn reads_data(command: &Command) -> bool {
    let told: &[&str] = match command.name() {
        "python" | "python3" => &["-c", "-m"],
        "node" | "bun" | "deno" => &["-e", "--eval", "-p", "--print"],
        "perl" | "ruby" => &[
            "-e", "-ne", "-pe", "-lne", "-nle", "-lpe", "-ple", "-ane", "-lane", "-nE", "-E",
        ],
        "php" => &["-r"],
        "psql" => &["-c"],
        "mysql" => &["-e"],
        _ => return false,
    };
    let is_code = |word: &Word| told.contains(&word.text.as_str());
    let arguments = command.arguments();
    // The code itself must be known, and must not run what it reads.
    let runs = |word: &Word| {
        word.dynamic
            || [
                "exec",
                "eval",
                "system",
                "popen",
                "subprocess",
                "spawn",
                "`",
                "-m code",
                "compile",
                "Function",
                "vm.",
                "import(",
            ]
            .iter()
            .any(|mark| word.text.contains(mark))
    };
    let module = |at: usize| arguments.get(at).is_some_and(|word| word.text == "-m");
    let harmless = [
        "json.tool",
        "http.server",
        "base64",
        "gzip",
        "zlib",
        "csv",
        "html",
        "calendar",
        "tarfile",
        "zipfile",
        "tokenize",
        "ast",
        "pprint",
    ];
    let at = arguments.iter().position(is_code);
    let names_code = at.and_then(|at| arguments.get(at + 1).map(|code| (at, code)));
    names_code.is_some_and(|(at, code)| {
        !runs(code) && (!module(at) || harmless.contains(&code.text.as_str()))
    })
}
