//! The committed OpenAPI document is what the handlers say. `UPDATE_OPENAPI=1` writes it again.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&civitas_api::openapi().to_json().unwrap()).unwrap()
}

#[test]
fn the_committed_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut document = document();
    // In order, so that a difference is a difference.
    document.sort_all_objects();
    let text = format!("{}\n", serde_json::to_string_pretty(&document).unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/openapi.json is stale: run `UPDATE_OPENAPI=1 cargo test -p civitas-api` and review the difference"
    );
}

#[test]
fn every_operation_says_what_it_does_and_how_it_fails() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{} {path}", method.to_uppercase());
            let id = operation["operationId"].as_str().unwrap_or_default();
            assert!(operation["summary"].is_string(), "{place} has no summary");
            assert!(operation["tags"].is_array(), "{place} has no tag");
            ids.insert(format!("{id} {place}"));
            let public = civitas_api::PUBLIC.contains(&place.as_str());
            let answers_401 = operation["responses"]["401"].is_object();
            let is_sign_in = path.starts_with("/api/auth/") || path == "/api/session/create";
            assert!(
                public || answers_401,
                "{place} needs a credential and does not document 401"
            );
            assert!(
                !public || !answers_401 || is_sign_in,
                "{place} is public and documents 401"
            );
        }
    }
    assert!(ids.len() > 40, "the document holds the whole API");
}

/// What is posted below `/api/v1` without a key: what changes nothing, and what is known by ids of its own.
const WITHOUT_KEY: &[&str] = &[
    "/api/v1/hooks/claude-code",
    "/api/v1/policy/check",
    "/api/v1/policy/validate",
    "/api/v1/policy/what-if",
];

#[test]
fn what_is_posted_takes_an_idempotency_key() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(posted) = item.get("post").filter(|_| path.starts_with("/api/v1/")) else {
            continue;
        };
        let parameters = posted["parameters"].as_array();
        let key =
            parameters.and_then(|all| all.iter().find(|one| one["name"] == "Idempotency-Key"));
        let is_named = WITHOUT_KEY.contains(&path.as_str());
        assert_eq!(key.is_some(), !is_named, "{path}");
        assert!(key.is_none_or(|key| key["in"] == "header"), "{path}");
        assert!(
            is_named || posted["responses"]["409"].is_object(),
            "{path} does not say that a request with its key may be under way"
        );
    }
}

#[test]
fn public_operations_exist() {
    let document = document();
    for place in civitas_api::PUBLIC {
        let (method, path) = place.split_once(' ').unwrap();
        let operation = &document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{place} is not in the document");
    }
}

#[test]
fn the_committed_types_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/civitas.d.ts");
    let text = civitas_api::typescript();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/civitas.d.ts is stale: run `UPDATE_OPENAPI=1 cargo test -p civitas-api` and review the difference"
    );
}
