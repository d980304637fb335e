import { expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries, type Verdict } from '../support/oracle.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { Proxy } from '../support/proxy.ts';
import { seedOfRun } from '../support/random.ts';
import type { Receiver } from '../support/receiver.ts';
import { ITEMS_SQL, nameOf, Writer } from '../support/writer.ts';

/** Delivered exactly once, all of it, in order. */
const ONCE = { ...FLAWLESS, duplicates: 0 };

const NEW_LANES = 20;

/** A fault of the state database, its end, and what `/readyz` must say of it. */
interface Fault {
  readonly begin: (place: Place) => Promise<unknown>;
  readonly end: (place: Place) => Promise<unknown>;
  readonly reason: RegExp;
}

interface Place {
  readonly state: TestDatabase;
  readonly way: Proxy;
}

/** Every session but ours begins anew, with the database's settings as they are now. */
const ANEW = `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;

const onEveryTable = (name: string, body: string): string => `
  create or replace function ${name}() returns trigger language plpgsql as $$ begin ${body} return null; end $$;
  ${['checkpoint', 'parked', 'dead'].map((table) => `create trigger ${name} before insert or update or delete on walhook.${table} for each statement execute function ${name}();`).join(' ')}`;

const FAULTS: Readonly<Record<string, Fault>> = {
  'lets nobody in': {
    begin: ({ way }) => {
      way.accepts = false;
      way.reset();
      return Promise.resolve();
    },
    end: ({ way }) => Promise.resolve((way.accepts = true)),
    reason: /state database|checkpoint/,
  },
  'has no space left on its disk': {
    begin: ({ state }) => state.sql(onEveryTable('no_space', `raise exception 'could not extend file: No space left on device' using errcode = '53100';`)),
    end: ({ state }) => state.sql('drop function no_space() cascade'),
    reason: /No space left on device/,
  },
  'can only be read': {
    // Statement by statement: within one transaction, whoever connects before its end would still have the old setting.
    begin: async ({ state }) => {
      await state.sql(`alter database ${state.name} set default_transaction_read_only = on`);
      await state.sql(ANEW);
    },
    end: async ({ state }) => {
      await state.sql(`set default_transaction_read_only = off; alter database ${state.name} reset default_transaction_read_only`);
      await state.sql(ANEW);
    },
    reason: /read-only transaction/,
  },
};

/** Resolves once `/readyz` is red for this reason. */
async function red(daemon: DaemonProcess, reason: RegExp): Promise<void> {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; ) {
    const { status, text } = await readiness(daemon);
    if (status === 503 && reason.test(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`/readyz is not red for ${reason}: ${(await readiness(daemon)).text}`);
}

async function green(daemon: DaemonProcess): Promise<void> {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; ) {
    if ((await readiness(daemon)).status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`/readyz stays red: ${(await readiness(daemon)).text}`);
}

async function readiness(daemon: DaemonProcess): Promise<{ readonly status: number; readonly text: string }> {
  const { msg } = await daemon.says(/health and status are on/);
  const response = await fetch(`${/http:\/\/\S+/.exec(msg)?.[0] ?? ''}/readyz`);
  return { status: response.status, text: await response.text() };
}

/** A daemon whose state is in a database of its own; an endpoint that answers 503, and a healthy one. */
async function ground() {
  const database = await testDatabase(ITEMS_SQL);
  const state = await createDatabase();
  onTestFinished(() => state.drop());
  const way = await Proxy.before(state.url);
  onTestFinished(() => way.close());
  const crm = await testReceiver({ answer: () => 500 });
  const audit = await testReceiver();
  const config = {
    ...faultConfig({ database, endpoints: { crm: faultEndpoint(crm.url), audit: faultEndpoint(audit.url) } }),
    state: { url: way.url },
  };
  const seed = seedOfRun();
  console.log(`seed ${seed}`);
  const writer = new Writer({ database, seed, pause: 10 });
  onTestFinished(() => writer.stop());
  const daemon = launch(config);
  await daemon.streaming();
  await writer.start().more(50);
  await untilQuery(state, `select count(*) > 0 from walhook.parked`, true);
  await writer.stop();
  await allDelivered(audit, writer);
  return { database, state, way, crm, audit, writer, daemon, config };
}

/** Rows that the writer does not have: lanes in which nothing is parked. Each is written once the one before has arrived. */
async function writeToNewLanes({ database, audit, writer }: { readonly database: TestDatabase; readonly audit: Receiver; readonly writer: Writer }): Promise<void> {
  for (let id = 1001; id <= 1000 + NEW_LANES; id++) {
    await database.sql(`insert into items (id, version, note) values ($1, $2, 'new')`, [id, id + 1_000_000]);
    await audit.until(() => audit.requests.some(({ body }) => nameOf(body) === `data_insert ${id + 1_000_000}`), `row ${id}, which needs no state`);
    writer.committed.set(id, [`data_insert ${id + 1_000_000}`]);
    writer.count++;
  }
}

async function confirmed(database: TestDatabase): Promise<bigint> {
  const [row] = await database.sql<{ text: string }>('select (confirmed_flush_lsn - $2::pg_lsn)::text as text from pg_replication_slots where slot_name = $1', [database.name, '0/0']);
  return BigInt(row?.text ?? 0);
}

interface Ending {
  readonly database: TestDatabase;
  readonly state: TestDatabase;
  readonly crm: Receiver;
  readonly audit: Receiver;
  readonly writer: Writer;
}

/** Lets the ill endpoint be well too, and judges both. */
async function verdicts({ state, crm, audit, writer }: Ending): Promise<Verdict[]> {
  crm.answer = () => 204;
  await Promise.all([allDelivered(crm, writer), allDelivered(audit, writer)]);
  await untilQuery(state, 'select count(*)::int from walhook.parked', 0);
  const stored = await storedDeliveries(state);
  return [crm, audit].map((receiver) => judge({ written: writer, requests: receiver.requests, stored, samples: [] }));
}

test.each(Object.entries(FAULTS))('a state database that %s: nothing is confirmed, readiness is red and says why, what needs no state is delivered, and it recovers by itself', async (_name, fault) => {
  const place = await ground();
  const { database, state, way, writer, daemon } = place;
  await fault.begin({ state, way });
  await red(daemon, fault.reason);
  const before = await confirmed(database);
  await writeToNewLanes(place);
  expect(await confirmed(database)).toBe(before);

  await fault.end({ state, way });
  await green(daemon);
  for (const verdict of await verdicts(place)) expect(verdict).toMatchObject({ ...ONCE, delivered: writer.count });
  await untilQuery(database, `select confirmed_flush_lsn - '0/0' > ${before} from pg_replication_slots where slot_name = '${database.name}'`, true);
});

test('a state database that is slow: nothing is confirmed before it is stored, what needs no state is delivered meanwhile, and all is well when the lock is gone', async () => {
  const place = await ground();
  const { database, state, writer, daemon } = place;
  const other = await state.client();
  await other.query('begin; lock table walhook.checkpoint, walhook.parked');
  const before = await confirmed(database);
  await writeToNewLanes(place);
  await untilQuery(state, 'select count(*) > 0 from pg_locks where not granted', true);
  expect(await confirmed(database)).toBe(before);
  await other.query('commit');
  for (const verdict of await verdicts(place)) expect(verdict).toMatchObject({ ...ONCE, delivered: writer.count });
  await green(daemon);
});

test('killed while its state database lets nobody in, it has lost nothing', async () => {
  const place = await ground();
  const { way, writer, daemon, config } = place;
  way.accepts = false;
  way.reset();
  await writeToNewLanes(place);
  await daemon.kill();
  way.accepts = true;
  await launch(config).streaming();
  const [crm, audit] = await verdicts(place);
  expect(crm).toMatchObject({ ...ONCE, delivered: writer.count });
  // What it had got since the last checkpoint that could be stored comes again.
  expect(audit).toMatchObject({ ...FLAWLESS, delivered: writer.count });
});
