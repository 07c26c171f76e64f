//! What the catalogue says about the realm.

use civitas_content::realm;
use serde_json::{Map, Value, json};

/// The committed catalogue. Set `UPDATE_CATALOGUE` to write it anew after a wanted change.
const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/catalogue.json");

#[test]
fn the_catalogue_is_the_committed_one() {
    let realm = realm();
    let intents: Map<String, Value> = realm
        .definitions()
        .iter()
        .map(|intent| {
            let about = json!({
                "description": intent.description(),
                "parameters": intent.parameters(),
                "artifact": intent.artifact(),
                "aliases": intent.aliases(),
                "synonyms": intent.synonyms(),
                "events": intent.events(),
                "permission": intent.policy().permission,
            });
            (intent.name().to_owned(), about)
        })
        .collect();
    let mut intents = Value::Object(intents);
    // In order, so that a difference is a difference.
    intents.sort_all_objects();
    let found = format!("{}\n", serde_json::to_string_pretty(&intents).unwrap());
    if std::env::var_os("UPDATE_CATALOGUE").is_some() {
        std::fs::write(COMMITTED, &found).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(
        found == committed,
        "the catalogue changed: run this test with UPDATE_CATALOGUE=1 and review tests/catalogue.json"
    );
}

#[test]
fn every_parameter_and_every_field_of_an_answer_is_described() {
    for intent in realm().definitions() {
        for schema in [intent.parameters(), intent.output()] {
            check(intent.name(), schema);
        }
    }
}

/// Checks that every property of a schema and of what it refers to has a description.
fn check(path: &str, schema: &Value) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, property) in properties {
            assert!(
                property.get("description").is_some(),
                "{path}.{name} has no doc comment"
            );
        }
    }
    if let Some(definitions) = schema.get("$defs").and_then(Value::as_object) {
        for (name, definition) in definitions {
            check(&format!("{path}/{name}"), definition);
        }
    }
}

#[test]
fn only_intents_that_change_something_need_the_permission_to_write() {
    let realm = realm();
    let writing: Vec<_> = realm
        .definitions()
        .iter()
        .filter(|intent| intent.policy().permission != civitas_model::Permission::Read)
        .map(civitas_intent::Definition::name)
        .collect();
    assert_eq!(
        writing,
        [
            "ingest_file",
            "save_materialization",
            "parse_content",
            "register_file",
            "update_file_metadata",
            "archive_file",
            "restore_file",
            "purge_file",
            "preprocess_file",
        ]
    );
}
