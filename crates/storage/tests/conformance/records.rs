//! Search records and the stream of their changes.

use civitas_model::{Record, Write};
use civitas_storage::RecordChange;
use serde_json::json;

use crate::fixture::{Fixture, at, id, other_tenant, tenant};

pub fn one_record(name: &str, parent: &str) -> Record {
    Record {
        record_id: id(name),
        tenant_id: tenant(),
        source: "file".into(),
        parent_id: parent.into(),
        title: "Title \u{1f980}".into(),
        heading: String::new(),
        body: "body".into(),
        kind: "paragraph".into(),
        date: at(1),
        metadata: json!({ "page": 1 }),
    }
}

pub fn record(name: &str, parent: &str) -> Write {
    Write::Records {
        records: vec![one_record(name, parent)],
    }
}

pub fn forget(parent: &str) -> Write {
    Write::ForgetRecords {
        tenant_id: tenant(),
        parent_id: parent.into(),
    }
}

pub async fn changes_are_numbered_without_a_gap(t: Fixture) {
    assert_eq!(t.store.records().last_change().await.unwrap(), 0);
    t.put(record("r1", "p")).await;
    t.put(Write::Records {
        records: Vec::new(),
    })
    .await;
    t.put(forget("nothing")).await;
    // A refused changeset takes no number.
    let refused = civitas_storage::Changeset::new()
        .with(record("r2", "p"))
        .with(crate::fixture::append(&tenant(), "nobody", 0, 1));
    t.store.commit(refused).await.unwrap_err();
    t.put(record("r3", "p")).await;
    t.put(forget("p")).await;
    let changes = t.store.records().changes_after(0, 9).await.unwrap();
    let numbers: Vec<u64> = changes.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let forgotten = RecordChange::Forget {
        tenant_id: tenant(),
        parent_id: "p".into(),
    };
    assert_eq!(changes[2].1, forgotten);
    assert_eq!(t.store.records().last_change().await.unwrap(), 3);
    let page = t.store.records().changes_after(1, 1).await.unwrap();
    assert_eq!(page[0].0, 2);
}

pub async fn a_change_gives_records_as_they_are_now(t: Fixture) {
    t.put(record("r1", "p")).await;
    let mut newer = one_record("r1", "p");
    newer.body = "changed \0".into();
    t.put(Write::Records {
        records: vec![newer.clone(), one_record("r2", "q")],
    })
    .await;
    t.put(forget("q")).await;
    newer.body = "changed \u{fffd}".into();
    let changes = t.store.records().changes_after(0, 9).await.unwrap();
    assert_eq!(changes[0].1, RecordChange::Put(vec![newer.clone()]));
    assert_eq!(changes[1].1, RecordChange::Put(vec![newer]));
}

pub async fn many_records_in_one_change_are_read_back(t: Fixture) {
    let records: Vec<Record> = (0..2000)
        .map(|number| one_record(&format!("r{number:05}"), "p"))
        .collect();
    t.put(Write::Records {
        records: records.clone(),
    })
    .await;
    let changes = t.store.records().changes_after(0, 9).await.unwrap();
    assert_eq!(changes, [(1, RecordChange::Put(records))]);
}

pub async fn pages_go_through_every_record(t: Fixture) {
    for number in 0..5 {
        t.put(record(&format!("r{number}"), "p")).await;
    }
    let mut other = one_record("r0", "p");
    other.tenant_id = other_tenant();
    t.put(Write::Records {
        records: vec![other],
    })
    .await;
    let mut seen = Vec::new();
    let mut last: Option<Record> = None;
    loop {
        let after = last
            .as_ref()
            .map(|record| (&record.tenant_id, &record.record_id));
        let page = t.store.records().page_after(after, 2).await.unwrap();
        let Some(record) = page.last() else { break };
        last = Some(record.clone());
        seen.extend(
            page.iter()
                .map(|record| (record.tenant_id.to_string(), record.record_id.to_string())),
        );
    }
    let mut expected: Vec<(String, String)> = (0..5)
        .map(|number| ("tenant-a".into(), format!("r{number}")))
        .collect();
    expected.push(("tenant-b".into(), "r0".into()));
    assert_eq!(seen, expected);
}
