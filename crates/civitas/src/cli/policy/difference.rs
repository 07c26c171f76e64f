//! Where two versions differ, line by line.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::{self, body, files};
use super::{Diff, show};
use crate::cli::difference;
use crate::cli::failure::Failure;
use crate::cli::output::{BOLD, clean, data, note};
use crate::client::Client;

/// Unchanged lines shown around a change.
const AROUND: usize = 3;

/// `civitas policy diff`.
pub(super) async fn run(client: &Client, arguments: Diff) -> anyhow::Result<()> {
    let (before, after) = match &arguments.other {
        Some(other) => (arguments.one.as_str(), other.as_str()),
        None => ("active", arguments.one.as_str()),
    };
    let (old, new) = (texts(client, before).await?, texts(client, after).await?);
    let names: Vec<&String> = old.keys().chain(new.keys()).collect();
    let names = std::collections::BTreeSet::from_iter(names);
    let mut differing = 0;
    for name in names {
        let side = |texts: &BTreeMap<String, String>| texts.get(name).cloned().unwrap_or_default();
        let (one, other) = (side(&old), side(&new));
        if one != other {
            differing += 1;
            data(&format!("{BOLD}{}{BOLD:#}", clean(name)))?;
            for line in difference::lines(&one, &other, AROUND) {
                data(&line)?;
            }
        }
    }
    if differing == 0 {
        note(&format!("{before} and {after} say the same"));
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{} between {before} and {after}",
        if differing == 1 {
            "1 file differs".to_owned()
        } else {
            format!("{differing} files differ")
        }
    ))
    .into())
}

/// The files of a version or a folder. A folder without tables means those that every tenant starts with.
async fn texts(client: &Client, named: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let is_version = named == "active" || named.bytes().all(|byte| byte.is_ascii_digit());
    if is_version && !Path::new(named).is_dir() {
        let version = show::version(client, named).await?;
        return Ok(files(&version).into_iter().collect());
    }
    let mut draft = folder::read(named.into()).await?;
    draft.tables = Some(draft.tables().to_owned());
    Ok(files(&body(&draft)).into_iter().collect())
}
