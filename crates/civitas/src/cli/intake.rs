//! One document's way: uploaded and, if wanted, kept and read, with its executions followed live.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{bytes, clean, duration, note, short};
use crate::client::{Client, Source, completed};

const TICK: Duration = Duration::from_millis(80);
/// How long search may take to catch up with what was read, and how often it is asked.
const SEARCH_PATIENCE: Duration = Duration::from_mins(1);
const SEARCH_INTERVAL: Duration = Duration::from_millis(20);
/// More documents than this are many.
const MANY: usize = 20;
/// Of many documents, this is how often their number is noted where nothing can be overwritten.
const NOTED_EVERY: usize = 100;

/// A document to take in.
pub(crate) struct Document {
    /// The name it gets.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its bytes.
    pub(crate) source: Source,
    /// The file of the same content that the server has already, as its facts say.
    pub(crate) known: Option<Value>,
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
            known: None,
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

/// Where progress is shown: a line per document on a terminal, which goes when all is done; otherwise plain lines. Of many
/// documents only those on their way have a line, and one line counts them all.
pub(crate) struct Stage {
    bars: MultiProgress,
    on_terminal: bool,
    name_width: usize,
    /// How many there are, when they are many, and how many are done.
    many: Option<(usize, AtomicUsize, ProgressBar)>,
}

impl Stage {
    pub(crate) fn new(name_width: usize, count: usize) -> Self {
        let bars = MultiProgress::new();
        let on_terminal = std::io::stderr().is_terminal();
        let many = (count > MANY).then(|| {
            let bar = ProgressBar::new(count as u64);
            let template = "  {bar:30.cyan} {pos} of {len} files  {eta:.dim}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            let bar = if on_terminal {
                bars.add(bar)
            } else {
                ProgressBar::hidden()
            };
            (count, AtomicUsize::new(0), bar)
        });
        Self {
            bars,
            on_terminal,
            name_width: name_width.min(48),
            many,
        }
    }

    /// One document is done.
    fn count(&self, line: &Line, failed: bool) {
        let Some((total, done, bar)) = &self.many else {
            line.bar.finish();
            return;
        };
        line.bar.finish_and_clear();
        self.bars.remove(&line.bar);
        bar.inc(1);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.on_terminal && !failed && (done.is_multiple_of(NOTED_EVERY) || done == *total) {
            note(&format!("  {done} of {total} files"));
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
        if !self.on_terminal && self.many.is_some() {
            return Line {
                bar: ProgressBar::hidden(),
                plain: None,
            };
        }
        if !self.on_terminal {
            return Line {
                bar: ProgressBar::hidden(),
                plain: Some(format!("{name:<width$}")),
            };
        }
        let bar = ProgressBar::new_spinner();
        let bar = match &self.many {
            Some((_, _, all)) => self.bars.insert_before(all, bar),
            None => self.bars.add(bar),
        };
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
    /// Whether the server had it already, as far as it was to go.
    pub(crate) was_there: bool,
    /// Its renderings: `text_preview`, `table_previews`, `outline`, `parts`, `warnings`.
    pub(crate) renderings: Value,
}

impl Understood {
    /// For machines.
    pub(crate) fn to_json(&self) -> Value {
        match &self.outcome {
            Ok(reading) => json!({
                "name": self.name,
                "file_id": reading.file_id,
                "execution_id": reading.execution_id,
                "file": reading.file,
                "there_already": reading.was_there,
                "parsed_content": reading.facts,
            }),
            Err(failure) => json!({ "name": self.name, "error": failure.to_string() }),
        }
    }
}

/// Waits until search has seen everything that was read so far; what others bring in meanwhile is not waited for.
pub(crate) async fn wait_for_search(client: &Client) -> Result<(), Failure> {
    let position = |health: &Value| {
        let search = &health["components"]["search"];
        Some((search["applied"].as_u64()?, search["behind"].as_u64()?))
    };
    let wanted = position(&client.health().await?).map(|(applied, behind)| applied + behind);
    let caught_up = async {
        loop {
            let found = position(&client.health().await?).map(|(applied, _)| applied);
            if found >= wanted {
                return Ok(());
            }
            tokio::time::sleep(SEARCH_INTERVAL).await;
        }
    };
    tokio::time::timeout(SEARCH_PATIENCE, caught_up)
        .await
        .map_err(|_| {
            Failure::failed(
                "everything was read, but search has not caught up within a minute: search again later, and look at the server's log",
            )
        })?
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
        Ok(reading) if reading.was_there => "there already".to_owned(),
        Ok(reading) if reading.facts.is_null() => format!("stored in {took_shown}"),
        Ok(reading) => {
            let summary = reading.facts["summary"].as_str().unwrap_or_default();
            format!("read in {took_shown}: {}", clean(summary))
        }
        Err(failure) => format!("failed: {}", clean(&failure.to_string())),
    });
    stage.count(&line, outcome.is_err());
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
    let (file, execution, was_there) = match &document.known {
        Some(file) => (file.clone(), String::new(), true),
        None => {
            let (file, execution) = upload(client, line, document).await?;
            (file, execution, false)
        }
    };
    let stored = Reading {
        file_id: id(&file, "file_id"),
        execution_id: execution,
        file,
        facts: Value::Null,
        was_there,
        renderings: Value::Null,
    };
    if depth == Depth::Stored || (was_there && is_read(client, &stored.file).await?) {
        return Ok(stored);
    }
    read(client, line, stored).await
}

/// Uploads a document; answers the file's facts and the execution that took it in.
async fn upload(
    client: &Client,
    line: &Line,
    document: &Document,
) -> Result<(Value, String), Failure> {
    let size = document.size;
    line.reach(format!("uploading {}", bytes(size)));
    let bar = line.bar.clone();
    let sent = move |done: u64| {
        bar.set_message(format!("uploading {} of {}", bytes(done), bytes(size)));
    };
    let uploaded = client
        .upload(&document.name, &document.source, sent)
        .await?;
    let execution = id(&uploaded, "execution_id");
    let mut file =
        follow(client, line, &execution, "taking it in").await?["semantic_payload"].take();
    file["execution_id"] = execution.clone().into();
    Ok((file, execution))
}

/// Whether a file that the server has was saved and read before.
async fn is_read(client: &Client, file: &Value) -> Result<bool, Failure> {
    let facts = client
        .run("get_file_by_id", json!({ "file_id": file["file_id"] }))
        .await?;
    Ok(facts["status"] == "active" && !facts["parsed_file_id"].is_null())
}

/// Keeps and reads a file that is stored.
async fn read(client: &Client, line: &Line, stored: Reading) -> Result<Reading, Failure> {
    let file_id = &stored.file_id;
    let contract = &stored.file["boundary_contract_id"];
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
        execution_id,
        facts: parsed["semantic_payload"].take(),
        renderings: parsed["renderings"].take(),
        was_there: false,
        ..stored
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
