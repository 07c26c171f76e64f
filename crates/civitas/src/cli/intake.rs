//! One document's way: uploaded and, if wanted, kept and read, with its executions followed live.

use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{bytes, clean, duration, note, short};
use crate::client::{Client, Source, completed};

const TICK: Duration = Duration::from_millis(80);

/// A document to take in.
pub(crate) struct Document {
    /// The name it gets.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its bytes.
    pub(crate) source: Source,
}

impl Document {
    /// The file at a path, under its own name.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        let facts = std::fs::metadata(path)
            .map_err(|error| Failure::NotFound(format!("{}: {error}", path.display())))?;
        if !facts.is_file() {
            let message = format!("{} is no file: name the files in it", path.display());
            return Err(Failure::Usage(message));
        }
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            size: facts.len(),
            source: Source::Path(path.to_owned()),
        })
    }
}

/// How far a document goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Stored.
    Stored,
    /// Stored, kept and read.
    Read,
}

/// Where progress is shown: a line per document on a terminal, which goes when all is done; otherwise plain lines.
pub(crate) struct Stage {
    bars: MultiProgress,
    on_terminal: bool,
    name_width: usize,
}

impl Stage {
    pub(crate) fn new(name_width: usize) -> Self {
        Self {
            bars: MultiProgress::new(),
            on_terminal: std::io::stderr().is_terminal(),
            name_width: name_width.min(48),
        }
    }

    /// Takes all lines away; the report says it better.
    pub(crate) fn clear(&self) {
        // A terminal that cannot be cleared is only less tidy.
        let _ = self.bars.clear();
    }

    fn line(&self, name: &str) -> Line {
        let width = self.name_width;
        let name = short(name, width);
        if !self.on_terminal {
            return Line {
                bar: ProgressBar::hidden(),
                plain: Some(format!("{name:<width$}")),
            };
        }
        let bar = self.bars.add(ProgressBar::new_spinner());
        let template = "  {spinner:.cyan} {prefix}  {msg:.dim}";
        bar.set_style(
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.set_prefix(format!("{name:<width$}"));
        bar.enable_steady_tick(TICK);
        Line { bar, plain: None }
    }
}

/// One document's line.
struct Line {
    bar: ProgressBar,
    plain: Option<String>,
}

impl Line {
    /// A stage is reached.
    fn reach(&self, message: String) {
        match &self.plain {
            Some(name) => note(&format!("  {name}  {message}")),
            None => self.bar.set_message(message),
        }
    }

    /// Something moved within the stage; only worth showing where it can be overwritten.
    fn move_on(&self, message: String) {
        self.bar.set_message(message);
    }
}

/// What became of a document.
pub(crate) struct Understood {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) took: Duration,
    pub(crate) outcome: Result<Reading, Failure>,
}

/// What was read of a document.
pub(crate) struct Reading {
    /// The file's id, and the execution that read it.
    pub(crate) file_id: String,
    pub(crate) execution_id: String,
    /// The payload of `ingest_file`.
    pub(crate) file: Value,
    /// The payload of `parse_content`; null unless it was read.
    pub(crate) facts: Value,
    /// Its renderings: `text_preview`, `table_previews`, `outline`, `parts`, `warnings`.
    pub(crate) renderings: Value,
}

/// Takes one document all the way.
pub(crate) async fn understand(
    client: &Client,
    stage: &Stage,
    depth: Depth,
    document: Document,
) -> Understood {
    let line = stage.line(&document.name);
    let started = Instant::now();
    let outcome = go(client, &line, depth, &document).await;
    let took = started.elapsed();
    let took_shown = duration(took);
    line.reach(match &outcome {
        Ok(reading) if reading.facts.is_null() => format!("stored in {took_shown}"),
        Ok(reading) => {
            let summary = reading.facts["summary"].as_str().unwrap_or_default();
            format!("read in {took_shown}: {}", clean(summary))
        }
        Err(failure) => format!("failed: {}", clean(&failure.to_string())),
    });
    line.bar.finish();
    Understood {
        name: document.name,
        size: document.size,
        took,
        outcome,
    }
}

async fn go(
    client: &Client,
    line: &Line,
    depth: Depth,
    document: &Document,
) -> Result<Reading, Failure> {
    let size = document.size;
    line.reach(format!("uploading {}", bytes(size)));
    let bar = line.bar.clone();
    let sent_so_far = std::sync::atomic::AtomicU64::new(0);
    let sent = move |count: u64| {
        let done = count + sent_so_far.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        bar.set_message(format!("uploading {} of {}", bytes(done), bytes(size)));
    };
    let uploaded = client
        .upload(&document.name, &document.source, sent)
        .await?;
    let execution = id(&uploaded, "execution_id");
    let mut file =
        follow(client, line, &execution, "taking it in").await?["semantic_payload"].take();
    let file_id = id(&file, "file_id");
    if depth == Depth::Stored {
        file["execution_id"] = execution.clone().into();
        return Ok(Reading {
            file_id,
            execution_id: execution,
            file,
            facts: Value::Null,
            renderings: Value::Null,
        });
    }
    let contract = &file["boundary_contract_id"];
    let keep = json!({ "file_id": file_id, "boundary_contract_id": contract });
    let accepted = client.submit("save_materialization", keep).await?;
    follow(client, line, &id(&accepted, "execution_id"), "keeping it").await?;
    line.reach("reading".to_owned());
    let accepted = client
        .submit("parse_content", json!({ "file_id": file_id }))
        .await?;
    let execution_id = id(&accepted, "execution_id");
    let mut parsed = follow(client, line, &execution_id, "reading").await?;
    Ok(Reading {
        file_id,
        execution_id,
        file,
        facts: parsed["semantic_payload"].take(),
        renderings: parsed["renderings"].take(),
    })
}

/// Follows an execution live to its end; answers its main artifact.
async fn follow(
    client: &Client,
    line: &Line,
    execution: &str,
    doing: &str,
) -> Result<Value, Failure> {
    client
        .follow(execution, 0, |message| {
            let what = match message["event_type"].as_str() {
                Some("STEP_COMPLETED" | "EVENT") => message["name"].as_str().unwrap_or_default(),
                Some("EXECUTION_RETRYING") => "trying again",
                _ => return,
            };
            line.move_on(format!("{doing}: {}", clean(what)));
        })
        .await?;
    let ended = client.wait(execution).await?;
    completed(&ended)
}

fn id(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
