//! The figures: printed as they come, and written as JSON in the end.

use std::time::Duration;

use serde::Serialize;

use crate::machine::Machine;

/// Durations, sorted.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    /// In milliseconds; nothing when there are no durations.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        self.at(percent).map(milliseconds)
    }

    /// The same in microseconds.
    pub(crate) fn microseconds(&self, percent: usize) -> Option<f64> {
        let duration = self.at(percent)?;
        Some(hundredths(duration.as_secs_f64() * 1e6))
    }

    fn at(&self, percent: usize) -> Option<Duration> {
        let last = self.0.len().checked_sub(1)?;
        let index = (self.0.len() * percent / 100).min(last);
        self.0.get(index).copied()
    }
}

/// In milliseconds, rounded to hundredths.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    hundredths(duration.as_secs_f64() * 1000.0)
}

/// Rounded to hundredths.
pub(crate) fn hundredths(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// One figure, or a few of one load.
#[derive(Serialize, Default)]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) in_flight: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) per_second: Option<f64>,
    /// By name: milliseconds where it ends in `_ms`, microseconds where in `_us`, bytes where in `_bytes`.
    pub(crate) figures: Vec<(String, f64)>,
}

/// Everything that was measured.
#[derive(Serialize)]
pub(crate) struct Report {
    date: String,
    command: String,
    machine: Machine,
    conditions: &'static str,
    cases: Vec<Case>,
}

const CONDITIONS: &str = "release build, HTTP/1.1 on loopback with kept connections, load from one thread of another \
    process on the same cores, service token, fsync on every commit, SQLite";

impl Report {
    pub(crate) fn begin(date: String, machine: Machine, quick: bool) -> Self {
        let command = if quick {
            "cargo xtask bench --quick"
        } else {
            "cargo xtask bench"
        };
        println!("{}", serde_json::to_string(&machine).unwrap_or_default());
        println!("{CONDITIONS}\n");
        Self {
            date,
            command: command.to_owned(),
            machine,
            conditions: CONDITIONS,
            cases: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, case: Case) {
        let mut words = vec![format!("{:<44}", case.name)];
        words.extend(case.in_flight.map(|count| format!("{count:>4} in flight")));
        let rate = case.count.zip(case.per_second);
        words.extend(rate.map(|(count, rate)| format!("{count:>7} {rate:>7.0}/s")));
        let figures = case.figures.iter();
        words.extend(figures.map(|(name, figure)| format!(" {name} {figure:.2}")));
        println!("{}", words.join(" "));
        self.cases.push(case);
    }

    pub(crate) fn to_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
