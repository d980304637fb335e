import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamWindows } from '../src/backfill/stream-windows.ts';
import { Tracker } from '../src/checkpoint/tracker.ts';
import type { Codecs } from '../src/codec.ts';
import type { Config, EndpointConfig, HookConfig, TableConfig } from '../src/config.ts';
import { ConfiguredTables } from '../src/configured-tables.ts';
import { PgoutputDecoder } from '../src/decode/pgoutput.ts';
import { type Delivery, UNRENDERED } from '../src/delivery.ts';
import { type Lsn, NO_LSN } from '../src/lsn.ts';
import { Pipeline, type PipelineOptions } from '../src/pipeline.ts';
import { type Position, START } from '../src/position.ts';
import type { Failure, Held } from '../src/queue/port.ts';
import { endpointAt } from './deliver/endpoint.ts';
import { begin, commit, deletion, insert, message, relation, type TableShape, TYPE, update } from './support/pgoutput.ts';
import { builtinCodecs, hookConfig, tableConfig } from './support/table.ts';
import { stream, type UpstreamTransaction } from './support/upstream.ts';

const PEOPLE: TableShape = {
  oid: 16_400,
  schema: 'public',
  table: 'people',
  replicaIdentity: 'f',
  columns: [{ name: 'id', type: TYPE.int8, identity: true }, { name: 'name', identity: true }, { name: 'name_visible', type: TYPE.bool, identity: true }],
};
const ORDERS: TableShape = { ...PEOPLE, oid: 16_500, table: 'orders', columns: PEOPLE.columns.slice(0, 2) };
const VISIBLE: Partial<TableConfig> = { visibility: { kind: 'columns', flags: new Map([['name', 'name_visible']]) } };

interface Offered {
  readonly delivery: Delivery;
  /** Null if it was offered to be sent. */
  readonly buried: Failure | null;
  readonly ticket: number;
}

/** A pipeline from pgoutput messages to queues that only take down what they are offered. */
class Rig {
  readonly offered: Offered[] = [];
  readonly progress: Lsn[] = [];
  readonly held: Held[] = [];
  readonly tracker: Tracker<Position>;
  readonly pipeline: Pipeline;
  #decoder: PgoutputDecoder;

  constructor(options: { readonly hooks: readonly HookConfig[]; readonly tables?: readonly TableConfig[]; readonly start?: Position; readonly codecs?: Codecs; readonly endpoints?: readonly EndpointConfig[]; readonly systemId?: string }) {
    const start = options.start ?? START;
    const endpoints = options.endpoints ?? [endpointAt('http://127.0.0.1/hooks?a=1'), endpointAt('http://127.0.0.1/erp', { name: 'erp', method: 'PUT' })];
    const tables = options.tables ?? [tableConfig(PEOPLE, VISIBLE), tableConfig(ORDERS)];
    this.tracker = new Tracker(start);
    const take = (delivery: Delivery, buried: Failure | null): void => void this.offered.push({ delivery, buried, ticket: this.tracker.take() });
    const queue = { offer: (delivery: Delivery) => take(delivery, null), bury: take };
    const config = { tables, hooks: options.hooks, endpoints, tracing: null } as unknown as Config;
    this.pipeline = new Pipeline({
      config,
      tables: new ConfiguredTables({ config, found: [], since: NO_LSN, onRenamed: () => undefined }),
      systemId: options.systemId ?? '7',
      origin: { database: 'app', slot: 'walhook' },
      timelineAt: () => 1,
      codecs: options.codecs ?? builtinCodecs,
      describe: ({ columns }) => Promise.resolve({ primaryKey: ['id'], columns: columns.map(({ name }) => name) }),
      queues: new Map(endpoints.map(({ name }) => [name, queue])) satisfies PipelineOptions['queues'],
      hold: (held) => this.held.push(held),
      tracker: this.tracker,
      windows: new StreamWindows(),
      start,
      onChange: null,
      onProgress: (lsn) => this.progress.push(lsn),
    });
    this.#decoder = new PgoutputDecoder(this.pipeline);
  }

  async take(...messages: readonly Buffer[]): Promise<void> {
    for (const bytes of messages) await this.#decoder.decode(bytes);
  }

  /** The connection is lost and made anew. Gives the LSN from which it asks for the stream. */
  reconnect(): Lsn {
    this.pipeline.reconnect();
    this.#decoder = new PgoutputDecoder(this.pipeline);
    return this.pipeline.received.lsn;
  }

  settleAll(): void {
    for (const { ticket } of this.offered) this.tracker.settle(ticket);
  }

  get deliveries(): Delivery[] {
    return this.offered.map(({ delivery }) => delivery);
  }
}

const hook = hookConfig(PEOPLE);

function person(id: number, name = `name ${id}`): Buffer {
  return insert(PEOPLE.oid, [`${id}`, name, 't']);
}

test('an insert becomes a delivery for the hook and its endpoint', async () => {
  const rig = new Rig({ hooks: [hookConfig(PEOPLE, { method: ['PATCH'] })] });
  await rig.take(begin({ commitLsn: 0x64n, committedAt: 757_382_400_123_456n }), relation(PEOPLE), person(1), commit(0x64n, 0x70n));
  const [delivery] = rig.deliveries;
  expect(delivery).toEqual({
    id: expect.stringMatching(/^0000000000000064-1-i-[0-9a-f]{16}$/),
    request: { hook: 'people-hook', endpoint: 'crm', method: 'PATCH', path: null, contentType: 'application/json', headers: [] },
    lane: expect.any(Number),
    sequence: { commitLsn: 0x64n, ordinal: 1, nth: 0 },
    operation: 'data_insert',
    table: 'public.people',
    body: '{"data":{"id":1,"name":"name 1"},"redacted":[],"meta":{"operation":"data_insert","lookup_values":[]}}',
    bytes: expect.any(Number),
    committedAt: 1_704_067_200_123,
  });
  expect(delivery?.bytes).toBeGreaterThan(delivery?.body.length ?? 0);
});

test('a position is safe once its deliveries are settled, and the progress is that of the stream', async () => {
  const rig = new Rig({ hooks: [hook] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(1), commit(100n, 110n));
  rig.pipeline.keepalive(150n);
  expect(rig.progress).toEqual([110n, 150n]);
  expect(rig.tracker.safe).toBe(START);
  rig.settleAll();
  expect(rig.tracker.safe).toEqual({ lsn: 150n, within: null });
});

test('while nothing of ours is written, keepalives move the position', () => {
  const rig = new Rig({ hooks: [hook] });
  rig.pipeline.keepalive(150n);
  rig.pipeline.keepalive(140n);
  expect(rig.tracker.safe).toEqual({ lsn: 150n, within: null });
  expect(rig.progress).toEqual([150n]);
});

test('a keepalive within a transaction moves nothing', async () => {
  const rig = new Rig({ hooks: [] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(1));
  rig.pipeline.keepalive(150n);
  expect(rig.tracker.safe).toBe(START);
  await rig.take(commit(100n, 110n));
  expect(rig.tracker.safe).toEqual({ lsn: 110n, within: null });
});

test('an update of data and flags is two deliveries of one lane, data first, with ids of their own', async () => {
  const rig = new Rig({ hooks: [hook] });
  const changes = update(PEOPLE.oid, ['2', 'b', 'f'], { old: ['1', 'b', 't'] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), changes, commit(100n, 110n));
  expect(rig.deliveries.map(({ operation, sequence: { nth } }) => [operation, nth])).toEqual([['data_update', 0], ['visibility_update', 1]]);
  expect(new Set(rig.deliveries.map(({ id }) => id)).size).toBe(2);
  expect(new Set(rig.deliveries.map(({ lane }) => lane)).size).toBe(1);
});

test('hooks with equal fields share their bodies, others do not', async () => {
  const fields = { rename: new Map([['name', 'full']]) };
  const rig = new Rig({
    hooks: [hook, hookConfig(PEOPLE, { name: 'same', to: ['crm', 'erp'] }), hookConfig(PEOPLE, { name: 'renamed', fields }), hookConfig(PEOPLE, { name: 'meta', meta: ['table'] })],
  });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(1), person(2), commit(100n, 110n));
  const bodies = rig.deliveries.slice(0, 5).map(({ body }) => body);
  expect(bodies[0]).toBe(bodies[1]);
  expect(bodies[1]).toBe(bodies[2]);
  expect(new Set(bodies).size).toBe(3);
  expect(rig.deliveries[5]?.body).toContain('"id":2');
  expect(rig.deliveries[2]?.request).toMatchObject({ endpoint: 'erp', method: null, path: null });
  expect(rig.deliveries.map(({ sequence: { nth } }) => nth)).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  // One id for each event and hook, whatever the endpoint.
  expect(new Set(rig.deliveries.map(({ id }) => id)).size).toBe(8);
});

test('hooks that share their bodies have each its own id in them', async () => {
  const meta = ['id'] as const;
  const rig = new Rig({ hooks: [hookConfig(PEOPLE, { meta, to: ['crm', 'erp'] }), hookConfig(PEOPLE, { name: 'same', meta }), hookConfig(PEOPLE, { name: 'standard', meta, format: 'standard' })] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(1), person(2), commit(100n, 110n));
  expect(rig.deliveries.map(({ body }) => JSON.parse(body).meta.id)).toEqual(rig.deliveries.map(({ id }) => id));
  expect(rig.deliveries).toHaveLength(8);
  expect(rig.deliveries[0]?.body).toBe(rig.deliveries[1]?.body);
});

test('tables that no hook asks for, and that are not in the config, are passed over', async () => {
  const rig = new Rig({ hooks: [hook], tables: [tableConfig(PEOPLE)] });
  const stranger = { ...ORDERS, oid: 99, table: 'strangers' };
  await rig.take(begin({ commitLsn: 100n }), relation(ORDERS), relation(stranger), insert(ORDERS.oid, ['1', 'x']), insert(99, ['1', 'x']), relation(PEOPLE), person(1), commit(100n, 110n));
  expect(rig.deliveries.map(({ table }) => table)).toEqual(['public.people']);
});

test('a relation that changes within a transaction is read in its new shape from there on', async () => {
  const rig = new Rig({ hooks: [hook] });
  const wider = { ...PEOPLE, columns: [...PEOPLE.columns, { name: 'age', type: TYPE.int4 }] };
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(1), relation(wider), insert(PEOPLE.oid, ['2', 'b', 't', '40']), commit(100n, 110n));
  expect(rig.deliveries.map(({ body }) => JSON.parse(body).data)).toEqual([{ id: 1, name: 'name 1' }, { id: 2, name: 'b', age: 40 }]);
  expect(new Set(rig.deliveries.map(({ id }) => id)).size).toBe(2);
});

test('a filter that fails buries the delivery with the reason, and only that one', async () => {
  const rig = new Rig({ hooks: [hookConfig(PEOPLE, { name: 'picky', when: '10 / row.id > 0' }), hook] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), insert(PEOPLE.oid, ['0', 'secret', 't']), commit(100n, 110n));
  expect(rig.offered.map(({ delivery, buried }) => [delivery.request.hook, buried?.failure ?? null])).toEqual([['picky', 'expression'], ['people-hook', null]]);
  expect(rig.offered[0]?.buried).toMatchObject({ status: null, message: expect.not.stringContaining('secret') });
});

const nameOf = { source: 'row.name', line: 1, column: 1 };

test('a hook with templates makes a request of its own for each delivery, one without shares it', async () => {
  const templated = hookConfig(PEOPLE, { name: 'templated', path: ['/people/', { source: 'row.id', line: 1, column: 1 }, '?n=', nameOf], headers: new Map([['X-Name', [nameOf]]]) });
  const rig = new Rig({ hooks: [templated, hook] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(1, 'a&b'), person(2, 'c'), commit(100n, 110n));
  const [first, plain, second, other] = rig.deliveries;
  expect(first?.request).toEqual({ hook: 'templated', endpoint: 'crm', method: null, path: '/people/1?n=a%26b', contentType: 'application/json', headers: [['x-name', 'a&b']] });
  expect(second?.request).toMatchObject({ path: '/people/2?n=c', headers: [['x-name', 'c']] });
  expect(plain?.request).toBe(other?.request);
  // The body is still the event's, and shared.
  expect(first?.body).toBe(plain?.body);
  expect(first?.bytes).toBeGreaterThan(plain?.bytes ?? 0);
});

test("an endpoint that is asked with GET gets the event in its URL's query, another the body", async () => {
  const endpoints = [endpointAt('http://127.0.0.1/', { method: 'GET' }), endpointAt('http://127.0.0.1/erp', { name: 'erp' })];
  const rig = new Rig({ hooks: [hookConfig(PEOPLE, { to: ['crm', 'erp'] })], endpoints });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(1, 'a&b'), commit(100n, 110n));
  expect(rig.deliveries.map(({ request: { contentType }, body }) => [contentType, body.slice(0, 14)])).toEqual([[null, 'data%5Bid%5D=1'], ['application/json', '{"data":{"id":']]);
});

test('a template that fails makes a dead letter that tells the event and the option, and nothing of the row', async () => {
  const body = { kind: 'map', entries: [['name', { kind: 'expression', expression: { source: 'int(row.name)', line: 1, column: 1 } }]] } as const;
  const rig = new Rig({ hooks: [hookConfig(PEOPLE, { name: 'broken', to: ['crm', 'erp'], method: ['PUT'], body }), hook] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(1, 'secret'), person(2, '7'), commit(100n, 110n));
  expect(rig.offered.map(({ delivery, buried }) => [delivery.request.hook, buried?.message ?? null])).toEqual([
    ['broken', 'body.name: int conversion error, at line 1, column 1, in ${{ int(row.name) }}'],
    ['broken', 'body.name: int conversion error, at line 1, column 1, in ${{ int(row.name) }}'],
    ['people-hook', null],
    ['broken', null], ['broken', null], ['people-hook', null],
  ]);
  const [dead, , , sent] = rig.deliveries;
  expect(dead).toMatchObject({ request: { endpoint: 'crm', method: 'PUT', path: null, contentType: UNRENDERED, headers: [] }, operation: 'data_insert' });
  expect(JSON.parse(dead?.body ?? '')).toEqual({ id: dead?.id, operation: 'data_insert', table: 'public.people' });
  expect(JSON.stringify(rig.offered[0]?.buried)).not.toContain('secret');
  expect(sent?.body).toBe('{"name":7}');
});

test('a filter that fails is the reason also where the request could not be made either', async () => {
  const rig = new Rig({ hooks: [hookConfig(PEOPLE, { when: '10 / row.id > 0', path: ['/', nameOf] })] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), person(0, ''), commit(100n, 110n));
  expect(rig.offered).toMatchObject([{ delivery: { request: { contentType: UNRENDERED } }, buried: { message: expect.stringMatching(/^`when` failed: division by zero/) } }]);
});

test('a template that names a column the table has no more fails for each event, and mends when the column is back', async () => {
  const rig = new Rig({ hooks: [hookConfig(PEOPLE, { body: { kind: 'map', entries: [['name', { kind: 'expression', expression: nameOf }]] } })], tables: [tableConfig(PEOPLE)] });
  const narrow = { ...PEOPLE, columns: PEOPLE.columns.slice(0, 1) };
  await rig.take(begin({ commitLsn: 100n }), relation(narrow), insert(PEOPLE.oid, ['1']), relation(PEOPLE), person(2, 'b'), commit(100n, 110n));
  expect(rig.offered.map(({ delivery: { body }, buried }) => buried?.message ?? body)).toEqual(['body.name: no column "name", in ${{ row.name }}', '{"name":"b"}']);
});

test('a lost connection in mid-transaction neither repeats nor skips a change', async () => {
  const rig = new Rig({ hooks: [hook] });
  const all = stream([{ commitLsn: 100n, endLsn: 110n, changes: [relation(PEOPLE), ...Array.from({ length: 10 }, (_, i) => person(i))] }], 0n);
  await rig.take(...all.slice(0, 6));
  expect(rig.deliveries).toHaveLength(4);
  expect(rig.reconnect()).toBe(0n);
  await rig.take(...all.slice(0, 3));
  // Lost again, before it is where it was.
  expect(rig.reconnect()).toBe(0n);
  await rig.take(...all);
  expect(rig.deliveries.map(({ body }) => JSON.parse(body).data.id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(rig.pipeline.received).toEqual({ lsn: 110n, within: null });
});

test('a transaction whose commit record starts where the last one ended is not skipped', async () => {
  const rig = new Rig({ hooks: [hook], start: { lsn: 110n, within: null } });
  await rig.take(begin({ commitLsn: 109n }), relation(PEOPLE), person(1), commit(109n, 110n), begin({ commitLsn: 110n }), person(2), commit(110n, 120n));
  expect(rig.deliveries.map(({ body }) => JSON.parse(body).data.id)).toEqual([2]);
});

test('a start within a transaction skips what was handled of it, and nothing else', async () => {
  const rig = new Rig({ hooks: [hook], start: { lsn: 90n, within: { commitLsn: 110n, ordinal: 3 } } });
  const changes = [relation(PEOPLE), person(1), message({ transactional: true, lsn: 1n, prefix: 'x', content: '' }), person(2), person(3)];
  await rig.take(...stream([{ commitLsn: 110n, endLsn: 115n, changes }, { commitLsn: 115n, endLsn: 120n, changes: [person(4)] }], 90n));
  expect(rig.deliveries.map(({ body, id }) => [JSON.parse(body).data.id, id.slice(0, 18)])).toEqual([[3, '000000000000006e-3'], [4, '0000000000000073-1']]);
});

test('what is remembered of a transaction survives keepalives before it', async () => {
  const rig = new Rig({ hooks: [hook], start: { lsn: 90n, within: { commitLsn: 110n, ordinal: 1 } } });
  rig.pipeline.keepalive(100n);
  expect(rig.tracker.safe).toEqual({ lsn: 100n, within: { commitLsn: 110n, ordinal: 1 } });
  await rig.take(begin({ commitLsn: 110n }), relation(PEOPLE), person(1), person(2), commit(110n, 115n));
  expect(rig.deliveries).toHaveLength(1);
  rig.settleAll();
  expect(rig.tracker.safe).toEqual({ lsn: 115n, within: null });
});

test('positions within a large transaction become safe as it is delivered', async () => {
  const rig = new Rig({ hooks: [hook] });
  await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), ...Array.from({ length: 2500 }, (_, i) => person(i)));
  rig.settleAll();
  expect(rig.tracker.safe).toEqual({ lsn: 0n, within: { commitLsn: 100n, ordinal: 2000 } });
});

test('a change that cannot be read is handed on to nobody, and comes again', async () => {
  let breaks = true;
  const codecs: Codecs = {
    ...builtinCodecs,
    celType: (oid) => builtinCodecs.celType(oid),
    value: (oid) => builtinCodecs.value(oid),
    json: (oid, large) => builtinCodecs.json(oid, large),
    // Strings are for the second hook alone.
    writer: (oid, large) => ({
      way: 'made',
      write: (bytes, start, end, out) => {
        if (breaks && large === 'string' && bytes.toString('utf8', start, end) === 'odd') throw new Error('a value cannot be read');
        builtinCodecs.writer(oid, large).write(bytes, start, end, out);
      },
    }),
  };
  const rig = new Rig({ hooks: [hook, hookConfig(PEOPLE, { name: 'second', large_numbers: 'string' })], codecs });
  const all = [begin({ commitLsn: 100n }), relation(PEOPLE), person(1), person(2, 'odd'), person(3), commit(100n, 110n)];
  await expect(rig.take(...all)).rejects.toThrow('cannot be read');
  expect(rig.deliveries).toHaveLength(2);
  breaks = false;
  expect(rig.reconnect()).toBe(0n);
  await rig.take(...all);
  expect(rig.deliveries.map(({ body }) => JSON.parse(body).data.id)).toEqual([1, 1, 2, 2, 3, 3]);
});

test("ids differ by system, table and hook, and stay when another table's changes are sent too", async () => {
  const ids = async (systemId: string, hooks: readonly HookConfig[], ...changes: readonly Buffer[]): Promise<string[]> => {
    const rig = new Rig({ hooks, systemId });
    await rig.take(begin({ commitLsn: 100n }), relation(PEOPLE), relation(ORDERS), ...changes, commit(100n, 110n));
    return rig.deliveries.filter(({ table }) => table === 'public.people').map(({ id }) => id);
  };
  const alone = await ids('7', [hook], person(1), person(2));
  const order = insert(ORDERS.oid, ['1', 'x']);
  expect(await ids('7', [hook], order, person(1), order, order, person(2))).toEqual(alone);
  expect(await ids('7', [hookConfig(ORDERS), hook], order, person(1), order, person(2))).toEqual(alone);
  const others = [...(await ids('8', [hook], person(1), person(2))), ...(await ids('7', [hookConfig(PEOPLE, { name: 'other' })], person(1), person(2)))];
  expect(new Set([...alone, ...others]).size).toBe(6);
});

interface Plan {
  readonly transactions: readonly { readonly changes: readonly number[]; readonly gap: boolean }[];
  /** After how many messages the connection is lost, and whether the process is too. */
  readonly breaks: readonly { readonly after: number; readonly crash: boolean; readonly settled: number }[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  transactions: fc.array(fc.record({ changes: fc.array(fc.nat(5), { minLength: 1, maxLength: 12 }), gap: fc.boolean() }), { minLength: 1, maxLength: 8 }),
  breaks: fc.array(fc.record({ after: fc.nat(60), crash: fc.boolean(), settled: fc.double({ min: 0, max: 1, noNaN: true }) }), { maxLength: 6 }),
});

function upstream({ transactions }: Plan): UpstreamTransaction[] {
  let lsn = 100n;
  return transactions.map(({ changes, gap }) => {
    const commitLsn = gap ? lsn + 7n : lsn;
    lsn = commitLsn + 10n;
    return { commitLsn, endLsn: lsn, changes: [relation(PEOPLE), relation(ORDERS), ...changes.map(changeOf)] };
  });
}

function changeOf(kind: number, i: number): Buffer {
  switch (kind) {
    case 0:
      return update(PEOPLE.oid, [`${i}`, 'b', 'f'], { old: [`${i}`, 'a', 't'] });
    case 1:
      return update(PEOPLE.oid, [`${i}`, 'c', 't'], { old: [`${i}`, 'a', 'f'] });
    case 2:
      return deletion(PEOPLE.oid, { old: [`${i}`, 'a', 't'] });
    case 3:
      return insert(ORDERS.oid, [`${i}`, 'x']);
    case 4:
      return message({ transactional: true, lsn: 1n, prefix: 'p', content: 'c' });
    default:
      return person(i);
  }
}

test('however often the connection and the process are lost, all is offered in order, and nothing below the position again', async () => {
  const hooks = [hook, hookConfig(ORDERS), hookConfig(PEOPLE, { name: 'again', to: ['erp'] })];
  await fc.assert(
    fc.asyncProperty(plan, async (each) => {
      const transactions = upstream(each);
      const whole = new Rig({ hooks });
      await whole.take(...stream(transactions, 0n));
      const expected = whole.deliveries;

      let rig = new Rig({ hooks });
      let from = 0n;
      let offeredAt = 0;
      const seen = new Map<string, Delivery>();
      /** All that the process offers follows what was safe when it began, without a gap. */
      const check = (): void => {
        expect(rig.deliveries).toEqual(expected.slice(offeredAt, offeredAt + rig.deliveries.length));
        for (const delivery of rig.deliveries) {
          const before = seen.get(keyOf(delivery));
          if (before !== undefined) expect(delivery).toEqual(before);
          seen.set(keyOf(delivery), delivery);
        }
      };
      for (const { after, crash, settled } of each.breaks) {
        await rig.take(...stream(transactions, from).slice(0, after));
        check();
        if (crash) {
          const count = Math.floor(settled * rig.offered.length);
          for (const { ticket } of rig.offered.slice(0, count)) rig.tracker.settle(ticket);
          const { safe } = rig.tracker;
          const below = expected.filter(({ sequence }) => isBelow(safe, sequence)).length;
          // What is safe was settled, in this run or before.
          expect(below).toBeLessThanOrEqual(offeredAt + count);
          rig = new Rig({ hooks, start: safe });
          offeredAt = below;
        }
        from = rig.reconnect();
      }
      await rig.take(...stream(transactions, from));
      check();
      expect(offeredAt + rig.deliveries.length).toBe(expected.length);
      rig.settleAll();
      expect(rig.tracker.safe).toEqual({ lsn: transactions.at(-1)?.endLsn, within: null });
    }),
    { numRuns: 200 },
  );
}, 60_000);

function keyOf({ id, request }: Delivery): string {
  return `${id} ${request.endpoint}`;
}

function isBelow(position: Position, { commitLsn, ordinal }: Delivery['sequence']): boolean {
  if (commitLsn < position.lsn) return true;
  return position.within?.commitLsn === commitLsn && ordinal <= position.within.ordinal;
}
