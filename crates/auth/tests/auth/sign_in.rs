//! Registration, login, logout and passwords.

use std::time::Duration;

use civitas_auth::{Error, Secret};
use civitas_model::{ErrorCode, Permission, Role};

use crate::world::{PASSWORD, World, credentials, registration};

#[tokio::test]
async fn a_registration_signs_in_with_the_default_role_in_a_tenant_of_its_own() {
    for world in World::each().await {
        let ada = world.register("Ada@Example.org").await;
        assert_eq!(ada.user.email, "Ada@Example.org");
        assert_eq!(ada.roles, [Role::User]);
        assert_eq!(ada.permissions, [Permission::Read, Permission::Write]);
        assert_eq!(ada.access_token.reveal().split('.').count(), 3);
        let caller = world.caller(&ada).await;
        assert_eq!(caller.tenant_id, ada.tenant_id);
        assert_eq!(caller.session_id.as_ref(), Some(&ada.session_id));
        let bob = world.register("bob@example.org").await;
        assert_ne!(bob.tenant_id, ada.tenant_id);
        let profile = world.auth.me(&caller).await.unwrap();
        assert!(profile.administers, "the owner administers");
        assert_eq!(profile.memberships.len(), 1);
    }
}

#[tokio::test]
async fn a_taken_address_is_refused_in_any_mix_of_capitals() {
    for world in World::each().await {
        world.register("ada@example.org").await;
        let again = world
            .auth
            .register(registration("ADA@example.ORG"), world.client())
            .await
            .unwrap_err();
        assert_eq!(again.code(), ErrorCode::AlreadyExists);
        assert!(world.login("ADA@EXAMPLE.ORG", PASSWORD).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_registrations_at_once_exactly_one_succeeds() {
    for world in World::each().await {
        let tries: Vec<_> = (0..20)
            .map(|_| {
                let (auth, client) = (world.auth.clone(), world.client());
                tokio::spawn(
                    async move { auth.register(registration("ada@example.org"), client).await },
                )
            })
            .collect();
        let mut winners = Vec::new();
        for attempt in tries {
            match attempt.await.unwrap() {
                Ok(signed_in) => winners.push(signed_in),
                Err(error) => assert_eq!(error.code(), ErrorCode::AlreadyExists),
            }
        }
        assert_eq!(winners.len(), 1);
        let login = world.login("ada@example.org", PASSWORD).await.unwrap();
        assert_eq!(login.user.user_id, winners[0].user.user_id);
        assert_eq!(login.tenant_id, winners[0].tenant_id);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    for world in World::each().await {
        world.register("ada@example.org").await;
        let wrong = world.login("ada@example.org", "wrong password").await;
        let unknown = world.login("eve@example.org", PASSWORD).await;
        assert_eq!(wrong.unwrap_err(), Error::InvalidCredentials);
        let unknown = unknown.unwrap_err();
        assert_eq!(unknown.to_string(), "Invalid email or password");
        assert_eq!(unknown.code(), ErrorCode::AuthenticationFailed);
    }
}

#[tokio::test]
async fn each_login_has_a_session_of_its_own() {
    for world in World::each().await {
        let first = world.register("ada@example.org").await;
        let second = world.login("ada@example.org", PASSWORD).await.unwrap();
        assert_ne!(first.session_id, second.session_id);
        let caller = world.caller(&second).await;
        let found = world.auth.find_session(&caller, &first.session_id).await;
        assert!(found.is_ok(), "both are hers");
    }
}

#[tokio::test]
async fn an_access_token_ends_after_fifteen_minutes() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        world.advance(Duration::from_secs(15 * 60 - 1));
        assert!(world.authenticate(&ada.access_token).await.is_ok());
        world.advance(Duration::from_secs(1));
        let ended = world.authenticate(&ada.access_token).await;
        assert_eq!(ended, Err(Error::InvalidToken));
    }
}

#[tokio::test]
async fn a_token_of_another_installation_is_refused() {
    for (here, there) in World::each().await.into_iter().zip(World::each().await) {
        let ada = there.register("ada@example.org").await;
        let foreign = here.authenticate(&ada.access_token).await;
        assert_eq!(foreign, Err(Error::InvalidToken));
    }
}

#[tokio::test]
async fn tokens_outlive_a_rotation_of_keys_and_a_restart() {
    for mut world in World::each().await {
        let before = world.register("ada@example.org").await;
        world.auth.rotate_keys().await.unwrap();
        let after = world.login("ada@example.org", PASSWORD).await.unwrap();
        world.restart().await;
        assert!(world.authenticate(&before.access_token).await.is_ok());
        assert!(world.authenticate(&after.access_token).await.is_ok());
    }
}

#[tokio::test]
async fn logout_ends_this_session_at_once_and_even_after_a_restart() {
    for mut world in World::each().await {
        let here = world.register("ada@example.org").await;
        let there = world.login("ada@example.org", PASSWORD).await.unwrap();
        let caller = world.caller(&here).await;
        world.auth.logout(&caller).await.unwrap();
        for _ in 0..2 {
            let ended = world.authenticate(&here.access_token).await;
            assert_eq!(ended, Err(Error::InvalidToken));
            let refreshed = world.auth.refresh(&here.refresh_token).await;
            assert_eq!(refreshed.unwrap_err(), Error::InvalidToken);
            assert!(world.authenticate(&there.access_token).await.is_ok());
            world.restart().await;
        }
    }
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session() {
    for mut world in World::each().await {
        let here = world.register("ada@example.org").await;
        let there = world.login("ada@example.org", PASSWORD).await.unwrap();
        let bob = world.register("bob@example.org").await;
        let caller = world.caller(&here).await;
        world.auth.logout_everywhere(&caller).await.unwrap();
        world.restart().await;
        for ended in [&here, &there] {
            assert!(world.authenticate(&ended.access_token).await.is_err());
            assert!(world.auth.refresh(&ended.refresh_token).await.is_err());
        }
        assert!(world.authenticate(&bob.access_token).await.is_ok());
        let again = world.login("ada@example.org", PASSWORD).await.unwrap();
        assert!(world.authenticate(&again.access_token).await.is_ok());
    }
}

#[tokio::test]
async fn a_new_password_ends_the_old_one_and_every_old_session() {
    for world in World::each().await {
        let here = world.register("ada@example.org").await;
        let there = world.login("ada@example.org", PASSWORD).await.unwrap();
        let caller = world.caller(&here).await;
        let (present, new) = (Secret::new(PASSWORD), Secret::new("another horse"));
        let fresh = world
            .auth
            .change_password(&caller, &present, &new)
            .await
            .unwrap();
        for ended in [&here, &there] {
            assert!(world.authenticate(&ended.access_token).await.is_err());
            assert!(world.auth.refresh(&ended.refresh_token).await.is_err());
        }
        assert!(world.authenticate(&fresh.access_token).await.is_ok());
        assert!(world.auth.refresh(&fresh.refresh_token).await.is_ok());
        assert!(world.login("ada@example.org", PASSWORD).await.is_err());
        assert!(
            world
                .login("ada@example.org", "another horse")
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn changing_a_password_needs_the_present_one_and_a_good_new_one() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let change = async |present: &str, new: &str| {
            let (present, new) = (Secret::new(present), Secret::new(new));
            let changed = world.auth.change_password(&caller, &present, &new).await;
            changed.map(|_| ()).unwrap_err()
        };
        let Error::Invalid(errors) = change("not it, sorry", "another horse").await else {
            panic!("a wrong present password is a field that is wrong");
        };
        assert_eq!(errors[0].pointer, "/current_password");
        assert_eq!(
            change(PASSWORD, "short").await.code(),
            ErrorCode::ValidationFailed
        );
        assert!(world.authenticate(&ada.access_token).await.is_ok());
    }
}

#[tokio::test]
async fn secrets_are_neither_shown_nor_stored() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let shown = format!("{ada:?} {:?}", credentials("a@b.co", PASSWORD));
        assert!(!shown.contains(ada.access_token.reveal()));
        assert!(!shown.contains(ada.refresh_token.reveal()));
        assert!(!shown.contains(PASSWORD));
        let account = world.store.users().find(&ada.user.user_id).await.unwrap();
        let account = account.unwrap();
        assert!(account.password_hash.0.starts_with("$argon2id$"));
        assert!(!format!("{account:?}").contains("$argon2id$"));
        let plain = ada.refresh_token.reveal();
        let found = world.store.refresh_tokens().find(plain).await.unwrap();
        assert_eq!(found, None, "only the digest is stored");
    }
}
