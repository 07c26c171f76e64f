//! What the hits of a search are like: how many are of each type, tag, source, year and month.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::date::month_of;

/// The most values of one facet.
pub const FACET_VALUES_MAX: usize = 20;

/// One value of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FacetValue {
    /// The value, as a filter takes it.
    pub value: String,
    /// How many of the records that match have it.
    pub count: u64,
}

/// What all records that match are like, counted over the whole result, not over its first page. Each list holds at most
/// [`FACET_VALUES_MAX`] values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Facets {
    /// By type, the most frequent first.
    #[serde(rename = "type")]
    pub kind: Vec<FacetValue>,
    /// By tag, in lower case, the most frequent first.
    pub tag: Vec<FacetValue>,
    /// By how they came in (`upload`, `api`…) or, where that is not known, by their source; the most frequent first.
    pub source: Vec<FacetValue>,
    /// By year, such as `2026`, the newest first.
    pub year: Vec<FacetValue>,
    /// By month, such as `2026-03`, the newest first.
    pub month: Vec<FacetValue>,
}

/// A column of names that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The type.
    Kind,
    /// The tags.
    Tag,
    /// How it came in, or the source.
    Source,
}

/// Counts of everything, not yet cut to what is shown.
#[derive(Debug, Default)]
pub struct Counts {
    named: [HashMap<String, u64>; 3],
    months: BTreeMap<(i16, i8), u64>,
}

impl Counts {
    /// So many more records have the value.
    pub fn count(&mut self, name: Named, value: String, count: u64) {
        let [kind, tag, source] = &mut self.named;
        let counts = match name {
            Named::Kind => kind,
            Named::Tag => tag,
            Named::Source => source,
        };
        *counts.entry(value).or_default() += count;
    }

    /// So many more records are of that day since the epoch.
    pub fn count_day(&mut self, day: i64, count: u64) {
        if let Some(month) = month_of(day) {
            *self.months.entry(month).or_default() += count;
        }
    }

    /// Takes another's counts in.
    pub fn add(&mut self, other: Self) {
        for (own, other) in self.named.iter_mut().zip(other.named) {
            for (value, count) in other {
                *own.entry(value).or_default() += count;
            }
        }
        for (month, count) in other.months {
            *self.months.entry(month).or_default() += count;
        }
    }

    /// What is shown of them.
    pub fn facets(self) -> Facets {
        let [kind, tag, source] = self.named.map(most_frequent);
        let mut years: BTreeMap<i16, u64> = BTreeMap::new();
        for ((year, _), count) in &self.months {
            *years.entry(*year).or_default() += count;
        }
        let years = years.into_iter().rev();
        let months = self.months.into_iter().rev();
        Facets {
            kind,
            tag,
            source,
            year: newest(years.map(|(year, count)| (format!("{year:04}"), count))),
            month: newest(
                months.map(|((year, month), count)| (format!("{year:04}-{month:02}"), count)),
            ),
        }
    }
}

fn most_frequent(counts: HashMap<String, u64>) -> Vec<FacetValue> {
    let mut values: Vec<FacetValue> = counts
        .into_iter()
        .map(|(value, count)| FacetValue { value, count })
        .collect();
    values.sort_unstable_by(|a, b| (Reverse(a.count), &a.value).cmp(&(Reverse(b.count), &b.value)));
    values.truncate(FACET_VALUES_MAX);
    values
}

fn newest(counts: impl Iterator<Item = (String, u64)>) -> Vec<FacetValue> {
    counts
        .map(|(value, count)| FacetValue { value, count })
        .take(FACET_VALUES_MAX)
        .collect()
}
