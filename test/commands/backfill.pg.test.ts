import { expect, test, vi } from 'vitest';
import type { BackfillReport } from '../../src/backfills.ts';
import { Cli, type CliOptions, type CliResult } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { daemonEnvironment, endpoint, type EndpointOptions, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

vi.setConfig({ testTimeout: 120_000 });

// `walhook backfill` and what goes with it, against a daemon in a process of its own.

const TABLE = `create table items (id int primary key, country text, name text);
insert into items select n, case when n % 2 = 0 then 'NL' else 'DE' end, 'item ' || n from generate_series(1, 400) as n`;
/** So slow that a test can do something in between. */
const SLOW = ['--rate', '40/s', '--no-wait', '--json'] as const;

interface Scene {
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  readonly options: CliOptions;
  readonly run: (...args: string[]) => Promise<CliResult>;
  /** The same, of what must succeed and prints JSON. */
  readonly json: <Shape = BackfillReport>(...args: string[]) => Promise<Shape>;
  /** Starts a daemon, and resolves once it streams. */
  readonly daemon: () => Promise<Cli>;
}

async function scene({ sql = TABLE, limits = {} }: { readonly sql?: string; readonly limits?: EndpointOptions } = {}): Promise<Scene> {
  const db = await testDatabase(sql);
  const receiver = await testReceiver();
  const yaml = `${HEAD}server: { listen: "127.0.0.1:${await freePort()}", token: "0123456789abcdef" }
endpoints: { crm: ${endpoint(limits)} }
hooks: [{ name: crm-items, table: items, to: crm, meta: [backfill] }]
`;
  const options = { yaml, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) };
  const run = (...args: string[]): Promise<CliResult> => command(args, options);
  return {
    db,
    receiver,
    options,
    run,
    json: async (...args) => {
      const { code, stdout, stderr } = await run(...args);
      expect({ code, stderr }, args.join(' ')).toMatchObject({ code: 0 });
      return JSON.parse(stdout);
    },
    daemon: async () => {
      const daemon = new Cli(['run'], options);
      await daemon.says(/"msg":"streaming"/);
      return daemon;
    },
  };
}

async function stop(daemon: Cli): Promise<void> {
  daemon.signal('SIGTERM');
  const { code, stdout } = await daemon.result;
  expect({ code, end: code === 0 ? '' : stdout.slice(-2_000) }).toEqual({ code: 0, end: '' });
}

interface Body {
  readonly data: { readonly id: number; readonly country?: string; readonly name?: string };
  readonly meta: { readonly operation: string; readonly backfill: boolean };
}

/** Row ids, each once, in their order. */
function rowIds(receiver: Receiver): number[] {
  return [...new Set(receiver.bodies<Body>().map(({ data }) => data.id))].toSorted((a, b) => a - b);
}

/** Resolves once the backfill has looked at some rows, but not at all. */
async function underWay({ json }: Scene, id: string): Promise<void> {
  await expect.poll(async () => (await json<{ backfills: BackfillReport[] }>('backfill', 'list', '--json')).backfills.find((one) => one.id === id)?.rows_done ?? 0, { timeout: 30_000, interval: 50 }).toBeGreaterThan(0);
}

test('rows for which --where holds are sent, with --columns alone, and progress is told', async () => {
  const world = await scene();
  const daemon = await world.daemon();
  const { code, stdout, stderr } = await world.run('backfill', 'crm-items', '--where', "country = 'NL' and id <= 200", '--columns', 'id,country', '--rate', '2000/s');
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(bf_\w+) sends the rows of public\.items as crm-items would have them, where the condition holds\n\1 is done: 100 rows of public\.items looked at, 100 sent to crm-items, in .+\n$/) });
  expect(stderr).toMatch(/^crm-items {2}.*\n(.*\n)*crm-items {2}100% {2}100 rows {2}done\n$/);
  expect(rowIds(world.receiver)).toEqual(Array.from({ length: 100 }, (_, n) => 2 * n + 2));
  for (const { data, meta } of world.receiver.bodies<Body>()) {
    expect(Object.keys(data)).toEqual(['id', 'country']);
    expect(meta).toMatchObject({ operation: 'data_insert', backfill: true });
  }
  expect(await world.json('backfill', 'crm-items', '--json')).toMatchObject({ state: 'done', rows_done: 400, rows_sent: 400, where: null, seconds_left: null });
  await stop(daemon);
  const audits = daemon.stdout.split('\n').flatMap((line) => (line.includes('"audit"') ? [JSON.parse(line).audit] : []));
  expect(audits).toMatchObject([{ action: 'begin_backfill', selection: { hook: 'crm-items', table: 'public.items' } }, { action: 'begin_backfill' }]);
  expect(daemon.stdout).not.toContain("country = 'NL'");
});

test('one can be halted, gone on with and ended; list and status tell', async () => {
  const world = await scene();
  const daemon = await world.daemon();
  const { id } = await world.json('backfill', 'crm-items', ...SLOW);
  await underWay(world, id);

  const paused = await world.run('backfill', 'pause', id);
  expect(paused, paused.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^bf_\w+ is paused at \d+ of ~\d+ rows: walhook backfill resume bf_/) });
  expect(await world.json<{ backfills: BackfillReport[] }>('status', '--json')).toMatchObject({ backfills: [{ id, state: 'paused', hook: 'crm-items', rate: 40 }], daemon: { backfills: [{ id }] } });
  const status = await world.run('status');
  expect(status.stdout).toMatch(new RegExp(`^${id} +crm-items +public\\.items +paused +\\d+% `, 'm'));

  expect(await world.run('backfill', 'resume', id)).toMatchObject({ code: 0 });
  const cancelled = await world.run('backfill', 'cancel', id);
  expect(cancelled, cancelled.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('is cancelled') });
  expect(await world.json('backfill', 'list', '--active', '--json')).toEqual({ backfills: [] });
  expect(await world.json('backfill', 'list', '--json')).toMatchObject({ backfills: [{ id, state: 'cancelled' }] });
  expect((await world.run('backfill', 'list')).stdout).toMatch(new RegExp(`^${id} +crm-items +public\\.items +cancelled`, 'm'));
  expect((await world.run('status')).stdout).not.toContain(id);
  for (const verb of ['pause', 'resume', 'cancel']) expect(await world.run('backfill', verb, id), verb).toMatchObject({ code: 1, stderr: expect.stringContaining(id) });
  expect(await world.run('backfill', 'watch', id)).toMatchObject({ code: 1, stdout: expect.stringContaining('is cancelled') });
  await stop(daemon);
});

test('what cannot be begun is refused, with why', async () => {
  const world = await scene();
  const nobody = await world.run('backfill', 'crm-items');
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringMatching(/through the running daemon, and nothing answers[\s\S]*\n {2}walhook run\n$/) });
  const daemon = await world.daemon();
  const refused = async (args: string[], message: RegExp | string): Promise<void> => {
    const { code, stderr } = await world.run('backfill', ...args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message) });
  };
  await refused(['crm-item'], 'did you mean "crm-items"?');
  await refused(['crm-items', '--where', 'contry = 1'], 'column "contry" does not exist');
  await refused(['crm-items', '--where', 'id = '], /condition/);
  // It would take the place of the condition that goes along the key.
  await refused(['crm-items', '--where', 'true) or (true'], /condition/);
  await refused(['crm-items', '--where', 'true; drop table items'], /condition/);
  await refused(['crm-items', '--columns', 'id,contry'], /contry/);
  await refused(['watch', 'bf_none'], 'bf_none');
  await world.json('backfill', 'crm-items', ...SLOW);
  await refused(['crm-items'], 'a backfill of hook crm-items is under way');
  await world.db.sql('alter table items drop constraint items_pkey');
  await refused(['crm-items', '--where', 'id > 5'], /key/);
  expect(await world.db.sql('select count(*)::int as n from items')).toEqual([{ n: 400 }]);
  daemon.signal('SIGTERM');
  await daemon.result;
});

test('Ctrl-C leaves it running; whoever watches outlives a restart of the daemon', async () => {
  const world = await scene();
  const first = await world.daemon();
  const begun = new Cli(['backfill', 'crm-items', '--rate', '60/s'], world.options);
  await begun.says(/\d+ of ~\d+ rows/);
  begun.signal('SIGINT');
  const left = await begun.result;
  expect(left).toMatchObject({ code: 1, signal: null });
  const [id = ''] = /bf_\w+/.exec(left.stdout) ?? [];
  for (const verb of ['watch', 'pause', 'cancel']) expect(left.stderr).toContain(`walhook backfill ${verb} ${id}`);
  expect(await world.json('backfill', 'list', '--active', '--json')).toMatchObject({ backfills: [{ id }] });

  const watching = new Cli(['backfill', 'watch', id], world.options);
  await watching.says(/\d+ of ~\d+ rows/);
  await stop(first);
  await watching.says(/the daemon does not answer|draining/);
  const second = await world.daemon();
  expect(await watching.result).toMatchObject({ code: 0, stdout: expect.stringContaining(`${id} is done: 400 rows`) });
  // The first has stored all that it had sent.
  expect(world.receiver.requests).toHaveLength(400);
  expect(rowIds(world.receiver)).toHaveLength(400);
  await stop(second);
});

test('after a lost slot the rows of the affected hooks are sent again', async () => {
  const world = await scene({ sql: `create table items (id int primary key, country text, name text)` });
  const first = await world.daemon();
  await world.db.sql(`insert into items values (1, 'NL', 'old'), (2, 'NL', 'old'), (3, 'NL', 'old')`);
  await world.receiver.deliveries(3);
  await stop(first);
  await world.db.sql('select pg_drop_replication_slot($1)', [world.db.name]);
  await world.db.sql(`update items set name = 'new' where id = 2; insert into items values (4, 'NL', 'new'); delete from items where id = 3`);

  const told = await world.run('resync');
  expect(told).toMatchObject({ code: 3, stdout: expect.stringContaining('--backfill all sends the rows of the tables as they are now, to crm-items') });
  expect(told.stdout).toContain('Rows that were deleted in the gap are not found');
  expect(await world.run('resync', '--backfill', 'all')).toMatchObject({ code: 2 });
  expect(await world.run('resync', '--accept-gap', '--backfill', 'crm-item')).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "crm-items"?') });
  const accepted = await world.json<{ backfills: { id: string }[] }>('resync', '--accept-gap', '--json');
  expect(accepted).toMatchObject({ accepted: true, backfills: [{ hook: 'crm-items', table: 'public.items' }] });

  // Until a daemon runs, status and list find it in the database.
  expect(JSON.parse((await world.run('status', '--json')).stdout)).toMatchObject({ daemon: null, backfills: [{ ...accepted.backfills[0], state: 'waiting', origin: 'resync' }] });
  const listed = await world.run('backfill', 'list', '--active', '--json');
  expect(listed).toMatchObject({ code: 0, stderr: expect.stringMatching(/^as the database has them: .*nothing answers on .*\n$/) });
  expect(JSON.parse(listed.stdout)).toMatchObject({ backfills: [{ ...accepted.backfills[0], state: 'waiting' }] });
  expect(await world.run('backfill', 'list', '--hook', 'other')).toMatchObject({ code: 0, stdout: 'there is no backfill\n' });

  const second = await world.daemon();
  const [{ id } = { id: '' }] = accepted.backfills;
  expect(await world.run('backfill', 'watch', id)).toMatchObject({ code: 0, stdout: expect.stringContaining('is done: 3 rows') });
  expect(await world.json('backfill', 'list', '--json')).toMatchObject({ backfills: [{ id, origin: 'resync', state: 'done' }] });
  const again = world.receiver.bodies<Body>().filter(({ meta }) => meta.backfill);
  expect(again.map(({ data }) => [data.id, data.name])).toEqual([[1, 'old'], [2, 'new'], [4, 'new']]);
  await stop(second);
});
