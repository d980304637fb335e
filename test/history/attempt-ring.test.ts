import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery.ts';
import { AttemptRing, LARGEST_BODY } from '../../src/history/attempt-ring.ts';
import type { Outcome } from '../../src/outcome.ts';
import { delivery } from '../store/delivery.ts';

const DELIVERED: Outcome = { kind: 'delivered', status: 204, disable: false, ms: 3.25 };
const text = fc.string({ unit: 'binary', maxLength: 40 }).filter((value) => value.isWellFormed());
const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant(DELIVERED),
  fc.record({
    kind: fc.constant('failed' as const),
    failure: fc.constantFrom('status' as const, 'timeout' as const, 'refused' as const),
    status: fc.option(fc.integer({ min: 100, max: 599 })),
    message: text,
    response: text,
    retryAfter: fc.constant(null),
    verdict: fc.constant('retry' as const),
    ms: fc.double({ min: 0, max: 1e6, noNaN: true }),
  }),
);
const deliveries: fc.Arbitrary<Delivery> = fc
  .record({ place: fc.integer({ min: 1, max: 1e6 }), endpoint: fc.constantFrom('crm', 'erp'), body: text, path: fc.option(text), headers: fc.array(fc.tuple(text, text), { maxLength: 3 }) })
  .map(({ place, endpoint, body, path, headers }) => delivery(place, { endpoint, body, request: { path, headers } }));

test('what comes out is what went in, and never more than there is room for', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(deliveries, outcomes), { maxLength: 60 }), (attempts) => {
      const ring = new AttemptRing({ slots: 7, bytes: 4_096 });
      for (const [n, [one, outcome]] of attempts.entries()) expect(ring.keep(one, outcome, { result: 'parked', attempt: n + 1, now: 1_000 + n })).toBe(true);
      expect(ring.next - ring.first).toBeLessThanOrEqual(7);
      expect(ring.next).toBe(attempts.length);
      for (let serial = ring.first; serial < ring.next; serial++) {
        const [one, outcome] = attempts[serial] ?? [];
        if (one === undefined || outcome === undefined) throw new Error('unreachable');
        const failed = outcome.kind === 'failed' ? outcome : null;
        expect(ring.get(serial)).toEqual({
          id: one.id,
          endpoint: one.request.endpoint,
          hook: one.request.hook,
          table: one.table,
          operation: one.operation,
          lane: one.lane,
          sequence: one.sequence,
          committedAt: one.committedAt,
          at: 1_000 + serial,
          ms: outcome.ms,
          attempt: serial + 1,
          result: 'parked',
          failure: failed?.failure ?? null,
          status: outcome.status,
          message: failed?.message ?? null,
          response: failed?.response ?? null,
          method: one.request.method,
          path: one.request.path,
          contentType: one.request.contentType,
          headers: one.request.headers.length === 0 ? null : JSON.stringify(one.request.headers),
          body: Buffer.from(one.body),
          bytes: Buffer.byteLength(one.body),
        });
      }
      expect(ring.get(ring.first - 1)).toBeNull();
      expect(ring.get(ring.next)).toBeNull();
    }),
  );
});

test('a body that is too large is not kept, the attempt is', () => {
  const ring = new AttemptRing();
  ring.keep(delivery(1, { body: 'x'.repeat(LARGEST_BODY + 1) }), DELIVERED, { result: 'delivered', attempt: 1, now: 1 });
  expect(ring.get(0)).toMatchObject({ body: null, bytes: LARGEST_BODY + 1, status: 204 });
});

test('attempts are found by what is asked for, the latest first, and those of a delivery in their order', () => {
  const ring = new AttemptRing();
  const keep = (place: number, endpoint: string, result: 'delivered' | 'parked'): boolean => ring.keep(delivery(place, { endpoint, hook: `to-${endpoint}` }), DELIVERED, { result, attempt: 1, now: place });
  keep(1, 'crm', 'parked');
  keep(2, 'erp', 'delivered');
  keep(1, 'crm', 'delivered');
  expect([...ring.find({})]).toEqual([2, 1, 0]);
  expect([...ring.find({ result: 'delivered' })]).toEqual([2, 1]);
  expect([...ring.find({ endpoint: 'crm', hook: 'to-crm', table: 'public.profiles' })]).toEqual([2, 0]);
  expect([...ring.find({ endpoint: 'nobody' })]).toEqual([]);
  expect(ring.ofDelivery('id-1-0')).toEqual([0, 2]);
  expect(ring.ofDelivery('id-1')).toEqual([]);
});
