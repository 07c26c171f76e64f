//! What a search answers, seen from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "tests stop where something is missing, and their numbers are small"
)]

mod answers;
mod paging;
mod relevance;

use civitas_model::{Record, RecordId, TenantId, Timestamp};
use civitas_search::{Answer, Change, Index, Options, Query};
use serde_json::json;
use tempfile::TempDir;

fn tenant() -> TenantId {
    TenantId::trusted("halden")
}

fn record(id: &str, title: &str, body: &str) -> Record {
    Record {
        record_id: RecordId::trusted(id),
        tenant_id: tenant(),
        source: "file".into(),
        parent_id: id.split(':').next().unwrap_or(id).into(),
        title: title.into(),
        heading: String::new(),
        body: body.into(),
        kind: "pdf".into(),
        date: Timestamp::from_micros(1_000_000),
        metadata: json!({}),
    }
}

/// An index that goes with its folder.
struct Shelf {
    index: Index,
    fed: u64,
    _dir: TempDir,
}

impl Shelf {
    fn new(records: Vec<Record>) -> Self {
        let dir = TempDir::new().unwrap();
        let index = Index::open(dir.path(), Options::default()).unwrap();
        let mut shelf = Self {
            index,
            fed: 0,
            _dir: dir,
        };
        shelf.put(records);
        shelf
    }

    fn put(&mut self, records: Vec<Record>) {
        let changes: Vec<Change> = records.into_iter().map(Change::Put).collect();
        self.index.apply(&changes).unwrap();
        self.fed += 1;
        self.index.commit(self.fed).unwrap();
    }

    fn ask(&self, text: &str) -> Answer {
        self.index.search(&Query::new(tenant(), text)).unwrap()
    }
}

fn ids(answer: &Answer) -> Vec<&str> {
    let hits = answer.hits.iter();
    hits.map(|hit| hit.record_id.as_str()).collect()
}
