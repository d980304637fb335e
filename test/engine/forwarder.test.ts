import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Tracker } from '../../src/checkpoint/tracker.ts';
import type { Config } from '../../src/config.ts';
import type { EngineRecord, Parcel, Producer } from '../../src/engine/port.ts';
import { TooLarge } from '../../src/engine/too-large.ts';
import { Forwarder } from '../../src/forwarder.ts';
import type { Notice } from '../../src/notice.ts';
import { endpointAt, deliveryOf } from '../deliver/endpoint.ts';
import { MemoryParkingStore } from '../support/memory-parking-store.ts';

/** A broker that takes records when the test says so. */
class HeldProducer implements Producer {
  readonly problem = null;
  readonly added: { readonly record: EngineRecord; readonly parcel: Parcel }[] = [];

  add(record: EngineRecord, parcel: Parcel): void {
    this.added.push({ record, parcel });
  }

  /** The broker has the nth. */
  take(nth: number): void {
    this.added[nth]?.parcel.taken();
  }

  refuse(nth: number): void {
    const { record, parcel } = this.added[nth] ?? expect.fail();
    parcel.tooLarge(record, new TooLarge('walhook'));
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

test('a delivery is in flight until the broker has it', async () => {
  const { producer, tracker, forwarder, offer } = rig();
  offer('a');
  offer('b');
  tracker.mark(1);
  expect(producer.added.map(({ record: { value } }) => value)).toEqual(['{}', '{}']);
  offer('c');
  tracker.mark(2);
  expect({ safe: tracker.safe, queued: forwarder.status[0]?.queued }).toEqual({ safe: 0, queued: 3 });
  producer.take(1);
  expect(tracker.safe).toBe(0);
  producer.take(0);
  expect({ safe: tracker.safe, left: tracker.open }).toEqual({ safe: 1, left: 1 });
  const closed = forwarder.close({ spill: AbortSignal.timeout(1e6), abandon: AbortSignal.timeout(1e6) });
  producer.take(2);
  await closed;
  expect({ safe: tracker.safe, queued: forwarder.status[0]?.queued, deliveries: forwarder.budget.deliveries, bytes: forwarder.budget.bytes }).toEqual({ safe: 2, queued: 0, deliveries: 0, bytes: 0 });
});

test('while the broker takes nothing memory fills, reading rests, and it goes on when the broker does', () => {
  const { producer, told, offer } = rig({ in_flight: 10 });
  for (let n = 0; n < 10; n++) offer(String(n));
  expect(told).toEqual(['full']);
  for (let n = 0; n < 10; n++) producer.take(n);
  expect(told).toEqual(['full', 'relief']);
});

test('what is too large for the broker is dead, as it was, and told; the others are not', async () => {
  const { producer, store, tracker, notices, offer } = rig();
  for (const id of ['a', 'b', 'c']) offer(id);
  tracker.mark(1);
  producer.take(0);
  producer.refuse(1);
  producer.take(2);
  await expect.poll(() => tracker.safe).toBe(1);
  const { bytes: _, ...delivery } = deliveryOf('b', '{}');
  expect([...store.dead.values()]).toMatchObject([delivery]);
  expect(notices).toMatchObject([{ type: 'delivery.dead', id: 'b', reason: expect.stringContaining('larger than the broker takes') }]);
});

test('a close that is not to wait for the broker any more leaves the rest unsettled', async () => {
  const { tracker, forwarder, offer } = rig();
  offer('a');
  tracker.mark(1);
  const abandon = new AbortController();
  const closed = forwarder.close({ spill: abandon.signal, abandon: abandon.signal });
  abandon.abort();
  await closed;
  expect(tracker.safe).toBe(0);
});

test('a delivery of a backfill tells its own, and takes no ticket', () => {
  const { producer, tracker, offer } = rig();
  let settled = 0;
  offer('a', () => settled++);
  expect({ open: tracker.open, settled }).toEqual({ open: 0, settled: 0 });
  producer.take(0);
  expect(settled).toBe(1);
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

test('how an endpoint does is not shown: it is the workers’ to tell, and may have changed since', async () => {
  const { store, forwarder } = rig();
  await store.remember('crm', { state: 'paused', reason: 'by Ann', failingFor: 17_000, probeIn: 5_000 });
  await forwarder.restore();
  expect(forwarder.status).toMatchObject([{ condition: 'paused', reason: 'by Ann', failing_for: null, breaker: 'closed', probe_in: null }]);
});
