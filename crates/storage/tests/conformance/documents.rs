//! Artifacts, files, uploads, contracts and pending intents.

use std::time::Duration;

use civitas_model::artifact::{Lifecycle, Materialization, ProducedBy};
use civitas_model::journal::{Kind, NewEntry};
use civitas_model::{
    Artifact, BoundaryContract, Clock, File, PendingIntent, Write, contract, file, pending,
};
use civitas_storage::artifact::ArtifactFilter;
use civitas_storage::{
    Change, FileFilter, Need, PendingIntentFilter, Refusal, Released, UPLOAD_LIFETIME, Upload,
};
use serde_json::json;

use crate::fixture::{Fixture, append, at, complete, id, tenant};

pub fn artifact(name: &str) -> Artifact {
    Artifact {
        artifact_id: id(name),
        artifact_type: "parsed_content".into(),
        tenant_id: tenant(),
        produced_by: ProducedBy {
            intent: "parse_content".into(),
            execution_id: id("e"),
        },
        lifecycle_state: Lifecycle::Ready,
        semantic_descriptor: json!({ "schema": "text" }),
        parent_artifacts: vec![id("file-1")],
        materializations: vec![Materialization {
            materialization_id: "m".into(),
            storage_type: "blob".into(),
            uri: "blob:abc".into(),
            format: "json".into(),
            compression: None,
            created_at: at(1),
        }],
        created_at: at(2),
        updated_at: at(3),
    }
}

pub fn file(name: &str) -> File {
    File {
        file_id: id(name),
        tenant_id: tenant(),
        session_id: id("session-1"),
        ui_name: "Report.pdf".into(),
        file_type: "pdf".into(),
        mime_type: "application/pdf".into(),
        ingestion_type: "upload".into(),
        size: 5 << 40,
        digest: "abc".into(),
        status: file::Status::Active,
        contract_id: id("contract-1"),
        metadata: json!({ "pages": 3 }),
        created_at: at(4),
        updated_at: at(5),
    }
}

pub fn upload(name: &str) -> Upload {
    Upload {
        upload_id: name.into(),
        tenant_id: tenant(),
        digest: "abc".into(),
        size: 12,
        file_type: "pdf".into(),
        mime_type: "application/pdf".into(),
    }
}

pub fn contract(name: &str) -> BoundaryContract {
    BoundaryContract {
        contract_id: id(name),
        tenant_id: tenant(),
        user_id: Some(id("user-1")),
        intent_id: id("intent-1"),
        external_source_type: "file".into(),
        external_source_identifier: "upload:1:x".into(),
        external_source_metadata: json!({ "size": 1 }),
        contract_status: contract::Status::Pending,
        contract_terms: json!({}),
        created_at: at(6),
        updated_at: at(7),
    }
}

pub fn pending_intent(name: &str) -> PendingIntent {
    PendingIntent {
        intent_id: id(name),
        tenant_id: tenant(),
        intent_type: "parse_content".into(),
        target_artifact_id: id("file-1"),
        context: json!({ "profile": "p" }),
        status: pending::Status::Pending,
        user_id: None,
        session_id: Some(id("session-1")),
        created_at: at(8),
        updated_at: at(9),
    }
}

pub async fn artifacts_are_put_found_listed_and_counted(t: Fixture) {
    let mut first = artifact("a1");
    t.put(Write::Artifact(Box::new(first.clone()))).await;
    first.lifecycle_state = Lifecycle::Archived;
    first.updated_at = at(30);
    t.put(Write::Artifact(Box::new(first.clone()))).await;
    let mut second = artifact("a2");
    second.artifact_type = "table".into();
    second.created_at = at(20);
    second.produced_by.execution_id = id("e2");
    t.put(Write::Artifact(Box::new(second.clone()))).await;
    let artifacts = t.store.artifacts();
    let found = artifacts.find(&tenant(), &id("a1")).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    let list = async |filter: ArtifactFilter, limit, offset| {
        let artifacts = t.store.artifacts();
        let list = artifacts
            .list(&tenant(), &filter, limit, offset)
            .await
            .unwrap();
        let count = artifacts.count(&tenant(), &filter).await.unwrap();
        (list, count)
    };
    let all = ArtifactFilter::default;
    assert_eq!(
        list(all(), 9, 0).await,
        (vec![second.clone(), first.clone()], 2)
    );
    assert_eq!(list(all(), 1, 1).await, (vec![first.clone()], 2));
    let types = ArtifactFilter {
        types: vec!["table".into(), "x".into(), "y".into()],
        ..all()
    };
    assert_eq!(list(types, 9, 0).await, (vec![second.clone()], 1));
    let state = ArtifactFilter {
        lifecycle_state: Some(Lifecycle::Archived),
        ..all()
    };
    assert_eq!(list(state, 9, 0).await, (vec![first], 1));
    let execution = ArtifactFilter {
        execution_id: Some(id("e2")),
        ..all()
    };
    assert_eq!(list(execution, 9, 0).await, (vec![second.clone()], 1));
}

async fn listed(t: &Fixture, filter: FileFilter) -> Vec<String> {
    let list = t
        .store
        .files()
        .list(&tenant(), &filter, 9, 0)
        .await
        .unwrap();
    list.iter().map(|file| file.file_id.to_string()).collect()
}

pub async fn files_are_put_found_and_listed(t: Fixture) {
    let mut first = file("f1");
    t.put(Write::File(Box::new(first.clone()))).await;
    let found = t.store.files().find(&tenant(), &id("f1")).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    first.ui_name = "Renamed.txt".into();
    first.status = file::Status::Active;
    t.put(Write::File(Box::new(first.clone()))).await;
    let found = t.store.files().find(&tenant(), &id("f1")).await.unwrap();
    assert_eq!(found, Some(first));
    let mut second = file("f2");
    second.created_at = at(99);
    t.put(Write::File(Box::new(second))).await;
    for (name, status) in [("f3", file::Status::Purged), ("f4", file::Status::Archived)] {
        let mut hidden = file(name);
        hidden.status = status;
        t.put(Write::File(Box::new(hidden))).await;
    }
    let sample = t.store.files().sample("", 9).await.unwrap();
    let sample: Vec<&str> = sample.iter().map(|file| file.file_id.as_str()).collect();
    assert_eq!(sample, ["f1", "f2", "f4"], "all but the purged one");
    assert_eq!(t.store.files().sample("b", 9).await.unwrap(), []);
    let all = FileFilter::default();
    assert_eq!(listed(&t, all.clone()).await, ["f2", "f1"]);
    let page = t.store.files().list(&tenant(), &all, 1, 1).await.unwrap();
    assert_eq!(page[0].file_id, id("f1"));
    let named = FileFilter {
        statuses: vec![file::Status::Archived, file::Status::Purged],
        ..all
    };
    assert_eq!(listed(&t, named).await, ["f4", "f3"]);
}

pub async fn files_are_filtered_by_every_fact(t: Fixture) {
    let mut first = file("f1");
    first.status = file::Status::Ingested;
    t.put(Write::File(Box::new(first))).await;
    let mut other = file("f2");
    other.ui_name = "Other.bin".into();
    other.file_type = "txt".into();
    other.mime_type = "image/png".into();
    other.ingestion_type = "edi".into();
    other.session_id = id("session-2");
    other.size = 77;
    other.digest = "other".into();
    other.status = file::Status::Active;
    other.metadata = json!({ "tags": ["Über_alt", "50%"] });
    other.created_at = at(99);
    other.updated_at = at(200);
    t.put(Write::File(Box::new(other))).await;
    let filters = [
        json!({ "file_type": "txt" }),
        json!({ "mime_type": "image/png" }),
        json!({ "mime_type": "IMAGE/*" }),
        json!({ "ingestion_type": "edi" }),
        json!({ "session_id": "session-2" }),
        json!({ "statuses": ["active"] }),
        json!({ "name_contains": "OTHER" }),
        json!({ "size_min": 77, "size_max": 77 }),
        json!({ "created_from": at(99), "created_to": at(99) }),
        json!({ "updated_from": at(200), "updated_to": at(200) }),
        json!({ "tags": ["über_ALT"] }),
        json!({ "tags": ["50%", "über_alt"] }),
        json!({ "digests": ["none", "other"] }),
    ];
    for filter in filters {
        let parsed: FileFilter = serde_json::from_value(filter.clone()).unwrap();
        assert_eq!(listed(&t, parsed).await, ["f2"], "{filter}");
    }
    let none = [
        json!({ "tags": ["über"] }),
        json!({ "tags": ["überxalt"] }),
        json!({ "tags": ["50%", "missing"] }),
        json!({ "mime_type": "image" }),
        json!({ "size_min": 78 }),
        json!({ "created_to": at(0) }),
    ];
    for filter in none {
        let parsed: FileFilter = serde_json::from_value(filter.clone()).unwrap();
        assert!(
            !listed(&t, parsed).await.contains(&"f2".to_owned()),
            "{filter}"
        );
    }
    assert!(serde_json::from_value::<FileFilter>(json!({ "colour": "red" })).is_err());
}

pub async fn names_are_searched_literally_and_in_any_case(t: Fixture) {
    let names = [
        "50%_off!.txt",
        "500 off.txt",
        "ÜBER Straße.pdf",
        "Ωμέγα \u{1f980}.md",
        "a\\b'c\"d",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let mut file = file(&format!("f{number}"));
        file.ui_name = name.into();
        t.put(Write::File(Box::new(file))).await;
    }
    let cases = [
        ("50%_OFF!", "f0"),
        ("500", "f1"),
        ("über", "f2"),
        ("Über STRAß", "f2"),
        ("ΩΜΈΓΑ", "f3"),
        ("\u{1f980}", "f3"),
        ("A\\B'C\"D", "f4"),
    ];
    for (part, expected) in cases {
        let filter = FileFilter {
            name_contains: Some(part.into()),
            ..FileFilter::default()
        };
        assert_eq!(listed(&t, filter).await, [expected], "{part}");
    }
}

/// What needs the content "abc" of the tenant.
async fn need(t: &Fixture) -> Need {
    t.store.need_of(&tenant(), "abc").await.unwrap()
}

pub async fn content_is_needed_by_files_until_they_are_purged(t: Fixture) {
    assert_eq!(need(&t).await, Need::None);
    for name in ["f1", "f2"] {
        t.put(Write::File(Box::new(file(name)))).await;
    }
    for name in ["f1", "f2"] {
        assert_eq!(need(&t).await, Need::Kept);
        let mut purged = file(name);
        purged.status = file::Status::Purged;
        t.put(Write::File(Box::new(purged))).await;
    }
    assert_eq!(need(&t).await, Need::None);
}

pub async fn content_is_needed_by_artifacts_until_they_are_deleted(t: Fixture) {
    let mut made = artifact("a");
    t.put(Write::Artifact(Box::new(made.clone()))).await;
    assert_eq!(need(&t).await, Need::Kept);
    made.lifecycle_state = Lifecycle::Deleted;
    t.put(Write::Artifact(Box::new(made))).await;
    assert_eq!(need(&t).await, Need::None);
}

pub async fn content_is_needed_by_the_journal_of_what_may_still_run(t: Fixture) {
    t.started("e").await;
    let stored = json!({ "result": { "digest": "abc" } });
    let mut step = append(&tenant(), "e", 2, 1);
    step.entries = vec![NewEntry::new(Kind::Step, "store", stored)];
    t.commit(Change::Append(step)).await;
    assert_eq!(need(&t).await, Need::Execution);
    t.commit(complete(&tenant(), "e", 3)).await;
    assert_eq!(need(&t).await, Need::None);
}

pub async fn artifacts_made_from_another_are_found(t: Fixture) {
    let mut one = artifact("one");
    one.parent_artifacts = vec![id("50%_a\"b"), id("other")];
    let mut gone = one.clone();
    gone.artifact_id = id("gone");
    gone.lifecycle_state = Lifecycle::Deleted;
    for made in [one.clone(), gone, artifact("unrelated")] {
        t.put(Write::Artifact(Box::new(made))).await;
    }
    let found = async |parent: &str| {
        let artifacts = t.store.artifacts();
        artifacts
            .made_from(&tenant(), &id(parent), 9)
            .await
            .unwrap()
    };
    assert_eq!(found("50%_a\"b").await, [one]);
    for parent in ["50%_A\"B", "50xxa\"b", "%", "50%_a", "one"] {
        assert_eq!(found(parent).await, [], "{parent}");
    }
}

pub async fn what_lost_a_use_is_listed_until_it_is_freed(t: Fixture) {
    t.commit(Change::Upload(upload("late"))).await;
    t.clock.advance(UPLOAD_LIFETIME);
    t.commit(Change::Upload(upload("new"))).await;
    t.clock.advance(Duration::from_secs(1));
    let release = || Write::ReleaseContent {
        tenant_id: tenant(),
        digest: "d".into(),
    };
    t.put(release()).await;
    t.put(release()).await;
    let page = async |after: Option<&Released>| {
        let page = t.store.released(t.clock.now(), after, 1).await.unwrap();
        page.into_iter().next()
    };
    let note = page(None).await.unwrap();
    assert_eq!((note.upload_id.as_str(), note.digest.as_str()), ("d", "d"));
    let late = page(Some(&note)).await.unwrap();
    assert_eq!(
        (late.upload_id.as_str(), late.digest.as_str()),
        ("late", "abc")
    );
    assert_eq!(page(Some(&late)).await, None);
    for freed in [note, late] {
        t.put(Write::ClaimUpload {
            tenant_id: freed.tenant_id,
            upload_id: freed.upload_id,
        })
        .await;
    }
    assert_eq!(page(None).await, None);
}

pub async fn uploads_are_noted_once_and_claimed_in_time(t: Fixture) {
    t.commit(Change::Upload(upload("u"))).await;
    let again = t.refused(Change::Upload(upload("u"))).await;
    assert!(matches!(again, Refusal::AlreadyExists { .. }), "{again:?}");
    let find = async || t.store.find_upload(&tenant(), "u").await.unwrap();
    assert_eq!(find().await, Some(upload("u")));
    assert_eq!(need(&t).await, Need::Kept, "an upload needs its content");
    t.clock.advance(UPLOAD_LIFETIME);
    assert_eq!(find().await, Some(upload("u")));
    t.clock.advance(Duration::from_micros(1));
    assert_eq!(find().await, None, "it ran out");
    assert_eq!(need(&t).await, Need::None);
    t.commit(Change::Upload(upload("v"))).await;
    t.put(Write::ClaimUpload {
        tenant_id: tenant(),
        upload_id: "v".into(),
    })
    .await;
    assert_eq!(t.store.find_upload(&tenant(), "v").await.unwrap(), None);
    assert_eq!(need(&t).await, Need::None);
}

pub async fn contracts_are_put_and_found(t: Fixture) {
    let mut contract = contract("c");
    t.put(Write::Contract(Box::new(contract.clone()))).await;
    contract.contract_status = contract::Status::Active;
    contract.contract_terms = json!({ "days": 30 });
    contract.updated_at = at(70);
    t.put(Write::Contract(Box::new(contract.clone()))).await;
    let found = t.store.find_contract(&tenant(), &id("c")).await.unwrap();
    assert_eq!(found, Some(contract));
}

pub async fn pending_intents_are_put_and_listed(t: Fixture) {
    let mut first = pending_intent("p1");
    t.put(Write::PendingIntent(Box::new(first.clone()))).await;
    first.status = pending::Status::Completed;
    first.updated_at = at(90);
    t.put(Write::PendingIntent(Box::new(first.clone()))).await;
    let mut second = pending_intent("p2");
    second.target_artifact_id = id("file-2");
    second.intent_type = "x".into();
    t.put(Write::PendingIntent(Box::new(second.clone()))).await;
    let list = async |filter: PendingIntentFilter| {
        let list = t.store.list_pending_intents(&tenant(), &filter, 9).await;
        list.unwrap()
    };
    let all = PendingIntentFilter::default;
    assert_eq!(list(all()).await, [second.clone(), first.clone()]);
    let completed = PendingIntentFilter {
        status: Some(pending::Status::Completed),
        ..all()
    };
    assert_eq!(list(completed).await, [first]);
    let of_file = PendingIntentFilter {
        target_artifact_id: Some(id("file-2")),
        intent_type: Some("x".into()),
        ..all()
    };
    assert_eq!(list(of_file).await, [second]);
}
