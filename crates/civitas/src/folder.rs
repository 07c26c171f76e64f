//! The data folder: made, closed to others, and taken for one process.

use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use civitas_model::Entropy;
use civitas_storage::{Changeset, SettingChange, Store};
use rustix::fs::{FlockOperation, flock};

/// Who may do anything in the folder: its owner. It holds keys, and what people brought in.
pub(crate) const PRIVATE: u32 = 0o700;
/// The bits that let others in, and the one of a folder that everyone shares, such as `/tmp`.
const OTHERS: u32 = 0o077;
const SHARED: u32 = 0o1000;

/// The file that holds the node's name.
pub(crate) const NODE: &str = "node";
/// The setting that names the node whose data folder a database goes with.
const OWNER: &str = "data_folder";

/// Makes the folder if it is missing, and closes it to everyone but its owner.
pub(crate) fn make_private(data_dir: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot create the data folder {}", data_dir.display());
    if let Some(parent) = data_dir.parent() {
        std::fs::create_dir_all(parent).with_context(cannot)?;
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(PRIVATE);
    builder.create(data_dir).with_context(cannot)?;
    let mode = std::fs::metadata(data_dir)
        .with_context(cannot)?
        .permissions()
        .mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    if mode & SHARED != 0 {
        bail!(
            "{} is a folder that everyone shares: choose one within it with --data-dir",
            data_dir.display()
        );
    }
    match std::fs::set_permissions(data_dir, Permissions::from_mode(PRIVATE)) {
        Ok(()) => {
            tracing::info!(folder = %data_dir.display(), "the data folder is closed to others now");
        }
        // A mounted volume may belong to someone else: its owner has to close it.
        Err(error) => tracing::warn!(
            folder = %data_dir.display(), %error,
            "others can read the data folder, which holds keys: make it belong to this user"
        ),
    }
    Ok(())
}

/// Takes the data folder for this process. The lock ends with it, however it ends.
pub(crate) fn lock(data_dir: &Path) -> anyhow::Result<File> {
    make_private(data_dir)?;
    let file = File::create(data_dir.join("lock"))
        .with_context(|| format!("cannot write to the data folder {}", data_dir.display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        bail!(
            "another process uses the data folder {}: stop it, or choose another with --data-dir",
            data_dir.display()
        );
    }
    Ok(file)
}

/// This node's name, made once and kept, so that a restart gets its lease back at once.
pub(crate) fn node_name(data_dir: &Path, entropy: &dyn Entropy) -> anyhow::Result<String> {
    let path = data_dir.join(NODE);
    match std::fs::read_to_string(&path) {
        Ok(name) if !name.trim().is_empty() => Ok(name.trim().to_owned()),
        _ => {
            let name = entropy.uuid_v4().to_string();
            std::fs::write(&path, &name)
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(name)
        }
    }
}

/// Sees to it that a database outside the folder goes with this folder and no other: the content lies in the one, what
/// is known about it in the other. The first folder that is started with a database is its folder.
pub(crate) async fn claim(store: &Store, data_dir: &Path, node: &str) -> anyhow::Result<()> {
    if let Some(owner) = stranger(store, node).await? {
        bail!("{}", not_its_folder(data_dir, &owner));
    }
    let claim = SettingChange::Put {
        name: OWNER,
        value: node.to_owned(),
    };
    store.commit(Changeset::new().with(claim)).await?;
    Ok(())
}

/// The node whose folder the database goes with, if it is another than this one.
pub(crate) async fn stranger(store: &Store, node: &str) -> anyhow::Result<Option<String>> {
    let owner = store.find_setting(OWNER).await?;
    Ok(owner.filter(|owner| owner != node))
}

/// What to do when a database goes with another folder.
pub(crate) fn not_its_folder(data_dir: &Path, owner: &str) -> String {
    let shown = data_dir.display();
    format!(
        "the database goes with another data folder than {shown}: the content of its files lies there. \
         Name that folder with --data-dir, restore a backup (`civitas restore`), or name an empty database; \
         if that folder is lost for good, write {owner} into {shown}/{NODE} to go on without its content and keys"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_folder_is_closed_whether_it_is_new_or_was_open_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("outer/data");
        make_private(&data).unwrap();
        assert_eq!(mode(&data), PRIVATE);
        assert_ne!(mode(data.parent().unwrap()), PRIVATE, "that is not ours");
        std::fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
        make_private(&data).unwrap();
        assert_eq!(mode(&data), PRIVATE);
    }

    #[test]
    fn a_folder_that_everyone_shares_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
        let refused = make_private(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("--data-dir"), "{refused}");
        assert_eq!(mode(folder.path()), 0o1777);
    }
}
