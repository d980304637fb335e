import type { TraceContext } from './traceparent.ts';

/** Something that took time, for an OpenTelemetry collector. */
export interface Span {
  readonly context: TraceContext;
  /** Span id of what it is a part of; null: nothing that is known. */
  readonly parent: string | null;
  readonly name: string;
  /** `producer`: a delivery, from commit to its end; `client`: one HTTP attempt. */
  readonly kind: 'producer' | 'client';
  /** Unix milliseconds. */
  readonly begin: number;
  readonly end: number;
  /** Null: it went well. */
  readonly error: string | null;
  /** No ids or values of rows, and no URLs. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** Takes spans, and sends them when it sees fit. */
export interface SpanSink {
  add(span: Span): void;
  /** Sends what it has, as far as that can be done in a moment. */
  close(): Promise<void>;
}
