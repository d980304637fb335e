import { type HrTime, SpanKind, SpanStatusCode, TraceFlags, type SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { TracingConfig } from '../config.ts';
import type { Span, SpanSink } from './span.ts';

/** How long the last spans may take to be sent, in milliseconds. */
const GRACE = 3_000;
/** What waits to be sent at most: beyond it spans are dropped, since no delivery waits for them. */
const MOST_WAITING = 4_096;

const KINDS = { producer: SpanKind.PRODUCER, client: SpanKind.CLIENT } as const;

/**
 * Spans to an OpenTelemetry collector, by OTLP over HTTP with JSON, in batches. A collector that is away costs spans, nothing else.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function otlpSink({ url, headers }: Pick<TracingConfig, 'url' | 'headers'>, version: string): SpanSink {
  const exporter = new OTLPTraceExporter({ url: url.href, headers: Object.fromEntries(headers), timeoutMillis: GRACE });
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: MOST_WAITING, exportTimeoutMillis: GRACE });
  const resource = resourceFromAttributes({ 'service.name': process.env['OTEL_SERVICE_NAME'] ?? 'walhook', 'service.version': version });
  const scope = { name: 'walhook', version };
  let closed: Promise<void> | null = null;
  return {
    add: (span) => processor.onEnd(readable(span, { resource, instrumentationScope: scope })),
    close: () =>
      (closed ??= Promise.race([processor.shutdown().catch(() => undefined), new Promise<void>((resolve) => void setTimeout(resolve, GRACE).unref())])),
  };
}

/** A span as the exporter takes it: it is over already, so the SDK's own way to make one, which reads the clock, does not fit. */
function readable({ context, parent, name, kind, begin, end, error, attributes }: Span, made: Pick<ReadableSpan, 'resource' | 'instrumentationScope'>): ReadableSpan {
  const spanContext: SpanContext = { traceId: context.traceId, spanId: context.spanId, traceFlags: TraceFlags.SAMPLED };
  return {
    name,
    kind: KINDS[kind],
    spanContext: () => spanContext,
    ...(parent === null ? {} : { parentSpanContext: { ...spanContext, spanId: parent } }),
    startTime: hrTime(begin),
    endTime: hrTime(end),
    duration: hrTime(end - begin),
    status: error === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
    attributes,
    links: [],
    events: [],
    ended: true,
    ...made,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Milliseconds as the SDK has them: seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
