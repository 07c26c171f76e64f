//! The fuzz targets of `fuzz/`, half a minute each, one run for every parser. Part of `--slow` alone.
//!
//! They are built by the compiler that builds everything else, which is told to take the flags of a nightly one: what
//! libFuzzer steers by is not stable yet. libFuzzer itself needs a C++ compiler. `cargo +nightly fuzz` builds them the
//! same way; nothing here needs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;

use crate::{command, say};

use super::Run;

/// How long a target runs, in seconds.
const SECONDS: u32 = 30;
/// How long one input may take, in seconds, and how much memory, in MiB: with what the sanitizer adds.
const INPUT_SECONDS_MAX: u32 = 25;
const MEMORY_MIB_MAX: u32 = 2048;
/// The longest input that is made up.
const INPUT_BYTES_MAX: u32 = 64 << 10;
/// The machine the targets are built for; named, so that the flags are not for build scripts.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// What `cargo fuzz` builds with: coverage of edges and of comparisons, and the address sanitizer.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Zsanitizer=address";

pub(super) fn run(run: &mut Run) -> anyhow::Result<()> {
    if !run.slow {
        say::note("only with --slow");
        return Ok(());
    }
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        say::note("fuzzing is left out: it is set up for Linux on x86-64");
        return Ok(());
    }
    let metadata = MetadataCommand::new()
        .current_dir(&run.root)
        .no_deps()
        .exec();
    let target = metadata
        .context("cannot read the workspace")?
        .target_directory;
    let folder = target.as_std_path().join("fuzz");
    let mut build = command::cargo();
    build
        .args(["build", "--release", "--target", TARGET, "--manifest-path"])
        .arg(run.root.join("fuzz/Cargo.toml"))
        .arg("--target-dir")
        .arg(&folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", FLAGS);
    command::run(&mut build)?;
    let fuzzing = Fuzzing {
        programs: folder.join(TARGET).join("release"),
        found: folder.join("inputs"),
        seeds: seeds(&run.root)?,
    };
    fuzzing.target("sniff", None)?;
    fuzzing.target("stream", None)?;
    let formats = crate::read(&run.root.join("fuzz/formats.txt"))?;
    for format in formats.lines() {
        fuzzing.target("parse", Some(format))?;
    }
    Ok(())
}

/// The folders of the corpus that the parsers are tested with.
fn seeds(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let corpus = root.join("crates/documents/corpus");
    let mut folders = Vec::new();
    for entry in fs::read_dir(&corpus).context("cannot read the corpus")? {
        let path = entry.context("cannot read the corpus")?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

struct Fuzzing {
    programs: PathBuf,
    /// Where the inputs go that reached something new; they are the seeds of the next run.
    found: PathBuf,
    seeds: Vec<PathBuf>,
}

impl Fuzzing {
    fn target(&self, name: &str, format: Option<&str>) -> anyhow::Result<()> {
        let label = format.map_or_else(|| name.to_owned(), |format| format!("{name}-{format}"));
        let found = self.found.join(&label);
        fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let crashes = self.found.join(format!("{label}-found-"));
        let mut program = Command::new(self.programs.join(name));
        program
            .arg(&found)
            .args(&self.seeds)
            .arg(format!("-max_total_time={SECONDS}"))
            .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
            .arg(format!("-max_len={INPUT_BYTES_MAX}"))
            .arg(format!("-artifact_prefix={}", crashes.display()))
            .args(["-print_final_stats=1", "-verbosity=0"]);
        if let Some(format) = format {
            program.env("CIVITAS_FUZZ_FORMAT", format);
        }
        say::note(&format!("fuzzing {label} for {SECONDS} s"));
        command::run(&mut program).with_context(|| {
            format!(
                "{label} found an input that breaks it, beside {}: mend it and keep the input as a test",
                crashes.display()
            )
        })
    }
}
