import { expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from '../../src/tracing/traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('a traceparent is read and written as W3C has it', () => {
  const text = `00-${TRACE}-${SPAN}-01`;
  const context = parseTraceparent(text);
  expect(context).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
  expect(context === null ? '' : formatTraceparent(context)).toBe(text);
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-02`)?.sampled).toBe(false);
});

test('of a later version what is known is read', () => {
  expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
});

test.for([
  '',
  'traceparent',
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE}-${SPAN}-01\r\nx: y`,
  `01-${TRACE}-${SPAN}-01-${'x'.repeat(1_000)}`,
])('%j is none', (text) => {
  expect(parseTraceparent(text)).toBeNull();
});
