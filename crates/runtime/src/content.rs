//! Freeing content that nothing needs any more.
//!
//! The blob goes first, then the note that it lost a use: a crash in between frees it again, which does nothing. The
//! other way round it would be forgotten. No use can appear meanwhile: whoever names content stores it first, and what
//! was stored just now is kept.

use std::time::Duration;

use civitas_model::{TenantId, Timestamp, Write};
use civitas_providers::blobs::BlobError;
use civitas_storage::{Changeset, CommitError, Need, OpenUploadChange, Released, SqlError};

use crate::runtime::Engine;

/// Notes looked at together.
const PAGE: u32 = 100;
/// Longer than any handler takes from storing content to recording it.
const IN_THE_MAKING: Duration = Duration::from_hours(1);

/// Why content could not be freed. It is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FreeError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Read(#[from] SqlError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Frees the content that a note is about, unless something needs it or it was stored at `stored_before` or later.
async fn free(engine: &Engine, note: &Released, stored_before: Timestamp) -> Result<(), FreeError> {
    let Released {
        tenant_id, digest, ..
    } = note;
    let mut need = Need::None;
    let is_needed = async {
        need = engine.store.need_of(tenant_id, digest).await?;
        Ok::<_, FreeError>(need != Need::None)
    };
    let blobs = &engine.services.blobs;
    let gone = blobs
        .free(tenant_id, digest, stored_before, is_needed)
        .await?;
    if gone || need == Need::Kept {
        let done = Write::ClaimUpload {
            tenant_id: tenant_id.clone(),
            upload_id: note.upload_id.clone(),
        };
        let changes = Changeset::new().with_writes(vec![done]);
        engine.store.commit(changes).await?;
    }
    Ok(())
}

/// Frees content right after its release was committed. What cannot be freed now is, by [`collect`], later.
pub(crate) async fn free_released(
    engine: &Engine,
    tenant: &TenantId,
    digest: &str,
    stored_before: Timestamp,
) {
    let note = Released {
        tenant_id: tenant.clone(),
        upload_id: digest.to_owned(),
        digest: digest.to_owned(),
    };
    if let Err(error) = free(engine, &note, stored_before).await {
        tracing::warn!(%error, digest, "unused content could not be freed; it is tried again");
    }
}

/// Ends open uploads that ran out. Their bytes go first: a crash in between ends them again.
pub(crate) async fn end_expired(engine: &Engine) -> Result<(), FreeError> {
    loop {
        let now = engine.clock.now();
        let page = engine.store.expired_uploads(now, PAGE).await?;
        for upload in &page {
            engine.services.blobs.remove_part(&upload.upload_id).await?;
            let change = OpenUploadChange::Remove {
                tenant_id: upload.tenant_id.clone(),
                upload_id: upload.upload_id.clone(),
            };
            engine.store.commit(Changeset::new().with(change)).await?;
        }
        if page.is_empty() || engine.stopping.is_cancelled() {
            return Ok(());
        }
    }
}

/// Frees everything that lost its last use, uploads that nobody claimed in time among it.
pub(crate) async fn collect(engine: &Engine) -> Result<(), FreeError> {
    let before = engine.clock.now().minus(IN_THE_MAKING);
    let mut last = None;
    loop {
        let page = engine.store.released(before, last.as_ref(), PAGE).await?;
        for note in &page {
            if let Err(error) = free(engine, note, before).await {
                tracing::warn!(%error, digest = %note.digest, "unused content could not be freed; it is tried again");
            }
        }
        match page.into_iter().next_back() {
            Some(note) if !engine.stopping.is_cancelled() => last = Some(note),
            _ => return Ok(()),
        }
    }
}
