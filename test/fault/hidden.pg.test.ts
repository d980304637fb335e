import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { ReceivedRequest, Receiver } from '../support/receiver.ts';

/** One table with a flag column for each field, one whose flags are in a json column. Every column may be hidden. */
const SCHEMA_SQL = `
  create table people (
    id int primary key, handle text not null, email text, phone text, ssn text, region text, amount numeric, photo bytea, papers jsonb, essay text,
    handle_visible bool, email_visible bool, phone_visible bool, ssn_visible bool, region_visible bool, amount_visible bool, photo_visible bool,
    papers_visible bool, essay_visible bool
  );
  alter table people alter essay set storage external;
  create table notes (id int primary key, title text, content text, author text, privacy jsonb);
`;

const FIELDS = ['handle', 'email', 'phone', 'ssn', 'region', 'amount', 'photo', 'papers', 'essay'] as const;
type Field = (typeof FIELDS)[number];

/** Values that tell themselves apart from all else, wherever they turn up. */
class Markers {
  /** Every form in which one may turn up. */
  readonly all: string[] = [];
  #digits = 0;

  text(): string {
    const marker = `hid${randomBytes(9).toString('hex')}`;
    this.all.push(marker, Buffer.from(marker).toString('hex'), Buffer.from(marker).toString('base64'));
    return marker;
  }

  number(): string {
    const marker = `7310${(++this.#digits).toString().padStart(3, '0')}${randomBytes(4).readUInt32BE().toString().padStart(10, '0')}`;
    this.all.push(marker);
    return marker;
  }

  /** A value of a column's type. An essay is so long that Postgres keeps it apart, so that updates do not carry it. */
  of(field: Field): string {
    const text = this.text();
    switch (field) {
      case 'amount':
        return this.number();
      case 'photo':
        return `\\x${Buffer.from(text).toString('hex')}`;
      case 'papers':
        return JSON.stringify({ [text]: [text] });
      case 'essay':
        return `${text} `.repeat(500);
      default:
        return text;
    }
  }
}

/** Where hidden values must not be: all that a receiver got, and all that the process wrote. */
interface Traces {
  readonly requests: readonly ReceivedRequest[];
  readonly state: string;
  readonly output: readonly string[];
}

function textOf({ requests, state, output }: Traces): string {
  const sent = requests.map(({ method, url, headers, body }) => `${method} ${url} ${JSON.stringify(headers)} ${body.toString()}`);
  return [...sent, state, ...output].join('\n');
}

/** Every row of the state schema, every column, as text. */
async function stateAsText(database: TestDatabase): Promise<string> {
  const columns = await database.sql<{ table: string; expression: string }>(
    `select table_name as table, string_agg(case data_type when 'bytea' then format('convert_from(%I, ''UTF8'')', column_name) else format('%I::text', column_name) end, ', ') as expression
     from information_schema.columns where table_schema = 'walhook' group by table_name`,
  );
  const texts: string[] = [];
  for (const { table, expression } of columns) {
    const rows = await database.sql<{ text: string }>(`select concat_ws(' ', '${table}', ${expression}) as text from walhook."${table}"`);
    texts.push(...rows.map(({ text }) => text));
  }
  return texts.join('\n');
}

/** Writes every kind of change with hidden values in every column, from row `first` on. */
async function writeAll(database: TestDatabase, markers: Markers, first: number): Promise<void> {
  const flags = FIELDS.map((field) => `${field}_visible`);
  const insert = (id: number, values: readonly string[], visible: readonly (boolean | null)[]): Promise<unknown> =>
    database.sql(`insert into people (id, ${FIELDS.join(', ')}, ${flags.join(', ')}) values (${[id, ...values, ...visible].map((_, i) => `$${i + 1}`).join(', ')})`, [
      id, ...values, ...visible,
    ]);
  const shown = (field: Field): string => ({ amount: '42', photo: '\\x00ff', papers: '{"seen": true}' })[field as string] ?? `seen ${field}`;
  let id = first;

  // All hidden, by false and by null; an update of each hidden column; the row's end.
  for (const flag of [false, null]) {
    await insert(++id, FIELDS.map((field) => markers.of(field)), FIELDS.map(() => flag));
    for (const field of FIELDS) await database.sql(`update people set ${field} = $2 where id = $1`, [id, markers.of(field)]);
    await database.sql(`update people set id = id where id = $1`, [id]);
    await database.sql(`delete from people where id = $1`, [id]);
  }
  // Of each column: hidden while the others are seen; shown with another value; hidden with another value; deleted.
  for (const field of FIELDS) {
    await insert(++id, FIELDS.map((each) => (each === field ? markers.of(each) : shown(each))), FIELDS.map((each) => each !== field));
    await database.sql(`update people set ${field === 'email' ? 'phone' : 'email'} = 'seen, changed' where id = $1`, [id]);
    await database.sql(`update people set ${field} = $2, ${field}_visible = true where id = $1`, [id, shown(field)]);
    await database.sql(`update people set ${field} = $2, ${field}_visible = false where id = $1`, [id, markers.of(field)]);
    await database.sql(`update people set ${field === 'essay' ? 'ssn' : 'essay'} = $2 where id = $1`, [id, shown('essay').repeat(2000)]);
    await database.sql(`delete from people where id = $1`, [id]);
  }
  // Flags in a json column; one that is no object hides everything.
  for (const privacy of ['{"content": false, "author": null, "title": true}', '[]', 'true', '{"title": false, "content": 0, "author": "yes"}']) {
    const hidden = privacy.includes('"title": true') ? 'seen title' : markers.text();
    await database.sql(`insert into notes values ($1, $2, $3, $4, $5)`, [++id, hidden, markers.text(), markers.text(), privacy]);
    await database.sql(`update notes set content = $2, author = $3 where id = $1`, [id, markers.text(), markers.text()]);
    await database.sql(`update notes set title = 'seen', content = 'seen', author = 'seen', privacy = '{}' where id = $1`, [id]);
    await database.sql(`update notes set content = $2, privacy = '{"content": false}' where id = $1`, [id, markers.text()]);
    await database.sql(`delete from notes where id = $1`, [id]);
  }
}

function configOf(database: TestDatabase, receivers: { readonly crm: Receiver; readonly refusing: Receiver; readonly down: Receiver }) {
  const everywhere = ['crm', 'refusing', 'down'];
  const hook = (name: string, options: object = {}): object => ({ name, table: 'people', to: everywhere, ...options });
  return {
    source: { url: database.url, slot: database.name },
    tables: {
      people: { key: ['handle'], lookup: ['email', 'ssn', 'amount'], visibility: Object.fromEntries(FIELDS.map((field) => [field, `${field}_visible`])), replica_identity: 'full' },
      notes: { lookup: ['author', 'title'], visibility: { column: 'privacy' }, replica_identity: 'full' },
    },
    endpoints: {
      crm: faultEndpoint(receivers.crm.url),
      refusing: faultEndpoint(receivers.refusing.url, { retry: { attempts: 1 } }),
      down: faultEndpoint(receivers.down.url),
    },
    hooks: [
      hook('all', { meta: ['table', 'schema', 'changed', 'lsn', 'xid', 'committed_at'], events: ['insert', 'update', 'visibility_update', 'delete', 'truncate'] }),
      hook('ordered', { order_by: ['region', 'ssn'], fields: { rename: { ssn: 'number', email: 'mail' }, omit_null: true } }),
      hook('unordered', { order_by: [], fields: { only: ['phone', 'papers'] }, large_numbers: 'string' }),
      hook('changed', { changed: ['phone', 'essay'], meta: ['changed'] }),
      hook('entering', { when: `row.phone == 'seen phone' && event.lookup_values.size() >= 0`, entering: true }),
      hook('old', { when: `old.ssn != row.ssn || old.email != row.email || 'papers' in changed` }),
      // These know what a hidden value looks like: they must never match.
      hook('guess', { when: `row.ssn.startsWith('hid') || row.handle.startsWith('hid') || row.region.startsWith('hid') || row.amount > 7000000.0` }),
      hook('guess-old', { when: `old.ssn.startsWith('hid') || old.email.startsWith('hid') || old.essay.startsWith('hid')` }),
      hook('guess-changed', { when: `('ssn' in changed && changed.ssn.startsWith('hid')) || ('email' in changed && changed.email.startsWith('hid'))` }),
      // It breaks on every row, hidden values and all.
      hook('broken', { when: `int(row.region + row.ssn + 'x') > 1` }),
      hook('notes', { table: 'notes', meta: ['changed'] }),
    ],
  };
}

test('a hidden value is in no request, no stored delivery, no log and no status', { timeout: 120_000 }, async () => {
  const database = await testDatabase(SCHEMA_SQL);
  const markers = new Markers();
  const crm = await testReceiver();
  // What it sends back is stored with the delivery.
  const refusing = await testReceiver({ answer: ({ body }) => ({ status: 400, body: body.toString() }) });
  const down = await testReceiver();
  await down.close();
  const config = configOf(database, { crm, refusing, down });

  const daemon = launch(config);
  await daemon.streaming();
  await writeAll(database, markers, 0);
  await database.sql('truncate people');
  const lastOf = (receiver: Receiver): Promise<void> => receiver.until(({ requests }) => requests.some(({ body }) => body.includes('"truncate"')), 'the truncate');
  await Promise.all([lastOf(crm), lastOf(refusing)]);
  await untilQuery(database, `select count(*) > 0 from walhook.parked where operation = 'truncate'`, true);
  const status = JSON.stringify(await daemon.status());
  const state = await stateAsText(database);
  daemon.signal('SIGTERM');
  expect((await daemon.exit).code).toBe(0);

  // What was parked is sent by another process.
  await down.open();
  const second = launch(config);
  await second.streaming();
  await lastOf(down);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  await second.kill();

  const text = textOf({
    requests: [...crm.requests, ...refusing.requests, ...down.requests],
    state: `${state}\n${await stateAsText(database)}`,
    output: [...daemon.output, ...second.output, status],
  });
  expect(markers.all.filter((marker) => text.includes(marker))).toEqual([]);

  // It was all there to be found: every kind of event, in every place.
  const hooks = await database.sql('select hook, failure, count(*)::int from walhook.dead group by 1, 2 order by 1, 2');
  console.log(`${markers.all.length} forms of hidden values; ${text.length} characters looked through; ${crm.requests.length} requests; dead: ${JSON.stringify(hooks)}`);
  const bodies = crm.requests.map(({ body }) => body.toString());
  for (const operation of ['data_insert', 'data_update', 'visibility_update', 'delete', 'truncate']) {
    expect(bodies.filter((body) => body.includes(`"operation":"${operation}"`)).length, operation).toBeGreaterThan(0);
  }
  expect(bodies.some((body) => body.includes('<<REDACTED>>') && body.includes('seen'))).toBe(true);
  expect(hooks.map((row) => `${String(row['hook'])} ${String(row['failure'])}`)).toEqual(expect.arrayContaining(['all status', 'broken expression', 'notes status', 'ordered status']));
  expect(state).toContain('<<REDACTED>>');
  // A hook that looks for hidden values finds none.
  expect(hooks.filter((row) => String(row['hook']).startsWith('guess'))).toEqual([]);
});
