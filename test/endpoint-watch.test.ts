import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { edges, EndpointWatch } from '../src/endpoint-watch.ts';
import { type EndpointMark, UNMARKED } from '../src/store/endpoint-marks.ts';
import { DOWN, OK, Rig } from './queue/rig.ts';
import { VirtualTime } from './support/virtual-time.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

function mark(changes: Partial<EndpointMark>): EndpointMark {
  return { ...UNMARKED, ...changes };
}

test('an edge is what differs between two looks, and an endpoint without a mark is as one that is well', () => {
  const before = new Map([['a', mark({ touched: '3' })], ['b', mark({ state: 'paused', reason: 'r' })], ['c', mark({ rotation: 'x' })], ['d', mark({})], ['g', mark({ written: '1' })]]);
  const now = new Map([['a', mark({ touched: '4' })], ['b', mark({ state: 'paused', reason: 's' })], ['d', mark({})], ['e', mark({ state: 'disabled' })], ['f', mark({})], ['g', mark({ written: '2' })]]);
  expect(edges(before, now)).toEqual([
    { endpoint: 'a', said: null, touched: true, rotated: false },
    { endpoint: 'b', said: { state: 'paused', reason: 's' }, touched: false, rotated: false },
    { endpoint: 'c', said: null, touched: false, rotated: true },
    { endpoint: 'g', said: { state: 'active', reason: null }, touched: false, rotated: false },
    { endpoint: 'e', said: { state: 'disabled', reason: null }, touched: false, rotated: false },
  ]);
  expect(edges(now, now)).toEqual([]);
});

/** A queue, and a watch whose state schema says what the test says. */
function watched(endpoint: ConstructorParameters<typeof Rig>[0] = {}) {
  const rig = new Rig(endpoint);
  rig.queue.startDraining();
  const marks = new Map<string, EndpointMark>();
  const told = { rereads: 0, refreshes: 0, looks: 0, fails: false };
  const watch = new EndpointWatch({
    marks: async () => {
      told.looks++;
      if (told.fails) throw new Error('the database is away');
      return new Map(marks);
    },
    queues: new Map([
      [
        'crm',
        {
          get state() {
            return rig.queue.state;
          },
          hear: (said) => rig.queue.hear(said),
          refresh: () => {
            told.refreshes++;
            return rig.queue.refresh();
          },
        },
      ],
    ]),
    store: rig.store,
    rotating: { reread: async () => void told.rereads++ },
    interval: 1_000,
    log: pino({ level: 'silent' }),
  });
  return { rig, marks, told, watch, look: () => Promise.all([watch.look(), time.run(100)]) };
}

test('what another process says of an endpoint is done here, and not stored again', async () => {
  const { rig, marks, look } = watched();
  await look();
  marks.set('crm', mark({ state: 'paused', reason: 'maintenance' }));
  await look();
  expect(rig.queue.state.condition).toMatchObject({ state: 'paused', reason: 'maintenance' });
  rig.offer('a', 1);
  await time.run(100);
  expect([rig.attempts, rig.parked]).toEqual([[], ['a']]);
  marks.delete('crm');
  await look();
  await time.run(1_000);
  expect(rig.queue.state.condition).toMatchObject({ state: 'active', reason: null });
  expect(rig.delivered).toEqual(['a']);
  expect(rig.store.calls.get('remember')).toBeUndefined();
});

test('how things were at the first look is no news: the queues are restored after it', async () => {
  const { rig, marks, told, look } = watched();
  marks.set('crm', mark({ state: 'paused', reason: 'r', touched: '7', rotation: 'x' }));
  await look();
  await look();
  expect(rig.queue.state.condition.state).toBe('active');
  expect(told).toMatchObject({ rereads: 0, refreshes: 0 });
});

test('what was done here is seen and is done already; a breaker that opens and closes here undoes no pause', async () => {
  const { rig, marks, look } = watched({ breaker: { failures: 1, open: 10 } });
  await look();
  // Somebody pauses elsewhere, which is not seen here yet.
  rig.store.conditions.set('crm', { state: 'paused', reason: 'elsewhere', failingFor: null, probeIn: null });
  rig.answer = () => DOWN;
  rig.offer('a', 1);
  await time.run(5);
  rig.answer = () => OK;
  await time.run(10_000);
  expect(rig.events).toEqual(expect.arrayContaining(['open', 'closed']));
  expect(rig.store.conditions.get('crm')).toMatchObject({ state: 'paused', reason: 'elsewhere', failingFor: null, probeIn: null });
  await Promise.all([rig.queue.resume(), time.run(100)]);
  expect(rig.store.conditions.get('crm')).toMatchObject({ state: 'active', reason: null });
  await Promise.all([rig.queue.pause('here'), time.run(100)]);
  const remembered = rig.store.calls.get('remember');
  marks.set('crm', mark({ state: 'paused', reason: 'here' }));
  await look();
  expect(rig.store.calls.get('remember')).toBe(remembered);
});

test('stored deliveries are read again when somebody touched them, but not while none is here', async () => {
  const { rig, marks, told, look } = watched();
  await look();
  marks.set('crm', mark({ touched: '1' }));
  await look();
  expect(told.refreshes).toBe(0);
  const replayed = rig.delivery('replayed', 1);
  await Promise.all([rig.store.park([{ delivery: replayed, attempts: 0, failure: null, dueIn: 0 }]), time.run(10)]);
  marks.set('crm', mark({ touched: '2' }));
  marks.set('gone', mark({ touched: '2', state: 'paused' }));
  await look();
  await time.run(1_000);
  expect([told.refreshes, rig.delivered]).toEqual([1, ['replayed']]);
});

test('secrets are read again when a rotation begins, changes or ends', async () => {
  const { marks, told, look } = watched();
  await look();
  for (const rotation of ['x', 'y', null]) {
    marks.set('crm', mark({ rotation }));
    marks.set('other', mark({ rotation }));
    await look();
  }
  expect(told.rereads).toBe(3);
});

test('it looks once in each interval until it is stopped, and what happened while it could not is seen afterwards', async () => {
  const { rig, marks, told, watch, look } = watched();
  await look();
  watch.start();
  await time.run(2_500);
  expect(told.looks).toBe(3);
  told.fails = true;
  marks.set('crm', mark({ state: 'paused', reason: 'r' }));
  await time.run(2_000);
  expect(rig.queue.state.condition.state).toBe('active');
  told.fails = false;
  await time.run(1_000);
  expect(rig.queue.state.condition.state).toBe('paused');
  watch.stop();
  const { looks } = told;
  await time.run(5_000);
  expect(told.looks).toBe(looks);
});
