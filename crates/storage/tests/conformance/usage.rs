//! How much tenants keep, their quotas, and uploads that are open.

use civitas_model::Write;
use civitas_model::file::{File, Status};
use civitas_storage::{
    Change, Changeset, CommitError, OPEN_UPLOAD_LIFETIME, OpenUpload, OpenUploadChange, Quota,
    Quotas, Refusal, Store, Upload, Usage,
};
use serde_json::json;

use crate::documents::{file, upload};
use crate::fixture::{Fixture, at, other_tenant, tenant};

/// An open upload of this many bytes.
pub fn begin(name: &str, length: u64) -> OpenUploadChange {
    OpenUploadChange::Begin(Box::new(OpenUpload {
        upload_id: name.into(),
        tenant_id: tenant(),
        owner: "user:someone".into(),
        session_id: None,
        parameters: json!({ "ui_name": "x" }),
        length,
        received: 0,
        stated_digest: None,
        digest: None,
        execution_id: None,
        is_complete: false,
        expires_at: at(0).plus(OPEN_UPLOAD_LIFETIME),
    }))
}

fn advance(from: u64, received: u64, digest: Option<&str>) -> OpenUploadChange {
    OpenUploadChange::Advance {
        tenant_id: tenant(),
        upload_id: "o".into(),
        from,
        received,
        digest: digest.map(str::to_owned),
    }
}

fn remove() -> OpenUploadChange {
    OpenUploadChange::Remove {
        tenant_id: tenant(),
        upload_id: "o".into(),
    }
}

fn sized(name: &str, size: u64, status: Status) -> Write {
    Write::File(Box::new(File {
        size,
        status,
        ..file(name)
    }))
}

async fn used(t: &Fixture) -> (u64, u64) {
    let Usage { bytes, files } = t.store.usage(&tenant()).await.unwrap();
    (bytes, files)
}

/// The same database, with a quota for tenant A.
async fn limited(t: &Fixture, bytes: u64, files: u64) -> Store {
    let quotas = Quotas {
        tenants: [(tenant(), Quota { bytes, files })].into(),
        ..Quotas::unlimited()
    };
    Store::open_with(&t.place.options(), t.clock.clone(), quotas)
        .await
        .unwrap()
}

pub async fn what_is_kept_is_counted_and_what_goes_is_not(t: Fixture) {
    assert_eq!(used(&t).await, (0, 0));
    t.commit(Change::Upload(upload("u"))).await;
    assert_eq!(used(&t).await, (12, 1));
    // An upload that is taken in counts as the file it becomes.
    let claim = Write::ClaimUpload {
        tenant_id: tenant(),
        upload_id: "u".into(),
    };
    let taken = vec![claim.clone(), sized("f1", 12, Status::Ingested)];
    t.store
        .commit(Changeset::new().with_writes(taken))
        .await
        .unwrap();
    assert_eq!(used(&t).await, (12, 1));
    // The same content again counts again; a changed file does not.
    t.put(sized("f2", 12, Status::Ingested)).await;
    t.put(sized("f2", 12, Status::Archived)).await;
    t.put(claim).await;
    assert_eq!(used(&t).await, (24, 2));
    t.put(sized("f2", 12, Status::Purged)).await;
    t.put(sized("f2", 12, Status::Purged)).await;
    // A note that content lost a use is no upload.
    for _ in 0..2 {
        t.put(Write::ReleaseContent {
            tenant_id: tenant(),
            digest: "abc".into(),
        })
        .await;
    }
    t.put(Write::ClaimUpload {
        tenant_id: tenant(),
        upload_id: "abc".into(),
    })
    .await;
    assert_eq!(used(&t).await, (12, 1));
    let other = t.store.usage(&other_tenant()).await.unwrap();
    assert_eq!(other, Usage::default());
}

pub async fn a_quota_is_never_exceeded_by_many_at_once(t: Fixture) {
    let store = limited(&t, 100, 1000).await;
    let tries = (0..40).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let change = Change::Upload(Upload {
                size: 9,
                ..upload(&format!("u{number}"))
            });
            store.commit(Changeset::new().with(change)).await
        })
    });
    let (mut taken, mut refused) = (0, 0);
    for tried in tries.collect::<Vec<_>>() {
        match tried.await.unwrap() {
            Ok(_) => taken += 1,
            Err(error) => {
                let over = CommitError::Refused(Refusal::OverQuota).to_string();
                assert_eq!(error.to_string(), over);
                refused += 1;
            }
        }
    }
    assert_eq!((taken, refused), (11, 29));
    assert_eq!(used(&t).await, (99, 11));
    let put = async |name: &str, size, status| {
        let writes = vec![sized(name, size, status)];
        store
            .commit(Changeset::new().with_writes(writes))
            .await
            .is_ok()
    };
    assert!(!put("f", 2, Status::Ingested).await);
    assert!(put("f", 1, Status::Ingested).await);
    let few = limited(&t, 1000, 12).await;
    let writes = vec![sized("g", 1, Status::Ingested)];
    assert!(
        few.commit(Changeset::new().with_writes(writes))
            .await
            .is_err()
    );
    // What is there can change and go, however small the quota has become.
    let small = limited(&t, 1, 1).await;
    for status in [Status::Archived, Status::Purged] {
        let writes = vec![sized("f", 1, status)];
        small
            .commit(Changeset::new().with_writes(writes))
            .await
            .unwrap();
    }
    assert_eq!(used(&t).await, (99, 11));
}

pub async fn an_open_upload_moves_from_what_is_durable_to_an_upload(t: Fixture) {
    t.commit(begin("o", 12)).await;
    assert_eq!(
        used(&t).await,
        (12, 1),
        "room is taken from the beginning on"
    );
    let again = t.refused(begin("o", 12)).await;
    assert!(matches!(again, Refusal::AlreadyExists { .. }), "{again:?}");
    t.commit(advance(0, 5, None)).await;
    let late = t.refused(advance(0, 4, None)).await;
    assert!(matches!(late, Refusal::Changed { .. }), "{late:?}");
    t.commit(advance(5, 12, Some("abc"))).await;
    let complete = || OpenUploadChange::Complete {
        tenant_id: tenant(),
        upload_id: "o".into(),
        length: 12,
    };
    let stored = Changeset::new()
        .with(complete())
        .with(Change::Upload(upload("o")));
    t.store.commit(stored).await.unwrap();
    assert_eq!(used(&t).await, (12, 1));
    t.refused(complete()).await;
    t.commit(OpenUploadChange::Submitted {
        tenant_id: tenant(),
        upload_id: "o".into(),
        execution_id: crate::fixture::id("e"),
    })
    .await;
    let found = t
        .store
        .find_open_upload(&tenant(), "o")
        .await
        .unwrap()
        .unwrap();
    assert!(found.is_complete);
    assert_eq!((found.received, found.digest.as_deref()), (12, Some("abc")));
    assert_eq!(found.execution_id, Some(crate::fixture::id("e")));
    t.commit(remove()).await;
    assert_eq!(used(&t).await, (12, 1), "what it became stays");
}

pub async fn open_uploads_run_out_and_leave_a_note_when_they_were_whole(t: Fixture) {
    t.commit(begin("o", 12)).await;
    t.clock.advance(OPEN_UPLOAD_LIFETIME / 2);
    t.commit(advance(0, 12, Some("abc"))).await;
    let expired = async || {
        let now = t.store.clock().now();
        t.store.expired_uploads(now, 9).await.unwrap().len()
    };
    t.clock.advance(OPEN_UPLOAD_LIFETIME);
    assert_eq!(expired().await, 0, "it lasts on from its last bytes");
    t.clock.advance(std::time::Duration::from_micros(1));
    assert_eq!(expired().await, 1);
    t.commit(remove()).await;
    t.commit(remove()).await;
    assert_eq!((expired().await, used(&t).await), (0, (0, 0)));
    let notes = t
        .store
        .released(t.store.clock().now(), None, 9)
        .await
        .unwrap();
    assert_eq!(notes[0].digest, "abc");
}
