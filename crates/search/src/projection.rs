//! The projection: feeds the index from the records stream, in order, and says how far it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use civitas_model::{RecordId, TenantId};
use civitas_storage::{Notice, RecordChange, SqlError, Store};

use crate::error::Error;
use crate::index::{Change, Index};

/// Entries of the stream read at once; each may hold some hundred records.
const PAGE: u32 = 32;
/// Records read at once when the index is filled anew.
const REFILL_PAGE: u32 = 2000;
/// How long changes are collected before they are committed: more commits would cost more than freshness is worth.
const COMMIT_INTERVAL: Duration = Duration::from_millis(500);
/// How long after the last change the writer's memory is given back.
const IDLE_AFTER: Duration = Duration::from_secs(20);
/// The safety net: how often to look although nothing was said.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// How long to wait after a failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// Why the projection could not go on; it tries again.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("storage cannot be read: {0}")]
    Storage(#[from] SqlError),
    #[error("the index cannot be written: {0}")]
    Index(#[from] Error),
    #[error("the task that writes the index stopped")]
    Stopped,
}

/// Feeds the index until the future is dropped; `applied` hears the number of each change that is committed.
pub async fn project(index: Arc<Index>, store: Store, applied: impl Fn(u64) + Send) {
    let mut notices = store.subscribe();
    let mut worked_at = Instant::now();
    loop {
        let before = index.applied_position();
        match catch_up(&index, &store).await {
            Ok(position) => {
                applied(position);
                if position != before {
                    worked_at = Instant::now();
                }
            }
            Err(failure) => {
                tracing::warn!(%failure, "the search index fell behind; it is tried again");
                tokio::time::sleep(FAILURE_PAUSE).await;
                continue;
            }
        }
        if worked_at.elapsed() > IDLE_AFTER {
            release(&index).await;
        }
        tokio::select! {
            () = changed(&mut notices) => tokio::time::sleep(COMMIT_INTERVAL).await,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

/// Resolves when records may have changed.
async fn changed(notices: &mut civitas_storage::Notices) {
    loop {
        match notices.next().await {
            Some(Some(batch)) if !batch.contains(&Notice::Records) => {}
            Some(_) => return,
            // The store is closed: nothing will change any more.
            None => std::future::pending().await,
        }
    }
}

/// Applies everything that is in the stream, and answers the number of the last change.
async fn catch_up(index: &Arc<Index>, store: &Store) -> Result<u64, Failure> {
    let mut position = index.applied_position();
    let mut committed = Instant::now();
    loop {
        let page = store.records().changes_after(position, PAGE).await?;
        let Some((first, _)) = page.first() else {
            break;
        };
        // The stream is trimmed up to what was applied once. An index that lost that starts over from the records.
        if *first != position + 1 {
            return refill(index, store).await;
        }
        position = page.last().map_or(position, |(seq, _)| *seq);
        let changes = page
            .into_iter()
            .flat_map(|(_, change)| changes(change))
            .collect();
        let due = committed.elapsed() >= COMMIT_INTERVAL;
        apply(index, changes, due.then_some(position)).await?;
        if due {
            committed = Instant::now();
        }
    }
    if position == 0 && store.records().last_change().await? > 0 {
        return refill(index, store).await;
    }
    if position != index.applied_position() {
        apply(index, Vec::new(), Some(position)).await?;
    }
    Ok(position)
}

/// Fills the index from the records themselves.
async fn refill(index: &Arc<Index>, store: &Store) -> Result<u64, Failure> {
    // Changes after this number are applied once more afterwards, which only repeats them.
    let position = store.records().last_change().await?;
    tracing::info!(position, "the search index is filled from the records");
    blocking(index, Index::clear).await?;
    let mut after: Option<(TenantId, RecordId)> = None;
    loop {
        let last = after.as_ref().map(|(tenant, record)| (tenant, record));
        let page = store.records().page_after(last, REFILL_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.tenant_id.clone(), last.record_id.clone()));
        apply(index, page.into_iter().map(Change::Put).collect(), None).await?;
    }
    apply(index, Vec::new(), Some(position)).await?;
    Ok(position)
}

fn changes(change: RecordChange) -> Vec<Change> {
    match change {
        RecordChange::Put(records) => records.into_iter().map(Change::Put).collect(),
        RecordChange::Forget {
            tenant_id,
            parent_id,
        } => {
            vec![Change::DeleteParent {
                tenant_id,
                parent_id,
            }]
        }
    }
}

async fn apply(
    index: &Arc<Index>,
    changes: Vec<Change>,
    commit: Option<u64>,
) -> Result<(), Failure> {
    blocking(index, move |index| {
        index.apply(&changes)?;
        commit.map_or(Ok(()), |position| index.commit(position))
    })
    .await
}

async fn release(index: &Arc<Index>) {
    if let Err(failure) = blocking(index, |index| index.release_writer().map(|_| ())).await {
        tracing::warn!(%failure, "the index writer could not be released");
    }
}

async fn blocking(
    index: &Arc<Index>,
    work: impl FnOnce(&Index) -> Result<(), Error> + Send + 'static,
) -> Result<(), Failure> {
    let index = Arc::clone(index);
    tokio::task::spawn_blocking(move || work(&index))
        .await
        .map_err(|_| Failure::Stopped)??;
    Ok(())
}
