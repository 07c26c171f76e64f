//! Paging by cursor while records are added and removed.

use std::collections::BTreeSet;

use civitas_model::{Record, TenantId, Timestamp};
use civitas_search::{Answer, Change, Error, Query, Sort};
use proptest::prelude::*;

use crate::{Shelf, ids, record, tenant};

fn note(id: &str, words: usize, second: i64) -> Record {
    Record {
        date: Timestamp::from_micros(second * 1_000_000),
        ..record(
            id,
            "Note",
            &format!("harbour {}", "harbour pier ".repeat(words)),
        )
    }
}

fn page(shelf: &Shelf, sort: Sort, limit: usize, cursor: &str) -> Result<Answer, Error> {
    let mut query = Query::new(tenant(), "harbour ");
    query.sort = sort;
    query.limit = limit;
    query.cursor = Some(cursor.into());
    shelf.index.search(&query)
}

/// All pages, with something happening between them; the ids in order.
fn pages(
    shelf: &mut Shelf,
    sort: Sort,
    limit: usize,
    between: impl Fn(&mut Shelf, usize),
) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for round in 0..1000 {
        let answer = page(shelf, sort, limit, &cursor).unwrap();
        seen.extend(ids(&answer).into_iter().map(str::to_owned));
        let Some(next) = answer.next_cursor else {
            return seen;
        };
        cursor = next;
        between(shelf, round);
    }
    panic!("paging does not end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn nothing_comes_twice_and_nothing_is_passed_over(
        words in proptest::collection::vec(0_usize..6, 1..30),
        seconds in 1_i64..20,
        limit in 1_usize..9,
        newest in any::<bool>(),
    ) {
        let sort = if newest { Sort::Newest } else { Sort::Relevance };
        let records = words.iter().zip(0_i64..).map(|(words, n)| note(&format!("n{n}"), *words, n % seconds));
        let mut shelf = Shelf::new(records.collect());
        let mut query = Query::new(tenant(), "harbour ");
        query.sort = sort;
        query.limit = 100;
        let at_once: Vec<String> = ids(&shelf.index.search(&query).unwrap()).into_iter().map(str::to_owned).collect();
        let paged = pages(&mut shelf, sort, limit, |shelf, round| {
            if round >= 10 {
                return;
            }
            // Records that change how rare each word is, better and worse ones, older and newer ones.
            let id = format!("added{round}");
            shelf.put(vec![note(&id, round % 9, i64::try_from(round).unwrap()), record(&format!("pier{round}"), "Pier", "pier harbour")]);
        });
        let distinct: BTreeSet<&String> = paged.iter().collect();
        prop_assert_eq!(distinct.len(), paged.len());
        let old: Vec<String> = paged.into_iter().filter(|id| id.starts_with('n')).collect();
        prop_assert_eq!(old, at_once);
    }
}

#[test]
fn pages_go_beyond_the_greatest_offset_and_offsets_do_not() {
    let records = (0..10_250).map(|n| record(&format!("n{n}:{n}"), "Note", "harbour"));
    let mut shelf = Shelf::new(records.collect());
    let seen = pages(&mut shelf, Sort::Newest, 100, |_, _| {});
    assert_eq!(seen.len(), 10_250);
    let mut query = Query::new(tenant(), "harbour ");
    query.offset = 10_001;
    assert!(matches!(
        shelf.index.search(&query),
        Err(Error::Offset(10_001))
    ));
}

#[test]
fn pieces_of_one_file_keep_their_order() {
    let pieces = (0..30).rev().map(|n| Record {
        metadata: serde_json::json!({ "chunk": n }),
        ..record(&format!("one:{n}"), "Note", "harbour")
    });
    let mut shelf = Shelf::new(pieces.collect());
    let expected: Vec<String> = (0..30).map(|n| format!("one:{n}")).collect();
    assert_eq!(pages(&mut shelf, Sort::Newest, 7, |_, _| {}), expected);
    assert_eq!(pages(&mut shelf, Sort::Relevance, 7, |_, _| {}), expected);
}

#[test]
fn a_cursor_belongs_to_its_question_and_its_tenant() {
    let records = (0..30).map(|n| note(&format!("n{n}"), 1, n));
    let shelf = Shelf::new(records.collect());
    let first = page(&shelf, Sort::Relevance, 5, "").unwrap();
    let cursor = first.next_cursor.unwrap();
    assert_eq!(
        page(&shelf, Sort::Relevance, 7, &cursor)
            .unwrap()
            .hits
            .len(),
        7
    );
    assert!(matches!(
        page(&shelf, Sort::Newest, 5, &cursor),
        Err(Error::Cursor)
    ));
    for wrong in [
        "x",
        "0",
        &cursor[1..],
        &cursor.to_uppercase(),
        &"0".repeat(72),
    ] {
        assert!(
            matches!(page(&shelf, Sort::Relevance, 5, wrong), Err(Error::Cursor)),
            "{wrong}"
        );
    }
    let mut query = Query::new(TenantId::trusted("other"), "harbour ");
    query.cursor = Some(cursor.clone());
    assert!(matches!(shelf.index.search(&query), Err(Error::Cursor)));
    query = Query::new(tenant(), "harbour ");
    (query.cursor, query.offset) = (Some(cursor), 1);
    assert!(matches!(
        shelf.index.search(&query),
        Err(Error::CursorAndOffset)
    ));
}

#[test]
fn the_last_page_has_no_cursor_and_without_asking_there_is_none() {
    let shelf = Shelf::new((0..10).map(|n| note(&format!("n{n}"), 1, n)).collect());
    let first = page(&shelf, Sort::Newest, 5, "").unwrap();
    let last = page(
        &shelf,
        Sort::Newest,
        5,
        first.next_cursor.as_deref().unwrap(),
    )
    .unwrap();
    assert_eq!((last.hits.len(), last.next_cursor), (5, None));
    assert_eq!(last.total, 10);
    let mut query = Query::new(tenant(), "harbour ");
    query.limit = 5;
    assert_eq!(shelf.index.search(&query).unwrap().next_cursor, None);
}

#[test]
fn a_cursor_by_relevance_expires_when_too_much_happened_and_one_by_date_never() {
    let mut shelf = Shelf::new((0..30).map(|n| note(&format!("n{n}"), 1, n)).collect());
    let ranked = page(&shelf, Sort::Relevance, 5, "")
        .unwrap()
        .next_cursor
        .unwrap();
    let dated = page(&shelf, Sort::Newest, 5, "")
        .unwrap()
        .next_cursor
        .unwrap();
    for round in 0..20 {
        shelf.put(vec![note(&format!("later{round}"), 1, 100 + round)]);
        // Others page too.
        page(&shelf, Sort::Relevance, 5, "").unwrap();
    }
    let refused = page(&shelf, Sort::Relevance, 5, &ranked).unwrap_err();
    assert!(matches!(refused, Error::CursorExpired), "{refused}");
    let next = page(&shelf, Sort::Newest, 5, &dated).unwrap();
    assert_eq!(ids(&next), ["n24", "n23", "n22", "n21", "n20"]);
}

#[test]
fn a_cursor_survives_a_restart_while_nothing_changes() {
    let dir = tempfile::TempDir::new().unwrap();
    let open =
        || civitas_search::Index::open(dir.path(), civitas_search::Options::default()).unwrap();
    let mut query = Query::new(tenant(), "harbour ");
    (query.limit, query.cursor) = (5, Some(String::new()));
    let index = open();
    let notes = (0..30).map(|n| Change::Put(note(&format!("n{n}"), 1, n)));
    index.apply(&notes.collect::<Vec<_>>()).unwrap();
    index.commit(1).unwrap();
    let first = index.search(&query).unwrap();
    drop(index);
    query.cursor = first.next_cursor;
    let second = open().search(&query).unwrap();
    assert_eq!(second.hits.len(), 5);
    assert!(
        ids(&second)
            .iter()
            .all(|id| !ids_of(&first.hits).contains(id))
    );
}

fn ids_of(hits: &[civitas_search::Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.record_id.as_str()).collect()
}
