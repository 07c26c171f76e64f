//! The local folder below the object store: what durability needs and the `ObjectStore` trait does not offer.
//!
//! `LocalFileSystem::with_fsync` syncs a written file and the folders it changes before it returns, but two things
//! remain. Its creation of folders is not atomic: a second writer may find a folder whose own entry is not on disk yet
//! and acknowledge content in it, so namespaces are made here, under a lock. And its listings hide unfinished uploads
//! (`name#1`), so the sweep reads the folder itself.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use civitas_model::Timestamp;
use object_store::local::LocalFileSystem;

use super::error::BlobError;

/// The folder of finished content.
pub(super) const OBJECTS: &str = "objects";
/// The folder of uploads that are not finished.
pub(super) const STAGING: &str = "staging";
/// The folder of uploads that arrive in pieces: a restart does not end them.
pub(super) const PARTS: &str = "parts";

#[derive(Debug)]
pub(super) struct LocalFolder {
    root: PathBuf,
    /// Held while a namespace is looked up or made, so that one that is seen is one that is durable.
    namespaces: Arc<Mutex<()>>,
}

impl LocalFolder {
    pub(super) fn open(root: &Path) -> Result<(Self, LocalFileSystem), BlobError> {
        DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        fs::set_permissions(root, Permissions::from_mode(0o700))?;
        let root = root.canonicalize()?;
        for folder in [OBJECTS, STAGING, PARTS] {
            fs::create_dir_all(root.join(folder))?;
            // Also makes folders durable that a process made just before it was killed.
            sync_folder(&root.join(folder))?;
        }
        sync_folder(&root)?;
        if let Some(parent) = root.parent() {
            sync_folder(parent)?;
        }
        let store = LocalFileSystem::new_with_prefix(&root)?.with_fsync(true);
        let folder = Self {
            root,
            namespaces: Arc::default(),
        };
        Ok((folder, store))
    }

    /// Where parts lie.
    pub(super) fn parts(&self) -> PathBuf {
        self.root.join(PARTS)
    }

    /// Makes the folder of a namespace, durably, unless it is there.
    pub(super) async fn prepare_namespace(&self, namespace: String) -> Result<(), BlobError> {
        let objects = self.root.join(OBJECTS);
        let namespaces = Arc::clone(&self.namespaces);
        blocking(move || {
            let _held = namespaces.lock().unwrap_or_else(PoisonError::into_inner);
            let folder = objects.join(namespace);
            if folder.is_dir() {
                return Ok(());
            }
            fs::create_dir(&folder)?;
            sync_folder(&objects).inspect_err(|_| {
                // Must not be found by the next upload, which would trust it.
                let _ = fs::remove_dir(&folder);
            })
        })
        .await
    }

    /// Makes the last change of a namespace's folder durable; deletions are not synced by the object store.
    pub(super) async fn sync_namespace(&self, namespace: String) -> Result<(), BlobError> {
        let folder = self.root.join(OBJECTS).join(namespace);
        blocking(move || sync_folder(&folder)).await
    }

    /// The names in a namespace; none when it was never made.
    pub(super) async fn list_namespace(&self, namespace: String) -> Result<Vec<String>, BlobError> {
        let folder = self.root.join(OBJECTS).join(namespace);
        blocking(move || {
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries?,
            };
            entries
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        })
        .await
    }

    /// Gives objects of one namespace the same names in another, durably. Those that are there already are the same.
    pub(super) async fn link_all(
        &self,
        from: String,
        to: String,
        names: Vec<String>,
    ) -> Result<(), BlobError> {
        self.prepare_namespace(to.clone()).await?;
        let objects = self.root.join(OBJECTS);
        blocking(move || {
            let (from, to) = (objects.join(from), objects.join(to));
            for name in names {
                match fs::hard_link(from.join(&name), to.join(&name)) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
            sync_folder(&to)
        })
        .await
    }

    /// Removes files from the staging folder that were last written before `older_than`.
    pub(super) async fn sweep_staging(&self, older_than: Timestamp) -> Result<u64, BlobError> {
        let staging = self.root.join(STAGING);
        blocking(move || {
            let mut removed = 0;
            for entry in fs::read_dir(staging)? {
                let entry = entry?;
                match remove_if_older(&entry, older_than) {
                    Ok(true) => removed += 1,
                    Ok(false) => {}
                    // An upload that finished meanwhile has moved its file away.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(removed)
        })
        .await
    }
}

fn remove_if_older(entry: &fs::DirEntry, older_than: Timestamp) -> io::Result<bool> {
    let age = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH);
    let written = Timestamp::from_micros(0).plus(age.unwrap_or(Duration::ZERO));
    if written >= older_than {
        return Ok(false);
    }
    fs::remove_file(entry.path())?;
    Ok(true)
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    Ok(tokio::task::spawn_blocking(work).await??)
}
