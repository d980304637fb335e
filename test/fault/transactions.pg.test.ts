import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../support/daemon.ts';
import { faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';

/** Rows of the large transaction: `WALHOOK_ROWS=1000000 npm test -- test/fault/transactions` for the figures in full. */
const ROWS = Number(process.env['WALHOOK_ROWS'] ?? 20_000);
const SMALL = Math.round(ROWS / 10);
const CONCURRENCY = 32;
/** What is stored may be so old, in milliseconds: half a second between two checkpoints, a look at stragglers, and their way to the database. */
const CHECKPOINT_AGE = 1_500;
const MIB = 1024 ** 2;
const PATIENCE = 60_000 + ROWS * 2;

/** A receiver that keeps a number for each row and nothing else. */
class Counter {
  /** How often each row came. */
  readonly times = new Uint8Array(ROWS + SMALL + 1);
  /** When each row came last; monotonic milliseconds. */
  readonly at = new Float64Array(ROWS + SMALL + 1);
  rows = 0;
  readonly #server = createServer((request, response) => {
    let text = '';
    request.setEncoding('latin1').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const id = Number(/"id":(\d+)/.exec(text)?.[1]);
      this.times[id] = (this.times[id] ?? 0) + 1;
      this.at[id] = performance.now();
      if (this.times[id] === 1) this.rows++;
      response.writeHead(204).end();
      if (this.rows >= this.#wanted) this.#reached?.();
    });
  });
  #wanted = Number.POSITIVE_INFINITY;
  #reached: (() => void) | null = null;

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Resolves once so many different rows have come. */
  reach(rows: number): Promise<void> {
    if (this.rows >= rows) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wanted = rows;
      this.#reached = resolve;
    });
  }

  count(is: (id: number) => boolean): number {
    return this.times.reduce((sum, _, id) => sum + (id > 0 && is(id) ? 1 : 0), 0);
  }
}

/** The most memory that a process ever had, in MiB. */
function peakMemory(pid: number): number {
  return (Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / MIB;
}

test(`a transaction of ${ROWS} rows, and ${SMALL} small ones: memory is flat, and a kill in the middle sends again only what was in flight`, { timeout: 3 * PATIENCE }, async () => {
  const database = await testDatabase('create table items (id int primary key, text text)');
  const receiver = new Counter();
  const url = await receiver.open();
  onTestFinished(() => receiver.close());
  const config = {
    source: { url: database.url, slot: database.name },
    limits: { in_flight: 1_000 },
    endpoints: { crm: faultEndpoint(url, { signing: undefined, concurrency: CONCURRENCY }) },
    hooks: [{ name: 'items', table: 'items', to: 'crm' }],
  };
  let daemon = launch(config);
  await daemon.streaming();
  const before = peakMemory(daemon.pid);
  const begun = performance.now();
  await database.sql(`insert into items select i, repeat('x', 300) from generate_series(1, ${ROWS}) i`);
  await receiver.reach(ROWS / 2);
  const killedAt = performance.now();
  await daemon.kill();
  const killed = receiver.times.slice();
  // Its last requests may still be on their way.
  const recent = receiver.count((id) => (receiver.at[id] ?? 0) > killedAt - CHECKPOINT_AGE && killed[id] === 1);

  daemon = launch(config);
  await daemon.streaming();
  const restarted = performance.now();
  await receiver.reach(ROWS);
  const largeTook = performance.now() - begun;
  const afterLarge = peakMemory(daemon.pid);
  const client = await database.client();
  const smallBegun = performance.now();
  await client.query(`do $$ begin for i in ${ROWS + 1}..${ROWS + SMALL} loop insert into items values (i, 'y'); commit; end loop; end $$`);
  await receiver.reach(ROWS + SMALL);
  const smallTook = performance.now() - smallBegun;
  const peak = peakMemory(daemon.pid);
  const again = receiver.count((id) => receiver.times[id] === 2);
  console.log(
    `${ROWS} rows in one transaction in ${Math.round(largeTook)} ms, killed after ${Math.round(killedAt - begun)} ms, streaming again after ${Math.round(restarted - killedAt)} ms; ` +
      `${again} came twice, ${recent} had come in the last ${CHECKPOINT_AGE} ms; ${SMALL} small transactions in ${Math.round(smallTook)} ms; ` +
      `memory ${Math.round(before)} MiB at the start, at most ${Math.round(afterLarge)} and ${Math.round(peak)} MiB`,
  );
  expect(receiver.rows).toBe(ROWS + SMALL);
  expect(receiver.count((id) => (receiver.times[id] ?? 0) > 2)).toBe(0);
  expect(again).toBeLessThanOrEqual(recent + CONCURRENCY);
  expect(peak - before).toBeLessThan(200);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
});

test('transactions of special shape, killed among them: subtransactions rolled back, prepared ones, commits that interleave; each row once, and none that was rolled back', async () => {
  const database = await testDatabase('create table items (id int primary key, text text)');
  const receiver = new Counter();
  const url = await receiver.open();
  onTestFinished(() => receiver.close());
  const config = {
    source: { url: database.url, slot: database.name },
    endpoints: { crm: faultEndpoint(url, { signing: undefined }) },
    hooks: [{ name: 'items', table: 'items', to: 'crm' }],
  };
  let daemon = launch(config);
  await daemon.streaming();
  // Every third is rolled back to its savepoint.
  await database.sql(`do $$ begin for i in 1..300 loop begin insert into items values (i); if i % 3 = 0 then raise 'x'; end if; exception when others then null; end; end loop; end $$`);
  await database.sql(`begin; insert into items select generate_series(301, 400); prepare transaction '${database.name}_a'`);
  await database.sql(`begin; insert into items select generate_series(401, 500); prepare transaction '${database.name}_b'`);
  await receiver.reach(200);
  await untilQuery(database, `select lsn > '0/0' from walhook.checkpoint`, true);
  await daemon.kill();

  await database.sql(`commit prepared '${database.name}_a'`);
  await database.sql(`rollback prepared '${database.name}_b'`);
  // Open at the same time, and committed in another order than begun.
  const clients = await Promise.all(Array.from({ length: 10 }, () => database.client()));
  for (const [i, client] of clients.entries()) await client.query(`begin; insert into items values (${501 + i})`);
  for (const [i, client] of clients.entries()) await client.query(`insert into items values (${511 + i})`);
  await Promise.all(clients.toReversed().map((client, i) => client.query(i % 5 === 0 ? 'rollback' : 'commit')));
  daemon = launch(config);
  await daemon.streaming();
  await receiver.reach(200 + 100 + 16);
  daemon.signal('SIGTERM');
  expect((await daemon.exit).code).toBe(0);
  const [{ ids } = { ids: [] }] = await database.sql<{ ids: number[] }>('select array_agg(id order by id) as ids from items');
  const came = Array.from(receiver.times.keys()).filter((id) => (receiver.times[id] ?? 0) > 0);
  expect(came).toEqual(ids);
});
