import { afterEach, beforeEach, expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { Writer } from '../../src/queue/writer.ts';
import { deliveryOf } from '../deliver/endpoint.ts';
import { keyOf, MemoryParkingStore } from '../support/memory-parking-store.ts';
import { VirtualTime } from '../support/virtual-time.ts';

let time: VirtualTime;
let store: MemoryParkingStore;
let writer: Writer;
let log: string[];
beforeEach(() => {
  time = VirtualTime.install();
  store = new MemoryParkingStore();
  log = [];
  writer = new Writer(store, { onError: () => log.push('error'), onRecovered: () => log.push('recovered'), onFenced: () => log.push('fenced') });
});
afterEach(() => time.uninstall());

const failure = { failure: 'status', status: 500, message: '', response: '' } as const;

function park(id: string): void {
  writer.park({ delivery: deliveryOf(id, ''), attempts: 0, failure: null, dueIn: 0 }, () => {
    expect(store.parked.has(keyOf('crm', id))).toBe(true);
    log.push(id);
  });
}

test('says that something is durable once it is, and not before', async () => {
  let stored = (): void => undefined;
  store.after = () => new Promise((resolve) => (stored = resolve));
  park('a');
  await time.run(5);
  expect(log).toEqual([]);
  stored();
  await time.settle();
  expect(log).toEqual(['a']);
});

test('what comes in one turn goes into one batch, and what comes while it is written and shortly after into the next', async () => {
  let stored = (): void => undefined;
  store.after = () => new Promise((resolve) => (stored = resolve));
  for (const id of ['a', 'b', 'c']) park(id);
  await time.run(1);
  for (const id of ['d', 'e']) park(id);
  stored();
  await time.run(10);
  park('f');
  expect(store.calls.get('park')).toBe(1);
  await time.run(20);
  stored();
  await time.run(1);
  expect(log).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  expect(store.calls.get('park')).toBe(2);
});

test('nothing is gathered for longer once much has come, or once somebody waits for it', async () => {
  park('first');
  await time.run(1);
  for (let i = 0; i < 99; i++) park(`${i}`);
  await time.run(5);
  expect(log).toHaveLength(1);
  park('hundredth');
  await time.run(1);
  expect(log).toHaveLength(101);
  park('last');
  let isFlushed = false;
  void writer.flushed().then(() => (isFlushed = true));
  await time.run(1);
  expect(isFlushed).toBe(true);
});

test('after a while in which nothing came, what comes is written at once', async () => {
  park('first');
  await time.run(1000);
  park('second');
  await time.run(1);
  expect(log).toEqual(['first', 'second']);
});

test('a large number goes in several batches, in order', async () => {
  for (let i = 0; i < 4500; i++) park(`${i}`);
  await writerIsFlushed();
  expect(store.calls.get('park')).toBe(3);
  expect(log).toEqual(Array.from({ length: 4500 }, (_, i) => `${i}`));
});

test('large bodies go in batches of a few, so that one statement can hold them', async () => {
  const delivery = (id: string, megabytes: number) => ({ ...deliveryOf(id, ''), bytes: megabytes * 1024 * 1024 });
  for (const [id, megabytes] of [['a', 5], ['b', 5], ['c', 100], ['d', 1]] as const) {
    writer.park({ delivery: delivery(id, megabytes), attempts: 0, failure: null, dueIn: 0 }, () => log.push(id));
  }
  await writerIsFlushed();
  expect(store.calls.get('park')).toBe(3);
  expect(log).toEqual(['a', 'b', 'c', 'd']);
});

test('a batch that fails is tried until it is durable, also if it was durable after all', async () => {
  const fates = ['before', 'after', 'before', 'no'] as const;
  let call = 0;
  store.fails = () => fates[call++] ?? 'no';
  park('a');
  writer.bury({ delivery: deliveryOf('b', ''), attempts: 1, failure }, () => log.push('b'));
  await writerIsFlushed();
  expect(log).toEqual(['error', 'error', 'error', 'recovered', 'a', 'b']);
  expect([...store.parked.keys(), ...store.dead.keys()]).toEqual([keyOf('crm', 'a'), keyOf('crm', 'b')]);
});

test('waits longer each time, up to five seconds', async () => {
  store.fails = () => 'before';
  park('a');
  await time.run(60_000);
  const tries = log.length;
  expect(tries).toBeGreaterThan(10);
  expect(tries).toBeLessThan(20);
});

test('settles what became of parked deliveries, for each endpoint', async () => {
  const other = { ...deliveryOf('a', ''), request: { ...deliveryOf('a', '').request, endpoint: 'erp' } };
  for (const id of ['a', 'b', 'c']) park(id);
  writer.park({ delivery: other, attempts: 0, failure: null, dueIn: 0 }, () => undefined);
  await writerIsFlushed();
  writer.delivered('crm', 'a', () => log.push('delivered'));
  writer.failed('crm', { id: 'b', attempts: 3, failure, dueIn: 100 }, () => log.push('failed'));
  writer.dead('crm', { id: 'c', attempts: 9, failure }, () => log.push('dead'));
  await writerIsFlushed();
  expect(log.slice(-3)).toEqual(['delivered', 'failed', 'dead']);
  expect(store.of('crm').map(({ delivery, attempts }) => [delivery.id, attempts])).toEqual([['b', 3]]);
  expect(store.of('erp')).toHaveLength(1);
  expect([...store.dead.keys()]).toEqual([keyOf('crm', 'c')]);
});

test('flushed waits for what came before it, and for nothing else', async () => {
  await writer.flushed();
  let stored = (): void => undefined;
  store.after = () => new Promise((resolve) => (stored = resolve));
  park('a');
  void writer.flushed().then(() => log.push('flushed'));
  await time.run(1);
  park('b');
  stored();
  await time.run(1);
  expect(log).toEqual(['a', 'flushed']);
});

test('stopped, it gives up: nothing is said to be durable any more', async () => {
  store.fails = () => 'before';
  park('a');
  void writer.flushed().catch(() => log.push('not flushed'));
  await time.run(50);
  store.fails = () => 'no';
  writer.stop();
  writer.stop();
  park('b');
  await time.run(60_000);
  expect(log).toEqual(['error', 'not flushed']);
  expect(time.pending).toBe(0);
});

async function writerIsFlushed(): Promise<void> {
  let isFlushed = false;
  void writer.flushed().then(() => (isFlushed = true));
  expect(await time.until(() => isFlushed, 60_000)).toBe(true);
}

test('one that is refused does not keep the others, and is written without what its endpoint said in other than ASCII', async () => {
  const refused = new WalhookError('SQLSTATE 22P05', { code: 'state_refused' });
  const stored = new Map<string, string | undefined>();
  const take = store.park.bind(store);
  store.park = (batch) => {
    if (batch.some((parking) => /[^ -~]/.test(parking.failure?.response ?? ''))) return Promise.reject(refused);
    for (const { delivery, failure: why } of batch) stored.set(delivery.id, why?.response);
    return take(batch);
  };
  const done: string[] = [];
  for (let i = 0; i < 9; i++) {
    const response = i === 5 ? 'désolé' : 'sorry';
    writer.park({ delivery: deliveryOf(`${i}`, ''), attempts: 1, failure: { ...failure, response }, dueIn: 0 }, () => done.push(`${i}`));
  }
  await time.run(50);
  expect(done).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
  expect([stored.get('4'), stored.get('5')]).toEqual(['sorry', 'd?sol?']);
  expect(log).toEqual([]);
});

test('who waits when another process has taken over is told so, and so is who asks afterwards', async () => {
  store.fails = () => {
    throw new WalhookError('another one has taken over', { code: 'fenced' });
  };
  park('a');
  const asked = writer.flushed();
  await expect(Promise.all([asked, time.run(10)])).rejects.toMatchObject({ code: 'fenced' });
  park('b');
  await expect(writer.flushed()).rejects.toMatchObject({ code: 'fenced' });
  writer.stop();
  await expect(writer.flushed()).rejects.toMatchObject({ code: 'fenced' });
});

test('who waits when it is stopped is told so; what was durable by then is', async () => {
  park('a');
  await writerIsFlushed();
  store.fails = () => 'before';
  park('b');
  const asked = writer.flushed();
  asked.catch(() => undefined);
  await time.run(500);
  writer.stop();
  await expect(asked).rejects.toMatchObject({ code: 'stopping', hint: expect.stringContaining('ask again') });
  expect(log.filter((entry) => entry !== 'error')).toEqual(['a']);
  const idle = new Writer(store, { onError: () => undefined, onRecovered: () => undefined, onFenced: () => undefined });
  idle.stop();
  await idle.flushed();
});
