//! One document's way: uploaded, kept, read, with its executions followed live.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::bundle::Document;
use crate::cli::failure::Failure;
use crate::cli::output::{bytes, clean, duration, note, short};
use crate::client::{Client, completed};

const TICK: Duration = Duration::from_millis(80);

/// Where progress is shown: a line per document on a terminal, which goes when all is done; otherwise plain lines.
pub(super) struct Stage {
    bars: MultiProgress,
    on_terminal: bool,
    name_width: usize,
}

impl Stage {
    pub(super) fn new(name_width: usize) -> Self {
        Self {
            bars: MultiProgress::new(),
            on_terminal: std::io::stderr().is_terminal(),
            name_width: name_width.min(48),
        }
    }

    /// Takes all lines away; the report says it better.
    pub(super) fn clear(&self) {
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
pub(super) struct Understood {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) took: Duration,
    pub(super) outcome: Result<Reading, Failure>,
}

/// What was read of a document.
pub(super) struct Reading {
    /// The file's id, and the execution that read it.
    pub(super) file_id: String,
    pub(super) execution_id: String,
    /// The payload of `parse_content`.
    pub(super) facts: Value,
    /// Its renderings: `text_preview`, `table_previews`, `outline`, `warnings`.
    pub(super) renderings: Value,
}

/// Takes one document all the way.
pub(super) async fn understand(client: &Client, stage: &Stage, document: Document) -> Understood {
    let line = stage.line(&document.name);
    let started = Instant::now();
    let outcome = go(client, &line, &document).await;
    let took = started.elapsed();
    line.reach(match &outcome {
        Ok(reading) => format!(
            "read in {}: {}",
            duration(took),
            clean(reading.facts["summary"].as_str().unwrap_or_default())
        ),
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

async fn go(client: &Client, line: &Line, document: &Document) -> Result<Reading, Failure> {
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
    let (file, _) = follow(client, line, &execution, "taking it in").await?;
    let file_id = id(&file["semantic_payload"], "file_id");
    let contract = &file["semantic_payload"]["boundary_contract_id"];
    let keep = json!({ "file_id": file_id, "boundary_contract_id": contract });
    let accepted = client.submit("save_materialization", keep).await?;
    follow(client, line, &id(&accepted, "execution_id"), "keeping it").await?;
    line.reach("reading".to_owned());
    let accepted = client
        .submit("parse_content", json!({ "file_id": file_id }))
        .await?;
    let execution_id = id(&accepted, "execution_id");
    let (mut parsed, _) = follow(client, line, &execution_id, "reading").await?;
    Ok(Reading {
        file_id,
        execution_id,
        facts: parsed["semantic_payload"].take(),
        renderings: parsed["renderings"].take(),
    })
}

/// Follows an execution live to its end; answers its main artifact and its last status.
async fn follow(
    client: &Client,
    line: &Line,
    execution: &str,
    doing: &str,
) -> Result<(Value, String), Failure> {
    let status = client
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
    Ok((completed(ended)?, status))
}

fn id(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
