//! `parse_content`: turn a stored file into text, structure and searchable pieces.

use bytes::Bytes;
/// The largest structure that is kept of a file, in bytes of JSON.
pub(crate) use civitas_documents::DOCUMENT_BYTES_MAX;
use civitas_documents::{CHUNKS_MAX, Chunk, Document, Options, ParsingType, Request, chunks};
use civitas_intent::host::Stored;
use civitas_intent::prelude::*;
use civitas_model::artifact::Lifecycle;
use civitas_model::{ArtifactId, PendingIntent, RecordId, Timestamp, pending};

use crate::{blob, facts, preview, searchable};

/// Records after which progress is shown.
const PROGRESS_STEP: usize = 512;

/// Read a stored file: text, tables, outline, and pieces for search.
///
/// A file may be read before or after `save_materialization`. Reading it again replaces what search finds of it; the
/// older result is archived and stays readable under its own id.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ParseContent {
    /// The file, as returned by `ingest_file`.
    file_id: FileId,
    /// The file's reference; when sent, it must name the same file.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
    /// How to read it; chosen from the options and the file's format when absent.
    parsing_type: Option<ParsingType>,
    /// Finer wishes, all optional. Options that are not known are listed in the answer as `ignored_options`.
    #[schemars(with = "Option<Options>")]
    parse_options: Option<Value>,
}

/// What was read.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ParsedContent {
    /// The result. Read it in full with `get_parsed_file`.
    parsed_file_id: ArtifactId,
    /// The reference older clients pass around: `parsed:<tenant>:<session>:<parsed_file_id>`.
    parsed_file_reference: String,
    /// The file that was read.
    file_id: FileId,
    /// The reading the file was given.
    parsing_type: ParsingType,
    /// Always `completed`: a file that cannot be read fails the execution, with the reason.
    parsing_status: String,
    /// Rows of the tables of a data file, otherwise blocks of content.
    record_count: u64,
    /// The options the file was read with, those not sent at their defaults.
    parse_options: Options,
    /// Options that were sent and are not known.
    ignored_options: Vec<String>,
    /// A few facts in one line, such as `3 pages, 2 tables, 1,204 words`.
    summary: String,
    /// The title, where the file states one.
    title: Option<String>,
    /// The type by content, such as `pdf`.
    file_type: String,
    /// The media type by content.
    mime_type: String,
    /// Whether there is any text. A scan without recognised characters has none, and is found by its name only.
    has_text: bool,
    /// How many pages there are, where the format has pages.
    page_count: Option<u32>,
    /// How many tables there are.
    table_count: u64,
    /// How many pieces search can find.
    chunk_count: u64,
    /// How many places could not be read as they stand; the first of them are rendered as `warnings`.
    warnings_count: u64,
    /// SHA-256 of the structure: the same bytes, read the same way, give the same fingerprint.
    fingerprint: String,
    /// The older result of this file that was archived, if there was one.
    replaced_parsed_file_id: Option<ArtifactId>,
}

impl Intent for ParseContent {
    const NAME: &'static str = "parse_content";
    const ARTIFACT: &'static str = "parsed_content";
    const ALIASES: &'static [&'static str] = &["parsed_file", "preview"];
    const EVENTS: &'static [&'static str] = &["content_parsed"];
    // A parse holds its document in memory, and a queue here costs less than a full queue of the sandbox.
    const POLICY: Policy = Policy {
        concurrency_max: 8,
        ..Policy::DEFAULT
    };
    type Output = ParsedContent;

    async fn handle(self, cx: &mut Context) -> Result<Answer<ParsedContent>> {
        let file = facts::find_by(cx, Some(&self.file_id), self.file_reference.as_deref()).await?;
        facts::must_be_usable(&file)?;
        let (options, ignored_options) = self.options()?;
        // Two at once would leave two results that both count as the newest, and pieces of either to be found.
        searchable::enter(cx, &file.file_id).await?;
        let request = Request {
            name: file_name(&file).to_owned(),
            parsing_type: self.parsing_type,
            options: options.clone(),
        };
        let stored: Stored = cx
            .step("parse", cx.sandbox(&file.digest, json!(request)))
            .await?;
        let bytes = document_bytes(cx, &stored.digest, stored.size).await?;
        // A large document takes a while to decode and to cut up: not on a thread that others need.
        let read = cx.compute(move || {
            let document = decode(&bytes)?;
            let pieces = chunks(&document);
            Ok::<_, Error>((document, pieces))
        });
        let (document, pieces) = read.await??;
        // The sandbox took its time: what is built on is read again.
        let file = facts::find(cx, &self.file_id).await?;
        facts::must_be_usable(&file)?;
        let now = cx.now().await?;
        let chunk_count = pieces.len() as u64;
        searchable::put_read(cx, &file, &pieces).await?;
        let (parsed, replaced) = register(cx, &file, &document, &stored.digest, now).await?;
        complete_prepared(cx, &parsed, &file, now).await?;
        let event = json!({
            "file_id": file.file_id,
            "parsed_file_id": parsed,
            "record_count": document.record_count,
            "chunk_count": chunk_count,
        });
        cx.emit("content_parsed", event).await?;
        let payload = ParsedContent {
            parsed_file_reference: reference(&file, &parsed),
            parsed_file_id: parsed,
            file_id: file.file_id,
            parsing_type: document.parsing_type,
            parsing_status: "completed".to_owned(),
            record_count: document.record_count,
            parse_options: options,
            ignored_options,
            summary: summary(&document, chunk_count),
            title: document
                .title
                .as_deref()
                .map(|title| preview::shorten(title, 300)),
            file_type: document.file_type.clone(),
            mime_type: document.mime_type.clone(),
            has_text: chunk_count > 0,
            page_count: document.pages,
            table_count: document.tables.len() as u64,
            chunk_count,
            warnings_count: document.warnings.len() as u64,
            fingerprint: document.fingerprint.clone(),
            replaced_parsed_file_id: replaced,
        };
        let previews = preview::renderings(&document).into_iter();
        Ok(
            previews.fold(Answer::new(payload), |answer, (name, value)| {
                answer.rendering(name, value)
            }),
        )
    }
}

impl ParseContent {
    /// The options, and the names of those nobody knows.
    fn options(&self) -> Result<(Options, Vec<String>)> {
        let given = self.parse_options.clone().unwrap_or_else(|| json!({}));
        let known = json!(Options::default());
        let ignored = given.as_object().map(|given| {
            let names = given
                .keys()
                .filter(|name| known.get(name.as_str()).is_none());
            names
                .map(|name| preview::shorten(name, 100))
                .take(20)
                .collect()
        });
        let options = serde_json::from_value(given)
            .map_err(|error| reject(format!("parse_options cannot be used: {error}")))?;
        Ok((options, ignored.unwrap_or_default()))
    }
}

/// The name that chooses between formats that look alike.
pub(crate) fn file_name(file: &File) -> &str {
    let original = file.metadata.get("filename").and_then(Value::as_str);
    original.unwrap_or(&file.ui_name)
}

/// The reference older clients pass around.
pub(crate) fn reference(file: &File, parsed: &ArtifactId) -> String {
    format!("parsed:{}:{}:{parsed}", file.tenant_id, file.session_id)
}

/// What the confined child understood of a file, to be decoded by [`decode`].
pub(crate) async fn document_bytes(cx: &Context, digest: &str, size: u64) -> Result<Bytes> {
    if size > DOCUMENT_BYTES_MAX {
        return Err(reject(format!(
            "what was read of the file takes {size} bytes, more than {DOCUMENT_BYTES_MAX}: split the file, or keep fewer rows or pages with parse_options.rows_max and parse_options.pages_max"
        )));
    }
    cx.get_blob(digest, DOCUMENT_BYTES_MAX).await
}

/// What the confined child understood of a file, decoded where that takes no time from others.
pub(crate) async fn read_document(cx: &Context, digest: &str, size: u64) -> Result<Document> {
    let bytes = document_bytes(cx, digest, size).await?;
    cx.compute(move || decode(&bytes)).await?
}

/// Reads back what the confined child understood of a file. Takes long for a large one: see [`Context::compute`].
pub(crate) fn decode(bytes: &[u8]) -> Result<Document> {
    serde_json::from_slice(bytes).map_err(|error| {
        retry(format!(
            "the structure of the file cannot be read back: {error}"
        ))
    })
}

fn summary(document: &Document, chunk_count: u64) -> String {
    let facts = document.summary();
    if chunk_count >= CHUNKS_MAX as u64 {
        return format!("{facts}; search finds only its first {CHUNKS_MAX} pieces");
    }
    if chunk_count > 0 {
        return facts;
    }
    let why = document.warnings.first().map(|warning| {
        let message = preview::shorten(&warning.message, 200);
        format!("; {message}")
    });
    format!(
        "no text was found, so only the name can be searched: {facts}{}",
        why.unwrap_or_default()
    )
}

/// Makes the pieces searchable in place of those of an earlier reading.
pub(crate) async fn put_records(cx: &mut Context, file: &File, pieces: &[Chunk]) -> Result<()> {
    cx.forget_records(file.file_id.as_str()).await?;
    if pieces.is_empty() {
        let facts = json!({ "has_text": false });
        let nameplate = record(file, 0, String::new(), String::new(), facts);
        return cx.put_records(vec![nameplate]).await;
    }
    let mut done = 0;
    for some in pieces.chunks(PROGRESS_STEP) {
        cx.put_records(some.iter().map(|piece| piece_record(file, piece)).collect())
            .await?;
        done += some.len();
        cx.progress(done, pieces.len()).await?;
    }
    Ok(())
}

fn piece_record(file: &File, piece: &Chunk) -> Record {
    let mut facts = json!(piece.place);
    facts["chunk"] = piece.index.into();
    let (heading, text) = (piece.heading.clone(), piece.text.clone());
    record(file, piece.index, heading, text, facts)
}

fn record(file: &File, index: u32, heading: String, body: String, mut metadata: Value) -> Record {
    // What the file is found and counted by, beside its text.
    metadata["ingestion_type"] = json!(file.ingestion_type);
    let tags = file.tags();
    if !tags.is_empty() {
        metadata["tags"] = json!(tags);
    }
    Record {
        record_id: RecordId::trusted(format!("{}:{index}", file.file_id)),
        tenant_id: file.tenant_id.clone(),
        source: "file".to_owned(),
        parent_id: file.file_id.to_string(),
        title: file.ui_name.clone(),
        heading,
        body,
        kind: file.file_type.clone(),
        date: file.created_at,
        metadata,
    }
}

/// Registers the result, archives the one before it, and names the new one with the file. Answers both ids.
async fn register(
    cx: &mut Context,
    file: &File,
    document: &Document,
    digest: &str,
    now: Timestamp,
) -> Result<(ArtifactId, Option<ArtifactId>)> {
    let mut of_file = facts::artifact_of(cx, file).await?;
    let older = match facts::newest_reading(&of_file) {
        Some(older) => cx.artifact(&older).await?,
        None => None,
    };
    let parsed = ArtifactId::trusted(cx.new_id());
    let place = blob::materialization(cx, digest, "json", now);
    let artifact = Artifact {
        artifact_id: parsed.clone(),
        artifact_type: "parsed_content".to_owned(),
        tenant_id: file.tenant_id.clone(),
        produced_by: cx.produced_by(),
        lifecycle_state: Lifecycle::Ready,
        semantic_descriptor: json!({
            "schema": "parsed_content",
            "record_count": document.record_count,
            "parser_type": document.parsing_type,
            "file_type": document.file_type,
            "fingerprint": document.fingerprint,
            "file_id": file.file_id,
        }),
        parent_artifacts: vec![of_file.artifact_id.clone()],
        materializations: vec![place],
        created_at: now,
        updated_at: now,
    };
    cx.put_artifact(artifact).await?;
    if let Some(descriptor) = of_file.semantic_descriptor.as_object_mut() {
        descriptor.insert("parsed_file_id".to_owned(), json!(parsed));
    }
    of_file.updated_at = now;
    searchable::take_over(cx, &mut of_file);
    cx.put_artifact(of_file).await?;
    let Some(mut older) = older.filter(|older| older.lifecycle_state == Lifecycle::Ready) else {
        return Ok((parsed, None));
    };
    older.lifecycle_state = Lifecycle::Archived;
    older.updated_at = now;
    let older_id = older.artifact_id.clone();
    cx.put_artifact(older).await?;
    Ok((parsed, Some(older_id)))
}

/// Closes every parse that was prepared for the file and waits.
async fn complete_prepared(
    cx: &mut Context,
    parsed: &ArtifactId,
    file: &File,
    now: Timestamp,
) -> Result<()> {
    let prepared = cx.pending_intents(&file.file_id.to_artifact_id()).await?;
    let waiting = prepared.into_iter().filter(|prepared| {
        prepared.intent_type == "parse_content" && prepared.status == pending::Status::Pending
    });
    for mut waiting in waiting {
        if let Some(context) = waiting.context.as_object_mut() {
            context.insert("parsed_file_id".to_owned(), json!(parsed));
        }
        let completed = PendingIntent {
            status: pending::Status::Completed,
            updated_at: now,
            ..waiting
        };
        cx.put_pending_intent(completed).await?;
    }
    Ok(())
}
