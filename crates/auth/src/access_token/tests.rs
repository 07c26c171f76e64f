//! Forged, foreign and dead tokens are refused, whatever they look like.

use civitas_model::SystemEntropy;
use jsonwebtoken::EncodingKey;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const LIFETIME: Duration = Duration::from_mins(15);

fn now() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000)
}

fn ring() -> (tempfile::TempDir, KeyRing) {
    let folder = tempfile::tempdir().unwrap();
    let ring = KeyRing::open(folder.path(), LIFETIME, now(), &SystemEntropy).unwrap();
    (folder, ring)
}

fn token(keys: &KeyRing) -> String {
    let subject = Subject {
        user_id: &UserId::trusted("u"),
        tenant_id: &TenantId::trusted("t"),
        session_id: &SessionId::trusted("s"),
        role: Role::User,
        email: "a@b.co",
        token_version: 1,
    };
    let token = sign(keys, &subject, "j".into(), now(), LIFETIME).unwrap();
    token.reveal().to_owned()
}

fn verify(keys: &KeyRing, token: &str) -> Result<Claims, Error> {
    Verifier::new().verify(keys, token, now())
}

/// Signs whatever is asked for, with the real key: only the checks of claims and header stand in the way.
fn signed(keys: &KeyRing, change: impl FnOnce(&mut Header, &mut Value)) -> String {
    let key = keys.newest().unwrap();
    let mut header = Header::new(ALGORITHM);
    header.typ = Some(TYPE.into());
    header.kid = Some(key.id.clone());
    let mut claims = serde_json::to_value(verify(keys, &token(keys)).unwrap()).unwrap();
    change(&mut header, &mut claims);
    encode(&header, &claims, &key.signs).unwrap()
}

#[test]
fn a_fresh_token_names_its_caller() {
    let (_folder, keys) = ring();
    let caller = verify(&keys, &token(&keys)).unwrap().into_caller();
    assert_eq!(caller.tenant_id.as_str(), "t");
    assert_eq!(caller.roles, [Role::User]);
    assert_eq!(caller.permissions, [Permission::Read, Permission::Write]);
}

#[test]
fn the_header_says_what_it_is() {
    let (_folder, keys) = ring();
    let header = decode_header(token(&keys)).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(header.alg, Algorithm::HS256);
    assert_eq!(header.kid, Some(keys.newest().unwrap().id.clone()));
}

#[test]
fn a_token_that_is_only_signed_again_is_accepted() {
    // Guards the tests below: `signed` must fail for what it changes, not by itself.
    let (_folder, keys) = ring();
    assert!(verify(&keys, &signed(&keys, |_, _| ())).is_ok());
}

#[test]
fn wrong_or_missing_claims_are_refused() {
    let (_folder, keys) = ring();
    let at = seconds(now());
    for (claim, value) in [
        ("iss", json!("someone-else")),
        ("aud", json!("another-service")),
        ("exp", json!(at)),
        ("exp", json!(at - 1)),
        ("nbf", json!(at + 60)),
        ("sub", json!("")),
        ("roles", json!(["root"])),
        ("ver", json!(-1)),
    ] {
        let forged = signed(&keys, |_, claims| claims[claim] = value.clone());
        assert_eq!(
            verify(&keys, &forged),
            Err(Error::InvalidToken),
            "{claim} {value}"
        );
    }
    for claim in [
        "iss", "aud", "exp", "nbf", "sub", "tid", "sid", "ver", "jti", "iat",
    ] {
        let forged = signed(&keys, |_, claims| {
            claims.as_object_mut().unwrap().remove(claim);
        });
        assert_eq!(
            verify(&keys, &forged),
            Err(Error::InvalidToken),
            "no {claim}"
        );
    }
}

#[test]
fn another_type_algorithm_or_key_name_is_refused() {
    let (_folder, keys) = ring();
    let changes: [fn(&mut Header); 5] = [
        |header| header.typ = Some("JWT".into()),
        |header| header.typ = None,
        |header| header.alg = Algorithm::HS384,
        |header| header.kid = None,
        |header| header.kid = Some("../../etc/passwd".into()),
    ];
    for change in changes {
        let forged = signed(&keys, |header, _| change(header));
        assert_eq!(verify(&keys, &forged), Err(Error::InvalidToken));
    }
}

#[test]
fn no_algorithm_and_no_signature_is_refused() {
    let (_folder, keys) = ring();
    let real = token(&keys);
    let payload = real.split('.').nth(1).unwrap();
    // {"alg":"none","typ":"at+jwt"} and {"alg":"None","typ":"at+jwt"}
    for header in [
        "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0",
        "eyJhbGciOiJOb25lIiwidHlwIjoiYXQrand0In0",
    ] {
        for forged in [
            format!("{header}.{payload}."),
            format!("{header}.{payload}"),
        ] {
            assert_eq!(verify(&keys, &forged), Err(Error::InvalidToken));
        }
    }
    let bare = real.rsplit_once('.').unwrap().0;
    assert_eq!(verify(&keys, &format!("{bare}.")), Err(Error::InvalidToken));
}

#[test]
fn another_key_under_our_name_is_refused() {
    let (_folder, keys) = ring();
    let mut header = Header::new(ALGORITHM);
    header.typ = Some(TYPE.into());
    header.kid = Some(keys.newest().unwrap().id.clone());
    let claims = verify(&keys, &token(&keys)).unwrap();
    let forged = encode(&header, &claims, &EncodingKey::from_secret(&[7; 32])).unwrap();
    assert_eq!(verify(&keys, &forged), Err(Error::InvalidToken));
    let (_other_folder, other) = ring();
    assert_eq!(verify(&keys, &token(&other)), Err(Error::InvalidToken));
}

#[test]
fn a_token_outlives_a_rotation_but_not_its_own_end() {
    let (_folder, keys) = ring();
    let old = token(&keys);
    keys.rotate(now(), &SystemEntropy).unwrap();
    assert!(verify(&keys, &old).is_ok());
    let end = now().plus(LIFETIME);
    assert_eq!(
        Verifier::new().verify(&keys, &old, end),
        Err(Error::InvalidToken)
    );
}

#[test]
fn a_huge_token_is_refused_unread() {
    let (_folder, keys) = ring();
    let huge = signed(&keys, |_, claims| {
        claims["email"] = json!("x".repeat(LENGTH_MAX));
    });
    assert_eq!(verify(&keys, &huge), Err(Error::InvalidToken));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changing_any_character_breaks_it(position in 0_usize..10_000, replacement in "[A-Za-z0-9_.-]") {
        let (_folder, keys) = ring();
        let real = token(&keys);
        let position = position % real.len();
        let mut forged = real.clone();
        forged.replace_range(position..=position, &replacement);
        // The last character of base64url may hold bits that do not count; a strict decoder refuses those too.
        prop_assume!(forged != real);
        prop_assert_eq!(verify(&keys, &forged), Err(Error::InvalidToken));
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in ".{0,200}") {
        let (_folder, keys) = ring();
        prop_assert!(verify(&keys, &text).is_err());
    }
}
