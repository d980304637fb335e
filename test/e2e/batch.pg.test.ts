import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { eventByEvent, eventCounter, eventsDelivered, eventsIn } from '../support/batches.ts';
import { endpoint, type EndpointOptions, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries } from '../support/oracle.ts';
import { random, seedOfRun } from '../support/random.ts';
import type { Receiver } from '../support/receiver.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';

const SCHEMA = 'create table items (lane int primary key, n int)';

function yamlOf(options: EndpointOptions): string {
  return `${HEAD}
tables: { items: { replica_identity: full } }
endpoints: { crm: ${endpoint({ batch: '{ size: 20, linger: 20ms }', ...options })} }
hooks: [{ name: crm, table: items, to: crm, meta: [id] }]
`;
}

interface Item {
  readonly data: { readonly lane: number; readonly n: number };
}

const itemOf = (body: Buffer): Item['data'] => (JSON.parse(body.toString()) as Item).data;

/** How many events each request had. */
const sizes = ({ requests }: Receiver): number[] => requests.map((request) => eventsIn(request).length);

/** The rows of each request, by their keys. */
const lanesOf = ({ requests }: Receiver): number[][] => requests.map((request) => eventsIn(request).map(({ body }) => itemOf(body).lane));

test.each([
  { trouble: 'a tenth of all requests fail', status: () => 503, refused: 0.1, options: { concurrency: 8 } },
  { trouble: 'a tenth of all requests are refused', status: () => 400, refused: 0.1, options: { concurrency: 8 } },
  { trouble: 'so many fail that the breaker opens again and again', status: (n: number) => (n % 2 === 0 ? 400 : 503), refused: 0.4, options: { concurrency: 8, breaker: '{ failures: 3, open: 20ms }' } },
])('with batches in parallel, random latencies, and $trouble, each lane is in commit order', async ({ status, refused, options }) => {
  const seed = seedOfRun();
  const chance = random(seed);
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver({ answer: ({ order }) => ({ status: chance.chance(refused) ? status(order) : 204, delay: chance.int(0, 8) }) });
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf(options) });
  const lanes = 30;
  await db.sql(`insert into items select lane, 0 from generate_series(1, ${lanes}) lane`);
  const expected = Array.from({ length: lanes }, () => [0]);
  for (let n = 1; n <= 20; n++) {
    const touched = Array.from({ length: 50 }, () => chance.int(1, lanes));
    touched.forEach((lane, i) => expected[lane - 1]?.push(n * 1000 + i));
    const updates = touched.map((lane, i) => `update items set n = ${n * 1000 + i} where lane = ${lane};`);
    if (chance.chance(0.5)) await db.sql(updates.join(' '));
    else for (const update of updates) await db.sql(update);
  }
  await eventsDelivered(receiver, 1000 + lanes);
  const events = eventByEvent(receiver.requests);
  const byLane = Map.groupBy(events.filter((event) => event.status === 204).map(({ body }) => itemOf(body)), ({ lane }) => lane);
  for (const [lane, delivered] of byLane) expect(delivered.map(({ n }) => n), `lane ${lane}, seed ${seed}`).toEqual(expected[lane - 1]);
  expect(byLane.size).toBe(lanes);
  // An event has one id, of its own, in whatever batch it comes.
  const ids = Map.groupBy(events, ({ body }) => `${itemOf(body).lane} ${itemOf(body).n}`);
  for (const [, same] of ids) expect(new Set(same.map(({ id }) => id)).size).toBe(1);
  expect(new Set(events.map(({ id }) => id)).size).toBe(ids.size);
  expect(Math.max(...sizes(receiver))).toBeLessThanOrEqual(20);
  expect(Math.max(...sizes(receiver))).toBeGreaterThan(1);
  expect(receiver.mostOpenRequests).toBeLessThanOrEqual(8);
  expect(receiver.requests.some(({ id }) => id.includes('.'))).toBe(false);
});

test('a large transaction comes in batches of the size; a single row waits for others so long as linger says', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf({ batch: '{ size: 100, linger: 300ms }', concurrency: 1 }) });
  await db.sql('insert into items select i, 0 from generate_series(1, 250) i');
  await eventsDelivered(receiver, 250);
  expect(sizes(receiver)).toEqual([100, 100, 50]);
  expect(lanesOf(receiver).flat()).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
  expect(receiver.requests[0]?.headers['content-type']).toBe('application/json');
  const before = performance.now();
  await db.sql('insert into items values (300, 0)');
  await eventsDelivered(receiver, 251);
  expect((receiver.requests.at(-1)?.at ?? 0) - before).toBeGreaterThan(290);
  expect(sizes(receiver).at(-1)).toBe(1);
});

test('bodies together are no larger than bytes says, and one that is larger goes alone', async () => {
  const db = await testDatabase('create table texts (lane int primary key, n int, t text)');
  const receiver = await testReceiver();
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf({ batch: '{ size: 100, bytes: 2KiB, linger: 20ms }' }).replaceAll('items', 'texts') });
  await db.sql(`insert into texts select i, 0, repeat('€', case when i = 20 then 1500 else 100 end) from generate_series(1, 40) i`);
  await eventsDelivered(receiver, 40);
  for (const request of receiver.requests) {
    const bytes = eventsIn(request).reduce((sum, { body }) => sum + body.length, 0);
    if (eventsIn(request).length > 1) expect(bytes).toBeLessThanOrEqual(2048);
  }
  expect(lanesOf(receiver)).toContainEqual([20]);
  expect(Math.max(...sizes(receiver))).toBe(4);
});

test('one row that the endpoint always refuses is a dead letter with the reason; all others arrive', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const isPoison = (body: Buffer): boolean => /"n":13\b/.test(body.toString());
  receiver.answer = ({ body }) => (isPoison(body) ? { status: 422, body: 'n must not be 13' } : 204);
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf({ retry: '{ initial: 50ms, factor: 1, jitter: 0, attempts: 4 }' }) });
  await db.sql('begin; insert into items select i, i from generate_series(1, 60) i; update items set n = 100 where lane = 13; commit');
  await eventsDelivered(receiver, 60);
  await expect.poll(() => daemon.status.endpoints[0]?.queued).toBe(0);
  const dead = await db.sql('select endpoint, hook, failure, status, message, response, attempts from walhook.dead');
  expect(dead).toEqual([{ endpoint: 'crm', hook: 'crm', failure: 'status', status: 422, message: 'the endpoint answered 422', response: 'n must not be 13', attempts: 4 }]);
  expect(await db.sql('select from walhook.parked')).toEqual([]);
  const tried = receiver.requests.filter(({ body }) => isPoison(body)).map((request) => eventsIn(request).length);
  expect(tried[0]).toBeGreaterThan(1);
  expect(tried.slice(1)).toEqual([1, 1, 1]);
  // What followed it in its lane came once it was dead.
  expect(eventsIn(receiver.requests.at(-1) ?? expect.unreachable()).map(({ body }) => itemOf(body))).toEqual([{ lane: 13, n: 100 }]);
  // Nobody else was in more than the batch and in one of its own.
  const counts = Map.groupBy(eventByEvent(receiver.requests).filter(({ body }) => !isPoison(body)), ({ id }) => id);
  for (const [, same] of counts) expect(same.length).toBeLessThanOrEqual(2);
});

test('an endpoint where `responses` says dead loses the refused one alone', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver({ answer: ({ body }) => (/"n":13\b/.test(body.toString()) ? 400 : 204) });
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf({ responses: '{ 4xx: dead }' }) });
  await db.sql('insert into items select i, i from generate_series(1, 60) i');
  await eventsDelivered(receiver, 59);
  await untilQuery(db, `select count(*)::int from walhook.dead`, 1);
  expect(await db.sql('select attempts from walhook.dead')).toEqual([{ attempts: 2 }]);
});

test('lookups, a cooldown and batches: each row once, with what was found, several in a request', async () => {
  const db = await testDatabase(`create table visits (id int primary key, org int, page text); alter table visits replica identity full;
    create table orgs (id int primary key, name text); insert into orgs select i, 'org ' || i from generate_series(1, 5) i`);
  const receiver = await testReceiver();
  const yaml = `${HEAD}
endpoints: { crm: ${endpoint({ batch: '{ size: 20, linger: 20ms }', concurrency: 2 })} }
hooks:
  - name: visits
    table: visits
    to: crm
    cooldown: 1h
    enrich: { org: "select name from orgs where id = \${{ row.org }}" }
    path: /orgs/\${{ row.org % 2 }}
    body: { id: "\${{ row.id }}", org: "\${{ org.name }}", page: "\${{ row.page }}", event: "\${{ event.id }}" }
`;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  await db.sql(`begin; insert into visits select i, 1 + i % 5, 'home' from generate_series(1, 100) i; update visits set page = 'cart'; commit`);
  await expect.poll(() => daemon.status.endpoints[0], { timeout: 15_000 }).toMatchObject({ delivered: 100, skipped: 100 });
  interface Visit { readonly id: number; readonly org: string; readonly page: string; readonly event: string }
  const visits = receiver.requests.flatMap(({ url, body }) => (JSON.parse(body.toString()) as Visit[]).map((visit) => ({ url, ...visit })));
  expect(visits.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  for (const { url, id, org, page } of visits) expect({ url, org, page }).toEqual({ url: `/orgs/${(1 + (id % 5)) % 2}`, org: `org ${1 + (id % 5)}`, page: 'home' });
  expect(new Set(visits.map(({ event }) => event)).size).toBe(100);
  expect(receiver.requests.length).toBeLessThan(40);
  expect(receiver.mostOpenRequests).toBeLessThanOrEqual(2);
});

test('what an expression makes a GET goes as it would without batches, in its place in the lane', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const yaml = `${HEAD}
tables: { items: { replica_identity: full } }
endpoints: { crm: ${endpoint({ batch: '{ size: 20, linger: 20ms }' })} }
hooks: [{ name: crm, table: items, to: crm, method: "\${{ row.n == 1 ? 'GET' : 'PUT' }}", body: { lane: "\${{ row.lane }}", n: "\${{ row.n }}" } }]
`;
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  await db.sql('begin; insert into items values (1, 0), (2, 0); update items set n = 1; update items set n = 2; commit');
  await receiver.deliveries(4);
  const shown = receiver.requests.map(({ method, url, body }) => `${method} ${url} ${body.toString()}`);
  expect(shown[0]).toBe('PUT /hooks [{"lane":1,"n":0},{"lane":2,"n":0}]');
  expect(shown.slice(1, 3).toSorted()).toEqual(['GET /hooks?lane=1&n=1 ', 'GET /hooks?lane=2&n=1 ']);
  expect(shown.slice(3).join()).toMatch(/^PUT \/hooks \[\{"lane":(?:1|2),"n":2\}/);
});

test('a dead endpoint: all is parked, and comes in batches, each lane in its order', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const yaml = yamlOf({ batch: '{ size: 50, linger: 50ms }', breaker: '{ failures: 2, open: 200ms }' });
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  await receiver.close();
  await db.sql('insert into items select i, 0 from generate_series(1, 200) i');
  for (let n = 1; n <= 9; n++) await db.sql(`update items set n = ${n}`);
  await untilQuery(db, 'select count(*)::int from walhook.parked', 2000);
  expect(receiver.requests).toEqual([]);
  await receiver.open();
  await eventsDelivered(receiver, 2000);
  const byLane = Map.groupBy(eventByEvent(receiver.requests).map(({ body }) => itemOf(body)), ({ lane }) => lane);
  for (const [, items] of byLane) expect(items.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(receiver.requests.length).toBeLessThan(200);
  await untilQuery(db, 'select count(*)::int from walhook.parked', 0);
});

test('kill -9 in the middle, again and again: nothing is lost, lanes keep their order, ids and bodies stay', { timeout: 60_000 }, async () => {
  const database = await testDatabase(ITEMS_SQL);
  const seed = seedOfRun();
  const chance = random(seed);
  const receiver = await testReceiver({ answer: () => ({ status: chance.chance(0.05) ? chance.pick([400, 503]) : 204, delay: chance.int(0, 20) }) });
  const config = {
    ...faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url, { batch: { size: 20, linger: '20ms' }, concurrency: 4 }) } }),
    hooks: [{ name: 'items', table: 'items', to: 'crm', meta: ['id'] }],
  };
  const writer = new Writer({ database, seed, pause: 20, arrived: eventCounter(receiver) });
  let daemon = launch(config);
  await daemon.streaming();
  writer.start();
  try {
    for (let kills = 0; kills < 3; kills++) {
      await receiver.received(receiver.requests.length + chance.int(10, 40));
      await daemon.kill();
      daemon = launch(config);
    }
    await writer.more(100);
  } finally {
    await writer.stop();
  }
  await eventsDelivered(receiver, writer.count);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  const verdict = judge({ written: writer, requests: eventByEvent(receiver.requests), stored: await storedDeliveries(database), samples: [] });
  expect(verdict, `seed ${seed}`).toMatchObject({ ...FLAWLESS, delivered: writer.count });
  expect(Math.max(...sizes(receiver))).toBeGreaterThan(1);
});
