import { expect, test, vi } from 'vitest';
import { Cli, type CliOptions, type CliResult } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

vi.setConfig({ testTimeout: 120_000 });

const TABLE = 'create table items (id int primary key, name text, secret text); create table others (id int primary key)';
/** The endpoint asks for this one delivery to be given up: it is dead at once. */
const GIVE_UP = { status: 422, headers: { 'webhook-delivery': 'abort-message' }, body: '{"error":"no such contact \u001b[2J"}' };

interface Scene {
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  readonly options: CliOptions;
  /** Runs a command with the scene's configuration. */
  readonly run: (...args: string[]) => Promise<CliResult>;
  /** Starts a daemon, and resolves once it streams. */
  readonly daemon: () => Promise<Cli>;
}

async function scene(): Promise<Scene> {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const yaml = `${HEAD}server: { listen: "127.0.0.1:${await freePort()}", token: "0123456789abcdef" }
endpoints: { crm: ${endpoint()}, erp: ${endpoint()} }
hooks:
  - { name: items, table: items, to: crm }
  - { name: others, table: others, to: erp }
`;
  const options = { yaml, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) };
  return {
    db,
    receiver,
    options,
    run: (...args) => command(args, options),
    daemon: async () => {
      const daemon = new Cli(['run'], options);
      await daemon.says(/"msg":"streaming"/);
      return daemon;
    },
  };
}

async function stop(daemon: Cli): Promise<void> {
  daemon.signal('SIGTERM');
  expect(await daemon.result).toMatchObject({ code: 0 });
}

interface Listed {
  readonly deliveries: { readonly id: string; readonly state: string; readonly endpoint: string; readonly table: string; readonly attempts: number; readonly message: string | null }[];
}

async function listed({ run }: Scene, ...args: string[]): Promise<Listed['deliveries']> {
  const { code, stdout, stderr } = await run('deliveries', '--json', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as Listed).deliveries;
}

/** Resolves once so many rows are in a table of the state schema. */
async function untilStored({ db }: Scene, table: 'dead' | 'parked', count: number): Promise<void> {
  await expect.poll(() => db.sql(`select 1 from walhook.${table}`), { timeout: 30_000, interval: 20 }).toHaveLength(count);
}

/** Row ids as the receiver got them. */
function rowIds(receiver: Receiver): number[] {
  return receiver.bodies<{ data: { id: number } }>().map(({ data }) => data.id);
}

test('dead letters are listed, shown, replayed with the same id and bytes, and discarded', async () => {
  const world = await scene();
  const { db, receiver, run } = world;
  receiver.answer = () => GIVE_UP;
  const daemon = await world.daemon();
  await db.sql(`insert into items values (1, 'Ada', 'x'), (2, E'Gr\\u009bace', 'y'); insert into others values (3)`);
  await untilStored(world, 'dead', 3);
  const dead = await listed(world);
  expect(dead.map(({ state, attempts, table }) => [state, attempts, table])).toEqual(
    expect.arrayContaining([['dead', 1, 'public.items'], ['dead', 1, 'public.items'], ['dead', 1, 'public.others']]),
  );
  expect(await listed(world, '--dead', '--hook', 'items', '--table', 'items', '--limit', '1')).toHaveLength(1);

  const list = await run('deliveries');
  expect(list.stdout.split('\n')[0]).toMatch(/^id +state +endpoint +hook +table +operation +attempts +since +next +why$/);
  expect(list.stdout).toContain('422');

  const first = receiver.requests.find(({ body }) => JSON.parse(body.toString()).data.id === 2);
  const id = first?.id ?? '';
  const shown = await run('show', id);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toContain(`dead ${id}`);
  expect(shown.stdout).toContain('no such contact');
  expect(shown.stdout).toMatch(/^ {2}request +POST to the endpoint's URL, application\/json, \d+ bytes$/m);
  // What a row and an endpoint wrote does not reach the terminal as control characters.
  for (const control of ['\u001b', '\u009b']) expect(shown.stdout).not.toContain(control);
  expect(shown.stdout).toContain('Gr\\u009bace');
  expect(JSON.parse((await run('show', id, '--json')).stdout)).toMatchObject({ deliveries: [{ id, state: 'dead', body: first?.body.toString(), status: 422, next_at: null }] });

  expect(await run('replay', '--endpoint', 'crm', '--dry-run')).toMatchObject({ code: 0, stdout: '2 dead letters of crm would be sent again\n' });
  expect(await run('replay', '--all')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^walhook: 3 dead letters \((?:crm 2, erp 1|erp 1, crm 2)\) will be sent again\. Go on\? Nothing was done/) });
  expect(receiver.requests).toHaveLength(3);

  receiver.answer = () => 204;
  expect(await run('replay', id)).toMatchObject({ code: 0, stdout: '1 dead letter of crm will be sent again, in the order of their changes\n' });
  await receiver.received(4);
  const [, again] = receiver.byId.get(id) ?? [];
  expect(again?.body).toEqual(first?.body);
  await untilStored(world, 'dead', 2);
  await untilStored(world, 'parked', 0);

  expect(await run('replay', '--endpoint', 'crm', '--yes')).toMatchObject({ code: 0 });
  await receiver.received(5);
  await untilStored(world, 'parked', 0);
  expect(await run('discard', '--all', '--yes', '--json').then(({ stdout }) => JSON.parse(stdout))).toMatchObject({ action: 'discard', count: 1, endpoints: { erp: 1 } });
  expect((await run('deliveries')).stdout).toBe('nothing is dead or parked\n');

  await stop(daemon);
  const audits = daemon.stdout.split('\n').flatMap((line) => (line.includes('"audit"') ? [JSON.parse(line).audit] : []));
  expect(audits).toEqual([
    { action: 'replay', selection: { state: 'dead', ids: [id] }, count: 1 },
    { action: 'replay', selection: expect.objectContaining({ endpoint: 'crm' }), count: 1 },
    { action: 'discard', selection: expect.objectContaining({ state: 'dead' }), count: 1 },
  ]);
  expect(daemon.stdout).not.toMatch(/Ada|Gr.{0,6}ace/);
});

test('what was replayed goes before what its lane has parked, and the lane keeps its order', async () => {
  const world = await scene();
  const { db, receiver, run } = world;
  receiver.answer = () => GIVE_UP;
  const daemon = await world.daemon();
  await db.sql(`insert into items values (1, '0', '')`);
  await untilStored(world, 'dead', 1);
  const [dead] = await listed(world);
  // Its lane goes on, until the endpoint fails: then these are parked.
  receiver.answer = () => 503;
  for (const name of ['1', '2', '3']) await db.sql(`update items set name = '${name}' where id = 1`);
  await untilStored(world, 'parked', 3);
  expect(await run('replay', dead?.id ?? '')).toMatchObject({ code: 0 });
  await untilStored(world, 'parked', 4);
  const before = receiver.requests.length;
  receiver.answer = () => 204;
  // Live ones come behind.
  await db.sql(`update items set name = '4' where id = 1`);
  await receiver.deliveries(5);
  const delivered = receiver.requests.filter(({ status }) => status === 204);
  expect(delivered.map(({ body }) => JSON.parse(body.toString()).data.name)).toEqual(['0', '1', '2', '3', '4']);
  expect(before).toBeGreaterThan(1);
  await stop(daemon);
});

test('a paused endpoint is sent nothing and its deliveries are parked; resume sends them in order, and others go on', async () => {
  const world = await scene();
  const { db, receiver, run } = world;
  const daemon = await world.daemon();
  expect(await run('pause', 'crm', '--reason', 'migration until 15:00')).toMatchObject({ code: 0, stdout: expect.stringContaining('crm is paused') });
  for (let n = 1; n <= 5; n++) await db.sql(`insert into items values (${n}, 'x', ''); update items set name = 'y' where id = ${n}`);
  await db.sql('insert into others values (1)');
  await receiver.received(1);
  expect(receiver.bodies()).toEqual([expect.objectContaining({ data: { id: 1 } })]);
  await untilStored(world, 'parked', 10);

  const status = await run('status');
  expect(status.stdout).toMatch(/crm .*paused/);
  expect(status.stdout).toContain('migration until 15:00');
  expect((await run('healthcheck', '--ready')).code).toBe(0);
  expect(JSON.parse((await run('status', '--json')).stdout).endpoints).toContainEqual(expect.objectContaining({ name: 'crm', condition: 'paused', reason: 'migration until 15:00', parked: 10 }));

  expect(await run('resume', 'crm')).toMatchObject({ code: 0, stdout: expect.stringContaining('crm is active') });
  await receiver.deliveries(11);
  for (let n = 1; n <= 5; n++) {
    const operations = receiver.bodies<{ data: { id: number; name?: string } }>().filter(({ data }) => data.id === n && data.name !== undefined);
    expect(operations.map(({ data }) => data.name), `row ${n}`).toEqual(['x', 'y']);
  }
  await untilStored(world, 'parked', 0);
  await stop(daemon);
});

test('without a daemon it is done in the database, and the next start finds it', async () => {
  const world = await scene();
  const { db, receiver, run } = world;
  receiver.answer = () => GIVE_UP;
  const first = await world.daemon();
  await db.sql(`insert into items values (1, 'a', ''), (2, 'b', ''), (3, 'c', '')`);
  await untilStored(world, 'dead', 3);
  await stop(first);

  const dead = await listed(world, '--dead');
  expect(dead).toHaveLength(3);
  const [one, two] = dead.toReversed();
  expect(await run('show', one?.id ?? '')).toMatchObject({ code: 0 });
  expect(await run('replay', one?.id ?? '', two?.id ?? '')).toMatchObject({ code: 0, stderr: '' });
  expect(await run('discard', '--all', '--yes')).toMatchObject({ code: 0, stdout: '1 dead letter of crm forgotten\n' });
  expect(await run('pause', 'crm')).toMatchObject({ code: 0 });
  expect((await run('status')).stdout).toMatch(/crm .*paused/);

  receiver.answer = () => 204;
  const before = receiver.requests.length;
  const second = await world.daemon();
  await db.sql('insert into others values (1)');
  await receiver.received(before + 1);
  await untilStored(world, 'parked', 2);
  expect(receiver.requests).toHaveLength(before + 1);
  await stop(second);

  expect(await run('resume', 'crm')).toMatchObject({ code: 0 });
  const third = await world.daemon();
  await receiver.deliveries(3);
  expect(rowIds(receiver).slice(-2)).toEqual([1, 2]);
  await stop(third);
});

test('a daemon that only seemed gone writes nothing any more', async () => {
  const world = await scene();
  const { db, receiver, run } = world;
  receiver.answer = () => 503;
  const daemon = await world.daemon();
  await db.sql(`insert into items values (1, 'a', '')`);
  await untilStored(world, 'parked', 1);
  daemon.signal('SIGSTOP');
  // Its slot is held until its connection is cut.
  const refused = await run('discard', '--parked', '--all', '--yes');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/is being read \(server process \d+\), but no daemon answers/) });
  await db.sql(`select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = current_database()`);
  expect(await run('discard', '--parked', '--all', '--yes')).toMatchObject({ code: 0, stdout: '1 parked delivery of crm forgotten\n' });
  daemon.signal('SIGCONT');
  await daemon.says(/taken over/);
  expect(await db.sql('select * from walhook.parked')).toEqual([]);
  daemon.signal('SIGKILL');
  await daemon.result;
});

test('what is not there is an error that says what may have been meant, through the daemon and without', async () => {
  const world = await scene();
  const { db, receiver, run } = world;
  receiver.answer = () => GIVE_UP;
  const daemon = await world.daemon();
  await db.sql(`insert into items values (1, 'a', '')`);
  await untilStored(world, 'dead', 1);
  const id = receiver.requests[0]?.id ?? '';
  const wrong = id.replace(/.$/, (letter) => (letter === '0' ? '1' : '0'));
  const cases: [string[], number, string][] = [
    [['pause', 'cmr'], 1, 'there is no endpoint "cmr" (did you mean "crm"?)'],
    [['show', wrong], 1, `nothing is stored under the id "${wrong}" (did you mean "${id}"?)`],
    [['discard', '--parked', id], 1, `there is no such parked delivery: ${id}: it is dead for crm`],
    [['replay', '--hook', 'itmes', '--yes'], 1, 'there is no hook "itmes" (did you mean "items"?)'],
  ];
  const refused = async ([args, code, message]: (typeof cases)[number]): Promise<void> => {
    const result = await run(...args);
    expect({ code: result.code, message: result.stderr.split('\n')[0] }, args.join(' ')).toEqual({ code, message: `walhook: ${message}` });
  };
  await Promise.all(cases.map(refused));
  await stop(daemon);
  await Promise.all(cases.map(refused));
  expect(await db.sql('select id from walhook.dead')).toEqual([{ id }]);
});
