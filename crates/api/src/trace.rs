//! The trace a request belongs to, as its client says (W3C Trace Context).

use axum::http::HeaderMap;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, global};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The field of a request's span that names the trace.
pub(crate) const TRACE_ID: &str = "trace_id";

/// Makes a span, not entered yet, part of the trace that the `traceparent` header names. The trace's id is in the logs
/// even when no traces are exported; a header that is not valid begins no trace and changes nothing.
pub(crate) fn continue_from(span: &Span, headers: &HeaderMap) {
    let parent = global::get_text_map_propagator(|propagator| {
        propagator.extract_with_context(&Context::new(), &Headers(headers))
    });
    let context = parent.span().span_context().clone();
    if !context.is_valid() {
        return;
    }
    span.record(TRACE_ID, tracing::field::display(context.trace_id()));
    // Refused where no traces are exported.
    let _ = span.set_parent(parent);
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    /// A header that is there twice is not believed.
    fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.0.get_all(key).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}
