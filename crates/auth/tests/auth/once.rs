//! What works once is refused by storage itself the second time, however the readings before it went.

use std::time::Duration;

use civitas_model::{Role, SessionId, TenantId, Timestamp, UserId};
use civitas_storage::{
    Change, Changeset, CommitError, Invitation, InvitationChange, RefreshToken, RefreshTokenChange,
    Refusal, SettingChange, Ticket, TicketChange, UserChange,
};
use serde_json::json;

use crate::world::World;

async fn commit(world: &World, change: impl Into<Change>) -> Result<(), Refusal> {
    match world.store.commit(Changeset::new().with(change)).await {
        Ok(_) => Ok(()),
        Err(CommitError::Refused(refusal)) => Err(refusal),
        Err(error) => panic!("{error}"),
    }
}

fn end(world: &World) -> Timestamp {
    world.store.clock().now().plus(Duration::from_mins(1))
}

#[tokio::test]
async fn an_invitation_is_used_once() {
    for world in World::each().await {
        let insert = InvitationChange::Insert {
            digest: "d".into(),
            invitation: Invitation {
                tenant_id: TenantId::trusted("t"),
                role: Role::User,
                email: None,
                expires_at: end(&world),
                used_at: None,
            },
            invited_by: None,
        };
        commit(&world, insert).await.unwrap();
        let accept = || InvitationChange::Use {
            digest: "d".into(),
            user_id: UserId::trusted("u"),
        };
        assert_eq!(commit(&world, accept()).await, Ok(()));
        let again = commit(&world, accept()).await;
        assert!(matches!(again, Err(Refusal::NotFound { .. })));
    }
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_not_at_all_when_revoked() {
    for world in World::each().await {
        for (digest, revoked) in [("first", false), ("second", true)] {
            let now = world.store.clock().now();
            let insert = RefreshTokenChange::Insert(RefreshToken {
                digest: digest.into(),
                parent: None,
                family: digest.into(),
                user_id: UserId::trusted("u"),
                tenant_id: TenantId::trusted("t"),
                session_id: SessionId::trusted("s"),
                issued_at: now,
                expires_at: end(&world),
                used_at: None,
                revoked_at: None,
            });
            commit(&world, insert).await.unwrap();
            if revoked {
                let family = digest.into();
                let revoke = RefreshTokenChange::RevokeFamily { family };
                commit(&world, revoke).await.unwrap();
            }
            let digest = || RefreshTokenChange::Use {
                digest: digest.into(),
            };
            let first = commit(&world, digest()).await;
            assert_eq!(first.is_ok(), !revoked);
            let second = commit(&world, digest()).await;
            assert!(matches!(second, Err(Refusal::Changed { .. })));
        }
    }
}

#[tokio::test]
async fn a_ticket_is_taken_once_and_only_in_time() {
    for world in World::each().await {
        for (digest, late) in [("first", false), ("second", true)] {
            let insert = TicketChange::Insert {
                digest: digest.into(),
                tenant_id: TenantId::trusted("t"),
                ticket: Ticket {
                    caller: json!({}),
                    expires_at: end(&world),
                },
            };
            commit(&world, insert).await.unwrap();
            if late {
                world.advance(Duration::from_mins(1));
            }
            let take = || TicketChange::Take {
                digest: digest.into(),
            };
            assert_eq!(commit(&world, take()).await.is_ok(), !late);
            assert!(commit(&world, take()).await.is_err());
        }
    }
}

#[tokio::test]
async fn a_setting_is_taken_once_and_only_with_its_value() {
    for world in World::each().await {
        let put = SettingChange::Put {
            name: "s",
            value: "right".into(),
        };
        commit(&world, put).await.unwrap();
        let take = |value: &str| SettingChange::Take {
            name: "s",
            value: value.into(),
        };
        assert!(commit(&world, take("wrong")).await.is_err());
        assert!(commit(&world, take("right")).await.is_ok());
        assert!(commit(&world, take("right")).await.is_err());
    }
}

#[tokio::test]
async fn what_was_decided_on_an_old_version_of_an_account_is_refused() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let user_id = || ada.user.user_id.clone();
        let expect = |token_version| UserChange::Expect {
            user_id: user_id(),
            token_version,
        };
        let advance = UserChange::Advance {
            user_id: user_id(),
            token_version: 1,
        };
        assert_eq!(commit(&world, expect(1)).await, Ok(()));
        assert_eq!(commit(&world, advance).await, Ok(()));
        let old = commit(&world, expect(1)).await;
        assert!(matches!(old, Err(Refusal::Changed { .. })));
        assert_eq!(commit(&world, expect(2)).await, Ok(()));
    }
}

#[tokio::test]
async fn a_refused_registration_leaves_nothing_behind() {
    for world in World::each().await {
        let ada = world.register("ada@example.org").await;
        let tenant_id = TenantId::trusted("fresh");
        let tenant = civitas_storage::Tenant {
            tenant_id: tenant_id.clone(),
            name: "n".into(),
            owner_id: None,
        };
        let account = world.store.users().find(&ada.user.user_id).await.unwrap();
        let account = account.unwrap();
        let changes = Changeset::new()
            .with(civitas_storage::TenantChange::Insert(tenant))
            .with(UserChange::Insert {
                user: civitas_model::User {
                    user_id: UserId::trusted("other"),
                    email: "ADA@EXAMPLE.ORG".into(),
                    ..account.user
                },
                password_hash: account.password_hash,
            });
        let refused = world.store.commit(changes).await;
        assert!(matches!(
            refused,
            Err(CommitError::Refused(Refusal::AlreadyExists { .. }))
        ));
        assert_eq!(world.store.find_tenant(&tenant_id).await.unwrap(), None);
    }
}
