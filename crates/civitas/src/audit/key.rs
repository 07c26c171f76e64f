//! The key that signs checkpoints: 256 random bits, made at the first start, readable by the owner alone.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use civitas_audit::{PublicKey, SigningKey};
use civitas_governance::webhooks::signature::new_secret;
use civitas_model::Entropy;
use civitas_storage::SigningSecret;

use super::FOLDER;
use crate::folder::PRIVATE;

const SECRET: &str = "signing.key";
/// What checkpoints that are sent on are signed with.
const WEBHOOK_SECRET: &str = "webhook.secret";
/// For whoever is given the folder without the secret.
const PUBLIC: &str = "public.key";
/// Bits of a mode that let others in.
const OTHERS: u32 = 0o077;

/// Reads the key, or makes it. Blocks on files; called once, at start.
pub(crate) fn open(data_dir: &Path, entropy: &dyn Entropy) -> anyhow::Result<SigningKey> {
    let folder = data_dir.join(FOLDER);
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(PRIVATE);
    builder
        .create(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    if let Some(key) = read(data_dir)? {
        return Ok(key);
    }
    let mut secret = [0; 32];
    entropy.fill(&mut secret);
    let key = SigningKey::from_secret(&secret);
    // The public half first: a secret that is there is whole, and so is what belongs to it.
    write(&folder, PUBLIC, format!("{}\n", key.public()).as_bytes())?;
    write(&folder, SECRET, &secret)?;
    Ok(key)
}

fn read(data_dir: &Path) -> anyhow::Result<Option<SigningKey>> {
    let path = data_dir.join(FOLDER).join(SECRET);
    let shown = path.display();
    let mode = match fs::metadata(&path) {
        Ok(found) => found.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
    };
    if mode & OTHERS != 0 {
        bail!("others can read {shown}, which signs the audit log: run `chmod 600` on it");
    }
    let bytes = fs::read(&path).with_context(|| format!("cannot read {shown}"))?;
    let Ok(secret) = bytes.try_into() else {
        bail!("{shown} is no key of ours: restore it from a backup");
    };
    Ok(Some(SigningKey::from_secret(&secret)))
}

/// What checkpoints that are sent on are signed with: made at the first start that needs it, for the receiver to be told.
pub(crate) fn webhook_secret(
    data_dir: &Path,
    entropy: &dyn Entropy,
) -> anyhow::Result<SigningSecret> {
    let folder = data_dir.join(FOLDER);
    let path = folder.join(WEBHOOK_SECRET);
    match fs::read_to_string(&path) {
        Ok(text) => return Ok(SigningSecret::new(text.trim())),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    }
    let secret = new_secret(entropy);
    let text = format!("{}\n", secret.reveal());
    write(&folder, WEBHOOK_SECRET, text.as_bytes())?;
    tracing::info!(path = %path.display(), "the receiver of audit checkpoints needs the secret in this file");
    Ok(secret)
}

/// The public key of a data folder, or of a copy of one without the secret.
pub(crate) fn public(data_dir: &Path) -> anyhow::Result<Option<PublicKey>> {
    let path = data_dir.join(FOLDER).join(PUBLIC);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let key = text.parse();
            Ok(Some(key.with_context(|| path.display().to_string())?))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Complete or not at all: written beside its place, synced, then moved there.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let (path, draft) = (folder.join(name), folder.join(format!("{name}.draft")));
    let cannot = || format!("cannot write {}", path.display());
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .with_context(cannot)?;
    file.write_all(bytes).with_context(cannot)?;
    file.sync_all().with_context(cannot)?;
    fs::rename(&draft, &path).with_context(cannot)?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(cannot)
}

#[cfg(test)]
mod tests {
    use civitas_model::SystemEntropy;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(public(folder.path()).unwrap(), None);
        let first = open(folder.path(), &SystemEntropy).unwrap().public();
        let again = open(folder.path(), &SystemEntropy).unwrap().public();
        assert_eq!(first, again);
        assert_eq!(public(folder.path()).unwrap(), Some(first));
        let path = folder.path().join(FOLDER).join(SECRET);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = open(folder.path(), &SystemEntropy).err().unwrap();
        assert!(refused.to_string().contains("chmod 600"));
    }

    #[test]
    fn what_is_no_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path(), &SystemEntropy).unwrap();
        let path = folder.path().join(FOLDER).join(SECRET);
        fs::write(&path, b"short").unwrap();
        assert!(open(folder.path(), &SystemEntropy).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"short");
    }
}
