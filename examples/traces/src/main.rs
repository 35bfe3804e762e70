//! A trace goes on from where a job is queued to where it runs. Prints what a collector is sent.
#![expect(clippy::print_stdout, reason = "an example speaks to whoever tries it")]

use std::collections::HashMap;
use std::time::Duration;

use mainspring::{Scheduler, Task};
use mainspring_memory::MemoryStore;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanId, TraceContextExt, TracerProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

/// Arguments, and the trace of whoever queued the job.
#[derive(Serialize, Deserialize)]
struct Traced<T> {
    arguments: T,
    /// As W3C Trace Context has it: `traceparent` and perhaps `tracestate`.
    trace: HashMap<String, String>,
}

impl<T> Traced<T> {
    fn new(arguments: T) -> Self {
        let mut trace = HashMap::new();
        TraceContextPropagator::new().inject_context(&Span::current().context(), &mut trace);
        Self { arguments, trace }
    }

    fn context(&self) -> Context {
        TraceContextPropagator::new().extract(&self.trace)
    }
}

async fn ship(order: Traced<u32>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let queued_by = order.context();
    // The run is a trace of its own, as it may be one of several attempts; it names the other.
    Span::current().add_link(queued_by.span().span_context().clone());
    let span = info_span!("ship", order = order.arguments);
    span.set_parent(queued_by)?;
    async { tokio::task::yield_now().await }.instrument(span).await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A program has an exporter here that sends, such as `opentelemetry-otlp`.
    let collector = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(collector.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("shop"));
    tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO)).init();

    let builder = Scheduler::builder(MemoryStore::default());
    let scheduler = builder.task(Task::new("ship", ship)).build().await?;
    let running = scheduler.start().await?;
    let request = async {
        let order = Traced::new(7);
        scheduler.job("ship", &order).enqueue_and_wait().await?.output::<()>()
    };
    request.instrument(info_span!("request")).await?;
    running.stop(Duration::from_secs(5)).await;
    provider.force_flush()?;
    print(&collector)?;
    Ok(())
}

/// Each span with its trace, the span around it, and those that it names.
fn print(collector: &InMemorySpanExporter) -> Result<(), Box<dyn std::error::Error>> {
    let mut spans = collector.get_finished_spans()?;
    spans.sort_by_key(|span| span.start_time);
    let named = |id: SpanId| {
        let span = spans.iter().find(|span| span.span_context.span_id() == id);
        span.map_or("nothing", |span| &span.name)
    };
    let mut traces = Vec::new();
    for span in &spans {
        let trace = span.span_context.trace_id();
        if !traces.contains(&trace) {
            traces.push(trace);
        }
        let number = traces.iter().position(|known| *known == trace).map_or(0, |place| place + 1);
        print!("trace {number}: {} in {}", span.name, named(span.parent_span_id));
        for link in span.links.iter() {
            print!(", because of {}", named(link.span_context.span_id()));
        }
        println!();
        for attribute in &span.attributes {
            if ["task", "attempt", "order", "outcome"].contains(&attribute.key.as_str()) {
                println!("  {} = {}", attribute.key, attribute.value);
            }
        }
    }
    Ok(())
}
