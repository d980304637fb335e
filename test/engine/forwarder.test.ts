import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Tracker } from '../../src/checkpoint/tracker.ts';
import type { Config } from '../../src/config.ts';
import type { EngineRecord, Producer } from '../../src/engine/port.ts';
import { TooLarge } from '../../src/engine/too-large.ts';
import { Forwarder } from '../../src/forwarder.ts';
import type { Notice } from '../../src/notice.ts';
import { endpointAt, deliveryOf } from '../deliver/endpoint.ts';
import { MemoryParkingStore } from '../support/memory-parking-store.ts';

/** A broker whose calls end when the test says so. */
class HeldProducer implements Producer {
  readonly problem = null;
  readonly calls: { readonly records: readonly EngineRecord[]; readonly done: () => void; readonly fail: (error: Error) => void }[] = [];
  #waiting: (() => void) | null = null;

  produce(records: readonly EngineRecord[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.calls.push({ records, done: resolve, fail: reject });
    this.#waiting?.();
    return promise;
  }

  /** The nth call, once it is made. */
  async call(nth: number): Promise<(typeof this.calls)[number]> {
    while (this.calls.length <= nth) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    const call = this.calls[nth];
    if (call === undefined) throw new Error('it has been waited for');
    return call;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function rig(limits: Partial<Config['limits']> = {}) {
  const producer = new HeldProducer();
  const store = new MemoryParkingStore();
  const tracker = new Tracker(0);
  const told: string[] = [];
  const notices: Notice[] = [];
  const config = { endpoints: [endpointAt('https://crm.example.com/')], limits: { in_flight: 1000, memory: 1e9, shutdown: 1000, ...limits } } as unknown as Config;
  const forwarder = new Forwarder({
    config,
    partitions: 4,
    log: pino({ level: 'silent' }),
    producer,
    store,
    tickets: { take: () => tracker.take(), settle: (ticket) => tracker.settle(ticket) },
    onFull: () => void told.push('full'),
    onRelief: () => void told.push('relief'),
    onHeld: () => undefined,
    onNotice: (notice) => void notices.push(notice),
    onBroken: (error) => void told.push(String(error)),
    history: null,
  });
  const offer = (id: string, settled?: () => void): void => forwarder.queues.get('crm')?.offer({ ...deliveryOf(id, '{}'), bytes: 600 }, settled);
  return { producer, store, tracker, told, notices, forwarder, offer };
}

test('a delivery is in flight until the broker has it, and one call is made at a time', async () => {
  const { producer, tracker, forwarder, offer } = rig();
  offer('a');
  offer('b');
  tracker.mark(1);
  const first = await producer.call(0);
  expect(first.records.map(({ value }) => value)).toEqual(['{}', '{}']);
  offer('c');
  tracker.mark(2);
  await new Promise((resolve) => setImmediate(resolve));
  expect({ safe: tracker.safe, calls: producer.calls.length, queued: forwarder.status[0]?.queued }).toEqual({ safe: 0, calls: 1, queued: 3 });
  first.done();
  const second = await producer.call(1);
  expect({ safe: tracker.safe, left: tracker.open }).toEqual({ safe: 1, left: 1 });
  second.done();
  await forwarder.close({ spill: AbortSignal.timeout(1e6), abandon: AbortSignal.timeout(1e6) });
  expect({ safe: tracker.safe, forwarded: forwarder.engine, deliveries: forwarder.budget.deliveries }).toMatchObject({ safe: 2, deliveries: 0 });
});

test('while the broker takes nothing memory fills, reading rests, and it goes on when the broker does', async () => {
  const { producer, told, offer } = rig({ in_flight: 10 });
  for (let n = 0; n < 10; n++) offer(String(n));
  expect(told).toEqual(['full']);
  (await producer.call(0)).done();
  await expect.poll(() => told).toEqual(['full', 'relief']);
});

test('what is too large for the broker is dead, and told; the others of its call are not', async () => {
  const { producer, store, tracker, notices, offer } = rig();
  for (const id of ['a', 'b', 'c']) offer(id);
  tracker.mark(1);
  (await producer.call(0)).fail(new TooLarge([1], 'walhook'));
  await expect.poll(() => tracker.safe).toBe(1);
  expect([...store.dead.values()].map(({ id }) => id)).toEqual(['b']);
  expect(notices).toMatchObject([{ type: 'delivery.dead', id: 'b', reason: expect.stringContaining('larger than the broker takes') }]);
});

test('an error that cannot pass ends it: nothing of that call, nor after it, is settled', async () => {
  const { producer, tracker, told, offer } = rig();
  offer('a');
  tracker.mark(1);
  (await producer.call(0)).fail(new Error('not authorized'));
  await expect.poll(() => told).toEqual(['Error: not authorized']);
  offer('b');
  expect({ safe: tracker.safe, calls: producer.calls.length }).toEqual({ safe: 0, calls: 1 });
});

test('a close that is not to wait for the broker any more leaves the rest unsettled', async () => {
  const { producer, tracker, forwarder, offer } = rig();
  offer('a');
  tracker.mark(1);
  await producer.call(0);
  const abandon = new AbortController();
  const closed = forwarder.close({ spill: abandon.signal, abandon: abandon.signal });
  abandon.abort();
  await closed;
  expect(tracker.safe).toBe(0);
});

test('a delivery of a backfill tells its own, and takes no ticket', async () => {
  const { producer, tracker, offer } = rig();
  let settled = 0;
  offer('a', () => settled++);
  expect({ open: tracker.open, settled }).toEqual({ open: 0, settled: 0 });
  (await producer.call(0)).done();
  await expect.poll(() => settled).toBe(1);
});

test('a pause is stored for the workers, and shown', async () => {
  const { store, forwarder } = rig();
  await forwarder.pause('crm', 'by Ann');
  expect(await store.condition('crm')).toMatchObject({ state: 'paused', reason: 'by Ann' });
  expect(forwarder.status).toMatchObject([{ name: 'crm', condition: 'paused', reason: 'by Ann' }]);
  expect(forwarder.pause('none', '')).toBeNull();
  await forwarder.resume('crm');
  expect(forwarder.status).toMatchObject([{ condition: 'active' }]);
});
