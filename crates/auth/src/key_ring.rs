//! Signing keys: 256 random bits each, in files of their own. The newest signs, older ones only verify.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use civitas_model::{Entropy, Timestamp};
use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::error::OpenError;
use crate::secret::hexadecimal;

const KEY_BYTES: usize = 32;
const EXTENSION: &str = "key";

/// One key.
pub(crate) struct Key {
    /// Its name in a token's header: the time it was made in microseconds, then a random part.
    pub(crate) id: String,
    created_at: Timestamp,
    pub(crate) signs: EncodingKey,
    pub(crate) verifies: DecodingKey,
}

/// The keys of an installation.
pub(crate) struct KeyRing {
    folder: PathBuf,
    /// How long after its successor was made a key may still be needed: the lifetime of a token.
    keep: Duration,
    /// Oldest first, never empty.
    keys: RwLock<Vec<Arc<Key>>>,
    rotation: Mutex<()>,
}

impl KeyRing {
    /// Reads the keys, or makes the first one. Blocks on files.
    pub(crate) fn open(
        data_dir: &Path,
        keep: Duration,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let folder = data_dir.join("keys");
        let at = |error| unusable(&folder, &error);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(at)?;
        // An existing folder keeps its mode otherwise.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(at)?;
        let mut keys = Vec::new();
        for entry in fs::read_dir(&folder).map_err(at)? {
            let path = entry.map_err(at)?.path();
            if path.extension().is_some_and(|found| found == EXTENSION) {
                keys.push(Arc::new(read(&path)?));
            }
        }
        keys.sort_by_key(|key| key.created_at);
        let ring = Self {
            folder,
            keep,
            keys: RwLock::new(keys),
            rotation: Mutex::new(()),
        };
        if ring.is_empty() {
            ring.rotate(now, entropy)?;
        } else {
            ring.forget_dead(now);
        }
        Ok(ring)
    }

    /// Makes a new key, which signs from now on, and forgets those no living token needs. Blocks on files.
    pub(crate) fn rotate(&self, now: Timestamp, entropy: &dyn Entropy) -> Result<(), OpenError> {
        let _one_at_a_time = self.rotation.lock().unwrap_or_else(PoisonError::into_inner);
        // Never older than the newest, even when the clock was set back: the order decides who signs.
        let created_at = self
            .newest_at()
            .map_or(now, |newest| now.max(newest.plus(Duration::from_micros(1))));
        let mut random = [0; KEY_BYTES + 4];
        entropy.fill(&mut random);
        let (bytes, name) = random.split_at(KEY_BYTES);
        let id = format!("{:016x}-{}", created_at.as_micros(), hexadecimal(name));
        write(&self.folder, &id, bytes)?;
        let key = Arc::new(Key::new(id, created_at, bytes));
        self.keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(key);
        self.forget_dead(now);
        Ok(())
    }

    /// The key that signs. There always is one.
    pub(crate) fn newest(&self) -> Option<Arc<Key>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.last().map(Arc::clone)
    }

    /// The key of this name, while tokens it signed can be alive.
    pub(crate) fn find(&self, id: &str, now: Timestamp) -> Option<Arc<Key>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let index = keys.iter().position(|key| key.id == id)?;
        let alive = match keys.get(index + 1) {
            Some(successor) => now < successor.created_at.plus(self.keep),
            None => true,
        };
        alive.then(|| Arc::clone(&keys[index]))
    }

    fn is_empty(&self) -> bool {
        self.newest().is_none()
    }

    fn newest_at(&self) -> Option<Timestamp> {
        self.newest().map(|key| key.created_at)
    }

    fn forget_dead(&self, now: Timestamp) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let dead = keys
            .windows(2)
            .take_while(|pair| pair[1].created_at.plus(self.keep) <= now)
            .count();
        let dead: Vec<Arc<Key>> = keys.drain(..dead).collect();
        drop(keys);
        for key in dead {
            let path = self.folder.join(&key.id).with_extension(EXTENSION);
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "an old signing key could not be removed");
            }
        }
    }
}

impl Key {
    fn new(id: String, created_at: Timestamp, bytes: &[u8]) -> Self {
        Self {
            id,
            created_at,
            signs: EncodingKey::from_secret(bytes),
            verifies: DecodingKey::from_secret(bytes),
        }
    }
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> OpenError {
    OpenError::Keys {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}

fn read(path: &Path) -> Result<Key, OpenError> {
    let mut file = File::open(path).map_err(|error| unusable(path, &error))?;
    let mode = file
        .metadata()
        .map_err(|error| unusable(path, &error))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        let reason = "others can read it: run `chmod 600` on it, or remove it to sign everyone out";
        return Err(unusable(path, &reason));
    }
    let mut bytes = Vec::with_capacity(KEY_BYTES);
    Read::by_ref(&mut file)
        .take(KEY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unusable(path, &error))?;
    let id = path.file_stem().and_then(|stem| stem.to_str());
    let created_at = id.and_then(|id| {
        let (micros, _) = id.split_once('-')?;
        i64::from_str_radix(micros, 16).ok()
    });
    match (id, created_at) {
        (Some(id), Some(micros)) if bytes.len() == KEY_BYTES => Ok(Key::new(
            id.to_owned(),
            Timestamp::from_micros(micros),
            &bytes,
        )),
        _ => Err(unusable(
            path,
            &"it is not a key of ours: restore it from a backup, or remove it",
        )),
    }
}

/// Complete or not at all: written beside its place, synced, then moved there.
fn write(folder: &Path, id: &str, bytes: &[u8]) -> Result<(), OpenError> {
    let path = folder.join(id).with_extension(EXTENSION);
    let draft = folder.join(id).with_extension("draft");
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&draft, &path))
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|error| unusable(&path, &error))
}

#[cfg(test)]
mod tests {
    use civitas_model::SystemEntropy;

    use super::*;

    const KEEP: Duration = Duration::from_mins(15);

    fn open(folder: &Path, now: Timestamp) -> Result<KeyRing, OpenError> {
        KeyRing::open(folder, KEEP, now, &SystemEntropy)
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder.join("keys"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    #[test]
    fn keys_are_private_and_survive_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_micros(1_000_000);
        let first = open(folder.path(), now).unwrap().newest().unwrap();
        let again = open(folder.path(), now).unwrap().newest().unwrap();
        assert_eq!(first.id, again.id);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("keys")), 0o700);
        for file in files(folder.path()) {
            assert_eq!(mode(&file), 0o600);
        }
    }

    #[test]
    fn a_key_verifies_until_its_tokens_are_dead_and_is_then_removed() {
        let folder = tempfile::tempdir().unwrap();
        let start = Timestamp::from_micros(1_000_000);
        let ring = open(folder.path(), start).unwrap();
        let old = ring.newest().unwrap();
        ring.rotate(start, &SystemEntropy).unwrap();
        assert_ne!(ring.newest().unwrap().id, old.id);
        assert!(ring.find(&old.id, start).is_some());
        let later = start.plus(KEEP * 2);
        assert!(ring.find(&old.id, later).is_none());
        ring.rotate(later, &SystemEntropy).unwrap();
        assert_eq!(files(folder.path()).len(), 2);
    }

    #[test]
    fn the_newest_signs_even_when_the_clock_was_set_back() {
        let folder = tempfile::tempdir().unwrap();
        let ring = open(folder.path(), Timestamp::from_micros(5_000_000)).unwrap();
        ring.rotate(Timestamp::from_micros(1_000_000), &SystemEntropy)
            .unwrap();
        let signs = ring.newest().unwrap().id.clone();
        let again = open(folder.path(), Timestamp::from_micros(1_000_000)).unwrap();
        assert_eq!(again.newest().unwrap().id, signs);
    }

    #[test]
    fn keys_that_others_can_read_or_that_are_damaged_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_micros(1);
        open(folder.path(), now).unwrap();
        let file = files(folder.path()).remove(0);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(open(folder.path(), now).is_err());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, b"short").unwrap();
        assert!(open(folder.path(), now).is_err());
    }
}
