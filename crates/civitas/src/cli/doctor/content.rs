//! Whether the data folder holds the content that the database knows of.

use std::path::Path;

use civitas_model::{Entropy, File, SystemClock, SystemEntropy};
use civitas_providers::blobs::Blobs;
use civitas_storage::{Store, StoreOptions, schema_version};

use super::{Finding, Health, causes, finding};
use crate::folder;

const NAME: &str = "content";
/// Files that are looked at; others at each run.
const SAMPLE: u32 = 500;

/// Looks for the content of a sample of files.
pub(super) async fn check(options: &StoreOptions, data_dir: &Path) -> Finding {
    if let StoreOptions::Sqlite { path } = options
        && !path.exists()
    {
        return finding(NAME, Health::Ok, "there are no files yet");
    }
    match look(options, data_dir).await {
        Ok(found) => found,
        Err(error) => finding(
            NAME,
            Health::Warn,
            format!("cannot be told: {}", causes(&error)),
        ),
    }
}

async fn look(options: &StoreOptions, data_dir: &Path) -> anyhow::Result<Finding> {
    let (found, known) = schema_version(options).await?;
    if found != known {
        // Opening the store would bring the schema up to date.
        let text = "looked at once the database's schema is this binary's";
        return Ok(finding(NAME, Health::Ok, text));
    }
    let store = Store::open(options, std::sync::Arc::new(SystemClock)).await?;
    let name = std::fs::read_to_string(data_dir.join(folder::NODE)).unwrap_or_default();
    if matches!(options, StoreOptions::Postgres { .. })
        && let Some(owner) = folder::stranger(&store, name.trim()).await?
    {
        let text = folder::not_its_folder(data_dir, &owner);
        return Ok(finding(NAME, Health::Fail, text));
    }
    let files = sample(&store).await?;
    let count = files.len();
    let missing = missing(&files, data_dir).await?;
    let Some(first) = missing.first() else {
        let text = match count {
            0 => "there are no files yet".to_owned(),
            _ => format!("the content of {count} files was looked for and is there"),
        };
        return Ok(finding(NAME, Health::Ok, text));
    };
    let text = format!(
        "the content of {} of {count} files is missing or cut off, such as of {} ({}): restore it from a backup",
        missing.len(),
        first.file_id,
        first.ui_name
    );
    Ok(finding(NAME, Health::Fail, text))
}

/// Some files, others each time.
async fn sample(store: &Store) -> anyhow::Result<Vec<File>> {
    let from = SystemEntropy.uuid_v4().simple().to_string();
    let mut files = store.files().sample(&from, SAMPLE).await?;
    if files.len() < SAMPLE as usize {
        let rest = store.files().sample("", SAMPLE).await?;
        let before = rest.into_iter().take_while(|file| file.digest < from);
        files.extend(before);
        files.truncate(SAMPLE as usize);
    }
    Ok(files)
}

/// Those whose content is not there, or has another length.
async fn missing<'a>(files: &'a [File], data_dir: &Path) -> anyhow::Result<Vec<&'a File>> {
    let folder = data_dir.join("blobs");
    if !folder.is_dir() {
        return Ok(files.iter().collect());
    }
    let blobs = Blobs::local(&folder)?;
    let mut missing = Vec::new();
    for file in files {
        match blobs.size(&file.tenant_id, &file.digest).await {
            Ok(size) if size == file.size => {}
            Ok(_) | Err(civitas_providers::blobs::BlobError::NotFound) => missing.push(file),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(missing)
}
