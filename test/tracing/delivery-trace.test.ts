import { expect, test } from 'vitest';
import { deliveryTrace } from '../../src/tracing/delivery-trace.ts';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function traced(id: string, { endpoint = 'crm', table = 'public.items', trace, sample = 1 }: { endpoint?: string; table?: string; trace?: string; sample?: number } = {}) {
  const request = { hook: 'h', endpoint, method: null, path: null, contentType: null, headers: [] };
  return deliveryTrace({ id, table, request, trace }, 'system', sample);
}

const ID = '0000000001a2b3c4-7-i-0123456789abcdef';
const OTHER_HOOK = '0000000001a2b3c4-7-i-fedcba9876543210';
const OTHER_CHANGE = '0000000001a2b3c4-8-i-0123456789abcdef';

test('a delivery has the same trace and span whenever it is asked for, and those of one change share their trace', () => {
  expect(traced(ID)).toEqual(traced(ID));
  expect(traced(ID).context).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/), spanId: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(traced(OTHER_HOOK).context.traceId).toBe(traced(ID).context.traceId);
  expect(traced(ID, { endpoint: 'other' }).context.traceId).toBe(traced(ID).context.traceId);
  const spans = [traced(ID), traced(OTHER_HOOK), traced(ID, { endpoint: 'other' })].map(({ context }) => context.spanId);
  expect(new Set(spans).size).toBe(3);
  expect(traced(OTHER_CHANGE).context.traceId).not.toBe(traced(ID).context.traceId);
  expect(traced(ID, { table: 'public.others' }).context.traceId).not.toBe(traced(ID).context.traceId);
});

test('a traceparent that came with the change goes on, and says whether it is sampled', () => {
  expect(traced(ID, { trace: PARENT, sample: 0 })).toMatchObject({ context: { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', sampled: true }, parent: '00f067aa0ba902b7' });
  expect(traced(ID, { trace: PARENT.replace(/1$/, '0') }).context.sampled).toBe(false);
  expect(traced(ID, { trace: 'nonsense' })).toEqual(traced(ID));
});

test('about so many traces are sampled as sample says, and the same ones for a smaller part', () => {
  const ids = Array.from({ length: 4_000 }, (_, i) => `0000000001a2b3c4-${i}-i-0123456789abcdef`);
  const sampled = (sample: number): string[] => ids.filter((id) => traced(id, { sample }).context.sampled);
  expect(sampled(0)).toHaveLength(0);
  expect(sampled(1)).toHaveLength(ids.length);
  const quarter = sampled(0.25);
  expect(quarter.length).toBeGreaterThan(800);
  expect(quarter.length).toBeLessThan(1_200);
  const half = new Set(sampled(0.5));
  expect(quarter.every((id) => half.has(id))).toBe(true);
});
