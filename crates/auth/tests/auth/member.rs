//! Invitations, roles, and the line between tenants.

use std::time::Duration;

use civitas_auth::{Error, SignedIn};
use civitas_model::{Caller, ErrorCode, Role};

use crate::world::World;

async fn two(world: &World) -> (SignedIn, Caller, SignedIn, Caller) {
    let ada = world.register("ada@example.org").await;
    let bob = world.register("bob@example.org").await;
    let (ada_calls, bob_calls) = (world.caller(&ada).await, world.caller(&bob).await);
    (ada, ada_calls, bob, bob_calls)
}

#[tokio::test]
async fn an_invitation_gives_its_role_in_its_tenant_once() {
    for world in World::each().await {
        let (ada, ada_calls, _, bob_calls) = two(&world).await;
        let invitation = world
            .auth
            .invite(&ada_calls, Role::Operator, None)
            .await
            .unwrap();
        world.advance(Duration::from_secs(1));
        let accepted = world
            .auth
            .accept_invitation(&bob_calls, &invitation)
            .await
            .unwrap();
        assert_eq!(
            (accepted.tenant_id, accepted.role),
            (ada.tenant_id.clone(), Role::Operator)
        );
        let there = world
            .auth
            .switch_tenant(&bob_calls, &ada.tenant_id)
            .await
            .unwrap();
        let caller = world.caller(&there).await;
        assert_eq!(caller.tenant_id, ada.tenant_id);
        assert_eq!(caller.roles, [Role::Operator]);
        let eve = world.register("eve@example.org").await;
        let eve = world.caller(&eve).await;
        let again = world.auth.accept_invitation(&eve, &invitation).await;
        assert_eq!(again.unwrap_err().code(), ErrorCode::NotFound);
        let members = world.auth.members(&ada_calls, 10, 0).await.unwrap();
        let roles: Vec<_> = members
            .iter()
            .map(|m| (m.email.as_str(), m.membership.role))
            .collect();
        assert_eq!(
            roles,
            [
                ("ada@example.org", Role::User),
                ("bob@example.org", Role::Operator)
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_who_accept_at_once_one_gets_in() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let ada = world.caller(&ada).await;
        let invitation = world.auth.invite(&ada, Role::User, None).await.unwrap();
        let mut tries = Vec::new();
        for number in 0..8 {
            let guest = world.register(&format!("g{number}@example.org")).await;
            let guest = world.caller(&guest).await;
            let (auth, invitation) = (world.auth.clone(), invitation.clone());
            tries.push(tokio::spawn(async move {
                auth.accept_invitation(&guest, &invitation).await
            }));
        }
        let mut accepted = 0;
        for attempt in tries {
            accepted += u32::from(attempt.await.unwrap().is_ok());
        }
        assert_eq!(accepted, 1);
    }
}

#[tokio::test]
async fn an_invitation_for_one_address_or_out_of_time_is_refused() {
    for world in World::each().await {
        let (_, ada, _, bob) = two(&world).await;
        let for_eve = world
            .auth
            .invite(&ada, Role::User, Some("Eve@Example.org"))
            .await
            .unwrap();
        let refused = world.auth.accept_invitation(&bob, &for_eve).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Forbidden);
        let eve = world.register("eve@example.ORG").await;
        let eve = world.caller(&eve).await;
        assert!(world.auth.accept_invitation(&eve, &for_eve).await.is_ok());
        let late = world.auth.invite(&ada, Role::User, None).await.unwrap();
        world.advance(Duration::from_hours(24 * 7));
        let refused = world.auth.accept_invitation(&bob, &late).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn who_is_neither_administrator_nor_owner_manages_nobody() {
    for world in World::each().await {
        let (ada, ada_calls, bob, bob_calls) = two(&world).await;
        let invitation = world
            .auth
            .invite(&ada_calls, Role::Operator, None)
            .await
            .unwrap();
        world
            .auth
            .accept_invitation(&bob_calls, &invitation)
            .await
            .unwrap();
        let there = world
            .auth
            .switch_tenant(&bob_calls, &ada.tenant_id)
            .await
            .unwrap();
        let bob_there = world.caller(&there).await;
        let refused = [
            world.auth.invite(&bob_there, Role::Admin, None).await.err(),
            world.auth.members(&bob_there, 10, 0).await.err(),
            world
                .auth
                .set_role(&bob_there, &bob.user.user_id, Role::Admin)
                .await
                .err(),
            world
                .auth
                .remove_member(&bob_there, &ada.user.user_id)
                .await
                .err(),
        ];
        for error in refused {
            assert_eq!(error.unwrap().code(), ErrorCode::Forbidden);
        }
    }
}

#[tokio::test]
async fn nobody_reaches_into_another_tenant() {
    for world in World::each().await {
        let (ada, ada_calls, bob, bob_calls) = two(&world).await;
        let tried = [
            world
                .auth
                .set_role(&ada_calls, &bob.user.user_id, Role::Viewer)
                .await
                .err(),
            world
                .auth
                .remove_member(&ada_calls, &bob.user.user_id)
                .await
                .err(),
            world
                .auth
                .switch_tenant(&bob_calls, &ada.tenant_id)
                .await
                .err(),
        ];
        for error in tried {
            assert_eq!(error.unwrap().code(), ErrorCode::NotFound);
        }
        assert!(world.authenticate(&bob.access_token).await.is_ok());
        let members = world.auth.members(&ada_calls, 10, 0).await.unwrap();
        assert_eq!(members.len(), 1);
    }
}

#[tokio::test]
async fn a_removed_member_is_out_at_once_and_still_at_home() {
    for world in World::each().await {
        let (ada, ada_calls, bob, bob_calls) = two(&world).await;
        let invitation = world
            .auth
            .invite(&ada_calls, Role::Admin, None)
            .await
            .unwrap();
        world
            .auth
            .accept_invitation(&bob_calls, &invitation)
            .await
            .unwrap();
        let there = world
            .auth
            .switch_tenant(&bob_calls, &ada.tenant_id)
            .await
            .unwrap();
        let bob_there = world.caller(&there).await;
        let coup = world
            .auth
            .remove_member(&bob_there, &ada.user.user_id)
            .await;
        assert_eq!(
            coup.unwrap_err().code(),
            ErrorCode::Forbidden,
            "owners stay"
        );
        world
            .auth
            .remove_member(&ada_calls, &bob.user.user_id)
            .await
            .unwrap();
        let access = world.authenticate(&there.access_token).await;
        assert_eq!(access, Err(Error::InvalidToken));
        let refreshed = world.auth.refresh(&there.refresh_token).await;
        assert_eq!(refreshed.unwrap_err(), Error::InvalidToken);
        let home = world.auth.refresh(&bob.refresh_token).await.unwrap();
        assert_eq!(home.tenant_id, bob.tenant_id);
    }
}
