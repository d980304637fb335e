import { type Database, WALHOOK } from '../database.ts';
import { drain } from '../drain.ts';
import { buildEvents } from '../events/build-events.ts';
import type { Chart, Measure, Table } from '../measure.ts';
import { profilesBacklog, profilesConfig } from '../profiles.ts';
import { inTurn } from '../rounds.ts';
import { median } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { endpoint, walhookConfig, type WalhookConfig } from '../walhook-config.ts';

const ROWS = [1 / 30, 1 / 10, 1 / 3];
const COLUMNS = [2, 5, 10, 30, 100];
const ENDPOINTS = [1, 5, 10, 50];

/** Each number of what grows, with microseconds of CPU. */
type Curve = readonly (readonly [number, number])[];

/** How cost grows with rows, columns and endpoints; with hooks, see hooks.ts. */
export const growth: Measure = {
  name: 'growth',
  title: 'how cost grows with rows, columns and endpoints',
  isSlow: true,
  async run(suite) {
    const rows = await byRows(suite);
    const endpoints = await byEndpoints(suite);
    const columns = await byColumns(suite);
    return {
      figures: [],
      tables: [table('rows', 'µs of CPU a delivery', rows), table('columns', 'µs of CPU a row, before delivery', columns), table('endpoints', 'µs of CPU a delivery', endpoints)],
      charts: [
        chart('rows', { title: 'CPU a delivery, by rows of the backlog', isLogX: true }, rows),
        chart('columns', { title: 'CPU a row before delivery, by columns', isLogX: false }, columns),
        chart('endpoints', { title: 'CPU a delivery, by endpoints that get each event', isLogX: false }, endpoints),
      ],
      notes: ['Rows and endpoints: the whole daemon. Columns: what is read and built, before delivery; half of the columns are text, half numbers.'],
    };
  },
};

async function byRows(suite: Suite): Promise<Curve> {
  const all = Math.ceil(suite.options.rows * Math.max(...ROWS));
  const { database } = await profilesBacklog(suite, 'growth_rows', all);
  const receiver = await suite.receiver();
  return curve(suite, ROWS.map((part) => Math.ceil(suite.options.rows * part)), async (until) => {
    const { cpu } = await drain(suite, { database, receiver, config: await profilesConfig(database, receiver.port), until });
    return cpu;
  });
}

/** As many deliveries each time. */
async function byEndpoints(suite: Suite): Promise<Curve> {
  const deliveries = Math.ceil(suite.options.rows / 6);
  const { database } = await profilesBacklog(suite, 'growth_endpoints', deliveries);
  const receiver = await suite.receiver();
  return curve(suite, ENDPOINTS, async (count) => {
    const names = Array.from({ length: count }, (_, n) => `bench-${n}`);
    const endpoints = Object.fromEntries(names.map((name) => [name, endpoint(receiver.port)]));
    const config = await profilesConfig(database, receiver.port, { endpoints, hooks: [{ name: 'bench', table: 'profiles', to: names }] });
    const { cpu } = await drain(suite, { database, receiver, config, until: deliveries });
    return cpu;
  });
}

async function byColumns(suite: Suite): Promise<Curve> {
  const rows = Math.ceil(suite.options.rows / 10);
  const databases = new Map<number, Database>();
  for (const count of COLUMNS) databases.set(count, await wideBacklog(suite, count, rows));
  return curve(suite, COLUMNS, async (count) => {
    const database = databases.get(count);
    if (database === undefined) throw new Error(`no table of ${count} columns`);
    const config: WalhookConfig = await walhookConfig({ database, endpoints: { bench: endpoint(9) }, hooks: [{ name: 'bench', table: 'wide', to: 'bench' }] });
    const { cpu } = await buildEvents(suite, { database, rows, config: config.data });
    return cpu;
  });
}

async function wideBacklog(suite: Suite, columns: number, rows: number): Promise<Database> {
  const database = await suite.database(`growth_columns_${columns}`);
  const others = Array.from({ length: columns - 1 }, (_, n) => (n % 2 === 0 ? { type: 'text', value: `'some words ' || i` } : { type: 'numeric', value: 'i / 7.0' }));
  await database.query(`create table wide (user_id bigint primary key, ${others.map(({ type }, n) => `c${n} ${type}`).join(', ')})`);
  await database.query(`create publication ${WALHOOK} for table wide`);
  await database.beginBacklog();
  await database.inThousands(rows, `insert into wide select i, ${others.map(({ value }) => value).join(', ')} from generate_series($1::int, $2::int) i`);
  return database;
}

/** The median cost at each count; the counts take turns. */
async function curve(suite: Suite, counts: readonly number[], cost: (count: number) => Promise<number>): Promise<Curve> {
  const results = await inTurn(suite.options.rounds, Object.fromEntries(counts.map((count) => [count, () => cost(count)])));
  return counts.map((count) => [count, median(results[count] ?? [])]);
}

function table(what: string, unit: string, points: Curve): Table {
  return { title: `By ${what}`, columns: [what, unit], rows: points.map(([count, cost]) => [count.toLocaleString('en'), cost.toFixed(2)]) };
}

function chart(what: string, { title, isLogX }: { title: string; isLogX: boolean }, points: Curve): Chart {
  return { name: `growth-${what}`, title, x: what, y: 'µs', isLogX, lines: [{ name: what, points }] };
}
