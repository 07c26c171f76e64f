//! Searching without what was deleted a moment ago, which the index may not have heard of yet.

use std::sync::Arc;

use civitas_model::RecordId;
use civitas_storage::Store;

use crate::error::Error;
use crate::index::Index;
use crate::search::{Answer, Query};

/// Searches on a blocking thread, and leaves out the hits whose records are gone by now. A page may then be shorter than
/// asked for. Pages that hold their state are left as they are, so that whoever reads them again meets them unchanged.
pub async fn search_current(
    index: Arc<Index>,
    store: &Store,
    query: Query,
) -> Result<Answer, Error> {
    let tenant = query.tenant_id.clone();
    let is_held = query.hold;
    let mut answer = tokio::task::spawn_blocking(move || index.search(&query))
        .await
        .map_err(|_| Error::Stopped)??;
    if answer.hits.is_empty() || is_held {
        return Ok(answer);
    }
    let ids: Vec<RecordId> = answer
        .hits
        .iter()
        .map(|hit| hit.record_id.clone())
        .collect();
    let existing = store.records().existing(&tenant, &ids).await?;
    answer.hits.retain(|hit| existing.contains(&hit.record_id));
    let gone = ids.len().saturating_sub(answer.hits.len());
    answer.total = answer.total.saturating_sub(gone as u64);
    Ok(answer)
}
