//! Totals of metrics.

use std::collections::HashMap;

use civitas_model::TenantId;
use civitas_model::telemetry::{MetricPoint, Temporality};
use civitas_sql::Statement;

use super::SessionReport;
use crate::transaction::{Meaning, Stop, Transaction};

const LIST: Statement = Statement::new(include_str!("../queries/telemetry/series.sql"));
const PUT: Statement = Statement::new(include_str!("../queries/telemetry/put_series.sql"));

/// Series that are kept of a session. A point of another one is left out.
const SERIES_MAX: usize = 512;

/// What is known of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Series {
    total: f64,
    last_value: f64,
    started_ns: i64,
    time_ns: i64,
}

impl Series {
    /// Takes a point in; `None` when it says nothing new.
    fn take(known: Option<Self>, point: &MetricPoint) -> Option<Self> {
        let next = Self {
            total: point.value,
            last_value: point.value,
            started_ns: point.started_ns,
            time_ns: point.time_ns,
        };
        let Some(known) = known else {
            return Some(next);
        };
        // An exporter sends the points of a series in order, and again when it got no answer.
        if point.time_ns <= known.time_ns {
            return None;
        }
        let total = match point.temporality {
            Temporality::Last => point.value,
            Temporality::Delta => known.total + point.value,
            // From another start, or below what it was: the client counts anew.
            Temporality::Cumulative
                if point.started_ns != known.started_ns || point.value < known.last_value =>
            {
                known.total + point.value
            }
            Temporality::Cumulative => known.total + point.value - known.last_value,
        };
        Some(Self { total, ..next })
    }
}

pub(super) async fn take(
    tx: &mut Transaction<'_>,
    tenant: &TenantId,
    report: &SessionReport,
) -> Result<(), Stop> {
    if report.points.is_empty() {
        return Ok(());
    }
    let key = [tenant.as_str().into(), report.session_id.as_str().into()];
    let mut known = HashMap::new();
    for row in tx.query(&LIST, &key).await? {
        let series = Series {
            total: row.real("total")?,
            last_value: row.real("last_value")?,
            started_ns: row.int("started_ns")?,
            time_ns: row.int("time_ns")?,
        };
        let key = (
            row.text("metric")?.to_owned(),
            row.text("series")?.to_owned(),
        );
        known.insert(key, series);
    }
    let mut changed: HashMap<(&str, &str), &MetricPoint> = HashMap::new();
    for point in &report.points {
        let key = (point.metric.clone(), point.series.clone());
        let before = known.get(&key).copied();
        if before.is_none() && known.len() >= SERIES_MAX {
            continue;
        }
        if let Some(after) = Series::take(before, point) {
            known.insert(key, after);
            changed.insert((&point.metric, &point.series), point);
        }
    }
    for ((metric, series), point) in changed {
        let key = (metric.to_owned(), series.to_owned());
        let Some(after) = known.get(&key) else {
            continue;
        };
        let params = vec![
            tenant.as_str().into(),
            report.session_id.as_str().into(),
            metric.into(),
            series.into(),
            point.model.as_str().into(),
            point.kind.as_str().into(),
            after.total.into(),
            after.last_value.into(),
            after.started_ns.into(),
            after.time_ns.into(),
            tx.now.as_micros().into(),
        ];
        tx.execute_later(&PUT, params, Meaning::Nothing).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(temporality: Temporality, points: &[(i64, i64, f64)]) -> f64 {
        let mut series = None;
        for &(started_ns, time_ns, value) in points {
            let point = MetricPoint {
                session_id: "s".into(),
                metric: "m".into(),
                model: String::new(),
                kind: String::new(),
                series: "x".into(),
                temporality,
                started_ns,
                time_ns,
                value,
            };
            series = Series::take(series, &point).or(series);
        }
        series.unwrap().total
    }

    #[test]
    fn differences_add_up_and_repetitions_do_not() {
        let points = [(0, 10, 5.0), (10, 20, 7.0), (10, 20, 7.0), (20, 30, 1.0)];
        assert!((total(Temporality::Delta, &points) - 13.0).abs() < 1e-9);
    }

    #[test]
    fn a_sum_since_the_start_counts_once_also_over_restarts() {
        let points = [
            (0, 10, 5.0),
            (0, 20, 12.0),
            (0, 20, 12.0),
            (25, 30, 3.0),
            (25, 40, 4.0),
        ];
        assert!((total(Temporality::Cumulative, &points) - 16.0).abs() < 1e-9);
        let fell = [(0, 10, 5.0), (0, 20, 2.0)];
        assert!((total(Temporality::Cumulative, &fell) - 7.0).abs() < 1e-9);
    }

    #[test]
    fn the_last_value_of_a_gauge_holds() {
        let points = [(0, 10, 5.0), (0, 20, 2.0), (0, 15, 9.0)];
        assert!((total(Temporality::Last, &points) - 2.0).abs() < 1e-9);
    }
}
