//! Backup while running, and restore into either database.

use std::path::PathBuf;
use std::sync::Arc;

use civitas_model::Write;
use civitas_model::execution::Status;
use civitas_storage::backup::{RestoreError, Summary, check_backup, restore};
use civitas_storage::execution::ExecutionFilter;
use civitas_storage::{Change, Store};
use serde_json::json;

use crate::documents::{artifact, contract, file, pending_intent, upload};
use crate::fixture::{Fixture, Kind, Place, append, at, complete, id, start, submit, tenant};
use crate::records::record;
use crate::sessions::{open_session, set_state};

impl Fixture {
    fn backup_path(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    async fn backup(&self) -> Summary {
        self.store.backup(&self.backup_path()).await.unwrap()
    }

    /// Restores the backup into a new database; `None` when there is no server.
    async fn restored(&self, kind: Kind) -> Option<Self> {
        let place = Place::new(kind).await?;
        let options = place.options();
        restore(&self.backup_path(), &options, self.clock.clone())
            .await
            .unwrap();
        let store = Store::open(&options, self.clock.clone()).await.unwrap();
        Some(Self {
            kind,
            store,
            place: Arc::new(place),
            ..self.clone()
        })
    }

    /// One of everything.
    async fn fill(&self) {
        self.started("e").await;
        self.commit(append(&tenant(), "e", 2, 2)).await;
        let mut awkward = submit(&tenant(), "awkward");
        awkward.intent.parameters = json!({ "t": "\0\n'\u{1f980}\u{2028}" });
        self.commit(awkward).await;
        self.put(Write::Artifact(Box::new(artifact("a")))).await;
        self.put(Write::File(Box::new(file("f")))).await;
        self.put(Write::Contract(Box::new(contract("c")))).await;
        self.put(Write::PendingIntent(Box::new(pending_intent("p"))))
            .await;
        self.commit(Change::Upload(upload("u"))).await;
        self.commit(open_session("s", at(9))).await;
        self.put(set_state("s", "k", json!("v"))).await;
        self.put(record("r", "p")).await;
    }
}

pub async fn a_backup_under_load_is_consistent(t: Fixture) {
    let load = {
        let t = t.clone();
        tokio::spawn(async move {
            for number in 0..400 {
                let execution = format!("e{number:03}");
                t.started(&execution).await;
                t.commit(append(&tenant(), &execution, 2, 3)).await;
                t.put(record(&execution, "p")).await;
                t.commit(complete(&tenant(), &execution, 5)).await;
            }
        })
    };
    // Backups are taken until one has seen some of the work but not all of it.
    let mut partial = 0;
    while !load.is_finished() {
        let summary = t.backup().await;
        assert_eq!(summary.rows["executions"], summary.rows["intents"]);
        if (1..400).contains(&summary.rows["executions"]) && partial < 3 {
            partial += 1;
            let restored = t.restored(Kind::Sqlite).await.unwrap();
            assert_consistent(&restored).await;
        }
    }
    load.await.unwrap();
    assert!(partial > 0, "no backup was taken under load");
}

async fn assert_consistent(t: &Fixture) {
    let filter = ExecutionFilter::default();
    let list = t
        .store
        .executions()
        .list(&tenant(), &filter, 1000)
        .await
        .unwrap();
    for execution in &list {
        t.assert_gap_free(execution.execution_id.as_str()).await;
    }
    let finished = list
        .iter()
        .filter(|execution| execution.status == Status::Completed)
        .count() as u64;
    let newest = t.store.records().last_change().await.unwrap();
    assert!(
        newest == finished || newest == finished + 1,
        "{newest} records, {finished} finished"
    );
    let changes = t.store.records().changes_after(0, 1000).await.unwrap();
    assert_eq!(changes.len() as u64, newest);
}

pub async fn a_backup_moves_to_the_other_database(t: Fixture) {
    t.fill().await;
    let summary = t.backup().await;
    assert_eq!(check_backup(&t.backup_path()).unwrap(), summary);
    let rows_before = rows(&t);
    for kind in [t.kind, t.kind.other()] {
        let Some(restored) = t.restored(kind).await else {
            println!("SKIPPED: there is no server to restore into");
            continue;
        };
        assert_eq!(restored.find("e").await, t.find("e").await);
        assert_eq!(restored.find("awkward").await, t.find("awkward").await);
        assert_eq!(restored.journal("e").await, t.journal("e").await);
        let session = t.store.find_session(&id("s")).await.unwrap();
        assert_eq!(
            restored.store.find_session(&id("s")).await.unwrap(),
            session
        );
        // Work goes on where it stood, and a backup of the copy holds the same.
        let again = restored.backup().await;
        assert_eq!(again, summary);
        assert_eq!(rows(&restored), rows_before);
        restored.commit(append(&tenant(), "e", 4, 1)).await;
        restored.put(record("r2", "p")).await;
        assert_eq!(restored.store.records().last_change().await.unwrap(), 2);
        restored.place.discard().await;
        t.backup().await;
    }
}

/// The rows of the backup, in whatever order they came.
fn rows(t: &Fixture) -> Vec<String> {
    let text = std::fs::read_to_string(t.backup_path()).unwrap();
    let rows = text.lines().filter(|line| line.starts_with('['));
    let mut rows: Vec<String> = rows.map(str::to_owned).collect();
    rows.sort_unstable();
    rows
}

pub async fn a_backup_is_not_restored_over_something(t: Fixture) {
    t.fill().await;
    t.backup().await;
    let outcome = restore(&t.backup_path(), &t.place.options(), t.clock.clone()).await;
    assert!(
        matches!(outcome, Err(RestoreError::NotEmpty { .. })),
        "{outcome:?}"
    );
    t.assert_gap_free("e").await;
    // A new database that was opened once, but not used, is empty.
    let Some(place) = Place::new(t.kind).await else {
        return;
    };
    Store::open(&place.options(), t.clock.clone())
        .await
        .unwrap();
    restore(&t.backup_path(), &place.options(), t.clock.clone())
        .await
        .unwrap();
    place.discard().await;
}

pub async fn a_damaged_backup_is_refused(t: Fixture) {
    t.fill().await;
    t.backup().await;
    let whole = std::fs::read(t.backup_path()).unwrap();
    let Some(place) = Place::new(t.kind).await else {
        return;
    };
    let mut damaged: Vec<(String, Vec<u8>)> = Vec::new();
    for kept in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        damaged.push((format!("cut to {kept}"), whole[..kept].to_vec()));
    }
    for position in (0..whole.len()).step_by(53) {
        let mut flipped = whole.clone();
        flipped[position] ^= 1 << (position % 8);
        damaged.push((format!("flipped at {position}"), flipped));
    }
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let mut without = lines.clone();
    without.remove(5);
    damaged.push(("without a line".into(), without.concat()));
    damaged.push(("twice".into(), [whole.clone(), whole.clone()].concat()));
    for (what, bytes) in damaged {
        std::fs::write(t.backup_path(), bytes).unwrap();
        let outcome = restore(&t.backup_path(), &place.options(), t.clock.clone()).await;
        let expected = matches!(
            outcome,
            Err(RestoreError::Damaged { .. }
                | RestoreError::NotABackup
                | RestoreError::TooNew { .. })
        );
        assert!(expected, "{what}: {outcome:?}");
    }
    // Nothing of any of them is left in the way of the whole one.
    std::fs::write(t.backup_path(), whole).unwrap();
    restore(&t.backup_path(), &place.options(), t.clock.clone())
        .await
        .unwrap();
    let store = Store::open(&place.options(), t.clock.clone())
        .await
        .unwrap();
    let found = store.executions().find(&tenant(), &id("e")).await.unwrap();
    assert_eq!(found.unwrap().last_seq, 4);
    let started = start(&tenant(), "e", 4);
    store
        .commit(civitas_storage::Changeset::new().with(started))
        .await
        .unwrap();
    place.discard().await;
}

pub async fn a_newer_backup_is_refused(t: Fixture) {
    t.backup().await;
    let text = std::fs::read_to_string(t.backup_path()).unwrap();
    for name in ["format_version", "schema_version"] {
        let newer = text.replacen(&format!("\"{name}\":1"), &format!("\"{name}\":99"), 1);
        assert_ne!(newer, text);
        std::fs::write(t.backup_path(), newer).unwrap();
        let outcome = restore(&t.backup_path(), &t.place.options(), t.clock.clone()).await;
        assert!(
            matches!(outcome, Err(RestoreError::TooNew { found: 99, .. })),
            "{outcome:?}"
        );
    }
}
