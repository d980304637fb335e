import { expect, test } from 'vitest';
import type { Outcome } from '../../src/outcome.ts';
import { Tracer } from '../../src/tracing/tracer.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

const OK: Outcome = { kind: 'delivered', status: 200, disable: false, ms: 1 };

test('the outcome of an attempt is told though its span cannot be taken', () => {
  const sink = {
    add: () => {
      throw new Error('no room');
    },
    close: () => Promise.resolve(),
  };
  const told: Outcome[] = [];
  const attempt = new Tracer({ sink, sample: 1, seed: '' }).attempt({ method: 'POST', url: new URL('http://localhost/') }, (_, done) => done(OK));
  expect(() => attempt(deliveryOf('evt_1', '{}'), (outcome) => told.push(outcome))).toThrow('no room');
  expect(told).toEqual([OK]);
});
