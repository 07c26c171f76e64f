//! Files through the whole platform, by the command line as people use it: many small ones, and one large one.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::process::Command;

use crate::process::Process;
use crate::records::Generator;
use crate::report::{Case, Report, hundredths, milliseconds};

/// How many small files, and how many bytes of the large one.
pub(crate) struct Sizes {
    pub(crate) small_files: u32,
    pub(crate) large_bytes: u64,
}

pub(crate) async fn run(report: &mut Report, folder: &Path, sizes: &Sizes) -> anyhow::Result<()> {
    let process = Process::start(&folder.join("files")).await?;
    // The first file of a node is not what is measured.
    let first = folder.join("first.txt");
    tokio::fs::write(&first, "one line\n").await?;
    put(&process, &first, &["--wait"]).await?;
    let small = folder.join("small");
    make_small(&small, sizes.small_files)?;
    let watch = process.watch()?;
    let took = put(&process, &small, &["--recursive", "--wait"]).await?;
    let mut case = Case {
        name: "small files, put, read and searchable".to_owned(),
        count: usize::try_from(sizes.small_files).ok(),
        per_second: Some(hundredths(
            f64::from(sizes.small_files) / took.as_secs_f64(),
        )),
        ..Case::default()
    };
    case.figures = watch.end().await?;
    report.add(case);
    let large = folder.join("large.csv");
    make_large(&large, sizes.large_bytes)?;
    let megabytes = sizes.large_bytes / 1_000_000;
    for (name, options) in [
        ("upload", &[][..]),
        ("read and searchable", &["--wait"][..]),
    ] {
        let watch = process.watch()?;
        let took = put(&process, &large, options).await?;
        let mut figures = vec![("took_ms".to_owned(), milliseconds(took))];
        figures.extend(watch.end().await?);
        report.add(Case {
            name: format!("one CSV of {megabytes} MB, {name}"),
            figures,
            ..Case::default()
        });
    }
    process.kill().await
}

/// `civitas files put`, to its end.
async fn put(process: &Process, path: &Path, options: &[&str]) -> anyhow::Result<Duration> {
    let program = std::env::current_exe()?.with_file_name("civitas");
    let began = Instant::now();
    let output = Command::new(program)
        .args(["files", "put", "--json"])
        .args(options)
        .arg(path)
        .env("CIVITAS_SERVER", format!("http://{}", process.address))
        .env("CIVITAS_TOKEN", &process.token)
        .kill_on_drop(true)
        .output()
        .await?;
    ensure!(
        output.status.success(),
        "`civitas files put` failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(began.elapsed())
}

/// Texts, Markdown, CSV, JSON and HTML in turn, each of about a kilobyte, a hundred to a folder.
fn make_small(folder: &Path, count: u32) -> anyhow::Result<()> {
    let mut generator = Generator::new();
    for number in 0..count {
        let folder = folder.join((number / 100).to_string());
        std::fs::create_dir_all(&folder)?;
        let (first, second) = (generator.words(60), generator.words(60));
        let (ending, content) = match number % 5 {
            0 => ("txt", format!("{first}\n\n{second}\n")),
            1 => (
                "md",
                format!("# Note {number}\n\n{first}\n\n## Further\n\n{second}\n"),
            ),
            2 => (
                "csv",
                format!("number,name\n{number},{first}\n{number},{second}\n"),
            ),
            3 => (
                "json",
                format!("{{\"number\": {number}, \"one\": \"{first}\", \"two\": \"{second}\"}}"),
            ),
            _ => (
                "html",
                format!(
                    "<html><body><h1>Page {number}</h1><p>{first}</p><p>{second}</p></body></html>"
                ),
            ),
        };
        std::fs::write(folder.join(format!("{number}.{ending}")), content)?;
    }
    Ok(())
}

/// Rows of six columns until the file is as long as it should be.
fn make_large(path: &Path, bytes: u64) -> anyhow::Result<()> {
    let mut generator = Generator::new();
    let blocks: Vec<String> = (0..64).map(|_| generator.words(4)).collect();
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    let mut written = 0;
    writeln!(file, "number,customer,amount,date,paid,note")?;
    for (number, words) in blocks.iter().cycle().enumerate() {
        let cents = number % 100;
        let line = format!(
            "{number},customer {},{number}.{cents:02},2026-03-04,true,{words}\n",
            number % 977
        );
        file.write_all(line.as_bytes())?;
        written += line.len() as u64;
        if written >= bytes {
            break;
        }
    }
    Ok(file.flush()?)
}
