//! Relevance as sentences, isolation, and the index's life.

use std::io::ErrorKind;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::document::VERSION;
use crate::{Change, MatchedField, Options};
use civitas_model::Record;

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn record(id: &str, title: &str, body: &str) -> Record {
    Record {
        record_id: RecordId::new(id).unwrap(),
        tenant_id: tenant("acme"),
        source: "file".into(),
        parent_id: format!("parent of {id}"),
        title: title.into(),
        heading: String::new(),
        body: body.into(),
        kind: "pdf".into(),
        date: Timestamp::from_micros(1_000_000),
        metadata: json!({ "page": 1 }),
    }
}

fn open(dir: &Path) -> Index {
    Index::open(dir, Options::default()).unwrap()
}

fn filled(records: Vec<Record>) -> (TempDir, Index) {
    let dir = TempDir::new().unwrap();
    let index = open(dir.path());
    let changes: Vec<Change> = records.into_iter().map(Change::Put).collect();
    index.apply(&changes).unwrap();
    index.commit(changes.len() as u64).unwrap();
    (dir, index)
}

/// An index of records with these ids, titles and bodies.
fn library(records: &[(&str, &str, &str)]) -> (TempDir, Index) {
    filled(
        records
            .iter()
            .map(|(id, title, body)| record(id, title, body))
            .collect(),
    )
}

fn ask(index: &Index, text: &str) -> Answer {
    index.search(&Query::new(tenant("acme"), text)).unwrap()
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer
        .hits
        .iter()
        .map(|hit| hit.record_id.as_str())
        .collect()
}

fn found(index: &Index, text: &str) -> Vec<String> {
    ids(&ask(index, text))
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn an_exact_title_ranks_above_a_body_that_repeats_the_words() {
    let (_dir, index) = library(&[
        (
            "body",
            "Minutes",
            "annual report annual report annual report",
        ),
        (
            "long",
            "Annual report of the committee on street lighting",
            "-",
        ),
        ("title", "Annual Report.pdf", "Figures follow."),
    ]);
    assert_eq!(found(&index, "annual report"), ["title", "long", "body"]);
}

#[test]
fn words_that_follow_each_other_rank_above_scattered_ones() {
    let (_dir, index) = library(&[
        (
            "scattered",
            "A",
            "the budget was seen by the board after a long and dull review",
        ),
        (
            "together",
            "B",
            "after a long and dull talk the board saw the budget review",
        ),
    ]);
    assert_eq!(found(&index, "budget review"), ["together", "scattered"]);
    assert_eq!(found(&index, "\"budget review\""), ["together"]);
}

#[test]
fn the_exact_form_ranks_above_another_form_and_both_are_found() {
    let (_dir, index) = library(&[
        ("other", "A", "he reported the loss today"),
        ("exact", "B", "he reports the loss today"),
    ]);
    assert_eq!(found(&index, "reports "), ["exact", "other"]);
}

#[test]
fn a_heading_ranks_above_the_body() {
    let mut heading = record("heading", "A", "some text of equal length");
    heading.heading = "Liability".into();
    let (_dir, index) = filled(vec![
        record("body", "B", "Liability some text of length"),
        heading,
    ]);
    assert_eq!(found(&index, "liability"), ["heading", "body"]);
}

#[test]
fn accents_and_case_do_not_matter() {
    let (_dir, index) = library(&[("a", "Menu", "the Café in the Straße")]);
    for text in ["cafe", "CAFÉ", "strasse", "Straße", "cafe\u{301}"] {
        assert_eq!(found(&index, text), ["a"], "{text}");
    }
}

#[test]
fn codes_addresses_and_identifiers_are_found_whole_and_in_parts() {
    let body = "Invoice INV-2041 for P7 went to jane.doe@acme.com, see user_account_id.";
    let (_dir, index) = library(&[("a", "Mail", body), ("b", "Other", "INV-2042 and P8")]);
    for text in [
        "INV-2041",
        "inv2041",
        "2041",
        "inv 2041",
        "P7",
        "jane.doe@acme.com",
        "doe",
        "acme.com",
        "user_account_id",
        "account",
        "\"INV-2041\"",
        "inv-204* jane",
    ] {
        assert_eq!(found(&index, text), ["a"], "{text}");
    }
}

#[test]
fn texts_without_spaces_are_found_by_any_part() {
    let (_dir, index) = library(&[("a", "旅", "東京都の天気"), ("b", "旅", "京都の天気")]);
    assert_eq!(found(&index, "東京"), ["a"]);
    assert_eq!(found(&index, "天気").len(), 2);
    assert_eq!(found(&index, "気").len(), 2);
    assert_eq!(found(&index, "東京都の"), ["a"]);
}

#[test]
fn stop_words_never_make_a_query_empty() {
    let (_dir, index) = library(&[
        ("hamlet", "A", "to be or not to be, that is the question"),
        ("other", "B", "not to be confused with or"),
        ("none", "C", "nothing here"),
    ]);
    assert_eq!(
        found(&index, "to be or not to be").first().unwrap(),
        "hamlet"
    );
    assert_eq!(found(&index, "the nothing"), ["none"], "`the` is excused");
}

#[test]
fn all_words_are_required_unless_nothing_has_them_all() {
    let (_dir, index) = library(&[
        ("both", "A", "solar panel"),
        ("one", "B", "solar eclipse"),
        ("other", "C", "wooden panel"),
    ]);
    assert_eq!(found(&index, "solar panel"), ["both"]);
    assert_eq!(found(&index, "wooden eclipse").len(), 2);
}

#[test]
fn prefixes_and_the_unfinished_last_word_are_completed() {
    let (_dir, index) = library(&[
        ("exact", "A", "the inv was short"),
        ("longer", "B", "the investment was short"),
    ]);
    assert_eq!(found(&index, "invest*"), ["longer"]);
    assert_eq!(found(&index, "short investm"), ["longer"]);
    assert_eq!(
        found(&index, "inv"),
        ["exact", "longer"],
        "the finished word is better"
    );
    assert_eq!(
        found(&index, "inv short"),
        ["exact"],
        "only the last word may be unfinished"
    );
}

#[test]
fn exclusions_and_fields_narrow() {
    let mut mail = record("mail", "Letter", "final budget");
    mail.kind = "eml".into();
    let (_dir, index) = filled(vec![
        record("draft", "Budget draft", "a draft"),
        record("final", "Budget", "the last one"),
        mail,
    ]);
    assert_eq!(found(&index, "budget -draft").len(), 2);
    assert_eq!(found(&index, "budget type:eml"), ["mail"]);
    assert_eq!(found(&index, "budget -type:PDF"), ["mail"]);
    assert_eq!(found(&index, "title:budget -draft"), ["final"]);
    assert_eq!(found(&index, "-draft").len(), 2);
    // A phrase that is first met after the first document, and one that is never met.
    assert_eq!(found(&index, r#"budget -"final budget""#).len(), 2);
    assert_eq!(found(&index, r#"budget -"budget budget budget""#).len(), 3);
    assert_eq!(found(&index, "-title:title:title:").len(), 3);
}

#[test]
fn empty_text_lists_everything_and_signs_alone_find_nothing() {
    let (_dir, index) = library(&[("a", "A", "x"), ("b", "B", "y")]);
    assert_eq!(ask(&index, "  ").total, 2);
    assert_eq!(ask(&index, "?! ...").total, 0);
}

#[test]
fn a_misspelt_word_is_corrected_and_searched() {
    let (_dir, index) = library(&[
        ("a", "A", "please receive the payment"),
        ("b", "B", "other"),
    ]);
    let answer = ask(&index, "recieve payment");
    assert_eq!(answer.suggestions, ["receive"]);
    assert_eq!(ids(&answer), ["a"]);
    assert_eq!(answer.hits[0].snippet.highlights.len(), 2);
    assert!(ask(&index, "INV-9999").suggestions.is_empty());
}

#[test]
fn filters_dates_sorting_and_paging_work() {
    let dated = |id: &str, day: i64, source: &str| {
        let mut record = record(id, "Note", "word");
        record.date = Timestamp::from_micros(day);
        record.source = source.into();
        record
    };
    let (_dir, index) = filled(vec![
        dated("1", 1, "file"),
        dated("3", 3, "slack"),
        dated("2", 2, "file"),
    ]);
    let base = Query::new(tenant("acme"), "word");
    let with = |change: &dyn Fn(&mut Query)| {
        let mut query = Query {
            sort: Sort::Newest,
            ..base.clone()
        };
        change(&mut query);
        let answer = index.search(&query).unwrap();
        (answer.total, ids(&answer).join(" "))
    };
    let day = |day| Some(Timestamp::from_micros(day));
    assert_eq!(with(&|_| {}), (3, "3 2 1".into()));
    assert_eq!(
        with(&|q| q.sources = vec!["File".into()]),
        (2, "2 1".into())
    );
    assert_eq!(with(&|q| q.kinds = vec!["eml".into()]), (0, String::new()));
    assert_eq!(
        with(&|q| q.parent_ids = vec!["parent of 3".into()]),
        (1, "3".into())
    );
    assert_eq!(
        with(&|q| q.title = Some("notes".into())),
        (3, "3 2 1".into())
    );
    assert_eq!(with(&|q| q.title = Some("word".into())), (0, String::new()));
    assert_eq!(with(&|q| q.date_from = day(2)), (2, "3 2".into()));
    assert_eq!(with(&|q| q.date_to = day(2)), (2, "2 1".into()));
    assert_eq!(with(&|q| (q.limit, q.offset) = (1, 1)), (3, "2".into()));
    let wrong = |limit, offset| {
        index.search(&Query {
            limit,
            offset,
            ..base.clone()
        })
    };
    assert!(matches!(wrong(0, 0), Err(Error::Limit(0))));
    assert!(matches!(wrong(101, 0), Err(Error::Limit(101))));
    assert!(matches!(wrong(1, 10_001), Err(Error::Offset(10_001))));
}

#[test]
fn a_snippet_shows_the_best_place_and_marks_folded_and_stemmed_matches() {
    let body = format!(
        "{} the Cafés réported\n\ntheir losses {}",
        "filler über ".repeat(60),
        "später ".repeat(80)
    );
    let (_dir, index) = library(&[("a", "A", &body)]);
    let answer = ask(&index, "cafe report losses ");
    let snippet = &answer.hits[0].snippet;
    let marked: Vec<&str> = snippet
        .highlights
        .iter()
        .map(|&(from, to)| &snippet.text[from..to])
        .collect();
    assert_eq!(marked, ["Cafés", "réported", "losses"]);
    assert!(snippet.text.starts_with('…') && snippet.text.ends_with('…'));
    assert!(snippet.text.chars().count() <= 203 && !snippet.text.contains('\n'));
}

#[test]
fn a_hit_says_why_it_matched() {
    let (_dir, index) = library(&[("a", "Cafés of Rome", "running costs")]);
    let answer = ask(&index, "cafe cost ");
    let why: Vec<_> = answer.hits[0]
        .matched
        .iter()
        .map(|m| (m.field, m.typed.as_str(), m.found.as_str()))
        .collect();
    assert_eq!(
        why,
        [
            (MatchedField::Title, "cafe", "Cafés"),
            (MatchedField::Body, "cost", "costs")
        ]
    );
}

#[test]
fn a_tenant_neither_finds_nor_is_told_of_another_tenants_records() {
    let mut foreign = record(
        "same-id",
        "Secret merger",
        "confidential merger with receivership",
    );
    foreign.tenant_id = tenant("other");
    let (_dir, index) = filled(vec![foreign, record("same-id", "Own", "own words")]);
    for text in [
        "",
        "merger",
        "merg*",
        "\"confidential merger\"",
        "-own",
        "title:secret",
        "type:pdf",
        "mergre",
        "own merger",
    ] {
        let answer = ask(&index, text);
        assert!(answer.hits.iter().all(|hit| hit.title == "Own"), "{text}");
        assert!(answer.total <= 1, "{text}");
        assert!(
            answer.suggestions.is_empty(),
            "{text}: {:?}",
            answer.suggestions
        );
    }
    let delete = Change::DeleteParent {
        tenant_id: tenant("acme"),
        parent_id: "parent of same-id".into(),
    };
    index.apply(&[delete]).unwrap();
    index.commit(3).unwrap();
    assert_eq!(ask(&index, "").total, 0);
    assert_eq!(
        index
            .search(&Query::new(tenant("other"), "merger"))
            .unwrap()
            .total,
        1
    );
}

#[test]
fn putting_again_replaces_and_deleting_removes() {
    let (_dir, index) = library(&[("a", "A", "first"), ("b", "B", "second")]);
    let changes = [
        Change::Put(record("a", "A", "third")),
        Change::Put(record("a", "A", "fourth")),
        Change::Delete {
            tenant_id: tenant("acme"),
            record_id: RecordId::new("b").unwrap(),
        },
    ];
    index.apply(&changes).unwrap();
    assert_eq!(ask(&index, "first").total, 1, "not before the commit");
    index.commit(5).unwrap();
    assert_eq!(found(&index, ""), ["a"]);
    assert_eq!(ask(&index, "fourth").total, 1);
    assert_eq!(ask(&index, "first third second").total, 0);
}

#[test]
fn the_position_survives_and_what_was_not_committed_is_gone() {
    let dir = TempDir::new().unwrap();
    let index = open(dir.path());
    assert_eq!(index.applied_position(), 0);
    index
        .apply(&[Change::Put(record("a", "A", "kept"))])
        .unwrap();
    index.commit(7).unwrap();
    index
        .apply(&[Change::Put(record("b", "B", "lost"))])
        .unwrap();
    assert!(
        !index.release_writer().unwrap(),
        "there are uncommitted changes"
    );
    // A killed process runs no destructor; here the copy of the folder stands for what it leaves behind.
    let left = TempDir::new().unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let copied = std::fs::copy(entry.path(), left.path().join(entry.file_name()));
        // The writer goes on meanwhile: a file of its own that it renames or removes is not part of what was committed.
        assert!(
            copied
                .as_ref()
                .map_or_else(|error| error.kind() == ErrorKind::NotFound, |_| true),
            "{copied:?}"
        );
    }
    drop(index);
    let index = open(left.path());
    assert_eq!(index.applied_position(), 7);
    assert_eq!(found(&index, ""), ["a"]);
    index
        .apply(&[Change::Put(record("b", "B", "again"))])
        .unwrap();
    index.commit(8).unwrap();
    assert!(index.release_writer().unwrap());
    assert_eq!(ask(&index, "").position, 8);
    assert!(matches!(
        index.commit(6),
        Err(Error::PositionBehind {
            asked: 6,
            applied: 8
        })
    ));
    index.clear().unwrap();
    assert_eq!((index.applied_position(), index.record_count()), (0, 0));
}

#[test]
fn a_damaged_folder_is_set_aside_and_another_version_is_emptied() {
    let parent = TempDir::new().unwrap();
    let dir = parent.path().join("index");
    let fill = || {
        let index = open(&dir);
        assert_eq!((index.applied_position(), index.record_count()), (0, 0));
        index.apply(&[Change::Put(record("a", "A", "x"))]).unwrap();
        index.commit(1).unwrap();
    };
    fill();
    std::fs::write(dir.join("meta.json"), "{ not json").unwrap();
    fill();
    assert!(parent.path().join("index.damaged").exists());
    let meta = std::fs::read_to_string(dir.join("meta.json")).unwrap();
    std::fs::write(
        dir.join("meta.json"),
        meta.replace(&format!("civitas-search {VERSION} "), "civitas-search 0 "),
    )
    .unwrap();
    fill();
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "term")
        {
            std::fs::write(path, "").unwrap();
        }
    }
    fill();
}

#[test]
fn two_writers_never_share_a_folder() {
    let (dir, _index) = library(&[("a", "A", "x")]);
    let second = open(dir.path());
    let refused = second.apply(&[Change::Put(record("b", "B", "y"))]);
    assert!(matches!(refused, Err(Error::Busy)));
}

#[test]
fn any_text_is_answered_and_every_range_is_sound() {
    let (_dir, index) = library(&[
        (
            "a",
            "Ünïcode – 東京 title",
            "a\u{301}bc İ ﬁ 東京 title:word \"quoted\" don't C++ 𝒳 word_with_parts ß",
        ),
        ("b", "🎉", "\u{0}\u{1}word"),
        ("c", "", ""),
    ]);
    proptest!(|(text in prop_oneof![
        ".{0,60}",
        "([a-c東京İßﬁ\"*:_@'+ -]|title:|type:pdf|word){0,12}",
    ])| {
        let answer = ask(&index, &text);
        for hit in &answer.hits {
            let mut end = 0;
            for &(from, to) in &hit.snippet.highlights {
                prop_assert!(end <= from && from < to);
                prop_assert!(hit.snippet.text.get(from..to).is_some());
                end = to;
            }
        }
    });
}
