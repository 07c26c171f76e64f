//! A download: the whole content up to a limit, or a range of it in bounded chunks.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use super::{BlobError, Blobs, hex};

/// How much is read from a file at a time, in bytes. The object store's own stream hops threads every 8 KiB.
const CHUNK_BYTES: u64 = 256 * 1024;

pub(super) async fn whole(
    blobs: &Blobs,
    object: &Path,
    digest: &str,
    limit: u64,
) -> Result<Bytes, BlobError> {
    let (size, mut chunks) = ranged(blobs, object, None).await?;
    if size > limit {
        return Err(BlobError::TooLarge { limit });
    }
    let mut content = BytesMut::with_capacity(usize::try_from(size).unwrap_or(0));
    while let Some(chunk) = chunks.try_next().await? {
        content.extend_from_slice(&chunk);
    }
    let content = content.freeze();
    let hashed = content.clone();
    let found = tokio::task::spawn_blocking(move || hex(&Sha256::digest(&hashed))).await?;
    if found != digest {
        return Err(BlobError::Corrupt {
            digest: digest.to_owned(),
        });
    }
    Ok(content)
}

pub(super) async fn ranged(
    blobs: &Blobs,
    object: &Path,
    range: Option<Range<u64>>,
) -> Result<(u64, BoxStream<'static, Result<Bytes, BlobError>>), BlobError> {
    if let Some(range) = &range {
        // Checked here, so that every store refuses the same ranges.
        let size = blobs.store.head(object).await?.size;
        if range.is_empty() || range.start >= size {
            return Err(BlobError::RangeNotSatisfiable { size });
        }
    }
    let options = GetOptions::new().with_range(range.map(GetRange::Bounded));
    let found = blobs.store.get_opts(object, options).await?;
    let chunks = match found.payload {
        GetResultPayload::File(file, _) => file_chunks(file, found.range),
        GetResultPayload::Stream(chunks) => chunks.map_err(BlobError::from).boxed(),
    };
    Ok((found.meta.size, chunks))
}

fn file_chunks(file: File, range: Range<u64>) -> BoxStream<'static, Result<Bytes, BlobError>> {
    stream::try_unfold((file, range), |(mut file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let end = range.end.min(range.start + CHUNK_BYTES);
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; usize::try_from(end - range.start).unwrap_or(0)];
            file.seek(SeekFrom::Start(range.start))?;
            // A file that ends early is an error, never a short answer.
            file.read_exact(&mut chunk)?;
            Ok::<_, std::io::Error>((Bytes::from(chunk), (file, end..range.end)))
        });
        Ok(Some(read.await??))
    })
    .boxed()
}
