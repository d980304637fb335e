import { expect, test, vi } from 'vitest';
import { History } from '../../src/history/history.ts';
import type { LiveEvent } from '../../src/traffic.ts';
import { endpoint, HEAD, startDaemon, type TestDaemon, testDatabase, testReceiver } from '../support/daemon.ts';

const TABLE = `create table profiles (id int primary key, email text, country text, country_visible boolean not null default true, secret text default 's', secret_visible boolean default false);
  alter table profiles replica identity full`;
const YAML = `${HEAD}
tables: { profiles: { key: [id, secret], visibility: { country: country_visible, secret: secret_visible }, replica_identity: full } }
endpoints: { crm: ${endpoint()}, erp: ${endpoint()} }
hooks: [{ name: all, table: profiles, to: [crm, erp] }, { name: dutch, table: profiles, to: crm, when: "row.country == 'NL'" }]
`;

async function live(yaml = YAML) {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const history = new History();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, history, yaml });
  return { db, receiver, history, daemon };
}

/** What arrived is told a moment after the receiver has it. */
function delivered(history: History, count: number): Promise<void> {
  return vi.waitFor(() => expect(history.rates().endpoints.reduce((sum, { attempts }) => sum + attempts.delivered, 0)).toBe(count), { timeout: 20_000 });
}

test('a change is kept as it was, tells nothing that is hidden, and knows its deliveries', async () => {
  const { db, history } = await live();
  await db.sql(`insert into profiles values (1, 'a@example.com', 'NL')`);
  await db.sql(`update profiles set email = 'b@example.com', secret = 't', country = 'DE'`);
  await delivered(history, 5);
  const { changes, kept, passed_over } = history.changes({ limit: 10, table: 'profiles' });
  expect([kept, passed_over]).toEqual([4_096, 0]);
  expect(changes).toMatchObject([
    { operation: 'update', table: 'public.profiles', key: { id: '1', secret: '<<REDACTED>>' }, changed: ['email', 'country'], deliveries: [{ hook: 'all', endpoint: 'crm' }, { hook: 'all', endpoint: 'erp' }] },
    { operation: 'insert', changed: null, deliveries: [{ hook: 'all' }, { hook: 'all' }, { hook: 'dutch', endpoint: 'crm' }] },
  ]);
  const [update, insert] = changes;
  expect(JSON.stringify(changes)).not.toContain('"s"');
  expect(history.changes({ limit: 1 }).changes).toEqual([update]);
  expect(history.changes({ limit: 9, operation: 'insert' }).changes).toEqual([insert]);
  expect(history.changes({ limit: 9, table: 'other' }).changes).toEqual([]);
  expect(history.change(update?.place ?? '')).toEqual(update);
  expect(history.change('no place')).toBeNull();
  expect(history.placeOf(insert?.deliveries[2]?.id ?? '')).toBe(insert?.place);
  const held = history.heldChange(update?.place ?? '');
  const text = (tuple: NonNullable<typeof held>['row'], column: number): string | undefined => tuple?.bytes.toString('utf8', tuple.start[column], tuple.end[column]);
  expect([text(held?.row ?? null, 1), text(held?.old ?? null, 1), held?.kind, held?.oldIsKey, held?.relation.table]).toEqual(['b@example.com', 'a@example.com', 'update', false, 'profiles']);
});

test('each step of a hook is counted, and each attempt of an endpoint is told with its answer', async () => {
  const { db, receiver, history } = await live();
  receiver.answer = (_request, attempt) => (attempt < 2 ? 503 : 204);
  await db.sql(`insert into profiles values (1, 'a', 'NL'), (2, 'b', 'DE')`);
  await delivered(history, 5);
  const { endpoints, hooks } = history.rates();
  expect(hooks).toEqual([
    { name: 'all', events: 2, matched: 2, deliveries: 4, delivered: 4, dead: 0 },
    { name: 'dutch', events: 2, matched: 1, deliveries: 1, delivered: 1, dead: 0 },
  ]);
  const [crm] = endpoints;
  expect(crm).toMatchObject({ name: 'crm', per_minute: 3, attempts: { delivered: 3 }, p50_ms: expect.any(Number), behind_p95_ms: expect.any(Number) });
  expect(crm?.minutes).toHaveLength(60);
  const id = [...receiver.byId.keys()][0] ?? '';
  const attempts = await history.attempts(id);
  expect(attempts.map(({ result, status }) => `${result} ${status}`)).toContain('parked 503');
  expect(attempts.at(-1)).toMatchObject({ result: 'delivered', status: 204, failure: null, message: null });
  expect(attempts.find(({ result }) => result === 'parked')).toMatchObject({ attempt: 1, failure: 'status', message: expect.stringContaining('503'), response: expect.any(String) });
});

test('who watches is told what comes from then on, of what was asked for', async () => {
  const { db, history } = await live();
  await db.sql(`insert into profiles values (1, 'a', 'NL')`);
  await delivered(history, 3);
  const events: LiveEvent[] = [];
  const dutch: LiveEvent[] = [];
  const end = new AbortController();
  history.watch({}, (event) => events.push(event), end.signal);
  history.watch({ hook: 'dutch' }, (event) => dutch.push(event), end.signal);
  await db.sql(`insert into profiles values (2, 'b', 'NL')`);
  await vi.waitFor(() => expect(events).toHaveLength(4), { timeout: 20_000 });
  expect(events.map(({ type }) => type).toSorted()).toEqual(['attempt', 'attempt', 'attempt', 'change']);
  expect(dutch.map((event) => (event.type === 'attempt' ? event.attempt.hook : event.type)).toSorted()).toEqual(['change', 'dutch']);
  end.abort();
  await db.sql(`insert into profiles values (3, 'c', 'NL')`);
  await delivered(history, 9);
  expect(events).toHaveLength(4);
});

/** What the operations have to do with. */
function keptBy(daemon: TestDaemon) {
  const { delivered: found } = daemon.running.acting ?? {};
  if (found == null) throw new Error('nothing is kept');
  return found;
}

test('in memory, what arrived is listed and replayed with the same id and body', async () => {
  const { db, receiver, history, daemon } = await live();
  await db.sql(`insert into profiles values (1, 'a', 'DE')`);
  await delivered(history, 2);
  const found = keptBy(daemon);
  const { deliveries } = await found.list({ filter: { endpoint: 'erp' }, limit: 10, cursor: null });
  expect(deliveries).toMatchObject([{ endpoint: 'erp', hook: 'all', result: 'delivered', status: 204 }]);
  expect(await found.replayable({})).toEqual(new Map([['crm', 1], ['erp', 1]]));
  expect(await found.replay({ endpoint: 'erp' })).toEqual(new Map([['erp', 1]]));
  await daemon.running.acting?.engine.refresh('erp');
  await delivered(history, 3);
  const last = receiver.requests.at(-1);
  expect(last?.id).toBe(deliveries[0]?.id);
  expect(new Set(receiver.requests.map(({ body }) => body.toString())).size).toBe(1);
});

test('with `history` what arrived outlives the process, and is flushed when it drains', async () => {
  const { db, receiver, history, daemon } = await live(`${YAML}history: 7d\n`);
  receiver.answer = (_request, attempt) => (attempt < 2 ? 503 : 204);
  await db.sql(`insert into profiles values (1, 'a', 'DE')`);
  await delivered(history, 2);
  await daemon.stop();
  const rows = await db.sql<{ n: number }>(`select count(*)::integer as n from walhook.history`);
  expect(rows).toEqual([{ n: history.attemptRing.next }]);
  await daemon.start();
  const found = keptBy(daemon);
  const { deliveries } = await found.list({ filter: {}, limit: 10, cursor: null });
  expect(deliveries).toHaveLength(2);
  const [first] = deliveries;
  expect((await history.attempts(first?.id ?? '')).map(({ result }) => result)).toContain('parked');
  await found.replay({ endpoint: 'erp' });
  await daemon.running.acting?.engine.refresh('erp');
  await delivered(history, 3);
  expect(receiver.requests.at(-1)?.id).toBe(first?.id);
});

test('a state database that does not take the history holds up nothing, and the gap is told', async () => {
  const { db, history, daemon } = await live(`${YAML}history: 7d\n`);
  await db.sql('alter table walhook.history rename to history_gone');
  await db.sql(`insert into profiles values (1, 'a', 'DE')`);
  await delivered(history, 2);
  await vi.waitFor(() => expect(daemon.logged(/history cannot be written/)).toHaveLength(1), { timeout: 20_000 });
  await db.sql('alter table walhook.history_gone rename to history');
  await vi.waitFor(() => expect(daemon.logged(/history is written again/)).toHaveLength(1), { timeout: 20_000 });
  expect(await db.sql<{ n: number }>(`select count(*)::integer as n from walhook.history`)).toEqual([{ n: 2 }]);
});
