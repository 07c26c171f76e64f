//! What was done to a log is found, and said where.

use std::sync::OnceLock;

use civitas_model::{Id, SystemEntropy, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::entry::{Actor, NewEntry};
use crate::note::SigningKey;

const START: i64 = 1_700_000_000_000_000;
const SIZE: u64 = 10_000;

struct Still(i64);

impl civitas_model::Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0)
    }
}

fn tenant() -> TenantId {
    Id::trusted("t")
}

fn key() -> SigningKey {
    SigningKey::from_secret(&[3; 32])
}

fn new_entry(seq: u64) -> NewEntry {
    let actor = Actor::new("agent", format!("agent-{}", seq % 7));
    let clock = Still(START);
    NewEntry::new(&clock, &SystemEntropy, &tenant(), actor, "agent", "tool")
        .on("file", format!("f{seq}"))
        .of_tool_use(format!("u{}", seq / 2))
        .with_body(&json!({ "command": format!("ls {seq}") }), &SystemEntropy)
}

/// The log that goes on after `log` with `new`.
fn append(log: &mut Vec<Stored>, new: &NewEntry) {
    let previous = log.last().map_or(Hash::NONE, |last| last.hash);
    let seq = log.len() as u64 + 1;
    let time = Timestamp::from_micros(START + i64::try_from(seq).unwrap());
    let entry = new.at(seq, time, previous);
    let hash = entry.hash();
    log.push(Stored {
        entry,
        hash,
        body: new.body.clone(),
    });
}

fn log(size: u64) -> Vec<Stored> {
    let mut log = Vec::new();
    (1..=size).for_each(|seq| append(&mut log, &new_entry(seq)));
    log
}

fn signed(log: &[Stored], size: u64) -> String {
    let size_there = usize::try_from(size).unwrap();
    let leaves: Vec<Hash> = log[..size_there].iter().map(|stored| stored.hash).collect();
    Checkpoint {
        origin: log_origin("here", &tenant()),
        size,
        root: crate::merkle::root_of(&leaves),
    }
    .sign(&key())
}

/// A log of 10,000 entries with checkpoints of 4,000, 8,000 and all.
fn whole() -> &'static (Vec<Stored>, Vec<String>) {
    static WHOLE: OnceLock<(Vec<Stored>, Vec<String>)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let log = log(SIZE);
        let notes = [4_000, 8_000, SIZE].map(|size| signed(&log, size));
        (log, notes.into())
    })
}

fn check(log: &[Stored], notes: &[String]) -> Report {
    verify(&tenant(), log, notes, "here", &key().public())
}

/// Makes every hash and link from the entry at `from` on again, as someone would who has the database but not the key.
fn chain_again(log: &mut [Stored], from: usize) {
    for index in from..log.len() {
        let previous = index
            .checked_sub(1)
            .map_or(Hash::NONE, |before| log[before].hash);
        log[index].entry.previous = previous;
        log[index].entry.seq = index as u64 + 1;
        log[index].hash = log[index].entry.hash();
    }
}

#[test]
fn a_log_of_ten_thousand_entries_is_sound() {
    let (log, notes) = whole();
    let report = check(log, notes);
    assert_eq!(report.findings, []);
    assert_eq!((report.entries, report.signed), (SIZE, SIZE));
    assert_eq!((report.bodies, report.checkpoints), (SIZE, 3));
}

#[test]
fn entry_10_002_still_verifies() {
    let (log, notes) = whole();
    let mut log = log.clone();
    append(&mut log, &new_entry(10_001));
    append(&mut log, &new_entry(10_002));
    let report = check(&log, notes);
    assert!(report.is_sound());
    assert_eq!((report.entries, report.signed), (10_002, SIZE));
    let mut later = notes.clone();
    later.push(signed(&log, 10_002));
    assert_eq!(check(&log, &later).signed, 10_002);
}

#[test]
fn a_changed_entry_is_named() {
    let (log, notes) = whole();
    let mut log = log.clone();
    log[4_999].entry.outcome = "allow".into();
    let report = check(&log, notes);
    assert_eq!(report.findings, [Finding::Changed { seq: 5_000 }]);
    assert_eq!(report.signed, 4_000);
}

#[test]
fn a_changed_entry_with_its_hash_made_again_breaks_the_chain() {
    let (log, notes) = whole();
    let mut log = log.clone();
    log[4_999].entry.outcome = "allow".into();
    log[4_999].hash = log[4_999].entry.hash();
    let report = check(&log, notes);
    assert_eq!(report.findings, [Finding::Unchained { seq: 5_001 }]);
}

#[test]
fn deleted_entries_are_named() {
    let (log, notes) = whole();
    let mut log = log.clone();
    log.drain(4_999..5_002);
    let expected = Finding::Missing {
        first: 5_000,
        last: 5_002,
    };
    assert_eq!(check(&log, notes).findings, [expected]);
}

#[test]
fn swapped_entries_are_named() {
    let (log, notes) = whole();
    let mut lines = log.clone();
    lines.swap(10, 11);
    let expected = [
        Finding::Missing {
            first: 11,
            last: 11,
        },
        Finding::Misplaced {
            seq: 11,
            expected: 13,
        },
    ];
    assert_eq!(check(&lines, notes).findings, expected);
    // The same, with the numbers exchanged as well.
    let mut rows = log.clone();
    rows.swap(10, 11);
    (rows[10].entry.seq, rows[11].entry.seq) = (11, 12);
    let report = check(&rows, notes);
    assert!(report.findings.contains(&Finding::Changed { seq: 11 }));
    assert!(report.findings.contains(&Finding::Changed { seq: 12 }));
}

#[test]
fn a_log_that_was_cut_off_is_found_by_its_checkpoint() {
    let (log, notes) = whole();
    let report = check(&log[..9_000], notes);
    let expected = Finding::Truncated {
        last: 9_000,
        signed: SIZE,
    };
    assert_eq!(report.findings, [expected]);
    // Without a checkpoint nobody can tell.
    assert!(check(&log[..9_000], &notes[..2]).is_sound());
    assert!(!check(&[], notes).is_sound());
}

#[test]
fn a_log_that_was_chained_again_is_found_by_its_checkpoint() {
    let (log, notes) = whole();
    let mut deleted = log.clone();
    deleted.remove(4_999);
    chain_again(&mut deleted, 4_999);
    append(&mut deleted, &new_entry(SIZE));
    assert!(check(&deleted, &notes[..1]).is_sound());
    let expected = Finding::Rewritten {
        after: 4_000,
        signed: 8_000,
    };
    assert_eq!(check(&deleted, notes).findings, [expected]);
    // From the first entry on.
    let mut changed = log.clone();
    changed[0].entry.actor.id = "someone else".into();
    chain_again(&mut changed, 0);
    let report = check(&changed, notes);
    let expected = Finding::Rewritten {
        after: 0,
        signed: 4_000,
    };
    assert_eq!(report.findings, [expected]);
}

#[test]
fn checkpoints_of_other_keys_logs_and_histories_are_refused() {
    let (log, notes) = whole();
    let other = SigningKey::from_secret(&[9; 32]).public();
    let report = verify(&tenant(), log, notes, "here", &other);
    assert_eq!((report.findings.len(), report.checkpoints), (3, 0));
    let report = verify(&tenant(), log, notes, "elsewhere", &key().public());
    assert_eq!(report.findings.len(), 3);
    let mut changed = log.clone();
    changed[0].entry.outcome = "refused".into();
    chain_again(&mut changed, 0);
    let both = [notes[0].clone(), signed(&changed, 4_000)];
    let report = check(log, &both);
    assert!(report.findings.contains(&Finding::Forked { signed: 4_000 }));
    let report = check(log, &["nonsense".to_owned()]);
    assert!(matches!(
        report.findings[..],
        [Finding::BadCheckpoint { number: 1, .. }]
    ));
}

#[test]
fn bodies_may_go_when_an_entry_says_so() {
    let (log, notes) = whole();
    let mut log = log.clone();
    let drop = |log: &mut Vec<Stored>, numbers: std::ops::RangeInclusive<usize>| {
        for number in numbers {
            log[number - 1].body = None;
        }
    };
    drop(&mut log, 1..=100);
    drop(&mut log, 200..=202);
    let report = check(&log, notes);
    let unexplained = |first, last| Finding::BodiesMissing { first, last };
    assert_eq!(
        report.findings,
        [unexplained(1, 100), unexplained(200, 202)]
    );
    let say = |action: &str, entries: &str| NewEntry {
        category: SELF_CATEGORY.into(),
        action: action.into(),
        body: None,
        ..new_entry(1).on(ENTRIES, entries)
    };
    append(&mut log, &say(DROP_BODIES, "1-100"));
    append(&mut log, &say(ERASE_BODIES, "200,202"));
    let report = check(&log, notes);
    assert_eq!(report.findings, [unexplained(201, 201)]);
    assert_eq!(report.bodies_dropped, 102);
    append(&mut log, &say(ERASE_BODIES, "201"));
    assert!(check(&log, notes).is_sound());
}

#[test]
fn a_changed_body_is_named() {
    let (log, notes) = whole();
    let mut changed = log.clone();
    changed[6].body.as_mut().unwrap().text.push(' ');
    let expected = [Finding::BodyChanged { seq: 7 }];
    assert_eq!(check(&changed, notes).findings, expected);
    let mut salted = log.clone();
    salted[6].body.as_mut().unwrap().salt[3] ^= 1;
    assert_eq!(check(&salted, notes).findings, expected);
}

#[test]
fn findings_are_counted_beyond_those_listed() {
    let (log, notes) = whole();
    let mut log = log.clone();
    for stored in &mut log {
        stored.hash = Hash::NONE;
    }
    let report = check(&log, notes);
    assert_eq!(report.findings.len(), FINDINGS_MAX);
    assert_eq!(report.findings_total, SIZE);
}

#[test]
fn an_empty_log_is_sound() {
    assert!(check(&[], &[]).is_sound());
}

/// Flips a bit of a text and keeps it a text.
fn flip(text: &mut String, at: prop::sample::Index) {
    let mut characters: Vec<char> = text.chars().collect();
    match characters.len() {
        0 => characters.push('x'),
        length => {
            let place = at.index(length);
            let changed = characters[place] as u32 ^ 1;
            characters[place] = char::from_u32(changed).unwrap_or('?');
        }
    }
    *text = characters.into_iter().collect();
}

/// Changes one thing about an entry as it is kept.
fn mutate(stored: &mut Stored, what: usize, at: prop::sample::Index) {
    let entry = &mut stored.entry;
    let flip_hash = |hash: &mut Hash| hash.0[at.index(32)] ^= 1 << at.index(8);
    match what {
        0 => flip(&mut entry.entry_id, at),
        1 => flip(&mut entry.actor.id, at),
        2 => flip(&mut entry.actor.kind, at),
        3 => flip(&mut entry.category, at),
        4 => flip(&mut entry.action, at),
        5 => flip(&mut entry.outcome, at),
        6 => flip(entry.tool_use_id.get_or_insert_default(), at),
        7 => flip(&mut entry.subject.as_mut().unwrap().id, at),
        8 => entry.subject = None,
        9 => entry.time = Timestamp::from_micros(entry.time.as_micros() ^ 1),
        10 => flip_hash(entry.body_hash.as_mut().unwrap()),
        11 => flip_hash(&mut entry.previous),
        12 => flip_hash(&mut stored.hash),
        13 => entry.seq += 1 + at.index(5) as u64,
        14 => entry.tenant_id = Id::trusted("u"),
        15 => entry.actor.role = Some("admin".into()),
        16 => flip(&mut stored.body.as_mut().unwrap().text, at),
        _ => entry.body_hash = None,
    }
}

proptest! {
    #[test]
    fn any_single_change_is_found(
        size in 1_u64..20, place in any::<prop::sample::Index>(), what in 0_usize..18, at in any::<prop::sample::Index>()
    ) {
        let mut log = log(size);
        let notes = [signed(&log, size)];
        prop_assert!(check(&log, &notes).is_sound());
        mutate(&mut log[place.index(usize::try_from(size).unwrap())], what, at);
        prop_assert!(!check(&log, &notes).is_sound(), "change {what} was not found");
    }

    #[test]
    fn any_entry_that_is_taken_out_swapped_or_repeated_is_found(
        size in 2_u64..12, place in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), again in any::<bool>()
    ) {
        let log = log(size);
        let notes = [signed(&log, size)];
        let (place, to) = (place.index(log.len()), to.index(log.len()));
        let mut shorter = log.clone();
        shorter.remove(place);
        let mut longer = log.clone();
        longer.insert(to, log[place].clone());
        let mut swapped = log.clone();
        swapped.swap(place, (place + 1) % log.len());
        for mut changed in [shorter, longer, swapped] {
            if again {
                chain_again(&mut changed, 0);
            }
            prop_assert!(!check(&changed, &notes).is_sound() || changed[..log.len()] == log[..]);
        }
    }
}
