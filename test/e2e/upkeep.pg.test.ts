import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';

const TABLE = 'create table items (id int primary key)';

test('notify: an endpoint that fails, recovers, and a death are told to another, signed; the dead notify endpoint hurts nobody', async () => {
  const db = await testDatabase(TABLE);
  const [receiver, ops, gone] = [await testReceiver(), await testReceiver(), await testReceiver()];
  const yaml = `${HEAD}
endpoints:
  crm: ${endpoint({ breaker: '{ failures: 2, open: 50ms }' }).replace('{', '{ responses: { 400: dead },')}
  ops: ${endpoint({}, 'OPS')}
  gone: ${endpoint({}, 'GONE')}
hooks: [{ name: crm, table: items, to: crm }]
notify: { to: [ops, gone, crm] }
`;
  receiver.answer = () => 503;
  const daemon = await startDaemon({ db, yaml, receivers: { RECEIVER: receiver, OPS: ops, GONE: gone } });
  await gone.close();
  await db.sql('insert into items select generate_series(1, 4)');
  await ops.deliveries(1);
  receiver.answer = (request) => (request.body.toString().includes('"id":9') ? 400 : 204);
  await receiver.until(() => receiver.delivered >= 4);
  await db.sql('insert into items values (9)');
  const types = () => ops.bodies<{ type: string; data: object }>().map(({ type }) => type);
  await ops.until(() => types().includes('delivery.dead') && types().includes('endpoint.recovered'));
  expect(types()[0]).toBe('endpoint.failing');
  expect(ops.bodies()).toContainEqual(expect.objectContaining({ type: 'delivery.dead', data: { endpoint: 'crm', hook: 'crm', id: expect.any(String), reason: expect.any(String), count: 1 } }));
  expect(ops.refused).toEqual([]);
  // Of its own trouble crm hears only that it is over.
  const own = receiver.requests.filter(({ id }) => id.startsWith('ntf_')).map(({ body }) => (JSON.parse(body.toString()) as { type: string }).type);
  expect(own.filter((type) => type !== 'endpoint.recovered')).toEqual([]);
  const started = performance.now();
  await daemon.stop();
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('dead letters are pruned at the start, as dead_letters says, with a line that counts them', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver({ answer: () => 400 });
  const yaml = `${HEAD}endpoints: { crm: ${endpoint().replace('{', '{ responses: { 4xx: dead },')} }
hooks: [{ name: crm, table: items, to: crm }]
`;
  const daemon = await startDaemon({ db, yaml, receivers: { RECEIVER: receiver } });
  await db.sql('insert into items select generate_series(1, 5)');
  await expect.poll(async () => (await db.sql('select 1 from walhook.dead')).length, { timeout: 20_000 }).toBe(5);
  await daemon.restart(`${yaml}dead_letters: { most: 2 }\n`);
  await expect.poll(() => daemon.logged(/dead letters were dropped/), { timeout: 20_000 }).toMatchObject([{ dropped: { crm: 3 } }]);
  expect(await db.sql('select 1 from walhook.dead')).toHaveLength(2);
});

test('a start warns of what is stored for endpoints that the configuration no longer has, in a line with counts', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver({ answer: (request) => (request.body.toString().includes('"id":1}') ? 400 : 503) });
  const yaml = (name: string): string => `${HEAD}endpoints: { ${name}: ${endpoint({ breaker: '{ failures: 1, open: 1h }' }).replace('{', '{ responses: { 400: dead },')} }
hooks: [{ name: crm, table: items, to: ${name} }]
`;
  const daemon = await startDaemon({ db, yaml: yaml('old'), receivers: { RECEIVER: receiver } });
  await db.sql('insert into items values (1)');
  await expect.poll(async () => (await db.sql('select 1 from walhook.dead')).length, { timeout: 20_000 }).toBe(1);
  await db.sql('insert into items values (2), (3)');
  await expect.poll(async () => (await db.sql('select 1 from walhook.parked')).length, { timeout: 20_000 }).toBe(2);
  await daemon.restart();
  await daemon.restart(yaml('crm'));
  await expect.poll(() => daemon.logged(/does not have/), { timeout: 20_000 }).toMatchObject([{ level: 40, parked: { old: 2 }, dead: { old: 1 }, msg: expect.stringMatching(/not sent: old$/) }]);
});

test('a state database that hangs holds up the end by no more than moments beyond limits.shutdown', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const yaml = `${HEAD}limits: { shutdown: 2s }\nendpoints: { crm: ${endpoint()} }\nhooks: [{ name: crm, table: items, to: crm }]\n`;
  const daemon = await startDaemon({ db, yaml, receivers: { RECEIVER: receiver } });
  const client = await db.client();
  try {
    await client.query('begin');
    await client.query('lock table walhook.checkpoint, walhook.parked, walhook.owner in access exclusive mode');
    await db.sql('insert into items values (1)');
    await receiver.deliveries(1);
    const started = performance.now();
    await expect(daemon.stop()).rejects.toMatchObject({ code: 'drain_unfinished' });
    expect(performance.now() - started).toBeLessThan(8_000);
  } finally {
    await client.query('rollback');
    await client.end();
  }
});

test('an attempt that hangs does not keep a drain from its end: its delivery is parked, and the end is a clean one', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver({ answer: () => 'never' });
  const yaml = `${HEAD}limits: { shutdown: 2s }\nendpoints: { crm: ${endpoint({ timeout: '1h' })} }\nhooks: [{ name: crm, table: items, to: crm }]\n`;
  const daemon = await startDaemon({ db, yaml, receivers: { RECEIVER: receiver } });
  await db.sql('insert into items values (1)');
  await receiver.received(1);
  await daemon.stop();
  expect(await db.sql('select 1 from walhook.parked')).toHaveLength(1);
});
