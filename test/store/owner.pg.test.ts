import { expect, test } from 'vitest';
import type { Settlement } from '../../src/queue/port.ts';
import { checkpointStore } from '../../src/store/checkpoint.ts';
import { Ownership } from '../../src/store/owner.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { resyncOf } from '../../src/store/resync.ts';
import { rotationStore } from '../../src/store/rotations.ts';
import { storedDeliveries } from '../../src/store/stored-deliveries.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { delivery, DOWN, parking } from './delivery.ts';
import { testState, type TestState } from './state.ts';

const STREAM = { systemId: '7710553052428406805', timeline: 1, publication: 'walhook' };
const NOTHING: Settlement = { endpoint: 'crm', delivered: [], failed: [], dead: [] };
const AT = { lsn: 900n, within: null };

/** All that is stored, as text. */
async function contents(database: TestDatabase): Promise<unknown[]> {
  const tables = ['parked', 'dead', 'checkpoint', 'endpoint', 'owner', 'rotation'].map((table) => `select '${table}' as name, to_jsonb(t)::text as row from walhook.${table} as t`);
  return database.sql(`${tables.join(' union all ')} order by 1, 2`);
}

/** Everything that writes, each with something to write. */
function writes({ state, owner }: Pick<TestState, 'state' | 'owner'>): Record<string, () => Promise<unknown>> {
  const store = parkingStore(state, owner);
  const deliveries = storedDeliveries(state, owner);
  const resync = resyncOf(owner);
  const rotations = rotationStore(state, owner);
  return {
    park: () => store.park([parking(delivery(11))]),
    bury: () => store.bury([{ delivery: delivery(12), attempts: 1, failure: DOWN }]),
    'settle, delivered': () => store.settle({ ...NOTHING, delivered: ['id-1-0'] }),
    'settle, failed': () => store.settle({ ...NOTHING, failed: [{ id: 'id-2-0', attempts: 2, failure: DOWN, dueIn: 1_000 }] }),
    'settle, dead': () => store.settle({ ...NOTHING, dead: [{ id: 'id-3-0', attempts: 2, failure: DOWN }] }),
    remember: () => store.remember('crm', { state: 'paused', reason: 'by hand', failingFor: null, probeIn: null }),
    'the checkpoint': () => checkpointStore(owner, STREAM).save(AT),
    replay: () => deliveries.replay({ fate: 'dead' }),
    'discard, parked': () => deliveries.discard({ fate: 'parked' }),
    'discard, dead': () => deliveries.discard({ fate: 'dead' }),
    'prune, by number': () => deliveries.prune({ keep: null, most: 0 }),
    'prune, by age': () => deliveries.prune({ keep: 0, most: null }),
    'replace the checkpoint': () => resync.replaceCheckpoint({ ...STREAM, position: AT }),
    'forget the checkpoint': () => resync.forgetCheckpoint(),
    renumber: () => resync.renumberParked(),
    'rotate a secret': () => rotations.save({ endpoint: 'crm', sealed: Buffer.from('sealed'), fingerprint: Buffer.from('other'), grace: 1_000 }),
    'end a rotation': () => rotations.remove({ endpoint: 'billing', fingerprint: Buffer.from('one') }),
  };
}

/** Three parked deliveries, two dead ones, a checkpoint and an endpoint, and nothing else. */
async function fill({ state, owner, database }: TestState): Promise<void> {
  await database.sql('truncate walhook.parked, walhook.dead, walhook.checkpoint, walhook.endpoint, walhook.rotation');
  const store = parkingStore(state, owner);
  await store.park([1, 2, 3].map((place) => parking(delivery(place))));
  await store.bury([4, 5].map((place) => ({ delivery: delivery(place), attempts: 1, failure: DOWN })));
  await rotationStore(state, owner).save({ endpoint: 'billing', sealed: Buffer.from('sealed'), fingerprint: Buffer.from('one'), grace: 1_000 });
  await store.remember('crm', { state: 'active', reason: null, failingFor: 1_000, probeIn: null });
  await checkpointStore(owner, STREAM).save({ lsn: 5n, within: null });
}

/** Processes of the database that wait for a lock. */
async function waiting(database: TestDatabase): Promise<number> {
  return (await database.sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length;
}

test('each write changes something while the process is the owner', async () => {
  const found = await testState();
  for (const [name, write] of Object.entries(writes(found))) {
    await fill(found);
    const before = await contents(found.database);
    await write();
    expect(await contents(found.database), name).not.toEqual(before);
  }
});

test('once another has taken over, each write fails, says who has, and changes nothing', async () => {
  const found = await testState();
  await fill(found);
  const successor = new Ownership(found.state, 'walhook', { holder: 'db-2 process 4711' });
  await successor.takeOver();
  const before = await contents(found.database);
  for (const [name, write] of Object.entries(writes(found))) {
    await expect(write(), name).rejects.toMatchObject({ code: 'fenced', reaction: 'stop', message: expect.stringMatching(/db-2 process 4711 has taken over, at 20/) });
    expect(await contents(found.database), name).toEqual(before);
  }
  const writesAnew = writes({ ...found, owner: successor });
  await writesAnew['park']?.();
  expect(await found.database.sql(`select id from walhook.parked where id = 'id-11-0'`)).toHaveLength(1);
});

test('nobody writes before a takeover, and the owner of one slot does not matter to another', async () => {
  const { state, owner } = await testState();
  const other = new Ownership(state, 'other');
  await expect(parkingStore(state, other).park([parking(delivery(1))])).rejects.toMatchObject({ code: 'fenced', message: expect.stringContaining('nobody has taken over') });
  await other.takeOver();
  await parkingStore(state, other).park([parking(delivery(1))]);
  await parkingStore(state, owner).park([parking(delivery(2))]);
});

test('of two that take over at once one is the owner', async () => {
  const { state } = await testState();
  const both = ['a', 'b'].map((holder) => new Ownership(state, 'walhook', { holder }));
  await Promise.all(both.map((owner) => owner.takeOver()));
  const results = await Promise.allSettled(both.map((owner) => parkingStore(state, owner).park([parking(delivery(1))])));
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
});

test('a write under way is waited for by a takeover, whose process then sees what it wrote', async () => {
  const { state, owner, database } = await testState();
  // Somebody deletes the row that is written again, and has not committed: the write waits for that, as the owner.
  const obstacle = await database.client();
  await parkingStore(state, owner).park([parking(delivery(1))]);
  await obstacle.query(`begin; delete from walhook.parked`);
  const order: string[] = [];
  const write = parkingStore(state, owner).park([parking(delivery(1)), parking(delivery(2))]).then(() => order.push('written'));
  await expect.poll(() => waiting(database)).toBe(1);
  const successor = new Ownership(state, 'walhook');
  const takeover = successor.takeOver().then(() => order.push('taken over'));
  await expect.poll(() => waiting(database)).toBe(2);
  expect(order).toEqual([]);
  await obstacle.query('commit');
  // Which of the two answers arrives first is up to their connections; what the successor reads tells which came first.
  await Promise.all([write, takeover]);
  const page = await parkingStore(state, successor).page({ endpoint: 'crm', lanes: null, after: null, limit: 10, bytes: 1e6 });
  expect(page.map((stored) => stored.delivery.id)).toEqual(['id-1-0', 'id-2-0']);
});

test.each(['commit', 'rollback'])('a write that waits for a takeover goes by how it ends: %s', async (end) => {
  const { state, owner, database } = await testState();
  const successor = await database.client();
  await successor.query('begin; update walhook.owner set epoch = epoch + 1');
  const write = parkingStore(state, owner).park([parking(delivery(1))]).catch((error: unknown) => error);
  await expect.poll(() => waiting(database)).toBe(1);
  await successor.query(end);
  expect(await write).toEqual(end === 'commit' ? expect.objectContaining({ code: 'fenced' }) : undefined);
  expect(await database.sql('select from walhook.parked')).toHaveLength(end === 'commit' ? 0 : 1);
});
