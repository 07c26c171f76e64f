//! Service tokens: narrow, revocable, never approving.

use std::time::Duration;

use civitas_auth::Error;
use civitas_model::{CallerKind, ErrorCode, Permission};

use crate::world::World;

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_service_token_acts_in_its_tenant_with_its_scopes() {
    for mut world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let (token, secret) = world
            .auth
            .create_service_token(&caller, " nightly ", &[Permission::Read], DAY)
            .await
            .unwrap();
        assert!(secret.reveal().starts_with("civitas_"));
        for _ in 0..2 {
            let machine = world.authenticate(&secret).await.unwrap();
            assert_eq!(machine.kind, CallerKind::Service);
            assert_eq!(machine.tenant_id, ada.tenant_id);
            assert_eq!(machine.name, "nightly");
            assert_eq!(machine.permissions, [Permission::Read]);
            let refused = world.auth.service_tokens(&machine, 10, 0).await;
            assert_eq!(refused.unwrap_err().code(), ErrorCode::Forbidden);
            world.restart().await;
        }
        let listed = world.auth.service_tokens(&caller, 10, 0).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].token_id, token.token_id);
    }
}

#[tokio::test]
async fn a_revoked_or_ended_token_is_refused_even_when_it_was_just_seen() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let make = async |name: &str| {
            let scopes = [Permission::Read, Permission::Write];
            let made = world
                .auth
                .create_service_token(&caller, name, &scopes, DAY)
                .await;
            made.unwrap()
        };
        let (revoked, first) = make("first").await;
        let (_, second) = make("second").await;
        assert!(world.authenticate(&first).await.is_ok());
        let bob = world.register("bob@example.org").await;
        let bob = world.caller(&bob).await;
        let foreign = world
            .auth
            .revoke_service_token(&bob, &revoked.token_id)
            .await;
        assert_eq!(foreign.unwrap_err().code(), ErrorCode::NotFound);
        world
            .auth
            .revoke_service_token(&caller, &revoked.token_id)
            .await
            .unwrap();
        assert_eq!(world.authenticate(&first).await, Err(Error::InvalidToken));
        assert!(world.authenticate(&second).await.is_ok());
        world.advance(DAY);
        assert_eq!(world.authenticate(&second).await, Err(Error::InvalidToken));
    }
}

#[tokio::test]
async fn scopes_names_and_lifetimes_have_bounds() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let refused = async |name: &str, scopes: &[Permission], lifetime| {
            let made = world
                .auth
                .create_service_token(&caller, name, scopes, lifetime)
                .await;
            made.unwrap_err().code()
        };
        let read = [Permission::Read];
        let codes = [
            refused("n", &[Permission::Read, Permission::Approve], DAY).await,
            refused("n", &[], DAY).await,
            refused(" ", &read, DAY).await,
            refused("n", &read, Duration::ZERO).await,
            refused("n", &read, DAY * 400).await,
        ];
        assert_eq!(codes, [ErrorCode::ValidationFailed; 5]);
    }
}

#[tokio::test]
async fn a_machine_cannot_make_an_administrator() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let caller = world.caller(&ada).await;
        let admin = [Permission::Admin];
        let (_, secret) = world
            .auth
            .create_service_token(&caller, "ops", &admin, DAY)
            .await
            .unwrap();
        let machine = world.authenticate(&secret).await.unwrap();
        let refused = world
            .auth
            .create_service_token(&machine, "x", &admin, DAY)
            .await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Forbidden);
        let guessed = world.auth.authenticate("civitas_0000").await;
        assert_eq!(guessed, Err(Error::InvalidToken));
    }
}
