//! The data folder: who can look into it, and which database it goes with.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::{Server, run};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn nobody_else_can_look_into_a_data_folder_or_a_restored_one() {
    let server = Server::start();
    let folder = server.folder.path();
    assert_eq!(mode(&folder.join("data")), 0o700);
    let archive = folder.join("backup.tar").display().to_string();
    run(["backup", &archive, "--data-dir", &server.data_dir()]).ok();
    let copy = folder.join("copy");
    let path = copy.display().to_string();
    run(["restore", &archive, "--data-dir", &path]).ok();
    assert_eq!(mode(&copy), 0o700);
}
