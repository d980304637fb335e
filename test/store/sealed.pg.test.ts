import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery.ts';
import { type Cipher, cipher, keyId, PLAIN } from '../../src/store/cipher.ts';
import { useKeys } from '../../src/store/key-use.ts';
import { Ownership } from '../../src/store/owner.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { storedDeliveries } from '../../src/store/stored-deliveries.ts';
import { delivery, parking } from './delivery.ts';
import { open, testState, type TestState } from './state.ts';

const SECRET = 'ada-lovelace';
const [OLD, NEW] = [randomBytes(32), randomBytes(32)];
const FAILED = { failure: 'status', status: 500, message: 'HTTP 500', response: `no ${SECRET}` } as const;
const HEADERS = [['x-name', SECRET]] as const;

function given(place: number): Delivery {
  return delivery(place, { body: `{"name":"${SECRET}","n":${place}}`, request: { path: `/people/${SECRET}/${place}`, headers: HEADERS } });
}

/** The state as a process with these keys has it. */
async function as({ database }: TestState, keys: Cipher) {
  const state = open({ client: { connectionString: database.url }, schema: 'walhook', cipher: keys });
  const owner = new Ownership(state, 'walhook');
  await owner.takeOver();
  const parked = parkingStore(state, owner);
  const page = () => parked.page({ endpoint: 'crm', lanes: null, after: null, limit: 100, bytes: 1e9 });
  return { state, parked, page, deliveries: storedDeliveries(state, owner), begin: () => useKeys(state) };
}

/** How often the secret is in a dump of what is stored. */
async function shown({ database }: TestState): Promise<number> {
  const rows = await database.sql<{ row: string }>(`
    select replace(t::text || coalesce(encode(body, 'escape'), ''), '\\\\', '\\') as row from walhook.parked t union all
    select replace(t::text || coalesce(encode(body, 'escape'), ''), '\\\\', '\\') from walhook.dead t`);
  return rows.filter(({ row }) => row.includes(SECRET)).length;
}

const dead = { fate: 'dead' } as const;

test('body, path, headers and response are sealed in every table and through failure, death, replay and a new rendering', async () => {
  const found = await testState();
  const { parked, page, deliveries, begin } = await as(found, cipher([NEW]));
  await begin();
  const all = [1, 2, 3, 4].map(given);
  await parked.park(all.map((one) => parking(one, { attempts: 1, failure: FAILED })));
  await parked.bury([{ delivery: given(5), attempts: 1, failure: FAILED }]);
  expect(await shown(found)).toBe(0);
  expect((await page()).map((stored) => stored.delivery)).toMatchObject(all.map(({ id, body, request }) => ({ id, body, request })));

  const rendered = { body: `{"again":"${SECRET}"}`, request: { ...given(2).request, path: `/new/${SECRET}` } };
  const attempt = (id: string) => ({ id, attempts: 2, failure: FAILED });
  await parked.settle({ endpoint: 'crm', delivered: [], failed: [{ ...attempt('id-1-0'), dueIn: 0 }, { ...attempt('id-2-0'), dueIn: 0, rendered }], dead: [] });
  await parked.settle({ endpoint: 'crm', delivered: [], failed: [], dead: [{ ...attempt('id-3-0') }, { ...attempt('id-4-0'), rendered }] });
  expect(await shown(found)).toBe(0);
  const [shownDead] = await deliveries.show('id-4-0');
  expect(shownDead).toMatchObject({ body: rendered.body, path: rendered.request.path, headers: HEADERS, response: FAILED.response, bytes: Buffer.byteLength(rendered.body) });
  await deliveries.replay({ ...dead, endpoint: 'crm' });
  expect(await shown(found)).toBe(0);
  const bodies = (await page()).map((stored) => stored.delivery.body);
  expect(bodies).toEqual([given(1).body, rendered.body, given(3).body, rendered.body, given(5).body]);
});

test('without a key nothing changes: what is stored is what is sent', async () => {
  const found = await testState();
  const { parked, begin } = await as(found, PLAIN);
  await begin();
  await parked.park([parking(given(1), { attempts: 1, failure: FAILED })]);
  const [row] = await found.database.sql('select convert_from(body, \'utf8\') as body, path, headers, response from walhook.parked');
  expect(row).toEqual({ body: given(1).body, path: given(1).request.path, headers: JSON.stringify(HEADERS), response: FAILED.response });
  expect(await shown(found)).toBe(1);
});

test('keys are rotated: rows of before, of the old key and of the new one are read; the old one may go when it has sealed nothing any more', async () => {
  const found = await testState();
  const [plain, old, both, fresh] = [await as(found, PLAIN), await as(found, cipher([OLD])), await as(found, cipher([NEW, OLD])), await as(found, cipher([NEW]))];
  for (const [place, one] of [[1, plain], [2, old], [3, both]] as const) {
    // Each is the next process.
    const now = await as(found, one.state.cipher);
    await now.begin();
    await now.parked.park([parking(given(place))]);
  }
  expect((await both.page()).map((stored) => stored.delivery.body)).toEqual([1, 2, 3].map((place) => given(place).body));

  // A start without a key that is needed is refused, with the old key in its message, and changes nothing.
  for (const other of [fresh, plain, await as(found, cipher([randomBytes(32)]))]) {
    await expect(other.begin()).rejects.toMatchObject({ code: 'state_key', exit: 78, message: expect.stringContaining('what is parked is sealed') });
    await expect(other.page()).rejects.toMatchObject({ code: 'state_key', exit: 78 });
  }
  const now = await as(found, cipher([NEW, OLD]));
  await now.begin();
  expect(await now.page()).toHaveLength(3);

  await now.parked.settle({ endpoint: 'crm', delivered: ['id-2-0'], failed: [], dead: [] });
  await fresh.begin();
  expect(await fresh.page()).toHaveLength(2);
  expect(await found.database.sql('select id from walhook.sealing_key')).toEqual([{ id: keyId(NEW) }]);
});

test('a row whose response alone is of another key needs that key too', async () => {
  const found = await testState();
  const old = await as(found, cipher([OLD]));
  await old.begin();
  await old.parked.park([parking(given(1))]);
  const both = await as(found, cipher([NEW, OLD]));
  await both.begin();
  await both.parked.settle({ endpoint: 'crm', delivered: [], failed: [{ id: 'id-1-0', attempts: 1, failure: FAILED, dueIn: 0 }], dead: [] });
  await expect((await as(found, cipher([OLD]))).begin()).rejects.toMatchObject({ code: 'state_key', message: expect.stringContaining(keyId(NEW)) });
});

test.for([
  ['a body of another row', `update walhook.parked set body = (select body from walhook.parked where id = 'id-2-0') where id = 'id-1-0'`],
  ['a changed byte', `update walhook.parked set body = set_byte(body, 30, get_byte(body, 30) # 1) where id = 'id-1-0'`],
  ['a path of another row', `update walhook.parked set path = (select path from walhook.parked where id = 'id-2-0') where id = 'id-1-0'`],
  ['headers in the place of the path', `update walhook.parked set path = headers where id = 'id-1-0'`],
  ['a row given to another id', `update walhook.parked set id = 'id-9-0', key = 'id-9-0 crm' where id = 'id-1-0'`],
])('%s is told, is not sent, and stays where it is', async ([, change = '']) => {
  const found = await testState();
  const { parked, page, begin } = await as(found, cipher([NEW]));
  await begin();
  await parked.park([given(1), given(2)].map((one) => parking(one)));
  await found.database.sql(change);
  await expect(page()).rejects.toMatchObject({ code: 'state_tampered', message: expect.not.stringContaining(SECRET) });
  expect(await found.database.sql('select from walhook.parked')).toHaveLength(2);
  expect(await found.database.sql('select from walhook.dead')).toHaveLength(0);
});

test('an answer cannot pass for a sealed one', async () => {
  const found = await testState();
  const { parked, deliveries, begin } = await as(found, PLAIN);
  await begin();
  const response = cipher([OLD]).sealText('x', { column: 'response', key: 'id-1-0 crm' });
  await parked.bury([{ delivery: given(1), attempts: 1, failure: { ...FAILED, response } }]);
  expect((await deliveries.show('id-1-0'))[0]?.response).toBe(`\u{fffd}${response.slice(1)}`);
});
