//! Logs and traces. Logs go to standard error, for people on a terminal and as JSON otherwise: standard output is for
//! data. Traces go to an OpenTelemetry collector when `OTEL_EXPORTER_OTLP_ENDPOINT` names one (OTLP over HTTP, protobuf);
//! a request with a `traceparent` header continues its client's trace (W3C Trace Context).

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// What is logged when `CIVITAS_LOG` does not say.
const FILTER: &str = "info,tantivy=warn,h2=warn,hyper=warn";
/// The variables that name a collector (OpenTelemetry's specification of the OTLP exporter).
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// What was started; stop it last, so that the last traces are sent.
#[must_use = "traces on their way are lost unless this is stopped"]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sends what is on its way. Blocks for a few seconds at most.
    pub fn stop(self) {
        if let Some(Err(error)) = self.traces.map(|traces| traces.shutdown()) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Starts logs and, when a collector is named, traces. A second call changes nothing, so that tests may call it freely.
pub fn start() -> Telemetry {
    start_with(FILTER)
}

/// The same for a command that shows by itself what goes on: only warnings are logged.
pub fn start_quiet() -> Telemetry {
    start_with("warn")
}

fn start_with(filter: &str) -> Telemetry {
    let filter = EnvFilter::try_from_env("CIVITAS_LOG").unwrap_or_else(|_| EnvFilter::new(filter));
    let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let logs = if std::io::stderr().is_terminal() {
        logs.with_target(false).boxed()
    } else {
        logs.json().boxed()
    };
    // A request that belongs to a trace of its client's stays in it.
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let (traces, failure) = match exporter() {
        Ok(traces) => (traces, None),
        Err(error) => (None, Some(error)),
    };
    let spans = traces.as_ref().map(|traces| {
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer("civitas"))
            // What is traced is chosen by level, whatever is logged.
            .with_filter(tracing_subscriber::filter::LevelFilter::INFO)
    });
    let result = tracing_subscriber::registry()
        .with(logs.with_filter(filter))
        .with(spans)
        .try_init();
    if result.is_err() {
        // Someone, such as another test of the process, started it before.
        return Telemetry { traces: None };
    }
    if let Some(error) = failure {
        tracing::error!(%error, "traces are not exported: mend OTEL_EXPORTER_OTLP_ENDPOINT");
    }
    Telemetry { traces }
}

/// Sends spans in batches from a thread of its own, which never holds up the one that made them.
fn exporter() -> Result<Option<SdkTracerProvider>, opentelemetry_otlp::ExporterBuildError> {
    if ENDPOINTS
        .iter()
        .all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()))
    {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_http().build()?;
    let resource = Resource::builder()
        .with_service_name("civitas")
        .with_attribute(opentelemetry::KeyValue::new(
            "service.version",
            env!("CARGO_PKG_VERSION"),
        ))
        .build();
    let traces = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build();
    Ok(Some(traces))
}
