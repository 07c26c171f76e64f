//! Files of users, written in one step.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

/// Puts a file in place in one step: whoever reads it sees the old or the new one, whole, also after the power fails.
pub(crate) fn replace(target: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", target.display());
    let folder = target.parent().with_context(cannot)?;
    fs::create_dir_all(folder).with_context(cannot)?;
    let mut file = tempfile::Builder::new()
        .prefix(".civitas-")
        .tempfile_in(folder)
        .with_context(cannot)?;
    file.write_all(bytes).with_context(cannot)?;
    let permissions = Permissions::from_mode(mode);
    file.as_file()
        .set_permissions(permissions)
        .with_context(cannot)?;
    file.as_file().sync_all().with_context(cannot)?;
    file.persist(target).with_context(cannot)?;
    // The file is in place; that its folder cannot be synchronised, as on some network disks, takes nothing back.
    if let Ok(folder) = File::open(folder) {
        drop(folder.sync_all());
    }
    Ok(())
}
