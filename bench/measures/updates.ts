import { WALHOOK } from '../database.ts';
import { buildEvents } from '../events/build-events.ts';
import { againstStream, type Backlog } from '../limits/stream.ts';
import type { Measure } from '../measure.ts';
import { ratio, spread } from '../statistics.ts';
import type { Suite } from '../suite.ts';
import { endpoint, walhookConfig } from '../walhook-config.ts';

/** Each column with its type and what the row numbered `i` has there: thirty. */
const COLUMNS: readonly (readonly [name: string, type: string, value: string])[] = [
  ['user_id', 'bigint primary key', 'i'],
  ['email', 'text', `'user' || i || '@example.com'`],
  ['phone', 'text', `'+31 6 ' || 10000000 + i`],
  ['country', 'text', `'NL'`],
  ['email_visible', 'boolean', 'i % 10 <> 0'],
  ['phone_visible', 'boolean', 'i % 2 = 0'],
  ['country_visible', 'boolean', 'true'],
  ...numbered(5, 'text', 'name', `'Some words ' || i`),
  ...numbered(5, 'integer', 'count', 'i'),
  ...numbered(4, 'numeric', 'amount', 'i / 7.0'),
  ...numbered(4, 'timestamptz', 'at', 'now()'),
  ...numbered(3, 'boolean', 'is', 'i % 3 = 0'),
  ['id', 'uuid', 'gen_random_uuid()'],
  ['document', 'jsonb', `jsonb_build_object('a', i, 'b', jsonb_build_array('x', 'y'))`],
];

/** Eight updates of ten: six of data, one of a flag, one of a lookup field; and of the other two, one inserts and one deletes. */
const TURN = [
  `update accounts set count_1 = count_1 + 1, at_1 = now() where user_id between $1 and $2 and user_id % 10 < 6`,
  `update accounts set email_visible = not email_visible where user_id between $1 and $2 and user_id % 10 = 6`,
  `update accounts set email = 'new-' || email where user_id between $1 and $2 and user_id % 10 = 7`,
  `delete from accounts where user_id between $1 and $2 and user_id % 10 = 8`,
  `insert into accounts select (a).* from (select jsonb_populate_record(a, jsonb_build_object('user_id', a.user_id + 1e9::bigint)) as a from accounts a where user_id between $1 and $2 and user_id % 10 = 9) as copies`,
];

/** Wide rows whose old values are in the WAL too, mostly updated. */
export const updates: Measure = {
  name: 'updates',
  title: 'update-heavy, REPLICA IDENTITY FULL, visibility and lookup, 30 columns',
  async run(suite) {
    const rows = Math.floor(suite.options.rows / 30) * 10;
    const backlog = await accountsBacklog(suite, rows);
    const { database } = backlog;
    const { data: config } = await walhookConfig({
      database,
      tables: {
        accounts: {
          lookup: ['email', 'phone'],
          visibility: { email: 'email_visible', phone: 'phone_visible', country: 'country_visible' },
          replica_identity: 'full',
        },
      },
      endpoints: { bench: endpoint(9) },
      hooks: [{ name: 'bench', table: 'accounts', to: 'bench' }],
    });
    const { ours, limit } = await againstStream(suite, backlog, () => buildEvents(suite, { database, rows, config }));
    const rates = ours.map(({ rowsPerSecond }) => rowsPerSecond);
    return {
      figures: [
        { name: 'updates.ratio', what: 'rows built into events ÷ L1', unit: 'ratio', value: ratio(rates, limit.rates), bar: { atLeast: 0.8 } },
        { name: 'updates.rate', what: 'rows built into events', unit: '/s', value: spread(rates) },
        { name: 'updates.limit', what: 'L1, rows', unit: '/s', value: spread(limit.rates) },
        { name: 'updates.cpu', what: 'CPU a row, reading included', unit: 'µs', value: spread(ours.map(({ cpu }) => cpu)) },
      ],
      notes: [`${rows.toLocaleString('en')} changes: 60 % update data, 10 % a flag, 10 % a lookup field; 10 % insert, 10 % delete.`, limit.note],
    };
  },
};

async function accountsBacklog(suite: Suite, rows: number): Promise<Backlog> {
  const database = await suite.database('updates');
  await database.query(`create table accounts (${COLUMNS.map(([name, type]) => `${name} ${type}`).join(', ')})`);
  await database.query('alter table accounts replica identity full');
  await database.query(`create publication ${WALHOOK} for table accounts`);
  await database.inThousands(rows, `insert into accounts select ${COLUMNS.map(([, , value]) => value).join(', ')} from generate_series($1::int, $2::int) i`);
  await database.beginBacklog();
  for (const sql of TURN) await database.inThousands(rows, sql);
  return { database, publication: WALHOOK, rows, end: await database.end() };
}

function numbered(count: number, type: string, name: string, value: string): [string, string, string][] {
  return Array.from({ length: count }, (_, n) => [`${name}_${n + 1}`, type, value]);
}
