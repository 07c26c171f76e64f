//! Points of metrics: totals by session, metric, model and type.
//!
//! They charge nothing: what requests use is counted from the requests themselves.

use civitas_model::Timestamp;
use civitas_model::telemetry::{MetricPoint, Temporality};
use civitas_otlp::{Attributes, Metric, Point, PointKind};

use super::facts::{self, Facts};

/// How far a client's clock may be ahead: a day, in nanoseconds.
const AHEAD_NS: i64 = 86_400_000_000_000;

pub(super) const fn facts<'a>(point: &'a Point, resource: &'a Attributes) -> Facts<'a> {
    Facts {
        own: &point.attributes,
        resource,
        trace_id: "",
    }
}

pub(super) fn point(
    metric: &Metric,
    point: &Point,
    facts: &Facts<'_>,
    session_id: String,
    now: Timestamp,
) -> MetricPoint {
    // In any order, the same attributes are the same series.
    let mut said: Vec<String> = facts
        .own
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    said.sort_unstable();
    let instance = facts.resource.text("service.instance.id");
    said.extend(instance);
    let parts: Vec<&str> = said.iter().map(String::as_str).collect();
    let nanos = |nanos: u64| i64::try_from(nanos).unwrap_or(i64::MAX);
    let now_ns = now.as_micros().saturating_mul(1000);
    MetricPoint {
        session_id,
        metric: facts::word(metric.name.clone()),
        model: facts
            .first(&["model", "gen_ai.response.model", "gen_ai.request.model"])
            .unwrap_or_default(),
        kind: facts
            .first(&["type", "gen_ai.token.type", "decision"])
            .unwrap_or_default(),
        series: facts::fingerprint(&parts),
        temporality: match point.kind {
            PointKind::Gauge => Temporality::Last,
            PointKind::Delta => Temporality::Delta,
            PointKind::Cumulative => Temporality::Cumulative,
        },
        started_ns: nanos(point.start_ns),
        // A point without a time, or of one far ahead, would hold up those that follow.
        time_ns: match nanos(point.time_ns) {
            0 => now_ns,
            time if time > now_ns.saturating_add(AHEAD_NS) => now_ns,
            time => time,
        },
        value: point.value,
    }
}
