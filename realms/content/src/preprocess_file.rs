//! `preprocess_file`: a cleaned copy of a text or table, with every change listed.

mod cleaning;
mod table;

use bytes::Bytes;
use civitas_intent::prelude::*;
use civitas_model::{BoundaryContract, ContractId, Timestamp};

use crate::facts::{self, FileFacts};
use crate::ingest_file;
use crate::{name, validate_file};
use cleaning::{Change, clean};

/// The largest file that is cleaned, in bytes: it is held in memory.
const BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Types that are cleaned. Formats that state their encoding in themselves, such as HTML and XML, would lie afterwards.
const TYPES: [&str; 7] = ["txt", "md", "csv", "tsv", "json", "jsonl", "yaml"];

/// Make a cleaned copy of a text or table: UTF-8, one kind of line end, no stray white space, tables in shape.
///
/// The copy is a new file that names the first as what it was derived from; the first stays as it is. Every change is
/// listed with how often it was made and where first. When nothing is to be changed, no copy is made. Works on plain
/// text, Markdown, CSV, TSV, JSON, JSON Lines and YAML of up to 32 MiB.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PreprocessFile {
    /// The file.
    file_id: Option<FileId>,
    /// The file by its reference, `file:<tenant>:<session>:<file_id>`.
    #[schemars(length(min = 1, max = 1024))]
    file_reference: Option<String>,
    /// What to do; everything that is safe for the file's type when absent.
    #[serde(default)]
    preprocessing_options: PreprocessingOptions,
}

/// What to do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PreprocessingOptions {
    /// Change the encoding to UTF-8 without a byte order mark; needed for anything else.
    encoding: bool,
    /// Make all line ends this one.
    line_ends: LineEnds,
    /// Take away white space at the ends of lines, control characters, and blank lines beyond the second in a row. In
    /// Markdown, JSON, JSON Lines and YAML, where they may mean something, only control characters.
    whitespace: bool,
    /// In CSV and TSV: trim cells, drop rows and columns without any value, fill up short rows, and make names of
    /// columns differ. A table in which something was changed is written anew, without blank lines, and with quotes only
    /// where they are needed.
    tables: bool,
    /// Whether a table's first row holds the names of its columns; found out when absent.
    has_header: Option<bool>,
    /// The copy's name; the first's own when absent.
    #[schemars(length(min = 1, max = 255))]
    ui_name: Option<String>,
}

impl Default for PreprocessingOptions {
    fn default() -> Self {
        Self {
            encoding: true,
            line_ends: LineEnds::Lf,
            whitespace: true,
            tables: true,
            has_header: None,
            ui_name: None,
        }
    }
}

/// A kind of line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LineEnds {
    /// As Unix writes them.
    Lf,
    /// As Windows writes them.
    Crlf,
    /// As they are.
    Keep,
}

/// What was changed, and the copy.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PreprocessingResults {
    /// Whether anything was changed.
    preprocessed: bool,
    /// The copy; the first file itself when nothing was changed.
    file_id: FileId,
    /// The file that was cleaned.
    source_file_id: FileId,
    /// Every change.
    changes: Vec<Change>,
    /// How many places were changed.
    change_count: u64,
    /// The options that were applied.
    preprocessing_options: PreprocessingOptions,
    /// The facts of the copy, or of the first file when nothing was changed.
    file: FileFacts,
}

impl Intent for PreprocessFile {
    const NAME: &'static str = "preprocess_file";
    const ARTIFACT: &'static str = "preprocessing_results";
    const EVENTS: &'static [&'static str] = &["file_preprocessed"];
    const POLICY: Policy = Policy {
        concurrency_max: 4,
        ..Policy::DEFAULT
    };
    type Output = PreprocessingResults;

    async fn handle(self, cx: &mut Context) -> Result<Answer<PreprocessingResults>> {
        let options = self.preprocessing_options;
        let wanted_name =
            name::clean_some("preprocessing_options.ui_name", options.ui_name.as_deref())?;
        let source =
            facts::find_by(cx, self.file_id.as_ref(), self.file_reference.as_deref()).await?;
        facts::must_be_usable(&source)?;
        check(&source, &options)?;
        let document = validate_file::read(cx, &source).await?.map_err(|why| {
            reject(format!(
                "the file cannot be read, so it cannot be cleaned: {why}"
            ))
        })?;
        let bytes = cx.get_blob(&source.digest, BYTES_MAX).await?;
        let (file_type, wanted) = (source.file_type.clone(), options.clone());
        let work = cx.compute(move || clean(&file_type, &document, &wanted, &bytes));
        let (cleaned, changes) = work.await??;
        let change_count = changes.iter().map(|change| change.count).sum();
        let file = if changes.is_empty() {
            source.clone()
        } else {
            let name = wanted_name.unwrap_or_else(|| source.ui_name.clone());
            put_copy(cx, &source, name, cleaned, &changes).await?
        };
        let event = json!({
            "file_id": file.file_id,
            "source_file_id": source.file_id,
            "change_count": change_count,
        });
        cx.emit("file_preprocessed", event).await?;
        let payload = PreprocessingResults {
            preprocessed: !changes.is_empty(),
            file_id: file.file_id.clone(),
            source_file_id: source.file_id,
            change_count,
            changes,
            preprocessing_options: options,
            file: file.into(),
        };
        Ok(payload.into())
    }
}

fn check(source: &File, options: &PreprocessingOptions) -> Result<()> {
    if !TYPES.contains(&source.file_type.as_str()) {
        return Err(reject(format!(
            "a file of type {} is not cleaned: only {} are",
            source.file_type,
            TYPES.join(", ")
        )));
    }
    if source.size > BYTES_MAX {
        return Err(reject(format!(
            "the file has {} bytes, more than the {BYTES_MAX} that are cleaned: split it",
            source.size
        )));
    }
    if !options.encoding
        && (options.whitespace || options.tables || options.line_ends != LineEnds::Keep)
    {
        return Err(reject(
            "preprocessing_options.encoding is false, but lines and tables are cleaned in UTF-8 only: turn the others off too, or leave it out",
        ));
    }
    Ok(())
}

/// Keeps the cleaned bytes as a file of their own, under a contract of their own that says what the first's says.
async fn put_copy(
    cx: &mut Context,
    source: &File,
    ui_name: String,
    cleaned: Vec<u8>,
    changes: &[Change],
) -> Result<File> {
    let contract = cx.contract(&source.contract_id).await?.ok_or_else(|| {
        retry(format!(
            "the boundary contract of `{}` cannot be found",
            source.file_id
        ))
    })?;
    let stored = cx.step("store", cx.put_blob(Bytes::from(cleaned))).await?;
    let now = cx.now().await?;
    let file = File {
        file_id: FileId::trusted(cx.new_id()),
        session_id: cx.session_id().clone(),
        ui_name,
        size: stored.size,
        digest: stored.digest,
        contract_id: ContractId::trusted(cx.new_id()),
        metadata: json!({
            "filename": source.metadata.get("filename"),
            "derived_from": {
                "file_id": source.file_id,
                "file_hash": source.digest,
                "by": "preprocess_file",
                "execution_id": cx.execution_id(),
                "changes": changes,
            },
        }),
        created_at: now,
        updated_at: now,
        ..source.clone()
    };
    cx.put_contract(contract_of(cx, contract, source, &file, now))
        .await?;
    let mut artifact = ingest_file::artifact_for(cx, &file);
    artifact.parent_artifacts = vec![source.file_id.to_artifact_id()];
    cx.put_file(file.clone()).await?;
    cx.put_artifact(artifact).await?;
    Ok(file)
}

fn contract_of(
    cx: &Context,
    first: BoundaryContract,
    source: &File,
    file: &File,
    now: Timestamp,
) -> BoundaryContract {
    BoundaryContract {
        contract_id: file.contract_id.clone(),
        user_id: cx.user_id().cloned(),
        intent_id: cx.intent().intent_id.clone(),
        external_source_type: "derived".to_owned(),
        external_source_identifier: format!("derived:{}:{}", source.file_id, file.ui_name),
        external_source_metadata: json!({
            "file_id": file.file_id,
            "file_hash": file.digest,
            "file_size": file.size,
            "derived_from_file_id": source.file_id,
            "derived_from_contract_id": source.contract_id,
        }),
        created_at: now,
        updated_at: now,
        ..first
    }
}
