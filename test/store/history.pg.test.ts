import { expect, test } from 'vitest';
import { migrate } from '../../src/store/migrate.ts';
import { Ownership } from '../../src/store/owner.ts';
import { cipher } from '../../src/store/cipher.ts';
import { historyStore } from '../../src/store/history.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { arrived } from './delivery.ts';
import { open, testState, type TestState } from './state.ts';

const DAY = 86_400_000;

async function ready(): Promise<TestState & { history: ReturnType<typeof historyStore> }> {
  const found = await testState();
  const history = historyStore(found.state, found.owner);
  await history.tend(7 * DAY);
  return { ...found, history };
}

async function days({ database }: TestState): Promise<string[]> {
  const rows = await database.sql<{ name: string }>(`select relname as name from pg_inherits join pg_class on oid = inhrelid where inhparent = 'walhook.history'::regclass order by 1`);
  return rows.map(({ name }) => name);
}

test('of several that make the days at once, one does, and the others find them made', async () => {
  const found = await testState();
  const others = [1, 2, 3].map((n) => new Ownership(found.state, `other_${n}`));
  await Promise.all(others.map((owner) => owner.takeOver()));
  await Promise.all(others.map((owner) => historyStore(found.state, owner).tend(7 * DAY)));
  expect(await days(found)).toHaveLength(4);
});

test('an attempt comes back as it was', async () => {
  const { history } = await ready();
  const body = '{"a":"é\u{1f600} \\u0000 \\"quoted\\" {curly}, NULL","b":null}';
  const given = [
    arrived(1, { body, lane: Number.MAX_SAFE_INTEGER, headers: '[["x-a","1"]]', contentType: null, method: null, path: null }),
    arrived(1, { at: Date.now() - 20_000, result: 'parked', failure: 'status', status: 503, message: 'HTTP 503', response: 'do\0wn', attempt: 1 }),
    arrived(2, { body: null }),
  ];
  await history.save(given);
  expect(await history.show('id-1-0')).toEqual([given[0]]);
  expect(await history.show('id-2-0')).toEqual([given[2]]);
  expect(await history.attempts('id-1-0')).toMatchObject([
    { result: 'parked', failure: 'status', status: 503, response: 'do\u{fffd}wn' },
    { result: 'delivered', at: new Date(given[0]?.at ?? 0).toISOString(), duration_ms: 12.5 },
  ]);
});

test('what is written twice is there once', async () => {
  const { history } = await ready();
  const batch = [arrived(1), arrived(2)];
  await history.save(batch);
  await history.save(batch);
  expect(await history.count({})).toEqual(new Map([['crm', 2]]));
  expect(await history.attempts('id-1-0')).toHaveLength(1);
});

test('lists go from the latest back, page by page, and take each condition', async () => {
  const { history } = await ready();
  const all = [arrived(1), arrived(2, { endpoint: 'erp' }), arrived(3, { hook: 'other', lane: 9 }), arrived(4, { table: 'app.orders' }), arrived(5, { result: 'parked' })];
  await history.save(all);
  const ids = async (filter: Parameters<typeof history.count>[0]): Promise<string[]> => (await history.list({ filter, limit: 10, cursor: null })).deliveries.map(({ id }) => id);
  expect(await ids({})).toEqual(['id-4-0', 'id-3-0', 'id-2-0', 'id-1-0']);
  expect(await ids({ endpoint: 'erp' })).toEqual(['id-2-0']);
  expect(await ids({ table: 'app.orders' })).toEqual(['id-4-0']);
  expect(await ids({ ids: ['id-1-0', 'id-9-0'] })).toEqual(['id-1-0']);
  expect(await ids({ lanes: [{ hook: 'other', lane: 9 }, { hook: 'h', lane: 9 }] })).toEqual(['id-3-0']);
  expect(await ids({ lanes: [] })).toEqual([]);
  expect(await ids({ since: new Date(all[1]?.at ?? 0), before: new Date(all[3]?.at ?? 0) })).toEqual(['id-3-0', 'id-2-0']);
  const seen: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof history.list>> = await history.list({ filter: {}, limit: 3, cursor });
    seen.push(...page.deliveries.map(({ id }) => id));
    expect(page.deliveries.every(({ body }) => body === null)).toBe(true);
    if ((cursor = page.next) === null) break;
  }
  expect(seen).toEqual(await ids({}));
  await expect(history.list({ filter: {}, limit: 3, cursor: 'bm8' })).rejects.toMatchObject({ code: 'bad_cursor' });
});

test('what is replayed is parked as it was sent, once, and only if its body is whole', async () => {
  const { history, state, owner, database } = await ready();
  await history.save([arrived(1), arrived(1, { at: Date.now() - 60_000 }), arrived(2, { body: null }), arrived(3, { endpoint: 'erp' })]);
  expect(await history.replayable({})).toEqual(new Map([['crm', 1], ['erp', 1]]));
  expect(await history.replay({ endpoint: 'crm' })).toEqual(new Map([['crm', 1]]));
  const [stored, ...more] = await parkingStore(state, owner).page({ endpoint: 'crm', lanes: null, after: null, limit: 10, bytes: 1e9 });
  expect(more).toEqual([]);
  const { id, lane, sequence, committedAt, body } = arrived(1);
  expect(stored).toMatchObject({ attempts: 0, delivery: { id, lane, sequence, committedAt, body: body?.toString(), request: { method: 'POST', path: '/hooks?x=1' } } });
  // It is parked already: it stays as it is.
  await history.replay({ endpoint: 'crm' });
  expect(await database.sql('select 1 from walhook.parked')).toHaveLength(1);
});

test('days are made ahead, and dropped as a whole when they are too old', async () => {
  const found = await ready();
  const { history, database } = found;
  const [today] = await database.sql<{ day: string }>(`select to_char(now() at time zone 'UTC', 'YYYYMMDD') as day`);
  expect(await days(found)).toHaveLength(4);
  expect(await days(found)).toContain(`history_${today?.day}`);
  const [old] = await database.sql<{ day: string; from: string; to: string }>(`select to_char(d, 'YYYYMMDD') as day, d::text as from, (d + 1)::text as to from (select (now() at time zone 'UTC')::date - 8 as d) as d`);
  await database.sql(`create table walhook.history_${old?.day} partition of walhook.history for values from ('${old?.from} 00:00+00') to ('${old?.to} 00:00+00')`);
  expect(await history.tend(30 * DAY)).toBe(0);
  expect(await history.tend(7 * DAY)).toBe(1);
  expect(await days(found)).toHaveLength(4);
  expect(await history.tend(7 * DAY)).toBe(0);
});

test('a clock that is days off loses nothing', async () => {
  const { history } = await ready();
  await history.save([arrived(1, { at: Date.now() + 10 * DAY }), arrived(2, { at: Date.now() - 10 * DAY })]);
  expect(await history.count({})).toEqual(new Map([['crm', 2]]));
});

test('another process reads what was written, and one that was replaced writes and drops nothing', async () => {
  const found = await ready();
  await found.history.save([arrived(1)]);
  const state = open({ client: { connectionString: found.database.url }, schema: 'walhook' });
  const owner = new Ownership(state, 'walhook');
  await owner.takeOver();
  const successor = historyStore(state, owner);
  expect(await successor.attempts('id-1-0')).toHaveLength(1);
  const writes = [() => found.history.save([arrived(2)]), () => found.history.tend(0), () => found.history.replay({})];
  for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'fenced' });
  expect(await days(found)).toHaveLength(4);
  await successor.save([arrived(3)]);
  expect((await successor.list({ filter: {}, limit: 9, cursor: null })).deliveries.map(({ id }) => id)).toEqual(['id-3-0', 'id-1-0']);
});

test('large bodies are compressed, where the server can', async () => {
  const { history, database } = await ready();
  await history.save([arrived(1, { body: `{"text":"${'abc '.repeat(4_000)}"}` })]);
  const [row] = await database.sql<{ stored: number; method: string }>('select pg_column_size(body) as stored, pg_column_compression(body) as method from walhook.history');
  expect(row?.stored).toBeLessThan(1_000);
  // A server may be built without lz4.
  const [parked] = await database.sql<{ method: string }>(`select case attcompression when 'l' then 'lz4' else 'pglz' end as method from pg_attribute where attrelid = 'walhook.parked'::regclass and attname = 'body'`);
  expect(row?.method).toBe(parked?.method);
});

test('a schema in capitals has its days too', async () => {
  const { database } = await testState();
  const state = open({ client: { connectionString: database.url }, schema: 'My "State"' });

  await migrate(state);
  const owner = new Ownership(state, 'walhook');
  await owner.takeOver();
  const history = historyStore(state, owner);
  await history.tend(DAY);
  await history.save([arrived(1)]);
  expect(await history.count({})).toEqual(new Map([['crm', 1]]));
});

test('with a key, what was sent and answered is sealed, and can be replayed', async () => {
  const { database, owner: before } = await testState();
  const state = open({ client: { connectionString: database.url }, schema: 'walhook', cipher: cipher([Buffer.alloc(32, 7)]) });
  const owner = new Ownership(state, before.slot);
  await owner.takeOver();
  const history = historyStore(state, owner);
  await history.tend(DAY);
  const given = arrived(1, { body: '{"secret":"s3cr3t"}', headers: '[["x-a","s3cr3t"]]', path: '/s3cr3t', response: 's3cr3t' });
  await history.save([given]);
  const [row] = await database.sql<{ text: string }>(`select concat_ws(' ', path, headers, response, encode(body, 'escape')) as text from walhook.history`);
  expect(row?.text).not.toContain('s3cr3t');
  expect(await history.show('id-1-0')).toEqual([given]);
  expect((await history.list({ filter: {}, limit: 1, cursor: null })).deliveries).toMatchObject([{ id: 'id-1-0', path: null, body: null }]);
  await history.replay({});
  const [stored] = await parkingStore(state, owner).page({ endpoint: 'crm', lanes: null, after: null, limit: 10, bytes: 1e9 });
  expect(stored?.delivery).toMatchObject({ body: '{"secret":"s3cr3t"}', request: { path: '/s3cr3t', headers: [['x-a', 's3cr3t']] } });
});

test('a replay that is cancelled has sent the oldest, so that nothing older comes behind what is newer', async () => {
  const { history, database } = await ready();
  const now = Date.now();
  const all = Array.from({ length: 5_001 }, (_, n) => arrived(n + 1, { at: now - 60_000 + n }));
  await history.save(all);
  const cancelling = new AbortController();
  const told: number[] = [];
  const done = await history.replay({}, (count) => {
    told.push(count);
    cancelling.abort();
  }, cancelling.signal);
  expect([told, done]).toEqual([[5_000], new Map([['crm', 5_000]])]);
  expect(await database.sql(`select id from walhook.history except select id from walhook.parked`)).toEqual([{ id: all.at(-1)?.id }]);
  expect(await history.replay({})).toEqual(new Map([['crm', 5_001]]));
});
