import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Delivery, DRAFT } from '../../src/delivery.ts';
import type { Outcome } from '../../src/outcome.ts';
import type { Rendered } from '../../src/queue/port.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import { DOWN, OK, Rig } from './rig.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

const NOT_FOUND: Outcome = { kind: 'failed', failure: 'enrich', status: null, message: 'enrich.org: no', response: '', retryAfter: null, verdict: 'retry', ms: 1 };

/** A queue whose drafts become other bodies with each attempt, as if what is looked up changed all the time. */
function rigOf(options: ConstructorParameters<typeof Rig>[0] = {}): Rig {
  const rig = new Rig(options);
  let made = 0;
  rig.rendered = ({ request }: Delivery): Rendered | undefined =>
    request.contentType === DRAFT ? { request: { ...request, contentType: 'application/json' }, body: `${'long '.repeat(100)}${++made}` } : undefined;
  rig.queue.startDraining();
  return rig;
}

function offer(rig: Rig, id: string, lane: number): void {
  const { request } = rig.delivery(id, lane);
  rig.offer(id, lane, { request: { ...request, contentType: DRAFT } });
}

const bodies = (rig: Rig): string[] => rig.store.of('crm').map(({ delivery }) => delivery.body.replaceAll('long ', ''));

test('a draft that was sent is parked as what was sent, and sent as that again', async () => {
  const rig = rigOf({ breaker: { failures: 1000, open: 500 } });
  rig.answer = () => DOWN;
  offer(rig, 'a', 1);
  offer(rig, 'b', 1);
  await time.run(100);
  expect(bodies(rig)).toEqual(['1', '{}']);
  await time.run(2_000);
  expect(rig.attempts.length).toBeGreaterThan(1);
  expect(bodies(rig)).toEqual(['1', '{}']);
  rig.answer = () => OK;
  await time.run(100_000);
  expect(rig.delivered).toEqual(['a', 'b']);
  expect([rig.store.parked.size, rig.tracker.open, rig.budget.deliveries, rig.budget.bytes]).toEqual([0, 0, 0, 0]);
});

test('one that was read back as a draft is from its first attempt on what was sent, in its grave too', async () => {
  const rig = rigOf({ breaker: { failures: 1000, open: 500 }, retry: { initial: 1000, factor: 1, max: 1000, jitter: 0, attempts: 2 } });
  void rig.queue.pause('a test');
  offer(rig, 'a', 1);
  await time.run(100);
  expect(bodies(rig)).toEqual(['{}']);
  rig.answer = () => DOWN;
  void rig.queue.resume();
  await time.run(500);
  expect(bodies(rig)).toEqual(['1']);
  await time.run(5_000);
  expect([...rig.store.dead.values()].map(({ body }) => body.replaceAll('long ', ''))).toEqual(['1']);
});

test('a request that is out when nothing is waited for any more is stored as what went out, and one that is not out yet does not go', async () => {
  const rig = rigOf({ concurrency: 5 });
  const make = rig.rendered;
  rig.rendered = () => undefined;
  rig.answer = () => NOT_FOUND;
  offer(rig, 'stored', 1);
  await time.run(100);
  rig.rendered = make;
  rig.answer = () => null;
  await time.run(2_000);
  offer(rig, 'live', 2);
  await time.run(10);
  expect([rig.attempts, bodies(rig)]).toEqual([['stored', 'stored', 'live'], ['{}']]);
  offer(rig, 'looked up', 3);
  await time.run(0);
  const abandon = new AbortController();
  const closed = rig.queue.close({ spill: AbortSignal.abort(), abandon: abandon.signal });
  abandon.abort();
  await time.run(100);
  await closed;
  expect(rig.store.of('crm').map(({ delivery, attempts }) => [delivery.id, delivery.body.replaceAll('long ', ''), attempts])).toEqual([
    ['stored', '1', 1],
    ['live', '2', 0],
    ['looked up', '{}', 0],
  ]);
  expect([...rig.waiting.keys()]).toEqual(['stored', 'live']);
  expect([rig.tracker.open, rig.budget.deliveries, rig.budget.bytes]).toEqual([0, 0, 0]);
});

test('a request that holds the safe position back is parked as what went out', async () => {
  const rig = rigOf();
  rig.answer = () => null;
  offer(rig, 'a', 1);
  await time.run(10);
  rig.queue.parkLate(Number.POSITIVE_INFINITY);
  await time.run(10);
  expect([bodies(rig), rig.tracker.open]).toEqual([['1'], 0]);
  rig.waiting.get('a')?.(DOWN);
  rig.answer = () => OK;
  await time.run(10_000);
  expect([rig.delivered, rig.store.parked.size, rig.budget.deliveries, rig.budget.bytes]).toEqual([['a'], 0, 0, 0]);
});

test('what could not be looked up says nothing of the endpoint: neither that it fails nor that it lives', async () => {
  const rig = rigOf({ breaker: { failures: 2, open: 500 }, disable_after: 1 });
  rig.rendered = () => undefined;
  rig.answer = () => NOT_FOUND;
  for (let i = 0; i < 5; i++) offer(rig, `${i}`, i);
  await time.run(5_000);
  expect(rig.queue.state.condition).toMatchObject({ state: 'active', failingFor: null, probeIn: null });
  expect(rig.parked).toHaveLength(5);
  expect(bodies(rig)).toEqual(['{}', '{}', '{}', '{}', '{}']);

  const failing = rigOf({ breaker: { failures: 1, open: 500 } });
  failing.answer = ({ id }) => (id === 'first' ? DOWN : NOT_FOUND);
  failing.rendered = () => undefined;
  failing.offer('first', 100);
  await time.run(10);
  for (let i = 0; i < 3; i++) offer(failing, `${i}`, i);
  failing.answer = () => NOT_FOUND;
  await time.run(5_000);
  expect(failing.attempts.length).toBeGreaterThan(1);
  expect(failing.events).not.toContain('closed');
  failing.answer = () => OK;
  await time.run(100_000);
  expect(failing.events).toContain('closed');
  expect(failing.delivered).toHaveLength(4);
});
