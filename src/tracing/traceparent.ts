/**
 * W3C Trace Context, as far as walhook reads and writes it: `00-<trace id>-<parent span id>-<flags>`.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
export interface TraceContext {
  /** 32 hexadecimal digits in lower case, not all 0. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const VERSION_0 = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** Of a later version what is known of this one is read: https://www.w3.org/TR/trace-context/#versioning-of-traceparent */
const LATER = /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
/** Longer ones are of no version that is known. */
const LONGEST = 512;

/** Null for what is none. */
export function parseTraceparent(text: string): TraceContext | null {
  if (text.length > LONGEST) return null;
  const match = VERSION_0.exec(text) ?? LATER.exec(text);
  const [, traceId = '', spanId = '', flags = ''] = match ?? [];
  if (match === null || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
