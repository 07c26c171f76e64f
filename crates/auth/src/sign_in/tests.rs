//! Races, made certain: hashing is paused until everyone has read what they decide on.

use std::net::Ipv4Addr;
use std::sync::Arc;

use civitas_model::{ErrorCode, SystemClock};
use civitas_storage::{Store, StoreOptions};

use super::*;
use crate::{AuthOptions, Hashing};

const PASSWORD: &str = "correct horse battery";

async fn open() -> (tempfile::TempDir, Auth) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("civitas.db");
    let database = StoreOptions::Sqlite { path };
    let store = Store::open(&database, Arc::new(SystemClock)).await.unwrap();
    let mut options = AuthOptions::new(store, folder.path());
    options.hashing = Hashing {
        memory_kib: 64,
        passes: 1,
        ..Hashing::default()
    };
    (folder, Auth::open(options).await.unwrap())
}

fn client(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}

fn registration() -> Registration {
    Registration {
        email: "ada@example.org".into(),
        password: Secret::new(PASSWORD),
        name: "Ada".into(),
    }
}

fn credentials() -> Credentials {
    Credentials {
        email: "ada@example.org".into(),
        password: Secret::new(PASSWORD),
    }
}

#[tokio::test]
async fn of_twenty_registrations_that_all_saw_a_free_address_one_succeeds() {
    let (_folder, auth) = open().await;
    let pause = auth.hasher.pause().await;
    let tries: Vec<_> = (0..20)
        .map(|number| {
            let auth = auth.clone();
            tokio::spawn(async move { auth.register(registration(), client(number)).await })
        })
        .collect();
    auth.hasher.wait_for_waiting(20).await;
    drop(pause);
    let mut winners = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => winners += 1,
            Err(error) => assert_eq!(error.code(), ErrorCode::AlreadyExists),
        }
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn a_login_that_began_before_logging_out_everywhere_does_not_outlive_it() {
    let (_folder, auth) = open().await;
    let ada = auth.register(registration(), client(0)).await.unwrap();
    let caller = auth.authenticate(ada.access_token.reveal()).await.unwrap();
    let pause = auth.hasher.pause().await;
    let login = tokio::spawn({
        let auth = auth.clone();
        async move { auth.login(&credentials(), client(1)).await }
    });
    auth.hasher.wait_for_waiting(1).await;
    auth.logout_everywhere(&caller).await.unwrap();
    drop(pause);
    let refused = login.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Conflict);
    assert!(auth.login(&credentials(), client(2)).await.is_ok());
}

#[tokio::test]
async fn of_two_password_changes_that_both_knew_the_present_one_the_first_stands() {
    let (_folder, auth) = open().await;
    let ada = auth.register(registration(), client(0)).await.unwrap();
    let caller = auth.authenticate(ada.access_token.reveal()).await.unwrap();
    let pause = auth.hasher.pause().await;
    let tries: Vec<_> = ["another horse", "a third horse"]
        .into_iter()
        .map(|new| {
            let (auth, caller) = (auth.clone(), caller.clone());
            tokio::spawn(async move {
                auth.change_password(&caller, &Secret::new(PASSWORD), &Secret::new(new))
                    .await
            })
        })
        .collect();
    auth.hasher.wait_for_waiting(2).await;
    drop(pause);
    let mut changed = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(fresh) => {
                changed += 1;
                assert!(auth.authenticate(fresh.access_token.reveal()).await.is_ok());
            }
            Err(error) => assert_eq!(error.code(), ErrorCode::Conflict),
        }
    }
    assert_eq!(changed, 1);
}
