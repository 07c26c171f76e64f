//! What search finds of a file, and who put it there.
//!
//! One run at a time replaces it: [`enter`]. That holds while the node runs. A run that a crash stopped in the middle goes on
//! later, and another may have replaced everything, or half of it, in between. So whoever replaces it, or takes it away,
//! notes its execution in the file's artifact ([`take_over`]) with its first commit, and a replacement that takes more than
//! one commit looks at its end whether the note is still its own ([`put`]); if not, it begins again.

use civitas_documents::Chunk;
use civitas_intent::prelude::*;

use crate::{facts, parse_content};

/// Pieces that are put in one commit with whatever follows them, which nothing comes between.
const AT_ONCE: usize = 100;
/// How often a replacement begins again, at most; the next one comes with the next attempt.
const ROUNDS_MAX: usize = 10;
/// Where the note is in the descriptor of the file's artifact.
const NOTE: &str = "indexed_by";

/// Waits until nobody else replaces what search finds of a file, or takes the file away. What was read of it before is read again
/// after this.
pub(crate) async fn enter(cx: &mut Context, file: &FileId) -> Result<()> {
    cx.enter(&format!("reading of {file}")).await
}

/// Notes in a file's artifact that what search finds of it is this execution's.
pub(crate) fn take_over(cx: &Context, artifact: &mut Artifact) {
    if let Some(descriptor) = artifact.semantic_descriptor.as_object_mut() {
        descriptor.insert(NOTE.to_owned(), json!(cx.execution_id()));
    }
}

/// Puts pieces in place of those there are. Few are put in the one commit with what the caller does next, and the
/// caller takes over.
pub(crate) async fn put_read(cx: &mut Context, file: &File, pieces: &[Chunk]) -> Result<()> {
    if pieces.len() <= AT_ONCE {
        return parse_content::put_records(cx, file, pieces).await;
    }
    put(cx, file, pieces).await
}

/// Puts pieces in place of those there are, until nobody came between. What was written before is committed first.
pub(crate) async fn put(cx: &mut Context, file: &File, pieces: &[Chunk]) -> Result<()> {
    for _ in 0..ROUNDS_MAX {
        cx.step("begin", async { Ok(()) }).await?;
        let file = facts::find(cx, &file.file_id).await?;
        if let Err(error) = facts::must_be_usable(&file) {
            // Some of it may have been put after the file was taken away.
            cx.forget_records(file.file_id.as_str()).await?;
            cx.step("forgotten", async { Ok(()) }).await?;
            return Err(error);
        }
        let mut artifact = facts::artifact_of(cx, &file).await?;
        if !artifact.semantic_descriptor.is_object() {
            artifact.semantic_descriptor = json!({});
        }
        take_over(cx, &mut artifact);
        cx.put_artifact(artifact).await?;
        parse_content::put_records(cx, &file, pieces).await?;
        cx.step("searchable", async { Ok(()) }).await?;
        let artifact = facts::artifact_of(cx, &file).await?;
        if artifact.semantic_descriptor.get(NOTE) == Some(&json!(cx.execution_id())) {
            return Ok(());
        }
    }
    Err(retry(
        "others replaced what search finds of the file again and again",
    ))
}
