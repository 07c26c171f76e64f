//! Filters, facets and reasons.

use civitas_model::{Record, Timestamp};
use civitas_search::{Answer, FACET_VALUES_MAX, FacetValue, Query};
use serde_json::json;

use crate::{Shelf, ids, record, tenant};

fn dated(id: &str, date: &str, kind: &str, tags: &[&str], came_by: &str) -> Record {
    Record {
        kind: kind.into(),
        date: date.parse().unwrap(),
        metadata: json!({ "tags": tags, "ingestion_type": came_by, "page": 2 }),
        ..record(id, "Invoice", "an invoice of the harbour")
    }
}

fn shelf() -> Shelf {
    Shelf::new(vec![
        dated(
            "a",
            "2025-12-31T23:59:59.999999Z",
            "pdf",
            &["Unpaid", "Late Fee"],
            "upload",
        ),
        dated("b", "2026-01-01T00:00:00Z", "pdf", &["unpaid"], "edi"),
        dated("c", "2026-03-15T12:00:00Z", "csv", &[], "upload"),
        record("d", "Invoice", "an invoice without any facts"),
    ])
}

fn found(answer: &Answer) -> Vec<&str> {
    let mut ids = ids(answer);
    ids.sort_unstable();
    ids
}

#[test]
fn the_language_filters_by_date_tag_and_source() {
    let shelf = shelf();
    for (text, expected) in [
        ("invoice after:2026", vec!["b", "c"]),
        ("invoice before:2026", vec!["a", "d"]),
        ("invoice after:2026-01-01 before:2026-01-02", vec!["b"]),
        ("after:2026-02 before:2026-04", vec!["c"]),
        ("invoice -after:2026", vec!["a", "d"]),
        ("invoice after:2025 after:2026-02", vec!["c"]),
        ("invoice after:2026-03-15T12:00:00Z", vec!["c"]),
        ("invoice tag:unpaid", vec!["a", "b"]),
        ("invoice tag:UNPAID tag:\"late fee\"", vec!["a"]),
        ("invoice -tag:unpaid", vec!["c", "d"]),
        ("tag:paid", vec![]),
        ("invoice source:upload", vec!["a", "c"]),
        ("invoice source:file -source:edi", vec!["a", "c", "d"]),
        ("invoice type:csv", vec!["c"]),
    ] {
        assert_eq!(found(&shelf.ask(text)), expected, "{text}");
    }
}

#[test]
fn tags_of_a_question_and_of_its_text_all_narrow() {
    let shelf = shelf();
    let mut query = Query::new(tenant(), "invoice tag:unpaid");
    query.tags = vec!["Late FEE".into()];
    assert_eq!(ids(&shelf.index.search(&query).unwrap()), ["a"]);
    query.tags = vec!["x".into(); 1001];
    let refused = shelf.index.search(&query).unwrap_err();
    assert!(refused.to_string().contains("1000"), "{refused}");
}

fn values(list: &[FacetValue]) -> Vec<(&str, u64)> {
    list.iter()
        .map(|value| (value.value.as_str(), value.count))
        .collect()
}

#[test]
fn facets_count_the_whole_result_and_not_its_first_page() {
    let mut shelf = shelf();
    let mut query = Query::new(tenant(), "invoice");
    query.limit = 1;
    assert_eq!(shelf.index.search(&query).unwrap().facets, None);
    query.facets = true;
    let facets = shelf.index.search(&query).unwrap().facets.unwrap();
    assert_eq!(values(&facets.kind), [("pdf", 3), ("csv", 1)]);
    assert_eq!(values(&facets.tag), [("unpaid", 2), ("late fee", 1)]);
    assert_eq!(
        values(&facets.source),
        [("upload", 2), ("edi", 1), ("file", 1)]
    );
    assert_eq!(
        values(&facets.year),
        [("2026", 2), ("2025", 1), ("1970", 1)]
    );
    let months = [
        ("2026-03", 1),
        ("2026-01", 1),
        ("2025-12", 1),
        ("1970-01", 1),
    ];
    assert_eq!(values(&facets.month), months);
    query.text = "invoice type:csv".into();
    let facets = shelf.index.search(&query).unwrap().facets.unwrap();
    assert_eq!(values(&facets.kind), [("csv", 1)]);
    assert_eq!(values(&facets.tag), []);

    // In another segment, and more values than are shown.
    let many = (0..40).map(|n| {
        dated(
            &format!("m{n}"),
            "2026-05-01T00:00:00Z",
            &format!("kind{n}"),
            &["unpaid"],
            "api",
        )
    });
    shelf.put(many.collect());
    query.text = "invoice".into();
    let facets = shelf.index.search(&query).unwrap().facets.unwrap();
    assert_eq!(facets.kind.len(), FACET_VALUES_MAX);
    assert_eq!(values(&facets.tag), [("unpaid", 42), ("late fee", 1)]);
}

#[test]
fn another_tenants_values_are_not_counted() {
    let mut shelf = shelf();
    let theirs = Record {
        tenant_id: civitas_model::TenantId::trusted("other"),
        ..dated("a", "2026-05-01T00:00:00Z", "xml", &["their secret"], "api")
    };
    shelf.put(vec![theirs]);
    let mut query = Query::new(tenant(), "invoice");
    query.facets = true;
    let facets = serde_json::to_string(&shelf.index.search(&query).unwrap().facets).unwrap();
    assert!(
        !facets.contains("secret") && !facets.contains("xml"),
        "{facets}"
    );
}

#[test]
fn reasons_add_up_to_the_score() {
    let shelf = Shelf::new(vec![
        Record {
            heading: "Late delivery".into(),
            ..record(
                "a",
                "Delivery terms.pdf",
                "a late delivery costs a penalty of INV-2041 deliveries",
            )
        },
        record(
            "b",
            "Minutes",
            "deliveries were late, and the delivery of INV 2041 was later",
        ),
        record("c", "late delivery", "see the contract"),
    ]);
    for text in [
        "late delivery",
        "late deliv",
        "the delivery of INV-2041",
        "\"late delivery\" title:terms",
        "del* penalty",
        "delivry late ",
        "late delivery missing entirely nothing",
        "delivery -penalty after:1970",
    ] {
        let mut query = Query::new(tenant(), text);
        query.why = true;
        let answer = shelf.index.search(&query).unwrap();
        assert!(!answer.hits.is_empty(), "{text}");
        for hit in answer.hits {
            let why = hit.why.unwrap();
            let sum: f32 = why.iter().map(|reason| reason.weight).sum();
            let difference = (sum - hit.score).abs();
            assert!(
                difference < 1e-3,
                "{text}: {sum} and {}: {why:?}",
                hit.score
            );
            assert!(why.is_sorted_by(|a, b| a.weight >= b.weight), "{why:?}");
        }
    }
}

#[test]
fn reasons_name_word_field_and_way() {
    let shelf = Shelf::new(vec![record(
        "a",
        "Annual report",
        "the annual report of the port",
    )]);
    let mut query = Query::new(tenant(), "annual reports ");
    query.why = true;
    let answer = shelf.index.search(&query).unwrap();
    let why = answer.hits[0].why.clone().unwrap();
    let has = |typed, field, how| {
        why.iter()
            .any(|reason| reason.typed == typed && reason.field == field && reason.how == how)
    };
    assert!(
        has("annual", "title", "found") && has("annual", "text", "as_typed"),
        "{why:?}"
    );
    assert!(
        has("reports", "title", "found") && !has("reports", "text", "as_typed"),
        "{why:?}"
    );
    assert!(has("annual reports", "text", "in_order"), "{why:?}");
    query.why = false;
    assert_eq!(shelf.index.search(&query).unwrap().hits[0].why, None);
}

#[test]
fn a_hit_opens_at_its_place() {
    let shelf = shelf();
    let hit = shelf
        .ask("invoice tag:unpaid after:2026")
        .hits
        .remove(0)
        .to_json();
    assert_eq!(hit["fragment"], "page=2");
    assert_eq!(
        hit["date"],
        json!("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap())
    );
}

#[test]
fn a_record_that_is_put_again_is_there_once() {
    let mut shelf = shelf();
    // In one batch, in one commit, and over commits.
    let again = |body: &str| record("x", "Again", body);
    shelf.put(vec![again("first"), again("second")]);
    assert_eq!(shelf.ask("again ").total, 1);
    shelf.put(vec![again("third")]);
    shelf.index.release_writer().unwrap();
    shelf.put(vec![again("fourth")]);
    assert_eq!(shelf.ask("again ").total, 1);
    assert_eq!(shelf.ask("again fourth").total, 1);
    assert_eq!(shelf.ask("\"third\"").total, 0);
}

#[test]
fn umlauts_are_found_however_they_are_typed() {
    let shelf = Shelf::new(vec![
        record("with", "a.pdf", "Angebot von Müller"),
        record("spelled", "b.pdf", "Angebot von Mueller"),
        record("without", "c.pdf", "Angebot von Muller"),
    ]);
    assert_eq!(found(&shelf.ask("müller")), ["spelled", "with", "without"]);
    assert_eq!(found(&shelf.ask("mueller")), ["spelled", "with"]);
    assert_eq!(found(&shelf.ask("muller")), ["with", "without"]);
    let answer = shelf.ask("mueller");
    for hit in &answer.hits {
        assert_eq!(hit.snippet.highlights.len(), 1, "{hit:?}");
    }
}
