import { expect, onTestFinished, test, vi } from 'vitest';
import type { BackfillReport } from '../../src/backfills.ts';
import { METRICS } from '../../src/observe/metrics.ts';
import { type Family, parseExposition, valueOf } from '../observe/exposition.ts';
import { Cli } from '../support/cli.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { Proxy } from '../support/proxy.ts';

vi.setConfig({ testTimeout: 120_000 });

const TOKEN = '0123456789abcdef';
/** Of what another process does. */
const SOON = { timeout: 30_000 };
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
const TABLE = `create table items (id int primary key, name text);
insert into items select n, 'item ' || n from generate_series(1, 4000) as n`;

interface Scene {
  readonly db: TestDatabase;
  /** Resolves once a daemon in a process of its own streams. */
  readonly start: () => Promise<Cli>;
  readonly scrape: () => Promise<Map<string, Family>>;
  readonly text: () => Promise<string>;
  readonly api: <Shape>(path: string, body?: object) => Promise<Shape>;
}

async function scene(state?: (db: TestDatabase) => Promise<string>): Promise<Scene> {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const port = await freePort();
  const yaml = `${HEAD}server: { listen: "127.0.0.1:${port}", token: "${TOKEN}" }
${state === undefined ? '' : `state: { url: "${await state(db)}" }`}
endpoints: { crm: ${endpoint()} }
hooks:
  - { name: crm-items, table: items, to: crm }
  - { name: other, table: items, to: crm, events: [delete] }
`;
  const ask = async (path: string, body?: object): Promise<Response> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: HEADERS, ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }) });
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true);
    return answer;
  };
  const text = async (): Promise<string> => (await ask('/metrics')).text();
  return {
    db,
    start: async () => {
      const daemon = new Cli(['run'], { yaml, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) });
      await daemon.says(/"msg":"streaming"/);
      return daemon;
    },
    text,
    scrape: async () => parseExposition(await text()),
    api: async <Shape>(path: string, body?: object) => (await ask(`/api/v1/${path}`, body)).json() as Promise<Shape>,
  };
}

test('a scrape tells of a running daemon what its API tells, during a backfill', async () => {
  const { db, start, scrape, text, api } = await scene();
  const daemon = await start();
  // WAL is looked at just after the start.
  await expect.poll(async () => valueOf(await scrape(), 'walhook_wal_retained_bytes'), SOON).toBeGreaterThan(0);
  expect(valueOf(await scrape(), 'walhook_backfills', { hook: 'crm-items', state: 'running' })).toBe(0);

  const { id } = await api<BackfillReport>('backfills', { hook: 'crm-items', rate: 40 });
  const look = async (): Promise<{ before: BackfillReport; during: Map<string, Family>; after: BackfillReport }> => ({
    before: await api<BackfillReport>(`backfills/${id}`),
    during: await scrape(),
    after: await api<BackfillReport>(`backfills/${id}`),
  });
  let { before, during, after } = await look();
  const rowsOf = (name: string): number => valueOf(during, `walhook_backfill_${name}`, { hook: 'crm-items' }) ?? 0;
  // At full speed, and not at the moment at which the estimate is corrected.
  await expect
    .poll(async () => {
      ({ before, during, after } = await look());
      return rowsOf('rows_sent') > 0 && rowsOf('left_seconds') > 0 && (valueOf(during, 'walhook_endpoint_delivered_total', { endpoint: 'crm' }) ?? 0) > 0 && before.rows_estimated === after.rows_estimated;
    }, SOON)
    .toBe(true);
  for (const name of ['rows_done', 'rows_sent'] as const) {
    expect(rowsOf(name)).toBeGreaterThanOrEqual(before[name]);
    expect(rowsOf(name)).toBeLessThanOrEqual(after[name]);
  }
  expect(rowsOf('rows_estimated')).toBe(after.rows_estimated);
  expect(rowsOf('rows_per_second')).toBeGreaterThan(0);
  expect(['waiting', 'running', 'paused'].map((state) => valueOf(during, 'walhook_backfills', { hook: 'crm-items', state })).reduce((a, b) => (a ?? 0) + (b ?? 0), 0)).toBe(1);
  expect(valueOf(during, 'walhook_backfills', { hook: 'other', state: 'running' })).toBe(0);
  expect(valueOf(during, 'walhook_ready')).toBe(1);
  expect(valueOf(during, 'walhook_state', { state: 'streaming' })).toBe(1);
  expect(valueOf(during, 'walhook_wal_state', { state: 'reserved' })).toBe(1);
  expect(valueOf(during, 'walhook_received_lag_seconds')).toBeLessThan(30);
  expect(valueOf(during, 'walhook_endpoint_parked_deliveries', { endpoint: 'crm' })).toBe(0);
  expect(valueOf(during, 'walhook_attempts_total', { endpoint: 'crm', outcome: 'delivered' })).toBeGreaterThan(0);
  // This server has no limit, and nothing runs out; the configuration was not changed. There is no engine.
  const left = METRICS.map(({ name }) => name).filter((name) => !during.has(name) && !name.startsWith('walhook_engine_'));
  expect([...during.keys()].filter((name) => name.startsWith('walhook_engine_'))).toEqual([]);
  expect(left).toEqual(['walhook_wal_safe_bytes', 'walhook_wal_left_seconds', 'walhook_reload_last_ok', 'walhook_reload_last_applied_timestamp_seconds']);

  await api(`backfills/${id}/pause`, {});
  await expect.poll(async () => valueOf(await scrape(), 'walhook_backfills', { hook: 'crm-items', state: 'paused' }), SOON).toBe(1);
  const all = await text();
  for (const never of [id, 'bf_', db.name, '://', '127.0.0.1', TOKEN]) expect(all).not.toContain(never);
  await api('endpoints/crm/pause', { reason: 'maintenance' });
  await db.sql(`insert into items values (5001, 'new')`);
  await expect.poll(async () => valueOf(await scrape(), 'walhook_endpoint_parked_deliveries', { endpoint: 'crm' }), SOON).toBeGreaterThan(0);
  expect(valueOf(await scrape(), 'walhook_endpoint_state', { endpoint: 'crm', state: 'paused' })).toBe(1);

  await api(`backfills/${id}/cancel`, {});
  await expect.poll(async () => valueOf(await scrape(), 'walhook_backfills', { hook: 'crm-items', state: 'paused' }), SOON).toBe(0);
  expect((await scrape()).has('walhook_backfill_rows_done')).toBe(false);
  daemon.signal('SIGTERM');
  expect(await daemon.result).toMatchObject({ code: 0 });
});

test('while the state database does not answer a scrape is answered without what it would have told', async () => {
  const proxies: Proxy[] = [];
  const { start, scrape } = await scene(async (db) => {
    const proxy = await Proxy.before(db.url);
    onTestFinished(() => proxy.close());
    proxies.push(proxy);
    return proxy.url;
  });
  const [proxy] = proxies;
  if (proxy === undefined) throw new Error('there is no proxy');
  await start();
  await expect.poll(async () => valueOf(await scrape(), 'walhook_backfills', { hook: 'other', state: 'running' }), SOON).toBe(0);

  // What is asked from now on hangs, and who connects anew is refused.
  proxy.halfOpen();
  proxy.accepts = false;
  const told = ['walhook_endpoint_parked_deliveries', 'walhook_endpoint_dead_deliveries', 'walhook_backfills'];
  const known = async (): Promise<string[]> => {
    const families = await scrape();
    return told.filter((name) => families.has(name));
  };
  // Until a scrape has asked in vain, which it does for half a second. Questions rest between, by how long they took.
  let slowest = 0;
  await expect
    .poll(async () => {
      const began = performance.now();
      const away = await scrape();
      slowest = Math.max(slowest, performance.now() - began);
      return slowest > 450 && away.has('walhook_endpoint_queued_deliveries') && valueOf(away, 'walhook_state', { state: 'streaming' }) === 1;
    }, SOON)
    .toBe(true);
  expect(slowest).toBeLessThan(5_000);
  proxy.reset();
  await expect.poll(known, SOON).toEqual([]);

  proxy.accepts = true;
  await expect.poll(known, SOON).toEqual(told);
});
