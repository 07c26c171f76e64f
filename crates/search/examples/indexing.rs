//! Measures indexing and searching: `cargo run --release -p civitas-search --example indexing [records]`.
//!
//! The records come from a seeded generator with a Zipf-like vocabulary, so that two runs index the same text. Goals
//! on two cores, for the default 340,000 records: 20,000 records/s, and a 95th percentile below 20 ms.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use civitas_model::{Record, RecordId, TenantId, Timestamp};
use civitas_search::{Change, Error, Index, Options, Query, Sort};
use serde_json::json;

const VOCABULARY: u64 = 60_000;
const BATCH: u64 = 1000;
const COMMIT_EVERY: u64 = 50_000;
const SEARCHES: usize = 2000;

/// A small generator (xorshift64*), so that the text is the same everywhere.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }

    /// A rank below `VOCABULARY`, rank r about as likely as 1/(r+1).
    fn rank(&mut self) -> u64 {
        let bits = 64 - VOCABULARY.leading_zeros();
        let top = self.below(u64::from(bits));
        let rank = (1_u64 << top) - 1 + self.below(1 << top);
        rank.min(VOCABULARY - 1)
    }

    fn text(&mut self, words: u64) -> String {
        let words: Vec<String> = (0..words).map(|_| word(self.rank())).collect();
        words.join(" ")
    }
}

/// The word of a rank, made of syllables: pronounceable, distinct, longer when rarer.
fn word(rank: u64) -> String {
    const SYLLABLES: [&str; 32] = [
        "ta", "re", "mi", "so", "lu", "ken", "dor", "pas", "vi", "nel", "gra", "tor", "be", "lin",
        "su", "fa", "mor", "ti", "cal", "pe", "ran", "do", "ver", "hi", "jo", "wen", "ga", "nu",
        "ster", "po", "la", "men",
    ];
    let mut rest = rank + 32;
    let mut word = String::new();
    while rest > 0 {
        word.push_str(
            usize::try_from(rest % 32)
                .ok()
                .and_then(|at| SYLLABLES.get(at))
                .unwrap_or(&""),
        );
        rest /= 32;
    }
    word
}

fn record(generator: &mut Generator, number: u64, tenant_id: &TenantId) -> Record {
    let title_words = 2 + generator.below(4);
    let body_words = 20 + generator.below(81);
    let body = generator.text(body_words);
    Record {
        record_id: RecordId::trusted(format!("record-{number}")),
        tenant_id: tenant_id.clone(),
        source: "file".into(),
        parent_id: format!("file-{}", number / 10),
        title: format!("{}.pdf", generator.text(title_words)),
        heading: generator.text(3),
        body: format!("{body} INV-{number}"),
        kind: if number.is_multiple_of(4) {
            "eml"
        } else {
            "pdf"
        }
        .into(),
        date: Timestamp::from_micros(i64::try_from(number).unwrap_or_default() * 60_000_000),
        metadata: json!({ "page": number % 10 }),
    }
}

/// One query of each sort, with words that the generator chose.
fn query(
    generator: &mut Generator,
    tenant_id: &TenantId,
    at: usize,
    records: u64,
) -> (&'static str, Query) {
    let mut common = || word(generator.rank() % 2000);
    let (a, b, c) = (common(), common(), common());
    let rare = word(30_000 + generator.below(20_000));
    let (name, text) = match at % 10 {
        0 => ("single word", format!("{a} ")),
        1 => ("two words", format!("{a} {b} ")),
        2 => ("rare word", rare),
        3 => ("phrase", format!("\"{a} {b}\"")),
        4 => ("prefix", format!("{}*", a.get(..3).unwrap_or(&a))),
        5 => ("unfinished", format!("{a} {}", b.get(..3).unwrap_or(&b))),
        6 => ("filter, newest", format!("{a} type:eml")),
        7 => (
            "typo",
            format!(
                "{}q{}",
                rare.get(..4).unwrap_or(&rare),
                rare.get(4..).unwrap_or("")
            ),
        ),
        8 => ("code", format!("INV-{}", generator.below(records))),
        _ => ("three, one excluded", format!("{a} {b} {c} -{rare} ")),
    };
    let mut query = Query::new(tenant_id.clone(), text);
    if name == "filter, newest" {
        query.sort = Sort::Newest;
        query.date_from = Some(Timestamp::from_micros(1_000_000_000_000));
    }
    (name, query)
}

fn size(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, Duration::as_secs_f64) * 1000.0
}

fn feed(index: &Index, records: u64, tenant_id: &TenantId) -> Result<Duration, Error> {
    let mut generator = Generator(42);
    let mut spent = Duration::ZERO;
    for start in (0..records).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let end = (start + BATCH).min(records);
        let changes: Vec<Change> = (start..end)
            .map(|number| Change::Put(record(&mut generator, number, tenant_id)))
            .collect();
        let started = Instant::now();
        index.apply(&changes)?;
        if end.is_multiple_of(COMMIT_EVERY) || end == records {
            index.commit(end)?;
        }
        spent += started.elapsed();
    }
    Ok(spent)
}

fn main() -> Result<(), Error> {
    let records = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(340_000);
    let dir = tempfile::tempdir()?;
    let mut out = std::io::stdout().lock();
    let tenant_id = TenantId::trusted("measured");
    let index = Index::open(dir.path(), Options::default())?;
    let spent = feed(&index, records, &tenant_id)?;
    writeln!(
        out,
        "{:<22}{:>12.0} records/s in {spent:.1?}",
        "indexing",
        f64::from(u32::try_from(records).unwrap_or(u32::MAX)) / spent.as_secs_f64()
    )?;
    let started = Instant::now();
    index.release_writer()?;
    writeln!(out, "{:<22}{:>12.1?}", "last merges", started.elapsed())?;
    writeln!(
        out,
        "{:<22}{:>12} MB",
        "size",
        size(dir.path())? / 1_000_000
    )?;
    let mut generator = Generator(7);
    let mut times: Vec<(&str, Duration, u64)> = Vec::new();
    for at in 0..SEARCHES + 200 {
        let (name, query) = query(&mut generator, &tenant_id, at, records);
        let started = Instant::now();
        let answer = index.search(&query)?;
        if at >= 200 {
            times.push((name, started.elapsed(), answer.total));
        }
    }
    let mut names: Vec<&str> = times.iter().map(|(name, ..)| *name).collect();
    names.sort_unstable();
    names.dedup();
    writeln!(
        out,
        "{:<22}{:>8} {:>8} {:>8} {:>10}",
        "milliseconds", "p50", "p95", "p99", "mean hits"
    )?;
    for name in names.into_iter().chain(["all"]) {
        let chosen: Vec<_> = times
            .iter()
            .filter(|(other, ..)| name == "all" || *other == name)
            .collect();
        let mut sorted: Vec<Duration> = chosen.iter().map(|(_, time, _)| *time).collect();
        sorted.sort_unstable();
        let hits = chosen.iter().map(|(.., total)| total).sum::<u64>() / chosen.len().max(1) as u64;
        writeln!(
            out,
            "{name:<22}{:>8.2} {:>8.2} {:>8.2} {hits:>10}",
            percentile(&sorted, 50),
            percentile(&sorted, 95),
            percentile(&sorted, 99)
        )?;
    }
    Ok(())
}
