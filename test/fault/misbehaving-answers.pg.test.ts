import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { ITEMS_SQL } from '../support/writer.ts';

/** What an endpoint answers first, and then 204; `wait`: milliseconds that it must be left alone, at least and at most. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly wait: readonly [number, number];
}

/** Longer than any wait here, on a machine that is busy. */
const LATE = 12_000;
/** `retry.max`, in milliseconds: an endpoint is not left alone for longer, whatever it asks for. */
const MAX = 2_000;

const ANSWERS: Readonly<Record<string, () => Answer>> = {
  '429, in a second': () => ({ status: 429, headers: { 'retry-after': '1' }, wait: [950, LATE] }),
  '503, at a date in two seconds': () => ({ status: 503, headers: { 'retry-after': new Date(Date.now() + 2_000).toUTCString() }, wait: [500, LATE] }),
  '429, at a date that is past': () => ({ status: 429, headers: { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' }, wait: [0, LATE] }),
  '503, at once': () => ({ status: 503, headers: { 'retry-after': '0' }, wait: [0, LATE] }),
  '429 and garbage': () => ({ status: 429, headers: { 'retry-after': 'soon, -1' }, wait: [0, LATE] }),
  '503 and nothing': () => ({ status: 503, headers: {}, wait: [0, LATE] }),
};

interface Ending {
  readonly name: string;
  readonly url: string;
  /** When each request came; monotonic milliseconds. */
  readonly at: readonly number[];
}

/** An endpoint that gives one answer to its first request and 204 to all others. */
async function answering(name: string, answer: () => Answer): Promise<Ending> {
  const at: number[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      at.push(performance.now());
      const { status, headers } = answer();
      if (at.length === 1) response.writeHead(status, headers).end();
      else response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { name, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, at };
}

const ROW = `insert into items (id, version, note) values (1, 1, '')`;

test('every form of Retry-After is obeyed within bounds, and a neighbour is not delayed by any', async () => {
  const database = await testDatabase(ITEMS_SQL);
  const audit = await testReceiver();
  const entries = Object.entries(ANSWERS);
  const asked = await Promise.all(entries.map(([, answer], i) => answering(`asks_${i}`, answer)));
  const absurd = await answering('absurd', () => ({ status: 503, headers: { 'retry-after': '99999999999999' }, wait: [0, 0] }));
  const options = { retry: { initial: '50ms', factor: 1, max: `${MAX}ms`, attempts: 100 }, breaker: { failures: 100, open: '200ms' } };
  const config = faultConfig({
    database,
    endpoints: { audit: faultEndpoint(audit.url), ...Object.fromEntries([...asked, absurd].map(({ name, url }) => [name, faultEndpoint(url, options)])) },
  });
  const daemon = launch(config);
  await daemon.streaming();
  await database.sql(ROW);
  await audit.deliveries(1);
  await expect.poll(() => asked.every(({ at }) => at.length >= 2), { timeout: 20_000 }).toBe(true);
  await untilQuery(database, `select count(*)::int from walhook.parked where endpoint <> 'absurd'`, 0);
  await untilQuery(database, `select count(*)::int from walhook.parked where endpoint = 'absurd' and attempts = 1`, 1);
  for (const [i, [kind, answer]] of entries.entries()) {
    const [first = 0, second = Number.NaN] = asked[i]?.at ?? [];
    const [least, most] = answer().wait;
    expect(second - first, kind).toBeGreaterThanOrEqual(least);
    expect(second - first, kind).toBeLessThan(most);
  }
  // A day at most: it is kept, and says when it is due.
  const [row] = await database.sql<{ hours: number }>(`select extract(epoch from due_at - now())::float8 / 3600 as hours from walhook.parked where endpoint = 'absurd'`);
  expect(row?.hours).toBeGreaterThan(23);
  expect(row?.hours).toBeLessThanOrEqual(24);
  expect(absurd.at).toHaveLength(1);
});

test('410 and webhook-delivery: disable stop an endpoint and keep its deliveries; abort-message ends that delivery alone; resumed, it gets what was kept', async () => {
  const database = await testDatabase(ITEMS_SQL);
  const audit = await testReceiver();
  const gone = await answering('gone', () => ({ status: 410, headers: {}, wait: [0, 0] }));
  const disables = await answering('disables', () => ({ status: 500, headers: { 'webhook-delivery': 'disable' }, wait: [0, 0] }));
  const aborts = await answering('aborts', () => ({ status: 400, headers: { 'webhook-delivery': 'abort-message' }, wait: [0, 0] }));
  const config = faultConfig({
    database,
    endpoints: { audit: faultEndpoint(audit.url), ...Object.fromEntries([gone, disables, aborts].map(({ name, url }) => [name, faultEndpoint(url)])) },
  });
  let daemon = launch(config);
  await daemon.streaming();
  await database.sql(ROW);
  for (const name of ['gone', 'disables']) await untilQuery(database, `select state from walhook.endpoint where name = '${name}'`, 'disabled');
  await untilQuery(database, `select count(*)::int from walhook.dead where endpoint = 'aborts'`, 1);
  for (let version = 2; version <= 5; version++) await database.sql('update items set version = $1', [version]);
  await audit.deliveries(5);
  for (const name of ['gone', 'disables']) await untilQuery(database, `select count(*)::int from walhook.parked where endpoint = '${name}'`, 5);
  await expect.poll(() => aborts.at.length, { timeout: 20_000 }).toBe(5);
  await untilQuery(database, `select count(*)::int from walhook.parked where endpoint = 'aborts'`, 0);
  expect([gone.at.length, disables.at.length, aborts.at.length]).toEqual([1, 1, 5]);

  // A restart changes nothing of it.
  await daemon.kill();
  daemon = launch(config);
  await daemon.streaming();
  await database.sql('update items set version = 6');
  await audit.deliveries(6);
  await untilQuery(database, `select count(*)::int from walhook.parked where endpoint = 'gone'`, 6);
  expect([gone.at.length, disables.at.length]).toEqual([1, 1]);
  const { msg } = await daemon.says(/health and status are on/);
  const origin = /http:\/\/\S+/.exec(msg)?.[0] ?? '';
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  for (const name of ['gone', 'disables']) {
    const response = await fetch(`${origin}/api/v1/endpoints/${name}/resume`, request);
    expect(response.ok, await response.text()).toBe(true);
  }
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  expect([gone.at.length, disables.at.length]).toEqual([7, 7]);
});
