//! Rate limits and their survival.

use std::time::Duration;

use civitas_auth::{Error, RateLimit};
use civitas_model::ErrorCode;
use serde_json::Map;

use crate::world::{PASSWORD, World, credentials, registration};

fn retry_after(error: &Error) -> u64 {
    assert_eq!(error.code(), ErrorCode::RateLimitExceeded);
    match error {
        Error::RateLimited { retry_after, .. } => retry_after.as_secs(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_sixth_login_in_a_minute_waits_even_with_the_right_password() {
    for mut world in World::each().await {
        world.register("ada@example.org").await;
        let client = world.client();
        let wrong = credentials("ada@example.org", "wrong password");
        for _ in 0..5 {
            let refused = world.auth.login(&wrong, client).await.unwrap_err();
            assert_eq!(refused, Error::InvalidCredentials);
            world.advance(Duration::from_secs(2));
        }
        let right = credentials("ada@example.org", PASSWORD);
        let refused = world.auth.login(&right, client).await.unwrap_err();
        assert_eq!(retry_after(&refused), 50);
        assert!(
            matches!(refused, Error::RateLimited { limit: 5, window, .. } if window == Duration::from_mins(1))
        );
        world.restart().await;
        world.advance(Duration::from_secs(49));
        let refused = world.auth.login(&right, client).await.unwrap_err();
        assert_eq!(retry_after(&refused), 1);
        world.advance(Duration::from_secs(1));
        assert!(world.auth.login(&right, client).await.is_ok());
    }
}

#[tokio::test]
async fn the_fourth_registration_in_five_minutes_waits() {
    for world in World::each().await {
        let client = world.client();
        for number in 0..3 {
            let registration = registration(&format!("u{number}@example.org"));
            assert!(world.auth.register(registration, client).await.is_ok());
        }
        let fourth = registration("u4@example.org");
        let refused = world.auth.register(fourth.clone(), client).await;
        assert_eq!(retry_after(&refused.unwrap_err()), 300);
        let elsewhere = world.client();
        assert!(world.auth.register(fourth, elsewhere).await.is_ok());
        world.advance(Duration::from_mins(5));
        let fifth = registration("u5@example.org");
        assert!(world.auth.register(fifth, client).await.is_ok());
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_no_try() {
    for world in World::each().await {
        let client = world.client();
        for _ in 0..10 {
            let refused = world.auth.register(registration("nonsense"), client).await;
            assert_eq!(refused.unwrap_err().code(), ErrorCode::ValidationFailed);
        }
        let registration = registration("ada@example.org");
        assert!(world.auth.register(registration, client).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tries_at_the_same_moment_are_counted_one_by_one() {
    for world in World::each().await {
        let tries: Vec<_> = (0..20)
            .map(|_| {
                let store = world.store.clone();
                let limit = RateLimit::new(7, Duration::from_mins(1));
                tokio::spawn(async move { limit.take(&store, "probe", "someone").await })
            })
            .collect();
        let mut allowed = 0;
        for attempt in tries {
            allowed += u32::from(attempt.await.unwrap().is_ok());
        }
        assert_eq!(allowed, 7);
    }
}

#[tokio::test]
async fn guessing_the_present_password_is_limited_per_user() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let guess = civitas_auth::Secret::new("a wrong guess");
        for _ in 0..5 {
            let refused = world.auth.change_password(&caller, &guess, &guess).await;
            assert_eq!(refused.unwrap_err().code(), ErrorCode::ValidationFailed);
        }
        let refused = world.auth.change_password(&caller, &guess, &guess).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::RateLimitExceeded);
    }
}

#[tokio::test]
async fn an_address_opens_thirty_anonymous_sessions_a_minute() {
    for mut world in World::each().await {
        let client = world.client();
        for _ in 0..30 {
            let opened = world.auth.create_anonymous(Map::new(), client).await;
            assert!(opened.is_ok());
        }
        world.restart().await;
        let refused = world.auth.create_anonymous(Map::new(), client).await;
        assert_eq!(retry_after(&refused.unwrap_err()), 60);
        let elsewhere = world.client();
        let opened = world.auth.create_anonymous(Map::new(), elsewhere).await;
        assert!(opened.is_ok());
        world.advance(Duration::from_mins(1));
        let opened = world.auth.create_anonymous(Map::new(), client).await;
        assert!(opened.is_ok());
    }
}
