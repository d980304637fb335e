import { expect, test } from 'vitest';
import { resyncOf } from '../../src/store/resync.ts';
import { heldStore } from '../../src/store/held.ts';
import { Standing } from '../../src/queue/standing.ts';
import { Writer } from '../../src/queue/writer.ts';
import { rotationStore } from '../../src/store/rotations.ts';
import { endpointMarks, UNMARKED } from '../../src/store/endpoint-marks.ts';
import { type Generation, workerState } from '../../src/worker-state.ts';
import { endpointAt } from '../deliver/endpoint.ts';
import { failed, OK } from '../queue/rig.ts';
import { arrived, delivery, DOWN, parking } from './delivery.ts';
import { testState, type TestState } from './state.ts';

const PARTITIONS = 4;

async function generation({ state }: TestState, parts: readonly number[]): Promise<Generation> {
  const taken = workerState(state, { slot: 'walhook', partitions: PARTITIONS }).generation(parts);
  await taken.takeOver();
  return taken;
}

test('each change of what is stored, but by a queue, counts the endpoint up, and nothing else does', async () => {
  const found = await testState();
  const { state, owner } = found;
  const one = await generation(found, [0, 1, 2, 3]);
  const touched = async (): Promise<string> => ((await endpointMarks(state)).get('crm') ?? UNMARKED).touched;
  const places = [1, 2, 3].map((place) => delivery(place));
  await one.parking.park(places.map((item) => parking(item)));
  await one.parking.settle({ endpoint: 'crm', delivered: ['id-1-0'], failed: [], dead: [{ id: 'id-2-0', attempts: 1, failure: DOWN }] });
  await one.parking.remember('crm', { state: 'active', reason: null, failingFor: 5, probeIn: null });
  expect(await touched()).toBe('0');
  await one.deliveries.discard({ fate: 'parked', ids: ['nothing'] });
  await one.deliveries.prune({ keep: null, most: 5 });
  expect(await touched()).toBe('0');
  await one.deliveries.replay({ fate: 'dead' });
  expect(await touched()).toBe('1');
  await one.deliveries.discard({ fate: 'parked', endpoint: 'crm' });
  expect(await touched()).toBe('2');
  await one.parking.bury([{ delivery: delivery(8), attempts: 1, failure: DOWN }]);
  await one.deliveries.discard({ fate: 'dead' });
  expect(await touched()).toBe('2');
  await one.history.tend(86_400_000);
  await one.history.save([arrived(9), arrived(10, { endpoint: 'billing' })]);
  await one.history.replay({ endpoint: 'crm' });
  expect(await touched()).toBe('3');
  expect((await endpointMarks(state)).has('billing')).toBe(false);
  const key = { id: '7' };
  await one.parking.hold([{ hook: 'h', endpoint: 'crm', row: 'r', key, dueAt: 1_780_000_000_000, id: 'id-7', commitLsn: 7n, ordinal: 1 }]);
  await found.database.sql(`update walhook.held set due_at = now() - interval '1 hour'`);
  const held = heldStore(state, owner);
  const [row] = await held.due('h', { grace: 0, limit: 10 });
  if (row === undefined) throw new Error('it is due');
  expect(await touched()).toBe('3');
  await held.release([{ row, delivery: delivery(20), failure: null }]);
  expect(await touched()).toBe('4');
  await held.release([{ row, delivery: delivery(20), failure: null }]);
  expect(await touched()).toBe('4');
  await one.parking.bury([{ delivery: delivery(21), attempts: 1, failure: DOWN }]);
  await resyncOf(owner).renumberParked();
  expect(await touched()).toBe('5');
  await resyncOf(owner).renumberParked();
  expect(await touched()).toBe('5');
  // Counted, it is still as it was.
  expect((await endpointMarks(state)).get('crm')).toEqual({ ...UNMARKED, touched: '5', written: expect.stringMatching(/^\d+$/) });
});

test('marks tell of an endpoint that has a rotation alone, and of each rotation apart', async () => {
  const { state, owner } = await testState();
  const rotations = rotationStore(state, owner);
  expect(await endpointMarks(state)).toEqual(new Map());
  const save = (fingerprint: string) => rotations.save({ endpoint: 'crm', sealed: Buffer.from('sealed'), fingerprint: Buffer.from(fingerprint), grace: 1_000 });
  const seen: unknown[] = [];
  for (const fingerprint of ['one', 'two']) {
    await save(fingerprint);
    const marks = await endpointMarks(state);
    expect(marks).toEqual(new Map([['crm', { ...UNMARKED, rotation: expect.any(String) }]]));
    seen.push(marks.get('crm')?.rotation);
  }
  expect(new Set(seen).size).toBe(2);
  // A rotation that another has replaced is not there to be forgotten.
  await rotations.remove({ endpoint: 'crm', fingerprint: Buffer.from('one') });
  expect(await rotations.list()).toHaveLength(1);
  await rotations.remove({ endpoint: 'crm', fingerprint: Buffer.from('two') });
  expect(await endpointMarks(state)).toEqual(new Map());
});

/** How an endpoint does at one worker, as its queue keeps it. */
function standing({ parking: store }: Generation) {
  const writer = new Writer(store, { onError: () => undefined, onRecovered: () => undefined, onFenced: () => undefined });
  const kept = new Standing({
    endpoint: endpointAt('http://127.0.0.1/', { breaker: { failures: 1, open: 1_000 }, disable_after: null }),
    remember: (...told) => writer.remember('crm', ...told),
    onHalt: () => undefined,
    onResume: () => undefined,
    tell: () => undefined,
  });
  return { kept, flushed: () => writer.flushed() };
}

test('one worker pauses an endpoint, and the breaker of another that does not know of it opens and closes: it is still paused', async () => {
  const found = await testState();
  const [one, two] = [await generation(found, [0, 1]), await generation(found, [2, 3])];
  const [here, there] = [standing(one), standing(two)];
  const condition = () => two.parking.condition('crm');
  there.kept.outcome(failed(500), 0);
  await there.flushed();
  expect(await condition()).toMatchObject({ state: 'active', probeIn: expect.any(Number) });
  here.kept.pause('maintenance');
  await here.flushed();
  there.kept.outcome(failed(500), 2_000);
  await there.flushed();
  expect(await condition()).toMatchObject({ state: 'paused', reason: 'maintenance', failingFor: expect.any(Number), probeIn: expect.any(Number) });
  there.kept.outcome(OK, 10_000_000);
  await there.flushed();
  expect(await condition()).toEqual({ state: 'paused', reason: 'maintenance', failingFor: null, probeIn: null });
  // A decision counts, also of one who did not know of the other's, and together with what its breaker says.
  there.kept.resume();
  there.kept.outcome(failed(500), 10_000_001);
  await there.flushed();
  expect(await condition()).toMatchObject({ state: 'active', reason: null, failingFor: expect.any(Number) });
  here.kept.hear(await condition());
  expect(here.kept.isActive).toBe(true);
});
