import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EndpointConfig } from '../../src/config.ts';
import { DRAFT } from '../../src/delivery.ts';
import type { Outcome } from '../../src/outcome.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import { failed, OK, patient, Rig } from './rig.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

const BATCH = { size: 4, bytes: 1000, linger: 50 };

function rigOf(changes: Partial<EndpointConfig> = {}): Rig {
  const rig = new Rig({ batch: BATCH, concurrency: 10, ...changes });
  rig.queue.startDraining();
  return rig;
}

/** A delivery of each lane from `from` on, named as its lane. */
function offerLanes(rig: Rig, from: number, count: number): void {
  for (let lane = from; lane < from + count; lane++) rig.offer(`${lane}`, lane);
}

const batches = (rig: Rig): string[] => rig.requests.map(({ ids }) => ids.join(' '));

describe('linger', () => {
  test('fewer than the size wait for others, so long and no longer', async () => {
    const rig = rigOf();
    offerLanes(rig, 0, 2);
    await time.run(30);
    offerLanes(rig, 2, 1);
    await time.run(100);
    expect(rig.requests).toEqual([{ ids: ['0', '1', '2'], at: 50 }]);
    // It begins anew with the next.
    offerLanes(rig, 3, 1);
    await time.run(100);
    expect(rig.requests[1]).toEqual({ ids: ['3'], at: 180 });
  });

  test('as many as the size go at once, and what is left over waits', async () => {
    const rig = rigOf();
    offerLanes(rig, 0, 10);
    await time.run(10);
    expect(batches(rig)).toEqual(['0 1 2 3', '4 5 6 7']);
    await time.run(100);
    expect(rig.requests[2]).toEqual({ ids: ['8', '9'], at: 50 });
  });

  test('what follows in a lane counts; what follows one that is being sent does not', async () => {
    const rig = rigOf();
    rig.answer = () => null;
    for (const id of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9']) rig.offer(id, 1);
    await time.run(10);
    expect(batches(rig)).toEqual(['a1 a2 a3 a4']);
    rig.offer('b', 2);
    await time.run(10);
    expect(rig.requests).toHaveLength(1);
    rig.offer('c', 3);
    await time.run(100);
    expect(batches(rig)).toEqual(['a1 a2 a3 a4', 'b c']);
  });

  test('nobody waits longer, whatever others are about it, while there is a slot', async () => {
    const rig = rigOf({ concurrency: 1000, batch: { size: 7, bytes: 200, linger: 50 } });
    rig.answer = () => null;
    const offered = new Map<string, number>();
    for (let i = 0; i < 600; i++) {
      const { request } = rig.delivery('', 0);
      rig.offer(`${i}`, i, { request: { ...request, path: `/${(i * i) % 5}` }, body: 'x'.repeat((i * 31) % 90) });
      offered.set(`${i}`, time.now);
      if (i % 3 > 0) await time.run((i * 17) % 23);
    }
    await time.run(100);
    const waits = rig.requests.flatMap(({ ids, at }) => ids.map((id) => at - (offered.get(id) ?? 0)));
    expect(waits).toHaveLength(600);
    expect(Math.max(...waits)).toBe(50);
  });

  test('what waited for a slot meanwhile goes when there is one', async () => {
    const rig = rigOf({ concurrency: 1 });
    rig.answer = () => null;
    offerLanes(rig, 0, 1);
    await time.run(60);
    offerLanes(rig, 1, 2);
    await time.run(80);
    rig.waiting.get('0')?.(OK);
    await time.run(1);
    expect(rig.requests[1]).toEqual({ ids: ['1', '2'], at: 140 });
  });

  test('of 0 is none', async () => {
    const rig = rigOf({ batch: { ...BATCH, linger: 0 } });
    offerLanes(rig, 0, 1);
    await time.run(0);
    expect(rig.requests).toEqual([{ ids: ['0'], at: 0 }]);
  });
});

test('what waits while it holds the safe position back is parked, and goes with the others when it is due', async () => {
  const rig = rigOf({ batch: { ...BATCH, linger: 10_000 } });
  offerLanes(rig, 0, 2);
  await time.run(2_000);
  rig.queue.parkLate(Number.POSITIVE_INFINITY);
  await time.run(100);
  expect([rig.requests, rig.parked, rig.tracker.open]).toEqual([[], ['0', '1'], 0]);
  offerLanes(rig, 2, 1);
  await time.run(8_000);
  expect(rig.requests).toEqual([{ ids: ['0', '1', '2'], at: 10_000 }]);
  await time.run(100);
  expect([rig.parked, rig.tracker.open]).toEqual([[], 0]);
});

describe('where nothing more comes, nothing waits', () => {
  const LONG = { batch: { size: 100, bytes: 1000, linger: 10_000 } };

  test('a drain', async () => {
    const rig = rigOf(LONG);
    offerLanes(rig, 0, 3);
    await time.run(5);
    expect(rig.requests).toEqual([]);
    const closed = rig.queue.close(patient());
    await time.run(20);
    await closed;
    expect(batches(rig)).toEqual(['0 1 2']);
    expect([rig.tracker.open, rig.parked, time.pending]).toEqual([0, [], 0]);
  });

  test('a drain whose time is up parks it', async () => {
    const rig = rigOf(LONG);
    offerLanes(rig, 0, 3);
    const closed = rig.queue.close(patient(AbortSignal.abort()));
    await time.run(20);
    await closed;
    expect([rig.requests, rig.parked, rig.tracker.open, time.pending]).toEqual([[], ['0', '1', '2'], 0, 0]);
  });

  test('a queue that is abandoned leaves no timer behind', async () => {
    const rig = rigOf(LONG);
    offerLanes(rig, 0, 3);
    rig.queue.abandon();
    offerLanes(rig, 3, 3);
    await time.run(0);
    expect([rig.requests, time.pending]).toEqual([[], 0]);
  });

  test('a pause parks it at once, and the resume sends it', async () => {
    const rig = rigOf(LONG);
    offerLanes(rig, 0, 3);
    void rig.queue.pause('a person');
    await time.run(100);
    expect([rig.requests, rig.parked, rig.tracker.open]).toEqual([[], ['0', '1', '2'], 0]);
    void rig.queue.resume();
    await time.run(11_000);
    expect(batches(rig)).toEqual(['0 1 2']);
    expect(rig.parked).toEqual([]);
  });

  test('a probe', async () => {
    const rig = rigOf({ ...LONG, breaker: { failures: 1, open: 500 }, batch: { ...LONG.batch, size: 3 } });
    rig.answer = () => failed(500);
    offerLanes(rig, 0, 3);
    await time.run(3_000);
    // One delivery each time, and not by ten seconds later.
    expect(rig.requests.slice(1).length).toBeGreaterThan(1);
    for (const { ids } of rig.requests.slice(1)) expect(ids).toHaveLength(1);
  });

  test('a full memory', async () => {
    const rig = new Rig({ ...LONG, concurrency: 2 }, { inFlight: 5 });
    rig.queue.startDraining();
    offerLanes(rig, 0, 5);
    await time.run(5);
    expect(batches(rig)).toEqual(['0 1 2 3 4']);
  });

  test('a memory that others have filled', async () => {
    const rig = new Rig(LONG, { inFlight: 5 });
    rig.queue.startDraining();
    offerLanes(rig, 0, 3);
    await time.run(5);
    for (let i = 0; i < 2; i++) rig.budget.add(0);
    rig.queue.relieve();
    await time.run(5);
    expect(batches(rig)).toEqual(['0 1 2']);
  });

  test('as much as may be in memory of what is stored', async () => {
    const rig = rigOf({ batch: { size: 10_000, bytes: 1 << 20, linger: 10_000 } });
    void rig.queue.pause('a person');
    offerLanes(rig, 0, 1200);
    await time.run(100);
    void rig.queue.resume();
    await time.run(1_000);
    expect(rig.requests.map(({ ids }) => ids.length)).toEqual([500, 500]);
    await time.run(10_000);
    expect(rig.delivered).toHaveLength(1200);
  });
});

test('rate and concurrency are those of requests', async () => {
  const rig = rigOf({ concurrency: 2, rate: 10 });
  rig.answer = () => null;
  offerLanes(rig, 0, 40);
  await time.run(1000);
  expect(rig.requests.map(({ ids }) => ids.length)).toEqual([4, 4]);
  rig.answer = () => OK;
  for (const answer of rig.waiting.values()) answer(OK);
  await time.run(500);
  expect(rig.requests.length).toBeLessThanOrEqual(2 + 6);
  await time.run(1000);
  expect(rig.most).toBe(2);
  expect(rig.delivered).toHaveLength(40);
  expect(rig.requests).toHaveLength(10);
});

describe('a batch that is refused', () => {
  const RETRY = { initial: 1000, factor: 2, max: 60_000, jitter: 0, attempts: 4 };

  /** Refuses what has one of these in it. */
  function refusing(rig: Rig, culprits: readonly string[], refusal: Outcome = failed(400)): void {
    rig.answer = (_, ids) => (ids.some((id) => culprits.includes(id)) ? refusal : OK);
  }

  test('is sent apart: only the culprit goes on failing, its lane waits, and all others are delivered', async () => {
    const rig = rigOf({ retry: RETRY, batch: { ...BATCH, size: 10 } });
    refusing(rig, ['b1']);
    for (const [id, lane] of [['a1', 1], ['a2', 1], ['b1', 2], ['b2', 2], ['c1', 3]] as const) rig.offer(id, lane);
    await time.run(60);
    expect(batches(rig)[0]).toBe('a1 a2 b1 b2 c1');
    await time.run(300);
    expect(rig.delivered.toSorted()).toEqual(['a1', 'a2', 'c1']);
    expect(rig.parked).toEqual(['b1', 'b2']);
    const apart = batches(rig).slice(1);
    for (const id of ['a1', 'b1', 'c1']) expect(apart).toContain(id);
    // Later ones go together, and the culprit still alone.
    offerLanes(rig, 10, 10);
    await time.run(10_000);
    expect(batches(rig)).toContain('10 11 12 13 14 15 16 17 18 19');
    expect(batches(rig).filter((ids) => ids.includes('b1'))).toEqual(['a1 a2 b1 b2 c1', 'b1', 'b1', 'b1']);
    expect([...rig.store.dead.values()].map(({ id }) => id)).toEqual(['b1']);
    expect(rig.delivered).toContain('b2');
    expect(rig.events.filter((event) => event.startsWith('a1'))).toEqual(['a1 parked', 'a1 delivered']);
  });

  test('as `dead` kills none but the culprit', async () => {
    const rig = rigOf({ retry: RETRY, responses: new Map([['4xx', 'dead']]) });
    refusing(rig, ['2'], { ...failed(422), verdict: 'dead' });
    offerLanes(rig, 0, 4);
    await time.run(1_000);
    expect(rig.delivered.toSorted()).toEqual(['0', '1', '3']);
    expect([...rig.store.dead.values()].map(({ id }) => id)).toEqual(['2']);
    expect([rig.parked, rig.tracker.open, rig.budget.deliveries]).toEqual([[], 0, 0]);
  });

  test('that has one delivery is refused as that is', async () => {
    const rig = rigOf({ retry: RETRY });
    refusing(rig, ['0']);
    offerLanes(rig, 0, 1);
    await time.run(100);
    expect(batches(rig)).toEqual(['0']);
    // It keeps no others company from then on.
    offerLanes(rig, 1, 3);
    await time.run(10_000);
    expect(batches(rig).filter((ids) => ids.includes('0'))).toEqual(['0', '0', '0', '0']);
    expect(batches(rig)).toContain('1 2 3');
  });

  test('says nothing against the endpoint', async () => {
    const rig = rigOf({ retry: RETRY, breaker: { failures: 2, open: 500 } });
    refusing(rig, ['0', '1', '2', '3']);
    offerLanes(rig, 0, 8);
    await time.run(20_000);
    expect(rig.events.filter((event) => event === 'open')).toEqual([]);
    expect(rig.store.dead.size).toBe(4);
    expect(rig.delivered.toSorted()).toEqual(['4', '5', '6', '7']);
  });

  test('with 410 disables the endpoint, which loses nothing', async () => {
    const rig = rigOf();
    rig.answer = () => ({ ...failed(410), verdict: 'disable' });
    offerLanes(rig, 0, 4);
    await time.run(1_000);
    expect(rig.events).toContain('disabled');
    expect([rig.requests.length, rig.parked, rig.store.dead.size]).toEqual([1, ['0', '1', '2', '3'], 0]);
    rig.answer = () => OK;
    void rig.queue.resume();
    await time.run(1_000);
    expect(batches(rig).slice(1)).toEqual(['0 1 2 3']);
  });
});

describe.each([
  ['a 503', failed(503)],
  ['a 500', failed(500)],
  ['a 429', failed(429)],
  ['a timeout', { ...failed(0), failure: 'timeout' as const, status: null }],
])('%s for a batch', (_name, outage) => {
  test('is no refusal: the batch is tried again as one, with jitter too', async () => {
    const rig = rigOf({ retry: { initial: 1000, factor: 2, max: 60_000, jitter: 0.5, attempts: 4 } });
    rig.answer = () => outage;
    offerLanes(rig, 0, 4);
    await time.run(100);
    rig.answer = () => OK;
    await time.run(5_000);
    expect(batches(rig)).toEqual(['0 1 2 3', '0 1 2 3']);
    // The same batch has the same webhook-id.
    expect(rig.attempts[0]).toBe(rig.attempts[1]);
    expect(rig.parked).toEqual([]);
  });

  test('counts once for the breaker and the throttle', async () => {
    const rig = rigOf({ breaker: { failures: 3, open: 500 }, concurrency: 8 });
    rig.answer = () => outage;
    offerLanes(rig, 0, 8);
    await time.run(20);
    expect(rig.requests).toHaveLength(2);
    expect(rig.queue.state.condition.probeIn).toBeNull();
    offerLanes(rig, 8, 4);
    await time.run(20);
    expect(rig.queue.state.condition.probeIn).not.toBeNull();
    expect(rig.events.filter((event) => event.endsWith('parked'))).toHaveLength(12);
  });
});

test('one whose body is no JSON goes alone, and as it is', async () => {
  const rig = rigOf();
  const bodies: string[] = [];
  rig.answer = ({ body }) => {
    bodies.push(body);
    return OK;
  };
  const { request } = rig.delivery('', 0);
  offerLanes(rig, 0, 1);
  rig.offer('get', 1, { request: { ...request, method: 'GET', contentType: null }, body: 'a=1' });
  rig.offer('also', 2, { request: { ...request, method: 'GET', contentType: null }, body: 'a=2' });
  offerLanes(rig, 3, 1);
  await time.run(100);
  expect(batches(rig).toSorted()).toEqual(['0 3', 'also', 'get']);
  expect(bodies.toSorted()).toEqual(['[{},{}]', 'a=1', 'a=2']);
});

describe('drafts', () => {
  function offerDrafts(rig: Rig, count: number): void {
    const { request } = rig.delivery('', 0);
    for (let lane = 0; lane < count; lane++) rig.offer(`${lane}`, lane, { request: { ...request, contentType: DRAFT } });
  }

  /** They become requests to so many paths. */
  function making(rig: Rig, paths: number): void {
    rig.rendered = ({ id, request }) => (request.contentType === DRAFT ? { request: { ...request, path: `/${Number(id) % paths}`, contentType: 'application/json' }, body: '{}' } : undefined);
  }

  test('that become requests of their own go one after the other, within concurrency and rate, at once', async () => {
    const rig = rigOf({ concurrency: 2, batch: { ...BATCH, size: 6 } });
    making(rig, 3);
    rig.answer = () => null;
    offerDrafts(rig, 6);
    await time.run(10);
    expect(batches(rig)).toEqual(['0 3', '1 4']);
    for (const answer of rig.waiting.values()) answer(OK);
    await time.run(5);
    expect(batches(rig)).toEqual(['0 3', '1 4', '2 5']);
    expect(rig.most).toBe(2);
  });

  test('that were left as the endpoint was paused wait in the store as what they have become', async () => {
    const rig = rigOf({ concurrency: 1, batch: { ...BATCH, size: 6 } });
    making(rig, 3);
    void rig.queue.pause('a person');
    offerDrafts(rig, 6);
    await time.run(100);
    expect([rig.requests, rig.parked.length]).toEqual([[], 6]);
    void rig.queue.resume();
    // They are read back, and being made, as it is paused again.
    await time.until(() => rig.queue.state.queued === 6, 1_000);
    void rig.queue.pause('a person');
    await time.run(100);
    expect(batches(rig).length).toBeLessThanOrEqual(1);
    void rig.queue.resume();
    await time.run(2_000);
    expect(rig.delivered.toSorted()).toEqual(['0', '1', '2', '3', '4', '5']);
    expect([rig.parked, rig.tracker.open, rig.budget.deliveries, rig.budget.bytes, rig.queue.state.queued]).toEqual([[], 0, 0, 0, 0]);
  });

  test('live ones that were left then are parked', async () => {
    const rig = rigOf({ concurrency: 1, batch: { ...BATCH, size: 6 } });
    making(rig, 3);
    offerDrafts(rig, 6);
    await time.until(() => rig.queue.state.queued === 6, 0);
    await time.run(0);
    void rig.queue.pause('a person');
    await time.run(100);
    expect(batches(rig)).toEqual(['0 3']);
    expect(rig.store.of('crm').map(({ delivery }) => [delivery.id, delivery.request.path])).toEqual([['1', '/1'], ['2', '/2'], ['4', '/1'], ['5', '/2']]);
    expect(rig.tracker.open).toBe(0);
  });
});
