import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { COMMANDS } from '../../src/commands/catalog.ts';
import { Cli } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

vi.setConfig({ testTimeout: 180_000 });

/** Commands without `--json`, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  demo: 'a story for people, with a prompt; it prints no data that one has not written',
  run: 'its output is its log, which is JSON wherever it is not a terminal',
  schema: 'what it prints is JSON',
  completion: 'prints a script',
};

const GIVE_UP = { status: 422, headers: { 'webhook-delivery': 'abort-message' }, body: 'no' };

test('every command that prints data does so as JSON, with a daemon and without', async () => {
  const db = await testDatabase(`create table items (id int primary key, name text); insert into items values (0, 'there')`);
  const receiver = await testReceiver();
  receiver.answer = () => GIVE_UP;
  const yaml = `${HEAD}server: { listen: "127.0.0.1:${await freePort()}" }\nendpoints: { crm: ${endpoint()} }\nhooks: [{ name: items, table: items, to: crm }]\n`;
  const options = { yaml, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) };
  const tested = new Set<string>();
  /** Runs a command with --json; its output must be one JSON value, or one a line, and nothing else on stdout. */
  const json = async (args: readonly string[], codes: readonly number[] = [0]): Promise<unknown> => {
    tested.add(args[0] ?? '');
    const { code, stdout, stderr } = await command([...args, '--json'], options);
    expect({ args, code }, stderr).toEqual({ args, code: expect.toBeOneOf([...codes]) });
    return JSON.parse(stdout);
  };

  const folder = mkdtempSync(join(tmpdir(), 'walhook-json-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const made = await new Cli(['init', '--json', '-c', join(folder, 'walhook.yaml')], options).result;
  tested.add('init');
  expect(JSON.parse(made.stdout)).toMatchObject({ tables: ['items'], next: expect.any(Array) });

  expect(await json(['check'])).toMatchObject({ ok: true, findings: expect.any(Array) });
  expect(await json(['plan'])).toMatchObject({ steps: expect.any(Array) });
  expect(await json(['setup'])).toMatchObject({ state_schema: { name: 'walhook', made: true }, done: [{ kind: 'publication' }, { kind: 'slot' }] });
  expect(await json(['setup'])).toMatchObject({ state_schema: { made: false }, done: [] });
  expect(await json(['status'], [1])).toMatchObject({ daemon: null });
  expect(await json(['healthcheck'], [1])).toMatchObject({ healthy: false, reason: expect.stringContaining('nothing answers') });
  expect(await json(['resync'])).toMatchObject({ loss: null });
  expect(await json(['render', 'items'])).toMatchObject({ hook: 'items', requests: [{ endpoint: 'crm' }] });
  expect(await json(['test'])).toEqual({ passed: 0, failed: 0, tests: [] });
  expect(await json(['send', 'crm'], [1])).toMatchObject({ endpoint: 'crm', verdict: expect.any(String), response: { status: 422 } });

  const both = async (): Promise<void> => {
    expect(await json(['deliveries'])).toMatchObject({ deliveries: expect.any(Array), more: false });
    expect(await json(['replay', '--all', '--dry-run'])).toMatchObject({ action: 'replay', dry_run: true });
    expect(await json(['discard', '--parked', '--all', '--yes'])).toMatchObject({ action: 'discard', count: 0 });
    expect(await json(['pause', 'crm', '--reason', 'x'])).toEqual({ endpoint: 'crm', state: 'paused', reason: 'x' });
    expect(await json(['resume', 'crm'])).toEqual({ endpoint: 'crm', state: 'active' });
    expect(await json(['backfill', 'list'])).toMatchObject({ backfills: expect.any(Array) });
  };
  await both();
  const daemon = new Cli(['run'], options);
  await daemon.says(/"msg":"streaming"/);
  await db.sql(`insert into items values (1, 'a')`);
  await expect.poll(() => db.sql('select 1 from walhook.dead'), { timeout: 30_000, interval: 20 }).toHaveLength(1);
  await both();
  expect(await json(['show', receiver.requests.find(({ id }) => !(id ?? '').startsWith('test-'))?.id ?? ''])).toMatchObject({ deliveries: [{ endpoint: 'crm', state: 'dead' }] });
  expect(await json(['status'])).toMatchObject({ daemon: { state: 'streaming' } });
  expect(await json(['healthcheck', '--ready'])).toEqual({ ready: true, reason: null });
  // Nobody is asked, so that no question is in the output.
  expect(await command(['discard', '--all', '--json'], options)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('with --json nobody is asked') });
  daemon.signal('SIGTERM');
  expect(await daemon.result).toMatchObject({ code: 0 });

  const listen = new Cli(['listen', db.url, '--table', 'items', '--json'], options);
  let id = 100;
  await expect.poll(async () => {
    await db.sql('insert into items values ($1)', [id++]);
    return listen.stdout;
  }, { timeout: 30_000, interval: 100 }).toContain('data_insert');
  listen.signal('SIGINT');
  const { stdout, code } = await listen.result;
  tested.add('listen');
  expect(code).toBe(0);
  for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toBeTypeOf('object');

  expect(await json(['uninstall', '--yes'])).toMatchObject({ dry_run: false, done: [{ kind: 'slot' }, { kind: 'publication' }, { kind: 'schema' }], lost: { dead: 1 } });
  expect([...tested, ...Object.keys(WITHOUT)].toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
});

test('help of each command tells of --json, but of those that have a reason', () => {
  const has = COMMANDS.filter(({ options }) => options.some(({ flags }) => flags === '--json')).map(({ name }) => name);
  expect(has.toSorted()).toEqual(COMMANDS.flatMap(({ name }) => (name in WITHOUT ? [] : [name])).toSorted());
});
