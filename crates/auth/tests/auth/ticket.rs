//! WebSocket tickets work once and soon.

use std::time::Duration;

use civitas_auth::Error;
use civitas_model::Caller;

use crate::world::World;

#[tokio::test]
async fn a_ticket_stands_for_its_caller_once() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        for caller in [caller, Caller::local_operator()] {
            let ticket = world.auth.issue_ticket(&caller).await.unwrap();
            let (redeemed, standing) = world.auth.redeem_ticket(&ticket).await.unwrap();
            assert_eq!(redeemed, caller);
            assert!(world.auth.still_holds(&standing).await.unwrap());
            let again = world.auth.redeem_ticket(&ticket).await;
            assert_eq!(again.unwrap_err(), Error::InvalidToken);
        }
    }
}

#[tokio::test]
async fn a_ticket_ends_after_thirty_seconds_and_with_its_session() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let late = world.auth.issue_ticket(&caller).await.unwrap();
        world.advance(Duration::from_secs(30));
        assert_eq!(
            world.auth.redeem_ticket(&late).await.unwrap_err(),
            Error::InvalidToken
        );
        let held = world.auth.issue_ticket(&caller).await.unwrap();
        world.auth.logout(&caller).await.unwrap();
        assert_eq!(
            world.auth.redeem_ticket(&held).await.unwrap_err(),
            Error::InvalidToken
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_redeem_a_ticket_at_once_one_gets_in() {
    for world in World::each().await {
        let caller = Caller::local_operator();
        let ticket = world.auth.issue_ticket(&caller).await.unwrap();
        let tries: Vec<_> = (0..16)
            .map(|_| {
                let (auth, ticket) = (world.auth.clone(), ticket.clone());
                tokio::spawn(async move { auth.redeem_ticket(&ticket).await })
            })
            .collect();
        let mut redeemed = 0;
        for attempt in tries {
            redeemed += u32::from(attempt.await.unwrap().is_ok());
        }
        assert_eq!(redeemed, 1);
    }
}

#[tokio::test]
async fn what_was_opened_with_a_ticket_ends_with_its_session_and_as_a_token_would() {
    for world in World::each().await {
        let caller = Caller::local_operator();
        let ticket = world.auth.issue_ticket(&caller).await.unwrap();
        let (_, local) = world.auth.redeem_ticket(&ticket).await.unwrap();
        for signs_out in [true, false] {
            let ada = world
                .register(&format!("ada-{signs_out}@example.org"))
                .await;
            let caller = world.caller(&ada).await;
            let ticket = world.auth.issue_ticket(&caller).await.unwrap();
            let (_, standing) = world.auth.redeem_ticket(&ticket).await.unwrap();
            assert!(world.auth.still_holds(&standing).await.unwrap());
            if signs_out {
                world.auth.logout(&caller).await.unwrap();
            } else {
                world.advance(world.auth.lifetimes().access);
            }
            assert!(!world.auth.still_holds(&standing).await.unwrap());
        }
        assert!(world.auth.still_holds(&local).await.unwrap());
    }
}
