//! Tests on a real folder.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use civitas_model::{Clock, SystemClock, TenantId, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use tempfile::TempDir;

use super::upload::PART_BYTES;
use super::*;

struct Store {
    blobs: Blobs,
    dir: TempDir,
}

impl Store {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::local(&dir.path().join("blobs")).unwrap();
        Self { blobs, dir }
    }

    /// All files below the store's folder.
    fn files(&self) -> Vec<PathBuf> {
        files_below(self.dir.path())
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

fn chunks(content: &[u8], length: usize) -> impl Stream<Item = Result<Bytes, io::Error>> + use<> {
    let chunks: Vec<_> = content
        .chunks(length)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    stream::iter(chunks)
}

/// Bytes without a period that fits a chunk or a part.
fn noise(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| u8::try_from(index % 251).unwrap() ^ u8::try_from(index / 65_536).unwrap())
        .collect()
}

async fn read(blobs: &Blobs, tenant: &TenantId, digest: &str, range: Option<Range<u64>>) -> Bytes {
    let (_, chunks) = blobs.stream(tenant, digest, range).await.unwrap();
    let all: BytesMut = chunks.try_collect().await.unwrap();
    all.freeze()
}

#[tokio::test]
async fn content_comes_back_under_its_sha_256() {
    let store = Store::new();
    let a = tenant("a");
    let stored = store.blobs.put(&a, Bytes::from("abc")).await.unwrap();
    // The digest of "abc" as FIPS 180-4's examples have it.
    assert_eq!(
        stored.digest,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!((stored.size, stored.head), (3, Bytes::from("abc")));
    let digest = &stored.digest;
    assert_eq!(store.blobs.get(&a, digest, 3).await.unwrap(), "abc");
    assert_eq!(store.blobs.size(&a, digest).await.unwrap(), 3);
    assert!(store.blobs.exists(&a, digest).await.unwrap());
}

#[tokio::test]
async fn empty_content_is_content() {
    let store = Store::new();
    let a = tenant("a");
    let stored = store.blobs.put(&a, Bytes::new()).await.unwrap();
    assert_eq!(stored.size, 0);
    assert_eq!(store.blobs.get(&a, &stored.digest, 0).await.unwrap(), "");
    assert_eq!(read(&store.blobs, &a, &stored.digest, None).await, "");
}

#[tokio::test]
async fn parts_and_chunks_of_any_size_make_the_same_content() {
    let store = Store::new();
    let a = tenant("a");
    let content = noise(2 * PART_BYTES + 17);
    let whole = store.blobs.put(&a, content.clone().into()).await.unwrap();
    for length in [1000, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1] {
        let limit = content.len() as u64;
        let stream = chunks(&content, length);
        let stored = store.blobs.put_stream(&a, stream, limit).await.unwrap();
        assert_eq!(stored, whole);
    }
    assert_eq!(whole.head, content[..HEAD_BYTES]);
    assert_eq!(read(&store.blobs, &a, &whole.digest, None).await, content);
    assert_eq!(store.files().len(), 1, "identical content is stored once");
}

#[tokio::test]
async fn a_digest_opens_nothing_in_another_tenants_namespace() {
    let store = Store::new();
    let (a, b) = (tenant("a"), tenant("b"));
    let digest = store.blobs.put(&a, "secret".into()).await.unwrap().digest;
    let (blobs, digest) = (&store.blobs, digest.as_str());
    assert!(!blobs.exists(&b, digest).await.unwrap());
    let refused = [
        blobs.get(&b, digest, 100).await.err(),
        blobs.stream(&b, digest, None).await.err(),
        blobs.stream(&b, digest, Some(0..1)).await.err(),
        blobs.size(&b, digest).await.err(),
        blobs.delete(&b, digest).await.err(),
    ];
    for error in refused {
        assert!(matches!(error, Some(BlobError::NotFound)), "{error:?}");
    }
    assert_eq!(blobs.get(&a, digest, 100).await.unwrap(), "secret");
}

#[tokio::test]
async fn ranges_are_cut_at_the_end_and_refused_beyond_it() {
    let store = Store::new();
    let a = tenant("a");
    let content = noise(700_000);
    let stored = store.blobs.put(&a, content.clone().into()).await.unwrap();
    for range in [0..1, 5..300_000, 262_144..262_145, 699_999..700_000] {
        let read = read(&store.blobs, &a, &stored.digest, Some(range.clone())).await;
        let expected = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        assert_eq!(read, content[expected]);
    }
    let cut = read(&store.blobs, &a, &stored.digest, Some(699_990..u64::MAX)).await;
    assert_eq!(cut, content[699_990..]);
    #[expect(clippy::reversed_empty_ranges, reason = "a client may ask for one")]
    for range in [700_000..700_001, 5..5, 9..3, u64::MAX..u64::MAX] {
        let refused = store.blobs.stream(&a, &stored.digest, Some(range)).await;
        assert!(matches!(
            refused.err(),
            Some(BlobError::RangeNotSatisfiable { size: 700_000 })
        ));
    }
}

#[tokio::test]
async fn content_over_the_limit_is_refused_early_and_leaves_nothing() {
    let store = Store::new();
    let a = tenant("a");
    // It never ends: only an early refusal lets the test end.
    let endless = stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from(vec![0; 65_536])));
    let refused = store.blobs.put_stream(&a, endless, 3_000_000).await;
    assert!(matches!(
        refused,
        Err(BlobError::TooLarge { limit: 3_000_000 })
    ));
    assert_eq!(store.files(), Vec::<PathBuf>::new());
    let at_limit = store.blobs.put_stream(&a, chunks(b"12345", 2), 5).await;
    assert_eq!(at_limit.unwrap().size, 5);
}

#[tokio::test]
async fn a_read_over_the_limit_is_refused() {
    let store = Store::new();
    let a = tenant("a");
    let stored = store.blobs.put(&a, "12345".into()).await.unwrap();
    let refused = store.blobs.get(&a, &stored.digest, 4).await;
    assert!(matches!(refused, Err(BlobError::TooLarge { limit: 4 })));
}

#[tokio::test]
async fn a_failed_upload_leaves_nothing() {
    let store = Store::new();
    let content = noise(PART_BYTES + 5);
    let broken =
        chunks(&content, 100_000).chain(stream::iter([Err(io::Error::other("connection reset"))]));
    let failed = store.blobs.put_stream(&tenant("a"), broken, u64::MAX).await;
    assert!(matches!(failed, Err(BlobError::Interrupted(_))));
    assert_eq!(store.files(), Vec::<PathBuf>::new());
}

#[test]
fn a_dropped_upload_leaves_nothing() {
    let store = Store::new();
    // One thread that may block: what is asked of it is done in turn.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (sender, written) = tokio::sync::oneshot::channel();
        // Asked for more after a part was cut: the part is on disk, and the upload waits.
        let mut sender = Some(sender);
        let content = noise(PART_BYTES + 5);
        let stalled = chunks(&content, PART_BYTES).chain(stream::poll_fn(move |_| {
            let _ = sender.take().map(|sender| sender.send(()));
            std::task::Poll::Pending
        }));
        let owner = tenant("a");
        let upload = store.blobs.put_stream(&owner, stalled, u64::MAX);
        tokio::select! {
            _ = upload => unreachable!("the stream never ends"),
            told = written => told.unwrap(),
        }
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    });
    assert_eq!(store.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn the_sweep_removes_old_leftovers_and_nothing_else() {
    let store = Store::new();
    let a = tenant("a");
    let stored = store.blobs.put(&a, "kept".into()).await.unwrap();
    let staging = store.dir.path().join("blobs/staging");
    // As the object store names an upload that was cut off, and one that was not yet moved.
    fs::write(staging.join("0190-cut-off#1"), "half").unwrap();
    fs::write(staging.join("0190-complete"), "whole").unwrap();
    let early = Timestamp::from_micros(1);
    assert_eq!(store.blobs.sweep_temporary(early).await.unwrap(), 0);
    let later = SystemClock.now().plus(Duration::from_mins(1));
    assert_eq!(store.blobs.sweep_temporary(later).await.unwrap(), 2);
    assert_eq!(store.files().len(), 1);
    assert_eq!(
        store.blobs.get(&a, &stored.digest, 4).await.unwrap(),
        "kept"
    );
}

#[tokio::test]
async fn deleted_content_is_gone_and_can_be_stored_again() {
    let store = Store::new();
    let a = tenant("a");
    let digest = store.blobs.put(&a, "x".into()).await.unwrap().digest;
    store.blobs.delete(&a, &digest).await.unwrap();
    assert!(!store.blobs.exists(&a, &digest).await.unwrap());
    let again = store.blobs.delete(&a, &digest).await;
    assert!(matches!(again, Err(BlobError::NotFound)));
    store.blobs.put(&a, "x".into()).await.unwrap();
    assert!(store.blobs.exists(&a, &digest).await.unwrap());
}

#[tokio::test]
async fn content_is_freed_only_when_it_is_old_and_nothing_needs_it() {
    let store = Store::new();
    let (a, b) = (tenant("a"), tenant("b"));
    let digest = store.blobs.put(&a, "x".into()).await.unwrap().digest;
    store.blobs.put(&b, "x".into()).await.unwrap();
    let later = SystemClock.now().plus(Duration::from_secs(1));
    let free = async |before, needed: bool| {
        let is_needed = async { Ok::<_, BlobError>(needed) };
        store.blobs.free(&a, &digest, before, is_needed).await
    };
    assert!(!free(later, true).await.unwrap());
    let long_ago = later.minus(Duration::from_hours(1));
    assert!(!free(long_ago, false).await.unwrap(), "it was stored since");
    assert!(store.blobs.exists(&a, &digest).await.unwrap());
    assert!(free(later, false).await.unwrap());
    assert!(!store.blobs.exists(&a, &digest).await.unwrap());
    assert!(free(later, true).await.unwrap(), "it is gone already");
    assert!(store.blobs.exists(&b, &digest).await.unwrap());
    store.blobs.put(&a, "x".into()).await.unwrap();
    let refused = async { Err(BlobError::InvalidDigest) };
    let failed = store.blobs.free(&a, &digest, later, refused).await;
    assert!(matches!(failed, Err(BlobError::InvalidDigest)));
    assert!(store.blobs.exists(&a, &digest).await.unwrap());
}

#[tokio::test]
async fn nothing_is_freed_while_a_use_is_recorded() {
    let store = Store::new();
    let a = tenant("a");
    let digest = store.blobs.put(&a, "x".into()).await.unwrap().digest;
    let later = SystemClock.now().plus(Duration::from_secs(1));
    let claiming = store.blobs.claiming().await;
    let is_needed = async { Ok::<_, BlobError>(false) };
    let mut freeing = std::pin::pin!(store.blobs.free(&a, &digest, later, is_needed));
    assert!(futures::poll!(freeing.as_mut()).is_pending());
    assert!(store.blobs.exists(&a, &digest).await.unwrap());
    drop(claiming);
    assert!(freeing.await.unwrap());
}

#[tokio::test]
async fn damage_is_reported_instead_of_served() {
    let store = Store::new();
    let a = tenant("a");
    let digest = store.blobs.put(&a, "truth".into()).await.unwrap().digest;
    fs::write(&store.files()[0], "lying").unwrap();
    let read = store.blobs.get(&a, &digest, 100).await;
    assert!(matches!(read, Err(BlobError::Corrupt { .. })));
}

#[tokio::test]
async fn content_survives_reopening_and_others_cannot_read_the_folder() {
    let store = Store::new();
    let a = tenant("a");
    let digest = store.blobs.put(&a, "x".into()).await.unwrap().digest;
    let folder = store.dir.path().join("blobs");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let reopened = Blobs::local(&folder).unwrap();
    assert_eq!(reopened.get(&a, &digest, 1).await.unwrap(), "x");
    let mode = fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_of_the_same_content_at_once_all_succeed() {
    let store = Store::new();
    let a = tenant("a");
    let content = Bytes::from(noise(PART_BYTES * 2));
    let uploads = (0..16).map(|_| store.blobs.put(&a, content.clone()));
    let stored = futures::future::try_join_all(uploads).await.unwrap();
    assert!(stored.iter().all(|one| one == &stored[0]));
    assert_eq!(store.files().len(), 1);
    let back = store.blobs.get(&a, &stored[0].digest, u64::MAX).await;
    assert_eq!(back.unwrap(), content);
}

#[test]
fn a_full_disk_is_told_from_an_unreachable_one() {
    let full = BlobError::from(object_store::Error::Generic {
        store: "test",
        source: Box::new(io::Error::from(io::ErrorKind::StorageFull)),
    });
    assert!(matches!(full, BlobError::Full(_)));
    let denied = BlobError::from(io::Error::from(io::ErrorKind::PermissionDenied));
    assert!(matches!(denied, BlobError::Unavailable(_)));
}

proptest! {
    #[test]
    fn no_tenant_and_no_digest_leave_the_folder(id in "[^\\p{Cc}]{1,256}", digest in "\\PC*") {
        let name = object(&tenant(&id), &"0".repeat(64)).unwrap();
        let parts: Vec<_> = name.parts().map(|part| part.as_ref().to_owned()).collect();
        prop_assert_eq!(parts.len(), 3);
        prop_assert!(parts[1].len() == 64 && parts[1].bytes().all(|byte| byte.is_ascii_hexdigit()));
        prop_assert!(matches!(object(&tenant("a"), &digest), Err(BlobError::InvalidDigest)));
    }
}

#[test]
fn only_a_lower_case_sha_256_is_a_digest() {
    let a = tenant("a");
    for wrong in [
        String::new(),
        "A".repeat(64),
        "a".repeat(63),
        "a".repeat(65),
        format!("../{}", "a".repeat(61)),
        "é".repeat(32),
    ] {
        assert!(matches!(object(&a, &wrong), Err(BlobError::InvalidDigest)));
    }
    assert!(object(&a, &"0123456789abcdef".repeat(4)).is_ok());
}

#[tokio::test]
async fn a_part_goes_on_where_it_counts_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = TenantId::trusted("t");
    let write = async |blobs: &Blobs, size, text: &'static str| {
        let part = blobs.open_part("p-1", size).await.unwrap();
        let part = part.write(Bytes::from_static(text.as_bytes())).await;
        part.unwrap().sync().await.unwrap()
    };
    let blobs = Blobs::local(folder.path()).unwrap();
    blobs.rest_part(write(&blobs, 0, "one two").await);
    // Only "one " was noted before the process ended.
    let blobs = Blobs::local(folder.path()).unwrap();
    blobs
        .sweep_temporary(Timestamp::from_micros(i64::MAX))
        .await
        .unwrap();
    let part = write(&blobs, 4, "more").await;
    let mark = part.mark();
    let part = part.write(Bytes::from_static(b" and wrong")).await.unwrap();
    let part = part.go_back(mark).await.unwrap();
    assert_eq!(part.size(), 8);
    let digest = part.digest();
    assert_eq!(digest, hex(&Sha256::digest(b"one more")));
    blobs.rest_part(part);
    let lost = blobs.open_part("p-1", 9).await;
    assert!(matches!(lost, Err(BlobError::NotFound)), "{lost:?}");
    let claiming = blobs.claiming().await;
    for _ in 0..2 {
        let stored = blobs.name_part(&claiming, &tenant, "p-1", &digest).await;
        assert_eq!(stored.unwrap().head, "one more");
    }
    drop(claiming);
    assert_eq!(blobs.get(&tenant, &digest, 99).await.unwrap(), "one more");
    for id in ["", "..", "a/b"] {
        let refused = blobs.open_part(id, 0).await;
        assert!(matches!(refused, Err(BlobError::NotFound)), "{refused:?}");
    }
}

#[tokio::test]
async fn content_that_is_not_what_was_stated_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).unwrap();
    let tenant = TenantId::trusted("t");
    let put = async |stated: &str| {
        let chunks = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
        blobs.put_stated(&tenant, chunks, 9, Some(stated)).await
    };
    let digest = hex(&Sha256::digest(b"x"));
    let refused = put(&"0".repeat(64)).await;
    assert!(matches!(refused, Err(BlobError::Mismatch { digest: found }) if found == digest));
    assert!(!blobs.exists(&tenant, &digest).await.unwrap());
    assert_eq!(
        std::fs::read_dir(folder.path().join("staging"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(put(&digest).await.unwrap().digest, digest);
}
