//! Sessions and what is kept with them.

use civitas_model::{Session, Timestamp, Write};
use civitas_storage::{Change, NewSession, Refusal, Upgrade};
use serde_json::{Value, json};

use crate::fixture::{Fixture, at, id, other_tenant, tenant};

pub fn session(name: &str, expires_at: Timestamp) -> Session {
    Session {
        session_id: id(name),
        tenant_id: tenant(),
        user_id: None,
        secret_digest: Some("digest".into()),
        metadata: json!({ "agent": "x" }),
        state: json!({}),
        created_at: at(0),
        upgraded_at: None,
        expires_at,
    }
}

pub fn open_session(name: &str, expires_at: Timestamp) -> Change {
    Change::OpenSession(Box::new(NewSession(session(name, expires_at))))
}

/// Of the session in the tenant of the fixture, to the other tenant.
pub fn upgrade(name: &str) -> Upgrade {
    Upgrade {
        session_id: id(name),
        from: tenant(),
        content: Vec::new(),
        tenant_id: other_tenant(),
        user_id: id("user-1"),
        metadata: json!({}),
        expires_at: at(99),
    }
}

pub fn set_state(name: &str, key: &str, value: Value) -> Write {
    Write::SessionState {
        tenant_id: tenant(),
        session_id: id(name),
        key: key.into(),
        value,
    }
}

pub async fn a_session_is_opened_once_and_found(t: Fixture) {
    t.commit(open_session("s", at(9))).await;
    let again = t.refused(open_session("s", at(10))).await;
    assert!(matches!(again, Refusal::AlreadyExists { .. }), "{again:?}");
    let found = t.store.find_session(&id("s")).await.unwrap();
    assert_eq!(found, Some(session("s", at(9))));
    assert_eq!(t.store.find_session(&id("x")).await.unwrap(), None);
}

pub async fn state_is_set_and_removed_by_key(t: Fixture) {
    t.commit(open_session("s", at(9))).await;
    let changeset = civitas_storage::Changeset::new().with_writes(vec![
        set_state("s", "a", json!({ "x": "\0'" })),
        set_state("s", "b", json!(2)),
        set_state("s", "a", json!(3)),
        set_state("s", "b", Value::Null),
        set_state("s", "c", json!([])),
    ]);
    t.store.commit(changeset).await.unwrap();
    let state = t.store.find_session(&id("s")).await.unwrap().unwrap().state;
    assert_eq!(state, json!({ "a": 3, "c": [] }));
    // An intent may run under a session that only its client knows.
    t.put(set_state("unknown", "a", json!(1))).await;
}

pub async fn an_anonymous_session_is_upgraded_once(t: Fixture) {
    t.commit(open_session("s", at(9))).await;
    let upgraded = || {
        Change::UpgradeSession(Box::new(Upgrade {
            metadata: json!({ "agent": "y" }),
            expires_at: at(99),
            ..upgrade("s")
        }))
    };
    let elsewhere = Upgrade {
        from: other_tenant(),
        ..upgrade("s")
    };
    let refused = t.refused(elsewhere).await;
    assert!(matches!(refused, Refusal::NotFound { .. }), "{refused:?}");
    t.commit(upgraded()).await;
    let found = t.store.find_session(&id("s")).await.unwrap().unwrap();
    let expected = Session {
        tenant_id: other_tenant(),
        user_id: Some(id("user-1")),
        secret_digest: None,
        metadata: json!({ "agent": "y" }),
        upgraded_at: Some(at(0)),
        expires_at: at(99),
        ..session("s", at(9))
    };
    assert_eq!(found, expected);
    let again = t.refused(upgraded()).await;
    assert!(matches!(again, Refusal::NotFound { .. }), "{again:?}");
}
