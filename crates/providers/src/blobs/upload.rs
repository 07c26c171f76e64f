//! An upload: bounded parts, hashed while they are written, moved to their name when whole.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use civitas_model::{Entropy, SystemEntropy, TenantId};
use futures::{Stream, TryStreamExt};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt};
use sha2::{Digest, Sha256};

use super::error::{BlobError, BoxError};
use super::{Blobs, HEAD_BYTES, Stored, hex, local, namespace, object};

/// How much is hashed and written at a time, in bytes: large enough to make the hop to another thread cheap.
pub(super) const PART_BYTES: usize = 1024 * 1024;

/// The incoming chunks, whatever their type was.
type Chunks<'a> = Pin<&'a mut (dyn Stream<Item = Result<Bytes, BoxError>> + Send)>;

pub(super) async fn put(
    blobs: &Blobs,
    tenant: &TenantId,
    chunks: Chunks<'_>,
    limit: u64,
    stated: Option<&str>,
) -> Result<Stored, BlobError> {
    blobs.folder.prepare_namespace(namespace(tenant)).await?;
    // The name never outlives the upload and nobody sees it, so it does not need to be foreseeable in a test; it only
    // must not collide, not even with that of another process on the same store.
    let staging = Path::from_iter([local::STAGING, &SystemEntropy.uuid_v4().to_string()]);
    let upload = blobs.store.put_multipart(&staging).await?;
    let mut writer = Writer::new(upload, limit);
    // A writer that is dropped here, because the caller went away, removes what it wrote.
    let written = writer.write_all(chunks).await;
    match written.and_then(|()| writer.check(stated)) {
        Ok(()) => finish(blobs, tenant, staging, writer).await,
        Err(error) => {
            // The first error is the one that matters; the sweep removes what the abort could not.
            let _ = writer.upload.abort().await;
            Err(error)
        }
    }
}

/// Makes the written content durable under its name.
///
/// Content that is already stored is replaced by itself instead of being left alone: finding it says nothing about its
/// being on disk yet, the move does.
async fn finish(
    blobs: &Blobs,
    tenant: &TenantId,
    staging: Path,
    writer: Writer,
) -> Result<Stored, BlobError> {
    let Writer {
        mut upload,
        hasher,
        size,
        head,
        ..
    } = writer;
    let digest = hex(&hasher.finalize());
    let target = object(tenant, &digest)?;
    let store = blobs.store.clone();
    let naming = Arc::clone(&blobs.naming);
    // A task of its own, so that a caller who goes away now cannot leave the object between its two names.
    let moved = tokio::spawn(async move {
        if let Err(error) = upload.complete().await {
            let _ = store.delete(&staging).await;
            return Err(error);
        }
        let _named = naming.read().await;
        let moved = store.rename(&staging, &target).await;
        if moved.is_err() {
            let _ = store.delete(&staging).await;
        }
        moved
    });
    moved.await??;
    Ok(Stored { digest, size, head })
}

struct Writer {
    upload: Box<dyn MultipartUpload>,
    hasher: Sha256,
    size: u64,
    head: Bytes,
    limit: u64,
}

impl Writer {
    fn new(upload: Box<dyn MultipartUpload>, limit: u64) -> Self {
        Self {
            upload,
            hasher: Sha256::new(),
            size: 0,
            head: Bytes::new(),
            limit,
        }
    }

    /// Whether it is what the sender has stated.
    fn check(&self, stated: Option<&str>) -> Result<(), BlobError> {
        let Some(stated) = stated else {
            return Ok(());
        };
        let digest = hex(&self.hasher.clone().finalize());
        if digest == stated {
            return Ok(());
        }
        Err(BlobError::Mismatch { digest })
    }

    async fn write_all(&mut self, mut chunks: Chunks<'_>) -> Result<(), BlobError> {
        let mut buffer = BytesMut::new();
        while let Some(mut chunk) = chunks.try_next().await.map_err(BlobError::Interrupted)? {
            self.size = self.size.saturating_add(chunk.len() as u64);
            if self.size > self.limit {
                return Err(BlobError::TooLarge { limit: self.limit });
            }
            while !chunk.is_empty() {
                let room = PART_BYTES - buffer.len();
                let piece = chunk.split_to(room.min(chunk.len()));
                if buffer.is_empty() && piece.len() == PART_BYTES {
                    self.write_part(piece).await?;
                    continue;
                }
                buffer.extend_from_slice(&piece);
                if buffer.len() == PART_BYTES {
                    self.write_part(buffer.split().freeze()).await?;
                }
            }
        }
        if buffer.is_empty() {
            return Ok(());
        }
        self.write_part(buffer.freeze()).await
    }

    /// Hashes and writes one part, both at once and both on threads that may block.
    async fn write_part(&mut self, part: Bytes) -> Result<(), BlobError> {
        if self.head.is_empty() {
            // A copy, so that the head does not keep the whole part in memory.
            self.head = Bytes::copy_from_slice(&part[..part.len().min(HEAD_BYTES)]);
        }
        let mut hasher = std::mem::take(&mut self.hasher);
        let content = part.clone();
        let hashing = async {
            let hasher = tokio::task::spawn_blocking(move || {
                hasher.update(&content);
                hasher
            });
            hasher.await.map_err(BlobError::from)
        };
        let writing = self.upload.put_part(part.into());
        let writing = async { writing.await.map_err(BlobError::from) };
        let (hasher, ()) = futures::try_join!(hashing, writing)?;
        self.hasher = hasher;
        Ok(())
    }
}
