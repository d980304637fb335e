import { expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, isDelivered, judge, type Sample, storedDeliveries, takeSample } from '../support/oracle.ts';
import { type Random, random, seedOfRun } from '../support/random.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { AnswerFunction, Receiver } from '../support/receiver.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';

const IN_FLIGHT = 300;
/** Parked rows that may be in memory besides: a drain reads a page while it has room, and a row counts until its delivery is durable. */
const READ_BACK = 1_000;
/** What a checkpoint may be late by besides its age, in milliseconds: its own way to the database. */
const CHECKPOINT_WAY = 250;

/** How the receiver behaves in a round. */
const MOODS: Readonly<Record<string, (chance: Random) => AnswerFunction>> = {
  healthy: () => () => 204,
  slow: (chance) => () => ({ delay: chance.int(0, 30) }),
  'now and then 503': (chance) => () => (chance.chance(0.1) ? 503 : 204),
  'refuses some rows': (chance) => () => (chance.chance(0.2) ? 400 : { delay: chance.int(0, 5) }),
  down: () => () => 503,
  hangs: () => () => 'never',
};

interface Round {
  readonly database: TestDatabase;
  readonly daemon: DaemonProcess;
  readonly receiver: Receiver;
  readonly writer: Writer;
  readonly chance: Random;
}

/** The moment of the kill, by something that is seen to happen. */
const MOMENTS: Readonly<Record<string, (round: Round) => Promise<unknown>>> = {
  'as it starts': ({ daemon }) => daemon.says(/^walhook starts/),
  'as it streams': ({ daemon }) => daemon.streaming(),
  'after some requests': ({ receiver, chance }) => receiver.received(receiver.requests.length + chance.int(1, 700)),
  'after some writes': ({ writer, chance }) => writer.more(chance.int(100, 400)),
  'as rows are parked': async ({ database, daemon, chance }) => {
    await daemon.streaming();
    const { length } = await storedDeliveries(database);
    await untilQuery(database, `select count(*) > ${length + chance.int(0, 150)} from walhook.parked`, true);
  },
};

/** Moods and moments that go together: one that waits for requests is for an endpoint that gets some. */
const SCENES = [
  ['healthy', 'as it starts'],
  ['healthy', 'as it streams'],
  ['healthy', 'after some requests'],
  ['healthy', 'after some writes'],
  ['slow', 'after some requests'],
  ['now and then 503', 'after some requests'],
  ['refuses some rows', 'after some requests'],
  ['down', 'as rows are parked'],
  ['down', 'after some writes'],
  ['hangs', 'after some writes'],
] as const;

/** How often the daemon is killed: once in each scene, or `WALHOOK_ROUNDS=500 npm test -- test/fault/kill-9` for a long run. */
const ROUNDS = Number(process.env['WALHOOK_ROUNDS'] ?? SCENES.length);

test(`kill -9 at ${ROUNDS} moments under load: nothing lost, nothing out of order, few duplicates, one slot`, { timeout: 60_000 + ROUNDS * 30_000 }, async () => {
  const seed = seedOfRun();
  const chance = random(seed);
  const database = await testDatabase(ITEMS_SQL);
  const receiver = await testReceiver();
  const slot = database.name;
  const place = { database, slot, endpoint: 'crm', receiver };
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) }, limits: { in_flight: IN_FLIGHT } });

  let daemon = launch(config);
  await daemon.streaming();
  const writer = new Writer({ database, seed, arrived: () => receiver.delivered }).start();
  onTestFinished(() => writer.stop());
  const deck: (readonly [string, string])[] = [];
  const samples: Sample[] = [];
  const report: string[] = [];
  const bounds: { readonly from: number; readonly most: number }[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    if (deck.length === 0) deck.push(...SCENES);
    const [[mood, moment] = SCENES[0]] = deck.splice(chance.int(0, deck.length - 1), 1);
    receiver.answer = MOODS[mood]?.(chance) ?? receiver.answer;
    await Promise.race([MOMENTS[moment]?.({ database, daemon, receiver, writer, chance }), endsEarly(daemon)]);
    await daemon.kill();
    const sample = await takeSample(place);
    samples.push(sample);
    const { age, recent } = await sinceCheckpoint(place);
    bounds.push({ from: sample.requests, most: IN_FLIGHT + READ_BACK + recent });

    const started = performance.now();
    daemon = launch(config);
    await daemon.streaming();
    const recovery = Math.round(performance.now() - started);
    const checkpoint = age === null ? 'no checkpoint yet' : `checkpoint ${age} ms old`;
    report.push(`  ${round}: ${mood}, killed ${moment}; ${sample.stored.size} parked, ${checkpoint}; streams again after ${recovery} ms`);
  }
  receiver.answer = () => 204;
  await writer.stop();
  await allDelivered(receiver, writer);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  daemon.signal('SIGTERM');
  const exit = await daemon.exit;

  const verdict = judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples });
  const slots = await database.sql('select slot_name as name from pg_replication_slots where database = $1', [database.name]);
  const { lost, disordered, duplicates, delivered } = verdict;
  console.log(
    [
      `seed ${seed}: ${ROUNDS} kills, ${writer.count} changes, ${delivered} delivered, ${lost.length} lost, ${disordered.length} out of order, ${duplicates} duplicates`,
      ...report,
    ].join('\n'),
  );
  expect(verdict).toMatchObject(FLAWLESS);
  expect(exit.code).toBe(0);
  expect(slots).toEqual([{ name: slot }]);
  for (const [i, { from, most }] of bounds.entries()) {
    expect(repeated(receiver, from, bounds[i + 1]?.from), `duplicates after kill ${i + 1}`).toBeLessThanOrEqual(most);
  }
});

function endsEarly(daemon: DaemonProcess): Promise<never> {
  return daemon.exit.then(({ code }) => {
    throw new Error(`the daemon has ended by itself, with ${code}`);
  });
}

/** The checkpoint's age in milliseconds, null if there is none, and how many requests came since. */
async function sinceCheckpoint({ database, slot, receiver }: Parameters<typeof takeSample>[0]): Promise<{ age: number | null; recent: number }> {
  const now = performance.now();
  const [row] = await database.sql<{ at: number }>('select extract(epoch from updated_at)::float8 * 1000 as at from walhook.checkpoint where slot = $1', [slot]);
  if (row === undefined) return { age: null, recent: receiver.requests.length };
  const at = row.at - performance.timeOrigin;
  return { age: Math.round(now - at), recent: receiver.requests.filter((request) => request.at > at - CHECKPOINT_WAY).length };
}

/** How many deliveries from `from` to `until` had been made before `from`. */
function repeated({ requests }: Receiver, from: number, until: number | undefined): number {
  const before = new Set(requests.slice(0, from).filter(isDelivered).map(({ id }) => id));
  return requests.slice(from, until).filter((request) => isDelivered(request) && before.has(request.id)).length;
}

test('kill -9 while it starts for the first time, at every step: the next start goes on from there, with one slot', async () => {
  const database = await testDatabase(ITEMS_SQL);
  const receiver = await testReceiver();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const steps = [
    `exists (select from pg_namespace where nspname = 'walhook')`,
    `to_regclass('walhook.parked') is not null`,
    `exists (select from pg_class where oid = 'items'::regclass and relreplident = 'f')`,
    `exists (select from pg_publication)`,
    `exists (select from pg_replication_slots where database = current_database())`,
    `exists (select from pg_replication_slots where database = current_database() and active)`,
  ];
  for (const step of steps) {
    const daemon = launch(config);
    await untilQuery(database, `select ${step}`, true);
    await daemon.kill();
  }
  const writer = new Writer({ database, seed: seedOfRun() }).start();
  onTestFinished(() => writer.stop());
  const daemon = launch(config);
  await daemon.streaming();
  await writer.more(50);
  await writer.stop();
  await allDelivered(receiver, writer);
  expect(judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples: [] })).toMatchObject({
    ...FLAWLESS,
    duplicates: 0,
    delivered: writer.count,
  });
  expect(await database.sql('select slot_name as name from pg_replication_slots where database = $1', [database.name])).toEqual([{ name: database.name }]);
});

test('a second daemon stands by, and takes over when the first is killed', async () => {
  const database = await testDatabase(ITEMS_SQL);
  const receiver = await testReceiver();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const first = launch(config);
  await first.streaming();
  const second = launch(config);
  await second.says(/standing by until it is free/);
  const writer = new Writer({ database, seed: seedOfRun() }).start();
  onTestFinished(() => writer.stop());
  await receiver.received(100);
  expect(second.log.some(({ msg }) => msg === 'streaming')).toBe(false);
  await first.kill();
  const sample = await takeSample({ database, slot: database.name, endpoint: 'crm', receiver });
  await second.streaming();
  await writer.more(100);
  await writer.stop();
  await allDelivered(receiver, writer);
  const verdict = judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples: [sample] });
  expect(verdict).toMatchObject({ ...FLAWLESS, delivered: writer.count });
});
