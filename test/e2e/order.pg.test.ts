import { expect, test } from 'vitest';
import { endpoint, type EndpointOptions, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { random, seedOfRun } from '../support/random.ts';
import type { ReceivedRequest } from '../support/receiver.ts';

const LANES = 40;
const CHANGES = 1_000;

interface Body {
  readonly data: { readonly lane: number; readonly n: number };
}

function yaml(options: EndpointOptions): string {
  return `${HEAD}
tables: { items: { replica_identity: full } }
endpoints: { crm: ${endpoint(options)} }
hooks: [{ name: crm, table: items, to: crm }]
`;
}

/** By lane, what its requests said, in the order of their arrival, and whether they were accepted. */
function lanesOf(requests: readonly ReceivedRequest[]): Map<number, { n: number; accepted: boolean }[]> {
  const lanes = new Map<number, { n: number; accepted: boolean }[]>();
  for (const request of requests) {
    const { data } = JSON.parse(request.body.toString()) as Body;
    const lane = lanes.get(data.lane) ?? [];
    lanes.set(data.lane, lane);
    lane.push({ n: data.n, accepted: request.status === 204 });
  }
  return lanes;
}

// Fails with lanes ignored (`Lane.of` giving each delivery a lane of its own), and with parked heads overtaken.
test.each([
  { trouble: 'a tenth of all requests fail', refused: 0.1, options: { concurrency: 64 } },
  { trouble: 'so many fail that the breaker opens again and again', refused: 0.4, options: { concurrency: 64, breaker: '{ failures: 4, open: 20ms }' } },
])('with 64 requests at once, random latencies, and $trouble, each lane is in commit order', async ({ refused, options }) => {
  const seed = seedOfRun();
  const chance = random(seed);
  const db = await testDatabase('create table items (lane int primary key, n int)');
  const receiver = await testReceiver({
    answer: () => ({ status: chance.chance(refused) ? 503 : 204, delay: chance.int(0, 8) }),
  });
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yaml(options) });
  await db.sql(`insert into items select lane, 0 from generate_series(1, ${LANES}) lane`);
  const expected = Array.from({ length: LANES }, () => [0]);
  for (let n = 1; n <= CHANGES / 50; n++) {
    // One transaction, or one for each, in an order of their own.
    const touched = Array.from({ length: 50 }, () => chance.int(1, LANES));
    const updates = touched.map((lane, i) => `update items set n = ${n * 1000 + i} where lane = ${lane};`);
    touched.forEach((lane, i) => expected[lane - 1]?.push(n * 1000 + i));
    if (chance.chance(0.5)) await db.sql(updates.join(' '));
    else for (const update of updates) await db.sql(update);
  }
  await receiver.deliveries(CHANGES + LANES);

  const lanes = lanesOf(receiver.requests);
  expect(lanes.size).toBe(LANES);
  for (const [lane, requests] of lanes) {
    const delivered = requests.filter(({ accepted }) => accepted).map(({ n }) => n);
    expect(delivered, `lane ${lane}, seed ${seed}`).toEqual(expected[lane - 1]);
    // Nor is anything tried before what comes before it has been accepted.
    for (const [i, request] of requests.entries()) {
      const before = requests[i - 1];
      if (before !== undefined && !before.accepted) expect(request.n, `lane ${lane}, seed ${seed}`).toBe(before.n);
    }
  }
  expect(receiver.mostOpenRequests).toBeLessThanOrEqual(64);
  expect(receiver.requests.length, 'some requests have failed').toBeGreaterThan(CHANGES + LANES);
});

test('a lane that hangs delays no other lane, and lanes go out in parallel up to the concurrency', async () => {
  const db = await testDatabase('create table items (lane int primary key, n int)');
  const gate = Promise.withResolvers<number>();
  const receiver = await testReceiver({ answer: () => gate.promise });
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yaml({ concurrency: 64 }) });
  await db.sql('begin; insert into items select lane, 0 from generate_series(1, 100) lane; update items set n = 1; commit');
  await receiver.received(64);
  expect(receiver.openRequests).toBe(64);
  // The second change of the first lane hangs; all others go on.
  const hanging = Promise.withResolvers<number>();
  receiver.answer = (request) => (lanesOf([request]).has(1) ? hanging.promise : 204);
  gate.resolve(204);
  await receiver.deliveries(199);
  hanging.resolve(204);
  await receiver.deliveries(200);
  expect(receiver.requests).toHaveLength(200);
  expect(receiver.mostOpenRequests).toBe(64);
});

test('what has no order by config goes out in parallel, a single row included', async () => {
  const db = await testDatabase('create table items (lane int primary key, n int)');
  const gate = Promise.withResolvers<number>();
  const receiver = await testReceiver({ answer: () => gate.promise });
  const unordered = yaml({ concurrency: 8 }).replace('to: crm }', 'to: crm, order_by: [] }');
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: unordered });
  await db.sql('insert into items values (1, 0)');
  for (let n = 1; n < 8; n++) await db.sql('update items set n = $1', [n]);
  await receiver.received(8);
  gate.resolve(204);
  await receiver.deliveries(8);
});
