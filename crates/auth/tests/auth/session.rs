//! Sessions belong to their owner, and keep their id when they are upgraded.

use std::time::Duration;

use civitas_auth::{Error, Secret};
use civitas_model::{Caller, CallerKind, ErrorCode, Permission, Role, SessionId};
use serde_json::{Map, Value, json};

use crate::world::World;

fn metadata(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[tokio::test]
async fn an_anonymous_session_lies_in_a_tenant_of_its_own_and_its_secret_opens_it() {
    for world in World::each().await {
        let (session, secret) = world
            .auth
            .create_anonymous(Map::new(), world.client())
            .await
            .unwrap();
        let tenant = format!("anonymous_{}", session.session_id);
        assert_eq!(session.tenant_id.as_str(), tenant);
        let caller = world
            .auth
            .authenticate_session_token(&secret)
            .await
            .unwrap();
        assert_eq!(caller.kind, CallerKind::Anonymous);
        assert_eq!(caller.tenant_id, session.tenant_id);
        let found = world.auth.find_session(&caller, &session.session_id).await;
        assert!(found.is_ok());
        let public = Secret::new(session.session_id.as_str());
        let guess = world.auth.authenticate_session_token(&public).await;
        assert_eq!(guess, Err(Error::InvalidToken), "the id is no credential");
        let digest = Secret::new(session.secret_digest.unwrap());
        let stolen = world.auth.authenticate_session_token(&digest).await;
        assert_eq!(
            stolen,
            Err(Error::InvalidToken),
            "the digest is no credential"
        );
    }
}

#[tokio::test]
async fn an_upgrade_keeps_the_id_merges_metadata_and_kills_the_secret() {
    for world in World::each().await {
        let before = metadata(&json!({ "a": 1, "b": 1 }));
        let (session, secret) = world
            .auth
            .create_anonymous(before, world.client())
            .await
            .unwrap();
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let id = &session.session_id;
        let added = metadata(&json!({ "b": 2, "c": 3 }));
        let upgraded = world
            .upgrade(&caller, id, Some(&secret), added)
            .await
            .unwrap();
        assert_eq!(upgraded.session_id, session.session_id);
        assert_eq!(upgraded.user_id.as_ref(), Some(&ada.user.user_id));
        assert_eq!(upgraded.tenant_id, ada.tenant_id);
        assert_eq!(upgraded.metadata, json!({ "a": 1, "b": 2, "c": 3 }));
        assert!(upgraded.upgraded_at.is_some());
        let dead = world.auth.authenticate_session_token(&secret).await;
        assert_eq!(dead, Err(Error::InvalidToken));
        let again = world.upgrade(&caller, id, None, Map::new()).await;
        assert_eq!(again.unwrap(), upgraded, "asking again changes nothing");
        let bob = world.register("bob@example.org").await;
        let bob = world.caller(&bob).await;
        let stolen = world.upgrade(&bob, id, Some(&secret), Map::new()).await;
        assert_eq!(stolen.unwrap_err().code(), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn an_upgrade_without_the_right_secret_or_by_no_user_is_refused() {
    for world in World::each().await {
        let (session, secret) = world
            .auth
            .create_anonymous(Map::new(), world.client())
            .await
            .unwrap();
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let id = &session.session_id;
        let wrong = Secret::new("session_wrong");
        for shown in [None, Some(&wrong)] {
            let refused = world.upgrade(&caller, id, shown, Map::new()).await;
            assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
        }
        let untouched = world.auth.authenticate_session_token(&secret).await;
        assert!(untouched.is_ok(), "the session stays with its owner");
        let mut reader = caller.clone();
        reader.permissions = vec![Permission::Read];
        let refused = world.upgrade(&reader, id, Some(&secret), Map::new()).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Forbidden);
        let anonymous = world
            .auth
            .authenticate_session_token(&secret)
            .await
            .unwrap();
        let refused = world
            .upgrade(&anonymous, id, Some(&secret), Map::new())
            .await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Forbidden);
    }
}

#[tokio::test]
async fn a_session_is_found_by_its_owner_only() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let bob = world.register("bob@example.org").await;
        let (ada, bob) = (world.caller(&ada).await, world.caller(&bob).await);
        let id = SessionId::new("chosen by the client").unwrap();
        let session = world
            .auth
            .create_session(&ada, Some(id.clone()), metadata(&json!({ "k": "v" })))
            .await
            .unwrap();
        assert_eq!(session.session_id, id);
        let found = world.auth.find_session(&ada, &id).await.unwrap();
        assert_eq!(found, session);
        let (own, _) = world
            .auth
            .create_anonymous(Map::new(), world.client())
            .await
            .unwrap();
        let anonymous = Caller::anonymous(own.session_id, own.tenant_id);
        let mut same_tenant = bob.clone();
        same_tenant.tenant_id = ada.tenant_id.clone();
        let mut machine = Caller::local_operator();
        machine.tenant_id = ada.tenant_id.clone();
        for other in [&bob, &anonymous, &same_tenant, &machine] {
            let found = world.auth.find_session(other, &id).await.unwrap_err();
            assert_eq!(found.to_string(), "Session chosen by the client not found");
            assert_eq!(found.code(), ErrorCode::NotFound);
        }
        let taken = world.auth.create_session(&bob, Some(id), Map::new()).await;
        assert_eq!(taken.unwrap_err().code(), ErrorCode::AlreadyExists);
    }
}

#[tokio::test]
async fn a_session_made_by_the_local_operator_cannot_be_upgraded_away() {
    for world in World::each().await {
        let operator = Caller::local_operator();
        let session = world
            .auth
            .create_session(&operator, None, Map::new())
            .await
            .unwrap();
        let id = &session.session_id;
        assert!(world.auth.find_session(&operator, id).await.is_ok());
        let ada = world.register("ada@example.org").await;
        let ada = world.caller(&ada).await;
        let stolen = world.upgrade(&ada, id, None, Map::new()).await;
        assert_eq!(stolen.unwrap_err().code(), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn sessions_end_after_a_day_or_by_logout() {
    for world in World::each().await {
        let (_, old) = world
            .auth
            .create_anonymous(Map::new(), world.client())
            .await
            .unwrap();
        world.advance(Duration::from_hours(24));
        let ended = world.auth.authenticate_session_token(&old).await;
        assert_eq!(ended, Err(Error::InvalidToken));
        let (_, secret) = world
            .auth
            .create_anonymous(Map::new(), world.client())
            .await
            .unwrap();
        let caller = world
            .auth
            .authenticate_session_token(&secret)
            .await
            .unwrap();
        world.auth.logout(&caller).await.unwrap();
        let ended = world.auth.authenticate_session_token(&secret).await;
        assert_eq!(ended, Err(Error::InvalidToken));
    }
}

#[tokio::test]
async fn too_much_metadata_is_refused() {
    for world in World::each().await {
        let huge = metadata(&json!({ "k": "x".repeat(17_000) }));
        let refused = world
            .auth
            .create_anonymous(huge, world.client())
            .await
            .unwrap_err();
        assert_eq!(refused.code(), ErrorCode::ValidationFailed);
    }
}

#[tokio::test]
async fn a_session_stays_in_the_tenant_it_was_made_in() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let bob = world.register("bob@example.org").await;
        let (ada_calls, bob_calls) = (world.caller(&ada).await, world.caller(&bob).await);
        let invitation = world.auth.invite(&ada_calls, Role::User, None).await;
        let invitation = invitation.unwrap();
        let accepted = world.auth.accept_invitation(&bob_calls, &invitation).await;
        let tenant = accepted.unwrap().tenant_id;
        let there = world.auth.switch_tenant(&bob_calls, &tenant).await.unwrap();
        let there = world.caller(&there).await;
        let seen = world.auth.find_session(&there, &bob.session_id).await;
        assert_eq!(seen.unwrap_err().code(), ErrorCode::NotFound);

        let operator = Caller::local_operator();
        let session = world.auth.create_session(&operator, None, Map::new()).await;
        let id = session.unwrap().session_id;
        let day = Duration::from_hours(24);
        let made = world
            .auth
            .create_service_token(&ada_calls, "m", &[Permission::Read], day)
            .await;
        let machine = world.authenticate(&made.unwrap().1).await.unwrap();
        let seen = world.auth.find_session(&machine, &id).await;
        assert_eq!(seen.unwrap_err().code(), ErrorCode::NotFound);
    }
}
