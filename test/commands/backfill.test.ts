import { expect, onTestFinished, test } from 'vitest';
import { startHttpServer } from '../../src/observe/http-server.ts';
import type { CliResult } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { MemoryBackfills } from '../support/memory-backfills.ts';
import { NOTHING_TO_LOOK_AT } from '../observe/asking.ts';

// The commands against the HTTP API, with backfills that do what the test says. Those of a daemon: backfill.pg.test.ts.

const TOKEN = '0123456789abcdef';

interface Scene {
  readonly backfills: MemoryBackfills;
  readonly run: (...args: string[]) => Promise<CliResult>;
  /** Ctrl-C. */
  readonly stop: AbortController;
}

async function scene(): Promise<Scene> {
  const backfills = new MemoryBackfills(['crm-profiles', 'list']);
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    readiness: () => ({ state: 'streaming', slot: 'walhook', problems: [] }),
    status: async () => ({}),
    metrics: () => expect.unreachable('no metrics were asked for'),
    operations: () => expect.unreachable('no delivery was asked for'),
    backfills: () => backfills,
    ...NOTHING_TO_LOOK_AT,
    audit: () => undefined,
    onError: () => undefined,
  });
  onTestFinished(() => server.close());
  const stop = new AbortController();
  const yaml = yamlOf(new URL(server.url).host);
  return { backfills, stop, run: (...args) => command(['backfill', ...args], { yaml }, stop.signal) };
}

function yamlOf(listen: string): string {
  return `version: 1
source: { url: "postgres://localhost/none" }
server: { listen: "${listen}", token: "${TOKEN}" }
`;
}

test('a backfill is begun with what was asked for, and watched to its end', async () => {
  const { backfills, run } = await scene();
  backfills.onShow = (id) => backfills.set(id, { state: 'done', rows_done: 1_234, rows_sent: 1_200 });
  const { code, stdout, stderr } = await run('crm-profiles', '--where', "country = 'NL'", '--columns', 'user_id,email', '--rate', '500/s');
  expect(code).toBe(0);
  expect(backfills.requests).toEqual([{ hook: 'crm-profiles', where: "country = 'NL'", columns: ['user_id', 'email'], rate: 500, origin: 'command' }]);
  expect(stdout).toMatch(/^(bf_\w+) sends the rows of public\.profiles as crm-profiles would have them, where the condition holds\n\1 is done: 1,234 rows of public\.profiles looked at, 1,200 sent to crm-profiles\n$/);
  // Progress is not in the way of who reads stdout.
  expect(stderr).toMatch(/^crm-profiles {2}0 rows {2}waiting\ncrm-profiles {2}100% {2}1,234 rows {2}done\n$/);
});

test('one that fails or is cancelled meanwhile ends the command with 1, and says why', async () => {
  const { backfills, run } = await scene();
  backfills.onShow = (id) => backfills.set(id, { state: 'failed', reason: 'table public.profiles is gone' });
  expect(await run('crm-profiles')).toMatchObject({ code: 1, stdout: expect.stringContaining('failed (table public.profiles is gone)') });
  backfills.onShow = (id) => backfills.set(id, { state: 'cancelled' });
  const { code, stdout, stderr } = await run('crm-profiles', '--json');
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ hook: 'crm-profiles', state: 'cancelled' });
});

test('--no-wait returns once it has begun', async () => {
  const { backfills, run } = await scene();
  const { code, stdout } = await run('start', 'list', '--no-wait');
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nit goes on by itself: walhook backfill watch bf_\w+ -c \/\S+\n$/);
  expect(JSON.parse((await run('crm-profiles', '--no-wait', '--json')).stdout)).toMatchObject({ hook: 'crm-profiles', state: 'waiting' });
  expect(backfills.requests.map(({ hook }) => hook)).toEqual(['list', 'crm-profiles']);
});

test('Ctrl-C leaves it running, and says how to look at it, halt it and end it', async () => {
  const { backfills, run, stop } = await scene();
  backfills.onShow = (id) => {
    backfills.set(id, { state: 'running', rows_done: 7, rows_estimated: 100 });
    stop.abort();
  };
  const { code, stderr } = await run('crm-profiles');
  expect(code).toBe(1);
  const [one] = await backfills.list();
  expect(one).toMatchObject({ state: 'running' });
  expect(stderr).toContain(`${one?.id ?? ''} goes on in the daemon; it was at 7 of ~100 rows\n`);
  for (const verb of ['watch', 'pause', 'cancel']) expect(stderr).toContain(`  walhook backfill ${verb} ${one?.id ?? ''} -c `);
});

test('list shows what there is, of a hook or what has not ended', async () => {
  const { backfills, run } = await scene();
  expect(await run('list')).toMatchObject({ code: 0, stdout: 'there is no backfill\n' });
  const first = await backfills.begin({ hook: 'crm-profiles' });
  const second = await backfills.begin({ hook: 'list' });
  await backfills.cancel(first.id);
  expect((await run('list')).stdout.split('\n').map((line) => line.split(/ +/).slice(0, 4))).toEqual([
    ['backfill', 'hook', 'table', 'state'],
    [second.id, 'list', 'public.profiles', 'waiting'],
    [first.id, 'crm-profiles', 'public.profiles', 'cancelled'],
    [''],
  ]);
  const listed = async (...args: string[]): Promise<unknown> => JSON.parse((await run('list', '--json', ...args)).stdout);
  expect(await listed('--active')).toMatchObject({ backfills: [{ id: second.id }] });
  expect(await listed('--hook', 'crm-profiles')).toMatchObject({ backfills: [{ id: first.id }] });
  expect(await listed('--hook', 'other')).toEqual({ backfills: [] });
});

test('pause, resume, cancel and watch act on one', async () => {
  const { backfills, run } = await scene();
  const { id } = await backfills.begin({ hook: 'crm-profiles' });
  expect(await run('pause', id)).toMatchObject({ code: 0, stdout: expect.stringMatching(/ is paused at 0 rows: walhook backfill resume /) });
  expect(await run('resume', id)).toMatchObject({ code: 0, stdout: expect.stringMatching(/ goes on from 0 rows: walhook backfill watch /) });
  backfills.onShow = () => backfills.set(id, { state: 'done', rows_done: 3 });
  expect(await run('watch', id)).toMatchObject({ code: 0, stdout: expect.stringContaining('is done: 3 rows') });
  expect(await run('cancel', id)).toMatchObject({ code: 0, stdout: expect.stringContaining('is cancelled: 3 rows') });
  expect(JSON.parse((await run('pause', id, '--json')).stdout)).toMatchObject({ id, state: 'paused' });
});

test('what the daemon refuses is told with its hint', async () => {
  const { run } = await scene();
  expect(await run('crm-profile')).toMatchObject({ code: 1, stdout: '', stderr: 'walhook: there is no hook "crm-profile"\n  walhook check\n' });
  for (const verb of ['watch', 'pause', 'resume', 'cancel']) expect(await run(verb, 'bf/../x')).toMatchObject({ code: 1, stderr: 'walhook: there is no backfill "bf/../x"\n  walhook backfill list\n' });
});

test('without a daemon nothing can be done, and it says how to start one', async () => {
  const yaml = yamlOf(`127.0.0.1:${await freePort()}`);
  for (const args of [['crm-profiles'], ['watch', 'bf_1'], ['pause', 'bf_1']]) {
    const { code, stderr } = await command(['backfill', ...args], { yaml });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^walhook: a backfill goes through the running daemon, and nothing answers on http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\n {2}walhook run\n$/) });
  }
});
