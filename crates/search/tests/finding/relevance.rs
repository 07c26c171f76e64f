//! Relevance, measured: questions people ask of the documents in this repository, with the hit they expect first.
//!
//! The documents are the demonstration's and what the parsers' corpus reads as (its golden outputs), cut at their headings.
//! A change of ranking that makes the scores below fall is seen here; one that makes them rise should raise the bars.

use std::fmt::Write;
use std::path::Path;

use civitas_model::Record;

use crate::{Shelf, record};

/// The reciprocal rank of the expected hit, over all questions.
const RECIPROCAL_RANK_MIN: f64 = 0.95;
/// The discounted gain of the first ten hits, as a part of the best possible, over all questions.
const GAIN_MIN: f64 = 0.95;
/// The part of the questions whose first hit is the expected one.
const FIRST_MIN: f64 = 0.9;

/// What is asked; the file and the heading (or a part of it) that should come first; others that are good as well.
type Question = (
    &'static str,
    (&'static str, &'static str),
    &'static [(&'static str, &'static str)],
);

const QUESTIONS: &[Question] = &[
    (
        "late delivery penalty",
        ("meeting-notes.txt", "1. Suppliers"),
        &[("incident-post-mortem.md", "What we change")],
    ),
    (
        "refunds paid twice",
        ("incident-post-mortem.md", "refunds paid twice"),
        &[("incident-post-mortem.md", "What happened")],
    ),
    (
        "post-mortem timeline",
        ("incident-post-mortem.md", "Timeline"),
        &[],
    ),
    (
        "what happened",
        ("incident-post-mortem.md", "What happened"),
        &[],
    ),
    (
        "idempotency key",
        ("incident-post-mortem.md", "What happened"),
        &[],
    ),
    ("meeting decisions", ("meeting-notes.txt", "Decisions"), &[]),
    (
        "motor temperatures",
        ("meeting-notes.txt", "3. Telemetry"),
        &[("meeting-notes.txt", "Decisions")],
    ),
    ("telemetry", ("meeting-notes.txt", "3. Telemetry"), &[]),
    (
        "\"second source\"",
        ("meeting-notes.txt", "1. Suppliers"),
        &[],
    ),
    ("gebrochene gehause", ("reply.eml", "Zweite Lieferung"), &[]),
    ("GEHÄUSE GROSS", ("invoice.pdf", ""), &[]),
    ("rechnung 2026-117", ("invoice.pdf", ""), &[]),
    ("strasse", ("invoice.pdf", ""), &[]),
    ("swietojanska", ("invoice.pdf", ""), &[]),
    ("zolta lodz", ("invoice.pdf", ""), &[]),
    (
        "groesse der kartons",
        ("box.mbox", "Größe der Kartons"),
        &[],
    ),
    ("grosse der kartons", ("box.mbox", "Größe der Kartons"), &[]),
    (
        "wet boxes",
        ("box.mbox", "Delivery two"),
        &[("box.mbox", "wet.csv")],
    ),
    ("first pallet missing", ("box.mbox", "Delivery one"), &[]),
    ("order 2026-117", ("order-html.eml", "Order 2026-117"), &[]),
    ("cassette 11-50", ("order-html.eml", "Order 2026-117"), &[]),
    (
        "supplier audit",
        ("planning.ics", "Supplier audit"),
        &[("planning.ics", "")],
    ),
    ("Отгрузка", ("windows-1251.eml", "Задержка"), &[]),
    ("задержка", ("windows-1251.eml", "Задержка"), &[]),
    ("軸受", ("cjk.pdf", ""), &[]),
    ("A-033", ("ruled.pdf", ""), &[("aligned.pdf", "")]),
    ("hub maintenance", ("columns.pdf", ""), &[]),
    (
        "temperture warning",
        ("meeting-notes.txt", "Decisions"),
        &[],
    ),
    (
        "reccuring refnds provider",
        ("incident-post-mortem.md", ""),
        &[],
    ),
    ("delivery type:mbox", ("box.mbox", "Delivery"), &[]),
    ("title:reply housings", ("outlook-reply.eml", ""), &[]),
    (
        "idempot*",
        ("incident-post-mortem.md", "What happened"),
        &[],
    ),
    ("meeting-notes.txt", ("meeting-notes.txt", ""), &[]),
    (
        "who approves refunds above 500 euros",
        ("meeting-notes.txt", "2. Orders and refunds"),
        &[("meeting-notes.txt", "Decisions")],
    ),
    (
        "cracked housings",
        ("attachments.eml", "Cracked housings"),
        &[],
    ),
    ("轴承", ("cjk.pdf", ""), &[]),
    (
        "refund -timeline",
        ("meeting-notes.txt", "2. Orders and refunds"),
        &[("incident-post-mortem.md", "refunds paid twice")],
    ),
    (
        "paid twi",
        ("incident-post-mortem.md", "refunds paid twice"),
        &[],
    ),
];

/// A text cut where `heading` says that a line is one.
fn cut(
    name: &str,
    text: &str,
    heading: impl Fn(&str, Option<&str>) -> Option<String>,
) -> Vec<Record> {
    let mut pieces: Vec<(String, String)> = vec![(String::new(), String::new())];
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        match heading(line, lines.get(at + 1).copied()) {
            Some(next) if pieces.last().is_some_and(|(last, _)| *last != next) => {
                pieces.push((next, String::new()));
            }
            Some(_) => {}
            None => {
                let (_, body) = pieces.last_mut().unwrap();
                writeln!(body, "{line}").unwrap();
            }
        }
    }
    pieces.retain(|(heading, body)| !(heading.is_empty() && body.trim().is_empty()));
    let pieces = pieces.into_iter().enumerate();
    pieces
        .map(|(at, (heading, body))| Record {
            heading,
            kind: name.rsplit('.').next().unwrap_or_default().into(),
            ..record(&format!("{name}:{at}"), name, &body)
        })
        .collect()
}

fn markdown(line: &str, _: Option<&str>) -> Option<String> {
    line.starts_with('#')
        .then(|| line.trim_start_matches(['#', ' ']).to_owned())
}

fn underlined(line: &str, next: Option<&str>) -> Option<String> {
    let next = next.unwrap_or_default();
    let is_heading = !line.is_empty() && (next.starts_with("---") || next.starts_with("==="));
    is_heading.then(|| line.to_owned())
}

/// `[Paragraph page 1 in 1. Before the ride]`.
fn block(line: &str, _: Option<&str>) -> Option<String> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    let heading = inner.split_once(" in ").map_or("", |(_, heading)| heading);
    Some(heading.to_owned())
}

fn documents() -> Vec<Record> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |path: &str| std::fs::read_to_string(crates.join(path)).unwrap();
    let demo = |name: &str| read(&format!("civitas/demo/{name}"));
    let mut records = cut(
        "incident-post-mortem.md",
        &demo("incident-post-mortem.md"),
        markdown,
    );
    records.extend(cut(
        "meeting-notes.txt",
        &demo("meeting-notes.txt"),
        underlined,
    ));
    for folder in ["mail", "pdf", "archives"] {
        let folder = crates.join("documents/corpus").join(folder);
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if let Some(name) = name.strip_suffix(".golden") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split_once("\n\n").map_or("", |(_, text)| text);
                records.extend(cut(name, text, block));
            }
        }
    }
    records
}

fn gain(found: &[f64]) -> f64 {
    let places = (2_u32..).map(|place| f64::from(place).log2());
    found
        .iter()
        .zip(places)
        .map(|(gain, place)| gain / place)
        .sum()
}

#[test]
fn people_find_first_what_they_look_for() {
    let records = documents();
    assert!(records.len() > 60, "{}", records.len());
    let shelf = Shelf::new(records);
    let (mut ranks, mut gains, mut firsts) = (0.0, 0.0, 0.0);
    let mut report = String::new();
    for (text, expected, others) in QUESTIONS {
        let hits = shelf.ask(text).hits;
        let is = |at: usize, (file, heading): &(&str, &str)| {
            let hit = &hits[at];
            hit.title == *file && hit.heading.contains(heading)
        };
        let first = (0..hits.len()).find(|at| is(*at, expected));
        ranks += first.map_or(0.0, |at| 1.0 / (at as f64 + 1.0));
        firsts += f64::from(u8::from(first == Some(0)));
        // A hit that is expected or good counts once, for the first piece that is it.
        let mut left: Vec<(&(&str, &str), f64)> = others.iter().map(|other| (other, 1.0)).collect();
        left.insert(0, (expected, 3.0));
        let best: Vec<f64> = left.iter().map(|(_, gain)| *gain).collect();
        let found: Vec<f64> = (0..hits.len().min(10))
            .map(|at| {
                let known = left.iter().position(|(wanted, _)| is(at, wanted));
                known.map_or(0.0, |known| left.remove(known).1)
            })
            .collect();
        gains += gain(&found) / gain(&best);
        if first != Some(0) {
            let seen: Vec<String> = hits
                .iter()
                .take(3)
                .map(|hit| format!("{} › {}", hit.title, hit.heading))
                .collect();
            writeln!(
                report,
                "{text}: place {first:?} of {}, before it {seen:?}",
                hits.len()
            )
            .unwrap();
        }
    }
    let count = QUESTIONS.len() as f64;
    let (rank, gain, first) = (ranks / count, gains / count, firsts / count);
    println!("reciprocal rank {rank:.3}, gain {gain:.3}, first {first:.3}\n{report}");
    assert!(
        rank >= RECIPROCAL_RANK_MIN,
        "reciprocal rank {rank:.3}\n{report}"
    );
    assert!(gain >= GAIN_MIN, "gain {gain:.3}\n{report}");
    assert!(first >= FIRST_MIN, "first {first:.3}\n{report}");
}
