//! Rotation, reuse and the grace window.

use std::time::Duration;

use civitas_auth::Error;
use civitas_model::{ErrorCode, Role};

use crate::world::{PASSWORD, World};

const PAST_GRACE: Duration = Duration::from_secs(11);

#[tokio::test]
async fn a_refresh_gives_a_new_pair_for_the_same_session() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        world.advance(Duration::from_mins(20));
        assert!(world.authenticate(&ada.access_token).await.is_err());
        let next = world.auth.refresh(&ada.refresh_token).await.unwrap();
        assert_eq!(next.session_id, ada.session_id);
        assert_ne!(next.refresh_token.reveal(), ada.refresh_token.reveal());
        assert!(world.authenticate(&next.access_token).await.is_ok());
    }
}

#[tokio::test]
async fn using_a_token_again_revokes_the_whole_family_and_nothing_else() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let other = world.login("ada@example.org", PASSWORD).await.unwrap();
        let next = world.auth.refresh(&ada.refresh_token).await.unwrap();
        world.advance(PAST_GRACE);
        let reuse = world.auth.refresh(&ada.refresh_token).await;
        assert_eq!(reuse.unwrap_err(), Error::InvalidToken);
        let heir = world.auth.refresh(&next.refresh_token).await;
        assert_eq!(heir.unwrap_err(), Error::InvalidToken);
        let access = world.authenticate(&next.access_token).await;
        assert_eq!(access, Err(Error::InvalidToken));
        assert!(world.authenticate(&other.access_token).await.is_ok());
        assert!(world.auth.refresh(&other.refresh_token).await.is_ok());
    }
}

#[tokio::test]
async fn two_tabs_within_the_grace_window_both_go_on() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let first = world.auth.refresh(&ada.refresh_token).await.unwrap();
        world.advance(Duration::from_secs(10));
        let second = world.auth.refresh(&ada.refresh_token).await.unwrap();
        assert_ne!(first.refresh_token.reveal(), second.refresh_token.reveal());
        assert_eq!(first.session_id, second.session_id);
        assert!(world.auth.refresh(&first.refresh_token).await.is_ok());
        assert!(world.auth.refresh(&second.refresh_token).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_refreshes_at_the_same_moment_five_succeed_and_nobody_is_signed_out() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let tries: Vec<_> = (0..12)
            .map(|_| {
                let (auth, token) = (world.auth.clone(), ada.refresh_token.clone());
                tokio::spawn(async move { auth.refresh(&token).await })
            })
            .collect();
        let mut given = Vec::new();
        for attempt in tries {
            match attempt.await.unwrap() {
                Ok(pair) => given.push(pair),
                Err(error) => assert_eq!(error.code(), ErrorCode::Conflict),
            }
        }
        assert_eq!(given.len(), 5);
        assert!(world.authenticate(&ada.access_token).await.is_ok());
        for pair in &given {
            assert!(world.authenticate(&pair.access_token).await.is_ok());
        }
        assert!(world.auth.refresh(&given[0].refresh_token).await.is_ok());
        let reuse = world.auth.refresh(&ada.refresh_token).await;
        assert_eq!(reuse.unwrap_err(), Error::InvalidToken);
        let access = world.authenticate(&ada.access_token).await;
        assert_eq!(access, Err(Error::InvalidToken), "a successor was in use");
    }
}

#[tokio::test]
async fn the_grace_window_closes_once_a_successor_is_used() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let next = world.auth.refresh(&ada.refresh_token).await.unwrap();
        let last = world.auth.refresh(&next.refresh_token).await.unwrap();
        assert!(world.auth.refresh(&ada.refresh_token).await.is_err());
        assert!(world.auth.refresh(&last.refresh_token).await.is_err());
    }
}

#[tokio::test]
async fn a_refresh_token_ends_after_thirty_days_and_text_is_none() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        world.advance(Duration::from_hours(24 * 30));
        assert!(world.auth.refresh(&ada.refresh_token).await.is_err());
        assert!(world.auth.refresh(&ada.access_token).await.is_err());
        let as_access = world.authenticate(&ada.refresh_token).await;
        assert_eq!(as_access, Err(Error::InvalidToken));
    }
}

#[tokio::test]
async fn a_client_that_was_away_for_days_goes_on_with_a_new_session() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        world.advance(Duration::from_hours(72));
        let next = world.auth.refresh(&ada.refresh_token).await.unwrap();
        assert_ne!(next.session_id, ada.session_id);
        let caller = world.caller(&next).await;
        let session = world.auth.find_session(&caller, &next.session_id).await;
        assert!(session.is_ok());
        world.advance(PAST_GRACE);
        assert!(world.auth.refresh(&ada.refresh_token).await.is_err());
        let access = world.authenticate(&next.access_token).await;
        assert_eq!(access, Err(Error::InvalidToken), "the new session ends too");
    }
}

#[tokio::test]
async fn refreshing_keeps_the_session_alive() {
    for world in World::each().await {
        let mut ada = world.register("ada@example.org").await;
        for _ in 0..3 {
            world.advance(Duration::from_hours(20));
            ada = world.auth.refresh(&ada.refresh_token).await.unwrap();
        }
        let caller = world.caller(&ada).await;
        let session = world.auth.find_session(&caller, &ada.session_id).await;
        assert!(session.is_ok());
    }
}

#[tokio::test]
async fn a_change_of_role_ends_access_tokens_and_a_refresh_gives_the_role_of_now() {
    for mut world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        world
            .auth
            .set_role(&caller, &ada.user.user_id, Role::Admin)
            .await
            .unwrap();
        for _ in 0..2 {
            let old = world.authenticate(&ada.access_token).await;
            assert_eq!(old, Err(Error::InvalidToken));
            world.restart().await;
        }
        let next = world.auth.refresh(&ada.refresh_token).await.unwrap();
        assert_eq!(world.caller(&next).await.roles, [Role::Admin]);
    }
}
