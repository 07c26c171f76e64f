//! One pass over what matches: how many, the best of them, and what they are like.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{ColumnValues, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use crate::date::day_of;
use crate::document::{DATE, KIND, ORDER, ORIGIN, TAG};
use crate::facets::{Counts, Named};

/// Where a hit stands in the order of an answer: the greater comes first. No two records of an index share a rank but by
/// a chance of about 1 in 2⁶⁴.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// The bits of the score, which order like the score because it is never negative; 0 when sorted by date.
    pub score: u32,
    /// The date in microseconds.
    pub date: i64,
    /// The complement of the order column.
    pub order: u64,
}

impl Rank {
    /// Just before it.
    #[must_use]
    pub const fn above(self) -> Self {
        match self.order.checked_add(1) {
            Some(order) => Self { order, ..self },
            None => Self {
                date: self.date.saturating_add(1),
                order: 0,
                ..self
            },
        }
    }

    /// The score.
    pub const fn score(self) -> f32 {
        f32::from_bits(self.score)
    }
}

/// What is wanted of one pass.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// How many of the best are kept.
    pub keep: usize,
    /// Only what comes after this one is kept; all are counted.
    pub after: Option<Rank>,
    /// Whether the score counts, or the date alone.
    pub scored: bool,
    /// Whether types, tags, sources and dates are counted.
    pub facets: bool,
}

/// What one pass saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// How many records match.
    pub total: u64,
    /// The best, in order.
    pub best: Vec<(Rank, DocAddress)>,
    /// What the matching records are like, when that was asked for.
    pub counts: Counts,
}

/// One segment's share of a pass.
pub struct SegmentPass {
    pass: Pass,
    segment: SegmentOrdinal,
    dates: Arc<dyn ColumnValues<i64>>,
    orders: Arc<dyn ColumnValues<u64>>,
    total: u64,
    heap: BinaryHeap<Reverse<(Rank, Reverse<DocId>)>>,
    named: Option<Columns>,
}

/// The columns that are counted, with their counts by ordinal.
struct Columns {
    text: Vec<(Named, StrColumn, HashMap<u64, u64>)>,
    days: HashMap<i64, u64>,
}

impl Collector for Pass {
    type Fruit = Seen;
    type Child = SegmentPass;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<SegmentPass> {
        let columns = reader.fast_fields();
        let mut named = None;
        if self.facets {
            let mut text = Vec::new();
            for (name, field) in [
                (Named::Kind, KIND),
                (Named::Tag, TAG),
                (Named::Source, ORIGIN),
            ] {
                if let Some(column) = columns.str(field)? {
                    text.push((name, column, HashMap::new()));
                }
            }
            named = Some(Columns {
                text,
                days: HashMap::new(),
            });
        }
        Ok(SegmentPass {
            pass: *self,
            segment,
            dates: columns.column_first_or_default(DATE)?,
            orders: columns.column_first_or_default(ORDER)?,
            total: 0,
            heap: BinaryHeap::with_capacity(self.keep + 1),
            named,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.scored
    }

    fn merge_fruits(&self, fruits: Vec<tantivy::Result<Seen>>) -> tantivy::Result<Seen> {
        let mut merged = Seen::default();
        for fruit in fruits {
            let fruit = fruit?;
            merged.total += fruit.total;
            merged.best.extend(fruit.best);
            merged.counts.add(fruit.counts);
        }
        merged
            .best
            .sort_unstable_by_key(|(rank, address)| (Reverse(*rank), *address));
        merged.best.truncate(self.keep);
        Ok(merged)
    }
}

impl SegmentCollector for SegmentPass {
    type Fruit = tantivy::Result<Seen>;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.total += 1;
        if let Some(columns) = &mut self.named {
            columns.count(doc, self.dates.get_val(doc));
        }
        // Scores are sums of what is never negative; `max` also takes the sign off a zero.
        let score = if self.pass.scored {
            score.max(0.0).to_bits()
        } else {
            0
        };
        let worst = self.heap.peek().map(|Reverse((worst, _))| *worst);
        let worst = worst.filter(|_| self.heap.len() >= self.pass.keep);
        // Most records go here: their date is not even looked at.
        if worst.is_some_and(|worst| score < worst.score) {
            return;
        }
        let rank = Rank {
            score,
            date: self.dates.get_val(doc),
            order: !self.orders.get_val(doc),
        };
        if self.pass.after.is_some_and(|after| rank >= after)
            || worst.is_some_and(|worst| rank <= worst)
        {
            return;
        }
        self.heap.push(Reverse((rank, Reverse(doc))));
        if self.heap.len() > self.pass.keep {
            self.heap.pop();
        }
    }

    fn harvest(self) -> tantivy::Result<Seen> {
        let segment = self.segment;
        let best = self.heap.into_iter();
        let best = best.map(|Reverse((rank, Reverse(doc)))| (rank, DocAddress::new(segment, doc)));
        Ok(Seen {
            total: self.total,
            best: best.collect(),
            counts: self.named.map_or(Ok(Counts::default()), Columns::harvest)?,
        })
    }
}

impl Columns {
    fn count(&mut self, doc: DocId, date: i64) {
        for (_, column, counts) in &mut self.text {
            for ordinal in column.term_ords(doc) {
                *counts.entry(ordinal).or_default() += 1;
            }
        }
        *self.days.entry(day_of(date)).or_default() += 1;
    }

    fn harvest(self) -> tantivy::Result<Counts> {
        let mut counts = Counts::default();
        for (name, column, ordinals) in self.text {
            for (ordinal, count) in ordinals {
                let mut value = String::new();
                if column.ord_to_str(ordinal, &mut value)? {
                    counts.count(name, value, count);
                }
            }
        }
        for (day, count) in self.days {
            counts.count_day(day, count);
        }
        Ok(counts)
    }
}
