//! `extract_deterministic_structure`: what was read of a file, cut into pieces with stable ids.

use std::collections::HashMap;

use civitas_documents::{Chunk, Place, chunks};
use civitas_intent::prelude::*;
use civitas_model::ArtifactId;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::facts::page_limit;
use crate::{blob, get_parsed_file, parse_content};

/// Pieces of a page when no limit is asked for, and the most there can be.
const LIMIT_DEFAULT: u32 = 500;
const LIMIT_MAX: u32 = 1_000;
/// How much of a piece's digest is its id, in bytes.
const ID_BYTES: usize = 16;

/// Cut what was read of a file into pieces, without a model: the same content gives the same pieces with the same ids, in
/// every run and on every machine.
///
/// A piece's id is made of what it says and the headings above it, so that it stays when something else in the file
/// changes. Pieces are made anew each time and not kept; the answer renders those of one page as `chunks`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ExtractDeterministicStructure {
    /// The result of `parse_content`; a file's id stands for its newest result.
    parsed_file_id: Option<ArtifactId>,
    /// The file; its newest result is meant.
    file_id: Option<FileId>,
    /// The most pieces to answer, 1 to 1,000; 500 when absent.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    /// How many pieces to skip.
    #[serde(default)]
    offset: u32,
}

/// The pieces of a file's content. Their text is rendered as `chunks`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DeterministicStructure {
    /// The result that was cut.
    parsed_file_id: ArtifactId,
    /// The file it is of.
    file_id: FileId,
    /// How many pieces there are in all.
    chunk_count: u64,
    /// The ids of the pieces on this page, in reading order.
    chunk_ids: Vec<String>,
    /// SHA-256 over the ids of all pieces: equal for equal structures.
    structure_fingerprint: String,
    /// The fingerprint of the result that was cut.
    fingerprint: String,
    /// How many headings and tables there are.
    heading_count: u64,
    /// How many tables there are.
    table_count: u64,
    /// The limit that was applied.
    limit: u32,
    /// How many pieces were skipped.
    offset: u32,
    /// Whether there are more: ask again with `offset` + `limit`.
    has_more: bool,
}

/// A piece, as it is rendered.
#[derive(Serialize)]
struct ShownChunk<'a> {
    chunk_id: &'a str,
    index: u32,
    heading: &'a str,
    text: &'a str,
    place: &'a Place,
}

impl Intent for ExtractDeterministicStructure {
    const NAME: &'static str = "extract_deterministic_structure";
    const ARTIFACT: &'static str = "deterministic_structure";
    const EVENTS: &'static [&'static str] = &["deterministic_structure_extracted"];
    const POLICY: Policy = Policy {
        concurrency_max: 8,
        ..Policy::READING
    };
    type Output = DeterministicStructure;

    async fn handle(self, cx: &mut Context) -> Result<Answer<DeterministicStructure>> {
        let limit = page_limit(self.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
        let (parsed, file) =
            get_parsed_file::find_reading(cx, self.parsed_file_id.as_ref(), self.file_id.as_ref())
                .await?;
        let digest = blob::digest(&parsed)
            .ok_or_else(|| retry(format!("the result `{}` names no blob", parsed.artifact_id)))?;
        let limit_bytes = parse_content::DOCUMENT_BYTES_MAX;
        let bytes = parse_content::document_bytes(cx, digest, limit_bytes).await?;
        let cut = cx.compute(move || {
            let document = parse_content::decode(&bytes)?;
            let pieces = chunks(&document);
            let ids = ids(&pieces);
            Ok::<_, Error>((document, pieces, ids))
        });
        let (document, pieces, ids) = cut.await??;
        let skipped = self.offset as usize;
        let page = pieces.iter().zip(&ids).skip(skipped).take(limit as usize);
        let shown: Vec<_> = page
            .map(|(piece, chunk_id)| ShownChunk {
                chunk_id,
                index: piece.index,
                heading: &piece.heading,
                text: &piece.text,
                place: &piece.place,
            })
            .collect();
        let payload = DeterministicStructure {
            parsed_file_id: parsed.artifact_id,
            file_id: file.file_id,
            chunk_count: pieces.len() as u64,
            chunk_ids: shown.iter().map(|one| one.chunk_id.to_owned()).collect(),
            structure_fingerprint: HEXLOWER.encode(&Sha256::digest(ids.join("\n"))),
            fingerprint: document.fingerprint.clone(),
            heading_count: document.outline.len() as u64,
            table_count: document.tables.len() as u64,
            limit,
            offset: self.offset,
            has_more: skipped + shown.len() < pieces.len(),
        };
        let event = json!({
            "file_id": payload.file_id,
            "parsed_file_id": payload.parsed_file_id,
            "chunk_count": payload.chunk_count,
            "structure_fingerprint": payload.structure_fingerprint,
        });
        cx.emit("deterministic_structure_extracted", event).await?;
        Ok(Answer::new(payload).rendering("chunks", json!(shown)))
    }
}

/// The ids of pieces: a digest of what each says, where it says it, and how often that was said before.
fn ids(pieces: &[Chunk]) -> Vec<String> {
    let mut seen: HashMap<(&str, &str), u64> = HashMap::new();
    let ids = pieces.iter().map(|piece| {
        let before = seen.entry((&piece.heading, &piece.text)).or_default();
        let mut hash = Sha256::new();
        for part in [piece.heading.as_bytes(), piece.text.as_bytes()] {
            // Lengths keep one part from running into the next.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(before.to_le_bytes());
        *before += 1;
        let digest = hash.finalize();
        HEXLOWER.encode(digest.get(..ID_BYTES).unwrap_or_default())
    });
    ids.collect()
}

#[cfg(test)]
mod tests {
    use civitas_documents::{Request, parse};

    use super::*;

    fn ids_of(text: &str) -> Vec<String> {
        ids(&chunks(
            &parse(&Request::new("a.md"), text.as_bytes()).unwrap(),
        ))
    }

    #[test]
    fn a_piece_keeps_its_id_when_another_one_comes_before_it() {
        let before = ids_of("# One\n\nfirst\n\n# Two\n\nsecond\n");
        let after = ids_of("# Zero\n\nnew\n\n# One\n\nfirst\n\n# Two\n\nsecond\n");
        assert_eq!(before.len(), 2);
        assert_eq!(after.len(), 3);
        assert_eq!(before, after[1..]);
    }

    #[test]
    fn pieces_that_say_the_same_have_ids_that_differ() {
        let ids = ids_of("# One\n\nsame\n\n# One\n\nsame\n\n# Two\n\nother\n");
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(ids.len(), 3);
    }
}
