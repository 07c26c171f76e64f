//! Stored content, addressed by its SHA-256 digest in a namespace of its tenant.
//!
//! An object's name is `objects/<SHA-256 of the tenant's id>/<SHA-256 of the content>`, both in lower-case
//! hexadecimal: a name cannot leave its folder whatever a tenant's id holds, and knowing a digest opens nothing in
//! another tenant's namespace. Within a tenant, identical content is stored once.
//!
//! Content is written under `staging/` first, hashed on the way, and moved to its name when it is whole. Only then is
//! it acknowledged, and by then it survives a power cut. What a crash leaves in `staging/` is swept at the next start
//! by [`Blobs::sweep_temporary`].
//!
//! Whether content is still needed is not known here: whoever counts its uses passes the question to [`Blobs::free`], which
//! orders it against storing the same content again and against [`Blobs::claiming`].

mod download;
mod error;
mod local;
mod parts;
mod upload;

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use civitas_model::{TenantId, Timestamp};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use tokio::sync::{RwLock, RwLockReadGuard};

pub use error::BlobError;
pub use parts::{Mark, Part};

use error::BoxError;
use local::LocalFolder;

/// How much of the content's beginning an upload returns for sniffing its type, in bytes.
pub const HEAD_BYTES: usize = 64 * 1024;

/// A store of content. Cloning is cheap; the clones share one store.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    folder: Arc<LocalFolder>,
    /// Held for reading while content gets its name or its first use, and for writing while it is freed.
    naming: Arc<RwLock<()>>,
    /// How far the digests of parts are that nobody writes to just now.
    resting: Arc<Mutex<HashMap<String, Mark>>>,
}

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the content: 64 lower-case hexadecimal characters.
    pub digest: String,
    /// Length of the content in bytes.
    pub size: u64,
    /// The first [`HEAD_BYTES`] of the content, or all of it when it is shorter.
    pub head: Bytes,
}

impl Blobs {
    /// Opens the store in the folder `dir`, which is created readable by its owner only (mode 0700).
    ///
    /// Blocks while it touches the disk: call it at start-up.
    pub fn local(dir: &FilePath) -> Result<Self, BlobError> {
        let (folder, store) = LocalFolder::open(dir)?;
        Ok(Self {
            store: Arc::new(store),
            folder: Arc::new(folder),
            naming: Arc::default(),
            resting: Arc::default(),
        })
    }

    fn resting(&self) -> MutexGuard<'_, HashMap<String, Mark>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the content of `stream` for `tenant` and returns once it is durable.
    ///
    /// Memory stays flat, at a few MiB, however long the stream is. Content longer than `limit`
    /// bytes is refused with [`BlobError::TooLarge`] as soon as the limit is passed, before the excess is written. A
    /// refused, failed or dropped upload leaves nothing behind; one that is dropped after its last byte was written
    /// may still be stored, whole.
    pub async fn put_stream<S, E>(
        &self,
        tenant: &TenantId,
        stream: S,
        limit: u64,
    ) -> Result<Stored, BlobError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<BoxError>,
    {
        self.put_stated(tenant, stream, limit, None).await
    }

    /// The same for content whose SHA-256 the sender has stated, in lower-case hexadecimal: other content is
    /// [`BlobError::Mismatch`] and leaves nothing behind.
    pub async fn put_stated<S, E>(
        &self,
        tenant: &TenantId,
        stream: S,
        limit: u64,
        stated: Option<&str>,
    ) -> Result<Stored, BlobError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<BoxError>,
    {
        let stream = std::pin::pin!(stream.map(|chunk| chunk.map_err(Into::into)));
        upload::put(self, tenant, stream, limit, stated).await
    }

    /// Stores `content` for `tenant` and returns once it is durable.
    pub async fn put(&self, tenant: &TenantId, content: Bytes) -> Result<Stored, BlobError> {
        let chunks = stream::iter([Ok::<_, BoxError>(content)]);
        self.put_stream(tenant, chunks, u64::MAX).await
    }

    /// The whole content, which must not be longer than `limit` bytes; checked against its digest.
    pub async fn get(
        &self,
        tenant: &TenantId,
        digest: &str,
        limit: u64,
    ) -> Result<Bytes, BlobError> {
        download::whole(self, &object(tenant, digest)?, digest, limit).await
    }

    /// The length of the whole content, and the bytes of `range` (cut at the content's end) or of all of it, in
    /// bounded chunks.
    ///
    /// A range that is empty or starts at or after the end is [`BlobError::RangeNotSatisfiable`].
    pub async fn stream(
        &self,
        tenant: &TenantId,
        digest: &str,
        range: Option<Range<u64>>,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, BlobError>>), BlobError> {
        download::ranged(self, &object(tenant, digest)?, range).await
    }

    /// The content's length in bytes.
    pub async fn size(&self, tenant: &TenantId, digest: &str) -> Result<u64, BlobError> {
        Ok(self.store.head(&object(tenant, digest)?).await?.size)
    }

    /// Whether the content is stored.
    pub async fn exists(&self, tenant: &TenantId, digest: &str) -> Result<bool, BlobError> {
        match self.size(tenant, digest).await {
            Ok(_) => Ok(true),
            Err(BlobError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes the content and returns once that is durable. Downloads that have begun are served to their end.
    pub async fn delete(&self, tenant: &TenantId, digest: &str) -> Result<(), BlobError> {
        self.store.delete(&object(tenant, digest)?).await?;
        self.folder.sync_namespace(namespace(tenant)).await
    }

    /// Puts everything that `from` has at `to`'s disposal, without copying bytes, while nobody can store, claim or free
    /// content: `announce` and then `record` hear the digests, the one before anything is done and the other when all is
    /// durable. What `announce` writes down must see to it that what nobody recorded a use of is freed again.
    pub async fn share<T, E: From<BlobError>>(
        &self,
        from: &TenantId,
        to: &TenantId,
        announce: impl AsyncFnOnce(&[String]) -> Result<(), E>,
        record: impl AsyncFnOnce(Vec<String>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _nobody_names = self.naming.write().await;
        let digests = self.folder.list_namespace(namespace(from)).await?;
        if !digests.is_empty() {
            announce(&digests).await?;
            self.folder
                .link_all(namespace(from), namespace(to), digests.clone())
                .await?;
        }
        record(digests).await
    }

    /// Held while the first use of stored content is recorded. Nothing is freed meanwhile; what was freed just before is
    /// not there any more, so look for it after recording the use.
    pub async fn claiming(&self) -> RwLockReadGuard<'_, ()> {
        self.naming.read().await
    }

    /// Deletes the content if nothing needs it, as `is_needed` finds out while nobody can store or claim it.
    ///
    /// Content that was stored, or stored again, at `stored_before` or later is kept: somebody may be about to record a
    /// use of it. Says whether it is gone.
    pub async fn free<E: From<BlobError>>(
        &self,
        tenant: &TenantId,
        digest: &str,
        stored_before: Timestamp,
        is_needed: impl Future<Output = Result<bool, E>>,
    ) -> Result<bool, E> {
        let _nobody_names = self.naming.write().await;
        let stored_at = match self.store.head(&object(tenant, digest)?).await {
            Ok(found) => Timestamp::from_micros(found.last_modified.timestamp_micros()),
            Err(object_store::Error::NotFound { .. }) => return Ok(true),
            Err(error) => return Err(BlobError::from(error).into()),
        };
        if stored_at >= stored_before || is_needed.await? {
            return Ok(false);
        }
        self.delete(tenant, digest).await?;
        Ok(true)
    }

    /// Removes what interrupted uploads left behind and was last written before `older_than`; says how many objects.
    ///
    /// Meant for start-up, when no upload is running: then "now" is the right time to pass.
    pub async fn sweep_temporary(&self, older_than: Timestamp) -> Result<u64, BlobError> {
        self.folder.sweep_staging(older_than).await
    }
}

/// The folder that holds all content of a tenant. Hashed, because an id may be any text: `..`, slashes, any length.
fn namespace(tenant: &TenantId) -> String {
    hex(&Sha256::digest(tenant.as_str()))
}

/// Where the content with this digest lives, once the digest is known to be one.
fn object(tenant: &TenantId, digest: &str) -> Result<Path, BlobError> {
    let well_formed = digest.len() == 64
        && digest
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !well_formed {
        return Err(BlobError::InvalidDigest);
    }
    Ok(Path::from_iter([
        local::OBJECTS,
        &namespace(tenant),
        digest,
    ]))
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests;
