//! `get_parsed_file`: what was read of a file, in full, a page at a time.

use civitas_intent::prelude::*;
use civitas_model::artifact::Lifecycle;
use civitas_model::{ArtifactId, Timestamp};

use crate::content_page::{ContentPage, Cursor};
use crate::{blob, facts, parse_content};

/// Get what was read of a file: its text, tables and outline.
///
/// Name the result of `parse_content` or the file; a file stands for its newest result. A page holds about 512 KiB;
/// when there is more, `parsed_content.next` says where the next page begins.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct GetParsedFile {
    /// The result of `parse_content`.
    parsed_file_id: Option<ArtifactId>,
    /// The file; its newest result is meant.
    file_id: Option<FileId>,
    /// Where the page begins: the block, counted from 0; `next.offset` of the page before.
    #[serde(default)]
    offset: u64,
    /// How far into that block the page begins; `next.within` of the page before.
    #[serde(default)]
    within: u64,
}

/// What was read of a file.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Reading {
    /// The result.
    parsed_file_id: ArtifactId,
    /// The reference older clients pass around: `parsed:<tenant>:<session>:<parsed_file_id>`.
    parsed_file_reference: String,
    /// The file that was read.
    file_id: FileId,
    /// The file's name.
    ui_name: String,
    /// Whether this is the file's newest result.
    is_newest: bool,
    /// Whether everything that was read is in this answer; otherwise see `parsed_content.next`.
    is_complete: bool,
    /// When the file was read.
    parsed_at: Timestamp,
    /// What was read, or a page of it.
    parsed_content: ContentPage,
    /// The result's facts, such as `record_count`, `parser_type` and `fingerprint`.
    metadata: Value,
}

impl Intent for GetParsedFile {
    const NAME: &'static str = "get_parsed_file";
    const ARTIFACT: &'static str = "parsed_file";
    const ALIASES: &'static [&'static str] = &["parsed_content", "preview"];
    const POLICY: Policy = Policy {
        concurrency_max: 8,
        ..Policy::READING
    };
    type Output = Reading;

    async fn handle(self, cx: &mut Context) -> Result<Answer<Reading>> {
        let (parsed, file) =
            find_reading(cx, self.parsed_file_id.as_ref(), self.file_id.as_ref()).await?;
        let newest = facts::newest_reading(&facts::artifact_of(cx, &file).await?);
        let digest = blob::digest(&parsed)
            .ok_or_else(|| retry(format!("the result `{}` names no blob", parsed.artifact_id)))?;
        let limit = parse_content::DOCUMENT_BYTES_MAX;
        let bytes = parse_content::document_bytes(cx, digest, limit).await?;
        let start = Cursor {
            offset: self.offset,
            within: self.within,
        };
        let read = cx.compute(move || {
            let document = parse_content::decode(&bytes)?;
            Ok::<_, Error>(ContentPage::of(&document, start))
        });
        let page = read.await??;
        let parsed_file_id = parsed.artifact_id;
        let payload = Reading {
            parsed_file_reference: parse_content::reference(&file, &parsed_file_id),
            parsed_file_id: parsed_file_id.clone(),
            file_id: file.file_id,
            ui_name: file.ui_name,
            is_newest: newest.is_some_and(|newest| newest == parsed_file_id),
            is_complete: start == Cursor::default() && page.next().is_none(),
            parsed_at: parsed.created_at,
            parsed_content: page,
            metadata: parsed.semantic_descriptor,
        };
        Ok(payload.into())
    }
}

/// The result that is meant, and the file it is of.
pub(crate) async fn find_reading(
    cx: &mut Context,
    parsed_file_id: Option<&ArtifactId>,
    file_id: Option<&FileId>,
) -> Result<(Artifact, File)> {
    // A file and its artifact have one id, so that clients that send one as the other are understood.
    let asked = match (parsed_file_id, file_id) {
        (Some(parsed), _) => parsed.clone(),
        (None, Some(file)) => file.to_artifact_id(),
        (None, None) => {
            return Err(reject("no result is named: send parsed_file_id or file_id"));
        }
    };
    let found = cx.artifact(&asked).await?;
    let parsed = match found.as_ref().map(|found| found.artifact_type.as_str()) {
        Some("parsed_content") => found,
        Some("file") => match found.as_ref().and_then(facts::newest_reading) {
            Some(newest) => cx.artifact(&newest).await?,
            None => {
                return Err(not_found(format!(
                    "the file `{asked}` was not parsed yet: submit parse_content with this file_id first"
                )));
            }
        },
        _ => None,
    };
    let parsed = parsed.ok_or_else(|| unknown(&asked))?;
    if parsed.lifecycle_state == Lifecycle::Deleted {
        return Err(reject(format!(
            "the content of the result `{}` was deleted: parse the file again",
            parsed.artifact_id
        )));
    }
    let read = parsed
        .parent_artifacts
        .first()
        .map(|id| FileId::trusted(id.as_str()))
        .ok_or_else(|| unknown(&asked))?;
    let file = facts::find(cx, &read).await?;
    if file_id.is_some_and(|asked| *asked != read) {
        return Err(reject(format!(
            "the result `{}` is of the file `{read}`, not of the one sent: send parsed_file_id alone",
            parsed.artifact_id
        )));
    }
    Ok((parsed, file))
}

fn unknown(asked: &ArtifactId) -> Error {
    not_found(format!(
        "there is no parsed file `{asked}`: send the parsed_file_id that parse_content answered, or the file_id"
    ))
}
