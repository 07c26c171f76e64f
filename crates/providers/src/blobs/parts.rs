//! Parts: content that arrives in pieces, over breaks of the connection and restarts of the process.
//!
//! A part is the file `parts/<id>`. How much of it counts is known to whoever keeps it: opening a part cuts it to that
//! length. Memory stays flat; the digest is carried on while the process lives and computed anew after a restart.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use bytes::Bytes;
use civitas_model::TenantId;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use sha2::{Digest, Sha256};
use tokio::sync::RwLockReadGuard;

use super::local::{self, blocking};
use super::{BlobError, Blobs, HEAD_BYTES, Stored, hex, namespace, object};

/// Digests that are carried on, at most; those of parts nobody goes on with would add up.
const RESTING_MAX: usize = 1024;
/// How much is read at a time to compute a digest anew, in bytes.
const PIECE_BYTES: usize = 1024 * 1024;

/// A part that is written to. One at a time has it; whoever opens it sees to that.
#[derive(Debug)]
pub struct Part {
    id: String,
    file: File,
    hasher: Sha256,
    size: u64,
}

/// A point that [`Part::go_back`] returns to.
#[derive(Debug, Clone)]
pub struct Mark {
    hasher: Sha256,
    size: u64,
}

impl Blobs {
    /// Opens a part of which `size` bytes count; one of 0 bytes is made when it is missing. A part that has fewer bytes
    /// is [`BlobError::NotFound`]: it was lost.
    pub async fn open_part(&self, id: &str, size: u64) -> Result<Part, BlobError> {
        let path = self.part_path(id)?;
        let resting = self.resting().remove(id).filter(|mark| mark.size == size);
        let id = id.to_owned();
        let opened = blocking(move || open(&path, size, resting).map(Some).or_else(lost)).await?;
        let (file, hasher) = opened.ok_or(BlobError::NotFound)?;
        Ok(Part {
            id,
            file,
            hasher,
            size,
        })
    }

    /// Puts a part aside: going on with it needs not compute its digest anew.
    pub fn rest_part(&self, part: Part) {
        let mut resting = self.resting();
        if resting.len() >= RESTING_MAX {
            resting.clear();
        }
        let mark = part.mark();
        resting.insert(part.id, mark);
    }

    /// Makes a whole, synced part the tenant's content of this digest, durably. Does nothing when that was done before.
    ///
    /// `_claiming` is what [`Blobs::claiming`] answered, and is held until the content's use is recorded.
    pub async fn name_part(
        &self,
        _claiming: &RwLockReadGuard<'_, ()>,
        tenant: &TenantId,
        id: &str,
        digest: &str,
    ) -> Result<Stored, BlobError> {
        let path = self.part_path(id)?;
        let target = object(tenant, digest)?;
        self.folder.prepare_namespace(namespace(tenant)).await?;
        if blocking(move || fs::exists(path)).await? {
            let part = Path::from_iter([local::PARTS, id]);
            self.store.rename(&part, &target).await?;
        }
        self.resting().remove(id);
        let size = self.store.head(&target).await?.size;
        let head = match size {
            0 => Bytes::new(),
            size => {
                let range = 0..size.min(HEAD_BYTES as u64);
                self.store.get_range(&target, range).await?
            }
        };
        Ok(Stored {
            digest: digest.to_owned(),
            size,
            head,
        })
    }

    /// Removes a part, if it is there.
    pub async fn remove_part(&self, id: &str) -> Result<(), BlobError> {
        let path = self.part_path(id)?;
        self.resting().remove(id);
        blocking(move || match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    /// Where a part lies. Its id must be a plain name.
    fn part_path(&self, id: &str) -> Result<PathBuf, BlobError> {
        let is_plain = |byte: u8| byte == b'-' || byte.is_ascii_alphanumeric();
        if id.is_empty() || id.len() > 64 || !id.bytes().all(is_plain) {
            return Err(BlobError::NotFound);
        }
        Ok(self.folder.parts().join(id))
    }
}

impl Part {
    /// How many bytes it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The point it has reached.
    pub fn mark(&self) -> Mark {
        Mark {
            hasher: self.hasher.clone(),
            size: self.size,
        }
    }

    /// SHA-256 of what it has, in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }

    /// Appends bytes; they are durable after the next [`Part::sync`].
    pub async fn write(mut self, bytes: Bytes) -> Result<Self, BlobError> {
        blocking(move || {
            self.file.write_all(&bytes)?;
            self.hasher.update(&bytes);
            self.size += bytes.len() as u64;
            Ok(self)
        })
        .await
    }

    /// Makes everything that was written durable.
    pub async fn sync(self) -> Result<Self, BlobError> {
        blocking(move || self.file.sync_data().map(|()| self)).await
    }

    /// Takes away what was written since a mark.
    pub async fn go_back(mut self, mark: Mark) -> Result<Self, BlobError> {
        blocking(move || {
            self.file.set_len(mark.size)?;
            self.file.seek(SeekFrom::Start(mark.size))?;
            (self.hasher, self.size) = (mark.hasher, mark.size);
            Ok(self)
        })
        .await
    }
}

fn open(path: &std::path::Path, size: u64, resting: Option<Mark>) -> io::Result<(File, Sha256)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    let is_new = size == 0 && !path.exists();
    let mut file = options.create(size == 0).truncate(false).open(path)?;
    if is_new && let Some(folder) = path.parent() {
        local::sync_folder(folder)?;
    }
    if file.metadata()?.len() < size {
        return Err(io::ErrorKind::NotFound.into());
    }
    file.set_len(size)?;
    let hasher = match resting {
        Some(mark) => mark.hasher,
        None => hash(&mut file)?,
    };
    file.seek(SeekFrom::Start(size))?;
    Ok((file, hasher))
}

fn lost<T>(error: io::Error) -> io::Result<Option<T>> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    }
}

fn hash(file: &mut File) -> io::Result<Sha256> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hasher);
        }
        hasher.update(&piece[..read]);
    }
}
