import { afterEach, beforeEach, expect, test } from 'vitest';
import { START } from '../../src/position.ts';
import { WELL } from '../../src/queue/port.ts';
import { keyOf, MemoryParkingStore } from '../support/memory-parking-store.ts';
import { DOWN, failed, OK, patient, Rig } from './rig.ts';
import { VirtualTime } from '../support/virtual-time.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

test('deliveries of a lane go one after the other, those of different lanes at once, up to the concurrency', async () => {
  const rig = new Rig({ concurrency: 3 });
  for (let i = 0; i < 40; i++) rig.offer(`${i}`, i % 8);
  rig.queue.startDraining();
  await time.run(1000);
  expect(rig.most).toBe(3);
  expect(rig.delivered).toHaveLength(40);
  expect(rig.tracker.open).toBe(0);
  for (let lane = 0; lane < 8; lane++) {
    const ofLane = rig.delivered.filter((id) => Number(id) % 8 === lane).map(Number);
    expect(ofLane).toEqual(ofLane.toSorted((a, b) => a - b));
  }
});

test('a failed delivery is parked with what follows it in its lane, and other lanes go on', async () => {
  const rig = new Rig();
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === 'a1' ? failed(400) : OK);
  for (const id of ['a1', 'a2', 'b1']) rig.offer(id, id === 'b1' ? 2 : 1);
  await time.run(100);
  rig.offer('a3', 1);
  rig.offer('b2', 2);
  await time.run(100);
  expect(rig.delivered).toEqual(['b1', 'b2']);
  expect(rig.parked).toEqual(['a1', 'a2', 'a3']);
  expect(rig.tracker.open).toBe(0);
  rig.answer = () => OK;
  await time.run(1000);
  expect(rig.delivered).toEqual(['b1', 'b2', 'a1', 'a2', 'a3']);
  expect(rig.parked).toEqual([]);
  expect(rig.queue.state).toMatchObject({ queued: 0, blocked: 0, mode: 'direct', condition: WELL });
});

test('a delivery that is always refused dies after its schedule, and its lane goes on', async () => {
  const rig = new Rig();
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === 'a1' ? failed(400) : OK);
  rig.offer('a1', 1);
  rig.offer('a2', 1);
  await time.run(6000);
  expect(rig.attempts).toEqual(['a1', 'a1', 'a1']);
  await time.run(2000);
  expect(rig.attempts).toEqual(['a1', 'a1', 'a1', 'a1', 'a2']);
  expect([...rig.store.dead.keys()]).toEqual([keyOf('crm', 'a1')]);
  expect(rig.events.filter((event) => event.startsWith('a1'))).toEqual(['a1 parked', 'a1 parked', 'a1 parked', 'a1 dead']);
});

test('a lane goes on behind a death only once that is durable', async () => {
  const rig = new Rig({ retry: { initial: 1, factor: 1, max: 1, jitter: 0, attempts: 1 } });
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === 'a1' ? failed(400) : OK);
  rig.store.fails = () => 'before';
  rig.offer('a1', 1);
  rig.offer('a2', 1);
  await time.run(2000);
  expect(rig.attempts).toEqual(['a1']);
  expect(rig.tracker.open).toBe(2);
  rig.store.fails = () => 'no';
  await time.run(10_000);
  expect(rig.delivered).toEqual(['a2']);
});

test('nothing is settled while the store is down, but what needs no store is delivered', async () => {
  const rig = new Rig();
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === 'a1' ? failed(400) : OK);
  rig.store.fails = () => 'before';
  rig.offer('a1', 1);
  rig.tracker.mark({ lsn: 11n, within: null });
  rig.offer('b1', 2);
  await time.run(5000);
  expect(rig.delivered).toEqual(['b1']);
  expect(rig.tracker.safe).toBe(START);
  rig.store.fails = () => 'no';
  await time.run(10_000);
  expect(rig.tracker.safe).toEqual({ lsn: 11n, within: null });
});

test('a buried delivery is a dead letter, settled once it is durable', async () => {
  const rig = new Rig();
  rig.store.fails = () => 'before';
  rig.queue.bury(rig.delivery('a1', 1), { failure: 'expression', status: null, message: 'when: broke', response: '' });
  await time.run(150);
  expect(rig.tracker.open).toBe(1);
  rig.store.fails = () => 'no';
  await time.run(1000);
  expect(rig.tracker.open).toBe(0);
  expect(rig.budget).toMatchObject({ deliveries: 0, bytes: 0 });
  expect([...rig.store.dead.keys()]).toEqual([keyOf('crm', 'a1')]);
  expect(rig.attempts).toEqual([]);
  expect(rig.events).toEqual(['a1 buried: expression']);
});

test('an open breaker parks everything and sends a single probe at a time', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = () => DOWN;
  for (let i = 0; i < 20; i++) rig.offer(`${i}`, i);
  await time.run(100);
  expect(rig.events).toContain('open');
  expect(rig.attempts).toEqual(['0', '1', '2']);
  expect(rig.parked).toHaveLength(20);
  expect(rig.tracker.open).toBe(0);
  await time.run(1500);
  expect(rig.attempts).toHaveLength(3 + 3);
  rig.answer = () => OK;
  await time.run(60_000);
  expect(rig.events.filter((event) => event === 'open' || event === 'closed' || event === 'caught up')).toEqual(['open', 'closed', 'caught up']);
  expect(rig.delivered).toHaveLength(20);
  expect(rig.queue.state).toMatchObject({ queued: 0, blocked: 0, mode: 'direct', condition: WELL });
});

test('probes use up no attempts beyond the schedule: an outage kills nothing before its time', async () => {
  const rig = new Rig({ retry: { initial: 1000, factor: 2, max: 600_000, jitter: 0, attempts: 12 } });
  rig.queue.startDraining();
  rig.answer = () => DOWN;
  for (let i = 0; i < 5; i++) rig.offer(`${i}`, i);
  // The schedule takes 1623 seconds; a probe each half second would be some 3000.
  await time.run(1_500_000);
  expect(rig.store.dead.size).toBe(0);
  for (let i = 0; i < 5; i++) expect(rig.attempts.filter((id) => id === `${i}`).length).toBeLessThan(12);
});

test('a probe does not come before the time that the endpoint asked for', async () => {
  const rig = new Rig();
  rig.queue.startDraining();
  rig.answer = () => failed(429, 30_000);
  for (let i = 0; i < 3; i++) rig.offer(`${i}`, i);
  await time.run(29_000);
  expect(rig.attempts).toHaveLength(3);
  rig.answer = () => OK;
  await time.run(5000);
  expect(rig.delivered).toHaveLength(3);
});

test('with an open breaker and nothing stored, the next delivery is the probe, at once', async () => {
  const rig = new Rig({ retry: { initial: 1, factor: 1, max: 1, jitter: 0, attempts: 1 } });
  rig.queue.startDraining();
  rig.answer = () => DOWN;
  for (let i = 0; i < 3; i++) rig.offer(`${i}`, i);
  await time.run(5000);
  expect(rig.parked).toEqual([]);
  rig.answer = () => OK;
  rig.offer('next', 1);
  await time.run(50);
  expect(rig.delivered).toEqual(['next']);
  expect(rig.queue.state.condition.probeIn).toBeNull();
});

test('a breaker that closes while a probe is looked for goes on reading', async () => {
  const rig = new Rig({ concurrency: 4 });
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === 'slow' ? null : DOWN);
  rig.offer('slow', 99);
  for (let i = 0; i < 5; i++) rig.offer(`${i}`, i);
  await time.until(() => rig.events.includes('open'), 1000);
  // The probe's page is under way when the slow attempt, begun before, succeeds.
  let answerPage = (): void => undefined;
  rig.store.after = (method) => (method === 'page' ? new Promise((resolve) => (answerPage = resolve)) : undefined);
  await time.until(() => rig.store.calls.has('page'), 5000);
  rig.answer = () => OK;
  rig.waiting.get('slow')?.(OK);
  expect(rig.events).toContain('closed');
  rig.store.after = () => undefined;
  answerPage();
  await time.run(60_000);
  expect(rig.delivered).toHaveLength(6);
  expect(rig.queue.state).toMatchObject({ queued: 0, blocked: 0, mode: 'direct', condition: WELL });
});

test('a breaker that opens before the drain may start holds it back all the same', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.answer = () => DOWN;
  for (let i = 0; i < 10; i++) rig.offer(`${i}`, i);
  await time.run(50);
  rig.queue.startDraining();
  await time.run(400);
  expect(rig.attempts).toHaveLength(3);
  rig.answer = () => OK;
  await time.run(60_000);
  expect(rig.delivered).toHaveLength(10);
});

test('a store that fails while the queue catches up costs time and nothing else', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = () => DOWN;
  for (let i = 0; i < 3; i++) rig.offer(`${i}`, i);
  await time.until(() => rig.events.includes('open'), 1000);
  rig.answer = () => OK;
  let pages = 0;
  rig.store.fails = (method) => (method === 'page' && rig.queue.state.mode === 'holding' && pages++ < 3 ? 'before' : 'no');
  await time.until(() => rig.queue.state.mode === 'holding', 60_000);
  rig.offer('held', 9);
  await time.run(60_000);
  expect(pages).toBeGreaterThan(3);
  expect(rig.delivered.toSorted()).toEqual(['0', '1', '2', 'held']);
  expect(rig.queue.state.mode).toBe('direct');
});

test('a lane of thousands is read back page by page and in order, also when the breaker opens in between', async () => {
  const rig = new Rig({ concurrency: 2 });
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === '0' ? failed(400) : OK);
  for (let i = 0; i < 1500; i++) rig.offer(`${i}`, 1);
  await time.run(100);
  expect(rig.parked).toHaveLength(1500);
  rig.answer = () => OK;
  await time.until(() => rig.delivered.length === 30, 10_000);
  // Other lanes open the breaker while rows of this one wait in memory.
  rig.answer = ({ lane }) => (lane === 1 ? OK : DOWN);
  for (let i = 0; i < 3; i++) rig.offer(`bad ${i}`, 10 + i);
  await time.until(() => rig.events.includes('open'), 10_000);
  rig.answer = () => OK;
  expect(await time.until(() => rig.delivered.length === 1503, 600_000)).toBe(true);
  expect(rig.delivered.filter((id) => !id.startsWith('bad')).map(Number)).toEqual(Array.from({ length: 1500 }, (_, i) => i));
});

test('what is held while a lane is read is stored before what comes once everything goes through the store', async () => {
  const rig = new Rig({ concurrency: 1 }, { inFlight: 10, share: 1 });
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === 'a1' ? failed(400) : null);
  rig.offer('a1', 1);
  await time.run(5);
  rig.offer('b1', 2);
  let beginPage = (): void => undefined;
  rig.store.before = (method) => (method === 'page' ? new Promise((resolve) => (beginPage = resolve)) : undefined);
  await time.until(() => rig.store.calls.has('page'), 5000);
  rig.offer('a2', 1);
  await time.run(20);
  rig.queue.relieve();
  expect(rig.events).toContain('overflow');
  rig.offer('a3', 1);
  await time.run(20);
  rig.store.before = () => undefined;
  rig.answer = () => OK;
  beginPage();
  rig.waiting.get('b1')?.(OK);
  await time.run(5000);
  expect(rig.delivered).toEqual(['b1', 'a1', 'a2', 'a3']);
});

test('a breaker that opens and closes while a page is read leaves nothing behind in the store', async () => {
  // Lanes that failed are due so late that the page is one of the scan.
  const rig = new Rig({ concurrency: 4, retry: { initial: 60_000, factor: 1, max: 60_000, jitter: 0, attempts: 9 } }, { inFlight: 5000, share: 5000 });
  rig.queue.startDraining();
  rig.answer = () => DOWN;
  for (let i = 0; i < 1200; i++) rig.offer(`${i}`, i);
  await time.until(() => rig.events.includes('open'), 1000);
  rig.answer = () => OK;
  await time.until(() => rig.events.includes('closed'), 10_000);
  rig.answer = () => null;
  await time.until(() => rig.waiting.size === 4 && rig.queue.state.queued >= 500, 1000);
  // The next page is asked for as soon as there is room, and comes late.
  const pages: (() => void)[] = [];
  rig.store.after = (method) => (method === 'page' ? new Promise((resolve) => void pages.push(resolve)) : undefined);
  while (pages.length === 0) {
    for (const finish of [...rig.waiting.values()].slice(0, 1)) finish(OK);
    await time.run(5);
  }
  for (const finish of [...rig.waiting.values()].slice(0, 3)) finish(DOWN);
  expect(rig.events.at(-1)).toBe('open');
  await time.run(600);
  for (const finish of rig.waiting.values()) finish(OK);
  expect(rig.events.filter((event) => event === 'open' || event === 'closed')).toEqual(['open', 'closed', 'open', 'closed']);
  rig.store.after = () => undefined;
  rig.answer = () => OK;
  for (const answer of pages) answer();
  expect(await time.until(() => new Set(rig.delivered).size === 1200, 600_000)).toBe(true);
  await time.run(100);
  expect(rig.delivered).toHaveLength(1200);
  expect(rig.parked).toEqual([]);
});

test('nothing is read while enough is in memory, and nobody wakes to see that', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = () => failed(400);
  for (let lane = 0; lane < 700; lane++) for (let i = 0; i < 3; i++) rig.offer(`${lane}.${i}`, lane);
  await time.run(2000);
  expect(rig.parked).toHaveLength(2100);
  rig.answer = () => null;
  await time.run(5000);
  const { calls } = rig.store;
  const pages = calls.get('page');
  let steps = 0;
  const end = time.now + 1000;
  while (time.now < end && (await time.step())) steps++;
  expect(steps).toBeLessThan(20);
  expect(calls.get('page')).toBe(pages);
  expect(rig.queue.state.queued).toBeLessThan(1100);
});

test('large bodies are read back few at a time', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = () => failed(400);
  for (let i = 0; i < 300; i++) rig.offer(`${i}`, i % 3, { bytes: 2 * 1024 * 1024 });
  await time.run(500);
  rig.answer = () => null;
  await time.run(10_000);
  // Eight mebibytes are enough in memory, and what is read on top of them is no more than as many again.
  expect(rig.queue.state.queued).toBeLessThanOrEqual(8);
  rig.answer = () => OK;
  for (const finish of rig.waiting.values()) finish(OK);
  await time.until(() => rig.queue.state.queued < 5, 10_000);
  rig.store.largestPage = 0;
  expect(await time.until(() => rig.delivered.length === 300, 600_000)).toBe(true);
  expect(rig.store.largestPage).toBeLessThanOrEqual(4);
});

test('an endpoint that holds few but large deliveries is parked as well when it is too slow for them', async () => {
  const rig = new Rig({}, { inFlight: 1000, memory: 1000, share: 500 });
  rig.queue.startDraining();
  rig.answer = () => null;
  for (let i = 0; i < 10; i++) rig.offer(`${i}`, 1, { bytes: 100 });
  expect(rig.budget.full).toBe(true);
  await time.run(900);
  rig.queue.relieve();
  expect(rig.events).toEqual([]);
  await time.run(200);
  rig.queue.relieve();
  expect(rig.events).toEqual(['overflow']);
  await time.run(10);
  expect(rig.budget.full).toBe(false);
  expect(rig.parked).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
});

test('an overflow parks what waits, keeps the order, and ends once the endpoint has caught up', async () => {
  const rig = new Rig({ concurrency: 2 }, { inFlight: 2000, share: 500 });
  rig.queue.startDraining();
  rig.answer = () => null;
  for (let i = 0; i < 900; i++) rig.offer(`${i}`, i % 3);
  await time.run(1100);
  rig.queue.relieve();
  for (let i = 900; i < 1500; i++) rig.offer(`${i}`, i % 3);
  await time.run(10);
  // Besides the two that are being sent, only what was read back is in memory.
  expect(rig.budget.deliveries).toBe(2);
  expect(rig.parked.length).toBe(1498);
  rig.answer = () => OK;
  for (const finish of rig.waiting.values()) finish(OK);
  expect(await time.until(() => rig.parked.length === 0, 60_000)).toBe(true);
  expect(rig.events.filter((event) => !event.endsWith('delivered'))).toEqual(['overflow', 'caught up']);
  expect(rig.tracker.open).toBe(0);
  for (let lane = 0; lane < 3; lane++) {
    const ofLane = rig.delivered.map(Number).filter((id) => id % 3 === lane);
    expect(ofLane).toEqual(Array.from({ length: 500 }, (_, i) => 3 * i + lane));
  }
});

test('more lanes that fail than are remembered one by one go through the store', async () => {
  const rig = new Rig({ concurrency: 50, retry: { initial: 5000, factor: 2, max: 60_000, jitter: 0, attempts: 9 } }, { inFlight: 100_000, share: 100_000 });
  rig.queue.startDraining();
  rig.answer = () => failed(400);
  for (let lane = 0; lane < 10_500; lane++) rig.offer(`${lane}`, lane);
  await time.until(() => rig.queue.state.mode === 'storing', 60_000);
  await time.run(500);
  expect(rig.queue.state.blocked).toBeLessThan(10_100);
  expect(rig.parked).toHaveLength(10_500);
  rig.answer = () => OK;
  expect(await time.until(() => rig.delivered.length === 10_500 && rig.queue.state.mode === 'direct', 600_000)).toBe(true);
  await time.run(100);
  expect(rig.parked).toEqual([]);
}, 60_000);

test('what an earlier run parked comes before what is new in its lane, and at its time', async () => {
  const store = new MemoryParkingStore();
  const before = new Rig({}, { store });
  before.answer = () => failed(400);
  before.offer('a1', 1);
  before.offer('a2', 1);
  await time.run(100);
  const rig = new Rig({}, { store });
  expect(await rig.queue.restore()).toBe(10n);
  expect(rig.queue.state).toMatchObject({ blocked: 1, mode: 'direct' });
  // The stream brings what was parked, and what comes after it, again.
  rig.offer('a1', 1);
  rig.offer('a2', 1);
  rig.offer('a3', 1, { sequence: { commitLsn: 20n, ordinal: 1, nth: 0 } });
  rig.offer('b1', 2);
  await time.run(2000);
  expect(rig.attempts).toEqual(['b1']);
  rig.queue.startDraining();
  await time.run(100);
  expect(rig.attempts).toEqual(['b1', 'a1', 'a2', 'a3']);
});

test.for([1, 15, 40])('a rate of %s a second is neither passed nor wasted', async (rate) => {
  const rig = new Rig({ rate, concurrency: 4 });
  rig.queue.startDraining();
  for (let i = 0; i < rate * 20; i++) rig.offer(`${i}`, i);
  await time.run(10_000);
  expect(rig.delivered.length).toBeGreaterThanOrEqual(rate * 10 - 4);
  expect(rig.delivered.length).toBeLessThanOrEqual(rate * 10 + 2);
});

test('with a rate, concurrency is still used for slow answers', async () => {
  const rig = new Rig({ rate: 100, concurrency: 10 });
  rig.queue.startDraining();
  rig.answer = () => null;
  for (let i = 0; i < 50; i++) rig.offer(`${i}`, i);
  await time.run(1000);
  expect(rig.waiting.size).toBe(10);
});

test('close waits for what is being sent, and sends what is in memory', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  for (let i = 0; i < 5; i++) rig.offer(`${i}`, i);
  let isClosed = false;
  void rig.queue.close(patient()).then(() => (isClosed = true));
  await time.run(2);
  expect(isClosed).toBe(false);
  await time.until(() => isClosed, 1000);
  expect(rig.delivered).toHaveLength(5);
  expect(rig.tracker.open).toBe(0);
});

test('close parks the rest when its time is over, and what is being sent may end', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = () => null;
  for (let i = 0; i < 5; i++) rig.offer(`${i}`, i % 2);
  const late = new AbortController();
  let isClosed = false;
  void rig.queue.close(patient(late.signal)).then(() => (isClosed = true));
  await time.run(100);
  late.abort();
  await time.run(100);
  expect(isClosed).toBe(false);
  expect(rig.parked).toEqual(['1', '2', '3', '4']);
  rig.waiting.get('0')?.(OK);
  expect(await time.until(() => isClosed, 1000)).toBe(true);
  expect(rig.tracker.open).toBe(0);
  expect(time.pending).toBe(0);
});

test('what waits can be left to others: then close stores nothing, and sends only what was before it', async () => {
  const rig = new Rig({ concurrency: 2 });
  rig.queue.startDraining();
  rig.answer = () => null;
  for (let i = 0; i < 10; i++) rig.offer(`${i}`, i % 5);
  await time.run(2);
  expect(rig.queue.untouched.tickets.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  rig.queue.untouched.forget(4);
  expect(rig.queue.untouched.tickets.toSorted((a, b) => a - b)).toEqual([2, 3]);
  rig.answer = () => OK;
  for (const answer of rig.waiting.values()) answer(OK);
  let isClosed = false;
  void rig.queue.close(patient()).then(() => (isClosed = true));
  expect(await time.until(() => isClosed, 1000)).toBe(true);
  expect(rig.delivered).toEqual(['0', '1', '2', '3']);
  expect([rig.parked, rig.tracker.lowest, rig.budget.deliveries, rig.budget.bytes]).toEqual([[], 4, 0, 0]);
});

test('what is stored, and what waits for it, is not left to others', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === 'a0' ? failed(422) : OK);
  rig.offer('a0', 1);
  rig.offer('a1', 1);
  await time.run(100);
  rig.offer('a2', 1);
  expect(rig.queue.untouched.tickets).toEqual([]);
  rig.queue.untouched.forget(0);
  let isClosed = false;
  void rig.queue.close(patient()).then(() => (isClosed = true));
  expect(await time.until(() => isClosed, 1000)).toBe(true);
  expect([rig.parked, rig.tracker.open]).toEqual([['a0', 'a1', 'a2'], 0]);
});

test('close waits for what is held until the store has been read, and parks it', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = () => failed(400);
  rig.offer('a1', 1);
  await time.run(100);
  let answerPage = (): void => undefined;
  rig.store.after = (method) => (method === 'page' ? new Promise((resolve) => (answerPage = resolve)) : undefined);
  await time.until(() => rig.store.calls.has('page'), 5000);
  rig.offer('a2', 1);
  let isClosed = false;
  void rig.queue.close(patient()).then(() => (isClosed = true));
  await time.run(100);
  expect(isClosed).toBe(false);
  answerPage();
  expect(await time.until(() => isClosed, 1000)).toBe(true);
  expect(rig.parked).toEqual(['a1', 'a2']);
  expect(rig.tracker.open).toBe(0);
  await time.run(60_000);
  expect(time.pending).toBe(0);
});

test.for(['with nothing to do', 'with nothing started', 'while the breaker is open', 'while the rate makes it wait', 'twice'])('close %s leaves no timer behind', async (how) => {
  const rig = new Rig(how === 'while the rate makes it wait' ? { rate: 0.01 } : {});
  if (how !== 'with nothing started') rig.queue.startDraining();
  if (how !== 'with nothing to do' && how !== 'with nothing started') {
    rig.answer = () => DOWN;
    for (let i = 0; i < 5; i++) rig.offer(`${i}`, i);
    await time.run(100);
  }
  let closes = 0;
  void rig.queue.close(patient(AbortSignal.abort())).then(() => closes++);
  if (how === 'twice') void rig.queue.close(patient(AbortSignal.abort())).then(() => closes++);
  expect(await time.until(() => closes === (how === 'twice' ? 2 : 1), 1000)).toBe(true);
  expect(rig.tracker.open).toBe(0);
  await time.run(10_000);
  expect(time.pending).toBe(0);
});

test('a probe is found behind a page of rows whose lanes wait', async () => {
  const rig = new Rig({ retry: { initial: 3_600_000, factor: 1, max: 3_600_000, jitter: 0, attempts: 9 } });
  rig.queue.startDraining();
  const refusing = ({ id }: { readonly id: string }) => (id === 'a0' ? failed(422) : OK);
  rig.answer = refusing;
  for (let i = 0; i < 600; i++) rig.offer(`a${i}`, 1);
  await time.run(500);
  rig.answer = (delivery) => (delivery.id === 'a0' ? failed(422) : failed(503));
  for (let i = 0; i < 3; i++) {
    rig.offer(`b${i}`, 10 + i);
    await time.run(100);
  }
  rig.answer = refusing;
  for (let i = 0; i < 20; i++) rig.offer(`c${i}`, 100 + i);
  await time.run(60_000);
  expect(rig.delivered.filter((id) => id.startsWith('c'))).toHaveLength(20);
});
