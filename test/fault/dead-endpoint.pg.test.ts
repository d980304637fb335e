import { describe, expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, type Sample, storedDeliveries, takeSample, type Verdict } from '../support/oracle.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { seedOfRun } from '../support/random.ts';
import type { ReceivedRequest, Receiver } from '../support/receiver.ts';
import { ITEMS_SQL, nameOf, Writer } from '../support/writer.ts';

type Options = Readonly<Record<string, unknown>>;

/** Delivered exactly once, all of it, in order. */
const ONCE = { ...FLAWLESS, duplicates: 0 };
const CRM = `from walhook.parked where endpoint = 'crm'`;

/** A database with the writer's table, an endpoint that the test makes ill, and a healthy neighbour. */
async function ground({ ill = {}, limits = {} }: { readonly ill?: Options; readonly limits?: Options } = {}) {
  const database = await testDatabase(ITEMS_SQL);
  const crm = await testReceiver();
  const audit = await testReceiver();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(crm.url, ill), audit: faultEndpoint(audit.url) }, limits });
  const seed = seedOfRun();
  console.log(`seed ${seed}`);
  const writer = new Writer({ database, seed, pause: 10, arrived: () => audit.delivered });
  onTestFinished(() => writer.stop());
  return { database, crm, audit, config, writer };
}

/** Resolves once the slot's confirmed position is past all that is parked for the ill endpoint. */
function slotMovesOn(database: TestDatabase): Promise<void> {
  return untilQuery(database, `select confirmed_flush_lsn > (select max(commit_lsn) ${CRM}) from pg_replication_slots where slot_name = '${database.name}'`, true);
}

interface Judged {
  readonly database: TestDatabase;
  readonly writer: Writer;
  readonly samples?: Readonly<Record<string, readonly Sample[]>>;
}

async function verdictOn(endpoint: string, receiver: Receiver, { database, writer, samples = {} }: Judged): Promise<Verdict> {
  const stored = (await storedDeliveries(database)).filter((delivery) => delivery.endpoint === endpoint);
  return judge({ written: writer, requests: receiver.requests, stored, samples: samples[endpoint] ?? [] });
}

test('an endpoint that refuses connections: parked, the slot goes on, the neighbour notices nothing, all of it comes in order after a restart', { timeout: 120_000 }, async () => {
  const { database, crm, audit, config, writer } = await ground();
  await crm.close();
  let daemon = launch(config);
  await daemon.streaming();
  await writer.start().more(700);
  await writer.stop();

  // All while it is dead.
  await allDelivered(audit, writer);
  await untilQuery(database, `select count(*)::int ${CRM}`, writer.count);
  await slotMovesOn(database);
  expect(await verdictOn('audit', audit, { database, writer })).toMatchObject({ ...ONCE, delivered: writer.count });
  const place = { database, slot: database.name };
  const samples = { crm: [await takeSample({ ...place, endpoint: 'crm', receiver: crm })], audit: [await takeSample({ ...place, endpoint: 'audit', receiver: audit })] };

  daemon.signal('SIGTERM');
  expect(await daemon.exit).toEqual({ code: 0, signal: null });
  await writer.start().more(150);
  daemon = launch(config);
  await daemon.streaming();
  await writer.more(150);
  expect(crm.requests).toEqual([]);

  await crm.open();
  await writer.more(150);
  await writer.stop();
  await Promise.all([allDelivered(crm, writer), allDelivered(audit, writer)]);
  await untilQuery(database, `select count(*)::int from walhook.parked`, 0);
  for (const [name, receiver] of Object.entries({ crm, audit })) {
    expect(await verdictOn(name, receiver, { database, writer, samples }), name).toMatchObject({ ...ONCE, delivered: writer.count });
  }
});

describe.each<{ how: string; ill: Options; answer: (request: ReceivedRequest) => number | 'never' | 'reset' }>([
  { how: 'never answers', ill: { timeout: '1s' }, answer: () => 'never' },
  { how: 'answers 500', ill: {}, answer: () => 500 },
  { how: 'resets connections', ill: {}, answer: () => 'reset' },
])('an endpoint that $how', ({ ill, answer }) => {
  test('costs its neighbour nothing, and gets everything in order once it is well', async () => {
    const { database, crm, audit, config, writer } = await ground({ ill });
    crm.answer = answer;
    const daemon = launch(config);
    await daemon.streaming();
    await writer.start().more(500);
    await writer.stop();
    await allDelivered(audit, writer);
    await untilQuery(database, `select count(*)::int ${CRM}`, writer.count);
    await slotMovesOn(database);
    expect(await verdictOn('audit', audit, { database, writer })).toMatchObject({ ...ONCE, delivered: writer.count });
    expect(audit.requests.every((request) => request.attempt === 1)).toBe(true);
    expect(crm.delivered).toBe(0);

    await writer.start().more(150);
    crm.answer = () => 204;
    await writer.more(150);
    await writer.stop();
    await Promise.all([allDelivered(crm, writer), allDelivered(audit, writer)]);
    await untilQuery(database, `select count(*)::int from walhook.parked`, 0);
    expect(await verdictOn('crm', crm, { database, writer })).toMatchObject({ ...ONCE, delivered: writer.count });
  });
});

test('an endpoint too slow for its share of memory is stored for, so that its neighbour need not wait', async () => {
  const { database, crm, audit, config, writer } = await ground({ ill: { timeout: '1m', concurrency: 2 }, limits: { in_flight: 60 } });
  const opened = Promise.withResolvers<number>();
  crm.answer = () => opened.promise;
  const daemon = launch(config);
  await daemon.streaming();
  await writer.start().more(500);
  await writer.stop();
  await allDelivered(audit, writer);
  await daemon.says(/too slow for its share of memory/);
  expect(crm.mostOpenRequests).toBe(2);
  expect(await verdictOn('audit', audit, { database, writer })).toMatchObject({ ...ONCE, delivered: writer.count });

  opened.resolve(204);
  await allDelivered(crm, writer);
  await untilQuery(database, `select count(*)::int from walhook.parked`, 0);
  expect(await verdictOn('crm', crm, { database, writer })).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('a row that is always refused becomes a dead letter, its lane goes on, and no other lane ever waits', async () => {
  const { database, crm, audit, config, writer } = await ground({ ill: { timeout: '1m', retry: { initial: '50ms', factor: 1, attempts: 3 } } });
  const othersDone = Promise.withResolvers<number>();
  const poison = 7;
  let refused = '';
  crm.answer = ({ body }, attempt) => {
    if (rowOf(body) !== poison) return 204;
    if (refused === '') refused = nameOf(body);
    if (nameOf(body) !== refused) return 204;
    // Its last attempt hangs until the test has seen that nobody waits for it.
    return attempt < 3 ? 400 : othersDone.promise;
  };
  const daemon = launch(config);
  await daemon.streaming();
  await writer.start().more(500);
  await writer.stop();
  const inLane = writer.committed.get(poison)?.length ?? 0;
  await allDelivered(audit, writer);
  await crm.until(() => crm.delivered >= writer.count - inLane, 'the other lanes');
  othersDone.resolve(400);
  await crm.until(() => crm.delivered >= writer.count - 1, 'the rest of the lane');
  await untilQuery(database, `select count(*)::int from walhook.parked`, 0);
  const dead = (await storedDeliveries(database)).filter((delivery) => delivery.fate === 'dead');
  expect(dead.map(({ endpoint, body }) => [endpoint, nameOf(body)])).toEqual([['crm', refused]]);
  expect(refused).toBe(writer.committed.get(poison)?.[0]);
  expect(await verdictOn('crm', crm, { database, writer })).toMatchObject({ ...ONCE, delivered: writer.count - 1 });
  expect(crm.requests.filter((request) => rowOf(request.body) !== poison).every((request) => request.attempt === 1)).toBe(true);
});

test('while nothing can be parked nothing is confirmed: killed then, it has lost nothing, and its neighbour got all meanwhile', async () => {
  const { database, crm, audit, config, writer } = await ground();
  await crm.close();
  const daemon = launch(config);
  await daemon.streaming();
  await writer.start().more(50);
  await untilQuery(database, `select count(*) > 0 ${CRM}`, true);

  const other = await database.client();
  await other.query('begin; lock table walhook.parked');
  await writer.more(600);
  await writer.stop();
  await allDelivered(audit, writer);
  await daemon.kill();
  // What it had sent to the database but was not told of as done is not done either.
  await database.sql(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
  await other.query('rollback');
  const samples = { crm: [await takeSample({ database, slot: database.name, endpoint: 'crm', receiver: crm })] };
  expect(samples.crm[0]?.stored.size).toBeLessThan(writer.count);

  await launch(config).streaming();
  await crm.open();
  await allDelivered(crm, writer);
  await untilQuery(database, `select count(*)::int from walhook.parked`, 0);
  expect(await verdictOn('crm', crm, { database, writer, samples })).toMatchObject({ ...ONCE, delivered: writer.count });
  expect(await verdictOn('audit', audit, { database, writer })).toMatchObject({ ...FLAWLESS, delivered: writer.count });
});

function rowOf(body: Buffer): number {
  return (JSON.parse(body.toString()) as { data: { id: number } }).data.id;
}
