/**
 * How fast deliveries are parked, paged and settled: `node bench/parking.ts [postgres://…]`. Uses a schema of its own and
 * drops it; without a URL it starts a Postgres for the time of the run, with the settings a production server has.
 * TEMPLATED=1: each delivery has a path and a header of its own.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { startEmbeddedPostgres } from '../src/commands/embedded-postgres.ts';
import { type Sequence, NO_HEADERS } from '../src/delivery.ts';
import type { Parking, Settlement } from '../src/queue/port.ts';
import { openState } from '../src/store/database.ts';
import { migrate } from '../src/store/migrate.ts';
import { Ownership } from '../src/store/owner.ts';
import { parkingStore } from '../src/store/parking.ts';

const ROWS = Number(process.env['ROWS'] ?? 1_000_000);
const BATCH = Number(process.env['BATCH'] ?? 1_000);
const LANES = Number(process.env['LANES'] ?? 50_000);
const WRITERS = Number(process.env['WRITERS'] ?? 2);
const TEMPLATED = process.env['TEMPLATED'] === '1';
const PAGE = 500;

const given = process.argv[2];
const server = given === undefined ? await startEmbeddedPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } }) : null;
const state = openState({ client: { connectionString: given ?? server?.url ?? '' }, schema: `bench_${randomUUID().slice(0, 8)}` });
const owner = new Ownership(state, 'bench');
const store = parkingStore(state, owner);
const request = { hook: 'crm-profiles', endpoint: 'crm', method: 'POST', path: '/hooks', contentType: 'application/json', headers: NO_HEADERS };
const body = JSON.stringify({ data: { user_id: randomUUID(), email: 'a@b.example', text: 'x'.repeat(300) }, redacted: [], meta: {} });

function parking(n: number): Parking {
  const lane = Number.parseInt(createHash('sha256').update(String(n % LANES)).digest('hex').slice(0, 13), 16);
  const sequence = { commitLsn: BigInt(n >> 4) * 4096n, ordinal: n & 15, nth: 0 };
  const id = `${sequence.commitLsn.toString(16).padStart(16, '0')}-${sequence.ordinal}-u-0123456789abcdef`;
  return {
    delivery: { id, request: TEMPLATED ? { ...request, path: `/contacts/${n}?from=walhook`, headers: [['x-table', 'profiles'], ['x-row', String(n)]] } : request, lane, sequence, operation: 'data_update', table: 'public.profiles', body, bytes: 1000, committedAt: Date.now() },
    attempts: n < LANES ? 1 : 0, dueIn: 5_000,
    failure: n < LANES ? { failure: 'status', status: 503, message: 'HTTP 503', response: 'down' } : null,
  };
}

/** Milliseconds of CPU that the server's processes have used (Linux, same machine): what else is busy makes little difference to it. */
async function serverCpu(): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pid from pg_stat_activity`.execute(state.db);
  let ticks = 0;
  for (const { pid } of rows) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended, or is on another machine.
    }
  }
  return ticks * 10;
}

function perRow(ms: number, rows: number): string {
  return `${((ms * 1000) / rows).toFixed(1)} µs`;
}

async function timed<T>(name: string, count: number, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  const ms = performance.now() - start;
  console.log(`${name}: ${ms.toFixed(1)} ms, ${Math.round((count / ms) * 1000)}/s`);
  return result;
}

await migrate(state);
await owner.takeOver();
const serverBefore = await serverCpu();
const cpu = process.cpuUsage();
let next = 0;
await timed(`park ${ROWS} in batches of ${BATCH}, ${WRITERS} at a time`, ROWS, () =>
  Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (next < ROWS) {
        const from = next;
        next += BATCH;
        await store.park(Array.from({ length: Math.min(BATCH, ROWS - from) }, (_, n) => parking(from + n)));
      }
    }),
  ),
);
const used = process.cpuUsage(cpu);
console.log(`  CPU a row: ours ${((used.user + used.system) / ROWS).toFixed(1)} µs, the server's ${perRow((await serverCpu()) - serverBefore, ROWS)}`);

const middle: Sequence = { commitLsn: BigInt(ROWS >> 5) * 4096n, ordinal: 3, nth: 0 };
const query = { endpoint: 'crm', lanes: null, after: null, limit: PAGE, bytes: 8 * 1024 * 1024 };
await timed('first page', PAGE, () => store.page(query));
await timed('page from the middle', PAGE, () => store.page({ ...query, after: middle }));
for (const lanes of [1, 16, 1_000]) {
  const some = Array.from({ length: lanes }, (_, n) => parking(n * 7).delivery.lane);
  await timed(`page of ${lanes} lanes from the middle`, PAGE, () => store.page({ ...query, lanes: some, after: middle }));
}
await timed('10,000 lanes at most (more than that: null)', 10_000, () => store.lanes('crm', 10_000));
await timed('all lanes', LANES, () => store.lanes('crm', LANES));
let after: Sequence | null = null;
let paging = 0;
let settling = 0;
const SETTLED = Math.min(100_000, ROWS);
const serverBeforeDrain = await serverCpu();
const drainCpu = process.cpuUsage();
await timed(`page through and settle ${SETTLED}`, SETTLED, async () => {
  for (let done = 0; done < SETTLED; done += PAGE) {
    const t0 = performance.now();
    const stored = await store.page({ ...query, after });
    const t1 = performance.now();
    paging += t1 - t0;
    after = stored.at(-1)?.delivery.sequence ?? null;
    const settlement: Settlement = { endpoint: 'crm', delivered: stored.map((item) => item.delivery.id), failed: [], dead: [] };
    await store.settle(settlement);
    settling += performance.now() - t1;
  }
});
const drained = process.cpuUsage(drainCpu);
console.log(`  CPU a row: ours ${((drained.user + drained.system) / SETTLED).toFixed(1)} µs, the server's ${perRow((await serverCpu()) - serverBeforeDrain, SETTLED)}`);
console.log(`  of which paging ${paging.toFixed(0)} ms, settling ${settling.toFixed(0)} ms`);
await timed('first page over dead tuples', PAGE, () => store.page(query));
if (!process.env["KEEP"]) await sql`drop schema ${sql.id(state.schema)} cascade`.execute(state.db);
await state.close();
await server?.stop();
