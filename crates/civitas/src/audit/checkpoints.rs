//! The files of checkpoints beside the database: a line of JSON each, appended and synced, one file a month.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use civitas_audit::ExportedCheckpoint;
use civitas_model::Timestamp;

use super::FOLDER;

const PREFIX: &str = "checkpoints-";
const SUFFIX: &str = ".jsonl";
/// How much of a file's end is searched for its last line break; no line is longer.
const TAIL_BYTES: u64 = 64 * 1024;

/// Appends checkpoints, and returns once they are on the disk. Blocks.
pub(crate) fn append(
    data_dir: &Path,
    now: Timestamp,
    checkpoints: &[ExportedCheckpoint],
) -> anyhow::Result<()> {
    let month: String = now.to_string().chars().take(7).collect();
    let path = data_dir
        .join(FOLDER)
        .join(format!("{PREFIX}{month}{SUFFIX}"));
    let mut lines = String::new();
    for checkpoint in checkpoints {
        lines.push_str(&serde_json::to_string(checkpoint)?);
        lines.push('\n');
    }
    let write = || {
        let is_new = !path.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)?;
        cut_torn_line(&mut file)?;
        file.write_all(lines.as_bytes())?;
        file.sync_data()?;
        match path.parent() {
            Some(folder) if is_new => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Removes what a crash left of a line: it was never said to be written.
fn cut_torn_line(file: &mut File) -> std::io::Result<()> {
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    if tail.is_empty() || tail.ends_with(b"\n") {
        return Ok(());
    }
    let kept = tail.iter().rposition(|byte| *byte == b'\n');
    file.set_len(begin + kept.map_or(0, |at| at as u64 + 1))
}

/// The files of a data folder, oldest first.
pub(crate) fn files(data_dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = data_dir.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The checkpoints in a file. A last line without its line break was not written to its end.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<ExportedCheckpoint>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.split_inclusive('\n')
        .enumerate()
        .filter(|(_, line)| line.ends_with('\n'))
        .map(|(index, line)| {
            serde_json::from_str(line).with_context(|| {
                format!("line {} of {} is no checkpoint", index + 1, path.display())
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use civitas_model::Id;

    use super::*;

    fn checkpoint(size: u64) -> ExportedCheckpoint {
        ExportedCheckpoint {
            tenant: Id::trusted("t"),
            size,
            time: Timestamp::from_micros(1_700_000_000_000_000),
            note: "a note\nof lines\n".into(),
        }
    }

    #[test]
    fn checkpoints_are_appended_by_month_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        assert!(files(folder.path()).unwrap().is_empty());
        fs::create_dir(folder.path().join(FOLDER)).unwrap();
        let now = checkpoint(1).time;
        append(folder.path(), now, &[checkpoint(1), checkpoint(2)]).unwrap();
        append(folder.path(), now, &[checkpoint(3)]).unwrap();
        let found = files(folder.path()).unwrap();
        assert!(found[0].ends_with("checkpoints-2023-11.jsonl"));
        let expected = [1, 2, 3].map(checkpoint);
        assert_eq!(read(&found[0]).unwrap(), expected);
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_left_out_and_then_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(FOLDER)).unwrap();
        let now = checkpoint(1).time;
        append(folder.path(), now, &[checkpoint(1), checkpoint(2)]).unwrap();
        let path = files(folder.path()).unwrap().remove(0);
        let length = fs::metadata(&path).unwrap().len();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(length - 3).unwrap();
        assert_eq!(read(&path).unwrap(), [checkpoint(1)]);
        append(folder.path(), now, &[checkpoint(3)]).unwrap();
        assert_eq!(read(&path).unwrap(), [checkpoint(1), checkpoint(3)]);
        fs::write(&path, "nonsense\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().starts_with("line 1 "));
    }
}
