//! What the server has already, by content: how a folder that was put half-way is gone on with.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::get::digest;
use crate::cli::failure::Failure;
use crate::cli::intake::Document;
use crate::client::{Client, Source};

/// Digests that are asked for at once: the limit of `query_files`.
const DIGESTS_MAX: usize = 100;
/// Files that one question may find: several can have one content.
const FILES_MAX: u32 = 500;

/// Notes with each document the file of the same content that the server has, if there is one. A document that cannot
/// be read is left as it is: putting it says why.
pub(super) async fn note(client: &Client, documents: &mut [Document]) -> Result<(), Failure> {
    for some in documents.chunks_mut(DIGESTS_MAX) {
        let mut digests = Vec::with_capacity(some.len());
        for document in some.iter() {
            digests.push(match &document.source {
                Source::Path(path) => digest(path).await.ok(),
                Source::Bundled(_) => None,
            });
        }
        let asked: Vec<&String> = digests.iter().flatten().collect();
        if asked.is_empty() {
            continue;
        }
        let query = json!({ "filters": { "file_hash": asked }, "limit": FILES_MAX });
        let mut answer = client.run("query_files", query).await?;
        let Value::Array(files) = answer["files"].take() else {
            continue;
        };
        let mut by_digest: HashMap<String, Value> = HashMap::new();
        for file in files {
            let digest = file["file_hash"].as_str().unwrap_or_default().to_owned();
            let is_saved = file["status"] == "active";
            // Of several, one that is saved is worth most.
            if is_saved || !by_digest.contains_key(&digest) {
                by_digest.insert(digest, file);
            }
        }
        for (document, digest) in some.iter_mut().zip(digests) {
            document.known = digest.and_then(|digest| by_digest.get(&digest).cloned());
        }
    }
    Ok(())
}
