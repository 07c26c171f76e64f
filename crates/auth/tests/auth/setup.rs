//! The first administrator, and users from the command line.

use civitas_auth::{Error, NewUser};
use civitas_model::{Caller, ErrorCode, Permission, Role, TenantId};

use crate::world::{PASSWORD, World, registration};

fn default_tenant() -> TenantId {
    TenantId::trusted(Caller::DEFAULT_TENANT)
}

#[tokio::test]
async fn the_setup_token_makes_one_administrator_and_is_then_of_no_use() {
    for world in World::each().await {
        let token = world.auth.setup_token().await.unwrap().unwrap();
        let admin = world
            .auth
            .redeem_setup_token(&token, registration("root@example.org"))
            .await
            .unwrap();
        assert_eq!(admin.tenant_id, default_tenant());
        let caller = world.caller(&admin).await;
        assert_eq!(caller.permissions, Role::Admin.permissions());
        let again = world
            .auth
            .redeem_setup_token(&token, registration("eve@example.org"))
            .await;
        assert_eq!(again.unwrap_err(), Error::SetupTokenInvalid);
        assert!(world.auth.setup_token().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_restart_replaces_the_setup_token() {
    for mut world in World::each().await {
        let old = world.auth.setup_token().await.unwrap().unwrap();
        world.restart().await;
        let new = world.auth.setup_token().await.unwrap().unwrap();
        let redeem = async |token| {
            let registration = registration("root@example.org");
            let redeemed = world.auth.redeem_setup_token(token, registration).await;
            redeemed.map(|_| ())
        };
        assert_eq!(redeem(&old).await, Err(Error::SetupTokenInvalid));
        assert_eq!(redeem(&new).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_redeem_the_setup_token_at_once_one_gets_in() {
    for world in World::each().await {
        let token = world.auth.setup_token().await.unwrap().unwrap();
        let tries: Vec<_> = (0..8)
            .map(|number| {
                let (auth, token) = (world.auth.clone(), token.clone());
                let registration = registration(&format!("r{number}@example.org"));
                tokio::spawn(async move { auth.redeem_setup_token(&token, registration).await })
            })
            .collect();
        let mut redeemed = 0;
        for attempt in tries {
            match attempt.await.unwrap() {
                Ok(_) => redeemed += 1,
                Err(error) => assert_eq!(error, Error::SetupTokenInvalid),
            }
        }
        assert_eq!(redeemed, 1);
    }
}

#[tokio::test]
async fn users_made_at_the_machine_can_log_in_and_an_administrator_ends_the_setup() {
    for world in World::each().await {
        let token = world.auth.setup_token().await.unwrap().unwrap();
        let new = |email: &str, role| NewUser {
            registration: registration(email),
            role,
            tenant_id: default_tenant(),
        };
        let operator = Caller::local_operator();
        let viewer = new("viewer@example.org", Role::Viewer);
        world
            .auth
            .create_user(viewer.clone(), &operator)
            .await
            .unwrap();
        let again = world.auth.create_user(viewer, &operator).await.unwrap_err();
        assert_eq!(again.code(), ErrorCode::AlreadyExists);
        let admin = new("admin@example.org", Role::Admin);
        let admin = world.auth.create_user(admin, &operator).await.unwrap();
        let viewer = world.login("viewer@example.org", PASSWORD).await.unwrap();
        assert_eq!(viewer.permissions, [Permission::Read]);
        assert_eq!(viewer.tenant_id, default_tenant());
        let late = world
            .auth
            .redeem_setup_token(&token, registration("eve@example.org"))
            .await;
        assert_eq!(late.unwrap_err(), Error::SetupTokenInvalid);
        let tenant = world.store.find_tenant(&default_tenant()).await.unwrap();
        assert_eq!(tenant.unwrap().owner_id, Some(admin.user_id));
    }
}
