//! `validate_file`.

use civitas_intent::test_run::World;
use serde_json::{Value, json};

use crate::{ingest, parse, payload, rejection, run, text, world};

async fn validate(world: World, file: &Value, rules: Value) -> Value {
    let parameters = json!({ "file_id": file["file_id"], "validation_rules": rules });
    let finished = run(world, "validate", "validate_file", parameters).await;
    assert_eq!(finished.world.events.last().unwrap().0, "file_validated");
    payload(&finished, "validation_results").clone()
}

fn broken(results: &Value) -> Vec<&str> {
    let errors = results["errors"].as_array().unwrap();
    errors.iter().map(|error| text(&error["rule"])).collect()
}

const ORDERS: &[u8] = b"id,Amount,when\n1,2.50,2026-01-02\n2,many,2026-01-03\n3,4.00,2026-01-04\n";

#[tokio::test]
async fn a_table_that_keeps_every_rule_is_valid() {
    let (world, file) = ingest(world(), "orders.csv", ORDERS).await;
    let rules = json!({
        "allowed_types": ["csv", "tsv"],
        "size_min": 10, "size_max": 1000,
        "encoding": "UTF-8",
        "required_columns": ["id", "when"],
        "column_types": { "id": "decimal", "when": "date", "Amount": "text" },
        "rows_min": 3, "rows_max": 3,
        "required_text": ["MANY"],
        "max_warnings": 0,
    });
    let results = validate(world.clone(), &file, rules).await;
    assert_eq!(results["valid"], true, "{results}");
    assert_eq!(results["rules_checked"], 14);
    let (world, _) = parse(world, "parse", &file).await;
    let results = validate(world, &file, json!({})).await;
    assert_eq!(
        (&results["valid"], &results["rules_checked"]),
        (&json!(true), &json!(1))
    );
}

#[tokio::test]
async fn every_broken_rule_is_named_with_its_place() {
    let (world, file) = ingest(world(), "orders.csv", ORDERS).await;
    let rules = json!({
        "allowed_types": ["pdf"],
        "size_min": 1000,
        "encoding": "windows-1252",
        "required_columns": ["amount", "customer"],
        "column_types": { "Amount": "decimal", "gone": "date" },
        "rows_min": 4,
        "required_headings": ["Summary"],
        "required_text": ["nowhere"],
    });
    let results = validate(world, &file, rules).await;
    assert_eq!(results["valid"], false);
    let expected = [
        "allowed_types",
        "size_min",
        "encoding",
        "required_columns",
        "required_columns",
        "column_types",
        "column_types",
        "rows_min",
        "required_headings",
        "required_text",
    ];
    assert_eq!(broken(&results), expected);
    assert_eq!(results["error_count"], expected.len());
    let errors = results["errors"].as_array().unwrap();
    assert!(
        text(&errors[3]["message"]).contains("but one \"Amount\""),
        "{}",
        errors[3]
    );
    assert!(text(&errors[4]["message"]).contains("the columns are id, Amount, when"));
    assert!(
        text(&errors[5]["message"]).contains("row 2 has \"many\""),
        "{}",
        errors[5]
    );
    assert_eq!(errors[5]["place"]["rows"], json!([2, 2]));
}

#[tokio::test]
async fn a_file_that_is_too_large_or_has_too_many_rows_breaks_its_bounds() {
    let (world, file) = ingest(world(), "orders.csv", ORDERS).await;
    let rules = json!({ "size_max": 1, "rows_max": 2 });
    let results = validate(world, &file, rules).await;
    assert_eq!(broken(&results), ["size_max", "rows_max"]);
}

#[tokio::test]
async fn a_call_without_rules_uses_those_that_the_tenant_states() {
    let (mut world, file) = ingest(world(), "orders.csv", ORDERS).await;
    let without = async |world: World| {
        let parameters = json!({ "file_id": file["file_id"] });
        let finished = run(world, "validate", "validate_file", parameters).await;
        payload(&finished, "validation_results").clone()
    };
    let nobodys = without(world.clone()).await;
    assert_eq!(nobodys["rules_from"], "nobody");
    assert_eq!(nobodys["rules_applied"], json!({}));
    assert_eq!(
        (&nobodys["valid"], &nobodys["rules_checked"]),
        (&json!(true), &json!(1))
    );
    let rules = json!({ "rows_min": 4, "required_columns": ["id"] });
    let stated = json!({ "version": 7, "value": rules });
    world.stated.insert("validation_rules".to_owned(), stated);
    let tenants = without(world.clone()).await;
    assert_eq!(broken(&tenants), ["rows_min"]);
    assert_eq!(tenants["rules_from"], "tenant");
    assert_eq!(tenants["rules_version"], 7);
    assert_eq!(tenants["rules_applied"], rules);
    assert_eq!(tenants["rules_checked"], 3);
    // A call's own rules replace them, also when it says that there are none.
    let own = validate(world.clone(), &file, json!({ "rows_min": 3 })).await;
    assert_eq!(
        (&own["valid"], &own["rules_from"]),
        (&json!(true), &json!("call"))
    );
    assert_eq!(own["rules_version"], json!(null));
    let none = validate(world.clone(), &file, json!({})).await;
    assert_eq!(
        (&none["valid"], &none["rules_from"]),
        (&json!(true), &json!("call"))
    );
    // What an older program took and this one does not know is not gone by in silence.
    let stated = json!({ "version": 8, "value": { "colour": "red" } });
    world.stated.insert("validation_rules".to_owned(), stated);
    let parameters = json!({ "file_id": file["file_id"] });
    let message = rejection(world, "validate_file", parameters).await;
    assert!(message.contains("state them again"), "{message}");
}

#[tokio::test]
async fn headings_are_found_and_oddities_are_warnings() {
    let (world, file) = ingest(world(), "plan.md", b"# Harbour  plan\n\nwords\n").await;
    let results = validate(
        world,
        &file,
        json!({ "required_headings": ["harbour plan"] }),
    )
    .await;
    assert_eq!(results["valid"], true, "{results}");
    let parameters = json!({ "ui_name": "a.csv", "file_type": "pdf", "file_content": data_encoding::HEXLOWER.encode(b"a,b\n1\n2,3\n") });
    let finished = run(crate::world(), "ingest", "ingest_file", parameters).await;
    let file = payload(&finished, "file").clone();
    let results = validate(finished.world, &file, json!({ "max_warnings": 0 })).await;
    assert_eq!(broken(&results), ["max_warnings"]);
    let warnings = results["warnings"].as_array().unwrap();
    assert_eq!(warnings[0]["rule"], "type_contradiction");
    assert_eq!(warnings[1]["rule"], "ragged_row", "{warnings:?}");
    assert!(warnings[1]["place"].is_object());
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_invalid_not_a_failure() {
    let (world, file) = ingest(world(), "broken.pdf", b"%PDF-1.7 nothing").await;
    let results = validate(world, &file, json!({})).await;
    assert_eq!(results["valid"], false);
    assert_eq!(broken(&results), ["readable"]);
}

#[tokio::test]
async fn rules_that_mean_nothing_are_refused() {
    let (world, file) = ingest(world(), "orders.csv", ORDERS).await;
    for (rules, expected) in [
        (json!({ "colour": "red" }), "unknown field `colour`"),
        (
            json!({ "column_types": { "id": "colour" } }),
            "unknown variant `colour`",
        ),
        (
            json!({ "required_text": [" "] }),
            "required_text takes at most",
        ),
        (
            json!({ "required_columns": vec!["x"; 201] }),
            "required_columns takes at most",
        ),
        (
            json!({ "rows_min": 5, "rows_max": 4 }),
            "no file can keep both",
        ),
    ] {
        let parameters = json!({ "file_id": file["file_id"], "validation_rules": rules });
        let message = rejection(world.clone(), "validate_file", parameters).await;
        assert!(message.contains(expected), "{message}");
    }
}
