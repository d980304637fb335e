import { expect, onTestFinished, test } from 'vitest';
import { parseTraceparent } from '../../src/tracing/traceparent.ts';
import { endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { Receiver } from '../support/receiver.ts';

const SCHEMA = 'create table items (id int primary key, n int, trace_context text); create table bare (id int primary key)';
const GIVEN = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const PARENT = `00-${GIVEN}-${SPAN}-01`;
const UNSAMPLED = `00-${'a'.repeat(32)}-${SPAN}-00`;

function yamlOf(tracing = '', options: Parameters<typeof endpoint>[0] = {}): string {
  return `${HEAD}
tables: { items: { replica_identity: full } }
endpoints: { crm: ${endpoint(options)} }
hooks: [{ name: crm, table: items, to: crm }, { name: bare, table: bare, to: crm }]
tracing: { url: "\${COLLECTOR}/v1/traces", headers: { X-Key: "\${KEY}" }${tracing} }
`;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** What a collector got, by OTLP's JSON. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
function spansIn({ requests }: Receiver): OtlpSpan[] {
  return requests.flatMap(({ body }) => {
    const { resourceSpans } = JSON.parse(body.toString()) as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });
}

const attributesOf = ({ attributes }: OtlpSpan): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

async function traced(tracing = '', options: Parameters<typeof endpoint>[0] = {}, answer?: () => number) {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver(answer === undefined ? {} : { answer });
  const collector = await Receiver.open();
  onTestFinished(() => collector.close());
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver, COLLECTOR: collector }, env: { KEY: 'collector-key' }, yaml: yamlOf(tracing, options) });
  return { db, receiver, collector, daemon };
}

test('a traceparent in a column or a logical message goes on to the endpoint, and a trace shows commit, attempts and delivery', async () => {
  const { db, receiver, collector, daemon } = await traced(', column: trace_context');
  await db.sql(`insert into items values (1, 1, '${PARENT}')`);
  await db.sql(`begin; select pg_logical_emit_message(true, 'traceparent', '${PARENT}'); insert into items values (2, 1, null); insert into bare values (2); commit`);
  await db.sql('insert into items values (3, 1, null)');
  await db.sql('update items set n = 2 where id = 1');
  await receiver.received(5);
  await daemon.stop();

  const contexts = receiver.requests.map(({ headers }) => parseTraceparent(String(headers['traceparent'])));
  expect(contexts.filter((context) => context?.traceId === GIVEN)).toHaveLength(3);
  // It wrote no traceparent: the one that stands in the row is that of another change.
  const update = receiver.requests.findIndex(({ body }) => body.includes('data_update'));
  expect(contexts[update]?.traceId).not.toBe(GIVEN);
  expect(new Set(contexts.map((context) => context?.spanId)).size).toBe(5);

  const spans = spansIn(collector);
  expect(collector.requests[0]?.headers['x-key']).toBe('collector-key');
  const deliveries = spans.filter(({ name }) => name.startsWith('deliver '));
  const attempts = spans.filter(({ name }) => name === 'POST');
  expect(deliveries).toHaveLength(5);
  expect(new Set(attempts.map(({ spanId }) => spanId))).toEqual(new Set(contexts.map((context) => context?.spanId)));
  expect(new Set(attempts.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set(deliveries.map(({ spanId }) => spanId)));
  expect(deliveries.filter(({ traceId }) => traceId === GIVEN).map(({ parentSpanId }) => parentSpanId)).toEqual([SPAN, SPAN, SPAN]);
  expect(deliveries.filter(({ traceId }) => traceId !== GIVEN).map(({ parentSpanId }) => parentSpanId ?? '')).toEqual(['', '']);
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
  expect(attributesOf(deliveries.find((span) => attributesOf(span)['messaging.message.id'] === receiver.requests[0]?.id) as OtlpSpan)).toMatchObject({ 'walhook.hook': 'crm', 'walhook.endpoint': 'crm', 'walhook.table': 'public.items', 'walhook.operation': 'data_insert' });
  // No URL, header, body or value of a row.
  expect(JSON.stringify(spans)).not.toContain('/hooks');
});

test('a delivery that fails keeps its trace over parking and restarts, and a failed attempt is an error', async () => {
  let status = 503;
  const { db, receiver, collector, daemon } = await traced(', column: trace_context', { retry: '{ initial: 20ms, factor: 1, jitter: 0, attempts: 1000 }' }, () => status);
  await db.sql(`insert into items values (1, 1, '${PARENT}')`);
  await receiver.received(2);
  await daemon.stop();
  const before = receiver.requests.length;
  status = 204;
  await daemon.start();
  await receiver.received(before + 1);
  await daemon.stop();
  const ids = receiver.requests.map(({ headers }) => parseTraceparent(String(headers['traceparent']))?.traceId);
  expect(new Set(ids)).toEqual(new Set([GIVEN]));
  const spans = spansIn(collector);
  const failed = spans.filter(({ status: { code } }) => code === 2);
  expect(failed.length).toBeGreaterThanOrEqual(1);
  expect(attributesOf(failed[0] as OtlpSpan)).toMatchObject({ 'error.type': '503' });
  const [delivery, ...others] = spans.filter(({ name }) => name === 'deliver public.items');
  expect(others).toEqual([]);
  expect(new Set(spans.filter(({ name }) => name === 'POST').map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([delivery?.spanId]));
  expect(delivery?.parentSpanId).toBe(SPAN);
});

test('what is not sampled sends no spans, and passes on the traceparent it came with', async () => {
  const { db, receiver, collector, daemon } = await traced(', column: trace_context, sample: 0');
  await db.sql(`insert into items values (1, 1, '${UNSAMPLED}'), (2, 1, null), (3, 1, 'nonsense')`);
  await receiver.received(3);
  await daemon.stop();
  const headers = new Map(receiver.requests.map((request) => [(JSON.parse(request.body.toString()) as { data: { id: number } }).data.id, request.headers['traceparent']]));
  expect(headers).toEqual(new Map([[1, UNSAMPLED], [2, undefined], [3, undefined]]));
  expect(spansIn(collector)).toEqual([]);
});

test('a collector that is away, or refuses, holds up nothing', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, env: { KEY: 'k', COLLECTOR: 'http://127.0.0.1:9' }, yaml: yamlOf() });
  await db.sql('insert into items select i, 1 from generate_series(1, 50) i');
  await receiver.received(50);
  await daemon.stop();
  expect(daemon.status).toMatchObject({ state: 'stopped', problems: [] });
});
